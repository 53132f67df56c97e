//! Validators are asked to execute an answer again.

use cosmwasm_std::{to_json_binary, DepsMut, Env, MessageInfo, Response, Uint64};
use openledger_contract_kit::{event::Event, KitError};
use openledger_protocol::fraud::{receipt, ReceiptLeaf};

use super::{is_voidable, token};
use crate::{
    decide::Records,
    error::ContractError,
    events::DisputesEvent,
    msg::{Digest, DisputeResponse, DisputeStatus, LeafOpening, OpenDisputeData},
    state::{next, BONDS, CASE_OF_BATCH, CONFIG, DISPUTES, DISPUTE_OF_RECEIPT, LAST_DISPUTE, PARAMS},
};

/// Takes the bond and opens a dispute about a receipt of a batch that can still be voided.
pub fn run(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    batch_id: u64,
    opening: LeafOpening,
) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    let records = Records::new(&config, deps.querier, &env);
    let batch = records.batch(batch_id)?;
    if let Some(case_id) = CASE_OF_BATCH.may_load(deps.storage, batch_id)? {
        return Err(ContractError::AlreadyProven { batch_id, case_id });
    }
    if !is_voidable(&records, &env, &batch)? {
        let epoch = batch.epoch.unwrap_or_default().u64();
        return Err(ContractError::TooLate { epoch, claimable_at: records.epoch(epoch)?.claimable_at.u64() });
    }
    let facts = records.facts(&batch);
    let ReceiptLeaf::Receipt(opened) = receipt::open(&facts, &opening.into())? else {
        return Err(ContractError::NeedsNoDispute);
    };
    let (index, receipt_id) = (opened.index(), opened.digest());
    if let Some(dispute_id) = DISPUTE_OF_RECEIPT.may_load(deps.storage, (batch_id, &receipt_id))? {
        return Err(ContractError::AlreadyDisputed { dispute_id });
    }

    let params = PARAMS.load(deps.storage)?;
    let now = env.block.time.seconds();
    let deadline = now.checked_add(params.dispute_seconds.u64()).ok_or(KitError::Overflow { what: "deadline" })?;
    let dispute_id = next(deps.storage, &LAST_DISPUTE)?;
    let dispute = DisputeResponse {
        dispute_id: Uint64::new(dispute_id),
        challenger: info.sender,
        batch_id: Uint64::new(batch_id),
        node: batch.node,
        index: Uint64::new(index),
        receipt_id: Digest::new(receipt_id),
        bond: params.dispute_bond,
        opened_at: Uint64::new(now),
        deadline: Uint64::new(deadline),
        status: DisputeStatus::Open,
    };
    let bonds = BONDS.load(deps.storage)?.checked_add(dispute.bond)?;
    BONDS.save(deps.storage, &bonds)?;
    DISPUTES.save(deps.storage, dispute_id, &dispute)?;
    DISPUTE_OF_RECEIPT.save(deps.storage, (batch_id, &receipt_id), &dispute_id)?;
    let pull = token::pull(&config, &env, &dispute.challenger, dispute.bond)?;
    let data = OpenDisputeData { dispute_id: dispute.dispute_id };
    let opened = DisputesEvent::DisputeOpened { dispute };
    Ok(Response::new().add_event(opened.to_cosmwasm()).add_message(pull).set_data(to_json_binary(&data)?))
}
