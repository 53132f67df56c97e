//! Paid answers: vouchers in, tokens and a signed receipt out.

mod answer;
mod catalog;
mod payment;
mod receipt;
pub mod sampling;

pub use answer::{Answer, AnswerEvent, Question};
pub use catalog::{AdapterSource, Catalog, ServedAdapter};
pub use payment::limits as session_limits;

use std::sync::Arc;

use openledger_chain::Signer;
use openledger_engine::Engine;
use tokio_util::task::TaskTracker;

use crate::{ledger::Ledger, network::Network};

/// Everything that serving an answer needs. Clones share it.
#[derive(Clone)]
pub struct Serving {
    /// The chain.
    pub network: Network,
    /// The node's account.
    pub signer: Signer,
    /// The store.
    pub ledger: Ledger,
    /// The model.
    pub engine: Engine,
    /// Adapters served here.
    pub catalog: Arc<Catalog>,
    /// Answers under way; awaited before the process ends.
    pub tasks: TaskTracker,
}
