//! How many draws rows' tangents need, where the gradient is best taken, and what the contributors' secants correct: rows' scores against
//! retraining without random tenths.

use std::error::Error;

use openledger_trainer::reconcile;

use crate::{
    beside::{Beside, best_of_each},
    family::Family,
    metrics::lds,
    ours::{Method, differentiate, dot},
    peers,
    setting::Setting,
    truth::tenths,
};

/// Parts of the sum of all rows' tangents that are taken off the adapter. A subset lacks a tenth of it.
const PARTS: [f32; 4] = [0.0, 0.05, 0.1, 0.15];

/// Measures each of them on the questions of the setting, and the last beside some peers.
pub fn report(setting: &Setting, draws: &[u32], peers: Option<&[String]>) -> Result<String, Box<dyn Error>> {
    let truth = tenths(setting)?;
    let everything: Vec<usize> = (0..setting.questions.len()).collect();
    let mut session = setting.session()?;
    let head = PARTS.map(|part| format!(" less {part} |")).concat();
    let mut out =
        format!("| draws |{head} held to secants | build, ms a row |\n|---|{}---|---|\n", "---|".repeat(PARTS.len()));
    let secants = Family::of(setting)?.secants(setting);
    let mut held = Vec::new();
    for &draws in draws {
        let (mut vectors, seconds) = differentiate(setting, (0..setting.examples.len()).collect(), draws)?;
        let mut scores = |vectors: &[Vec<f32>], part: f32| -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
            let mut moved = setting.state.parameters.clone();
            for vector in vectors.iter().filter(|_| part != 0.0) {
                moved.iter_mut().zip(vector).for_each(|(value, way)| *value -= part * way);
            }
            let asked = setting.ask(&mut session, &moved)?;
            let score = |(_, gradient): &(f64, Vec<f32>)| vectors.iter().map(|vector| dot(gradient, vector)).collect();
            Ok(asked.iter().map(score).collect())
        };
        let mut cells = String::new();
        for part in PARTS {
            cells.push_str(&format!(" {} |", lds(&scores(&vectors, part)?, &everything, &truth)));
        }
        reconcile(&mut vectors, &setting.rows(), &secants)?;
        held = scores(&vectors, 0.0)?;
        cells.push_str(&format!(" {} |", lds(&held, &everything, &truth)));
        let row = format!("| {draws} |{cells} {:.1} |\n", seconds * 1e3 / setting.examples.len() as f64);
        eprint!("{row}");
        out.push_str(&row);
    }
    if peers.is_some() {
        let own = Method::of_rows(setting, "held to secants", everything, held);
        let others = peers::all(setting, peers)?;
        out.push_str(&format!("\n{}", Beside::to_markdown(&Beside::all(&own, &best_of_each(&others, &truth), &truth))));
    }
    Ok(out)
}
