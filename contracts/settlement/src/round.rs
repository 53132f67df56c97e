//! When a round may end without an epoch.

use cosmwasm_std::{Order, Storage};

use crate::{
    error::ContractError,
    msg::BatchStatus,
    state::{Round, BATCHES, BATCHES_BY_STATUS, PARAMS},
};

/// From when on anybody may begin the next round: `round_seconds` after this one began, and as long after the oldest
/// pending batch came in, so that nobody can end a round in which there was nothing to sign. `None` while no batch waits.
pub fn advances_at(storage: &dyn Storage, round: &Round) -> Result<Option<u64>, ContractError> {
    let pending = BATCHES_BY_STATUS.prefix(BatchStatus::Pending.key());
    let Some(oldest) = pending.keys(storage, None, None, Order::Ascending).next().transpose()? else { return Ok(None) };
    let waits_since = BATCHES.load(storage, oldest)?.submitted_at.u64();
    let seconds = PARAMS.load(storage)?.round_seconds.u64();
    Ok(Some(round.began_at.max(waits_since).saturating_add(seconds)))
}
