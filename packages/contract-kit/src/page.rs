//! Pages of lists: `start_after` is exclusive, 10 entries unless asked otherwise, never more than 30.

use cosmwasm_std::Uint64;
use cw_storage_plus::Bound;

/// Entries when the caller names no limit.
pub const DEFAULT: u32 = 10;
/// Entries at most.
pub const MAX: u32 = 30;

/// Number of entries to return.
pub fn limit(asked: Option<u32>) -> usize {
    usize::try_from(asked.unwrap_or(DEFAULT).min(MAX)).unwrap_or(0)
}

/// Lower bound for `u64` keys.
pub fn after<'a>(start_after: Option<Uint64>) -> Option<Bound<'a, u64>> {
    start_after.map(|id| Bound::exclusive(id.u64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        assert_eq!(limit(None), 10);
        assert_eq!(limit(Some(0)), 0);
        assert_eq!(limit(Some(30)), 30);
        assert_eq!(limit(Some(u32::MAX)), 30);
    }
}
