//! Commitments to rows that are not shown yet. Sidecars link this function, so both sides compute the same.

use cosmwasm_std::Addr;
use openledger_contract_kit::Digest;
use openledger_protocol::digest::tagged;

/// `SHA-256("openledger/contribution-commitment/v1" || 0x00 || datanet_id || rows_root || manifest || salt || contributor)`.
///
/// The id is big-endian of 8 bytes and the digests have 32 each, so only the address at the end varies in length. It names the
/// contributor, so that a copy is worth nothing to another; the salt, of 32 random bytes, keeps known rows from being guessed.
pub fn commitment(datanet_id: u64, rows_root: &Digest, manifest: &Digest, salt: &Digest, contributor: &Addr) -> Digest {
    let mut bytes = Vec::with_capacity(160);
    bytes.extend_from_slice(&datanet_id.to_be_bytes());
    for digest in [rows_root, manifest, salt] {
        bytes.extend_from_slice(digest.as_ref());
    }
    bytes.extend_from_slice(contributor.as_bytes());
    Digest::new(tagged("contribution-commitment", &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed outside this repository's code, with Python's hashlib.
    #[test]
    fn the_commitment_is_the_documented_bytes() {
        let [root, manifest, salt] = [1, 2, 3].map(|byte| Digest::new([byte; 32]));
        let found = commitment(1, &root, &manifest, &salt, &Addr::unchecked("wasm1a"));
        assert_eq!(found.to_string(), "c6ff23c49b3f3cba6ee5d9cd2a5a636340756fd08eff70274e4623e86ea03427");
    }
}
