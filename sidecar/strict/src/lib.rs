//! Gradient graphs in fixed-order arithmetic, made to give the same bits on every processor (docs/benchmarks/strict.md: those tried).
//!
//! ONNX Runtime gives other last bits on another processor, with another number of threads and in another version. Here
//! the graph of `openledger_onnx_graph::grad` is computed by an interpreter that rounds in one order only:
//!
//! - 32-bit IEEE operations, never a multiplication fused with an addition.
//! - Vectors run across the elements of a result. The terms of one element are added in index order, or in the one
//!   fixed order of [`arithmetic::sum`] where neighbouring numbers are added.
//! - exp, log, tanh, sine and cosine are polynomials of our own ([`arithmetic`]); no mathematics library is called.
//! - Threads share the elements of a result, never the terms of one.
//! - What is no number has one bit pattern in results.
//!
//! Padding on the right adds zeros behind the terms, which changes no bit: a row has the same gradient alone and in a
//! batch. [`open`] gives a session with the interface of `openledger_engine::gradient`; [`StrictGraph`] computes any
//! graph of the supported operators. An operator or attribute without a strict form is refused by name.
//!
//! ```no_run
//! use openledger_engine::gradient::GradientRow;
//! use openledger_strict::{StrictConfig, StrictOptions, open};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = StrictOptions { threads: 2, ..StrictOptions::default() };
//! let config = StrictConfig { model_dir: "examples/model".into(), targets: Vec::new(), options };
//! let mut session = open(&config)?;
//! let adapter = session.read_adapter("examples/adapters/wordnet/full".as_ref(), None)?;
//! let tokens = session.encode("What is a ledger?")?;
//! let weights = vec![1.0; tokens.len()];
//! let row = GradientRow { tokens: &tokens, weights: &weights };
//! let run = session.run(&[row], &[&adapter.parameters], &adapter.layout, adapter.scale)?;
//! println!("{:08x}", run.gradients[0][0].to_bits());
//! # Ok(())
//! # }
//! ```

pub mod arithmetic;
mod attributes;
mod broadcast;
mod buffers;
mod constant;
mod context;
mod environment;
mod error;
mod graph;
mod ops;
mod program;
mod session;
mod tensor;
mod threads;

pub use error::{Fault, StrictError};
pub use graph::{StrictGraph, StrictOptions};
pub use program::MAX_RUN_BYTES;
pub use session::{ARITHMETIC, StrictConfig, StrictSession, open};
pub use tensor::{Data, MAX_ELEMENTS, MAX_RANK, Tensor};
