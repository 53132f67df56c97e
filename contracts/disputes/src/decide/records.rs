//! What the chain says about batches, epochs, receipts and those whom they pay.

use cosmwasm_std::{Env, QuerierWrapper, StdError};
use datanets::client::Datanets;
use models::{
    client::Models,
    msg::{AdapterVersion, Index},
};
use openledger_protocol::{
    credits::Payees,
    fees::SplitTable,
    fraud::{charge::ChargeFacts, score::IndexFacts, BatchFacts, OpenedReceipt, SumTree},
    merkle_sum::Node,
    payee::Payee,
    Scope,
};
use settlement::{
    client::Client as Settlement,
    msg::{BatchSummary, EpochResponse},
};

use crate::{error::ContractError, state::Config};

/// Settlement and the registries, as a proof reads them.
pub struct Records<'a> {
    config: &'a Config,
    querier: QuerierWrapper<'a>,
    chain_id: &'a str,
}

impl<'a> Records<'a> {
    /// Reads what `config` names.
    pub fn new(config: &'a Config, querier: QuerierWrapper<'a>, env: &'a Env) -> Self {
        Self { config, querier, chain_id: &env.block.chain_id }
    }

    /// What receipts, credits and statements are bound to.
    pub fn scope(&self) -> Scope {
        Scope { chain_id: self.chain_id.to_owned(), contract: self.config.settlement.to_string() }
    }

    /// A batch.
    pub fn batch(&self, batch_id: u64) -> Result<BatchSummary, ContractError> {
        let found = Settlement::new(&self.config.settlement).batch(&self.querier, batch_id)?;
        found.ok_or(ContractError::UnknownBatch { batch_id })
    }

    /// An accepted epoch.
    pub fn epoch(&self, epoch: u64) -> Result<EpochResponse, ContractError> {
        let found = Settlement::new(&self.config.settlement).epoch(&self.querier, epoch)?;
        found.ok_or(ContractError::UnknownEpoch { epoch })
    }

    /// A batch as its proofs see it.
    pub fn facts(&self, batch: &BatchSummary) -> BatchFacts {
        BatchFacts {
            batch_id: batch.batch_id.u64(),
            scope: self.scope(),
            node: batch.node.to_string(),
            receipts_root: batch.receipts_root.into_bytes(),
            receipt_count: batch.receipt_count.u64(),
            credits: credits(batch),
        }
    }

    /// What the receipt's batch charges to its session, with the session's terms; `None` when it charges it nothing.
    pub fn charge(&self, opened: &OpenedReceipt<'_>) -> Result<Option<ChargeFacts>, ContractError> {
        let settlement = Settlement::new(&self.config.settlement);
        let session_id = opened.receipt().session_id;
        let charges = settlement.charges(&self.querier, opened.batch().batch_id)?;
        let Some(charge) = charges.into_iter().find(|charge| charge.session_id.u64() == session_id) else {
            return Ok(None);
        };
        let Some(session) = settlement.session(&self.querier, session_id)? else { return Ok(None) };
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

    fn models(&self) -> Models<'a> {
        Models::new(&self.config.models, self.querier)
    }

    /// Whether the registry has the receipt's adapter version.
    pub fn is_registered(&self, opened: &OpenedReceipt<'_>) -> Result<bool, ContractError> {
        Ok(self.terms(opened)?.is_some())
    }

    /// The receipt's adapter version, from the registry's raw state, where absence is no error.
    fn terms(&self, opened: &OpenedReceipt<'_>) -> Result<Option<AdapterVersion>, ContractError> {
        let receipt = opened.receipt();
        Ok(self.models().find_version(receipt.adapter_id, receipt.adapter_version)?)
    }

    /// The attribution index of the receipt's adapter version; `None` when it has none.
    pub fn index(&self, opened: &OpenedReceipt<'_>) -> Result<Option<IndexFacts>, ContractError> {
        let terms = self.terms(opened)?.ok_or_else(|| unknown_adapter(opened))?;
        Ok(terms.index.map(|Index { root, rows, dimensions }| IndexFacts { root: root.into_bytes(), rows, dimensions }))
    }

    /// How the receipt's fee is divided and between whom, as the registries say. At most 256 clusters.
    pub fn division(&self, opened: &OpenedReceipt<'_>) -> Result<(SplitTable, Payees), ContractError> {
        let receipt = opened.receipt();
        let (adapter_id, version) = (receipt.adapter_id, receipt.adapter_version);
        let adapter = self.models().find_adapter(adapter_id)?;
        let (Some(adapter), Some(terms)) = (adapter, self.terms(opened)?) else {
            return Err(unknown_adapter(opened));
        };
        let unknown = |error: StdError| ContractError::UnknownTerms { adapter_id, version, reason: error.to_string() };
        let registry = self.models().datanets()?;
        let datanets = Datanets::new(&registry, self.querier);
        let datanet_id = adapter.datanet_id.u64();
        let clusters = datanets.clusters(datanet_id, terms.datanet_version).map_err(unknown)?;
        let payees = Payees {
            contributors: clusters.into_iter().map(|cluster| identity(cluster.identity_id.u64())).collect(),
            commons: Payee::Datanet(datanet_id).to_string(),
            developer: Payee::Adapter(adapter_id).to_string(),
            node: opened.batch().node.clone(),
            stakers: self.config.staking.to_string(),
            treasury: self.config.treasury.to_string(),
        };
        Ok((terms.split.into(), payees))
    }
}

fn unknown_adapter(opened: &OpenedReceipt<'_>) -> ContractError {
    let receipt = opened.receipt();
    ContractError::UnknownAdapter { adapter_id: receipt.adapter_id, version: receipt.adapter_version }
}

fn identity(identity_id: u64) -> String {
    Payee::Identity(identity_id).to_string()
}

/// The credits' tree of a batch.
pub fn credits(batch: &BatchSummary) -> SumTree {
    let root = Node { sum: batch.total.u128(), hash: batch.credits_root.into_bytes() };
    SumTree { root, count: batch.credit_count.u64() }
}
