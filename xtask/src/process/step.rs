//! One external command together with the advice a person needs when it fails.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// Variables that `cargo run` sets for this program and that must not leak into the builds it starts.
const CARGO_LEAKS: [&str; 9] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
];

/// An external command. `next` says what to do when it fails, as an imperative sentence.
pub struct Step {
    command: Command,
    next: String,
}

impl Step {
    /// A command by program name or path.
    pub fn new(program: impl AsRef<OsStr>, next: impl Into<String>) -> Self {
        let mut command = Command::new(program);
        for name in CARGO_LEAKS {
            command.env_remove(name);
        }
        Self { command, next: next.into() }
    }

    /// Cargo of the pinned toolchain.
    pub fn cargo(next: impl Into<String>) -> Self {
        Self::new("cargo", next)
    }

    /// Adds one argument.
    pub fn arg(mut self, value: impl AsRef<OsStr>) -> Self {
        self.command.arg(value);
        self
    }

    /// Adds arguments.
    pub fn args<I, S>(mut self, values: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.command.args(values);
        self
    }

    /// Runs in a folder.
    pub fn dir(mut self, path: &Path) -> Self {
        self.command.current_dir(path);
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sends the command's standard output to standard error, so that ours stays parseable.
    pub fn quiet_stdout(mut self) -> Self {
        self.command.stdout(Stdio::from(std::io::stderr()));
        self
    }

    /// Runs to the end; a non-zero exit is an error that says what to do.
    pub fn run(mut self) -> Result<()> {
        let status = self.command.status();
        let status = self.started(status)?;
        self.expect_success(status, "")
    }

    /// Runs to the end and returns standard output; standard error passes through.
    pub fn output(mut self) -> Result<String> {
        let result = self.command.stderr(Stdio::inherit()).output();
        let output = self.started(result)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        self.expect_success(output.status, &text)?;
        Ok(text)
    }

    /// Runs to the end without showing anything; both streams come back in the error on failure.
    pub fn silent(mut self) -> Result<String> {
        let result = self.command.output();
        let output = self.started(result)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        self.expect_success(output.status, &format!("{text}{errors}"))?;
        Ok(text)
    }

    /// The command line, for people.
    pub fn describe(&self) -> String {
        let mut line = self.command.get_program().to_string_lossy().into_owned();
        for argument in self.command.get_args() {
            line.push(' ');
            line.push_str(&argument.to_string_lossy());
        }
        line
    }

    /// The bare command, for callers that keep the process running.
    pub fn into_command(self) -> Command {
        self.command
    }

    fn started<T>(&self, result: std::io::Result<T>) -> Result<T> {
        result.with_context(|| format!("`{}` could not be started\n  what to do: {}", self.describe(), self.next))
    }

    fn expect_success(&self, status: ExitStatus, shown: &str) -> Result<()> {
        if status.success() {
            return Ok(());
        }
        let separator = if shown.is_empty() || shown.ends_with('\n') { "" } else { "\n" };
        bail!("{shown}{separator}`{}` failed ({status})\n  what to do: {}", self.describe(), self.next)
    }
}
