//! What the contract remembers.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Empty, Storage, Uint128, Uint64};
use cw_storage_plus::{Item, Map};
use openledger_contract_kit::{ownership::Ownership, KitError};

use crate::{
    error::ContractError,
    msg::{BatchStatus, BatchSummary, ChargeResponse, EpochResponse, Params, PublicKey33},
};

/// Fixed at instantiation.
pub const CONFIG: Item<Config> = Item::new("config");
/// Judges fraud; set once.
pub const ARBITER: Item<Addr> = Item::new("arbiter");
/// Owner and proposed owner.
pub const OWNERSHIP: Item<Ownership> = Item::new("ownership");
/// Windows and bounds.
pub const PARAMS: Item<Params> = Item::new("params");
/// Totals, kept with every change so that nothing has to be counted.
pub const LEDGER: Item<Ledger> = Item::new("ledger");
/// Sessions by id.
pub const SESSIONS: Map<u64, Session> = Map::new("sessions");
/// Last session id given.
pub const LAST_SESSION: Item<u64> = Item::new("last_session");
/// Session ids by owner.
pub const SESSIONS_BY_OWNER: Map<(&Addr, u64), Empty> = Map::new("sessions_by_owner");
/// Batches by id.
pub const BATCHES: Map<u64, BatchSummary> = Map::new("batches");
/// Last batch id given.
pub const LAST_BATCH: Item<u64> = Item::new("last_batch");
/// Batch ids by status.
pub const BATCHES_BY_STATUS: Map<(u8, u64), Empty> = Map::new("batches_by_status");
/// Charges by batch, apart from the batch, so that an epoch of 64 batches reads 64 small items. At most 64 each.
pub const CHARGES: Map<u64, Vec<ChargeResponse>> = Map::new("charges");
/// Nodes that submitted.
pub const NODES: Map<&Addr, Node> = Map::new("nodes");
/// Epochs by number; consecutive from 1, with `claimable_at` never falling.
pub const EPOCHS: Map<u64, EpochResponse> = Map::new("epochs");
/// Round of the next epoch; absent before the first acceptance and the first change of round.
pub const ROUND: Item<Round> = Item::new("round");
/// First round of an epoch that was voided before, or was in work when the one before it was: one after the round in which it
/// had been accepted or signed.
pub const FIRST_ROUNDS: Map<u64, u32> = Map::new("first_rounds");
/// Number of the newest epoch; absent before the first, zero when all were voided.
pub const LAST_EPOCH: Item<u64> = Item::new("last_epoch");
/// What the sessions of a batch got back after its epoch paid, in the order of its charges.
pub const RESTITUTED: Map<u64, Vec<Uint128>> = Map::new("restituted");
/// Paid so far by payee, as the payout tree spells it.
pub const CLAIMED: Map<&str, Uint128> = Map::new("claimed");

/// Addresses.
#[cw_serde]
pub struct Config {
    /// Token of all payments.
    pub token: Addr,
    /// Whose sets attest.
    pub staking: Addr,
    /// Base models and adapters.
    pub models: Addr,
    /// Account of the treasury's share.
    pub treasury: Addr,
}

/// Totals in `uopen`. Their sum is never above the tokens held.
#[cw_serde]
#[derive(Default)]
pub struct Ledger {
    /// Available in sessions that are not settled.
    pub sessions: Uint128,
    /// In pending batches.
    pub pending: Uint128,
    /// Accepted and not yet claimed.
    pub unclaimed: Uint128,
    /// Given back to settled sessions, not yet sent to their owners.
    pub refunds: Uint128,
}

/// A buyer's locked money.
#[cw_serde]
pub struct Session {
    /// Who gets back what is left.
    pub owner: Addr,
    /// Signs vouchers.
    pub session_public_key: PublicKey33,
    /// The only adapter that may be charged for.
    pub adapter_id: Option<Uint64>,
    /// The only node that may charge.
    pub node: Option<Addr>,
    /// Highest price of a prompt token.
    pub max_prompt_price: Uint128,
    /// Highest price of a response token.
    pub max_response_price: Uint128,
    /// Locked at opening.
    pub deposit: Uint128,
    /// Charged by all batches, refunded ones included; never falls.
    pub charged: Uint128,
    /// Given back by refunded batches.
    pub refunded: Uint128,
    /// Sent back to the owner.
    pub paid_back: Uint128,
    /// Of the last voucher charged.
    pub voucher_sequence: u64,
    /// Block time, seconds.
    pub opened_at: u64,
    /// From here on nothing new may be served, seconds.
    pub expires_at: u64,
    /// From here on no charge is taken and settlement is open, seconds.
    pub settles_at: u64,
    /// Whether it was settled.
    pub settled: bool,
}

impl Session {
    /// What can still be charged, or paid back.
    pub fn available(&self) -> Result<Uint128, ContractError> {
        let credit = self.deposit.checked_add(self.refunded)?;
        Ok(credit.checked_sub(self.charged)?.checked_sub(self.paid_back)?)
    }
}

/// A stretch of time in which validators sign one statement each.
#[cw_serde]
#[derive(Default)]
pub struct Round {
    /// From 0 in every epoch.
    pub number: u32,
    /// Block time, seconds.
    pub began_at: u64,
}

/// A node's place in its own sequence.
#[cw_serde]
#[derive(Default)]
pub struct Node {
    /// Of its last batch.
    pub last_sequence: u64,
    /// Its last batch; zero before the first.
    pub last_batch_id: u64,
    /// Total of its batches that wait for an epoch.
    pub pending: Uint128,
    /// Whether one of its batches was proven false; for ever.
    pub barred: bool,
}

/// The session, or a typed error.
pub fn load_session(storage: &dyn Storage, session_id: u64) -> Result<Session, ContractError> {
    SESSIONS.may_load(storage, session_id)?.ok_or(ContractError::UnknownSession { session_id })
}

/// The batch, or a typed error.
pub fn load_batch(storage: &dyn Storage, batch_id: u64) -> Result<BatchSummary, ContractError> {
    BATCHES.may_load(storage, batch_id)?.ok_or(ContractError::UnknownBatch { batch_id })
}

/// A batch that still waits, or a typed error.
pub fn load_pending_batch(storage: &dyn Storage, batch_id: u64) -> Result<BatchSummary, ContractError> {
    let batch = load_batch(storage, batch_id)?;
    match batch.status {
        BatchStatus::Pending => Ok(batch),
        status => Err(ContractError::BatchNotPending { batch_id, status }),
    }
}

/// Saves a batch under another status than before.
pub fn move_batch(
    storage: &mut dyn Storage,
    batch: &BatchSummary,
    before: Option<BatchStatus>,
) -> Result<(), ContractError> {
    let batch_id = batch.batch_id.u64();
    if let Some(before) = before {
        BATCHES_BY_STATUS.remove(storage, (before.key(), batch_id));
    }
    BATCHES_BY_STATUS.save(storage, (batch.status.key(), batch_id), &Empty {})?;
    BATCHES.save(storage, batch_id, batch)?;
    Ok(())
}

/// The accepted epoch, or a typed error.
pub fn load_epoch(storage: &dyn Storage, epoch: u64) -> Result<EpochResponse, ContractError> {
    match EPOCHS.may_load(storage, epoch)? {
        Some(found) => Ok(found),
        None => {
            let latest = LAST_EPOCH.may_load(storage)?.unwrap_or_default();
            Err(ContractError::UnknownEpoch { epoch, latest })
        }
    }
}

/// The number that the next epoch must have.
pub fn next_epoch(storage: &dyn Storage) -> Result<u64, ContractError> {
    let last = LAST_EPOCH.may_load(storage)?.unwrap_or_default();
    Ok(last.checked_add(1).ok_or(KitError::Overflow { what: "epoch" })?)
}

/// The newest epoch.
pub fn latest_epoch(storage: &dyn Storage) -> Result<Option<EpochResponse>, ContractError> {
    match LAST_EPOCH.may_load(storage)? {
        None | Some(0) => Ok(None),
        Some(epoch) => Ok(Some(EPOCHS.load(storage, epoch)?)),
    }
}

/// The newest epoch whose challenge window has passed.
///
/// `claimable_at` never falls from one epoch to the next, so halving the range finds it in at most 64 reads however many
/// epochs there are.
pub fn claimable_epoch(storage: &dyn Storage, now: u64) -> Result<Option<EpochResponse>, ContractError> {
    let mut found = None;
    let (mut low, mut high) = (1u64, LAST_EPOCH.may_load(storage)?.unwrap_or_default());
    while low <= high {
        let middle = low.midpoint(high);
        let epoch = EPOCHS.load(storage, middle)?;
        if epoch.claimable_at.u64() <= now {
            found = Some(epoch);
            low = middle.saturating_add(1);
        } else {
            high = middle.saturating_sub(1);
        }
    }
    Ok(found)
}
