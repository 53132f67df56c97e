//! Shares and fee: what follows from the receipt's own numbers.

use super::{
    data::BatchData,
    open::{BatchFacts, Opening, receipt_amount},
    receipt::{OpenedReceipt, readable},
    verdict::{Fraud, Rejected},
};
use crate::{
    Receipt,
    attribution::{POLICY_COUNTERFACTUAL_FORWARD, POLICY_DOT_PRODUCT, attribute},
    fees::fee,
    merkle::MerkleError,
};

/// Fraud if attribution or fee do not follow from measurements, tokens and prices, or if there is not one share for each
/// of the `clusters` of the adapter version's Datanet version.
pub fn check(opened: &OpenedReceipt<'_>, clusters: u64) -> Result<Fraud, Rejected> {
    violation(opened.receipt(), clusters).ok_or(Rejected::Honest)
}

/// Opens the first receipt whose attribution or fee is wrong. `clusters_of` gives the clusters behind an adapter version.
pub fn prove(
    batch: &BatchFacts,
    data: &BatchData,
    clusters_of: impl Fn(u64, u32) -> Option<u64>,
) -> Result<Option<Opening>, MerkleError> {
    let wrong = readable(batch, data).find(|opened| {
        let receipt = opened.receipt();
        clusters_of(receipt.adapter_id, receipt.adapter_version)
            .is_some_and(|clusters| violation(receipt, clusters).is_some())
    });
    wrong.map(|opened| data.open_receipt(opened.index())).transpose()
}

fn violation(receipt: &Receipt, clusters: u64) -> Option<Fraud> {
    attribution(receipt, clusters).and_then(|()| charge(receipt)).err()
}

fn attribution(receipt: &Receipt, clusters: u64) -> Result<(), Fraud> {
    let claimed = receipt.attribution.as_ref().ok_or(Fraud::NoAttribution)?;
    if ![POLICY_COUNTERFACTUAL_FORWARD, POLICY_DOT_PRODUCT].contains(&claimed.policy.as_str()) {
        return Err(Fraud::UnknownPolicy);
    }
    for length in [claimed.deltas.len(), claimed.shares.len()] {
        if u64::try_from(length).ok() != Some(clusters) {
            return Err(Fraud::ClusterCount { claimed: length, clusters });
        }
    }
    let exact = attribute(&claimed.deltas, claimed.floor, claimed.lift).map_err(Fraud::BrokenMeasurements)?;
    let wrong = [
        ("shares", claimed.shares != exact.shares),
        ("explained part", claimed.explained != exact.explained),
        ("unattributed part", claimed.unattributed != exact.unattributed),
    ];
    match wrong.into_iter().find(|(_, differs)| *differs) {
        Some((field, _)) => Err(Fraud::WrongShares { field }),
        None => Ok(()),
    }
}

fn charge(receipt: &Receipt) -> Result<(), Fraud> {
    let prompt_price = receipt_amount("prompt price", &receipt.prompt_price)?;
    let response_price = receipt_amount("response price", &receipt.response_price)?;
    let charged = receipt_amount("fee", &receipt.fee)?;
    let cumulative = receipt_amount("cumulative fee", &receipt.cumulative_fee)?;
    let expected = fee(receipt.prompt_tokens, prompt_price, receipt.response_tokens, response_price).ok();
    if Some(charged) != expected {
        return Err(Fraud::WrongFee { charged, expected });
    }
    if cumulative < charged {
        return Err(Fraud::CumulativeBelowFee { cumulative, fee: charged });
    }
    Ok(())
}
