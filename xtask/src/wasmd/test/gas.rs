//! What messages cost: read from the suite's log, held against bars, written as a table.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::pins::WasmdLine;

/// Where the table stands.
pub const DOCUMENT: &str = "docs/benchmarks/gas.md";

/// Most gas that a message may take, by the beginning of its name. Every bar must be met by something measured.
const BARS: [(&str, u64); 3] = [
    ("settlement/accept_epoch (100 validators", 300_000),
    ("settlement/claim", 200_000),
    ("settlement/open_session", 250_000),
];

#[derive(Deserialize)]
struct Entry {
    name: String,
    gas: u64,
}

/// Gas by message, smallest and largest of all times that the suite sent it.
pub struct Report {
    messages: BTreeMap<String, Measured>,
}

struct Measured {
    least: u64,
    most: u64,
    times: u32,
}

impl Report {
    /// From one JSON object a line.
    pub fn read(log: &str) -> Result<Self> {
        let mut messages: BTreeMap<String, Measured> = BTreeMap::new();
        for line in log.lines().filter(|line| !line.trim().is_empty()) {
            let Entry { name, gas } =
                serde_json::from_str(line).with_context(|| format!("the gas log has a broken line: {line}"))?;
            let measured = messages.entry(name).or_insert(Measured { least: gas, most: gas, times: 0 });
            measured.least = measured.least.min(gas);
            measured.most = measured.most.max(gas);
            measured.times += 1;
        }
        if messages.is_empty() {
            bail!("the suite recorded no gas: tests/wasmd must call record() for every message");
        }
        Ok(Self { messages })
    }

    /// For the terminal.
    pub fn table(&self) -> String {
        let width = self.messages.keys().map(String::len).max().unwrap_or_default();
        let row = |(name, gas): (&String, &Measured)| format!("{name:<width$} {:>12} {:>12}", gas.least, gas.most);
        self.messages.iter().map(row).collect::<Vec<_>>().join("\n")
    }

    /// For docs/benchmarks.
    pub fn document(&self, line: &WasmdLine) -> String {
        let mut text = format!(
            "# Gas of every message\n\n\
             Command: `cargo xtask wasmd test --write`. wasmd {}, one node on loopback. SDK gas of the whole transaction, \
             signature\nand bytes included; where a message was sent several times (direct and amino signatures, other \
             sizes), the least and\nthe most. The command fails when a bar does not hold.\n\n\
             | message | least | most | times | bar |\n|---|---:|---:|---:|---:|\n",
            line.wasmd
        );
        for (name, gas) in &self.messages {
            let bar = bar(name).map_or_else(String::new, |bar| grouped(bar));
            let (least, most) = (grouped(gas.least), grouped(gas.most));
            text.push_str(&format!("| `{name}` | {least} | {most} | {} | {bar} |\n", gas.times));
        }
        text
    }

    /// Fails when a message is above its bar, and when nothing was measured for one.
    pub fn hold_bars(&self) -> Result<()> {
        for (beginning, bar) in BARS {
            let mut found = self.messages.iter().filter(|(name, _)| name.starts_with(beginning)).peekable();
            if found.peek().is_none() {
                bail!("nothing was measured for {beginning}\n  what to do: let tests/wasmd record it again");
            }
            if let Some((name, gas)) = found.find(|(_, gas)| gas.most > bar) {
                bail!(
                    "{name} took {} gas, at most {bar} are allowed\n  \
                     what to do: find what the contract reads or writes more than before",
                    gas.most
                );
            }
        }
        Ok(())
    }
}

fn bar(name: &str) -> Option<u64> {
    BARS.iter().find(|(beginning, _)| name.starts_with(beginning)).map(|(_, bar)| *bar)
}

/// 1234567 as 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Report, grouped};

    fn log(claim: u64) -> String {
        format!(
            "{{\"name\":\"settlement/claim\",\"gas\":{claim}}}\n{{\"name\":\"settlement/claim\",\"gas\":150000}}\n\
             {{\"name\":\"settlement/open_session\",\"gas\":200000}}\n\
             {{\"name\":\"settlement/accept_epoch (100 validators, 1 batch)\",\"gas\":250000}}\n"
        )
    }

    #[test]
    fn a_message_above_its_bar_fails_and_so_does_a_bar_without_a_message() {
        assert!(Report::read(&log(160_000)).is_ok_and(|report| report.hold_bars().is_ok()));
        assert!(Report::read(&log(200_001)).is_ok_and(|report| report.hold_bars().is_err()));
        let without = log(1).replace("open_session", "other");
        assert!(Report::read(&without).is_ok_and(|report| report.hold_bars().is_err()));
        assert!(Report::read("").is_err());
        assert!(Report::read("{").is_err());
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped).join(" "), "0 999 1,000 1,234,567");
    }
}
