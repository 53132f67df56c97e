//! Salted commitments, so that a receipt can be published without the buyer's words.

use alloc::vec::Vec;

use crate::{Hash, digest::tagged};

/// Commits to token ids: `tagged("tokens", label || 0x00 || salt || ids as 4-byte big-endian integers)`.
///
/// `label` keeps a prompt from being opened as a response.
pub fn tokens(label: &str, salt: &[u8; 32], ids: &[u32]) -> Hash {
    let mut bytes = Vec::with_capacity(label.len().saturating_add(33).saturating_add(ids.len().saturating_mul(4)));
    bytes.extend_from_slice(label.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(salt);
    for id in ids {
        bytes.extend_from_slice(&id.to_be_bytes());
    }
    tagged("tokens", &bytes)
}

/// Commits to how tokens were drawn: temperature and top-p as IEEE-754 bits, big-endian throughout.
pub fn sampling(salt: &[u8; 32], temperature: f32, top_k: u32, top_p: f32, seed: u64, max_new_tokens: u32) -> Hash {
    let mut bytes = Vec::with_capacity(56);
    bytes.extend_from_slice(salt);
    bytes.extend_from_slice(&temperature.to_bits().to_be_bytes());
    bytes.extend_from_slice(&top_k.to_be_bytes());
    bytes.extend_from_slice(&top_p.to_bits().to_be_bytes());
    bytes.extend_from_slice(&seed.to_be_bytes());
    bytes.extend_from_slice(&max_new_tokens.to_be_bytes());
    tagged("sampling", &bytes)
}

/// Commits to an int8 query vector: `tagged("query", salt || bytes)`, one byte per dimension, two's complement.
pub fn query(salt: &[u8; 32], vector: &[i8]) -> Hash {
    let mut bytes = Vec::with_capacity(vector.len().saturating_add(32));
    bytes.extend_from_slice(salt);
    bytes.extend(vector.iter().map(|value| value.cast_unsigned()));
    tagged("query", &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salt_and_every_dimension_of_a_query_count() {
        let base = query(&[1; 32], &[1, -2]);
        assert_ne!(base, query(&[2; 32], &[1, -2]));
        assert_ne!(base, query(&[1; 32], &[1, 2]));
        assert_ne!(base, query(&[1; 32], &[1, -2, 0]));
    }

    #[test]
    fn label_salt_and_ids_all_count() {
        let base = tokens("prompt", &[1; 32], &[1, 2]);
        assert_ne!(base, tokens("response", &[1; 32], &[1, 2]));
        assert_ne!(base, tokens("prompt", &[2; 32], &[1, 2]));
        assert_ne!(base, tokens("prompt", &[1; 32], &[1, 2, 0]));
    }

    #[test]
    fn every_sampling_parameter_counts() {
        let base = sampling(&[1; 32], 0.5, 4, 0.9, 7, 16);
        for other in [
            sampling(&[2; 32], 0.5, 4, 0.9, 7, 16),
            sampling(&[1; 32], 0.6, 4, 0.9, 7, 16),
            sampling(&[1; 32], 0.5, 5, 0.9, 7, 16),
            sampling(&[1; 32], 0.5, 4, 0.8, 7, 16),
            sampling(&[1; 32], 0.5, 4, 0.9, 8, 16),
            sampling(&[1; 32], 0.5, 4, 0.9, 7, 17),
        ] {
            assert_ne!(base, other);
        }
    }
}
