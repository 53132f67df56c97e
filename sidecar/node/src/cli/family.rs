//! The flags of a base and the family that was trained on it.

use std::path::PathBuf;

use clap::Args;

/// Base and family.
#[derive(Debug, Args)]
pub struct FamilyArgs {
    /// Model folder: the ONNX file, its configuration and tokenizer.json.
    #[arg(long)]
    pub model: PathBuf,
    /// Folder with adapters.json, as `openledger train --family` writes it.
    #[arg(long)]
    pub family: PathBuf,
    /// Threads of one operator; all cores when absent. The last bits of a result may depend on it.
    #[arg(long)]
    threads: Option<usize>,
    /// ONNX Runtime's library; else ORT_DYLIB_PATH and the project's folder are tried.
    #[arg(long)]
    pub ort_library: Option<PathBuf>,
}

impl FamilyArgs {
    /// Threads of one operator.
    pub fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or_else(cores)
    }
}
