//! `openledger train verify`.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use clap::Args;
use openledger_attribution::{
    Family,
    index::{INDEX_FILE, Index, IndexError},
};
use openledger_trainer::{
    FAMILY_FILE, FamilyPart, FamilyRecipe, Opened, Rederived, TrainError, Transcript, draw_parts, family_parts,
    rederive, tail_file, verify,
};
use serde_json::json;

use super::source::SourceArgs;
use crate::{
    cli::{Output, print},
    error::NodeError,
};

/// Check a training against base and rows: replay steps of its transcript, or train parts of a family again.
#[derive(Debug, Args)]
pub struct Verify {
    /// The folder of the training or of the family.
    training: PathBuf,
    #[command(flatten)]
    source: SourceArgs,
    /// Steps of a training to draw; the spans between checkpoints that hold them are replayed.
    #[arg(long, default_value = "4")]
    steps: NonZeroUsize,
    /// Parts of a family to draw, each of as many adapters as share runs; they are trained again, by the threads of its trainer.
    #[arg(long, default_value = "1")]
    parts: NonZeroUsize,
    /// The part with this adapter, or this file of tangents, instead of drawing.
    #[arg(long, conflicts_with_all = ["parts", "seed"])]
    only: Option<String>,
    /// Decides which are drawn; the system's randomness when absent, so that no trainer can foresee it.
    #[arg(long)]
    seed: Option<u64>,
}

impl Verify {
    pub fn run(self, output: Output) -> Result<(), NodeError> {
        let seed = match self.seed {
            Some(seed) => seed,
            None => getrandom::u64().map_err(|error| NodeError::Internal(format!("no randomness: {error}")))?,
        };
        if self.training.join(FAMILY_FILE).exists() { self.family(seed, output) } else { self.transcript(seed, output) }
    }

    fn family(self, seed: u64, output: Output) -> Result<(), NodeError> {
        let family = FamilyRecipe::read(&self.training)?;
        let all = family_parts(&family)?;
        let parts = match &self.only {
            None => draw_parts(all.clone(), self.parts.get(), seed),
            Some(name) => {
                let part = all.iter().find(|part| names(part).contains(name)).cloned();
                let known: Vec<String> = all.iter().flat_map(names).collect();
                let expected = format!("one of {}", known.join(", "));
                let unknown = || TrainError::Recipe { field: "only", value: name.clone(), expected };
                vec![part.ok_or_else(unknown)?]
            }
        };
        let mut source = self.source.source()?;
        source.order.clone_from(&family.contributors);
        source.threads = usize::try_from(family.threads).unwrap_or(usize::MAX);
        let mut opened = source.open(&family.recipe)?;
        let found = rederive(&mut opened, &family, &self.training, &parts)?;
        let root = index_root(&opened, &self.training)?;
        let exact = found.iter().filter(|each| each.exact).count();
        let verdict = if exact == found.len() { "exact" } else { "within tolerance" };
        let digest = hex::encode(family.digest());
        let mut text = format!("family {digest}: {verdict}; {} of {} parts trained again", parts.len(), all.len());
        for Rederived { name, exact, difference } in &found {
            let how =
                if *exact { "byte for byte".to_owned() } else { format!("{difference:.1e} of its difference off") };
            text.push_str(&format!("\n{name}: {how}"));
        }
        if let Some(root) = &root {
            text.push_str(&format!("\nindex {root}: follows from the adapters"));
        }
        let made: Vec<_> = found
            .iter()
            .map(|each| json!({ "name": each.name, "exact": each.exact, "difference": each.difference }))
            .collect();
        let seed = self.only.is_none().then_some(seed);
        let json = json!({
            "family": digest, "verdict": verdict, "parts": all.len(), "made": made, "index": root, "seed": seed,
        });
        print(output, &text, &json);
        Ok(())
    }

    fn transcript(self, seed: u64, output: Output) -> Result<(), NodeError> {
        let transcript = Transcript::read(&self.training)?;
        let mut opened = self.source.source()?.open(transcript.recipe())?;
        let (session, examples) = (&mut opened.session, &opened.examples);
        let found = verify(session, examples, &self.training, self.steps.get(), seed, opened.config.threads)?;
        let digest = hex::encode(transcript.digest());
        let verdict = if found.is_exact() { "exact" } else { "within tolerance" };
        let text = format!(
            "transcript {digest}: {verdict}\n{} of {} steps replayed, {} bit for bit; losses differ by at most {:.2e} nats, \
             replayed states by at most {:.2e} of the way\ntrained on {}; replayed on {}",
            found.replayed,
            found.steps,
            found.exact,
            found.loss_difference,
            found.way_difference,
            found.trained_on,
            found.replayed_on,
        );
        let json = json!({
            "transcript": digest,
            "verdict": verdict,
            "steps": found.steps,
            "replayed": found.replayed,
            "exact": found.exact,
            "loss_difference": found.loss_difference,
            "way_difference": found.way_difference,
            "trained_on": found.trained_on,
            "replayed_on": found.replayed_on,
            "seed": seed,
        });
        print(output, &text, &json);
        Ok(())
    }
}

/// The root of the index beside a family, built again from all of its adapters: the same integers on every machine. `None` without one.
fn index_root(opened: &Opened, folder: &Path) -> Result<Option<String>, NodeError> {
    let file = folder.join(INDEX_FILE);
    if !file.exists() {
        return Ok(None);
    }
    let stored = Index::read(&file)?;
    let family = Family::read(folder).map_err(IndexError::from)?;
    let again = Index::build(&opened.session, &family, stored.dimensions())?;
    if again.arranged(stored.contributors.iter().map(String::as_str))? != stored {
        return Err(TrainError::Family { reason: format!("{INDEX_FILE} does not follow from its adapters") }.into());
    }
    Ok(Some(hex::encode(stored.facts().root)))
}

/// Names by which a part of a family is asked for.
fn names(part: &FamilyPart) -> Vec<String> {
    match part {
        FamilyPart::Adapters(variants) => variants.iter().map(|variant| variant.name.clone()).collect(),
        FamilyPart::Tail(number) => vec![tail_file(*number)],
    }
}
