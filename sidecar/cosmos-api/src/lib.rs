//! Cosmos SDK, CometBFT and CosmWasm gRPC services as wire types.
//!
//! Generated from the trimmed interface files in `proto/`: the names and field numbers are those that every
//! CosmWasm chain speaks; messages and fields which neither our client nor our development chain uses are left
//! out. The modules follow the proto packages, for example [`cosmos::tx::v1beta1`].

// Generated code carries the comments of the interface files and follows its generator's style.
#[allow(missing_docs, clippy::all, clippy::unwrap_used)]
mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}

pub use api::{cosmos, cosmwasm, tendermint};

/// `google.protobuf.FileDescriptorSet` of what the development chain serves, for its reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
