//! Building wasmd. Its go.mod has replace directives, so `go install` refuses it; the shim module in tools/wasmd
//! repeats them and pins every byte with its go.sum.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::go;
use crate::digest::sha256_hex;
use crate::pins::WasmdLine;
use crate::process::Step;
use crate::workspace::Workspace;

/// Builds a line of wasmd once; returns the program.
pub fn build(workspace: &Workspace, line: &WasmdLine) -> Result<PathBuf> {
    let folder = workspace.tools("wasmd").join(line.name);
    let program = folder.join("wasmd");
    let stamp = folder.join("built-from");
    let source = source_id(workspace, line)?;
    if program.is_file() && fs::read_to_string(&stamp).is_ok_and(|text| text == source) {
        return Ok(program);
    }
    let go = go::find(workspace, line)?;
    fs::create_dir_all(&folder)?;
    eprintln!("wasmd: building {} (about three minutes)", line.wasmd);
    compile(workspace, line, &go, &program)?;
    copy_wasmvm(workspace, line, &go, &folder)?;
    confirm(line, &program)?;
    fs::write(&stamp, source)?;
    eprintln!("wasmd: built {}", program.display());
    Ok(program)
}

/// Changes with anything the binary depends on.
fn source_id(workspace: &Workspace, line: &WasmdLine) -> Result<String> {
    let shim = shim(workspace, line);
    let mut text = String::from(LINKER);
    for name in ["go.mod", "go.sum"] {
        text.push_str(
            &fs::read_to_string(shim.join(name))
                .with_context(|| format!("tools/wasmd/{}/{name} is missing: restore it with git", line.name))?,
        );
    }
    Ok(sha256_hex(text.as_bytes()))
}

/// Linker flags up to the version.
const LINKER: &str = "-s -w \
     -X github.com/CosmWasm/wasmd/app.Bech32Prefix=wasm \
     -X github.com/cosmos/cosmos-sdk/version.Name=wasm \
     -X github.com/cosmos/cosmos-sdk/version.AppName=wasmd \
     -X github.com/cosmos/cosmos-sdk/version.Version=";

/// With `$ORIGIN` in its search path the program finds the libwasmvm beside it, also when Go's module cache is gone.
fn compile(workspace: &Workspace, line: &WasmdLine, go: &Path, program: &Path) -> Result<()> {
    let linker = format!("{LINKER}{} -extldflags \"-Wl,-rpath,$ORIGIN\"", line.wasmd);
    go_step(workspace, line, go)
        .args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false"])
        .args(["-ldflags", &linker])
        .arg("-o")
        .arg(program)
        .arg("github.com/CosmWasm/wasmd/cmd/wasmd")
        .env("CGO_ENABLED", "1")
        .quiet_stdout()
        .run()
}

fn copy_wasmvm(workspace: &Workspace, line: &WasmdLine, go: &Path, folder: &Path) -> Result<()> {
    let module = go_step(workspace, line, go)
        .args(["list", "-mod=readonly", "-m", "-f", "{{.Dir}}"])
        .arg("github.com/CosmWasm/wasmvm/v3")
        .output()?;
    let name = format!("libwasmvm.{}.so", std::env::consts::ARCH);
    let library = Path::new(module.trim()).join("internal/api").join(&name);
    let target = folder.join(&name);
    if target.exists() {
        fs::remove_file(&target)?;
    }
    fs::copy(&library, &target).with_context(|| {
        format!("wasmvm brings no {name}\n  what to do: use Linux on x86_64 or aarch64, or `devnet --chain embedded`")
    })?;
    Ok(())
}

/// The program starts, finds its library, and the library is the expected one.
fn confirm(line: &WasmdLine, program: &Path) -> Result<()> {
    let version = Step::new(program, "delete .openledger/wasmd and build again")
        .args(["query", "wasm", "libwasmvm-version"])
        .silent()?;
    if version.trim() != line.wasmvm {
        bail!(
            "wasmd loads libwasmvm {}, expected {}\n  \
             what to do: make xtask/src/pins.rs and tools/wasmd/*/go.mod agree, delete .openledger/wasmd, build again",
            version.trim(),
            line.wasmvm
        );
    }
    Ok(())
}

/// The module that pins a line.
fn shim(workspace: &Workspace, line: &WasmdLine) -> PathBuf {
    workspace.path("tools/wasmd").join(line.name)
}

fn go_step(workspace: &Workspace, line: &WasmdLine, go: &Path) -> Step {
    Step::new(
        go,
        "check that gcc is installed and that Go can reach its module proxy (`go env GOPROXY`), then run this again",
    )
    .dir(&shim(workspace, line))
    .env("GOTOOLCHAIN", "local")
    .env("GOWORK", "off")
}
