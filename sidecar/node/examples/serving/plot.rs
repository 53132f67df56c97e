//! The table's speeds as bars.

use std::{error::Error, path::Path};

use plotters::{
    prelude::{Color, IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend, Text, WHITE},
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::{
    cases::{Case, Side},
    results::{Results, Spread},
    spec::Way,
};

const WIDTH: i32 = 1000;
/// Of one bar with the room around it.
const ROW: i32 = 24;
/// Where the bars begin.
const LEFT: i32 = 470;
/// Room for the number behind the longest bar.
const RIGHT: i32 = 70;
/// Height of a heading.
const HEAD: i32 = 36;

const INK: RGBColor = RGBColor(40, 40, 40);
/// Engine, gRPC, others.
const FILLS: [RGBColor; 3] = [RGBColor(31, 119, 180), RGBColor(44, 160, 44), RGBColor(170, 170, 170)];

/// Bars of one model, drawn to one scale.
struct Panel<'c> {
    title: String,
    bars: Vec<(&'c Case, Spread)>,
}

/// Draws a panel for each shape and number of clients.
pub fn write(path: &Path, cases: &[Case], results: &Results) -> Result<(), Box<dyn Error>> {
    let panels = panels(cases, results);
    let rows: usize = panels.iter().map(|panel| panel.bars.len()).sum();
    let height = panels.len() as i32 * HEAD + rows as i32 * ROW + ROW;
    let area = SVGBackend::new(path, (WIDTH as u32, u32::try_from(height)?)).into_drawing_area();
    area.fill(&WHITE)?;
    let font = |size: i32| ("sans-serif", size).into_font().color(&INK);
    let mut y = 0;
    for panel in &panels {
        area.draw(&Text::new(panel.title.clone(), (12, y + 14), font(16)))?;
        y += HEAD;
        let most = panel.bars.iter().map(|(_, speed)| speed.high).fold(1.0, f64::max);
        let x = |speed: f64| LEFT + (f64::from(WIDTH - LEFT - RIGHT) * speed / most) as i32;
        for (case, speed) in &panel.bars {
            let middle = y + ROW / 2;
            let right = font(13).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(label(case), (LEFT - 8, middle), right))?;
            let fill = FILLS[match case.side {
                Side::Ours(Way::Engine | Way::Plain) => 0,
                Side::Ours(Way::Paid | Way::Attributed) => 1,
                Side::Peft | Side::Genai | Side::Llama => 2,
            }];
            area.draw(&Rectangle::new([(LEFT, y + 4), (x(speed.median), y + ROW - 4)], fill.filled()))?;
            area.draw(&PathElement::new(vec![(x(speed.low), middle), (x(speed.high), middle)], INK))?;
            let left = font(13).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(format!("{:.0}", speed.median), (x(speed.high) + 6, middle), left))?;
            y += ROW;
        }
    }
    area.present()?;
    Ok(())
}

fn panels<'c>(cases: &'c [Case], results: &Results) -> Vec<Panel<'c>> {
    let mut panels: Vec<Panel<'c>> = Vec::new();
    for case in cases {
        let Some(speed) = Spread::of(results.speeds(case.key)) else { continue };
        let title = format!("{}, {} clients: tokens a second", case.shape, case.clients);
        match panels.iter_mut().find(|panel| panel.title == title) {
            Some(panel) => panel.bars.push((case, speed)),
            None => panels.push(Panel { title, bars: vec![(case, speed)] }),
        }
    }
    panels
}

fn label(case: &Case) -> String {
    let adapters = match case.registered {
        0 => "no adapter".to_owned(),
        registered => format!("{registered} adapters, {:?}", case.popularity).to_lowercase(),
    };
    let once = if case.rounds == 1 { ", each once" } else { "" };
    format!("{}: {adapters}{once}", case.side.name())
}
