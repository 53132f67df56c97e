//! What the process holds of the machine's memory.

use std::{error::Error, fs};

/// Samples of the resident set, in MiB.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    samples: Vec<f64>,
}

impl Memory {
    pub fn sample(&mut self) -> Result<(), Box<dyn Error>> {
        let status = fs::read_to_string("/proc/self/status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kibibytes: f64 = line.split_whitespace().next().ok_or("an empty VmRSS")?.parse()?;
        self.samples.push(kibibytes / 1024.0);
        Ok(())
    }

    /// Means of the second and of the last sixth: caches fill up in the first.
    pub fn early_and_late(&self) -> (f64, f64) {
        let part = (self.samples.len() / 6).max(1);
        let mean = |samples: &[f64]| samples.iter().sum::<f64>() / samples.len().max(1) as f64;
        let early = self.samples.get(part..(2 * part).min(self.samples.len())).unwrap_or(&self.samples);
        let late = self.samples.get(self.samples.len().saturating_sub(part)..).unwrap_or_default();
        (mean(early), mean(late))
    }

    pub fn highest(&self) -> f64 {
        self.samples.iter().copied().fold(0.0, f64::max)
    }

    /// How much more there is late than early.
    pub fn growth(&self) -> f64 {
        let (early, late) = self.early_and_late();
        late / early - 1.0
    }
}
