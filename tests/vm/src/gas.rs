//! What messages took, kept beside the tests so that a change shows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// The machine's unit in a chain's gas, as wasmd counts.
const PER_GAS: u64 = 140_000;
/// A message may take this much more than recorded, in percent, before somebody has to look.
const SLACK: u64 = 10;

/// Gas by message, of one story.
#[derive(Default)]
pub struct Table(BTreeMap<String, u64>);

impl Table {
    /// Notes what a message took; of several the most counts.
    pub fn note(&mut self, message: &str, machine_gas: u64) {
        let gas = machine_gas.div_ceil(PER_GAS);
        let most = self.0.entry(message.to_owned()).or_default();
        *most = gas.max(*most);
    }

    /// Compares with `gas/<story>.txt`, or writes it when OPENLEDGER_VM_WRITE is set.
    pub fn hold(&self, story: &str) {
        let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/gas")).join(format!("{story}.txt"));
        if std::env::var_os("OPENLEDGER_VM_WRITE").is_some() {
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(&file, self.text()).expect("writes");
            return;
        }
        let recorded = fs::read_to_string(&file).unwrap_or_default();
        let recorded = parse(&recorded);
        let mut wrong = String::new();
        for (message, gas) in &self.0 {
            match recorded.get(message.as_str()) {
                None => writeln!(wrong, "{message}: {gas}, not recorded yet"),
                Some(before) if *gas > before + before * SLACK / 100 => {
                    writeln!(wrong, "{message}: {gas}, more than {SLACK} % above the recorded {before}")
                }
                Some(_) => Ok(()),
            }
            .expect("a string");
        }
        for message in recorded.keys().filter(|message| !self.0.contains_key(**message)) {
            writeln!(wrong, "{message}: recorded, but no message of this story").expect("a string");
        }
        assert!(wrong.is_empty(), "gas of {story}:\n{wrong}if that is meant: `cargo xtask vm test --write`");
    }

    fn text(&self) -> String {
        self.0.iter().map(|(message, gas)| format!("{gas:>9} {message}\n")).collect()
    }
}

fn parse(text: &str) -> BTreeMap<&str, u64> {
    text.lines()
        .filter_map(|line| line.trim().split_once(' '))
        .filter_map(|(gas, name)| Some((name, gas.parse().ok()?)))
        .collect()
}
