//! Whether more than two thirds of an epoch set signed a statement.
//!
//! With the aggregate key of the whole set stored in the set, the contract subtracts those who did not sign:
//! `e(full, H(m)) = e(g1, signature) * e(absent, H(m))`. The cost grows with absence, not with the size of the set.
//! Keys are proven at registration, so a key made from others' keys is impossible.

use cosmwasm_std::{Api, HashFunction, Uint128, Uint256, BLS12_381_G1_GENERATOR};
use openledger_contract_kit::BlsSignature;
use staking::msg::EpochSet;

use crate::error::ContractError;

/// Domain of epoch signatures, as the BLS signature draft names it.
pub const EPOCH_DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// Checks power and signature. Returns the power that signed.
pub fn check(
    api: &dyn Api,
    set: &EpochSet,
    absentees: &[u32],
    digest: &[u8; 32],
    signature: &BlsSignature,
) -> Result<Uint128, ContractError> {
    let set_id = set.set_id.u64();
    let (absent_power, absent_keys) = absent(set, absentees)?;
    let total = set.total_power;
    let signed = total.checked_sub(absent_power)?;
    // Nobody's signature is needed to see that an empty set has no two thirds.
    let three_signed = Uint256::from(signed).checked_mul(Uint256::from(3u8))?;
    let two_total = Uint256::from(total).checked_mul(Uint256::from(2u8))?;
    if three_signed <= two_total {
        return Err(ContractError::NotEnoughPower { signed, total });
    }
    if is_identity(signature) {
        return Err(ContractError::IdentitySignature);
    }
    let mismatch = || ContractError::SignatureMismatch { set_id };
    let full = set.aggregate_public_key.ok_or_else(mismatch)?;
    let message = api.bls12_381_hash_to_g2(HashFunction::Sha256, digest, EPOCH_DST).map_err(|_| mismatch())?;
    let mut ps = BLS12_381_G1_GENERATOR.to_vec();
    let mut qs = signature.as_ref().to_vec();
    if !absent_keys.is_empty() {
        ps.extend_from_slice(&api.bls12_381_aggregate_g1(&absent_keys).map_err(|_| mismatch())?);
        qs.extend_from_slice(&message);
    }
    // An error is a signature that is no point of the group, `false` a wrong one. Both mean the same here.
    let holds = api.bls12_381_pairing_equality(&ps, &qs, full.as_ref(), &message).unwrap_or(false);
    if holds {
        Ok(signed)
    } else {
        Err(mismatch())
    }
}

/// Power and concatenated keys of those who did not sign.
fn absent(set: &EpochSet, absentees: &[u32]) -> Result<(Uint128, Vec<u8>), ContractError> {
    let mut power = Uint128::zero();
    let mut keys = Vec::new();
    let mut previous = None;
    for &index in absentees {
        if previous.is_some_and(|previous| index <= previous) {
            return Err(ContractError::AbsenteesNotAscending { index });
        }
        previous = Some(index);
        let member = usize::try_from(index).ok().and_then(|index| set.members.get(index)).ok_or_else(|| {
            let members = u64::try_from(set.members.len()).unwrap_or(u64::MAX);
            ContractError::AbsenteeOutOfRange { index, set_id: set.set_id.u64(), members }
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
