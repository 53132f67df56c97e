//! What attackers gain: the whole payout, trained again with the attack in the rows.

use std::{error::Error, fs, ops::ControlFlow};

use openledger_attribution::index::{DEFAULT_DIMENSIONS, Index, Query, Scores, Secants};
use openledger_corpus::{Contribution, Datanet, Limits, Row};
use openledger_engine::gradient::GradientSession;
use openledger_protocol::shares::SHARE_ONE;
use openledger_trainer::{Examples, Job, LeftOut, TrainState, train_many};

use crate::setting::Setting;

/// Who attacks: one of middle size.
const ATTACKER: &str = "teller-03";
/// What its further identities' names begin with.
const SYBIL: &str = "zz-";

/// One attack and what it earns.
pub struct Attack {
    pub name: &'static str,
    /// Mean over questions of the share of all the attacker's identities.
    pub share: f64,
    /// Over the share without an attack.
    pub gain: f64,
    pub capped: u32,
}

/// Runs every attack; nothing for a quick run.
pub fn all(setting: &Setting, data: &std::path::Path) -> Result<Vec<Attack>, Box<dyn Error>> {
    if setting.quick {
        return Ok(Vec::new());
    }
    let honest = Datanet::load(&data.join("datanet"))?.contributions;
    let own = honest.iter().find(|part| part.contributor == ATTACKER).ok_or("the attacker is missing")?.rows.clone();
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
    let scenarios = [
        ("none", with(vec![me()])?),
        ("2 identities with disguised copies of all rows", copies(2)?),
        ("8 identities with disguised copies of all rows", copies(8)?),
        ("rows split among 4 identities", split()?),
        ("as many rows of rare words again (outliers)", with(vec![me(), (name(1), outliers)])?),
        ("as many rows with the questions' words (stuffing)", with(vec![me(), (name(1), stuffed)])?),
    ];
    let mut session = setting.session()?;
    let mut found: Vec<Attack> = Vec::new();
    for (at, (name, contributions)) in scenarios.into_iter().enumerate() {
        let path = setting.cache.join(format!("attack-{at}.json"));
        let (share, capped) = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(_) => {
                eprintln!("attack: {name}");
                let result = share(setting, &mut session, &contributions)?;
                fs::write(&path, serde_json::to_vec(&result)?)?;
                result
            }
        };
        let base = found.first().map_or(share, |honest| honest.share);
        found.push(Attack { name, share, gain: share / base, capped });
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

/// Trains the family of these rows, builds its index and pays every question by it.
fn share(
    setting: &Setting,
    session: &mut GradientSession,
    contributions: &[Contribution],
) -> Result<(f64, u32), Box<dyn Error>> {
    let examples = Examples::encode(contributions, session, &setting.recipe)?;
    let names = examples.contributors().to_vec();
    let job = |left_out, order_seed| Job { left_out, order_seed };
    let seed = setting.recipe.order_seed;
    let mut jobs = vec![job(LeftOut::Nothing, seed)];
    jobs.extend(names.iter().map(|name| job(LeftOut::Contributor(name.clone()), seed)));
    jobs.extend([101, 102].map(|placebo| job(LeftOut::Nothing, placebo)));
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
    let asked = setting.ask(session, &full.parameters)?;
    let base = setting.ask(session, &vec![0.0; setting.layout.len])?;
    let mut sum = 0.0;
    for ((log_prob, gradient), (before, _)) in asked.iter().zip(&base) {
        let query = Query::of(&index, gradient, *log_prob)?;
        let lift = ((log_prob - before) * 1e6).round() as i64;
        let paid = Scores::of(&index, &query)?.attribution(&query, lift, &[0; 32])?;
        let own = names.iter().zip(&paid.shares).filter(|(name, _)| *name == ATTACKER || name.starts_with(SYBIL));
        sum += own.map(|(_, share)| *share as f64).sum::<f64>() / SHARE_ONE as f64;
    }
    Ok((sum / asked.len() as f64, index.leverage.capped))
}
