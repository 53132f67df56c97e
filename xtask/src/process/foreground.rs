//! Programs we stay with: waiting for them, and handing a stop request on.

use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};

const POLL: Duration = Duration::from_millis(50);

/// Set once a person or a supervisor asked this process to stop (ctrl-c, SIGTERM).
#[derive(Clone)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// From now on these signals only set the flag, so that what we started can be ended in order.
    pub fn listen() -> Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&flag)).context("cannot listen for ctrl-c")?;
        }
        Ok(Self(flag))
    }

    /// Whether stopping was asked for.
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A child that is stopped, with patience, when its owner lets go of it.
pub struct Running {
    child: Child,
    patience: Duration,
}

impl Running {
    /// Takes a child over; `patience` is how long it may take to stop before it is killed.
    pub fn new(child: Child, patience: Duration) -> Self {
        Self { child, patience }
    }

    /// The exit status, if it ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot wait for a child")
    }

    /// Waits for the end; hands a stop request on to the child and keeps waiting.
    pub fn wait(&mut self, stop: &Stop) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if stop.requested() {
                return terminate(&mut self.child, self.patience);
            }
            sleep(POLL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = terminate(&mut self.child, self.patience) {
            eprintln!("warning: {error:#}");
        }
    }
}

/// Asks a child to stop, and kills it when it has not after `patience`.
fn terminate(child: &mut Child, patience: Duration) -> Result<ExitStatus> {
    if let Some(status) = child.try_wait()? {
        return Ok(status);
    }
    ask(child);
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        sleep(POLL);
    }
    child.kill().context("a program neither stops nor can be killed")?;
    child.wait().context("cannot wait for a killed program")
}

#[cfg(unix)]
fn ask(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};

    // It may have ended in this instant; the caller looks again anyway.
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
}

#[cfg(not(unix))]
fn ask(_child: &Child) {}
