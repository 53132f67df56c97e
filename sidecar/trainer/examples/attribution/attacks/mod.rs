//! What attackers gain: the whole payout, trained again with the attack in the rows.

mod copies;
mod paying;
mod rows;
mod splits;

use std::{error::Error, fmt, fs, path::Path};

use openledger_attribution::index::VERSION;
use openledger_corpus::{Contribution, Datanet, Limits, Row};
use openledger_engine::gradient::GradientSession;
use serde::{Deserialize, Serialize};

use self::{copies::Copies, paying::Paying, splits::Splits};
use crate::{
    ours::WAY,
    setting::{Asked, Question, Setting, ask},
};

/// Who attacks: some of every kind and size, each alone. The first does all of it, the others what has a bar.
const ATTACKERS: [&str; 4] = ["teller-03", "teller-07", "sotu-lincoln", "wordnet-animal"];
/// What an attacker's further identities' names begin with.
const SYBIL: &str = "zz-";
/// The name by which attacks are asked for that divide rows, and those that copy them into a version.
const SPLITS: &str = "rows split among identities";
const COPIES: &str = "copies that clusters find";

/// All that was measured of attacks.
pub struct Attacks {
    trained: Vec<Attack>,
    splits: Vec<Splits>,
    copies: Vec<Copies>,
}

/// One attack and what it earns, each attacker alone.
struct Attack {
    name: &'static str,
    earned: Vec<Earned>,
}

/// What one attacker earns.
#[derive(Serialize, Deserialize)]
struct Earned {
    /// Mean over questions of the share of all the attacker's identities.
    share: f64,
    /// The same without an attack.
    honest: f64,
    capped: u32,
    /// What wrong answers brought, where the attack tells some.
    poison: Option<Poison>,
}

/// Wrong answers to questions that people ask.
#[derive(Serialize, Deserialize)]
struct Poison {
    questions: usize,
    /// Questions whose wrong answer is likelier than the right one, without and with the attack.
    believed: [usize; 2],
    /// Mean part of the fee that the attacker's identities get for right answers and for wrong ones, were they given.
    paid: [f64; 2],
}

/// Contributions of an attack, and the wrong answers that it tells.
struct Scenario {
    name: &'static str,
    /// Whether all attackers do it.
    common: bool,
    contributions: Vec<Contribution>,
    /// Of each question its right and its wrong answer.
    wrong: Vec<[Question; 2]>,
}

/// What an attacker may send; `None` for a contributor that the rows do not know.
fn scenarios(
    setting: &Setting,
    session: &GradientSession,
    honest: &[Contribution],
    attacker: &str,
) -> Result<Option<Vec<Scenario>>, Box<dyn Error>> {
    let Some(own) = honest.iter().find(|part| part.contributor == attacker).map(|part| part.rows.clone()) else {
        return Ok(None);
    };
    let more = |parts: Vec<Vec<Row>>| with(honest, parts);
    let copies = |count: usize| -> Result<_, Box<dyn Error>> {
        more((1..count).map(|at| rows::disguised_all(&own, at)).collect::<Result<_, _>>()?)
    };
    let outliers = (0..own.len()).map(|at| rows::outlier(at, &own)).collect::<Result<Vec<_>, _>>()?;
    let stuffed = setting.questions.iter().take(own.len()).map(|question| rows::stuffed(&question.prompt_text));
    let stuffed = stuffed.collect::<Result<Vec<_>, _>>()?;
    let wrong = wrong(setting, session, own.len())?;
    let poisoned = |ways: usize| -> Result<Vec<Row>, Box<dyn Error>> {
        let mut rows = Vec::new();
        for [_, wrong] in &wrong {
            let row = Row::new(wrong.prompt_text.clone(), wrong.answer_text.clone());
            let row = row.map_err(|field| format!("{field}"))?;
            rows.extend((1..ways).map(|way| rows::disguised(&row, way)).collect::<Result<Vec<_>, _>>()?);
            rows.push(row);
        }
        Ok(rows)
    };
    let plain = |name, common, contributions| Scenario { name, common, contributions, wrong: Vec::new() };
    let poison = |name, contributions| Scenario { name, common: false, contributions, wrong: wrong.clone() };
    Ok(Some(vec![
        plain("2 identities with disguised copies of all rows", true, copies(2)?),
        plain("8 identities with disguised copies of all rows", false, copies(8)?),
        plain("as many rows of rare words again (outliers)", true, more(vec![outliers])?),
        plain("as many rows with the questions' words (stuffing)", true, more(vec![stuffed])?),
        poison("wrong answers to questions, each told once (poisoning)", more(vec![poisoned(1)?])?),
        poison("wrong answers to questions, each told in 4 ways (poisoning)", more(vec![poisoned(4)?])?),
    ]))
}

/// Everybody's rows and those of further identities, which registered later.
fn with(honest: &[Contribution], parts: Vec<Vec<Row>>) -> Result<Vec<Contribution>, Box<dyn Error>> {
    let mut all = honest.to_vec();
    for (at, rows) in parts.into_iter().enumerate() {
        all.push(Contribution::from_rows(&format!("{SYBIL}{at:02}"), rows, &Limits::default())?);
    }
    Ok(all)
}

/// Up to so many questions that have a right answer, each with it and with that of another question.
fn wrong(setting: &Setting, session: &GradientSession, most: usize) -> Result<Vec<[Question; 2]>, Box<dyn Error>> {
    let told: Vec<&Question> = setting.questions.iter().filter(|question| !question.tellers.is_empty()).collect();
    let mut found = Vec::new();
    for (at, question) in told.iter().enumerate().take(most) {
        let others = told.iter().cycle().skip(at + 1).take(told.len());
        let other = others.map(|other| &other.answer_text).find(|other| **other != question.answer_text);
        let other = other.ok_or("all questions have one answer")?;
        found.push([(*question).clone(), Question::told(session, &question.prompt_text, other)?]);
    }
    Ok(found)
}

/// Trains an attack's rows and pays every question by what comes of it.
fn run(
    setting: &Setting,
    session: &mut GradientSession,
    scenario: &Scenario,
    attacker: &str,
    honest: f64,
) -> Result<Earned, Box<dyn Error>> {
    let paying = Paying::train(setting, session, &scenario.contributions)?;
    // The attacker's part of what each answer pays, and the answers' log-probabilities.
    let mut pay = |questions: &[Question]| -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
        let own = |name: &str| name == attacker || name.starts_with(SYBIL);
        let paid = paying.pay(setting, session, questions)?;
        Ok(paid.into_iter().map(|(shares, log_prob)| (paying.sum(&shares, own), log_prob)).collect())
    };
    let mean = |found: &[(f64, f64)]| found.iter().map(|(share, _)| share).sum::<f64>() / found.len() as f64;
    let share = mean(&pay(&setting.questions)?);
    let poison = if scenario.wrong.is_empty() {
        None
    } else {
        let [right, wrong] = [0, 1].map(|at| scenario.wrong.iter().map(|pair| pair[at].clone()).collect::<Vec<_>>());
        let after = [pay(&right)?, pay(&wrong)?];
        let without = vec![setting.state.parameters.as_slice(); right.len()];
        let before = [ask(session, &right, &without, setting)?, ask(session, &wrong, &without, setting)?];
        let believed = |right: Vec<f64>, wrong: Vec<f64>| right.iter().zip(wrong).filter(|(a, b)| b > *a).count();
        let likely = |asked: &Asked| asked.iter().map(|(log_prob, _)| *log_prob).collect::<Vec<f64>>();
        let now = |found: &[(f64, f64)]| found.iter().map(|(_, log_prob)| *log_prob).collect::<Vec<f64>>();
        Some(Poison {
            questions: right.len(),
            believed: [believed(likely(&before[0]), likely(&before[1])), believed(now(&after[0]), now(&after[1]))],
            paid: [mean(&after[0]), mean(&after[1])],
        })
    };
    Ok(Earned { share, honest, capped: paying.capped(), poison })
}

impl Attacks {
    /// Runs the attacks whose names are wanted.
    pub fn of(setting: &Setting, data: &Path, wanted: impl Fn(&str) -> bool) -> Result<Self, Box<dyn Error>> {
        let honest = Datanet::load(&data.join("datanet"))?.contributions;
        let mut session = setting.session()?;
        let paying = Paying::honest(setting)?;
        let paid = paying.pay(setting, &mut session, &setting.questions)?;
        let untouched = |attacker: &str| {
            let shares = paid.iter().map(|(shares, _)| paying.sum(shares, |name| name == attacker));
            shares.sum::<f64>() / paid.len() as f64
        };
        let mut trained: Vec<Attack> = Vec::new();
        for (at, attacker) in ATTACKERS.into_iter().enumerate() {
            let Some(scenarios) = scenarios(setting, &session, &honest, attacker)? else {
                eprintln!("no attacks: {attacker} is missing");
                continue;
            };
            let scenarios = scenarios.into_iter().enumerate();
            for (number, scenario) in scenarios.filter(|(_, one)| wanted(one.name) && (at == 0 || one.common)) {
                let name = format!("attack-{VERSION}-{WAY}-{}-{number}-{attacker}.json", setting.questions.len());
                let path = setting.cache.join(name);
                let earned = match fs::read(&path) {
                    Ok(bytes) => serde_json::from_slice(&bytes)?,
                    Err(_) => {
                        eprintln!("attack of {attacker}: {}", scenario.name);
                        let earned = run(setting, &mut session, &scenario, attacker, untouched(attacker))?;
                        fs::write(&path, serde_json::to_vec(&earned)?)?;
                        earned
                    }
                };
                match trained.iter_mut().find(|attack| attack.name == scenario.name) {
                    Some(attack) => attack.earned.push(earned),
                    None => trained.push(Attack { name: scenario.name, earned: vec![earned] }),
                }
            }
        }
        let splits = if wanted(SPLITS) { Splits::all(setting)? } else { Vec::new() };
        let copies = if wanted(COPIES) { Copies::all(setting, &session, &honest)? } else { Vec::new() };
        Ok(Self { trained, splits, copies })
    }

    /// What was trained with attackers' rows.
    fn trained(&self) -> String {
        let mut out = String::new();
        if !self.trained.is_empty() {
            out.push_str(
                "\n| attack | attackers, each alone | mean share, honest | with the attack | gain | of one, lowest to highest | rows capped |\n\
                 |---|---|---|---|---|---|---|\n",
            );
        }
        for Attack { name, earned } in &self.trained {
            let mean = |of: fn(&Earned) -> f64| earned.iter().map(of).sum::<f64>() / earned.len() as f64;
            let (honest, share) = (mean(|one| one.honest), mean(|one| one.share));
            let mut gains: Vec<f64> = earned.iter().map(|one| one.share / one.honest).collect();
            gains.sort_by(f64::total_cmp);
            let (low, high) = (gains.first().unwrap_or(&1.0), gains.last().unwrap_or(&1.0));
            out.push_str(&format!(
                "| {name} | {} | {:.3} % | {:.3} % | {:.3} | {low:.2} to {high:.2} | {} |\n",
                earned.len(),
                honest * 100.0,
                share * 100.0,
                share / honest,
                earned.iter().map(|one| one.capped).sum::<u32>(),
            ));
        }
        out
    }

    fn poisons(&self) -> String {
        let mut out = String::new();
        for attack in &self.trained {
            for Poison { questions, believed: [before, after], paid: [right, wrong] } in
                attack.earned.iter().filter_map(|one| one.poison.as_ref())
            {
                let (name, right, wrong) = (attack.name, right * 100.0, wrong * 100.0);
                out.push_str(&format!("| {name} | {questions} | {before} | {after} | {right:.3} % | {wrong:.3} % |\n"));
            }
        }
        if out.is_empty() {
            return out;
        }
        format!(
            "\n| attack | questions | wrong answer likelier, before | after | paid for right answers | paid for wrong answers |\n\
             |---|---|---|---|---|---|\n{out}"
        )
    }
}

/// Tables of what attacks earn; nothing for none.
impl fmt::Display for Attacks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&(self.trained() + &self.poisons()))?;
        formatter.write_str(&Splits::to_markdown(&self.splits))?;
        formatter.write_str(&Copies::to_markdown(&self.copies))
    }
}
