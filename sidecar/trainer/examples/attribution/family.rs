//! The adapters that an index of contributors is built from, trained once and kept beside the retrainings.

use std::{error::Error, fs, ops::ControlFlow, time::Instant};

use openledger_attribution::{
    self as product,
    index::{Answer, Calibration, DEFAULT_DIMENSIONS, Index, Querier, Secants, build_calibrated},
};
use openledger_trainer::{
    FamilyPlan, FamilyRecipe, Job, LeftOut, Weights, train_many, write_adapter, write_family_file,
};

use crate::setting::{Asked, Setting};

/// Seeds of the placebos.
pub const PLACEBOS: [u64; 2] = [101, 102];

/// Parameters of adapters beside the one that is attributed.
pub struct Family {
    /// Trained without each contributor.
    pub without: Vec<Vec<f32>>,
    /// Trained on everything and on rows that say nothing.
    pub placebos: Vec<Vec<f32>>,
    /// What training them took, in seconds.
    pub seconds: f64,
}

impl Family {
    /// Trains the family, or takes what an earlier run kept.
    pub fn of(setting: &Setting) -> Result<Self, Box<dyn Error>> {
        let (weights, told) = (setting.cache.join("family-null.f32"), setting.cache.join("family-null.json"));
        if let (Ok(bytes), Ok(seconds)) = (fs::read(&weights), fs::read(&told)) {
            let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            let mut adapters: Vec<Vec<f32>> = values.chunks_exact(setting.layout.len).map(<[f32]>::to_vec).collect();
            let placebos = adapters.split_off(setting.examples.contributors().len());
            return Ok(Self { without: adapters, placebos, seconds: serde_json::from_slice(&seconds)? });
        }
        let job = |left_out| Job::without(left_out, setting.recipe.order_seed);
        let names = setting.examples.contributors().iter();
        let without = names.map(|name| job(LeftOut::Contributor(name.clone())));
        let placebos = PLACEBOS.map(|seed| Job { placebo_seed: Some(seed), ..job(LeftOut::Nothing) });
        let jobs: Vec<Job> = without.chain(placebos).collect();
        let start = Instant::now();
        let go = |_: &_| ControlFlow::Continue(());
        let states = train_many(&mut setting.session()?, &setting.examples, &setting.recipe, &jobs, go)?;
        let seconds = start.elapsed().as_secs_f64();
        let mut adapters: Vec<Vec<f32>> = states.into_iter().map(|state| state.parameters).collect();
        fs::write(&weights, adapters.iter().flatten().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())?;
        fs::write(&told, serde_json::to_vec(&seconds)?)?;
        let placebos = adapters.split_off(setting.examples.contributors().len());
        Ok(Self { without: adapters, placebos, seconds })
    }

    /// Asks every question where calibration finds that gradients are to be taken.
    pub fn at_query_point(&self, setting: &Setting) -> Result<(Asked, Calibration), Box<dyn Error>> {
        let (known, index, calibration) = self.calibrated(setting)?;
        let questions = setting.questions.iter().map(|question| question.tokens.split_at(question.prompt_tokens));
        let answers: Vec<Answer<'_>> = questions.map(|(prompt, response)| Answer { prompt, response }).collect();
        let asked = Querier::open(setting.session()?, &known, &index)?.gradients(&answers)?;
        Ok((asked.into_iter().map(|(gradient, log_prob)| (log_prob, gradient)).collect(), calibration))
    }

    /// Writes it as `openledger train --family` does, builds its index and finds the point where gradients are taken, on the rows that it was
    /// trained on: no question is known to it.
    fn calibrated(&self, setting: &Setting) -> Result<(product::Family, Index, Calibration), Box<dyn Error>> {
        let folder = setting.cache.join("family");
        let mut session = setting.session()?;
        let plan = FamilyPlan {
            datanet: "attribution".to_owned(),
            placebo_seeds: PLACEBOS.to_vec(),
            weights: Weights::Float32,
            base: setting.model.display().to_string(),
            tail: None,
        };
        let (recipe, weights, base) = (&setting.recipe, plan.weights, plan.base.clone());
        let family = FamilyRecipe::of(recipe.clone(), plan, session.model(), &setting.examples, setting.threads);
        let variants = family.variants()?;
        let adapters = std::iter::once(&setting.state.parameters).chain(&self.without).chain(&self.placebos);
        let mut digests = Vec::new();
        for (variant, parameters) in variants.iter().zip(adapters) {
            let (out, modules) = (folder.join(&variant.name), session.modules());
            digests.push(write_adapter(&out, parameters, modules, &setting.layout, recipe, weights, &base)?);
        }
        write_family_file(&folder, &family, &setting.examples, &digests, &[])?;
        let rows = (0..setting.examples.len()).filter_map(|row| setting.examples.get(row));
        let answers: Vec<Answer<'_>> = rows
            .map(|row| row.tokens.split_at(row.prompt_tokens))
            .map(|(prompt, response)| Answer { prompt, response })
            .collect();
        Ok(build_calibrated(&mut session, &folder, DEFAULT_DIMENSIONS, &answers)?)
    }

    /// What each contributor did to the adapter.
    pub fn secants(&self, setting: &Setting) -> Vec<Vec<f32>> {
        differences(&setting.state.parameters, &self.without)
    }

    /// The index that pays by them.
    pub fn index(&self, setting: &Setting) -> Result<Index, Box<dyn Error>> {
        let placebos = differences(&setting.state.parameters, &self.placebos);
        index(setting, setting.contributors(), self.secants(setting), placebos)
    }
}

/// The index of the displacements of some contributors, of each its name and rows.
pub fn index(
    setting: &Setting,
    contributors: Vec<(String, usize)>,
    clusters: Vec<Vec<f32>>,
    placebos: Vec<Vec<f32>>,
) -> Result<Index, Box<dyn Error>> {
    let session = setting.session()?;
    let served = session.read_adapter(&setting.adapter, None)?;
    let sizes =
        contributors.iter().map(|(_, rows)| Ok(u32::try_from(*rows)?)).collect::<Result<_, Box<dyn Error>>>()?;
    let contributors = contributors.into_iter().map(|(name, _)| name).collect();
    let secants = Secants { family: [0; 32], contributors, sizes, clusters, placebos, served };
    Ok(Index::of(&secants, session.model().base_digest, DEFAULT_DIMENSIONS)?)
}

/// How far an adapter is from some others.
pub fn differences(from: &[f32], others: &[Vec<f32>]) -> Vec<Vec<f32>> {
    others.iter().map(|other| from.iter().zip(other).map(|(with, without)| with - without).collect()).collect()
}
