//! The story as a program call: `openledger devnet`, built first, with a real chain beside it when asked.

use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::Value;

use crate::pins::WASMD_LINES;
use crate::process::{Running, Step, Stop, bind};
use crate::setup::Ready;
use crate::test::CLUSTER;
use crate::{artifacts, wasmd};

/// Which chain the story runs on.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Chain {
    /// The in-process development chain; needs no Go.
    Embedded,
    /// One loopback wasmd node.
    Wasmd,
}

/// The story writes its state and closes its listeners when it is asked to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// One telling of the story.
pub struct Story {
    /// Where it plays.
    pub chain: Chain,
    /// Exit after it instead of staying up.
    pub once: bool,
    /// End standard output with one JSON object.
    pub json: bool,
}

impl Story {
    /// Plays it with our own standard streams.
    pub fn play(&self, ready: &Ready) -> Result<ExitStatus> {
        self.run(ready, Stdio::inherit())
    }

    /// Plays it and returns the JSON object at the end of its standard output.
    pub fn outcome(&self, ready: &Ready) -> Result<Value> {
        let file = tempfile::NamedTempFile::new()?;
        let stdout = Stdio::from(file.reopen()?);
        let status = self.run(ready, stdout)?;
        let text = std::fs::read_to_string(file.path())?;
        if !status.success() {
            bail!("{text}the story failed ({status})\n  what to do: read the step it names above");
        }
        last_object(&text)
    }

    fn run(&self, ready: &Ready, stdout: Stdio) -> Result<ExitStatus> {
        build(ready)?;
        let stop = Stop::listen()?;
        let node = match self.chain {
            Chain::Embedded => None,
            Chain::Wasmd => {
                artifacts::committed(&ready.workspace)?;
                Some(wasmd::Node::start(&ready.workspace, &WASMD_LINES[0], &stop)?)
            }
        };
        let mut command = self.command(ready);
        if let Some(node) = &node {
            let endpoints = node.endpoints();
            command
                .args(["--grpc", &endpoints.grpc, "--rpc", &endpoints.rpc])
                .arg("--faucet-mnemonic-file")
                .arg(node.faucet_mnemonic_file())
                .args(["--artifacts", "artifacts"]);
        }
        let mut command = bind(command);
        command.stdout(stdout);
        let child = command.spawn().context("openledger could not be started")?;
        Running::new(child, PATIENCE).wait(&stop)
    }

    fn command(&self, ready: &Ready) -> Command {
        let program = ready.workspace.built("openledger");
        let step = ready.equip(Step::new(program, "run it again"));
        let mut command = step.into_command();
        command.arg("devnet").args([
            "--chain",
            match self.chain {
                Chain::Embedded => "embedded",
                Chain::Wasmd => "wasmd",
            },
        ]);
        if self.once {
            command.arg("--once");
        }
        if self.json {
            command.arg("--json");
        }
        command
    }
}

/// The dev profile, where the heavy parts (curves, ONNX Runtime) are optimised, over the packages of the tests: a package alone has other
/// features, and what it shares with them would be built again.
pub fn build(ready: &Ready) -> Result<()> {
    eprintln!("devnet: building openledger");
    ready
        .cargo("mend the crate that does not compile")
        .args(["build", "--workspace", "--exclude", CLUSTER, "--bin", "openledger"])
        .quiet_stdout()
        .run()
}

/// The last line of a program's output, which must be one JSON object.
pub fn last_object(text: &str) -> Result<Value> {
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    let line = line.context("it printed nothing to standard output; expected one JSON object")?;
    let value: Value =
        serde_json::from_str(line).with_context(|| format!("the last line is not a JSON object: {line}"))?;
    if !value.is_object() {
        bail!("the last line is JSON, but not an object: {line}");
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::last_object;

    #[test]
    fn only_an_object_at_the_very_end_counts() {
        assert!(last_object("table\n{\"a\":1}\n\n").is_ok_and(|value| value["a"] == 1));
        assert!(last_object("{\"a\":1}\ndone\n").is_err());
        assert!(last_object("[1]\n").is_err());
        assert!(last_object("").is_err());
    }
}
