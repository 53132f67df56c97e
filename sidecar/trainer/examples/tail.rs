//! What a tail costs in exactness: a family that was trained without each contributor, beside one of the same recipe with a tail.
//!
//! `cargo run -p openledger-trainer --example tail -- --model M --datanet D --whole FAMILY --tailed FAMILY`

use std::{error::Error, path::PathBuf};

use clap::Parser;
use openledger_attribution::{
    Family,
    index::{Answer, Calibration, DEFAULT_DIMENSIONS, Index, Secants, calibrate},
};
use openledger_corpus::Datanet;
use openledger_engine::gradient::{GradientConfig, GradientSession, stored_targets};

#[derive(Parser)]
struct Args {
    /// Folder of the base.
    #[arg(long)]
    model: PathBuf,
    /// Rows that both families were trained on; at most 48 of them are attributed.
    #[arg(long)]
    datanet: PathBuf,
    /// Family with an adapter for every contributor.
    #[arg(long)]
    whole: PathBuf,
    /// Family with a tail.
    #[arg(long)]
    tailed: PathBuf,
    /// Threads of one operator.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let (whole, tailed) = (Family::read(&args.whole)?, Family::read(&args.tailed)?);
    let targets = stored_targets(&whole.full.folder)?;
    let config = GradientConfig { model_dir: args.model, ort_library: None, threads: args.threads, targets };
    let mut session = GradientSession::open(&config)?;
    let (truth, found) = (Secants::read(&session, &whole)?, Secants::read(&session, &tailed)?);
    if truth.contributors != found.contributors || truth.served != found.served {
        return Err("these are not families of one recipe".into());
    }
    println!(
        "| contributor | rows | cosine of tangent and secant | length of the tangent over the secant's |\n|---|---|---|---|"
    );
    let mut cosines = Vec::new();
    for tangent in &tailed.tail {
        let (own, other) = (&found.clusters[tangent.place], &truth.clusters[tangent.place]);
        let (cosine, length) =
            (dot(own, other) / (dot(own, own) * dot(other, other)).sqrt(), (dot(own, own) / dot(other, other)).sqrt());
        cosines.push(cosine);
        let rows = tangent.rows.unwrap_or_default();
        println!("| {} | {rows} | {cosine:.3} | {length:.3} |", tangent.contributor);
    }
    cosines.sort_by(f64::total_cmp);
    println!("\nmedian cosine {:.3}", cosines[cosines.len() / 2]);
    let datanet = Datanet::load(&args.datanet)?;
    let mut tokens = Vec::new();
    for row in datanet.contributions.iter().flat_map(|contribution| &contribution.rows) {
        tokens.push((session.encode(row.prompt())?, session.encode_completion(row.completion())?));
    }
    let answers: Vec<Answer<'_>> = tokens.iter().map(|(prompt, response)| Answer { prompt, response }).collect();
    // Both against the adapters without each contributor, the tail's among them.
    for (name, secants) in [("secants", &truth), ("secants and tangents", &found)] {
        let index = Index::of(secants, session.model().base_digest, DEFAULT_DIMENSIONS)?;
        let Calibration { best, answers, .. } = calibrate(&mut session, &whole, &index, &answers)?;
        println!("{name}: payout error {:.3} at {} on {answers} answers", best.payout_error, best.point);
    }
    Ok(())
}

fn dot(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
}
