//! What messages cost: read from the suite's log, held against bars, written as a table.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::pins::WasmdLine;

/// Where the table stands.
pub const DOCUMENT: &str = "docs/benchmarks/gas.md";

/// What a message should take, and the most that it may take, by the beginning of its name. A target that is missed is shown;
/// a limit fails the run. The limits of calls that also pay for loading unpinned codes are a little above what was measured
/// last. Something must be measured for each.
static BARS: [Bar; 6] = [
    Bar { message: "settlement/accept_epoch (100 validators", target: 300_000, limit: 300_000 },
    Bar { message: "settlement/claim", target: 200_000, limit: 200_000 },
    Bar { message: "settlement/open_session", target: 250_000, limit: 250_000 },
    Bar { message: "settlement, not pinned/accept_epoch (100 validators", target: 300_000, limit: 310_000 },
    Bar { message: "settlement, not pinned/claim", target: 200_000, limit: 245_000 },
    Bar { message: "settlement, not pinned/open_session", target: 250_000, limit: 265_000 },
];

struct Bar {
    message: &'static str,
    target: u64,
    limit: u64,
}

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
             sizes), the least and\nthe most. The command fails when a message passes its limit; targets that are missed are named.\n\
             Where it says \"not pinned\", each contract that a call reaches is loaded for 60,000 gas; elsewhere in `settlement/` the\n\
             codes are pinned by a passed proposal (`openledger gov draft pin-codes`), as a chain that runs them would have it.\n\n\
             | message | least | most | times | target | limit |\n|---|---:|---:|---:|---:|---:|\n",
            line.wasmd
        );
        for (name, gas) in &self.messages {
            let (target, limit) = bar(name).map_or_else(Default::default, |bar| {
                let missed = if gas.most > bar.target { ", missed" } else { "" };
                (format!("{}{missed}", grouped(bar.target)), grouped(bar.limit))
            });
            let (least, most) = (grouped(gas.least), grouped(gas.most));
            text.push_str(&format!("| `{name}` | {least} | {most} | {} | {target} | {limit} |\n", gas.times));
        }
        text
    }

    /// Fails when a message is above its limit, and when nothing was measured for one.
    pub fn hold_bars(&self) -> Result<()> {
        for &Bar { message, limit, .. } in &BARS {
            let mut found = self.messages.iter().filter(|(name, _)| name.starts_with(message)).peekable();
            if found.peek().is_none() {
                bail!("nothing was measured for {message}\n  what to do: let tests/wasmd record it again");
            }
            if let Some((name, gas)) = found.find(|(_, gas)| gas.most > limit) {
                bail!(
                    "{name} took {} gas, at most {limit} are allowed\n  \
                     what to do: find what the contract reads or writes more than before",
                    gas.most
                );
            }
        }
        Ok(())
    }
}

fn bar(name: &str) -> Option<&'static Bar> {
    BARS.iter().find(|bar| name.starts_with(bar.message))
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
             {{\"name\":\"settlement/accept_epoch (100 validators, 1 batch)\",\"gas\":250000}}\n\
             {{\"name\":\"settlement, not pinned/claim\",\"gas\":210000}}\n\
             {{\"name\":\"settlement, not pinned/open_session\",\"gas\":260000}}\n\
             {{\"name\":\"settlement, not pinned/accept_epoch (100 validators, 1 batch)\",\"gas\":290000}}\n"
        )
    }

    #[test]
    fn a_message_above_its_limit_fails_and_so_does_a_limit_without_a_message() {
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
