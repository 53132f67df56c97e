//! Figures of methods as bars with their intervals.

use std::{error::Error, path::Path};

use plotters::{
    prelude::{Color, IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend, Text, WHITE},
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::metrics::Figure;

const WIDTH: i32 = 900;
/// Of one bar with the room around it.
const ROW: i32 = 24;
/// Where the bars begin.
const LEFT: i32 = 300;
/// Room for the number behind the longest bar.
const RIGHT: i32 = 70;
/// Height of a heading.
const HEAD: i32 = 36;

const INK: RGBColor = RGBColor(40, 40, 40);
const OURS: RGBColor = RGBColor(31, 119, 180);
const PEERS: RGBColor = RGBColor(170, 170, 170);

/// One method's bar.
pub struct Bar {
    pub name: String,
    pub peer: bool,
    pub figure: Figure,
}

/// Bars that are drawn to one scale.
pub struct Panel {
    pub title: String,
    pub bars: Vec<Bar>,
}

/// Draws panels below each other. What is below zero is drawn as zero.
pub fn write(path: &Path, panels: &[Panel]) -> Result<(), Box<dyn Error>> {
    let rows: usize = panels.iter().map(|panel| panel.bars.len()).sum();
    let height = panels.len() as i32 * HEAD + rows as i32 * ROW + ROW;
    let area = SVGBackend::new(path, (WIDTH as u32, u32::try_from(height)?)).into_drawing_area();
    area.fill(&WHITE)?;
    let font = |size: i32| ("sans-serif", size).into_font().color(&INK);
    let mut y = 0;
    for panel in panels {
        area.draw(&Text::new(panel.title.clone(), (12, y + 14), font(16)))?;
        y += HEAD;
        let most = panel.bars.iter().map(|bar| bar.figure.high).fold(f64::MIN_POSITIVE, f64::max);
        let x = |value: f64| LEFT + (f64::from(WIDTH - LEFT - RIGHT) * value.max(0.0) / most) as i32;
        for Bar { name, peer, figure } in &panel.bars {
            let middle = y + ROW / 2;
            let right = font(13).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(name.clone(), (LEFT - 8, middle), right))?;
            let fill = if *peer { PEERS } else { OURS };
            area.draw(&Rectangle::new([(LEFT, y + 4), (x(figure.mean), y + ROW - 4)], fill.filled()))?;
            area.draw(&PathElement::new(vec![(x(figure.low), middle), (x(figure.high), middle)], INK))?;
            let left = font(13).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(format!("{:.2}", figure.mean), (x(figure.high) + 6, middle), left))?;
            y += ROW;
        }
    }
    area.present()?;
    Ok(())
}
