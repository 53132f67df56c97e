//! Bonded tokens at the start of a block, for votes. What is on its way out counts nothing.

use cosmwasm_std::{Addr, Storage, Uint128};

use crate::{
    error::ContractError,
    state::{BACKED, SHARES, STAKES, TOTAL},
};

/// Of one account, self-bond included. At most 16 delegations.
pub fn of_account(storage: &dyn Storage, account: &Addr, height: u64) -> Result<Uint128, ContractError> {
    let mut power = Uint128::zero();
    for validator in BACKED.may_load_at_height(storage, account, height)?.unwrap_or_default() {
        let shares = SHARES.may_load_at_height(storage, (account, &validator), height)?.unwrap_or_default();
        let stake = STAKES.may_load_at_height(storage, &validator, height)?.unwrap_or_default();
        power = power.checked_add(stake.worth(shares)?)?;
    }
    Ok(power)
}

/// Of everybody.
pub fn total(storage: &dyn Storage, height: u64) -> Result<Uint128, ContractError> {
    Ok(TOTAL.may_load_at_height(storage, height)?.unwrap_or_default())
}
