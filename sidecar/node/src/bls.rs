//! BLS12-381 signatures of validators: public keys in G1 (48 bytes), signatures in G2 (96 bytes), hashed to the curve by the
//! proof-of-possession ciphersuite of draft-irtf-cfrg-bls-signature.

use std::{fmt, fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use blst::{
    BLST_ERROR,
    min_pk::{AggregateSignature, PublicKey, SecretKey, Signature},
};
use openledger_protocol::{Hash, ProofOfPossession, Scope, Signed, digest::tagged};

use crate::error::NodeError;

/// Domain of signatures over digests of messages.
pub const SIGNATURE_DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
/// Domain of proofs of possession.
pub const POSSESSION_DST: &[u8] = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// A validator's signing key.
#[derive(Clone)]
pub struct BlsKey(SecretKey);

impl fmt::Debug for BlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlsKey({})", hex::encode(self.public_key()))
    }
}

impl BlsKey {
    /// A new key from the operating system's randomness.
    pub fn generate() -> Result<Self, NodeError> {
        let mut seed = [0u8; 32];
        getrandom::fill(&mut seed).map_err(|error| NodeError::Config(format!("no randomness: {error}")))?;
        Self::from_seed(&seed)
    }

    /// The key that EIP-2333's key generation makes of 32 bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, NodeError> {
        SecretKey::key_gen(seed, &[])
            .map(Self)
            .map_err(|error| NodeError::Config(format!("cannot make a BLS key: {error:?}")))
    }

    /// Reads a key file: the secret scalar in hex.
    pub fn load(path: &Path) -> Result<Self, NodeError> {
        let broken = |problem: String| NodeError::Config(format!("BLS key {}: {problem}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| broken(error.to_string()))?;
        let bytes = hex::decode(text.trim()).map_err(|error| broken(error.to_string()))?;
        SecretKey::from_bytes(&bytes).map(Self).map_err(|error| broken(format!("{error:?}")))
    }

    /// Writes a key file that only its owner can read; refuses to overwrite one.
    pub fn save(&self, path: &Path) -> Result<(), NodeError> {
        let broken = |error: std::io::Error| NodeError::Config(format!("BLS key {}: {error}", path.display()));
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(broken)?;
        writeln!(file, "{}", hex::encode(self.0.to_bytes())).map_err(broken)?;
        file.sync_all().map_err(broken)
    }

    /// Draws one of 2³² numbers that only the holder of this key can predict, the same every time.
    ///
    /// A draw that changed from try to try could be repeated until it misses.
    pub fn draw(&self, purpose: &[u8]) -> u32 {
        let mut bytes = self.0.to_bytes().to_vec();
        bytes.extend_from_slice(purpose);
        let [a, b, c, d, ..] = tagged("draw", &bytes);
        u32::from_be_bytes([a, b, c, d])
    }

    /// Compressed G1 point.
    pub fn public_key(&self) -> [u8; 48] {
        self.0.sk_to_pk().to_bytes()
    }

    /// Signs a message's digest.
    pub fn sign(&self, message: &impl Signed) -> [u8; 96] {
        self.0.sign(&message.digest(), SIGNATURE_DST, &[]).to_bytes()
    }

    /// Proof that the key is held by `validator`, for the staking contract in `scope`.
    pub fn prove_possession(&self, scope: &Scope, validator: &str) -> [u8; 96] {
        let message = ProofOfPossession {
            scope: Some(scope.clone()),
            validator: validator.into(),
            public_key: self.public_key().to_vec(),
        };
        self.0.sign(&message.digest(), POSSESSION_DST, &[]).to_bytes()
    }
}

/// Whether `signature` is `public_key`'s over a message's digest. Points outside the group and identities are refused.
pub fn verify(public_key: &[u8], digest: &Hash, signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (PublicKey::key_validate(public_key), Signature::sig_validate(signature, true))
    else {
        return false;
    };
    signature.verify(false, digest, SIGNATURE_DST, &[], &key, false) == BLST_ERROR::BLST_SUCCESS
}

/// Sum of verified signatures; `None` for none.
pub fn aggregate(signatures: &[Vec<u8>]) -> Option<[u8; 96]> {
    let points: Vec<Signature> =
        signatures.iter().map(|bytes| Signature::from_bytes(bytes)).collect::<Result<_, _>>().ok()?;
    let references: Vec<&Signature> = points.iter().collect();
    let sum = AggregateSignature::aggregate(&references, true).ok()?;
    Some(sum.to_signature().to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use openledger_protocol::EpochStatement;

    fn statement(epoch: u64) -> EpochStatement {
        EpochStatement { epoch, ..EpochStatement::default() }
    }

    #[test]
    fn a_signature_is_for_one_key_and_one_statement() {
        let key = BlsKey::from_seed(&[7; 32]).unwrap();
        let other = BlsKey::from_seed(&[8; 32]).unwrap();
        let signature = key.sign(&statement(1));
        assert!(verify(&key.public_key(), &statement(1).digest(), &signature));
        assert!(!verify(&key.public_key(), &statement(2).digest(), &signature));
        assert!(!verify(&other.public_key(), &statement(1).digest(), &signature));
        assert!(!verify(&[0; 48], &statement(1).digest(), &signature));
        assert!(!verify(&key.public_key(), &statement(1).digest(), &signature[1..]));
    }

    #[test]
    fn draws_are_stable_and_belong_to_one_key() {
        let key = BlsKey::from_seed(&[7; 32]).unwrap();
        assert_eq!(key.draw(b"batch 1"), key.draw(b"batch 1"));
        assert_ne!(key.draw(b"batch 1"), key.draw(b"batch 2"));
        assert_ne!(key.draw(b"batch 1"), BlsKey::from_seed(&[8; 32]).unwrap().draw(b"batch 1"));
    }

    #[test]
    fn a_key_file_survives_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bls.key");
        let key = BlsKey::generate().unwrap();
        key.save(&path).unwrap();
        assert_eq!(BlsKey::load(&path).unwrap().public_key(), key.public_key());
        assert!(BlsKey::generate().unwrap().save(&path).is_err());
        assert_eq!(BlsKey::load(&path).unwrap().public_key(), key.public_key());
    }
}
