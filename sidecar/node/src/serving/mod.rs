//! Paid answers: vouchers in, tokens and a signed receipt out.

mod answer;
mod attributor;
mod catalog;
mod lanes;
mod payment;
mod receipt;
pub mod sampling;

pub use answer::{Answer, AnswerEvent, Question};
pub use attributor::{Attributing, Attributor};
pub use catalog::{AdapterSource, Catalog, Loading, ServedAdapter};
pub use lanes::{Attributed, Audit, ClusterMeasurement, Lane, check_scores};
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
    /// Says who made the answers.
    pub attributor: Attributor,
    /// Answers under way; awaited before the process ends.
    pub tasks: TaskTracker,
}
