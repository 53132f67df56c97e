//! ONNX Runtime: the caller's own library, or the pinned one out of its official wheel.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::pins;
use crate::wheel;
use crate::workspace::Workspace;

const OTHERWISE: &str = "set ORT_DYLIB_PATH to a libonnxruntime of version 1.31 that you got elsewhere";

/// The path of the library to load.
pub fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.tools("onnxruntime");
    let library = folder.join(format!("libonnxruntime.so.{}", pins::ONNXRUNTIME));
    if let Some(own) = chosen_by_caller(&library)? {
        return Ok(own);
    }
    let wheel = wheel::for_this_machine(&pins::ONNXRUNTIME_WHEELS, OTHERWISE)?;
    let stamp = folder.join("wheel.sha256");
    let current = fs::read_to_string(&stamp).is_ok_and(|text| text.trim() == wheel.sha256);
    if current && library.is_file() {
        return Ok(library);
    }
    let unpacked = workspace.tools("onnxruntime-wheel");
    wheel.unpack(&unpacked, OTHERWISE)?;
    fs::create_dir_all(&folder)?;
    let package = unpacked.join("onnxruntime");
    for name in ["LICENSE", "ThirdPartyNotices.txt"] {
        fs::copy(package.join(name), folder.join(name)).with_context(|| format!("the wheel holds no {name}"))?;
    }
    // Renamed rather than copied: a program that has the old file mapped keeps it.
    let inside = package.join("capi").join(library.file_name().context("the library path has no file name")?);
    fs::rename(&inside, &library).with_context(|| format!("no {} in the wheel", inside.display()))?;
    fs::write(&stamp, format!("{}\n", wheel.sha256))?;
    fs::remove_dir_all(&unpacked)?;
    Ok(library)
}

/// `ORT_DYLIB_PATH`, unless it is only the default that .cargo/config.toml sets for plain cargo commands.
fn chosen_by_caller(default: &PathBuf) -> Result<Option<PathBuf>> {
    let Some(value) = env::var_os("ORT_DYLIB_PATH").filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let path = PathBuf::from(value);
    if path == *default {
        return Ok(None);
    }
    if !path.is_file() {
        bail!(
            "ORT_DYLIB_PATH names {}, which is not a file\n  \
             what to do: point it at libonnxruntime, or unset it to use the pinned one",
            path.display()
        );
    }
    Ok(Some(path))
}
