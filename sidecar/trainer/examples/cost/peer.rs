//! The other side: a Python process that trains the same batches on demand.

use std::{
    error::Error,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::Value;

/// A running peer; it ends with its standard input.
pub struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts `train_bench.py` and waits until its model is ready.
    pub fn start(python: &Path, scripts: &Path, task: &Value) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(python)
            .arg("train_bench.py")
            .current_dir(scripts)
            // As our sessions do on a machine without spare cores: waiting threads sleep. Spinning ones would cost the
            // peer most of its time whenever somebody else uses a core.
            .env("OMP_WAIT_POLICY", "PASSIVE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().ok_or("the peer has no output")?);
        let mut peer = Self { child, input, output };
        let ready = peer.ask(&task.to_string())?;
        if !ready.starts_with("ready") {
            return Err(format!("the peer said {ready:?}; run train_bench.py by hand to see why").into());
        }
        Ok(peer)
    }

    /// Seconds for so many further steps.
    pub fn steps(&mut self, steps: usize) -> Result<f64, Box<dyn Error>> {
        Ok(self.ask(&steps.to_string())?.trim().parse()?)
    }

    fn ask(&mut self, line: &str) -> Result<String, Box<dyn Error>> {
        let input = self.input.as_mut().ok_or("the peer has ended")?;
        writeln!(input, "{line}")?;
        input.flush()?;
        let mut answer = String::new();
        self.output.read_line(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}
