//! Who can be drawn as a reviewer, and the draw.
//!
//! The seats of a Datanet are numbered from 0 without gaps: whoever leaves is replaced by the last. A draw is the beginning of a
//! Fisher-Yates shuffle of the seats, so it costs the same however many there are.

use cosmwasm_std::{Addr, Env, Storage};
use cw_storage_plus::Map;
use openledger_contract_kit::KitError;
use openledger_protocol::digest::tagged;

use crate::{
    msg::{Review, Reviewer},
    ContractError,
};

/// Seats of a Datanet.
pub const SEAT_COUNT: Map<u64, u64> = Map::new("seat_count");
/// Who has which seat.
pub const SEATS: Map<(u64, u64), Addr> = Map::new("seats");
/// Reviewers by Datanet and address.
pub const REVIEWERS: Map<(u64, &Addr), Reviewer> = Map::new("reviewers");
/// Reviews that are not over, by Datanet and contribution.
pub const REVIEWS: Map<(u64, u64), Review> = Map::new("reviews");

/// Gives the next seat to a reviewer that has none.
pub fn sit(storage: &mut dyn Storage, datanet_id: u64, mut reviewer: Reviewer) -> Result<(), ContractError> {
    let seat = SEAT_COUNT.may_load(storage, datanet_id)?.unwrap_or_default();
    let count = seat.checked_add(1).ok_or(KitError::Overflow { what: "seats" })?;
    SEAT_COUNT.save(storage, datanet_id, &count)?;
    SEATS.save(storage, (datanet_id, seat), &reviewer.account)?;
    reviewer.seat = seat.into();
    let account = reviewer.account.clone();
    Ok(REVIEWERS.save(storage, (datanet_id, &account), &reviewer)?)
}

/// Takes a reviewer's seat away; the last one moves there.
pub fn stand_up(storage: &mut dyn Storage, datanet_id: u64, reviewer: &Reviewer) -> Result<(), ContractError> {
    let count = SEAT_COUNT.may_load(storage, datanet_id)?.unwrap_or_default();
    let last = count.checked_sub(1).ok_or(KitError::Overflow { what: "seats" })?;
    let mover = SEATS.load(storage, (datanet_id, last))?;
    if mover != reviewer.account {
        SEATS.save(storage, (datanet_id, reviewer.seat.u64()), &mover)?;
        let mut moved = REVIEWERS.load(storage, (datanet_id, &mover))?;
        moved.seat = reviewer.seat;
        REVIEWERS.save(storage, (datanet_id, &mover), &moved)?;
    }
    SEATS.remove(storage, (datanet_id, last));
    SEAT_COUNT.save(storage, datanet_id, &last)?;
    REVIEWERS.remove(storage, (datanet_id, &reviewer.account));
    Ok(())
}

/// What decides a draw: known to nobody before the block, because its time is the median of the validators' clocks in
/// nanoseconds. Who proposes the block has some influence on it.
pub fn seed(env: &Env, datanet_id: u64, contribution_id: u64, round: u8) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(40);
    for number in [datanet_id, contribution_id, env.block.height, env.block.time.nanos()] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.push(round);
    tagged("review-draw", &bytes)
}

/// Draws so many different reviewers, none of those excluded. Reads at most as many seats as are wanted and excluded.
pub fn draw(
    storage: &dyn Storage,
    datanet_id: u64,
    seed: [u8; 32],
    wanted: u32,
    excluded: &[Addr],
) -> Result<Vec<Addr>, ContractError> {
    let count = SEAT_COUNT.may_load(storage, datanet_id)?.unwrap_or_default();
    let wanted_len = usize::try_from(wanted).unwrap_or(usize::MAX);
    let mut drawn = Vec::with_capacity(wanted_len);
    let mut moved: Vec<(u64, u64)> = vec![];
    let seat_at = |moved: &[(u64, u64)], at: u64| moved.iter().rev().find(|m| m.0 == at).map_or(at, |m| m.1);
    for step in 0..count {
        if drawn.len() == wanted_len {
            break;
        }
        let left = count.saturating_sub(step);
        let jump = random(&seed, step).checked_rem(left).unwrap_or_default();
        let at = step.saturating_add(jump);
        let seat = seat_at(&moved, at);
        moved.push((at, seat_at(&moved, step)));
        let reviewer = SEATS.load(storage, (datanet_id, seat))?;
        if !excluded.contains(&reviewer) {
            drawn.push(reviewer);
        }
    }
    if drawn.len() < wanted_len {
        return Err(ContractError::FewReviewers { wanted, found: u32::try_from(drawn.len()).unwrap_or(u32::MAX) });
    }
    Ok(drawn)
}

/// The first 64 bits of a hash: taken modulo the seats, their bias is far below anything that matters.
fn random(seed: &[u8; 32], step: u64) -> u64 {
    let hash = tagged("review-draw-step", &[seed.as_slice(), &step.to_be_bytes()].concat());
    hash.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use cosmwasm_std::{testing::MockStorage, Uint128, Uint64};

    fn seats(count: u64) -> MockStorage {
        let mut storage = MockStorage::new();
        for number in 0..count {
            let account = Addr::unchecked(format!("r{number}"));
            let reviewer = Reviewer { account, seat: Uint64::zero(), bond: Uint128::zero(), duties: 0 };
            sit(&mut storage, 1, reviewer).unwrap();
        }
        storage
    }

    #[test]
    fn draws_different_reviewers_and_none_excluded() {
        let storage = seats(9);
        let excluded = [Addr::unchecked("r3"), Addr::unchecked("r5")];
        for byte in 0..=255 {
            let mut drawn = draw(&storage, 1, [byte; 32], 7, &excluded).unwrap();
            drawn.sort();
            drawn.dedup();
            assert_eq!(drawn.len(), 7);
            assert!(!drawn.iter().any(|who| excluded.contains(who)));
        }
        let few = draw(&storage, 1, [1; 32], 7, &[excluded.as_slice(), &[Addr::unchecked("r0")]].concat());
        assert_eq!(few, Err(ContractError::FewReviewers { wanted: 7, found: 6 }));
    }

    /// 3 of 10 seats in 2,000 draws: 600 times each on average, with a standard deviation of about 20.
    #[test]
    fn every_seat_is_as_likely() {
        let storage = seats(10);
        let mut times = [0u32; 10];
        for number in 0..2_000u64 {
            let seed = tagged("test", &number.to_be_bytes());
            for who in draw(&storage, 1, seed, 3, &[]).unwrap() {
                times[who.as_str()[1..].parse::<usize>().unwrap()] += 1;
            }
        }
        assert!(times.iter().all(|n| (500..700).contains(n)), "{times:?}");
    }

    #[test]
    fn seats_have_no_gaps_whoever_leaves() {
        let mut storage = seats(5);
        for (who, left) in [("r1", 4), ("r4", 3), ("r0", 2), ("r2", 1), ("r3", 0)] {
            let reviewer = REVIEWERS.load(&storage, (1, &Addr::unchecked(who))).unwrap();
            stand_up(&mut storage, 1, &reviewer).unwrap();
            assert_eq!(SEAT_COUNT.load(&storage, 1).unwrap(), left);
            for seat in 0..left {
                let account = SEATS.load(&storage, (1, seat)).unwrap();
                assert_eq!(REVIEWERS.load(&storage, (1, &account)).unwrap().seat.u64(), seat);
            }
            assert!(!REVIEWERS.has(&storage, (1, &Addr::unchecked(who))));
        }
    }
}
