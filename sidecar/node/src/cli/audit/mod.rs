//! `openledger audit`: finished answers, measured by the adapters of a family.

mod report;

use std::{
    ops::ControlFlow,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use openledger_attribution::{Family, Measurement};
use openledger_jobs::{
    Answered, Ask, AuditEngine, AuditJob, AuditPlaces, Instrument, JobsError, Progress, audit_digest, gather,
};
use serde_json::json;

use super::{
    Output, blocking,
    family::FamilyArgs,
    print,
    queue::{Ended, Line, QueueArgs, for_workers},
    stop_flag,
};
use crate::error::NodeError;
use report::Report;

/// Needs no home and no chain.
#[derive(Debug, Args)]
pub struct Audit {
    #[command(flatten)]
    by: FamilyArgs,
    /// The answers, a JSON object on each line: {"prompt": "...", "answer": "..."}, or the tokens of both as {"prompt_tokens": [...],
    /// "answer_tokens": [...]}.
    #[arg(long)]
    answers: PathBuf,
    /// Write what was measured into this file, an object for each answer on its line.
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    queue: QueueArgs,
}

/// What is asked: by whom, about which answers.
struct Asked {
    family: Family,
    instrument: Instrument,
    answers: Vec<Answered>,
}

impl Audit {
    pub async fn run(self, output: Output) -> Result<(), NodeError> {
        let stop = stop_flag()?;
        let (by, file) = (self.by, self.answers);
        let places = AuditPlaces {
            model: for_workers(&by.model)?,
            family: for_workers(&by.family)?,
            answers: for_workers(&file)?,
        };
        let opened = blocking(move || open(&by, &places).map(|(engine, asked)| (engine, asked, places))).await?;
        let (engine, asked, places) = opened;
        let measured = if self.queue.is_given() {
            // Workers start their own.
            blocking(move || {
                drop(engine);
                Ok(())
            })
            .await?;
            queued(self.queue.open(&places.family).await?, &asked, &places, &stop, output).await?
        } else {
            let (family, answers) = (asked.family.clone(), asked.answers.clone());
            blocking(move || in_process(engine, family, &answers, &stop, output)).await?
        };
        let Some(measured) = measured else { return Ok(()) };
        let digest = audit_digest(&asked.instrument, &asked.answers, &measured);
        let report = Report::of(&asked.family, &asked.instrument, digest, &measured)?;
        if let Some(out) = &self.out {
            report.write(out)?;
        }
        print(output, &report.text(self.out.as_deref()), &report.json(self.out.as_deref()));
        Ok(())
    }
}

/// Loads the base and reads family and answers.
fn open(by: &FamilyArgs, places: &AuditPlaces) -> Result<(AuditEngine, Asked), NodeError> {
    // Before the base: what cannot be measured is not worth loading.
    let family = Family::read(&by.family).map_err(JobsError::from)?;
    family.check_whole().map_err(JobsError::from)?;
    let threads = u32::try_from(by.threads()).unwrap_or(u32::MAX);
    let engine = AuditEngine::start(&by.model, threads, by.ort_library.clone())?;
    let (instrument, answers) = (engine.instrument(&family)?, engine.answers(&places.answers)?);
    Ok((engine, Asked { family, instrument, answers }))
}

/// Measures here; `None` when it was stopped.
fn in_process(
    engine: AuditEngine,
    family: Family,
    answers: &[Answered],
    stop: &AtomicBool,
    output: Output,
) -> Result<Option<Vec<Measurement>>, NodeError> {
    let auditor = engine.with(family)?;
    let bar = ProgressBar::new(u64::try_from(answers.len()).unwrap_or(u64::MAX));
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} answers, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let measured = auditor.measure(answers, |progress: &Progress| {
        bar.set_position(u64::try_from(progress.step).unwrap_or(u64::MAX));
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.abandon();
    match measured {
        Ok(measured) => Ok(Some(measured)),
        Err(JobsError::Stopped) => {
            let text = "stopped; the next run begins anew. With --queue finished parts are kept";
            print(output, text, &json!({ "finished": false }));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Lets the workers of a queue measure; `None` when nobody waits for them.
async fn queued(
    line: Line,
    asked: &Asked,
    places: &AuditPlaces,
    stop: &AtomicBool,
    output: Output,
) -> Result<Option<Vec<Measurement>>, NodeError> {
    let parts = Arc::new(AuditJob::parts(&asked.instrument, &asked.answers, places));
    let ask = Ask::audit(line.queue.clone(), line.results.clone(), &parts);
    loop {
        if let Ended::Asked { jobs, queue } = line.ask(&ask, stop).await? {
            let text = Ended::text(jobs, &queue, "the measurements");
            print(output, &text, &json!({ "finished": false, "queue": queue, "jobs": jobs }));
            return Ok(None);
        }
        let (results, parts, family) = (line.results.clone(), Arc::clone(&parts), asked.family.clone());
        // A result that was damaged is gone now, and is asked for again.
        if let Some(measured) = blocking(move || Ok(gather(&results, &parts, &family)?)).await? {
            return Ok(Some(measured));
        }
    }
}
