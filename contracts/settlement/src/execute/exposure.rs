//! What a node has in batches that no epoch has accepted yet, against the bond that answers for them.

use cosmwasm_std::{Addr, Deps, Storage, Uint128, Uint256};
use staking::client::Client as Staking;

use crate::{
    error::ContractError,
    state::{CONFIG, NODES},
};

/// Refuses a node without a bond, and one whose open batches would be more than `factor` times its bond. A factor of zero asks
/// for no bond.
pub fn check(deps: Deps, node: &Addr, pending: Uint128, factor: u32) -> Result<(), ContractError> {
    if factor == 0 {
        return Ok(());
    }
    let staking = CONFIG.load(deps.storage)?.staking;
    let operator = Staking::new(&staking).operator(&deps.querier, node)?;
    let Some(operator) = operator.filter(|operator| !operator.barred) else {
        return Err(ContractError::NotAnOperator { node: node.clone() });
    };
    let most = Uint256::from(operator.bond).checked_mul(Uint256::from(factor))?;
    if Uint256::from(pending) > most {
        return Err(ContractError::BondTooSmall { node: node.clone(), pending, bond: operator.bond, factor });
    }
    Ok(())
}

/// A batch waits again: its epoch was voided.
pub fn add(storage: &mut dyn Storage, node: &Addr, amount: Uint128) -> Result<(), ContractError> {
    let mut standing = NODES.load(storage, node)?;
    standing.pending = standing.pending.checked_add(amount)?;
    Ok(NODES.save(storage, node, &standing)?)
}

/// A batch waits no more.
pub fn remove(storage: &mut dyn Storage, node: &Addr, amount: Uint128) -> Result<(), ContractError> {
    let mut standing = NODES.load(storage, node)?;
    standing.pending = standing.pending.checked_sub(amount)?;
    Ok(NODES.save(storage, node, &standing)?)
}
