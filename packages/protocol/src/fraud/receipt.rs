//! Receipts, opened in their batch.

use super::{
    open::{BatchFacts, Opening, canonical},
    verdict::{Fraud, LeafProblem, Rejected},
};
use crate::{Hash, Receipt, Signed, fraud::data::BatchData, merkle::MerkleError};

/// A receipt that was opened in a batch of the chain. Only [`open`] makes one.
#[derive(Debug, Clone)]
pub struct OpenedReceipt<'a> {
    batch: &'a BatchFacts,
    index: u64,
    receipt: Receipt,
    digest: Hash,
}

impl<'a> OpenedReceipt<'a> {
    /// The batch.
    pub fn batch(&self) -> &'a BatchFacts {
        self.batch
    }

    /// Position in the batch.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The receipt.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Its digest.
    pub fn digest(&self) -> Hash {
        self.digest
    }
}

/// What a leaf of the receipts is.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant)] // one per challenge, never kept
pub enum ReceiptLeaf<'a> {
    /// A receipt of this batch.
    Receipt(OpenedReceipt<'a>),
    /// Something else, which is fraud already.
    Broken(Fraud),
}

/// Opens a leaf of the receipts. Whatever a challenge is about, a leaf that is no receipt of this batch decides it.
pub fn open<'a>(batch: &'a BatchFacts, opening: &Opening) -> Result<ReceiptLeaf<'a>, Rejected> {
    opening.verify("receipt", &batch.receipts_root, batch.receipt_count)?;
    let index = opening.index;
    Ok(match read(batch, &opening.leaf) {
        Ok(receipt) => ReceiptLeaf::Receipt(OpenedReceipt { batch, index, digest: receipt.digest(), receipt }),
        Err(problem) => ReceiptLeaf::Broken(Fraud::BrokenReceipt { index, problem }),
    })
}

/// Fraud if the leaf is no receipt, not the one encoding of it, or of another contract or node than the batch.
pub fn check(batch: &BatchFacts, opening: &Opening) -> Result<Fraud, Rejected> {
    match open(batch, opening)? {
        ReceiptLeaf::Receipt(_) => Err(Rejected::Honest),
        ReceiptLeaf::Broken(fraud) => Ok(fraud),
    }
}

/// Opens the first leaf that is no receipt of this batch.
pub fn prove(batch: &BatchFacts, data: &BatchData) -> Result<Option<Opening>, MerkleError> {
    match (0u64..).zip(&data.receipts).find(|(_, leaf)| read(batch, leaf).is_err()) {
        Some((index, _)) => data.open_receipt(index).map(Some),
        None => Ok(None),
    }
}

/// Fraud if the receipt's adapter version was never registered: `registered` is what the chain's registry says. Versions
/// never disappear from it.
pub fn check_adapter(opened: &OpenedReceipt<'_>, registered: bool) -> Result<Fraud, Rejected> {
    let Receipt { adapter_id, adapter_version: version, .. } = *opened.receipt();
    if registered { Err(Rejected::Honest) } else { Ok(Fraud::UnknownAdapter { adapter_id, version }) }
}

/// Opens the first receipt whose adapter version is not `registered`.
pub fn prove_adapter(
    batch: &BatchFacts,
    data: &BatchData,
    registered: impl Fn(u64, u32) -> bool,
) -> Result<Option<Opening>, MerkleError> {
    let unknown =
        readable(batch, data).find(|opened| !registered(opened.receipt().adapter_id, opened.receipt().adapter_version));
    unknown.map(|opened| data.open_receipt(opened.index())).transpose()
}

/// The receipts of full data with their positions, without leaves that are none.
pub(super) fn readable<'a>(
    batch: &'a BatchFacts,
    data: &'a BatchData,
) -> impl Iterator<Item = OpenedReceipt<'a>> + use<'a> {
    (0u64..).zip(&data.receipts).filter_map(move |(index, leaf)| {
        let receipt = read(batch, leaf).ok()?;
        Some(OpenedReceipt { batch, index, digest: receipt.digest(), receipt })
    })
}

fn read(batch: &BatchFacts, leaf: &[u8]) -> Result<Receipt, LeafProblem> {
    let receipt: Receipt = canonical(leaf)?;
    if receipt.scope.as_ref() != Some(&batch.scope) {
        return Err(LeafProblem::OtherScope);
    }
    if receipt.node != batch.node { Err(LeafProblem::OtherNode) } else { Ok(receipt) }
}
