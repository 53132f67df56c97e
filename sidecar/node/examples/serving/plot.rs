//! The table's speeds as bars.

use std::{error::Error, path::Path};

use crate::{
    bars::{self, Bar, Panel},
    cases::{Case, Side},
    results::{Results, Spread},
    spec::Way,
};

/// Width of the cases' names, in pixels.
const NAMES: i32 = 470;

/// Draws a panel for each shape and number of clients.
pub fn write(path: &Path, cases: &[Case], results: &Results) -> Result<(), Box<dyn Error>> {
    let mut panels: Vec<Panel> = Vec::new();
    for case in cases {
        let Some(speed) = Spread::of(results.speeds(case.key)) else { continue };
        let title = format!("{}, {} clients: tokens a second", case.shape, case.clients);
        let bar = bar(case, &speed);
        match panels.iter_mut().find(|panel| panel.title == title) {
            Some(panel) => panel.bars.push(bar),
            None => panels.push(Panel { title, bars: vec![bar] }),
        }
    }
    bars::write(path, NAMES, &panels)
}

fn bar(case: &Case, speed: &Spread) -> Bar {
    let adapters = match case.registered {
        0 => "no adapter".to_owned(),
        registered => format!("{registered} adapters, {:?}", case.popularity).to_lowercase(),
    };
    let once = if case.rounds == 1 { ", each once" } else { "" };
    let side = match case.side {
        Side::Ours(Way::Engine | Way::Plain) => bars::Side::Ours,
        Side::Ours(Way::Paid | Way::Attributed) => bars::Side::OursToo,
        Side::Peft | Side::Genai | Side::Llama => bars::Side::Theirs,
    };
    Bar {
        name: format!("{}: {adapters}{once}", case.side.name()),
        side,
        low: speed.low,
        value: speed.median,
        high: speed.high,
        label: format!("{:.0}", speed.median),
    }
}
