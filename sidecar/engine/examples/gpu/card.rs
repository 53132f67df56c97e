//! The card, as its driver names it.

use std::process::Command;

use crate::Outcome;

/// Name, memory and driver.
pub struct Card {
    pub name: String,
    pub memory: String,
    pub driver: String,
}

impl Card {
    /// The first card: the one that is measured.
    pub fn find() -> Outcome<Self> {
        let query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader", "--id=0"];
        let output = Command::new("nvidia-smi").args(query).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut fields = text.lines().next().unwrap_or_default().split(',').map(|field| field.trim().to_owned());
        match (fields.next(), fields.next(), fields.next()) {
            (Some(name), Some(memory), Some(driver)) => Ok(Self { name, memory, driver }),
            _ => Err(format!("nvidia-smi says nothing of a card: {text:?}").into()),
        }
    }
}
