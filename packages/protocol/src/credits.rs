//! From a receipt to who earns what: the one function that node, validators and fraud proofs share.

use alloc::{string::String, vec::Vec};

use prost::Message;

use crate::{
    Credit, CreditRole, Hash, Receipt, Signed,
    amount::{self, AmountError},
    fees::{FeeError, SplitTable, fee},
    merkle_sum::{self, MerkleError, Node},
    shares::{SHARE_ONE, largest_remainder},
};

/// Whom a receipt can pay, as the chain's registries name them (see [`crate::payee`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payees {
    /// Owner of each cluster, in the order of the Datanet version.
    pub contributors: Vec<String>,
    /// The Datanet's commons.
    pub commons: String,
    /// Owner of the adapter.
    pub developer: String,
    /// Operator of the node.
    pub node: String,
    /// The staking contract.
    pub stakers: String,
    /// The treasury.
    pub treasury: String,
}

/// Why a receipt's money does not add up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreditError {
    /// The receipt lacks its attribution.
    #[error("the receipt has no attribution")]
    NoAttribution,
    /// One share per cluster is needed.
    #[error("the receipt has {shares} shares for a Datanet version of {clusters} clusters")]
    ClusterCount {
        /// Shares in the receipt.
        shares: usize,
        /// Clusters on chain.
        clusters: usize,
    },
    /// Shares and the unattributed part must sum to one billion.
    #[error("shares sum to {0} parts per billion instead of {SHARE_ONE}")]
    ShareSum(u128),
    /// Tokens times prices give another fee.
    #[error("the receipt charges {charged} where its tokens and prices give {expected}")]
    WrongFee {
        /// In the receipt.
        charged: u128,
        /// Recomputed.
        expected: u128,
    },
    /// An amount in the receipt cannot be read.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The fee cannot be divided.
    #[error(transparent)]
    Fee(#[from] FeeError),
}

/// Divides one receipt's fee into credits, sorted as the credits tree wants them; they sum to the fee.
///
/// `index` is the receipt's position in its batch.
pub fn credits(receipt: &Receipt, index: u64, table: &SplitTable, payees: &Payees) -> Result<Vec<Credit>, CreditError> {
    let attribution = receipt.attribution.as_ref().ok_or(CreditError::NoAttribution)?;
    if attribution.shares.len() != payees.contributors.len() {
        return Err(CreditError::ClusterCount {
            shares: attribution.shares.len(),
            clusters: payees.contributors.len(),
        });
    }
    let mut weights = attribution.shares.clone();
    weights.push(attribution.unattributed);
    let sum = weights.iter().fold(0u128, |sum, share| sum.saturating_add(u128::from(*share)));
    if sum != u128::from(SHARE_ONE) {
        return Err(CreditError::ShareSum(sum));
    }
    let charged = amount::parse(&receipt.fee)?;
    let expected = fee(
        receipt.prompt_tokens,
        amount::parse(&receipt.prompt_price)?,
        receipt.response_tokens,
        amount::parse(&receipt.response_price)?,
    )?;
    if charged != expected {
        return Err(CreditError::WrongFee { charged, expected });
    }
    let split = table.split(charged)?;
    let parts = largest_remainder(&weights, split.contributors).map_err(FeeError::from)?;

    let id = receipt.digest();
    let credit = |payee: &String, role: CreditRole, cluster: u64, value: u128| Credit {
        payee: payee.clone(),
        receipt_id: id.to_vec(),
        role: role.into(),
        cluster,
        amount: amount::format(value),
        receipt_index: index,
    };
    let mut out: Vec<(Credit, u128)> = Vec::new();
    for (index, (payee, part)) in payees.contributors.iter().zip(&parts).enumerate() {
        let cluster = u64::try_from(index).unwrap_or(u64::MAX);
        out.push((credit(payee, CreditRole::Contributor, cluster, *part), *part));
    }
    let commons = parts.last().copied().unwrap_or(0);
    out.push((credit(&payees.commons, CreditRole::Commons, 0, commons), commons));
    out.push((credit(&payees.developer, CreditRole::Developer, 0, split.developer), split.developer));
    out.push((credit(&payees.node, CreditRole::Node, 0, split.node), split.node));
    out.push((credit(&payees.stakers, CreditRole::Stakers, 0, split.stakers), split.stakers));
    out.push((credit(&payees.treasury, CreditRole::Treasury, 0, split.treasury), split.treasury));
    let mut credits: Vec<Credit> = out.into_iter().filter(|(_, value)| *value > 0).map(|(credit, _)| credit).collect();
    sort(&mut credits);
    Ok(credits)
}

/// Orders credits by payee, receipt, role and cluster.
pub fn sort(credits: &mut [Credit]) {
    credits.sort_by(|a, b| key(a).cmp(&key(b)));
}

/// What orders credits; no two credits of a batch have the same.
pub fn key(credit: &Credit) -> (&str, &[u8], i32, u64) {
    (&credit.payee, &credit.receipt_id, credit.role, credit.cluster)
}

/// Leaf of the credits tree.
pub fn leaf(credit: &Credit) -> Result<Node, AmountError> {
    Ok(merkle_sum::leaf(amount::parse(&credit.amount)?, &credit.encode_to_vec()))
}

/// Root of the credits tree over sorted credits: its sum is their total.
pub fn root(credits: &[Credit]) -> Result<Node, RootError> {
    let leaves = credits.iter().map(leaf).collect::<Result<Vec<_>, _>>()?;
    Ok(merkle_sum::root(&leaves)?)
}

/// RFC 6962 root over receipts in serving order.
pub fn receipts_root(receipts: &[Receipt]) -> Hash {
    let leaves: Vec<Vec<u8>> = receipts.iter().map(Message::encode_to_vec).collect();
    crate::merkle::root(&leaves)
}

/// Why a root cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// A leaf's amount cannot be read.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The sums leave 128 bits.
    #[error(transparent)]
    Merkle(#[from] MerkleError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribution::attribute;
    use proptest::prelude::*;

    const TABLE: SplitTable =
        SplitTable { contributors: 6000, developer: 1500, node: 1500, stakers: 500, treasury: 500 };

    fn payees(count: usize) -> Payees {
        Payees {
            contributors: (0..count).map(|index| format!("wasm1c{index:02}")).collect(),
            commons: "wasm1commons".into(),
            developer: "wasm1developer".into(),
            node: "wasm1node".into(),
            stakers: "wasm1stakers".into(),
            treasury: "wasm1treasury".into(),
        }
    }

    fn receipt(prompt_tokens: u32, response_tokens: u32, deltas: &[i64], floor: u64, lift: i64) -> Receipt {
        let fee = fee(prompt_tokens, 3, response_tokens, 17).unwrap();
        Receipt {
            prompt_tokens,
            response_tokens,
            prompt_price: "3".into(),
            response_price: "17".into(),
            fee: amount::format(fee),
            attribution: Some(attribute(deltas, floor, lift).unwrap()),
            ..Receipt::default()
        }
    }

    #[test]
    fn a_receipt_that_charges_more_than_its_tokens_is_refused() {
        let mut receipt = receipt(5, 10, &[10, 20], 0, 30);
        receipt.fee = "186".into();
        assert_eq!(
            credits(&receipt, 0, &TABLE, &payees(2)),
            Err(CreditError::WrongFee { charged: 186, expected: 185 })
        );
    }

    #[test]
    fn shares_that_do_not_sum_are_refused() {
        let mut receipt = receipt(5, 10, &[10, 20], 0, 30);
        receipt.attribution.as_mut().unwrap().shares[0] += 1;
        assert!(matches!(credits(&receipt, 0, &TABLE, &payees(2)), Err(CreditError::ShareSum(_))));
        assert!(matches!(credits(&receipt, 0, &TABLE, &payees(3)), Err(CreditError::ClusterCount { .. })));
    }

    proptest! {
        #[test]
        fn credits_sum_to_the_fee_and_are_sorted(
            prompt in 0u32..5_000,
            response in 0u32..5_000,
            deltas in prop::collection::vec(-1_000_000i64..20_000_000, 0..12),
            floor in 0u64..1_000_000,
            lift in -10i64..30_000_000,
        ) {
            let receipt = receipt(prompt, response, &deltas, floor, lift);
            let credits = credits(&receipt, 3, &TABLE, &payees(deltas.len())).unwrap();
            let total = amount::parse(&receipt.fee).unwrap();
            prop_assert_eq!(root(&credits).unwrap().sum, total);
            let mut sorted = credits.clone();
            sort(&mut sorted);
            prop_assert_eq!(&credits, &sorted);
            prop_assert!(credits.iter().all(|credit| credit.amount != "0"));
        }
    }
}
