//! What CUDA needs beside the runtime's own library, and where it is looked for.
//!
//! The runtime loads its provider from the folder of `libonnxruntime`, and the provider loads NVIDIA's libraries as any program does.
//! When one is missing, the loader's message names whichever it met first; here all of them are named, with what brings them.

use std::path::Path;

use crate::{EngineError, Provider};

/// Files that lie beside `libonnxruntime` in the package `onnxruntime-gpu`.
const BESIDE: [&str; 2] = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];
/// Comes with the driver.
const DRIVER: &str = "libcuda.so.1";
/// What the provider is linked with (onnxruntime-gpu 1.31.1, made for CUDA 13), dependencies first.
const TOOLKIT: [&str; 4] = ["libcudart.so.13", "libcublasLt.so.13", "libcublas.so.13", "libcurand.so.10"];

/// Checks that everything is there which `provider` needs.
///
/// # Errors
/// [`EngineError::Provider`] naming all that is missing.
pub(crate) fn check(provider: Provider, library: &Path) -> Result<(), EngineError> {
    let Provider::Cuda { .. } = provider else { return Ok(()) };
    if !cfg!(target_os = "linux") {
        return Err(unavailable(provider, "CUDA is used on Linux only; set provider = \"cpu\"".to_owned()));
    }
    match missing(library, |name| ort::util::preload_dylib(name).is_ok()) {
        None => Ok(()),
        Some(reason) => Err(unavailable(provider, reason)),
    }
}

/// What is missing, with what to do, or `None`. `loads` says whether the loader finds a library of NVIDIA's.
fn missing(library: &Path, loads: impl Fn(&str) -> bool) -> Option<String> {
    let mut lines = Vec::new();
    if !loads(DRIVER) {
        lines.push(format!("{DRIVER} does not load: install NVIDIA's driver"));
    }
    let folder = library.parent().unwrap_or(Path::new("."));
    let absent: Vec<&str> = BESIDE.into_iter().filter(|name| !folder.join(name).is_file()).collect();
    if !absent.is_empty() {
        lines.push(format!(
            "{} not beside {}: point ORT_DYLIB_PATH at the libonnxruntime of the package onnxruntime-gpu",
            listed(&absent),
            library.display()
        ));
    }
    let absent: Vec<&str> = TOOLKIT.into_iter().filter(|name| !loads(name)).collect();
    if !absent.is_empty() {
        lines.push(format!(
            "{} not loadable: install CUDA 13's runtime, cuBLAS and cuRAND, and name their folder in LD_LIBRARY_PATH",
            listed(&absent)
        ));
    }
    (!lines.is_empty()).then(|| lines.join("; "))
}

fn listed(names: &[&str]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

pub(crate) fn unavailable(provider: Provider, reason: String) -> EngineError {
    EngineError::Provider { provider, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_missing_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libonnxruntime.so.1.31.1");
        let everything = missing(&library, |_| false).unwrap();
        for part in
            BESIDE.iter().chain(&TOOLKIT).chain(&[DRIVER, "ORT_DYLIB_PATH", "onnxruntime-gpu", "LD_LIBRARY_PATH"])
        {
            assert!(everything.contains(part), "{part}: {everything}");
        }
        let but_one = missing(&library, |name| name != "libcublas.so.13").unwrap();
        assert!(but_one.contains("libcublas.so.13 is not loadable") && !but_one.contains("libcudart"), "{but_one}");
        for name in BESIDE {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(missing(&library, |_| true), None);
        let driver = missing(&library, |name| name != DRIVER).unwrap();
        assert!(driver.contains("driver") && !driver.contains("ORT_DYLIB_PATH"), "{driver}");
    }
}
