//! `bench`: measurements against bars. Nothing here knows a number: the benchmark measures, states its bar, and we
//! only refuse a run whose bars do not hold.

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::process::Step;
use crate::setup::Ready;
use crate::story::last_object;

/// Flags of `bench`.
#[derive(Args)]
pub struct BenchArgs {
    /// Which benchmark.
    pub name: String,
    /// The same work at a smaller size.
    #[arg(long)]
    pub quick: bool,
    /// End standard output with one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// A benchmark: an example program of a crate. With `--json` its last line is the object with `bars`.
struct Bench {
    name: &'static str,
    package: &'static str,
    example: &'static str,
    /// Whether it measures time. What measures quality uses the dev profile, which the tests have built already.
    timed: bool,
}

const BENCHES: [Bench; 7] = [
    Bench { name: "attribution", package: "openledger-trainer", example: "attribution", timed: true },
    Bench { name: "audit", package: "openledger-attribution", example: "rank1", timed: false },
    Bench { name: "index", package: "openledger-attribution", example: "index", timed: true },
    Bench { name: "serving", package: "openledger-node", example: "serving", timed: true },
    Bench { name: "soak", package: "openledger-engine", example: "soak", timed: true },
    Bench { name: "lora", package: "openledger-engine", example: "lora", timed: true },
    Bench { name: "train", package: "openledger-trainer", example: "cost", timed: true },
];

/// Runs one benchmark and fails when a bar does not hold.
pub fn run(ready: &Ready, args: &BenchArgs) -> Result<()> {
    let Some(bench) = BENCHES.iter().find(|bench| bench.name == args.name) else {
        let known: Vec<_> = BENCHES.iter().map(|bench| bench.name).collect();
        bail!("no benchmark is called {:?}\n  what to do: choose one of: {}", args.name, known.join(", "));
    };
    eprintln!("bench: {}", bench.name);
    let text = measure(ready, bench, args.quick)?;
    let object = last_object(&text)?;
    let bars = bars(&object)?;
    let (table, _) = text.trim_end().rsplit_once('\n').unwrap_or_default();
    eprintln!("{table}");
    for bar in &bars {
        eprintln!("{}", bar.line());
    }
    if args.json {
        println!("{object}");
    }
    let missed: Vec<_> = bars.iter().filter(|bar| !bar.holds).map(|bar| bar.name.as_str()).collect();
    if !missed.is_empty() {
        bail!(
            "below the bar: {}\n  what to do: find what changed since the last run that held; docs/benchmarks has them",
            missed.join(", ")
        );
    }
    Ok(())
}

fn measure(ready: &Ready, bench: &Bench, quick: bool) -> Result<String> {
    let mut step: Step = ready
        .cargo("read the benchmark's message above")
        .args(["run", "--quiet", "--package", bench.package])
        .args(["--example", bench.example]);
    if bench.timed {
        step = step.arg("--release");
    }
    step = step.args(["--", "--json"]);
    if quick {
        step = step.arg("--quick");
    }
    step.output()
}

struct Bar {
    name: String,
    value: Value,
    bar: Value,
    holds: bool,
}

impl Bar {
    fn line(&self) -> String {
        let verdict = if self.holds { "holds" } else { "DOES NOT HOLD" };
        format!("bench: {:<40} {:>12}  bar {:>12}  {verdict}", self.name, self.value, self.bar)
    }
}

/// The `bars` of a benchmark's object; an object without any measured nothing.
fn bars(object: &Value) -> Result<Vec<Bar>> {
    let list = object
        .get("bars")
        .and_then(Value::as_array)
        .filter(|list| !list.is_empty())
        .context("the benchmark's object has no bars")?;
    list.iter()
        .map(|entry| {
            let field = |name: &str| entry.get(name).cloned().with_context(|| format!("a bar without {name}: {entry}"));
            Ok(Bar {
                name: field("name")?.as_str().context("a bar's name is not text")?.to_owned(),
                value: field("value")?,
                bar: field("bar")?,
                holds: field("holds")?.as_bool().context("a bar's holds is neither true nor false")?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::bars;
    use serde_json::json;

    #[test]
    fn an_object_without_complete_bars_is_refused() {
        assert!(bars(&json!({})).is_err());
        assert!(bars(&json!({ "bars": [] })).is_err());
        assert!(bars(&json!({ "bars": [{ "name": "x", "value": 1, "bar": 1 }] })).is_err());
        let whole = json!({ "bars": [{ "name": "x", "value": 1, "bar": 2, "holds": false }] });
        assert!(bars(&whole).is_ok_and(|bars| bars.len() == 1 && !bars[0].holds));
    }
}
