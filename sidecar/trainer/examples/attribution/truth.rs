//! Ground truth: the adapter trained again without some rows, and what every answer loses.

use std::{error::Error, fs, ops::ControlFlow, time::Instant};

use openledger_trainer::{Job, LeftOut, train_many};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::setting::Setting;

/// Adapters that are trained side by side.
const TOGETHER: usize = 8;
/// Orders of the rows in which halves are trained; the adapter's own is the first.
const ORDERS: u64 = 4;

/// Retrainings of one kind.
pub struct Subsets {
    /// Rows that each keeps.
    pub kept: Vec<Vec<bool>>,
    /// Of each, the log-probability of every question's answer in nats.
    pub log_probs: Vec<Vec<f64>>,
}

impl Subsets {
    /// The same, saying which contributors are kept instead of which rows.
    pub fn by_contributor(&self, setting: &Setting) -> Self {
        let clusters = setting.clusters();
        let kept = self.kept.iter().map(|kept| {
            let mut of = vec![false; setting.examples.contributors().len()];
            clusters.iter().zip(kept).for_each(|(&cluster, &kept)| of[cluster] = kept);
            of
        });
        Self { kept: kept.collect(), log_probs: self.log_probs.clone() }
    }

    /// Log-probabilities of the same subsets in several orders of the rows, averaged.
    pub fn mean(orders: &[&Self]) -> Self {
        let Some((first, others)) = orders.split_first() else {
            return Self { kept: Vec::new(), log_probs: Vec::new() };
        };
        let mut log_probs = first.log_probs.clone();
        for other in others {
            for (sums, values) in log_probs.iter_mut().zip(&other.log_probs) {
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
        }
        log_probs.iter_mut().flatten().for_each(|sum| *sum /= orders.len() as f64);
        Self { kept: first.kept.clone(), log_probs }
    }
}

pub struct Truth {
    /// Under the adapter itself.
    pub whole: Vec<f64>,
    /// Under the base.
    pub base: Vec<f64>,
    /// Random halves of the rows, the classic linear datamodeling score: the same halves in several orders of the rows, of which the first is
    /// the adapter's own.
    pub halves: Vec<Subsets>,
    /// All but a random tenth of the rows: close to what a share of one answer means.
    pub tenths: Subsets,
    /// All but one contributor, each in turn.
    pub without: Subsets,
    /// Contributors' leave-one-out in another order of the rows, and the adapter itself in that order.
    pub without_reordered: Subsets,
    pub whole_reordered: Vec<f64>,
    /// Random halves of the contributors.
    pub contributors: Subsets,
    pub retrainings: usize,
    /// Of this run; what was kept from an earlier one costs nothing.
    pub seconds: f64,
}

/// Rows that the retrainings of each kind keep.
struct Choices {
    halves: Vec<Vec<bool>>,
    tenths: Vec<Vec<bool>>,
    without: Vec<Vec<bool>>,
    contributors: Vec<Vec<bool>>,
}

impl Choices {
    fn of(setting: &Setting) -> Self {
        let (few, many) = if setting.quick { (16, 16) } else { (48, 64) };
        let rows = setting.examples.len();
        let clusters = setting.clusters();
        let count = setting.examples.contributors().len();
        let mut random = ChaCha20Rng::seed_from_u64(1);
        let halves = (0..few).map(|_| kept(&mut random, rows, rows / 2)).collect();
        let tenths = (0..many).map(|_| kept(&mut random, rows, rows - rows / 10)).collect();
        let of = |chosen: &[bool]| clusters.iter().map(|&cluster| chosen[cluster]).collect::<Vec<_>>();
        let without = (0..count).map(|left| of(&(0..count).map(|at| at != left).collect::<Vec<_>>())).collect();
        let contributors = (0..few).map(|_| of(&kept(&mut random, count, count / 2))).collect();
        Self { halves, tenths, without, contributors }
    }
}

/// The retrainings without random tenths alone.
pub fn tenths(setting: &Setting) -> Result<Subsets, Box<dyn Error>> {
    Lab::new(setting)?.subsets("tenths", Choices::of(setting).tenths, 0)
}

/// The retrainings on random halves of the contributors alone.
pub fn contributors(setting: &Setting) -> Result<Subsets, Box<dyn Error>> {
    Lab::new(setting)?.subsets("contributors", Choices::of(setting).contributors, 0)
}

impl Truth {
    pub fn of(setting: &Setting) -> Result<Self, Box<dyn Error>> {
        let Choices { halves, tenths, without, contributors } = Choices::of(setting);
        let all = vec![vec![true; setting.examples.len()]];
        let mut lab = Lab::new(setting)?;
        let mut own = |name: &str, kept: Vec<Vec<bool>>, seed: u64| lab.subsets(name, kept, seed);
        let whole = own("whole", all.clone(), 0)?.log_probs.remove(0);
        let truth = Self {
            halves: (0..ORDERS)
                .map(|order| own(&format!("halves-{order}"), halves.clone(), order))
                .collect::<Result<_, _>>()?,
            tenths: own("tenths", tenths, 0)?,
            without: own("without", without.clone(), 0)?,
            without_reordered: own("without-1", without, 1)?,
            whole_reordered: own("whole-1", all, 1)?.log_probs.remove(0),
            contributors: own("contributors", contributors, 0)?,
            whole,
            base: Vec::new(),
            retrainings: 0,
            seconds: 0.0,
        };
        let base = setting.ask(&mut lab.session, &vec![0.0; setting.layout.len])?;
        let base = base.into_iter().map(|(log_prob, _)| log_prob).collect();
        Ok(Self { base, retrainings: lab.retrainings, seconds: lab.start.elapsed().as_secs_f64(), ..truth })
    }
}

/// Log-probabilities of all questions after training without some rows, for each choice of them. Not kept.
pub fn without(setting: &Setting, name: &str, choices: &[Vec<usize>]) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let mut lab = Lab::new(setting)?;
    lab.train(name, choices, setting.recipe.order_seed)
}

struct Lab<'s> {
    setting: &'s Setting,
    session: openledger_engine::gradient::GradientSession,
    retrainings: usize,
    start: Instant,
}

impl<'s> Lab<'s> {
    fn new(setting: &'s Setting) -> Result<Self, Box<dyn Error>> {
        Ok(Self { setting, session: setting.session()?, retrainings: 0, start: Instant::now() })
    }

    /// Trains and asks, or takes what an earlier run kept.
    fn subsets(&mut self, name: &str, kept: Vec<Vec<bool>>, order: u64) -> Result<Subsets, Box<dyn Error>> {
        let setting = self.setting;
        let path = setting.cache.join(format!("{name}-{}-{}.json", kept.len(), setting.questions.len()));
        self.retrainings += kept.len();
        if let Ok(bytes) = fs::read(&path) {
            let log_probs: Vec<Vec<f64>> = serde_json::from_slice(&bytes)?;
            return Ok(Subsets { kept, log_probs });
        }
        let left = |kept: &Vec<bool>| kept.iter().enumerate().filter(|(_, kept)| !**kept).map(|(row, _)| row).collect();
        let choices: Vec<Vec<usize>> = kept.iter().map(left).collect();
        let log_probs = self.train(name, &choices, setting.recipe.order_seed.wrapping_add(order))?;
        fs::write(&path, serde_json::to_vec(&log_probs)?)?;
        Ok(Subsets { kept, log_probs })
    }

    /// Trains without the chosen rows and asks every question.
    fn train(&mut self, name: &str, choices: &[Vec<usize>], order_seed: u64) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
        let setting = self.setting;
        let mut log_probs: Vec<Vec<f64>> = Vec::new();
        for some in choices.chunks(TOGETHER) {
            let job = |rows: &Vec<usize>| Job::without(LeftOut::Rows(rows.clone()), order_seed);
            let jobs: Vec<Job> = some.iter().map(job).collect();
            let go = |_: &_| ControlFlow::Continue(());
            for state in train_many(&mut self.session, &setting.examples, &setting.recipe, &jobs, go)? {
                let found = setting.ask(&mut self.session, &state.parameters)?;
                log_probs.push(found.into_iter().map(|(log_prob, _)| log_prob).collect());
            }
            let seconds = self.start.elapsed().as_secs_f64();
            eprintln!("{name}: {} of {} retrainings, {seconds:.0} s", log_probs.len(), choices.len());
        }
        Ok(log_probs)
    }
}

/// A random choice of so many.
fn kept(random: &mut ChaCha20Rng, of: usize, count: usize) -> Vec<bool> {
    let mut places: Vec<usize> = (0..of).collect();
    for last in (1..of).rev() {
        places.swap(last, (random.next_u64() % (last as u64 + 1)) as usize);
    }
    let mut kept = vec![false; of];
    places.iter().take(count).for_each(|&place| kept[place] = true);
    kept
}
