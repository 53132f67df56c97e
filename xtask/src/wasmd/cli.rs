//! Calls of the wasmd command on one home folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use std::io::Write;
use std::process::{Command, Stdio};

use crate::process::Step;

const NEXT: &str = "run `cargo xtask wasmd build` again; if it stays, delete .openledger/wasmd first";

/// wasmd together with the home folder it works on.
pub struct Wasmd {
    /// The program.
    pub program: PathBuf,
    /// Its home folder.
    pub home: PathBuf,
}

impl Wasmd {
    /// Runs a subcommand and returns its standard output.
    pub fn call(&self, arguments: &[&str]) -> Result<String> {
        Step::new(&self.program, NEXT).args(arguments).arg("--home").arg(&self.home).silent()
    }

    /// Makes a new key and returns its address.
    pub fn new_key(&self, name: &str) -> Result<String> {
        self.call(&["keys", "add", name, "--keyring-backend", "test"])?;
        self.address(name)
    }

    /// Puts the key of a mnemonic into the keyring and returns its address.
    pub fn recover_key(&self, name: &str, mnemonic: &str) -> Result<String> {
        let mut child = Command::new(&self.program)
            .args(["keys", "add", name, "--recover"])
            .args(["--keyring-backend", "test", "--home"])
            .arg(&self.home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("wasmd could not be started\n  what to do: {NEXT}"))?;
        if let Some(mut input) = child.stdin.take() {
            writeln!(input, "{mnemonic}")?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!(
                "{}wasmd refused the faucet's mnemonic\n  what to do: {NEXT}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        self.address(name)
    }

    /// A file in the home folder's config.
    pub fn config(&self, name: &str) -> PathBuf {
        Path::new(&self.home).join("config").join(name)
    }

    fn address(&self, name: &str) -> Result<String> {
        let text = self.call(&["keys", "show", name, "-a", "--keyring-backend", "test"])?;
        Ok(text.trim().to_owned())
    }
}
