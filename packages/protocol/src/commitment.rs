//! Salted commitments, so that a receipt can be published without the buyer's words.

use alloc::vec::Vec;

use crate::{Hash, Message, Sampling, digest::tagged};

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

/// Commits to how tokens were drawn: `tagged("sampling", salt || encoding)`.
pub fn sampling(salt: &[u8; 32], sampling: &Sampling) -> Hash {
    let mut bytes = salt.to_vec();
    bytes.extend_from_slice(&sampling.encode_to_vec());
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
    fn salt_and_every_parameter_of_sampling_count() {
        let plain = Sampling::default();
        let base = sampling(&[1; 32], &plain);
        assert_ne!(base, sampling(&[2; 32], &plain));
        for other in [
            Sampling { temperature: 1, ..plain.clone() },
            Sampling { top_k: 1, ..plain.clone() },
            Sampling { top_p: 1, ..plain.clone() },
            Sampling { min_p: 1, ..plain.clone() },
            Sampling { repetition_penalty: 1, ..plain.clone() },
            Sampling { presence_penalty: 1, ..plain.clone() },
            Sampling { frequency_penalty: 1, ..plain.clone() },
            Sampling { seed: 1, ..plain.clone() },
            Sampling { max_new_tokens: 1, ..plain.clone() },
            Sampling { stop: [String::new()].into(), ..plain.clone() },
            Sampling { json_schema: "1".into(), ..plain.clone() },
            Sampling { regex: "1".into(), ..plain.clone() },
        ] {
            assert_ne!(base, sampling(&[1; 32], &other), "{other:?}");
        }
    }
}
