//! Whether more than two thirds of an epoch set signed something. For the contracts that act on what validators sign.
//!
//! With the aggregate key of the whole set stored in the set, the contract subtracts those who did not sign:
//! `e(full, H(m)) = e(g1, signature) * e(absent, H(m))`. The cost grows with absence, not with the size of the set.
//! Keys are proven at registration, so a key made from others' keys is impossible.

use cosmwasm_std::{Api, HashFunction, OverflowError, Uint128, Uint256, BLS12_381_G1_GENERATOR};
use openledger_contract_kit::BlsSignature;
use thiserror::Error;

use crate::msg::EpochSet;

/// Why the signatures of a set do not count.
#[derive(Debug, Error, PartialEq)]
pub enum QuorumError {
    /// A power that does not fit.
    #[error("{0}: the powers do not add up within 128 bits")]
    Overflow(#[from] OverflowError),
    /// Absentees out of order or twice.
    #[error("absentee {index} is out of order: list each index once, ascending")]
    AbsenteesNotAscending { index: u32 },
    /// No such member.
    #[error("absentee {index} is not in epoch set {set_id} of {members} members")]
    AbsenteeOutOfRange { index: u32, set_id: u64, members: u64 },
    /// Not more than two thirds.
    #[error("validators with {signed} of {total} power signed: more than two thirds are needed")]
    NotEnoughPower { signed: Uint128, total: Uint128 },
    /// The point at infinity.
    #[error("the aggregate signature is the identity point, which anybody can make: aggregate real signatures")]
    IdentitySignature,
    /// The pairing check failed.
    #[error("the aggregate signature is not that of epoch set {set_id} without the named absentees over these bytes: an absent, unbonded or wrong validator signed, or other bytes were signed")]
    SignatureMismatch { set_id: u64 },
}

/// Domain of validators' signatures, as the BLS signature draft names it.
pub const EPOCH_DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// Checks power and signature. Returns the power that signed.
pub fn check(
    api: &dyn Api,
    set: &EpochSet,
    absentees: &[u32],
    digest: &[u8; 32],
    signature: &BlsSignature,
) -> Result<Uint128, QuorumError> {
    let (absent_power, absent_keys) = absent(set, absentees)?;
    let total = set.total_power;
    let signed = total.checked_sub(absent_power)?;
    // Nobody's signature is needed to see that an empty set has no two thirds.
    let three_signed = Uint256::from(signed).checked_mul(Uint256::from(3u8))?;
    let two_total = Uint256::from(total).checked_mul(Uint256::from(2u8))?;
    if three_signed <= two_total {
        return Err(QuorumError::NotEnoughPower { signed, total });
    }
    pair(api, set, &absent_keys, digest, signature)?;
    Ok(signed)
}

/// Checks that exactly the members that are not absent signed, however few they are.
pub fn verify(
    api: &dyn Api,
    set: &EpochSet,
    absentees: &[u32],
    digest: &[u8; 32],
    signature: &BlsSignature,
) -> Result<(), QuorumError> {
    let (_, absent_keys) = absent(set, absentees)?;
    pair(api, set, &absent_keys, digest, signature)
}

fn pair(
    api: &dyn Api,
    set: &EpochSet,
    absent_keys: &[u8],
    digest: &[u8; 32],
    signature: &BlsSignature,
) -> Result<(), QuorumError> {
    if is_identity(signature) {
        return Err(QuorumError::IdentitySignature);
    }
    let mismatch = || QuorumError::SignatureMismatch { set_id: set.set_id.u64() };
    let full = set.aggregate_public_key.ok_or_else(mismatch)?;
    let message = api.bls12_381_hash_to_g2(HashFunction::Sha256, digest, EPOCH_DST).map_err(|_| mismatch())?;
    let mut ps = BLS12_381_G1_GENERATOR.to_vec();
    let mut qs = signature.as_ref().to_vec();
    if !absent_keys.is_empty() {
        ps.extend_from_slice(&api.bls12_381_aggregate_g1(absent_keys).map_err(|_| mismatch())?);
        qs.extend_from_slice(&message);
    }
    // An error is a signature that is no point of the group, `false` a wrong one. Both mean the same here.
    match api.bls12_381_pairing_equality(&ps, &qs, full.as_ref(), &message) {
        Ok(true) => Ok(()),
        _ => Err(mismatch()),
    }
}

/// Power and concatenated keys of those who did not sign.
fn absent(set: &EpochSet, absentees: &[u32]) -> Result<(Uint128, Vec<u8>), QuorumError> {
    let mut power = Uint128::zero();
    let mut keys = Vec::new();
    let mut previous = None;
    for &index in absentees {
        if previous.is_some_and(|previous| index <= previous) {
            return Err(QuorumError::AbsenteesNotAscending { index });
        }
        previous = Some(index);
        let member = usize::try_from(index).ok().and_then(|index| set.members.get(index)).ok_or_else(|| {
            let members = u64::try_from(set.members.len()).unwrap_or(u64::MAX);
            QuorumError::AbsenteeOutOfRange { index, set_id: set.set_id.u64(), members }
        })?;
        power = power.checked_add(member.power)?;
        keys.extend_from_slice(member.bls_public_key.as_ref());
    }
    Ok((power, keys))
}

/// Whether this encodes the point at infinity: the second highest bit of a compressed point says so. No other point
/// carries that bit, and the host ignores all other bytes when it sees it, so the bit alone decides.
fn is_identity(signature: &BlsSignature) -> bool {
    signature.as_ref().first().is_none_or(|flags| flags & 0x40 != 0)
}
