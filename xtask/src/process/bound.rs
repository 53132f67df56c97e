//! Programs that must not outlive us. The kernel keeps that promise: it signals them when we die, even by kill -9.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

/// Wraps a command so that it is asked to stop when this process ends for whatever reason.
///
/// The request is kept across exec, so this binary re-executes itself, makes the request and then becomes the program.
/// Only Linux offers it; elsewhere the command runs as it is and stops with its owner's clean exit only.
pub fn bind(command: Command) -> Command {
    if !cfg!(target_os = "linux") {
        return command;
    }
    // Not the path of the binary: that may have been rebuilt since we started.
    let mut bound = Command::new("/proc/self/exe");
    bound
        .arg("bound")
        .arg(std::process::id().to_string())
        .arg("--")
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bound.env(name, value),
            None => bound.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        bound.current_dir(folder);
    }
    bound
}

/// The other side of [`bind`]: ask the kernel, then become the program. Returns only on failure.
#[cfg(target_os = "linux")]
pub fn become_bound(parent: u32, command: &[OsString]) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;

    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    set_parent_process_death_signal(Some(Signal::TERM))
        .context("the kernel refused to bind the program to its parent")?;
    let now = getppid().map(|pid| pid.as_raw_nonzero().get());
    if now.and_then(|pid| u32::try_from(pid).ok()) != Some(parent) {
        // The parent died before the request was made.
        return Ok(ExitCode::FAILURE);
    }
    let (program, arguments) = command.split_first().context("no program to run")?;
    let error = Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("cannot run {}", program.to_string_lossy()))
}

/// Never called where [`bind`] leaves commands alone.
#[cfg(not(target_os = "linux"))]
pub fn become_bound(_parent: u32, _command: &[OsString]) -> Result<ExitCode> {
    Ok(ExitCode::FAILURE)
}
