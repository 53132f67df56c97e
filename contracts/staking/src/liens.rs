//! What redelegated stake still answers for.
//!
//! Stake that moves to another validator without a wait takes its liability along: a lien on the shares that it bought there,
//! for as long as an unbonding entry would have waited. A slash of the validator that it left cannot look for it, because
//! anybody can make redelegations and a slash must cost the same however many there are. So a slash only leaves a record,
//! and a lien reads the records when it is touched: by its owner, who cannot take the shares out before, or by anybody.
//!
//! What a lien loses is burned: the case that the slash belongs to may be closed when it is read.

use cosmwasm_std::{Addr, Storage, Uint128, Uint64};
use openledger_contract_kit::{Bps, KitError};

use crate::{
    book::Book,
    error::ContractError,
    events::StakingEvent,
    exits,
    msg::EpochSet,
    state::{latest_set, Lien, SlashRecord, LATEST_SET, LIENS, SLASHES, SLASH_COUNTS},
};

/// Liens of one delegation, at most.
pub const MAX_LIENS: usize = 8;
/// Records of slashes that one settlement reads, at most, over all liens of a delegation.
pub const MAX_READ: u64 = 32;

/// What a settlement found.
pub struct Settled {
    /// Shares of the delegation that cannot leave yet.
    pub under: Uint128,
    /// Why not, of the lien that ends first as far as can be told; absent when nothing is held.
    pub held_by: Option<ContractError>,
    /// In `uopen`, to be burned.
    pub burned: Uint128,
    /// What happened, in order.
    pub events: Vec<StakingEvent>,
    /// Whether anything changed: a record was read or a lien ended.
    pub changed: bool,
}

/// Remembers a slash for the liens that it reaches. A slash of nothing reaches none.
pub fn record(
    storage: &mut dyn Storage,
    validator: &Addr,
    (set_id, fraction, at): (Uint64, Bps, u64),
) -> Result<(), ContractError> {
    if fraction == Bps::ZERO {
        return Ok(());
    }
    let number = SLASH_COUNTS.may_load(storage, validator)?.unwrap_or_default();
    let next = number.checked_add(1).ok_or(KitError::Overflow { what: "number of slashes" })?;
    SLASH_COUNTS.save(storage, validator, &next)?;
    Ok(SLASHES.save(storage, (validator, number), &SlashRecord { set_id, fraction, at: Uint64::new(at) })?)
}

/// Puts `shares` of `to`, bought with stake that has just left `from`, under a lien. Answers with the newest set and the end
/// of the lien; before the first set nobody can have done anything, and there is none.
pub fn add(
    storage: &mut dyn Storage,
    delegator: &Addr,
    (from, to): (&Addr, &Addr),
    shares: Uint128,
    (now, unbonding_seconds): (u64, u64),
) -> Result<(u64, u64), ContractError> {
    let Some(set_id) = LATEST_SET.may_load(storage)? else { return Ok((0, now)) };
    let completes_at = now.checked_add(unbonding_seconds).ok_or(KitError::Overflow { what: "completes_at" })?;
    let mut liens = LIENS.may_load(storage, (delegator, to))?.unwrap_or_default();
    if liens.len() >= MAX_LIENS {
        let mut next = completes_at;
        for lien in &liens {
            next = next.min(due_at(storage, lien)?);
        }
        return Err(ContractError::TooManyRedelegations { validator: to.clone(), max: MAX_LIENS, next });
    }
    liens.push(Lien {
        from: from.clone(),
        shares,
        set_id: Uint64::new(set_id),
        started_at: Uint64::new(now),
        completes_at: Uint64::new(completes_at),
        next_slash: Uint64::new(slashes(storage, from)?),
    });
    LIENS.save(storage, (delegator, to), &liens)?;
    Ok((set_id, completes_at))
}

/// Takes from the liens of a delegation what slashes of the validators they left have cost them meanwhile, and ends those
/// whose time is over. Comes before shares leave the delegation.
pub fn settle(
    storage: &mut dyn Storage,
    book: &mut Book,
    delegator: &Addr,
    (now, height): (u64, u64),
) -> Result<Settled, ContractError> {
    let validator = book.address.clone();
    let mut settled =
        Settled { under: Uint128::zero(), held_by: None, burned: Uint128::zero(), events: Vec::new(), changed: false };
    let Some(before) = LIENS.may_load(storage, (delegator, &validator))? else { return Ok(settled) };
    let newest = latest_set(storage)?;
    let mut reader = Reader { delegator, height, left: MAX_READ };
    let mut first_end: Option<u64> = None;
    let mut open = Vec::new();
    for mut lien in before.clone() {
        // Shares of nothing answer for nothing.
        let all_read = book.stake.tokens.is_zero() || reader.read(storage, book, &mut lien, &mut settled)?;
        let Some(reason) = held(storage, book, &lien, all_read, (newest.as_ref(), now))? else {
            let (delegator, from) = (delegator.clone(), lien.from);
            let validator = validator.clone();
            settled.events.push(StakingEvent::RedelegationEnded { delegator, validator, from, shares: lien.shares });
            continue;
        };
        let end = due_at(storage, &lien)?;
        if first_end.is_none_or(|first| end < first) {
            (first_end, settled.held_by) = (Some(end), Some(reason));
        }
        settled.under = settled.under.checked_add(lien.shares)?;
        open.push(lien);
    }
    settled.changed = open != before;
    if open.is_empty() {
        LIENS.remove(storage, (delegator, &validator));
    } else if settled.changed {
        LIENS.save(storage, (delegator, &validator), &open)?;
    }
    Ok(settled)
}

/// Records of slashes that a lien has not read yet, relevant or not.
pub fn unread(storage: &dyn Storage, lien: &Lien) -> Result<u64, ContractError> {
    Ok(slashes(storage, &lien.from)?.saturating_sub(lien.next_slash.u64()))
}

/// When a lien may end, as far as the sets made so far tell.
pub fn due_at(storage: &dyn Storage, lien: &Lien) -> Result<u64, ContractError> {
    exits::due_at(storage, lien.set_id.u64(), lien.completes_at.u64(), wait(lien))
}

/// What keeps the shares of a lien, if anything does.
fn held(
    storage: &dyn Storage,
    book: &Book,
    lien: &Lien,
    all_read: bool,
    (newest, now): (Option<&EpochSet>, u64),
) -> Result<Option<ContractError>, ContractError> {
    if lien.shares.is_zero() || book.stake.tokens.is_zero() {
        return Ok(None);
    }
    if !all_read {
        return Ok(Some(ContractError::SlashesUnread { validator: book.address.clone(), from: lien.from.clone() }));
    }
    let until = due_at(storage, lien)?;
    if until > now {
        return Ok(Some(ContractError::StillAnswers { from: lien.from.clone(), until }));
    }
    exits::overweight(storage, newest, lien.set_id, &lien.from)
}

fn slashes(storage: &dyn Storage, validator: &Addr) -> Result<u64, ContractError> {
    Ok(SLASH_COUNTS.may_load(storage, validator)?.unwrap_or_default())
}

/// The wait that the lien began with, in seconds.
fn wait(lien: &Lien) -> u64 {
    lien.completes_at.u64().saturating_sub(lien.started_at.u64())
}

/// One settlement on its way through the records.
struct Reader<'a> {
    delegator: &'a Addr,
    height: u64,
    /// Records that may still be read.
    left: u64,
}

impl Reader<'_> {
    /// Reads the records of a lien and takes what they cost it. Answers whether there is nothing left to read.
    fn read(
        &mut self,
        storage: &mut dyn Storage,
        book: &mut Book,
        lien: &mut Lien,
        settled: &mut Settled,
    ) -> Result<bool, ContractError> {
        let count = slashes(storage, &lien.from)?;
        let end = exits::answers_until(storage, lien.set_id.u64(), wait(lien))?;
        while lien.next_slash.u64() < count && !lien.shares.is_zero() {
            if self.left == 0 {
                return Ok(false);
            }
            self.left = self.left.saturating_sub(1);
            let number = lien.next_slash.u64();
            let slash = SLASHES.load(storage, (&lien.from, number))?;
            if end.is_some_and(|end| slash.at.u64() >= end) {
                // So did all that follow.
                lien.next_slash = Uint64::new(count);
                break;
            }
            lien.next_slash = Uint64::new(number.saturating_add(1));
            if slash.set_id <= lien.set_id {
                self.take(storage, book, lien, &slash, settled)?;
            }
        }
        Ok(true)
    }

    /// Takes what one slash costs a lien out of the stake.
    fn take(
        &self,
        storage: &mut dyn Storage,
        book: &mut Book,
        lien: &mut Lien,
        slash: &SlashRecord,
        settled: &mut Settled,
    ) -> Result<(), ContractError> {
        let shares = book.stake.fraction_of(lien.shares, slash.fraction)?;
        let amount = book.undelegate(storage, self.height, self.delegator, shares)?;
        lien.shares = lien.shares.checked_sub(shares)?;
        settled.burned = settled.burned.checked_add(amount)?;
        settled.events.push(StakingEvent::RedelegationSlashed {
            delegator: self.delegator.clone(),
            validator: book.address.clone(),
            from: lien.from.clone(),
            set_id: slash.set_id.u64(),
            fraction: slash.fraction,
            amount,
            shares,
            bonded: book.stake.tokens,
        });
        Ok(())
    }
}
