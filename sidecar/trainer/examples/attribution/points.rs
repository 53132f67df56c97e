//! Where an answer's gradient is taken: at the adapter, on the way back to the base, or halfway to where contributors would
//! have left it. What a contributor's absence costs is not linear, and a gradient in the middle of the way sees the bend.

use std::error::Error;

use openledger_attribution::index::{Calibration, Index, agreement::spearman};

use crate::{
    family::Family,
    metrics::{Figure, lds, payout_error},
    ours::{dot, paid, scan},
    planted::Planted,
    setting::{Asked, Setting},
    truth::contributors,
};

/// Strengths of the adapter in hundredths: B A x times so much, by B alone.
const STRENGTHS: [u8; 7] = [95, 90, 85, 80, 70, 50, 25];
/// Parts of the sum of all secants that are taken off the adapter.
const PARTS: [f32; 4] = [0.125, 0.25, 0.5, 1.0];

/// One way to ask.
struct Point {
    name: String,
    /// Gradients that an answer costs.
    gradients: usize,
    /// Spearman's correlation with the real losses.
    order: Figure,
    /// Contributor LDS: the same order where a random half of the contributors is gone.
    halves: Figure,
    /// Payout error of exact products, and of the index.
    exact: Figure,
    rounded: Figure,
}

/// Measures all of them on the questions of the setting, against leaving each contributor out.
pub fn report(setting: &Setting) -> Result<String, Box<dyn Error>> {
    let family = Family::of(setting)?;
    let mut session = setting.session()?;
    let full = setting.ask(&mut session, &setting.state.parameters)?;
    let mut truth = vec![Vec::new(); full.len()];
    for parameters in &family.without {
        let without = setting.ask(&mut session, parameters)?;
        for ((losses, (with, _)), (without, _)) in truth.iter_mut().zip(&full).zip(without) {
            losses.push(with - without);
        }
    }
    let index = family.index(setting)?;
    let secants = family.secants(setting);
    let halves = contributors(setting)?.by_contributor(setting);
    let everyone: Vec<usize> = (0..setting.questions.len()).collect();
    let judge = |name: String, gradients: usize, asked: &Asked| -> Result<Point, Box<dyn Error>> {
        let rounded = scan(&index, asked)?;
        let halves = lds(&rounded, &everyone, &halves);
        judge(name, gradients, halves, &truth, &products(asked, &secants), &rounded)
    };
    let mut points = vec![judge("the adapter".to_owned(), 1, &full)?];
    for strength in STRENGTHS {
        let asked = setting.ask(&mut session, &weakened(setting, strength))?;
        points.push(judge(format!("{strength} % of its strength"), 1, &asked)?);
        if strength == 85 {
            points.push(judge("mean of 100 and 85 %".to_owned(), 2, &mean(&full, &asked))?);
        }
    }
    let everything = vec![1.0; secants.len()];
    for part in PARTS {
        let moved = displaced(setting, &secants, &everything, part);
        let asked = setting.ask(&mut session, &moved)?;
        points.push(judge(format!("the adapter less {part} of the sum of all secants"), 1, &asked)?);
    }
    let (asked, calibration) = family.at_query_point(setting)?;
    let name = format!("where calibration on rows finds it: {}", calibration.best.point);
    points.push(judge(name, 1, &asked)?);
    let scores = scan(&index, &full)?;
    for part in [0.25, 0.5] {
        let moved: Vec<Vec<f32>> =
            scores.iter().map(|scores| displaced(setting, &secants, &shares(scores), part)).collect();
        let asked = setting.ask_each(&mut session, &moved)?;
        points.push(judge(format!("less {part} of its own contributors' secants, by first share"), 2, &asked)?);
    }
    let base = setting.ask(&mut session, &vec![0.0; setting.layout.len])?;
    let fees = full
        .iter()
        .zip(&base)
        .map(|((log_prob, gradient), (before, _))| paid(&index, gradient, *log_prob, log_prob - before));
    let fees = fees.collect::<Result<Vec<_>, _>>()?;
    let planted = Planted::all(setting.examples.contributors(), &scores, &fees);
    Ok(to_markdown(setting, &index, &points) + &tried(&calibration) + &Planted::to_markdown(&planted))
}

fn tried(calibration: &Calibration) -> String {
    let mut out = format!(
        "Calibration, on {} rows: part of the contributor fee that the index divides otherwise than the audit lane.\n\n\
         | point | with the noise floor | without it |\n|---|---|---|\n",
        calibration.answers
    );
    for tried in &calibration.tried {
        out.push_str(&format!("| {} | {:.3} | {:.3} |\n", tried.point, tried.payout_error, tried.without_floor));
    }
    out + "\n"
}

fn judge(
    name: String,
    gradients: usize,
    halves: Figure,
    truth: &[Vec<f64>],
    exact: &[Vec<f64>],
    rounded: &[Vec<f64>],
) -> Result<Point, Box<dyn Error>> {
    let errors = |scores: &[Vec<f64>]| -> Vec<f64> {
        scores.iter().zip(truth).map(|(scores, losses)| payout_error(scores, losses)).collect()
    };
    let order: Vec<f64> =
        rounded.iter().zip(truth).map(|(scores, losses)| spearman(scores, losses).unwrap_or(0.0)).collect();
    let (exact, rounded) = (Figure::of(&errors(exact)), Figure::of(&errors(rounded)));
    Ok(Point { name, gradients, order: Figure::of(&order), halves, exact, rounded })
}

fn products(asked: &Asked, secants: &[Vec<f32>]) -> Vec<Vec<f64>> {
    asked.iter().map(|(_, gradient)| secants.iter().map(|secant| dot(gradient, secant)).collect()).collect()
}

fn weakened(setting: &Setting, strength: u8) -> Vec<f32> {
    let mut parameters = setting.state.parameters.clone();
    for (_, b) in &setting.layout.modules {
        parameters[b.clone()].iter_mut().for_each(|value| *value *= f32::from(strength) / 100.0);
    }
    parameters
}

/// The adapter less a part of some secants, each with a weight of its own.
fn displaced(setting: &Setting, secants: &[Vec<f32>], weights: &[f32], part: f32) -> Vec<f32> {
    let mut parameters = setting.state.parameters.clone();
    for (secant, weight) in secants.iter().zip(weights) {
        parameters.iter_mut().zip(secant).for_each(|(value, way)| *value -= part * weight * way);
    }
    parameters
}

/// Positive scores over the largest, so that the contributor who weighs most is gone halfway and the others in proportion.
fn shares(scores: &[f64]) -> Vec<f32> {
    let largest = scores.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    scores.iter().map(|score| (score.max(0.0) / largest) as f32).collect()
}

fn mean(left: &Asked, right: &Asked) -> Asked {
    let middle = |left: &[f32], right: &[f32]| left.iter().zip(right).map(|(a, b)| (a + b) / 2.0).collect();
    left.iter().zip(right).map(|((log_prob, left), (_, right))| (*log_prob, middle(left, right))).collect()
}

fn to_markdown(setting: &Setting, index: &Index, points: &[Point]) -> String {
    let mut out = format!(
        "{} rows of {} contributors, {} questions; {} directions in {} dimensions; digest {}.\n\n\
         | gradient taken at | gradients an answer | leave-one-contributor-out | contributor LDS | payout error, exact products | payout error, index |\n\
         |---|---|---|---|---|---|\n",
        setting.examples.len(),
        setting.examples.contributors().len(),
        setting.questions.len(),
        index.projection.dimensions(),
        index.dimensions(),
        setting.digest,
    );
    for Point { name, gradients, order, halves, exact, rounded } in points {
        out.push_str(&format!("| {name} | {gradients} | {order} | {halves} | {exact} | {rounded} |\n"));
    }
    out + "\n"
}
