//! A node commits receipts and charges the sessions that pay for them.

use cosmwasm_std::{to_json_binary, Addr, DepsMut, Env, MessageInfo, Response, Uint128, Uint64};
use openledger_contract_kit::{event::Event, ids, KitError};
use openledger_protocol::{amount, BatchHeader, Scope, SessionCharge, Signed};

use super::{exposure, scope};
use crate::{
    error::ContractError,
    events::SettlementEvent,
    msg::{BatchStatus, BatchSummary, Charge, ChargeResponse, Digest, SubmitBatchData},
    state::{load_session, move_batch, CHARGES, LAST_BATCH, LEDGER, NODES, PARAMS, SESSIONS},
    voucher,
};

/// What a node submits.
pub struct Submission {
    pub sequence: Uint64,
    pub receipts_root: Digest,
    pub receipt_count: Uint64,
    pub credits_root: Digest,
    pub credit_count: Uint64,
    pub total: Uint128,
    pub charges: Vec<Charge>,
}

/// Checks every charge against its session and voucher, and moves the money from sessions to pending.
pub fn run(mut deps: DepsMut, env: Env, info: MessageInfo, batch: Submission) -> Result<Response, ContractError> {
    let params = PARAMS.load(deps.storage)?;
    let node = info.sender;
    check_shape(&batch, params.max_charges_per_batch)?;
    let mut standing = NODES.may_load(deps.storage, &node)?.unwrap_or_default();
    if standing.barred {
        return Err(ContractError::Barred { node });
    }
    standing.pending = standing.pending.checked_add(batch.total)?;
    exposure::check(deps.as_ref(), &node, standing.pending, params.exposure_factor)?;
    let expected = standing.last_sequence.checked_add(1).ok_or(KitError::Overflow { what: "batch sequence" })?;
    if batch.sequence.u64() != expected {
        return Err(ContractError::SequenceNotNext { node, given: batch.sequence.u64(), expected });
    }

    let scope = scope(&env);
    let mut sum = Uint128::zero();
    let mut charges = Vec::with_capacity(batch.charges.len());
    for charge in &batch.charges {
        let charged = charge_session(deps.branch(), &env, &scope, &node, charge)?;
        sum = sum.checked_add(charged.amount)?;
        charges.push(charged);
    }
    if sum != batch.total {
        return Err(ContractError::WrongTotal { given: batch.total, sum });
    }

    let now = env.block.time.seconds();
    let deadline =
        now.checked_add(params.attestation_deadline_seconds.u64()).ok_or(KitError::Overflow { what: "deadline" })?;
    let batch_id = ids::next(deps.storage, &LAST_BATCH)?;
    let summary = BatchSummary {
        batch_id: Uint64::new(batch_id),
        node: node.clone(),
        sequence: batch.sequence,
        header_digest: Digest::new(header(scope, &node, &batch).digest()),
        receipts_root: batch.receipts_root,
        receipt_count: batch.receipt_count,
        credits_root: batch.credits_root,
        credit_count: batch.credit_count,
        total: sum,
        status: BatchStatus::Pending,
        epoch: None,
        submitted_at: Uint64::new(now),
        deadline: Uint64::new(deadline),
    };
    move_batch(deps.storage, &summary, None)?;
    CHARGES.save(deps.storage, batch_id, &charges)?;
    standing.last_sequence = expected;
    standing.last_batch_id = batch_id;
    NODES.save(deps.storage, &node, &standing)?;
    let mut ledger = LEDGER.load(deps.storage)?;
    ledger.sessions = ledger.sessions.checked_sub(sum)?;
    ledger.pending = ledger.pending.checked_add(sum)?;
    LEDGER.save(deps.storage, &ledger)?;

    let data = to_json_binary(&SubmitBatchData { batch_id: Uint64::new(batch_id) })?;
    let submitted = SettlementEvent::BatchSubmitted { batch: summary };
    let charged = charges.into_iter().map(|charge| SettlementEvent::SessionCharged { batch_id, charge }.to_cosmwasm());
    Ok(Response::new().add_event(submitted.to_cosmwasm()).add_events(charged).set_data(data))
}

/// Bounds and order, before anything is read.
fn check_shape(batch: &Submission, max_charges: u32) -> Result<(), ContractError> {
    let empty = [
        ("charges", batch.charges.is_empty()),
        ("receipts", batch.receipt_count.is_zero()),
        ("credits", batch.credit_count.is_zero()),
    ];
    if let Some((what, _)) = empty.into_iter().find(|(_, is_empty)| *is_empty) {
        return Err(ContractError::EmptyBatch { what });
    }
    ids::bound("charges", batch.charges.len(), usize::try_from(max_charges).unwrap_or(usize::MAX))?;
    for pair in batch.charges.windows(2) {
        if let [before, after] = pair {
            if after.session_id <= before.session_id {
                return Err(ContractError::ChargesNotAscending { session_id: after.session_id.u64() });
            }
        }
    }
    Ok(())
}

/// Takes one charge out of its session. Cheap checks first, the signature last.
fn charge_session(
    deps: DepsMut,
    env: &Env,
    scope: &Scope,
    node: &Addr,
    charge: &Charge,
) -> Result<ChargeResponse, ContractError> {
    let session_id = charge.session_id.u64();
    let mut session = load_session(deps.storage, session_id)?;
    if session.settled || env.block.time.seconds() >= session.settles_at {
        return Err(ContractError::SessionOver { session_id, settles_at: session.settles_at });
    }
    if let Some(allowed) = session.node.as_ref().filter(|allowed| *allowed != node) {
        return Err(ContractError::NotThisNode { session_id, node: node.clone(), allowed: allowed.clone() });
    }
    let sequence = charge.voucher_sequence.u64();
    // Vouchers are public once they were charged. The node that a session is bound to may draw the rest of the same one;
    // in an open session anybody could, so there each charge needs a newer voucher.
    let newer = sequence > session.voucher_sequence;
    let rest = sequence == session.voucher_sequence && session.node.is_some();
    if !newer && !rest {
        return Err(ContractError::VoucherReplayed { session_id, given: sequence, last: session.voucher_sequence });
    }
    let fee = charge.cumulative_fee;
    if fee <= session.charged {
        return Err(ContractError::NothingToCharge { session_id, given: fee, charged: session.charged });
    }
    if fee > charge.voucher_amount {
        return Err(ContractError::VoucherOverdrawn { session_id, fee, voucher: charge.voucher_amount });
    }
    let amount = fee.checked_sub(session.charged)?;
    let available = session.available()?;
    if amount > available {
        return Err(ContractError::SessionOverdrawn { session_id, charge: amount, available });
    }
    voucher::check_signature(deps.api, scope, &session, charge)?;

    session.charged = fee;
    session.voucher_sequence = sequence;
    SESSIONS.save(deps.storage, session_id, &session)?;
    Ok(ChargeResponse {
        session_id: charge.session_id,
        amount,
        cumulative_fee: fee,
        voucher_amount: charge.voucher_amount,
        voucher_sequence: charge.voucher_sequence,
    })
}

/// The commitment that validators recompute; its digest is stored.
fn header(scope: Scope, node: &Addr, batch: &Submission) -> BatchHeader {
    let charges = batch.charges.iter().map(|charge| SessionCharge {
        session_id: charge.session_id.u64(),
        cumulative_fee: amount::format(charge.cumulative_fee.u128()),
        voucher_amount: amount::format(charge.voucher_amount.u128()),
        voucher_sequence: charge.voucher_sequence.u64(),
    });
    BatchHeader {
        scope: Some(scope),
        node: node.to_string(),
        sequence: batch.sequence.u64(),
        receipts_root: batch.receipts_root.as_ref().to_vec(),
        receipt_count: batch.receipt_count.u64(),
        credits_root: batch.credits_root.as_ref().to_vec(),
        credit_count: batch.credit_count.u64(),
        total: amount::format(batch.total.u128()),
        charges: charges.collect(),
    }
}
