//! A batch as its node holds it.

use cosmwasm_std::{Uint64, Uint128};
use openledger_protocol::fraud::{
    BatchFacts, SumTree,
    charge::ChargeFacts,
    data::{BatchData, SumLeaves},
    score::Query,
    sums::ClaimedTree,
};
use settlement::msg::{Charge, Digest, ExecuteMsg, Signature64};

use crate::Ground;

/// Receipts, credits, and what it charges to each of the two sessions.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Leaves of the receipts' tree.
    pub receipts: Vec<Vec<u8>>,
    /// Leaves of the credits' tree.
    pub credits: SumLeaves,
    /// In uopen; a session that is charged nothing is left out.
    pub charges: [u128; 2],
    /// Whether a node of the credits' tree counts one more than lies below it.
    pub false_sum: bool,
    /// Opens what the scored receipt commits to.
    pub query: Query,
}

impl Batch {
    /// What its data is made of.
    pub fn data(&self) -> BatchData {
        BatchData { receipts: self.receipts.clone(), credits: self.credits.clone() }
    }

    /// Sum of the charges.
    pub fn total(&self) -> u128 {
        self.charges.iter().sum()
    }

    /// The tree of credits that is put on chain.
    pub fn tree(&self) -> SumTree {
        if self.false_sum { self.claimed().tree().unwrap() } else { self.credits.tree().unwrap() }
    }

    /// The tree with the sums that its nodes claim: the root what the batch charges, one below it one more if it lies.
    pub fn claimed(&self) -> ClaimedTree<'_, impl Fn(usize, usize) -> u128> {
        let count = self.credits.leaves.len();
        let exact =
            |start: usize, end: usize| self.credits.leaves[start..end].iter().map(|leaf| leaf.sum).sum::<u128>();
        ClaimedTree::new(&self.credits, move |start, end| {
            exact(start, end) + u128::from(self.false_sum && start == 0 && end < count && end > 1)
        })
    }

    /// Sequence of the voucher that pays a session's charge.
    pub fn sequence(&self, ground: &Ground, session: usize) -> u64 {
        ground.sessions[session].sequence + [2, 1][session]
    }

    /// As a proof sees it.
    pub fn facts(&self, ground: &Ground, batch_id: u64) -> BatchFacts {
        let facts = self.data().facts(batch_id, ground.scope.clone(), ground.node.clone()).unwrap();
        BatchFacts { credits: self.tree(), ..facts }
    }

    /// What the chain says about a session's charge.
    pub fn charge(&self, ground: &Ground, session_id: u64) -> Option<ChargeFacts> {
        let at = ground.sessions.iter().position(|session| session.id == session_id)?;
        let session = &ground.sessions[at];
        (self.charges[at] > 0).then(|| ChargeFacts {
            session_id,
            amount: self.charges[at],
            cumulative_fee: session.charged + self.charges[at],
            voucher_amount: session.charged + self.charges[at],
            voucher_sequence: self.sequence(ground, at),
            max_prompt_price: session.max_prompt_price,
            max_response_price: session.max_response_price,
            adapter_id: None,
            node: None,
            expires_at: session.expires_at + 1,
        })
    }

    /// The message that puts it on chain. `sign` gives the signature of a voucher: session, amount, sequence.
    pub fn submit(
        &self,
        ground: &Ground,
        sequence: u64,
        mut sign: impl FnMut(usize, u128, u64) -> Signature64,
    ) -> ExecuteMsg {
        let data = self.data();
        let tree = self.tree();
        let charge = |at: usize| {
            let fee = ground.sessions[at].charged + self.charges[at];
            let voucher = self.sequence(ground, at);
            Charge {
                session_id: Uint64::new(ground.sessions[at].id),
                cumulative_fee: Uint128::new(fee),
                voucher_amount: Uint128::new(fee),
                voucher_sequence: Uint64::new(voucher),
                voucher_signature: sign(at, fee, voucher),
            }
        };
        ExecuteMsg::SubmitBatch {
            sequence: Uint64::new(sequence),
            receipts_root: Digest::new(data.receipts_root()),
            receipt_count: Uint64::new(data.receipts.len() as u64),
            credits_root: Digest::new(tree.root.hash),
            credit_count: Uint64::new(tree.count),
            total: Uint128::new(self.total()),
            charges: (0..2).filter(|at| self.charges[*at] > 0).map(charge).collect(),
        }
    }
}
