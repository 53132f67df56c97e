//! The artifacts in the virtual machine that chains run them in: its checks, its imports, its gas, without a node.
//!
//! Cheaper than a real node and closer to it than the native tests: what runs here are the bytes that go on chain. A [`World`]
//! holds a few contracts that call and ask each other; [`gas`] keeps what their messages took.
//!
//! A workspace of its own: the machine brings another line of cosmwasm-std, and Wasmer, which nothing that we ship may link.

pub mod artifacts;
pub mod gas;
mod sight;
mod world;

pub use world::{Done, World};

/// Wasmer 5 names this symbol, which Rust no longer brings. Its singlepass compiler never calls it.
#[unsafe(no_mangle)]
pub extern "C" fn __rust_probestack() {}
