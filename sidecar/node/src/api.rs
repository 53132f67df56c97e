//! The public API as generated from `proto/openledger/sidecar/v1`.

#![allow(missing_docs, clippy::all)]

tonic::include_proto!("openledger.sidecar.v1");

/// Descriptors of every message and service, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openledger.bin"));
