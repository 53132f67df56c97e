//! What a check answers.

use alloc::string::String;

use crate::{Hash, amount::AmountError, attribution::AttributionError, credits::CreditError, merkle::MerkleError};

/// Who answers for a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Culprit {
    /// The node that submitted the batch.
    Node,
    /// The validators that signed the epoch.
    Validators,
}

/// One of the two summing trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tree {
    /// The credits of a batch.
    Credits,
    /// The payouts of an epoch.
    Payouts,
}

impl core::fmt::Display for Tree {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Credits => "credits",
            Self::Payouts => "payouts",
        })
    }
}

/// A violation that the openings show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fraud {
    /// A leaf of the receipts is no receipt of this batch.
    #[error("leaf {index} of the receipts is no receipt of this batch: {problem}")]
    BrokenReceipt {
        /// Position.
        index: u64,
        /// What is wrong.
        problem: LeafProblem,
    },
    /// A leaf of the credits is no credit.
    #[error("leaf {index} of the credits is no credit: {problem}")]
    BrokenCredit {
        /// Position.
        index: u64,
        /// What is wrong.
        problem: LeafProblem,
    },
    /// A leaf of the payouts is no payout of this contract.
    #[error("leaf {index} of the payouts is no payout of this contract: {problem}")]
    BrokenPayout {
        /// Position.
        index: u64,
        /// What is wrong.
        problem: LeafProblem,
    },
    /// The sum of a node, the root's total included, is not that of what lies below.
    #[error("the tree of {tree} holds a node whose sum is not that of its children")]
    FalseSum {
        /// Which tree.
        tree: Tree,
    },
    /// Neighbours that are not in strictly ascending order.
    #[error("leaves {index} and the next of the {tree} are not in ascending order")]
    OutOfOrder {
        /// Which tree.
        tree: Tree,
        /// Position of the first of the two.
        index: u64,
    },
    /// The receipt is for an adapter version that was never registered, so nobody can say whom it pays.
    #[error("the receipt is for version {version} of adapter {adapter_id}, which does not exist")]
    UnknownAdapter {
        /// In the receipt.
        adapter_id: u64,
        /// In the receipt.
        version: u32,
    },
    /// The receipt is scored by an index, and the adapter version has none.
    #[error("the receipt is scored by dot products and its adapter version has no index")]
    NoIndex,
    /// The receipt is scored by an index and commits to no query vector.
    #[error("the receipt is scored by dot products and its query commitment has {length} bytes instead of 32")]
    NoQuery {
        /// Bytes of the commitment.
        length: usize,
    },
    /// The committed query vector does not fit the index.
    #[error("the committed query vector has {length} dimensions, the index {dimensions}")]
    QueryLength {
        /// Dimensions of the query.
        length: usize,
        /// Dimensions of the index.
        dimensions: u32,
    },
    /// One score per row of the index is needed.
    #[error("the receipt has {scores} scores for an index of {rows} rows")]
    ScoreCount {
        /// In the receipt.
        scores: usize,
        /// Of the index.
        rows: u32,
    },
    /// A score is another dot product.
    #[error("the receipt scores cluster {cluster} as {claimed}, the dot product is {exact}")]
    WrongScore {
        /// Row of the index.
        cluster: u32,
        /// In the receipt.
        claimed: i64,
        /// Recomputed.
        exact: i64,
    },
    /// The receipt lacks its attribution.
    #[error("the receipt has no attribution")]
    NoAttribution,
    /// The rule is none that exists.
    #[error("the receipt names a rule of attribution that does not exist")]
    UnknownPolicy,
    /// The measurements lie beyond what the rule allows.
    #[error("the receipt's measurements are out of bounds: {0}")]
    BrokenMeasurements(AttributionError),
    /// Shares do not follow from measurements.
    #[error("the receipt's {field} does not follow from its measurements")]
    WrongShares {
        /// Which part of the attribution.
        field: &'static str,
    },
    /// One score and one share per cluster are needed.
    #[error("the receipt divides between {claimed} clusters, its Datanet version has {clusters}")]
    ClusterCount {
        /// In the receipt.
        claimed: usize,
        /// On chain.
        clusters: u64,
    },
    /// An amount in the receipt cannot be read.
    #[error("the receipt's {field} is no amount: {reason}")]
    BrokenAmount {
        /// Field of the receipt.
        field: &'static str,
        /// What is wrong.
        reason: AmountError,
    },
    /// The fee is not tokens times prices.
    #[error("the receipt charges {charged}, which is not its tokens times its prices")]
    WrongFee {
        /// In the receipt.
        charged: u128,
        /// Recomputed; absent where it leaves 128 bits.
        expected: Option<u128>,
    },
    /// What the session was charged so far leaves out the answer itself.
    #[error("the receipt's cumulative fee {cumulative} is below its fee {fee}")]
    CumulativeBelowFee {
        /// Cumulative fee.
        cumulative: u128,
        /// Fee.
        fee: u128,
    },
    /// The receipt at the position that a credit names is another one.
    #[error("credit {credit} names a receipt that is not at position {receipt}")]
    OtherReceipt {
        /// Position of the credit.
        credit: u64,
        /// Position of the receipt.
        receipt: u64,
    },
    /// A credit that its receipt does not give.
    #[error("credit {credit} is not what receipt {receipt} gives")]
    NotEarned {
        /// Position of the credit.
        credit: u64,
        /// Position of the receipt.
        receipt: u64,
        /// What the receipt gives this payee in this role; absent where it gives nothing.
        expected: Option<u128>,
    },
    /// A credit that a receipt gives and the tree lacks.
    #[error("the credits lack {amount} uopen that receipt {receipt} gives {payee:?}")]
    MissingCredit {
        /// Position of the receipt.
        receipt: u64,
        /// Who should earn.
        payee: String,
        /// How much.
        amount: u128,
    },
    /// The batch does not charge the receipt's session.
    #[error("the batch does not charge session {session_id}")]
    NotCharged {
        /// Session of the receipt.
        session_id: u64,
    },
    /// The receipt charges what the batch does not.
    #[error("the receipt charges its session from {from} to {to}, the batch from {charge_from} to {charge_to}")]
    OutsideCharge {
        /// Cumulative fee before the answer.
        from: u128,
        /// Cumulative fee after it.
        to: u128,
        /// Charged before the batch.
        charge_from: u128,
        /// Charged after it.
        charge_to: u128,
    },
    /// The receipt charges more than the session's voucher promises.
    #[error("the receipt's cumulative fee {cumulative} is beyond the voucher of {voucher}")]
    BeyondVoucher {
        /// Cumulative fee.
        cumulative: u128,
        /// The voucher's amount.
        voucher: u128,
    },
    /// The receipt names a voucher that the node did not have.
    #[error("the receipt names voucher {claimed}, the newest charged is {charged}")]
    UnknownVoucher {
        /// In the receipt.
        claimed: u64,
        /// On chain.
        charged: u64,
    },
    /// A price is above what the session allows.
    #[error("the receipt's {field} of {price} is above the session's {max}")]
    PriceAboveSession {
        /// Which price.
        field: &'static str,
        /// In the receipt.
        price: u128,
        /// Of the session.
        max: u128,
    },
    /// The session pays for another adapter.
    #[error("the receipt is for adapter {adapter_id}, its session pays for {allowed} only")]
    OtherAdapter {
        /// In the receipt.
        adapter_id: u64,
        /// Of the session.
        allowed: u64,
    },
    /// The session pays another node.
    #[error("the receipt's session pays another node only")]
    OtherNode,
    /// The answer came after the session had ended.
    #[error("the answer was served at {served_at}, its session ended at {expires_at}")]
    Expired {
        /// In the receipt.
        served_at: u64,
        /// Of the session.
        expires_at: u64,
    },
    /// Two receipts of one session charge the same part of it.
    #[error("receipts {first} and {second} charge the same part of session {session_id}")]
    Overlap {
        /// Session.
        session_id: u64,
        /// Position of one.
        first: u64,
        /// Position of the other.
        second: u64,
    },
    /// One receipt at two positions.
    #[error("one receipt is charged twice")]
    SameReceipt {
        /// Its digest.
        receipt_id: Hash,
    },
    /// Two receipts for one voucher.
    #[error("two receipts of session {session_id} name voucher {voucher_sequence}")]
    SameVoucher {
        /// Session.
        session_id: u64,
        /// Sequence.
        voucher_sequence: u64,
    },
    /// A payout that is not the previous one and the epoch's credits.
    #[error("the epoch pays {payee:?} {claimed} in all, which is not its earlier payout and the credits of the epoch")]
    WrongPayout {
        /// Who.
        payee: String,
        /// In the payout tree; zero without a leaf.
        claimed: u128,
        /// Recomputed; absent where it leaves 128 bits.
        expected: Option<u128>,
    },
    /// Two statements for one round of one epoch: whoever signed both digests answers for it. The caller checks the
    /// signatures.
    #[error("two statements for epoch {epoch}, round {round}")]
    Equivocation {
        /// Epoch.
        epoch: u64,
        /// Round.
        round: u32,
        /// Set that the first statement names.
        first_set: u64,
        /// Set that the second statement names.
        second_set: u64,
        /// Digest of the first statement.
        first: Hash,
        /// Digest of the second statement.
        second: Hash,
    },
}

impl Fraud {
    /// Who answers for it.
    pub fn culprit(&self) -> Culprit {
        match self {
            Self::BrokenPayout { .. }
            | Self::WrongPayout { .. }
            | Self::Equivocation { .. }
            | Self::FalseSum { tree: Tree::Payouts }
            | Self::OutOfOrder { tree: Tree::Payouts, .. } => Culprit::Validators,
            _ => Culprit::Node,
        }
    }

    /// A stable name for events and vectors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BrokenReceipt { .. } => "broken_receipt",
            Self::BrokenCredit { .. } => "broken_credit",
            Self::BrokenPayout { .. } => "broken_payout",
            Self::FalseSum { .. } => "false_sum",
            Self::OutOfOrder { .. } => "out_of_order",
            Self::UnknownAdapter { .. } => "unknown_adapter",
            Self::NoIndex => "no_index",
            Self::NoQuery { .. } => "no_query",
            Self::QueryLength { .. } => "query_length",
            Self::ScoreCount { .. } => "score_count",
            Self::WrongScore { .. } => "wrong_score",
            Self::NoAttribution => "no_attribution",
            Self::UnknownPolicy => "unknown_policy",
            Self::BrokenMeasurements(_) => "broken_measurements",
            Self::WrongShares { .. } => "wrong_shares",
            Self::ClusterCount { .. } => "cluster_count",
            Self::BrokenAmount { .. } => "broken_amount",
            Self::WrongFee { .. } => "wrong_fee",
            Self::CumulativeBelowFee { .. } => "cumulative_below_fee",
            Self::OtherReceipt { .. } => "other_receipt",
            Self::NotEarned { .. } => "not_earned",
            Self::MissingCredit { .. } => "missing_credit",
            Self::NotCharged { .. } => "not_charged",
            Self::OutsideCharge { .. } => "outside_charge",
            Self::BeyondVoucher { .. } => "beyond_voucher",
            Self::UnknownVoucher { .. } => "unknown_voucher",
            Self::PriceAboveSession { .. } => "price_above_session",
            Self::OtherAdapter { .. } => "other_adapter",
            Self::OtherNode => "other_node",
            Self::Expired { .. } => "expired",
            Self::Overlap { .. } => "overlap",
            Self::SameReceipt { .. } => "same_receipt",
            Self::SameVoucher { .. } => "same_voucher",
            Self::WrongPayout { .. } => "wrong_payout",
            Self::Equivocation { .. } => "equivocation",
        }
    }
}

/// Why the bytes of a leaf are not what the tree holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeafProblem {
    /// Not a protobuf message of that kind.
    #[error("it does not decode")]
    Undecodable,
    /// Another spelling of a message: only one has a digest.
    #[error("it decodes, but is not the one encoding of its message")]
    NotCanonical,
    /// Another chain or contract.
    #[error("it belongs to another chain or contract")]
    OtherScope,
    /// Another node than the batch's.
    #[error("it is another node's")]
    OtherNode,
    /// The amount cannot be read.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// Nothing to give.
    #[error("its amount is zero")]
    Zero,
    /// The tree counts another amount than the message says.
    #[error("the tree counts {sum} for an amount of {amount}")]
    OtherSum {
        /// In the leaf of the tree.
        sum: u128,
        /// In the message.
        amount: u128,
    },
    /// No reason to earn.
    #[error("its role {0} does not exist")]
    Role(i32),
    /// A receipt's id has 32 bytes.
    #[error("its receipt id has {0} bytes instead of 32")]
    ReceiptId(usize),
    /// Too short or too long to be a payee.
    #[error("its payee has {0} bytes")]
    Payee(usize),
    /// The batch has no such receipt.
    #[error("it names receipt {index} of a batch of {count}")]
    ReceiptIndex {
        /// In the credit.
        index: u64,
        /// Receipts of the batch.
        count: u64,
    },
}

/// Why a challenge decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Everything opens and agrees.
    #[error("what the challenge opens is as it should be: there is nothing to prove")]
    Honest,
    /// The opening does not lead to the root on chain.
    #[error("the opened {what} is not in the tree on chain: {reason}; build the proof for the root and count on chain")]
    BadOpening {
        /// What was to be opened.
        what: &'static str,
        /// What is wrong.
        reason: MerkleError,
    },
    /// More than is looked at.
    #[error("the {what} has a length of {length}, at most {max} is looked at")]
    TooLong {
        /// What.
        what: &'static str,
        /// Length given.
        length: usize,
        /// Bound.
        max: usize,
    },
    /// A leaf that the challenge rests on is itself broken.
    #[error("the opened {what} is itself no valid leaf ({problem}): challenge that leaf instead")]
    BrokenLeaf {
        /// Which.
        what: &'static str,
        /// What is wrong with it.
        problem: LeafProblem,
    },
    /// The two leaves do not lie side by side, or one is missing that is not at the tree's edge.
    #[error("the opened {what} leave a gap: show the two leaves side by side, or the one at the tree's edge")]
    NotAdjacent {
        /// Which leaves.
        what: &'static str,
    },
    /// The leaves do not lie around what is said to be absent.
    #[error("the opened {what} do not lie on both sides of what is said to be absent")]
    NotAround {
        /// Which leaves.
        what: &'static str,
    },
    /// The leaf is another payee's.
    #[error("the opened {what} is another payee's")]
    OtherPayee {
        /// Which leaf.
        what: &'static str,
    },
    /// The range does not begin and end where the payee's credits do.
    #[error("the range of batch {batch} does not begin and end where the payee's credits do")]
    WrongRange {
        /// Position of the batch in the epoch.
        batch: usize,
    },
    /// One range per batch of the epoch.
    #[error("{got} ranges were given for an epoch of {expected} batches: give one per batch, in the epoch's order")]
    BatchCount {
        /// Given.
        got: usize,
        /// Batches of the epoch.
        expected: usize,
    },
    /// The previous payout is missing, or there is no previous epoch.
    #[error("the previous payout must be shown if, and only if, there is a previous epoch")]
    PreviousPayout,
    /// Only execution can tell.
    #[error("scores under the rule {policy:?} need the model: open a dispute")]
    NeedsDispute {
        /// Rule of the receipt, shortened.
        policy: String,
    },
    /// The salt and vector are not the committed ones.
    #[error("salt and query vector do not open the receipt's query commitment")]
    QueryDoesNotOpen,
    /// A row of another length.
    #[error("the row has {length} dimensions, the index {dimensions}")]
    RowLength {
        /// Given.
        length: usize,
        /// Of the index.
        dimensions: u32,
    },
    /// The credit is of another receipt than the opened one.
    #[error("the credit names receipt {named}, the opened one is {opened}: open the one that it names")]
    UnrelatedReceipt {
        /// By the credit.
        named: u64,
        /// By the challenge.
        opened: u64,
    },
    /// No credits follow from the receipt.
    #[error("no credits follow from the receipt ({0}): challenge its shares or fee instead")]
    NoCredits(CreditError),
    /// The receipt gives no such credit.
    #[error("the receipt gives nothing in this role to this cluster")]
    NoSuchCredit,
    /// Terms of another session were given.
    #[error("the charge is of session {given}, the receipt of {session_id}")]
    OtherSession {
        /// Of the charge.
        given: u64,
        /// Of the receipt.
        session_id: u64,
    },
    /// The same position was opened twice.
    #[error("both openings are of the same position")]
    SamePosition,
    /// Two receipts that may both be.
    #[error("the two receipts have no session of one node, or no batch, in common")]
    UnrelatedReceipts,
    /// An amount in an opened receipt cannot be read.
    #[error("the receipt's {field} is no amount: challenge its fee instead")]
    BrokenAmount {
        /// Field of the receipt.
        field: &'static str,
    },
    /// A statement that is for another contract.
    #[error("a statement is for another chain or contract")]
    ForeignStatement,
    /// Statements that do not exclude each other.
    #[error("the statements are for different epochs or rounds: both may be signed")]
    UnrelatedStatements,
}

impl Rejected {
    /// A stable name for errors and vectors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::BadOpening { .. } => "bad_opening",
            Self::TooLong { .. } => "too_long",
            Self::BrokenLeaf { .. } => "broken_leaf",
            Self::NotAdjacent { .. } => "not_adjacent",
            Self::NotAround { .. } => "not_around",
            Self::OtherPayee { .. } => "other_payee",
            Self::WrongRange { .. } => "wrong_range",
            Self::BatchCount { .. } => "batch_count",
            Self::PreviousPayout => "previous_payout",
            Self::NeedsDispute { .. } => "needs_dispute",
            Self::QueryDoesNotOpen => "query_does_not_open",
            Self::RowLength { .. } => "row_length",
            Self::UnrelatedReceipt { .. } => "unrelated_receipt",
            Self::NoCredits(_) => "no_credits",
            Self::NoSuchCredit => "no_such_credit",
            Self::OtherSession { .. } => "other_session",
            Self::SamePosition => "same_position",
            Self::UnrelatedReceipts => "unrelated_receipts",
            Self::BrokenAmount { .. } => "broken_amount",
            Self::ForeignStatement => "foreign_statement",
            Self::UnrelatedStatements => "unrelated_statements",
        }
    }
}
