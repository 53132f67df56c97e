//! secp256k1 signatures of nodes and sessions: 64 bytes r||s over a digest, low S only.

use k256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
use openledger_protocol::Hash;

/// Whether `signature` is `public_key`'s over `digest`. High S is refused, so that a signature has one spelling.
pub fn verify(public_key: &[u8], digest: &Hash, signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (VerifyingKey::from_sec1_bytes(public_key), Signature::from_slice(signature)) else {
        return false;
    };
    signature.normalize_s().is_none() && key.verify_prehash(digest, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use k256::ecdsa::{SigningKey, signature::hazmat::PrehashSigner};

    #[test]
    fn the_mirrored_signature_is_refused() {
        let key = SigningKey::from_slice(&[5; 32]).unwrap();
        let public = key.verifying_key().to_encoded_point(true);
        let digest = [9; 32];
        let signature: Signature = key.sign_prehash(&digest).unwrap();
        let signature = signature.normalize_s().unwrap_or(signature);
        assert!(verify(public.as_bytes(), &digest, &signature.to_bytes()));
        let (r, s) = signature.split_scalars();
        let mirrored = Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
        assert!(!verify(public.as_bytes(), &digest, &mirrored.to_bytes()));
        assert!(!verify(public.as_bytes(), &[8; 32], &signature.to_bytes()));
        assert!(!verify(&[2; 33], &digest, &signature.to_bytes()));
    }
}
