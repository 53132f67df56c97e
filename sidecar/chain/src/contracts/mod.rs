//! Typed clients of the OpenLedger contracts: one query method for each question, and `execute` that takes only
//! the contract's own messages.
//!
//! ```no_run
//! # async fn example(client: openledger_chain::ChainClient) -> Result<(), openledger_chain::ChainError> {
//! use openledger_chain::contracts::Settlement;
//!
//! let settlement = Settlement::new(client, "wasm1...");
//! let session = settlement.session(7u64.into()).await?;
//! println!("{} uopen left", session.available);
//! # Ok(()) }
//! ```

mod datanets;
mod disputes;
mod models;
mod open_token;
mod settlement;
mod staking;

pub use self::{
    datanets::Datanets, disputes::Disputes, models::Models, open_token::OpenToken, settlement::Settlement,
    staking::Staking,
};

/// A contract's client: what it is called, its message types, and its queries with their answers.
macro_rules! contract {
    (
        $(#[$doc:meta])*
        $name:ident, $execute:ty, $query:ident:
        $($(#[$query_doc:meta])* $method:ident($($arg:ident: $kind:ty),*) -> $answer:ty = $variant:ident;)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            client: $crate::ChainClient,
            address: String,
        }

        impl $name {
            /// The contract at an address.
            #[must_use]
            pub fn new(client: $crate::ChainClient, address: impl Into<String>) -> Self {
                Self { client, address: address.into() }
            }

            /// The contract's address.
            #[must_use]
            pub fn address(&self) -> &str {
                &self.address
            }

            /// Sends a message as `signer` and waits for the block.
            ///
            /// # Errors
            /// As [`Signer::execute`](crate::Signer::execute).
            pub async fn execute<K: $crate::SigningKey>(
                &self,
                signer: &$crate::Signer<K>,
                message: &$execute,
            ) -> Result<$crate::TxOutcome, $crate::ChainError> {
                signer.execute(&self.address, message, Vec::new()).await
            }

            $(
                $(#[$query_doc])*
                ///
                /// # Errors
                /// As [`ChainClient::query_smart`](crate::ChainClient::query_smart).
                pub async fn $method(&self $(, $arg: $kind)*) -> Result<$answer, $crate::ChainError> {
                    self.client.query_smart(&self.address, &$query::$variant { $($arg),* }).await
                }
            )*
        }
    };
}
use contract;
