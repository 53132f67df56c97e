//! A pause that always ends. It stops the messages that the permission table marks as pausable; exits are never marked.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Storage, Timestamp, Uint64};
use cw_storage_plus::Item;

use crate::KitError;

/// The latest pause, if there ever was one.
pub const PAUSE: Item<Pause> = Item::new("pause");

/// A stretch of time in which pausable messages are refused.
#[cw_serde]
pub struct Pause {
    /// First second of the pause.
    pub from: Uint64,
    /// First second after the pause.
    pub until: Uint64,
}

impl Pause {
    /// A new pause may start only after the contract has run as long as it was paused.
    fn not_before(&self) -> u64 {
        let length = self.until.u64().saturating_sub(self.from.u64());
        self.until.u64().saturating_add(length)
    }
}

/// Starts a pause of at most `max_secs`. Returns it.
pub fn start(storage: &mut dyn Storage, now: Timestamp, until: Uint64, max_secs: u64) -> Result<Pause, KitError> {
    let now = now.seconds();
    if until.u64() <= now || until.u64().saturating_sub(now) > max_secs {
        return Err(KitError::PauseLength { until: until.u64(), now, max_secs });
    }
    if let Some(last) = PAUSE.may_load(storage)? {
        let not_before = last.not_before();
        if now < not_before {
            return Err(KitError::PauseTooSoon { not_before });
        }
    }
    let pause = Pause { from: Uint64::new(now), until };
    PAUSE.save(storage, &pause)?;
    Ok(pause)
}

/// Ends the running pause now.
pub fn end(storage: &mut dyn Storage, now: Timestamp) -> Result<(), KitError> {
    let mut pause = running(storage, now)?.ok_or(KitError::NotPaused)?;
    pause.until = Uint64::new(now.seconds());
    PAUSE.save(storage, &pause)?;
    Ok(())
}

/// The pause that holds at this time.
pub fn running(storage: &dyn Storage, now: Timestamp) -> Result<Option<Pause>, KitError> {
    Ok(PAUSE.may_load(storage)?.filter(|pause| now.seconds() < pause.until.u64()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use cosmwasm_std::testing::MockStorage;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn always_ends_and_cannot_be_chained() {
        let mut storage = MockStorage::new();
        for bad in [100, 99, 151] {
            assert!(start(&mut storage, at(100), Uint64::new(bad), 50).is_err());
        }
        start(&mut storage, at(100), Uint64::new(150), 50).unwrap();
        assert!(running(&storage, at(149)).unwrap().is_some());
        assert!(running(&storage, at(150)).unwrap().is_none());
        assert_eq!(start(&mut storage, at(199), Uint64::new(210), 50), Err(KitError::PauseTooSoon { not_before: 200 }));
        start(&mut storage, at(200), Uint64::new(250), 50).unwrap();
    }

    #[test]
    fn ends_early_and_only_while_running() {
        let mut storage = MockStorage::new();
        assert_eq!(end(&mut storage, at(1)), Err(KitError::NotPaused));
        start(&mut storage, at(100), Uint64::new(150), 50).unwrap();
        end(&mut storage, at(110)).unwrap();
        assert!(running(&storage, at(110)).unwrap().is_none());
        assert_eq!(end(&mut storage, at(111)), Err(KitError::NotPaused));
        assert_eq!(start(&mut storage, at(119), Uint64::new(130), 50), Err(KitError::PauseTooSoon { not_before: 120 }));
    }
}
