//! Protobuf messages of the transcript, generated from `proto/transcript.proto`.

#![allow(missing_docs, clippy::all)]

include!(concat!(env!("OUT_DIR"), "/openledger.training.v1.rs"));
