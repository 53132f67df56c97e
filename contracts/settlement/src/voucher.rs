//! A buyer's signed promise.

use cosmwasm_std::Api;
use openledger_contract_kit::Signature64;
use openledger_protocol::{amount, Scope, Signed, Voucher};

use crate::{error::ContractError, msg::Charge, state::Session};

/// Half of the order of secp256k1, rounded down: the largest low s.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e,
    0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// Checks the session key's signature. Order and amount are the caller's.
pub fn check_signature(api: &dyn Api, scope: &Scope, session: &Session, charge: &Charge) -> Result<(), ContractError> {
    let session_id = charge.session_id.u64();
    if !is_low_s(&charge.voucher_signature) {
        return Err(ContractError::VoucherHighS { session_id });
    }
    let digest = Voucher {
        scope: Some(scope.clone()),
        session_id,
        cumulative_amount: amount::format(charge.voucher_amount.u128()),
        sequence: charge.voucher_sequence.u64(),
    }
    .digest();
    // An error is a malformed signature or key, `false` a wrong signature. Both mean the same here.
    let valid = api.secp256k1_verify(&digest, charge.voucher_signature.as_ref(), session.session_public_key.as_ref());
    if valid.unwrap_or(false) {
        Ok(())
    } else {
        Err(ContractError::VoucherForged { session_id })
    }
}

fn is_low_s(signature: &Signature64) -> bool {
    let (_, s) = signature.as_bytes().split_at(32);
    s <= HALF_ORDER.as_slice()
}
