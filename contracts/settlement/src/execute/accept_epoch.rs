//! Validators accept batches and a new payout root.

use cosmwasm_std::{DepsMut, Env, Response, Storage, Uint128, Uint64};
use openledger_contract_kit::{event::Event, ids, KitError};
use openledger_protocol::{amount, EpochStatement, Signed};
use staking::{msg::EpochSet, quorum};

use super::{exposure, scope};
use crate::{
    error::ContractError,
    events::SettlementEvent,
    msg::{BatchStatus, BatchSummary, BlsSignature, Digest, EpochResponse, Params},
    state::{
        latest_epoch, load_pending_batch, move_batch, next_epoch, Round, CONFIG, EPOCHS, FIRST_ROUNDS, LAST_EPOCH,
        LEDGER, PARAMS, ROUND,
    },
};

/// What the sender brings.
pub struct Proposal {
    pub epoch: Uint64,
    pub round: u32,
    pub set_id: Uint64,
    pub batch_ids: Vec<Uint64>,
    pub payout_root: Digest,
    pub payout_total: Uint128,
    pub payout_count: Uint64,
    pub absentees: Vec<u32>,
    pub signature: BlsSignature,
}

/// Checks order, batches, total, set and signature, and moves the money from pending to unclaimed.
pub fn run(deps: DepsMut, env: Env, proposal: Proposal) -> Result<Response, ContractError> {
    let params = PARAMS.load(deps.storage)?;
    let now = env.block.time.seconds();
    let previous = latest_epoch(deps.storage)?;
    let expected = next_epoch(deps.storage)?;
    if proposal.epoch.u64() != expected {
        return Err(ContractError::EpochNotNext { given: proposal.epoch.u64(), expected });
    }
    let round = ROUND.may_load(deps.storage)?.unwrap_or_default().number;
    if proposal.round != round {
        return Err(ContractError::OtherRound { epoch: expected, given: proposal.round, present: round });
    }
    check_open_epochs(deps.storage, expected, params.max_open_epochs, now)?;
    let batches = load_batches(deps.storage, &proposal.batch_ids, params.max_batches_per_epoch, now)?;
    let sum = batches.iter().try_fold(Uint128::zero(), |sum, batch| sum.checked_add(batch.total))?;
    let previous_total = previous.as_ref().map(|previous| previous.payout_total).unwrap_or_default();
    let payout_total = previous_total.checked_add(sum)?;
    if proposal.payout_total != payout_total {
        return Err(ContractError::WrongPayoutTotal {
            given: proposal.payout_total,
            previous: previous_total,
            batches: sum,
            expected: payout_total,
        });
    }

    if proposal.payout_count.is_zero() {
        return Err(ContractError::NoPayouts);
    }
    let set = attesting_set(&deps, &params, proposal.set_id.u64(), now)?;
    let digest = statement(&env, &proposal).digest();
    let signed_power = quorum::check(deps.api, &set, &proposal.absentees, &digest, &proposal.signature)?;

    let claimable_at = now
        .checked_add(params.challenge_window_seconds.u64())
        .ok_or(KitError::Overflow { what: "claimable_at" })?
        // A shorter window must not let a newer root pay before an older one: claims look for the newest by halving.
        .max(previous.as_ref().map(|previous| previous.claimable_at.u64()).unwrap_or_default());
    let mut events = Vec::with_capacity(batches.len());
    for mut batch in batches {
        batch.status = BatchStatus::Accepted;
        batch.epoch = Some(proposal.epoch);
        move_batch(deps.storage, &batch, Some(BatchStatus::Pending))?;
        exposure::remove(deps.storage, &batch.node, batch.total)?;
        let BatchSummary { batch_id, total, .. } = batch;
        let event = SettlementEvent::BatchAccepted { batch_id: batch_id.u64(), epoch: expected, total };
        events.push(event.to_cosmwasm());
    }
    let mut ledger = LEDGER.load(deps.storage)?;
    ledger.pending = ledger.pending.checked_sub(sum)?;
    ledger.unclaimed = ledger.unclaimed.checked_add(sum)?;
    LEDGER.save(deps.storage, &ledger)?;
    let epoch = EpochResponse {
        epoch: proposal.epoch,
        round,
        set_id: proposal.set_id,
        statement_digest: Digest::new(digest),
        batch_ids: proposal.batch_ids,
        payout_root: proposal.payout_root,
        payout_total,
        payout_count: proposal.payout_count,
        absentees: proposal.absentees,
        signed_power,
        total_power: set.total_power,
        accepted_at: Uint64::new(now),
        claimable_at: Uint64::new(claimable_at),
    };
    EPOCHS.save(deps.storage, expected, &epoch)?;
    LAST_EPOCH.save(deps.storage, &expected)?;
    let following = next_epoch(deps.storage)?;
    let number = FIRST_ROUNDS.may_load(deps.storage, following)?.unwrap_or_default();
    ROUND.save(deps.storage, &Round { number, began_at: now })?;
    let accepted = SettlementEvent::EpochAccepted { epoch };
    Ok(Response::new().add_event(accepted.to_cosmwasm()).add_events(events))
}

/// Voiding an epoch voids those after it, so only so many may be open to challenges.
fn check_open_epochs(storage: &dyn Storage, epoch: u64, max: u32, now: u64) -> Result<(), ContractError> {
    let Some(oldest) = epoch.checked_sub(u64::from(max)).filter(|oldest| *oldest > 0) else { return Ok(()) };
    let claimable_at = EPOCHS.load(storage, oldest)?.claimable_at.u64();
    if now < claimable_at {
        return Err(ContractError::TooManyOpenEpochs { max, next_at: claimable_at });
    }
    Ok(())
}

/// The named batches, each pending and in time.
fn load_batches(
    storage: &dyn Storage,
    batch_ids: &[Uint64],
    max: u32,
    now: u64,
) -> Result<Vec<BatchSummary>, ContractError> {
    if batch_ids.is_empty() {
        return Err(ContractError::NoBatches);
    }
    ids::bound("batch_ids", batch_ids.len(), usize::try_from(max).unwrap_or(usize::MAX))?;
    let mut batches: Vec<BatchSummary> = Vec::with_capacity(batch_ids.len());
    for batch_id in batch_ids {
        let batch_id = batch_id.u64();
        if batches.last().is_some_and(|before| batch_id <= before.batch_id.u64()) {
            return Err(ContractError::BatchesNotAscending { batch_id });
        }
        let batch = load_pending_batch(storage, batch_id)?;
        let deadline = batch.deadline.u64();
        if now >= deadline {
            return Err(ContractError::DeadlinePassed { batch_id, deadline });
        }
        batches.push(batch);
    }
    Ok(batches)
}

/// The newest set, or one superseded so recently that its members' bonds cannot have left.
fn attesting_set(deps: &DepsMut, params: &Params, set_id: u64, now: u64) -> Result<EpochSet, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    let staking = staking::client::Client::new(&config.staking);
    let unknown = |error: cosmwasm_std::StdError| ContractError::UnknownSet { set_id, reason: error.to_string() };
    let latest_id = staking.latest_set_id(&deps.querier).map_err(unknown)?;
    let Some(back) = latest_id.checked_sub(set_id) else {
        return Err(ContractError::UnknownSet { set_id, reason: format!("the newest is {latest_id}") });
    };
    if back == 0 {
        return staking.set(&deps.querier, set_id).map_err(unknown);
    }
    let too_old = ContractError::SetTooOld { set_id, latest: latest_id };
    if back > u64::from(params.set_overlap) {
        return Err(too_old);
    }
    let successor = staking.set(&deps.querier, set_id.saturating_add(1)).map_err(unknown)?;
    if now >= successor.created_at.u64().saturating_add(params.set_overlap_seconds.u64()) {
        return Err(too_old);
    }
    staking.set(&deps.querier, set_id).map_err(unknown)
}

/// What the validators signed.
fn statement(env: &Env, proposal: &Proposal) -> EpochStatement {
    EpochStatement {
        scope: Some(scope(env)),
        epoch: proposal.epoch.u64(),
        set_id: proposal.set_id.u64(),
        batch_ids: proposal.batch_ids.iter().map(|id| id.u64()).collect(),
        payout_root: proposal.payout_root.as_ref().to_vec(),
        payout_total: amount::format(proposal.payout_total.u128()),
        payout_count: proposal.payout_count.u64(),
        round: proposal.round,
    }
}
