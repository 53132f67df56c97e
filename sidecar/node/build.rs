//! Generates the sidecar's gRPC services from `proto/`; signed messages come from `openledger-protocol`.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    // Migrations are compiled in, and a new file touches no source.
    println!("cargo:rerun-if-changed=migrations");
    let files = ["inference", "settlement"].map(|name| root.join(format!("openledger/sidecar/v1/{name}.proto")));
    let descriptors = protox::compile(&files, [&root])?;
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("openledger.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .extern_path(".openledger.protocol.v1", "::openledger_protocol")
        .compile_fds(descriptors)?;
    Ok(())
}
