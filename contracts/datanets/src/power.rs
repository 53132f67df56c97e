//! Who has how much say in a Datanet: rows that were accepted from an identity and are still in, at the start of any height.

use cosmwasm_std::{Addr, Deps, Env, Storage, Uint128, Uint64};
use cw_storage_plus::{SnapshotMap, Strategy};
use openledger_contract_kit::KitError;

use crate::{
    identities,
    msg::{Contribution, DatanetPowerResponse},
    state, ContractError,
};

/// Nobody has more than a fifth of all power, so that it takes five identities to have it all.
const CAP: Uint128 = Uint128::new(5);

/// Rows by Datanet and identity.
pub const POWER: SnapshotMap<(u64, u64), Uint128> =
    SnapshotMap::new("power", "power__checkpoints", "power__changelog", Strategy::EveryBlock);
/// Rows by Datanet.
pub const TOTAL: SnapshotMap<u64, Uint128> =
    SnapshotMap::new("power_total", "power_total__checkpoints", "power_total__changelog", Strategy::EveryBlock);

/// Counts the rows of a contribution that was accepted.
pub fn gain(storage: &mut dyn Storage, env: &Env, contribution: &Contribution) -> Result<(), ContractError> {
    change(storage, env, contribution, |power, rows| power.checked_add(rows).ok())
}

/// No longer counts them.
pub fn lose(storage: &mut dyn Storage, env: &Env, contribution: &Contribution) -> Result<(), ContractError> {
    change(storage, env, contribution, |power, rows| power.checked_sub(rows).ok())
}

fn change(
    storage: &mut dyn Storage,
    env: &Env,
    contribution: &Contribution,
    with: impl Fn(Uint128, Uint128) -> Option<Uint128>,
) -> Result<(), ContractError> {
    let (datanet_id, identity_id) = (contribution.datanet_id.u64(), contribution.identity_id.u64());
    let rows = Uint128::from(contribution.rows);
    let new = |old: Option<Uint128>| -> Result<Uint128, ContractError> {
        with(old.unwrap_or_default(), rows).ok_or_else(|| KitError::Overflow { what: "power" }.into())
    };
    POWER.update(storage, (datanet_id, identity_id), env.block.height, new)?;
    TOTAL.update(storage, datanet_id, env.block.height, new)?;
    Ok(())
}

/// Power of the identity that the account controls now, at the start of a height that is not ahead.
pub fn at(
    deps: Deps,
    env: &Env,
    datanet_id: u64,
    account: &Addr,
    height: Option<Uint64>,
) -> Result<DatanetPowerResponse, ContractError> {
    state::datanet(deps.storage, datanet_id)?;
    let now = env.block.height;
    let height = height.map_or(now, |height| height.u64());
    if height > now {
        return Err(ContractError::HeightAhead { height, now });
    }
    let total = TOTAL.may_load_at_height(deps.storage, datanet_id, height)?.unwrap_or_default();
    let identity_id = identities::BY_CONTROLLER.may_load(deps.storage, account)?;
    let own = match identity_id {
        Some(id) => POWER.may_load_at_height(deps.storage, (datanet_id, id), height)?.unwrap_or_default(),
        None => Uint128::zero(),
    };
    let cap = total.checked_div(CAP).map_err(|_| KitError::Overflow { what: "power" })?;
    Ok(DatanetPowerResponse { power: own.min(cap), total, identity_id: identity_id.map(Uint64::new) })
}
