//! How many draws rows' tangents need, and where the gradient is best taken: rows' scores against retraining without random tenths.

use std::error::Error;

use crate::{
    metrics::{Figure, lds},
    ours::{differentiate, dot},
    setting::Setting,
    truth::tenths,
};

/// Parts of the sum of all rows' tangents that are taken off the adapter. A subset lacks a tenth of it.
const PARTS: [f32; 4] = [0.0, 0.05, 0.1, 0.15];

/// Measures each of them on the questions of the setting.
pub fn report(setting: &Setting, draws: &[u32]) -> Result<String, Box<dyn Error>> {
    let truth = tenths(setting)?;
    let everything: Vec<usize> = (0..setting.questions.len()).collect();
    let mut session = setting.session()?;
    let head = PARTS.map(|part| format!(" less {part} |")).concat();
    let mut out = format!("| draws |{head} build, ms a row |\n|---|{}---|\n", "---|".repeat(PARTS.len()));
    for &draws in draws {
        let (vectors, seconds) = differentiate(setting, (0..setting.examples.len()).collect(), draws)?;
        let mut cells = String::new();
        for part in PARTS {
            let mut moved = setting.state.parameters.clone();
            for vector in &vectors {
                moved.iter_mut().zip(vector).for_each(|(value, way)| *value -= part * way);
            }
            let asked = setting.ask(&mut session, &moved)?;
            let score = |(_, gradient): &(f64, Vec<f32>)| vectors.iter().map(|vector| dot(gradient, vector)).collect();
            let scores: Vec<Vec<f64>> = asked.iter().map(score).collect();
            let figure: Figure = lds(&scores, &everything, &truth);
            cells.push_str(&format!(" {figure} |"));
        }
        let row = format!("| {draws} |{cells} {:.1} |\n", seconds * 1e3 / setting.examples.len() as f64);
        eprint!("{row}");
        out.push_str(&row);
    }
    Ok(out)
}
