//! `gpu`: the engine on a card. The measuring is an example program of the engine, which also writes the page; here it is found out
//! whether there is anything to measure, before minutes are spent on building.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::process::Step;
use crate::setup::Ready;

/// The driver's own program.
const DRIVER_PROGRAM: &str = "nvidia-smi";
/// What onnxruntime-gpu has beside its library and the package for the processor has not.
const PROVIDER: &str = "libonnxruntime_providers_cuda.so";

/// Flags of `gpu`.
#[derive(Args)]
pub struct GpuArgs {
    /// Parity and a few batches; writes nothing.
    #[arg(long)]
    pub quick: bool,
}

/// Compares and measures where there is a card; else says what is missing and succeeds.
pub fn run(ready: &Ready, args: &GpuArgs) -> Result<()> {
    let folders = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    run_on(&Machine { folders }, &ready.onnxruntime, |card| {
        eprintln!("gpu: {card}");
        let mut step =
            ready.cargo("read the message above; docs/guide.md, Run on a card, says what has to be there").args([
                "run",
                "--quiet",
                "--release",
                "--locked",
                "--package",
                "openledger-engine",
                "--example",
                "gpu",
                "--",
            ]);
        if args.quick {
            step = step.arg("--quick");
        }
        step.run()
    })
}

/// Where programs are.
struct Machine {
    folders: Vec<PathBuf>,
}

/// Measures on a machine that has a card and the library for it.
fn run_on(machine: &Machine, library: &Path, measure: impl FnOnce(&str) -> Result<()>) -> Result<()> {
    match look(machine, library) {
        Ok(card) => measure(&card),
        Err(missing) => {
            println!("gpu: not measured: {missing}");
            Ok(())
        }
    }
}

/// The card's name, or what is missing. What the program itself needs beyond this, it looks for itself.
fn look(machine: &Machine, library: &Path) -> Result<String, String> {
    let program = machine.folders.iter().map(|folder| folder.join(DRIVER_PROGRAM)).find(|path| path.is_file());
    let Some(program) = program else {
        return Err(format!("no driver of NVIDIA's is installed: {DRIVER_PROGRAM} is in no folder of PATH"));
    };
    let names = Step::new(program, "install the driver anew")
        .args(["--query-gpu=name", "--format=csv,noheader"])
        .silent()
        .map_err(|error| format!("the driver answers nothing: {error:#}"))?;
    let Some(card) = names.lines().map(str::trim).find(|name| !name.is_empty()) else {
        return Err("the driver knows no card".to_owned());
    };
    if library.parent().is_none_or(|folder| !folder.join(PROVIDER).is_file()) {
        return Err(format!(
            "{card} is there, but {PROVIDER} is not beside {}; point ORT_DYLIB_PATH at the libonnxruntime of onnxruntime-gpu",
            library.display()
        ));
    }
    Ok(card.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;
    use std::process::Command;

    use super::*;

    /// A machine whose driver answers with `answer`, if it has one.
    fn machine(folder: &Path, answer: Option<&str>) -> Machine {
        if let Some(answer) = answer {
            // By a process of its own: a file that this one writes may still be open in a child that another test is just starting, and
            // then cannot be executed (ETXTBSY).
            let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 755 "$0""#;
            let program = folder.join(DRIVER_PROGRAM);
            let written = Command::new("sh").args(["-c", write]).arg(&program).arg(answer).status();
            assert!(written.unwrap().success());
        }
        Machine { folders: vec![folder.to_owned()] }
    }

    #[test]
    fn without_a_card_nothing_is_measured_or_written_and_that_is_no_failure() {
        let with_provider = tempfile::tempdir().unwrap();
        fs::write(with_provider.path().join(PROVIDER), "").unwrap();
        let without = tempfile::tempdir().unwrap();
        let cases = [
            (None, &with_provider, "no driver"),
            (Some("exit 9"), &with_provider, "answers nothing"),
            (Some("exit 0"), &with_provider, "no card"),
            (Some("echo NVIDIA H200"), &without, "ORT_DYLIB_PATH"),
        ];
        for (answer, beside, expected) in cases {
            let programs = tempfile::tempdir().unwrap();
            let machine = machine(programs.path(), answer);
            let library = beside.path().join("libonnxruntime.so.1.31.1");
            let missing = look(&machine, &library).unwrap_err();
            assert!(missing.contains(expected), "{missing}");
            // The program that writes the page is what is not started.
            run_on(&machine, &library, |_| panic!("measured without a card")).unwrap();
        }
    }

    #[test]
    fn with_a_card_and_its_library_the_program_is_started() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(PROVIDER), "").unwrap();
        let machine = machine(folder.path(), Some("echo NVIDIA H200"));
        let mut started = None;
        run_on(&machine, &folder.path().join("libonnxruntime.so.1.31.1"), |card| {
            started = Some(card.to_owned());
            Ok(())
        })
        .unwrap();
        assert_eq!(started.as_deref(), Some("NVIDIA H200"));
    }
}
