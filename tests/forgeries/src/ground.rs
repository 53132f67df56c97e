//! What a batch stands on: sessions, an adapter, a node.

use openledger_protocol::{
    Credit, Message, Receipt, Scope,
    attribution::attribute,
    credits::{self, Payees, credits},
    fees::SplitTable,
    fraud::data::SumLeaves,
};

use crate::{Batch, Index};

/// Tokens of each receipt: prompt, response. The first two are of the first session.
const TOKENS: [(u32, u32); 3] = [(10, 45), (20, 90), (4, 48)];
/// The receipt that the index attributes; measurements attribute the others.
pub const SCORED: usize = 2;
/// Loss that the receipts' adapters take away together, in micro-nats, and its placebo.
pub const EXPLAINED: i64 = 10_000;
pub const FLOOR: u64 = 500;

/// A session with what it was charged before.
#[derive(Debug, Clone)]
pub struct Session {
    /// Id in settlement.
    pub id: u64,
    /// Charged so far, in uopen.
    pub charged: u128,
    /// Of the last voucher charged.
    pub sequence: u64,
    /// Highest price of a prompt token, in uopen.
    pub max_prompt_price: u128,
    /// Highest price of a response token, in uopen.
    pub max_response_price: u128,
    /// In seconds.
    pub expires_at: u64,
}

/// Everything that a batch of three receipts for two sessions needs.
#[derive(Debug, Clone)]
pub struct Ground {
    /// Settlement on its chain.
    pub scope: Scope,
    /// Account of the node.
    pub node: String,
    /// Adapter and version of all receipts. It has [`Ground::index`]; the version before it has none.
    pub adapter: (u64, u32),
    /// How fees are divided.
    pub table: SplitTable,
    /// Between whom.
    pub payees: Payees,
    /// Prices of a prompt and of a response token, in uopen.
    pub prices: (u128, u128),
    /// When the answers were served, in seconds.
    pub served_at: u64,
    /// Who pays.
    pub sessions: [Session; 2],
}

impl Ground {
    /// Three honest receipts.
    pub fn receipts(&self) -> Vec<Receipt> {
        let mut charged = self.sessions.clone().map(|session| (session.charged, session.sequence));
        let (clusters, index) = (self.payees.contributors.len(), self.index());
        let of = |at: usize, charged: &mut [(u128, u64); 2]| {
            let session = [0, 0, 1][at];
            let fee = self.fee(at);
            let measured = || attribute(&scores(clusters), FLOOR, EXPLAINED).unwrap();
            charged[session].0 += fee;
            charged[session].1 += 1;
            Receipt {
                scope: Some(self.scope.clone()),
                node: self.node.clone(),
                session_id: self.sessions[session].id,
                voucher_sequence: charged[session].1,
                adapter_id: self.adapter.0,
                adapter_version: self.adapter.1,
                prompt_tokens: TOKENS[at].0,
                response_tokens: TOKENS[at].1,
                prompt_price: self.prices.0.to_string(),
                response_price: self.prices.1.to_string(),
                fee: fee.to_string(),
                cumulative_fee: charged[session].0.to_string(),
                attribution: Some(if at == SCORED { index.attribution() } else { measured() }),
                served_at: self.served_at,
                ..Receipt::default()
            }
        };
        (0..TOKENS.len()).map(|at| of(at, &mut charged)).collect()
    }

    /// Whether the registry has this version.
    pub fn knows(&self, adapter_id: u64, version: u32) -> bool {
        adapter_id == self.adapter.0 && (1..=self.adapter.1).contains(&version)
    }

    /// The attribution index of the adapter version.
    pub fn index(&self) -> Index {
        Index::new(self.payees.contributors.len())
    }

    /// What the receipts give, in the tree's order.
    pub fn credits(&self, receipts: &[Receipt]) -> Vec<Credit> {
        let of = |(index, receipt)| credits(receipt, index, &self.table, &self.payees).unwrap();
        let mut all: Vec<Credit> = (0u64..).zip(receipts).flat_map(of).collect();
        credits::sort(&mut all);
        all
    }

    /// A batch without a lie.
    pub fn honest(&self) -> Batch {
        let receipts = self.receipts();
        self.batch(&receipts, &self.credits(&receipts))
    }

    /// Receipts and credits, whatever they are, with the honest charges.
    pub fn batch(&self, receipts: &[Receipt], credits: &[Credit]) -> Batch {
        Batch {
            receipts: receipts.iter().map(Message::encode_to_vec).collect(),
            credits: SumLeaves::of_credits(credits).unwrap(),
            charges: [self.fee(0) + self.fee(1), self.fee(2)],
            false_sum: false,
            query: self.index().query(),
        }
    }

    /// Tokens times prices of an honest receipt.
    pub fn fee(&self, at: usize) -> u128 {
        u128::from(TOKENS[at].0) * self.prices.0 + u128::from(TOKENS[at].1) * self.prices.1
    }

    /// The same after a batch was charged: vouchers move on even when it is voided.
    pub fn after(&self, batch: &Batch) -> Self {
        let mut next = self.clone();
        for (at, session) in next.sessions.iter_mut().enumerate() {
            session.charged += batch.charges[at];
            session.sequence = batch.sequence(self, at);
        }
        next
    }
}

/// Scores of the clusters: all different, more than the floor in sum.
pub fn scores(clusters: usize) -> Vec<i64> {
    (1i64..).take(clusters).map(|rank| 6_000 / rank).collect()
}
