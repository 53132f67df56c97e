//! Figures as bars with their intervals. The benchmark of serving draws with it too.

use std::{error::Error, path::Path};

use plotters::{
    prelude::{Color, IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend, Text, WHITE},
    style::text_anchor::{HPos, Pos, VPos},
};

/// Room for the bars with the number behind the longest.
const WIDTH: i32 = 600;
/// Of one bar with the room around it.
const ROW: i32 = 24;
/// Room for the number behind the longest bar.
const RIGHT: i32 = 70;
/// Height of a heading.
const HEAD: i32 = 36;

const INK: RGBColor = RGBColor(40, 40, 40);

/// What a bar is coloured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Ours,
    /// Ours in another way.
    #[allow(dead_code, reason = "not every benchmark has one")]
    OursToo,
    Theirs,
}

impl Side {
    fn fill(self) -> RGBColor {
        match self {
            Self::Ours => RGBColor(31, 119, 180),
            Self::OursToo => RGBColor(44, 160, 44),
            Self::Theirs => RGBColor(170, 170, 170),
        }
    }
}

/// One bar: as long as `value`, with a line from `low` to `high`.
pub struct Bar {
    pub name: String,
    pub side: Side,
    pub low: f64,
    pub value: f64,
    pub high: f64,
    /// What stands behind it.
    pub label: String,
}

/// Bars that are drawn to one scale.
pub struct Panel {
    pub title: String,
    pub bars: Vec<Bar>,
}

/// Draws panels below each other; the bars begin `left` pixels from the side, right of their names. What is below zero is
/// drawn as zero.
pub fn write(path: &Path, left: i32, panels: &[Panel]) -> Result<(), Box<dyn Error>> {
    let rows: usize = panels.iter().map(|panel| panel.bars.len()).sum();
    let height = panels.len() as i32 * HEAD + rows as i32 * ROW + ROW;
    let area = SVGBackend::new(path, (u32::try_from(left + WIDTH)?, u32::try_from(height)?)).into_drawing_area();
    area.fill(&WHITE)?;
    let font = |size: i32| ("sans-serif", size).into_font().color(&INK);
    let mut y = 0;
    for panel in panels {
        area.draw(&Text::new(panel.title.clone(), (12, y + 14), font(16)))?;
        y += HEAD;
        let most = panel.bars.iter().map(|bar| bar.high).fold(f64::MIN_POSITIVE, f64::max);
        let x = |value: f64| left + (f64::from(WIDTH - RIGHT) * value.max(0.0) / most) as i32;
        for bar in &panel.bars {
            let middle = y + ROW / 2;
            let before = font(13).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(bar.name.clone(), (left - 8, middle), before))?;
            area.draw(&Rectangle::new([(left, y + 4), (x(bar.value), y + ROW - 4)], bar.side.fill().filled()))?;
            area.draw(&PathElement::new(vec![(x(bar.low), middle), (x(bar.high), middle)], INK))?;
            let behind = font(13).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(bar.label.clone(), (x(bar.high) + 6, middle), behind))?;
            y += ROW;
        }
    }
    area.present()?;
    Ok(())
}
