//! What wallets, validators and other contracts send to and read from the staking contract.
//!
//! Amounts are strings in the token's smallest unit (`uopen`), ids and times are strings of integers (seconds since the
//! Unix epoch), keys and signatures are lower-case hex.

mod responses;

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Uint128, Uint64};
use cw20::Cw20ReceiveMsg;
pub use openledger_contract_kit::{ownership::Ownership, BlsPublicKey, BlsSignature, Bps, Text};
pub use responses::*;

/// Where a sidecar answers.
pub type Endpoint = Text<256>;
/// A name for people.
pub type Moniker = Text<64>;
/// More words for people.
pub type Description = Text<280>;

/// Creates the contract.
#[cw_serde]
pub struct InstantiateMsg {
    /// May update the parameters and name the slasher once; handed over in two steps. Holds no power over bonded tokens.
    pub owner: String,
    /// The cw20 token that is bonded and paid out (OPEN).
    pub token: String,
    /// Windows and bounds.
    pub params: Params,
}

/// Windows and bounds. Every limit is checked by [`Params::validate`](crate::params).
#[cw_serde]
pub struct Params {
    /// Seconds between `unbond` or `undelegate` and the first moment of `withdraw_unbonded`; 1 to 31,536,000.
    pub unbonding_seconds: Uint64,
    /// Smallest self-bond of a validator, in `uopen`; at least 1.
    pub min_self_bond: Uint128,
    /// Most members of an epoch set; 1 to 100. Those with the most tokens get in.
    pub max_validators: u32,
    /// Most unbonding entries one account may have open; 1 to 32.
    pub max_unbonding_entries: u32,
    /// Least seconds between two epoch sets, so that nobody can push a set out of use at will; 0 to 86,400.
    pub snapshot_interval_seconds: Uint64,
    /// Most validators one account may delegate to; 1 to 16.
    pub max_delegations: u32,
    /// Seconds that a slashed validator stays out of new sets at least; 0 to 31,536,000.
    pub jail_seconds: Uint64,
    /// Smallest bond of a node operator, in `uopen`; at least 1.
    pub min_operator_bond: Uint128,
}

/// A validator's part of what its stake earns. Limits are fixed at registration.
#[cw_serde]
#[derive(Default)]
pub struct Commission {
    /// Now.
    pub rate: Bps,
    /// Never above this.
    pub max_rate: Bps,
    /// Largest step up; one change per day.
    pub max_change: Bps,
}

/// Everything that changes state.
#[cw_serde]
pub enum ExecuteMsg {
    /// Anyone: becomes a validator. Takes `amount` by an allowance that the sender gave to this contract.
    RegisterValidator {
        /// Self-bond, in `uopen`; at least `min_self_bond`.
        amount: Uint128,
        /// Compressed G1 point, 48 bytes in hex.
        bls_public_key: BlsPublicKey,
        /// Signature of the `ProofOfPossession` digest, a compressed G2 point, 96 bytes in hex.
        proof_of_possession: BlsSignature,
        /// Where the validator's sidecar answers, for example `http://validator-1:9100`; 1 to 256 bytes.
        endpoint: Endpoint,
        /// A name for people; 1 to 64 bytes.
        moniker: Moniker,
        /// Its part of what its stake earns; none for ever when absent.
        commission: Option<Commission>,
        /// More words for people; 1 to 280 bytes.
        description: Option<Description>,
    },
    /// A validator: changes how it is reached and shown.
    UpdateValidator {
        /// New endpoint; unchanged when absent.
        endpoint: Option<Endpoint>,
        /// New name; unchanged when absent.
        moniker: Option<Moniker>,
        /// New description; unchanged when absent.
        description: Option<Description>,
    },
    /// A validator: changes its commission, once per day and by `max_change` upwards at most.
    UpdateCommission {
        /// New part of what its stake earns.
        rate: Bps,
    },
    /// A validator: signs with another key from the next set on. The old key stays taken for ever.
    RotateKey {
        /// Compressed G1 point, 48 bytes in hex.
        bls_public_key: BlsPublicKey,
        /// Signature of the `ProofOfPossession` digest by the new key, 96 bytes in hex.
        proof_of_possession: BlsSignature,
    },
    /// A validator: adds to its self-bond by allowance. Brings a validator that left back.
    BondMore {
        /// In `uopen`; not zero.
        amount: Uint128,
    },
    /// A validator: takes part of its bond, or all of it, out. Payable after `unbonding_seconds`.
    Unbond {
        /// In `uopen`; what stays is zero or at least `min_self_bond`.
        amount: Uint128,
    },
    /// Anyone: stakes on a validator by allowance. Shares its rewards, and its slashes.
    Delegate {
        /// A candidate for sets: neither jailed nor without self-bond.
        validator: String,
        /// In `uopen`; not zero.
        amount: Uint128,
    },
    /// A delegator: takes part of a delegation, or all of it, out. Payable after `unbonding_seconds`. What was redelegated
    /// there cannot leave while it answers for the validator that it came from.
    Undelegate {
        /// Whose delegation.
        validator: String,
        /// In `uopen`; everything that may leave when absent.
        amount: Option<Uint128>,
    },
    /// A delegator: moves part of a delegation, or all of it, to another validator without a wait. The stake answers for
    /// what the first one did up to now, as long as an unbonding entry would, and cannot leave the second one before. At most
    /// 8 of them per delegation at a time. A validator's self-bond neither leaves nor comes this way.
    Redelegate {
        /// Whose delegation.
        from: String,
        /// A candidate for sets: neither jailed nor without self-bond.
        to: String,
        /// In `uopen`; everything that may leave when absent.
        amount: Option<Uint128>,
    },
    /// Anyone: takes from a delegation what slashes of the validators that its stake came from have cost it, burns that, and
    /// ends the redelegations whose time is over. Reads at most 32 slashes; send it again while there are more.
    SettleRedelegations {
        /// Whose delegation.
        delegator: String,
        /// Validator that the stake went to.
        validator: String,
    },
    /// Anyone: receives every unbonding entry that is due: `unbonding_seconds` after its beginning and after the next set,
    /// which no longer counts the money. Whoever is in a hurry sends `snapshot` right after `unbond`.
    WithdrawUnbonded {},
    /// A jailed validator: becomes a candidate again, `jail_seconds` after the last slash, with at least `min_self_bond`.
    Unjail {},
    /// Anyone: becomes a node operator by allowance. The bond answers for the batches that the operator submits.
    RegisterOperator {
        /// In `uopen`; at least `min_operator_bond`.
        amount: Uint128,
        /// Where the node answers; 1 to 256 bytes.
        endpoint: Endpoint,
        /// A name for people; 1 to 64 bytes.
        moniker: Moniker,
    },
    /// An operator: adds to its bond by allowance. Brings one that left back, but nobody who was barred.
    BondOperator {
        /// In `uopen`; not zero.
        amount: Uint128,
    },
    /// An operator: takes part of its bond, or all of it, out. Payable after `unbonding_seconds`, slashable until paid.
    UnbondOperator {
        /// In `uopen`; what stays is zero or at least `min_operator_bond`.
        amount: Uint128,
    },
    /// An operator: receives every part of its bond that is due.
    WithdrawOperator {},
    /// Owner, once: names the contract that may slash.
    SetSlasher {
        /// The disputes contract.
        slasher: String,
    },
    /// The slasher: takes a fraction of validators' stakes for what they did as members of a set, and jails them. Reaches
    /// what is bonded now and what left after that set. The sum goes to the slasher in one cw20 `send`.
    SlashValidators {
        /// Passed on in the hook.
        case_id: Uint64,
        /// Set of the infraction.
        set_id: Uint64,
        /// At most 100, each once.
        validators: Vec<String>,
        /// Of stake and of what is on its way out.
        fraction: Bps,
        /// Out for ever.
        tombstone: bool,
    },
    /// The slasher: takes a fraction of an operator's bond, what is on its way out included.
    SlashOperator {
        /// Passed on in the hook.
        case_id: Uint64,
        /// Its account.
        operator: String,
        /// Of the bond and of what is on its way out.
        fraction: Bps,
        /// Out for ever.
        bar: bool,
    },
    /// Anyone: records the candidates with the most tokens as the next epoch set.
    Snapshot {},
    /// Anyone: adds rewards for the members of the newest set and their delegators by allowance.
    FundRewards {
        /// In `uopen`; not zero.
        amount: Uint128,
    },
    /// Anyone: receives the rewards of all its delegations, and its commission.
    ClaimRewards {},
    /// The token only: a cw20 `send`; the hook message is a [`ReceiveMsg`].
    Receive(Cw20ReceiveMsg),
    /// Owner: replaces the parameters.
    UpdateParams {
        /// All of them.
        params: Params,
    },
    /// Owner: proposes the next owner and replaces an earlier proposal.
    ProposeOwner {
        /// Who may accept.
        account: String,
        /// First second at which it can no longer be accepted; at most 30 days ahead.
        expires_at: Uint64,
    },
    /// The proposed owner: becomes owner.
    AcceptOwnership {},
}

/// Hook messages of a cw20 `send` to this contract.
#[cw_serde]
pub enum ReceiveMsg {
    /// Adds the sent tokens to the rewards of the newest set.
    FundRewards {},
}

/// Hook message of the cw20 `send` that brings slashed tokens to the slasher.
#[cw_serde]
pub enum SlasherHook {
    /// Slashed in a case.
    Slashed {
        /// Of the message that slashed.
        case_id: Uint64,
    },
}

/// For the chain's own governance.
#[cw_serde]
pub enum SudoMsg {
    /// Replaces the parameters.
    UpdateParams {
        /// All of them.
        params: Params,
    },
    /// Replaces the owner at once, for a lost or stolen owner key.
    ReplaceOwner {
        /// New owner.
        owner: String,
    },
}

/// Moves the contract to newer code.
#[cw_serde]
pub struct MigrateMsg {}

/// Everything that can be read.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Token, owner and parameters.
    #[returns(ConfigResponse)]
    Config {},
    /// One validator.
    #[returns(ValidatorResponse)]
    Validator {
        /// Its account.
        validator: String,
    },
    /// Registered validators by address, those that left included.
    #[returns(ValidatorsResponse)]
    Validators {
        /// Only addresses after this one.
        start_after: Option<String>,
        /// At most 30; 10 when absent.
        limit: Option<u32>,
    },
    /// One epoch set.
    #[returns(EpochSet)]
    Set {
        /// From 1.
        set_id: Uint64,
    },
    /// The newest epoch set.
    #[returns(EpochSet)]
    LatestSet {},
    /// Open unbonding entries of an account, oldest first.
    #[returns(UnbondingResponse)]
    Unbonding {
        /// A validator or another delegator.
        validator: String,
    },
    /// What an account can claim now.
    #[returns(RewardsResponse)]
    Rewards {
        /// A validator or another delegator.
        validator: String,
    },
    /// Delegations of an account, self-bond included; at most 16.
    #[returns(DelegationsResponse)]
    Delegations {
        /// The account.
        delegator: String,
    },
    /// Redelegated stake of an account that still answers for the validator that it left; at most 128 entries.
    #[returns(RedelegationsResponse)]
    Redelegations {
        /// The account.
        delegator: String,
    },
    /// One node operator.
    #[returns(OperatorResponse)]
    Operator {
        /// Its account.
        operator: String,
    },
    /// An account's bonded tokens at the start of a block.
    #[returns(PowerResponse)]
    PowerAt {
        /// The account.
        account: String,
        /// The present block when absent.
        height: Option<Uint64>,
    },
    /// All bonded tokens at the start of a block.
    #[returns(PowerResponse)]
    TotalPowerAt {
        /// The present block when absent.
        height: Option<Uint64>,
    },
    /// What the contract owes against what it holds.
    #[returns(SolvencyResponse)]
    Solvency {},
}
