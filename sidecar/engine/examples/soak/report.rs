//! What the soak found.

use std::{error::Error, fs, path::Path};

use openledger_engine::EngineStats;
use serde_json::{Value, json};

use crate::{clients::Counts, date::today, memory::Memory};

/// Errors that such clients have to expect.
const EXPECTED: [&str; 7] = [
    "DEADLINE_EXCEEDED",
    "TENANT_LIMIT",
    "QUEUE_FULL",
    "ADAPTER_UNKNOWN",
    "ADAPTER_EXISTS",
    "ADAPTER_CONFLICT",
    "ADAPTER_LIMIT",
];

pub struct Report {
    pub minutes: u64,
    pub counts: Counts,
    pub memory: Memory,
    pub left: EngineStats,
    pub stuck: bool,
}

impl Report {
    fn unexpected(&self) -> u64 {
        let errors = self.counts.errors.iter();
        errors.filter(|(code, _)| !EXPECTED.contains(code)).map(|(_, count)| count).sum()
    }

    fn left_behind(&self) -> usize {
        self.left.running + self.left.waiting + self.left.kv_blocks_used
    }

    pub fn text(&self) -> String {
        let Counts { finished, left_early, scored, changes, compared, different, errors, .. } = &self.counts;
        let (early, late) = self.memory.early_and_late();
        let errors: Vec<String> = errors.iter().map(|(code, count)| format!("{code} {count}")).collect();
        let adapters = &self.left.adapters;
        format!(
            "| | |
|---|---|
| minutes | {} |
| requests that were read to the end or to their error | {finished} |
| requests whose client left | {left_early} |
| scoring calls | {scored} |
| changes of adapters | {changes} |
| adapters read back, pushed out | {}, {} |
| tokens computed: prompts, answers, known already | {}, {}, {} |
| answers compared with the first one, different | {compared}, {different} |
| errors | {} |
| errors of other kinds than these clients have to expect | {} |
| requests that did not end | {} |
| sequences and blocks left behind | {} |
| memory early, late, highest, MiB | {early:.1}, {late:.1}, {:.1} |
| growth | {:.1} % |
",
            self.minutes,
            adapters.loads,
            adapters.evictions,
            self.left.prefill_tokens,
            self.left.decode_tokens,
            self.left.shared_tokens,
            errors.join(", "),
            self.unexpected(),
            if self.stuck { "some" } else { "none" },
            self.left_behind(),
            self.memory.highest(),
            self.memory.growth() * 100.0,
        )
    }

    /// One object with the bars, as `cargo xtask bench` reads it.
    pub fn bars(&self) -> Value {
        let bar =
            |name: &str, value: f64, bar: f64| json!({"name": name, "value": value, "bar": bar, "holds": value <= bar});
        json!({"bars": [
            bar("memory_growth", self.memory.growth(), 0.05),
            bar("different_answers", self.counts.different as f64, 0.0),
            bar("unexpected_errors", self.unexpected() as f64, 0.0),
            bar("left_behind", self.left_behind() as f64 + f64::from(u8::from(self.stuck)), 0.0),
        ]})
    }

    pub fn write(&self, path: &Path) -> Result<(), Box<dyn Error>> {
        let page = format!(
            "# Soak

Command: `cargo xtask bench soak` (release profile). Date: {}. 24 clients on the example model for {} minutes: to the end, scored,
left early, in a hurry, over their tenant's limit, with adapters that come and go; 5 of the adapters fit into memory, and the cache
has room for a few long answers. Memory is that of the whole process.

{}",
            today(),
            self.minutes,
            self.text()
        );
        fs::write(path, page)?;
        Ok(())
    }
}
