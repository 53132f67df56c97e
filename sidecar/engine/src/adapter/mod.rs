//! PEFT adapter folders: `adapter_config.json` and `adapter_model.safetensors`.

mod config;
mod names;
mod weights;

pub(crate) use config::PeftConfig;
pub(crate) use weights::{AdapterWeights, ModuleMatrices, ModuleWeights};

/// A loaded adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterInfo {
    /// The id it was loaded under.
    pub id: String,
    /// SHA-256 of `adapter_model.safetensors`.
    pub digest: [u8; 32],
    /// Names weights, ranks and scales together: what a request that runs keeps, and what a replacement is compared with.
    pub generation: [u8; 32],
    /// True while its matrices are in memory; else the next request brings them back.
    pub resident: bool,
    /// True when it is never taken out of memory to make room.
    pub pinned: bool,
    /// Highest rank of its modules.
    pub rank: usize,
    /// Number of modules it changes.
    pub sites: usize,
}
