//! What attackers gain: the whole payout, trained again with the attack in the rows.

use std::{error::Error, fs, ops::ControlFlow};

use openledger_attribution::index::{DEFAULT_DIMENSIONS, Index, Secants, VERSION};
use openledger_corpus::{Contribution, Datanet, Limits, Row};
use openledger_engine::gradient::GradientSession;
use openledger_trainer::{Examples, Job, LeftOut, TrainState, train_many};
use serde::{Deserialize, Serialize};

use crate::{
    family::{Family, PLACEBOS},
    ours::{WAY, paid},
    setting::{Asked, Question, Setting, ask},
};

/// Who attacks: one of middle size.
const ATTACKER: &str = "teller-03";
/// What its further identities' names begin with.
const SYBIL: &str = "zz-";

/// One attack and what it earns.
#[derive(Serialize, Deserialize)]
pub struct Attack {
    pub name: String,
    /// Mean over questions of the share of all the attacker's identities.
    pub share: f64,
    /// Over the share without an attack.
    pub gain: f64,
    pub capped: u32,
    /// What wrong answers brought, where the attack tells some.
    pub poison: Option<Poison>,
}

/// Wrong answers to questions that people ask.
#[derive(Serialize, Deserialize)]
pub struct Poison {
    pub questions: usize,
    /// Questions whose wrong answer is likelier than the right one, without and with the attack.
    pub believed: [usize; 2],
    /// Mean part of the fee that the attacker's identities get for right answers and for wrong ones, were they given.
    pub paid: [f64; 2],
}

/// Contributions of an attack, and the wrong answers that it tells.
struct Scenario {
    name: &'static str,
    contributions: Vec<Contribution>,
    /// Of each question its right and its wrong answer.
    wrong: Vec<[Question; 2]>,
}

/// Runs every attack, or those whose names contain one of `only`; of a quick run only what is named.
pub fn all(setting: &Setting, data: &std::path::Path, only: Option<&[String]>) -> Result<Vec<Attack>, Box<dyn Error>> {
    if setting.quick && only.is_none() {
        return Ok(Vec::new());
    }
    let honest = Datanet::load(&data.join("datanet"))?.contributions;
    let Some(own) = honest.iter().find(|part| part.contributor == ATTACKER).map(|part| part.rows.clone()) else {
        eprintln!("no attacks: {ATTACKER} is missing");
        return Ok(Vec::new());
    };
    let rest = || honest.iter().filter(|part| part.contributor != ATTACKER).cloned().collect::<Vec<_>>();
    let with = |parts: Vec<(String, Vec<Row>)>| -> Result<Vec<Contribution>, Box<dyn Error>> {
        let mut all = rest();
        for (name, rows) in parts {
            all.push(Contribution::from_rows(&name, rows, &Limits::default())?);
        }
        all.sort_by(|left, right| left.contributor.cmp(&right.contributor));
        Ok(all)
    };
    let name = |at: usize| format!("{SYBIL}{at:02}");
    let me = || (ATTACKER.to_owned(), own.clone());
    let copies = |count: usize| -> Result<_, Box<dyn Error>> {
        let mut parts = vec![me()];
        for at in 1..count {
            parts.push((name(at), own.iter().map(|row| disguised(row, at)).collect::<Result<_, _>>()?));
        }
        with(parts)
    };
    let split = || {
        let parts = own.chunks(own.len().div_ceil(4)).enumerate();
        with(parts.map(|(at, rows)| (if at == 0 { ATTACKER.to_owned() } else { name(at) }, rows.to_vec())).collect())
    };
    let outliers = (0..own.len()).map(|at| outlier(at, &own)).collect::<Result<Vec<_>, _>>()?;
    let stuffed = setting.questions.iter().take(own.len()).map(|question| stuffed(&question.prompt_text));
    let stuffed = stuffed.collect::<Result<Vec<_>, _>>()?;
    let mut session = setting.session()?;
    let wrong = wrong(setting, &session, own.len())?;
    let poisoned = |ways: usize| -> Result<Vec<Row>, Box<dyn Error>> {
        let mut rows = Vec::new();
        for [_, wrong] in &wrong {
            let row = Row::new(wrong.prompt_text.clone(), wrong.answer_text.clone());
            let row = row.map_err(|field| format!("{field}"))?;
            rows.extend((1..ways).map(|way| disguised(&row, way)).collect::<Result<Vec<_>, _>>()?);
            rows.push(row);
        }
        Ok(rows)
    };
    let plain = |name, contributions| Scenario { name, contributions, wrong: Vec::new() };
    let scenarios = [
        plain("none", with(vec![me()])?),
        plain("2 identities with disguised copies of all rows", copies(2)?),
        plain("8 identities with disguised copies of all rows", copies(8)?),
        plain("rows split among 4 identities", split()?),
        plain("as many rows of rare words again (outliers)", with(vec![me(), (name(1), outliers)])?),
        plain("as many rows with the questions' words (stuffing)", with(vec![me(), (name(1), stuffed)])?),
        Scenario {
            name: "wrong answers to questions, each told once (poisoning)",
            contributions: with(vec![me(), (name(1), poisoned(1)?)])?,
            wrong: wrong.clone(),
        },
        Scenario {
            name: "wrong answers to questions, each told in 4 ways (poisoning)",
            contributions: with(vec![me(), (name(1), poisoned(4)?)])?,
            wrong,
        },
    ];
    let wanted = |name: &str| only.is_none_or(|only| only.iter().any(|part| name.contains(part.as_str())));
    let mut found: Vec<Attack> = Vec::new();
    for (at, scenario) in scenarios.into_iter().enumerate() {
        if at > 0 && !wanted(scenario.name) {
            continue;
        }
        let path = setting.cache.join(format!("attack-{VERSION}-{WAY}-{}-{at}.json", setting.questions.len()));
        let attack = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(_) => {
                eprintln!("attack: {}", scenario.name);
                let paying = if at == 0 {
                    // Nobody attacks: the family of the benchmark itself.
                    let (names, full) = (setting.examples.contributors().to_vec(), setting.state.parameters.clone());
                    Paying { names, full, index: Family::of(setting)?.index(setting)? }
                } else {
                    train(setting, &mut session, &scenario.contributions)?
                };
                let mut attack = run(setting, &mut session, &scenario, &paying)?;
                attack.gain = attack.share / found.first().map_or(attack.share, |honest| honest.share);
                fs::write(&path, serde_json::to_vec(&attack)?)?;
                attack
            }
        };
        found.push(attack);
    }
    Ok(found)
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

/// A copy that no digest finds: another case and a stop.
fn disguised(row: &Row, at: usize) -> Result<Row, Box<dyn Error>> {
    let prompt = if at.is_multiple_of(2) { row.prompt().to_uppercase() } else { row.prompt().to_lowercase() };
    let stops = ".".repeat(at.div_ceil(2));
    Row::new(prompt, format!("{}{stops}", row.completion())).map_err(|field| format!("{field}").into())
}

/// Words in an order that nobody expects, with the longest gradient for the least sense.
fn outlier(at: usize, own: &[Row]) -> Result<Row, Box<dyn Error>> {
    let letters: Vec<char> =
        own.iter().flat_map(|row| row.prompt().chars().rev()).filter(|c| !c.is_whitespace()).collect();
    let word = |from: usize| -> String { letters.iter().cycle().skip(from * 13).step_by(7).take(9).collect() };
    let completion: Vec<String> = (0..8).map(|part| word(at * 8 + part)).collect();
    Row::new(format!("{}\n", word(at)), completion.join(" ")).map_err(|field| format!("{field}").into())
}

/// A question that people ask, with an answer that helps nobody.
fn stuffed(question: &str) -> Result<Row, Box<dyn Error>> {
    let words: Vec<&str> = question.split_whitespace().collect();
    Row::new(format!("{}\n", words.join(" ")), words.iter().rev().copied().collect::<Vec<_>>().join(" "))
        .map_err(|field| format!("{field}").into())
}

/// An adapter with the index that pays by it.
struct Paying {
    names: Vec<String>,
    full: Vec<f32>,
    index: Index,
}

/// Trains the family of an attack's rows and builds its index.
fn train(
    setting: &Setting,
    session: &mut GradientSession,
    contributions: &[Contribution],
) -> Result<Paying, Box<dyn Error>> {
    let examples = Examples::encode(contributions, session, &setting.recipe)?;
    let names = examples.contributors().to_vec();
    let job = |left_out| Job::without(left_out, setting.recipe.order_seed);
    let mut jobs = vec![job(LeftOut::Nothing)];
    jobs.extend(names.iter().map(|name| job(LeftOut::Contributor(name.clone()))));
    jobs.extend(PLACEBOS.map(|seed| Job { placebo_seed: Some(seed), ..job(LeftOut::Nothing) }));
    let states = train_many(session, &examples, &setting.recipe, &jobs, |_| ControlFlow::Continue(()))?;
    let (full, others) = states.split_first().ok_or("no adapter was trained")?;
    let difference = |other: &TrainState| -> Vec<f32> {
        full.parameters.iter().zip(&other.parameters).map(|(with, without)| with - without).collect()
    };
    let mut clusters: Vec<Vec<f32>> = others.iter().map(difference).collect();
    let placebos = clusters.split_off(names.len());
    let served = session.read_adapter(&setting.adapter, None)?;
    let sizes = names.iter().map(|name| Ok(u32::try_from(examples.rows_of(name).unwrap_or(1))?));
    let sizes = sizes.collect::<Result<_, Box<dyn Error>>>()?;
    let secants = Secants { family: [0; 32], contributors: names.clone(), sizes, clusters, placebos, served };
    let index = Index::of(&secants, session.model().base_digest, DEFAULT_DIMENSIONS)?;
    Ok(Paying { names, full: full.parameters.clone(), index })
}

/// Pays every question by an attack's index.
fn run(
    setting: &Setting,
    session: &mut GradientSession,
    scenario: &Scenario,
    paying: &Paying,
) -> Result<Attack, Box<dyn Error>> {
    let Paying { names, full, index } = paying;
    // The attacker's part of what each answer pays, and the answers' log-probabilities.
    let mut pay = |questions: &[Question]| -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
        let mut under = |parameters: &[f32]| ask(session, questions, &vec![parameters; questions.len()], setting);
        let (asked, base) = (under(full)?, under(&vec![0.0; setting.layout.len])?);
        let each = asked.iter().zip(&base).map(|((log_prob, gradient), (before, _))| {
            let paid = paid(index, gradient, *log_prob, log_prob - before)?;
            let own = names.iter().zip(paid).filter(|(name, _)| *name == ATTACKER || name.starts_with(SYBIL));
            Ok((own.map(|(_, share)| share).sum(), *log_prob))
        });
        each.collect()
    };
    let mean = |found: &[(f64, f64)]| found.iter().map(|(share, _)| share).sum::<f64>() / found.len() as f64;
    let share = mean(&pay(&setting.questions)?);
    let poison = if scenario.wrong.is_empty() {
        None
    } else {
        let [right, wrong] = [0, 1].map(|at| scenario.wrong.iter().map(|pair| pair[at].clone()).collect::<Vec<_>>());
        let after = [pay(&right)?, pay(&wrong)?];
        let honest = vec![setting.state.parameters.as_slice(); right.len()];
        let before = [ask(session, &right, &honest, setting)?, ask(session, &wrong, &honest, setting)?];
        let believed = |right: Vec<f64>, wrong: Vec<f64>| right.iter().zip(wrong).filter(|(a, b)| b > *a).count();
        let likely = |asked: &Asked| asked.iter().map(|(log_prob, _)| *log_prob).collect::<Vec<f64>>();
        let now = |found: &[(f64, f64)]| found.iter().map(|(_, log_prob)| *log_prob).collect::<Vec<f64>>();
        Some(Poison {
            questions: right.len(),
            believed: [believed(likely(&before[0]), likely(&before[1])), believed(now(&after[0]), now(&after[1]))],
            paid: [mean(&after[0]), mean(&after[1])],
        })
    };
    Ok(Attack { name: scenario.name.to_owned(), share, gain: 1.0, capped: index.leverage.capped, poison })
}

/// Tables of what attacks earn; nothing for none.
pub fn to_markdown(attacks: &[Attack]) -> String {
    let mut out = String::new();
    if !attacks.is_empty() {
        out.push_str("\n| attack | mean share | gain | rows capped |\n|---|---|---|---|\n");
    }
    for Attack { name, share, gain, capped, .. } in attacks {
        out.push_str(&format!("| {name} | {:.3} % | {gain:.3} | {capped} |\n", share * 100.0));
    }
    let poisons: Vec<(&String, &Poison)> =
        attacks.iter().filter_map(|attack| Some((&attack.name, attack.poison.as_ref()?))).collect();
    if !poisons.is_empty() {
        out.push_str(
            "\n| attack | questions | wrong answer likelier, before | after | paid for right answers | paid for wrong answers |\n\
             |---|---|---|---|---|---|\n",
        );
    }
    for (name, Poison { questions, believed: [before, after], paid: [right, wrong] }) in poisons {
        let (right, wrong) = (right * 100.0, wrong * 100.0);
        out.push_str(&format!("| {name} | {questions} | {before} | {after} | {right:.3} % | {wrong:.3} % |\n"));
    }
    out
}
