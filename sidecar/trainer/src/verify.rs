//! Replaying a transcript.
//!
//! What the head says of base, rows, recipe, order and initial state is recomputed. Then steps are drawn, and the spans
//! between stored checkpoints that hold them are replayed from the earlier checkpoint to the later.
//!
//! A machine of the same class (processor, ONNX Runtime, threads) finds the same bits: every state digest of the
//! span. Another one rounds differently, and then digests say nothing: the span's losses and its last state are compared within
//! tolerance instead. A span whose last state is equal bit for bit was replayed on the same class, so a digest or loss that
//! differs inside it is a lie.

use std::path::Path;

use openledger_engine::gradient::GradientSession;
use sha2::{Digest, Sha256};

use crate::{
    Checkpoint, Examples, TrainError, TrainState, Training, Transcript, Weights,
    adamw::norm,
    files,
    peft::{CONFIG, WEIGHTS},
    random::Stream,
    training::nano,
};

/// Largest difference of a replayed loss, in nano-nats: a ten-thousandth of a nat. Other rounding was found to move the
/// losses of 300 steps by less than 2e-6 nats.
const LOSS_TOLERANCE: i64 = 100_000;
/// Largest distance of a replayed span's last parameters, as part of the way that the span went. Other rounding was
/// found to move 300 steps by 1e-5 of their way.
const WAY_TOLERANCE: f64 = 1e-3;
const MAX_ADAPTER_BYTES: u64 = 2 << 30;
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// What a replay found; the transcript holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Verification {
    /// Steps of the transcript.
    pub steps: u64,
    /// Steps that were replayed.
    pub replayed: u64,
    /// Of these, steps whose whole state came out bit for bit.
    pub exact: u64,
    /// Largest difference of a loss, in nats.
    pub loss_difference: f64,
    /// Largest distance of a span's last parameters over the way that the span went.
    pub way_difference: f64,
    /// Threads, ONNX Runtime's version and machine of the trainer.
    pub trained_on: String,
    /// The same of this replay.
    pub replayed_on: String,
}

impl Verification {
    /// Whether every replayed state is equal bit for bit; not so when none was replayed, which says nothing.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.replayed > 0 && self.replayed == self.exact
    }
}

/// Checks the transcript of a training's folder against base and rows, and replays the spans of `steps` drawn steps;
/// `seed` decides which. `threads` is what the session was opened with.
///
/// # Errors
/// [`TrainError::Refuted`] with the step for a transcript that does not hold, [`TrainError::File`] for missing or
/// damaged files, and errors of the model.
pub fn verify(
    session: &mut GradientSession,
    examples: &Examples,
    folder: &Path,
    steps: usize,
    seed: u64,
    threads: usize,
) -> Result<Verification, TrainError> {
    let transcript = Transcript::read(folder)?;
    let mut training = Training::begin(session, examples, transcript.recipe(), threads)?;
    if let Some(what) = transcript.difference(training.transcript()) {
        return Err(TrainError::refuted(None, format!("{what} is not what it says")));
    }
    let total = transcript.steps().len();
    if total != training.steps() {
        return Err(TrainError::refuted(None, format!("it has {total} steps, its recipe {}", training.steps())));
    }
    let spans = spans(folder, total)?;
    let show = |(threads, runtime, machine): (u32, &str, &str)| {
        format!("{machine}, ONNX Runtime {runtime}, {threads} threads")
    };
    let mut report = Verification {
        steps: count(total),
        replayed: 0,
        exact: 0,
        loss_difference: 0.0,
        way_difference: 0.0,
        trained_on: show(transcript.environment()),
        replayed_on: show(training.transcript().environment()),
    };
    let initial = training.state().clone();
    for (start, end) in drawn(&spans, total, steps, seed) {
        let from = if start == 0 { initial.clone() } else { stored(folder, start, &transcript)? };
        let to = stored(folder, end, &transcript)?;
        replay(&mut training, &transcript, (from, &to), (start, end), &mut report)?;
    }
    training.replace(stored(folder, total, &transcript)?)?;
    check_adapter(&training, &transcript, folder)?;
    Ok(report)
}

/// Steps between neighbouring checkpoints; the last is the training's end.
fn spans(folder: &Path, total: usize) -> Result<Vec<(usize, usize)>, TrainError> {
    let listed = Checkpoint::list(folder)?;
    let ends: Vec<usize> =
        listed.into_iter().filter_map(|step| usize::try_from(step).ok()).filter(|&step| step > 0).collect();
    if ends.last() != Some(&total) {
        return Err(TrainError::file(folder, "the checkpoint of the last step is missing; ask the trainer for it"));
    }
    Ok(std::iter::once(0).chain(ends.iter().copied()).zip(ends.iter().copied()).collect())
}

/// The spans that hold drawn steps, ascending, each once.
fn drawn(spans: &[(usize, usize)], total: usize, steps: usize, seed: u64) -> Vec<(usize, usize)> {
    let mut stream = Stream::new("training-replay", &seed.to_be_bytes());
    let picks: Vec<usize> = if steps >= total {
        (0..total).collect()
    } else {
        (0..steps).filter_map(|_| usize::try_from(stream.below(count(total))).ok()).collect()
    };
    spans.iter().copied().filter(|(start, end)| picks.iter().any(|pick| (start..end).contains(&pick))).collect()
}

/// A checkpoint that the transcript commits to.
fn stored(folder: &Path, step: usize, transcript: &Transcript) -> Result<TrainState, TrainError> {
    let state = Checkpoint::read(folder, count(step))?.state;
    let told = step.checked_sub(1).and_then(|at| transcript.steps().get(at)).map(|step| step.state_digest);
    if told == Some(state.digest()) {
        return Ok(state);
    }
    Err(TrainError::refuted(Some(count(step)), "the stored checkpoint is not the state that it names"))
}

fn replay(
    training: &mut Training<'_>,
    transcript: &Transcript,
    (from, to): (TrainState, &TrainState),
    (start, end): (usize, usize),
    report: &mut Verification,
) -> Result<(), TrainError> {
    if from.parameters.len() != to.parameters.len() {
        return Err(TrainError::refuted(Some(count(end)), "its state is of another size than the one before"));
    }
    let way = distance(&from.parameters, &to.parameters);
    training.replace(from)?;
    // Step, whether its state came out bit for bit, and how far its loss is off, in nano-nats.
    let mut found = Vec::with_capacity(end.saturating_sub(start));
    for told in transcript.steps().get(start..end).unwrap_or_default() {
        let Some(progress) = training.step()? else { break };
        let same = training.state().digest() == told.state_digest;
        found.push((count(progress.step), same, nano(progress.loss).saturating_sub(told.loss).saturating_abs()));
    }
    let off = distance(&training.state().parameters, &to.parameters);
    let same_class = training.state() == to;
    for &(step, same, loss) in &found {
        if same_class && !(same && loss == 0) {
            let reason = "state or loss is not what the step gives; the steps around it are exact";
            return Err(TrainError::refuted(Some(step), reason));
        }
        if loss > LOSS_TOLERANCE {
            let reason = format!("the loss is off by {loss} nano-nats, beyond {LOSS_TOLERANCE}");
            return Err(TrainError::refuted(Some(step), reason));
        }
        report.loss_difference = report.loss_difference.max(nats(loss));
        report.replayed = report.replayed.saturating_add(1);
        report.exact = report.exact.saturating_add(u64::from(same));
    }
    let part = if off == 0.0 { 0.0 } else { off / way };
    if part > WAY_TOLERANCE || part.is_nan() {
        let reason =
            format!("the state after it is {part:.1e} of the way from step {start} off, beyond {WAY_TOLERANCE}");
        return Err(TrainError::refuted(Some(count(end)), reason));
    }
    report.way_difference = report.way_difference.max(part);
    Ok(())
}

/// The adapter is the last state, in one of the element types it may be stored in.
fn check_adapter(training: &Training<'_>, transcript: &Transcript, folder: &Path) -> Result<(), TrainError> {
    if !training.writes(&files::read(&folder.join(CONFIG), MAX_CONFIG_BYTES)?) {
        return Err(TrainError::refuted(None, format!("{CONFIG} is not that of its recipe")));
    }
    let path = folder.join(WEIGHTS);
    let file: [u8; 32] = Sha256::digest(files::read(&path, MAX_ADAPTER_BYTES)?).into();
    if file[..] != *transcript.adapter_digest() {
        return Err(TrainError::refuted(None, format!("{WEIGHTS} is not the adapter that it names")));
    }
    for weights in [Weights::Float32, Weights::Bfloat16] {
        let bytes = training.adapter(weights).map_err(|error| TrainError::file(&path, error))?;
        if Sha256::digest(bytes)[..] == file {
            return Ok(());
        }
    }
    Err(TrainError::refuted(None, "the adapter is not the state after the last step"))
}

fn distance(left: &[f32], right: &[f32]) -> f64 {
    norm(&left.iter().zip(right).map(|(left, right)| left - right).collect::<Vec<f32>>())
}

fn count(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

#[allow(clippy::cast_precision_loss)]
fn nats(nano: i64) -> f64 {
    nano as f64 * 1e-9
}
