//! Sign bytes: one digest per message, separated by kind.

use prost::Message;
use sha2::{Digest, Sha256};

use crate::{
    BatchAccess, BatchHeader, Credit, DisputeVerdict, EpochStatement, Hash, ProofOfPossession, Receipt, Voucher,
};

/// A message that is hashed or signed on its own.
///
/// prost writes fields in ascending order, leaves defaults out and has no unknown fields, which is what ADR-027 asks for;
/// no message here holds a map.
pub trait Signed: Message {
    /// Name of the message in the domain tag.
    const KIND: &'static str;

    /// `SHA-256("openledger/<kind>/v1" || 0x00 || encoding)`: what is signed, and the message's id.
    fn digest(&self) -> Hash
    where
        Self: Sized,
    {
        tagged(Self::KIND, &self.encode_to_vec())
    }
}

/// `SHA-256("openledger/<kind>/v1" || 0x00 || bytes)`.
pub fn tagged(kind: &str, bytes: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(b"openledger/");
    hasher.update(kind.as_bytes());
    hasher.update(b"/v1\0");
    hasher.update(bytes);
    hasher.finalize().into()
}

impl Signed for Voucher {
    const KIND: &'static str = "voucher";
}

impl Signed for Receipt {
    const KIND: &'static str = "receipt";
}

impl Signed for BatchHeader {
    const KIND: &'static str = "batch";
}

impl Signed for BatchAccess {
    const KIND: &'static str = "batch-access";
}

impl Signed for Credit {
    const KIND: &'static str = "credit";
}

impl Signed for EpochStatement {
    const KIND: &'static str = "epoch";
}

impl Signed for DisputeVerdict {
    const KIND: &'static str = "verdict";
}

impl Signed for ProofOfPossession {
    const KIND: &'static str = "proof-of-possession";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scope;

    fn voucher() -> Voucher {
        Voucher {
            scope: Some(Scope { chain_id: "chain-1".into(), contract: "wasm1contract".into() }),
            session_id: 7,
            cumulative_amount: "1000".into(),
            sequence: 3,
        }
    }

    #[test]
    fn digest_covers_every_field() {
        let base = voucher().digest();
        let mut variants = Vec::new();
        let mut other_chain = voucher();
        other_chain.scope = Some(Scope { chain_id: "chain-2".into(), contract: "wasm1contract".into() });
        variants.push(other_chain);
        let mut other_contract = voucher();
        other_contract.scope = Some(Scope { chain_id: "chain-1".into(), contract: "wasm1other".into() });
        variants.push(other_contract);
        variants.push(Voucher { session_id: 8, ..voucher() });
        variants.push(Voucher { cumulative_amount: "1001".into(), ..voucher() });
        variants.push(Voucher { sequence: 4, ..voucher() });
        for variant in variants {
            assert_ne!(base, variant.digest(), "{variant:?}");
        }
    }

    #[test]
    fn the_same_bytes_of_another_kind_have_another_digest() {
        let bytes = voucher().encode_to_vec();
        assert_ne!(tagged("voucher", &bytes), tagged("receipt", &bytes));
    }

    #[test]
    fn encoding_is_the_same_after_a_round_trip() {
        let bytes = voucher().encode_to_vec();
        let again = Voucher::decode(bytes.as_slice()).unwrap().encode_to_vec();
        assert_eq!(bytes, again);
    }
}
