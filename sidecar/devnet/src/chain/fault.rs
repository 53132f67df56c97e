//! Refusals of transactions, with the numbers and the texts of the SDK and wasmd.

use std::fmt;

/// Why a transaction or a query failed: `codespace` and `code` as clients of the real chain know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `sdk` or `wasm`.
    pub codespace: &'static str,
    /// The codespace's error number.
    pub code: u32,
    /// What clients see as log.
    pub log: String,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $space:literal, $code:literal, $text:literal;)*) => {
        impl Fault {
            $($(#[$doc])*
            pub fn $name(detail: impl fmt::Display) -> Self {
                Self { codespace: $space, code: $code, log: format!("{detail}: {}", $text) }
            })*
        }
    };
}

faults! {
    /// The bytes are no transaction.
    tx_decode = "sdk", 2, "tx parse error";
    /// Signature, chain id, account number or sequence do not fit together.
    unauthorized = "sdk", 4, "unauthorized";
    /// The account has less than it wants to spend.
    insufficient_funds = "sdk", 5, "insufficient funds";
    /// A message or query path nobody handles.
    unknown_request = "sdk", 6, "unknown request";
    /// Not a bech32 address of this chain.
    invalid_address = "sdk", 7, "invalid address";
    /// A public key of another type, or of another account.
    invalid_pubkey = "sdk", 8, "invalid pubkey";
    /// The account was never paid anything.
    unknown_address = "sdk", 9, "unknown address";
    /// Amounts that are zero, unsorted or repeated.
    invalid_coins = "sdk", 10, "invalid coins";
    /// More memo than allowed.
    memo_too_large = "sdk", 12, "memo too large";
    /// Below the minimum gas price.
    insufficient_fee = "sdk", 13, "insufficient fee";
    /// Fewer signatures than signers.
    no_signatures = "sdk", 15, "no signatures supplied";
    /// Not well-formed in some other way.
    invalid_request = "sdk", 18, "invalid request";
    /// The waiting list is full.
    mempool_full = "sdk", 20, "mempool is full";
    /// More bytes than allowed.
    tx_too_large = "sdk", 21, "tx too large";
    /// Nothing under that key.
    not_found = "sdk", 22, "not found";
    /// Past its timeout height.
    tx_timeout = "sdk", 30, "tx timeout height";
    /// Options this chain does not know.
    unknown_extension = "sdk", 31, "unknown extension options";
    /// Another sequence is next.
    wrong_sequence = "sdk", 32, "incorrect account sequence";
    /// The simulation itself failed; never the sender's fault.
    panicked = "sdk", 111_222, "panic";
    /// Code that cannot be stored.
    create_failed = "wasm", 2, "create wasm contract failed";
    /// The contract refused to be made.
    instantiate_failed = "wasm", 4, "instantiate wasm contract failed";
    /// The contract refused the call.
    execute_failed = "wasm", 5, "execute wasm contract failed";
    /// The contract refused the question.
    query_failed = "wasm", 9, "query wasm contract failed";
    /// The contract refused to change its code.
    migrate_failed = "wasm", 11, "migrate wasm contract failed";
    /// No contract lives there.
    no_such_contract = "wasm", 22, "no such contract";
    /// No code has that number.
    no_such_code = "wasm", 28, "no such code";
}

impl Fault {
    /// The same fault as part of a transaction's message.
    pub fn at_message(self, index: usize) -> Self {
        Self { log: format!("failed to execute message; message index: {index}: {}", self.log), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} code {})", self.log, self.codespace, self.code)
    }
}
