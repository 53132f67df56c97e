//! Consecutive ids from 1, and bounds on lists.

use crate::KitError;
use cosmwasm_std::Storage;
use cw_storage_plus::Item;

/// Takes the next id of a counter. Ids start at 1 and are never used again.
pub fn next(storage: &mut dyn Storage, counter: &Item<u64>) -> Result<u64, KitError> {
    let last = counter.may_load(storage)?.unwrap_or(0);
    let id = last.checked_add(1).ok_or(KitError::Overflow { what: "id" })?;
    counter.save(storage, &id)?;
    Ok(id)
}

/// Refuses a list that is longer than `max`.
pub fn bound(what: &'static str, found: usize, max: usize) -> Result<(), KitError> {
    if found > max {
        let wide = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        return Err(KitError::TooMany { what, found: wide(found), max: wide(max) });
    }
    Ok(())
}
