//! An adapter with the index that pays by it.

use std::{error::Error, ops::ControlFlow};

use openledger_attribution::index::Index;
use openledger_corpus::Contribution;
use openledger_engine::gradient::GradientSession;
use openledger_trainer::{Examples, Job, LeftOut, train_many};

use crate::{
    family::{Family, PLACEBOS, differences, index},
    ours::paid,
    setting::{Question, Setting, ask},
};

/// Of each question every contributor's part of the fee, and the answer's log-probability.
pub type Paid = Vec<(Vec<f64>, f64)>;

pub struct Paying {
    names: Vec<String>,
    full: Vec<f32>,
    index: Index,
}

impl Paying {
    /// Nobody attacks: the family of the benchmark itself.
    pub fn honest(setting: &Setting) -> Result<Self, Box<dyn Error>> {
        let (names, full) = (setting.examples.contributors().to_vec(), setting.state.parameters.clone());
        Ok(Self { names, full, index: Family::of(setting)?.index(setting)? })
    }

    /// Trains the family of an attack's rows and builds its index.
    pub fn train(
        setting: &Setting,
        session: &mut GradientSession,
        contributions: &[Contribution],
    ) -> Result<Self, Box<dyn Error>> {
        let examples = Examples::encode(contributions, session, &setting.recipe)?;
        let names = examples.contributors().to_vec();
        let job = |left_out| Job::without(left_out, setting.recipe.order_seed);
        let mut jobs = vec![job(LeftOut::Nothing)];
        jobs.extend(names.iter().map(|name| job(LeftOut::Contributor(name.clone()))));
        jobs.extend(PLACEBOS.map(|seed| Job { placebo_seed: Some(seed), ..job(LeftOut::Nothing) }));
        let states = train_many(session, &examples, &setting.recipe, &jobs, |_| ControlFlow::Continue(()))?;
        let mut adapters = states.into_iter().map(|state| state.parameters);
        let full = adapters.next().ok_or("no adapter was trained")?;
        let mut clusters = differences(&full, &adapters.collect::<Vec<_>>());
        let placebos = clusters.split_off(names.len());
        let named = names.iter().cloned().zip(examples.rows()).collect();
        Ok(Self { index: index(setting, named, clusters, placebos)?, names, full })
    }

    /// Pays some questions.
    pub fn pay(
        &self,
        setting: &Setting,
        session: &mut GradientSession,
        questions: &[Question],
    ) -> Result<Paid, Box<dyn Error>> {
        let mut under = |parameters: &[f32]| ask(session, questions, &vec![parameters; questions.len()], setting);
        let (asked, base) = (under(&self.full)?, under(&vec![0.0; setting.layout.len])?);
        let each = asked.iter().zip(&base).map(|((log_prob, gradient), (before, _))| {
            Ok((paid(&self.index, gradient, *log_prob, log_prob - before)?, *log_prob))
        });
        each.collect()
    }

    /// The parts of those whose name is wanted.
    pub fn sum(&self, shares: &[f64], wanted: impl Fn(&str) -> bool) -> f64 {
        self.names.iter().zip(shares).filter(|(name, _)| wanted(name)).map(|(_, share)| share).sum()
    }

    /// Rows of the index that were too long.
    pub fn capped(&self) -> u32 {
        self.index.leverage.capped
    }
}
