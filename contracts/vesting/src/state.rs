//! What the contract remembers.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Empty, Storage, Uint128, Uint64};
use cw_storage_plus::{Item, Map};
use openledger_contract_kit::ownership::Ownership;

use crate::{error::ContractError, schedule::Schedule};

/// Last id given out.
pub const LAST_GRANT: Item<u64> = Item::new("last_grant");
/// Every grant that was ever made, by id.
pub const GRANTS: Map<u64, Grant> = Map::new("grants");
/// Ids by present recipient.
pub const BY_RECIPIENT: Map<(&Addr, u64), Empty> = Map::new("by_recipient");
/// What is promised in each token and has not left: the sum of [`Grant::outstanding`].
pub const OWED: Map<&Addr, Uint128> = Map::new("owed");

/// Tokens on their way to a recipient.
#[cw_serde]
pub struct Grant {
    /// The cw20 token.
    pub token: Addr,
    /// Who sent the tokens. Has no rights any more.
    pub grantor: Addr,
    /// Who is paid, and who may follow.
    pub recipient: Ownership,
    /// Who may stop the grant. Nobody if absent, and nobody after a revocation.
    pub revoker: Option<Addr>,
    /// All tokens of the grant.
    pub amount: Uint128,
    /// Paid to recipients so far.
    pub released: Uint128,
    /// When they vest.
    pub schedule: Schedule,
    /// Present once it was stopped.
    pub revocation: Option<Revocation>,
}

/// The end of a grant before its time.
#[cw_serde]
pub struct Revocation {
    /// When (seconds since 1970).
    pub at: Uint64,
    /// What returned to the revoker.
    pub returned: Uint128,
}

impl Grant {
    /// What belongs to the recipient by now, paid or not.
    pub fn vested(&self, now: u64) -> Result<Uint128, ContractError> {
        match &self.revocation {
            Some(revocation) => Ok(self.amount.checked_sub(revocation.returned)?),
            None => self.schedule.vested(self.amount, now),
        }
    }

    /// What can be paid now.
    pub fn releasable(&self, now: u64) -> Result<Uint128, ContractError> {
        Ok(self.vested(now)?.checked_sub(self.released)?)
    }

    /// What has not left the contract.
    pub fn outstanding(&self) -> Result<Uint128, ContractError> {
        let returned = self.revocation.as_ref().map(|revocation| revocation.returned).unwrap_or_default();
        Ok(self.amount.checked_sub(self.released)?.checked_sub(returned)?)
    }
}

/// Loads a grant.
pub fn grant(storage: &dyn Storage, grant_id: u64) -> Result<Grant, ContractError> {
    GRANTS.may_load(storage, grant_id)?.ok_or(ContractError::NoSuchGrant { grant_id })
}

/// What is owed in a token.
pub fn owed(storage: &dyn Storage, token: &Addr) -> Result<Uint128, ContractError> {
    Ok(OWED.may_load(storage, token)?.unwrap_or_default())
}

/// Lowers what is owed in a token; the row goes with the last of it.
pub fn settle(storage: &mut dyn Storage, token: &Addr, amount: Uint128) -> Result<(), ContractError> {
    let left = owed(storage, token)?.checked_sub(amount)?;
    if left.is_zero() {
        OWED.remove(storage, token);
    } else {
        OWED.save(storage, token, &left)?;
    }
    Ok(())
}
