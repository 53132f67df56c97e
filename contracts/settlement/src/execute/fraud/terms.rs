//! What the chain says about batches, receipts and those whom they pay.

use cosmwasm_std::{Deps, StdError};
use datanets::client::Datanets;
use models::client::Models;
use openledger_protocol::{
    credits::Payees,
    fees::SplitTable,
    fraud::{charge::ChargeFacts, BatchFacts, OpenedReceipt, SumTree},
    merkle_sum::Node,
    Scope,
};

use crate::{
    error::ContractError,
    msg::BatchSummary,
    state::{load_session, CHARGES, CONFIG},
};

/// A batch as its proofs see it.
pub fn facts(scope: Scope, batch: &BatchSummary) -> BatchFacts {
    BatchFacts {
        batch_id: batch.batch_id.u64(),
        scope,
        node: batch.node.to_string(),
        receipts_root: batch.receipts_root.into_bytes(),
        receipt_count: batch.receipt_count.u64(),
        credits: credits(batch),
    }
}

/// The credits' tree of a batch.
pub fn credits(batch: &BatchSummary) -> SumTree {
    let root = Node { sum: batch.total.u128(), hash: batch.credits_root.into_bytes() };
    SumTree { root, count: batch.credit_count.u64() }
}

/// What the batch charges to the receipt's session, with the session's terms; `None` when it charges it nothing.
pub fn charge(deps: Deps, opened: &OpenedReceipt<'_>) -> Result<Option<ChargeFacts>, ContractError> {
    let session_id = opened.receipt().session_id;
    let charges = CHARGES.load(deps.storage, opened.batch().batch_id)?;
    let Some(charge) = charges.into_iter().find(|charge| charge.session_id.u64() == session_id) else {
        return Ok(None);
    };
    let session = load_session(deps.storage, session_id)?;
    Ok(Some(ChargeFacts {
        session_id,
        amount: charge.amount.u128(),
        cumulative_fee: charge.cumulative_fee.u128(),
        voucher_amount: charge.voucher_amount.u128(),
        voucher_sequence: charge.voucher_sequence.u64(),
        max_prompt_price: session.max_prompt_price.u128(),
        max_response_price: session.max_response_price.u128(),
        adapter_id: session.adapter_id.map(|id| id.u64()),
        node: session.node.map(|node| node.to_string()),
        // A buyer may close a session in the very second in which a node accepted its question, so that second counts.
        expires_at: session.expires_at.saturating_add(1),
    }))
}

/// How the receipt's fee is divided and between whom, as the registries say. At most 256 clusters.
pub fn division(deps: Deps, opened: &OpenedReceipt<'_>) -> Result<(SplitTable, Payees), ContractError> {
    let receipt = opened.receipt();
    let (adapter_id, version) = (receipt.adapter_id, receipt.adapter_version);
    let unknown = |error: StdError| ContractError::UnknownTerms { adapter_id, version, reason: error.to_string() };
    let config = CONFIG.load(deps.storage)?;
    let models = Models::new(&config.models, deps.querier);
    let adapter = models.adapter(adapter_id).map_err(unknown)?.adapter;
    let terms = models.adapter_version(adapter_id, version).map_err(unknown)?;
    let registry = models.config().map_err(unknown)?.datanets;
    let datanets = Datanets::new(&registry, deps.querier);
    let datanet_id = adapter.datanet_id.u64();
    let commons = datanets.datanet(datanet_id).map_err(unknown)?.commons;
    let clusters = datanets.clusters(datanet_id, terms.datanet_version).map_err(unknown)?;
    let payees = Payees {
        contributors: clusters.into_iter().map(|cluster| cluster.contributor.into_string()).collect(),
        commons: commons.into_string(),
        developer: adapter.developer.into_string(),
        node: opened.batch().node.clone(),
        stakers: config.staking.into_string(),
        treasury: config.treasury.into_string(),
    };
    Ok((terms.split.into(), payees))
}
