//! Generates clients, servers and messages from `proto/` without an installed protoc.

use std::{env, error::Error, fs, path::PathBuf};

/// Every file that holds a service or a message some client names; the rest follows by import.
const ROOTS: [&str; 9] = [
    "cosmos/auth/v1beta1/query.proto",
    "cosmos/bank/v1beta1/query.proto",
    "cosmos/bank/v1beta1/tx.proto",
    "cosmos/base/tendermint/v1beta1/query.proto",
    "cosmos/crypto/secp256k1/keys.proto",
    "cosmos/tx/v1beta1/service.proto",
    "cosmwasm/wasm/v1/query.proto",
    "cosmwasm/wasm/v1/tx.proto",
    "cosmwasm/wasm/v1/types.proto",
];

/// What only clients name: the development chain serves nothing of it, so that its reflection must not list it.
const CLIENT_ROOTS: [&str; 5] = [
    "cosmos/authz/v1beta1/query.proto",
    "cosmos/authz/v1beta1/tx.proto",
    "cosmos/feegrant/v1beta1/query.proto",
    "cosmos/feegrant/v1beta1/tx.proto",
    "cosmwasm/wasm/v1/authz.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let served = protox::compile(ROOTS, ["proto"])?;
    fs::write(out.join("descriptors.bin"), prost::Message::encode_to_vec(&served))?;
    let everything = protox::compile(ROOTS.into_iter().chain(CLIENT_ROOTS), ["proto"])?;
    let mut config = prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure().include_file("api.rs").compile_fds_with_config(everything, config)?;
    Ok(())
}
