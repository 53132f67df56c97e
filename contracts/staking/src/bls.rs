//! BLS12-381 as validators use it: public keys in G1, signatures in G2, proof of possession against rogue keys.

use cosmwasm_std::{Addr, Api, Env, HashFunction, BLS12_381_G1_GENERATOR};
use openledger_contract_kit::{BlsPublicKey, BlsSignature, Hex};
use openledger_protocol::{ProofOfPossession, Scope, Signed};

use crate::error::ContractError;

/// Domain of proofs of possession, as the BLS signature draft names it.
pub const POP_DST: &[u8] = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// Checks that whoever registers holds the secret key, and signed for this account, chain and contract.
///
/// The host accepts the identity point, under which the empty statement always verifies, so it is refused here. The host
/// checks curve and subgroup.
pub fn check_possession(
    api: &dyn Api,
    env: &Env,
    validator: &Addr,
    key: &BlsPublicKey,
    proof: &BlsSignature,
) -> Result<(), ContractError> {
    if is_identity(key) {
        return Err(ContractError::IdentityKey);
    }
    if is_identity(proof) {
        return Err(ContractError::IdentitySignature);
    }
    // Aggregating a single point is the host's point check.
    api.bls12_381_aggregate_g1(key.as_ref()).map_err(|_| ContractError::InvalidKey)?;
    let digest = ProofOfPossession {
        scope: Some(Scope { chain_id: env.block.chain_id.clone(), contract: env.contract.address.to_string() }),
        validator: validator.to_string(),
        public_key: key.as_ref().to_vec(),
    }
    .digest();
    let message = api
        .bls12_381_hash_to_g2(HashFunction::Sha256, &digest, POP_DST)
        .map_err(|_| ContractError::InvalidProofOfPossession)?;
    let holds = api
        .bls12_381_pairing_equality(key.as_ref(), &message, &BLS12_381_G1_GENERATOR, proof.as_ref())
        .map_err(|_| ContractError::InvalidProofOfPossession)?;
    if holds {
        Ok(())
    } else {
        Err(ContractError::InvalidProofOfPossession)
    }
}

/// Whether this encodes the point at infinity: the second highest bit of a compressed point says so. No other point
/// carries that bit, and the host ignores all other bytes when it sees it, so the bit alone decides.
pub fn is_identity<const N: usize>(point: &Hex<N>) -> bool {
    point.as_ref().first().is_none_or(|flags| flags & 0x40 != 0)
}
