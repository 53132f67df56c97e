//! What dividing one's rows among identities earns, for every contributor that has enough of them.

use std::{error::Error, fs, ops::ControlFlow};

use openledger_attribution::index::VERSION;
use openledger_trainer::{Job, LeftOut, train_many};
use serde::{Deserialize, Serialize};

use crate::{
    family::{Family, differences, index},
    metrics::{Figure, ratio},
    ours::{WAY, paid},
    setting::{Asked, Setting},
};

/// Identities that a contributor's rows are divided among.
const IDENTITIES: [usize; 2] = [2, 4];
/// Fewest rows of a contributor that divides them.
const LEAST_ROWS: usize = 8;

/// What the contributors are paid, each alone in dividing its rows.
#[derive(Serialize, Deserialize)]
pub struct Splits {
    identities: usize,
    contributors: Vec<Divided>,
}

/// One of them: its part of each question's fee, under one identity and under several together.
#[derive(Serialize, Deserialize)]
struct Divided {
    contributor: String,
    whole: Vec<f64>,
    divided: Vec<f64>,
}

impl Divided {
    fn gain(&self) -> f64 {
        self.divided.iter().sum::<f64>() / self.whole.iter().sum::<f64>()
    }
}

impl Splits {
    /// Trains without each part of the rows of each contributor, and pays by what is found. The adapter is the same however rows are
    /// divided, so parts of all contributors are trained at once.
    pub fn all(setting: &Setting) -> Result<Vec<Self>, Box<dyn Error>> {
        let path = setting.cache.join(format!("splits-{VERSION}-{WAY}-{}.json", setting.questions.len()));
        if let Ok(bytes) = fs::read(&path) {
            return Ok(serde_json::from_slice(&bytes)?);
        }
        let mut session = setting.session()?;
        let asked = setting.ask(&mut session, &setting.state.parameters)?;
        let base = setting.ask(&mut session, &vec![0.0; setting.layout.len])?;
        let family = Family::of(setting)?;
        let whole = pay(setting, &family, None, &asked, &base)?;
        let mut found = Vec::new();
        for identities in IDENTITIES {
            let dividing = dividing(setting);
            let parts: Vec<Vec<Vec<usize>>> = dividing.iter().map(|(_, own)| divided(own, identities)).collect();
            let job = |part: &Vec<usize>| Job::without(LeftOut::Rows(part.clone()), setting.recipe.order_seed);
            let jobs: Vec<Job> = parts.iter().flatten().map(job).collect();
            eprintln!("splits among {identities}: {} adapters", jobs.len());
            let go = |_: &_| ControlFlow::Continue(());
            let states = train_many(&mut session, &setting.examples, &setting.recipe, &jobs, go)?;
            let mut without = states.into_iter().map(|state| state.parameters);
            let mut contributors = Vec::new();
            for ((contributor, _), parts) in dividing.iter().zip(&parts) {
                let adapters: Vec<Vec<f32>> = without.by_ref().take(parts.len()).collect();
                let part = Part {
                    contributor: *contributor,
                    rows: parts.iter().map(Vec::len).collect(),
                    vectors: differences(&setting.state.parameters, &adapters),
                };
                contributors.push(Divided {
                    contributor: setting.examples.contributors()[*contributor].clone(),
                    whole: whole.iter().map(|paid| paid[*contributor]).collect(),
                    divided: pay(setting, &family, Some(part), &asked, &base)?
                        .iter()
                        .map(|paid| paid[*contributor..contributor + parts.len()].iter().sum())
                        .collect(),
                });
            }
            found.push(Self { identities, contributors });
        }
        fs::write(&path, serde_json::to_vec(&found)?)?;
        Ok(found)
    }

    /// A table, and another of every contributor.
    pub fn to_markdown(all: &[Self]) -> String {
        if all.is_empty() {
            return String::new();
        }
        let mut out = "\n| rows split among | contributors | mean share whole | split | gain of all together | gain of one, lowest to highest | who gain over 1.05 |\n\
                       |---|---|---|---|---|---|---|\n"
            .to_owned();
        for Self { identities, contributors } in all {
            let share = |of: fn(&Divided) -> &Vec<f64>| {
                let sums = contributors.iter().map(|one| of(one).iter().sum::<f64>() / of(one).len() as f64);
                100.0 * sums.sum::<f64>() / contributors.len() as f64
            };
            // Nobody gains on nothing.
            let gains = contributors.iter().map(Divided::gain);
            let mut gains: Vec<f64> = gains.filter(|gain| gain.is_finite()).collect();
            gains.sort_by(f64::total_cmp);
            let gaining = gains.iter().filter(|gain| **gain > 1.05).count();
            let (low, high) = (gains.first().unwrap_or(&1.0), gains.last().unwrap_or(&1.0));
            out.push_str(&format!(
                "| {identities} identities | {} | {:.3} % | {:.3} % | {} | {low:.2} to {high:.2} | {gaining} |\n",
                contributors.len(),
                share(|one| &one.whole),
                share(|one| &one.divided),
                Self::gain(contributors),
            ));
        }
        out
    }

    /// What all are paid split over what they are paid whole; contributors and questions are resampled.
    fn gain(contributors: &[Divided]) -> Figure {
        let of = |pick: fn(&Divided) -> &Vec<f64>| contributors.iter().map(|one| pick(one).clone()).collect::<Vec<_>>();
        ratio(&of(|one| &one.divided), &of(|one| &one.whole))
    }
}

/// Contributors, by their place, with rows enough to divide, and the rows.
fn dividing(setting: &Setting) -> Vec<(usize, Vec<usize>)> {
    setting.rows().into_iter().enumerate().filter(|(_, own)| own.len() >= LEAST_ROWS).collect()
}

/// Neighbours stay together: they tell of the same.
fn divided(own: &[usize], identities: usize) -> Vec<Vec<usize>> {
    own.chunks(own.len().div_ceil(identities)).map(<[usize]>::to_vec).collect()
}

/// What the identities of one contributor did to the adapter, in place of what it did under one.
struct Part {
    contributor: usize,
    rows: Vec<usize>,
    vectors: Vec<Vec<f32>>,
}

/// Every question's parts of the fee.
fn pay(
    setting: &Setting,
    family: &Family,
    part: Option<Part>,
    asked: &Asked,
    base: &Asked,
) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let mut names = setting.contributors();
    let mut vectors = family.secants(setting);
    if let Some(Part { contributor, rows, vectors: parts }) = part {
        let name = names[contributor].0.clone();
        let identities = rows.into_iter().enumerate().map(|(at, rows)| (format!("{name}-{at}"), rows));
        names.splice(contributor..=contributor, identities.collect::<Vec<_>>());
        vectors.splice(contributor..=contributor, parts);
    }
    let placebos = differences(&setting.state.parameters, &family.placebos);
    let index = index(setting, names, vectors, placebos)?;
    let each = asked.iter().zip(base);
    each.map(|((log_prob, gradient), (before, _))| paid(&index, gradient, *log_prob, log_prob - before)).collect()
}
