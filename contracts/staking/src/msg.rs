//! What wallets, validators and other contracts send to and read from the staking contract.
//!
//! Amounts are strings in the token's smallest unit (`uopen`), ids and times are strings of integers (seconds since the
//! Unix epoch), keys and signatures are lower-case hex.

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Addr, Uint128, Uint64};
use cw20::Cw20ReceiveMsg;
pub use openledger_contract_kit::{ownership::Ownership, BlsPublicKey, BlsSignature, Bps, Text};

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
    /// A delegator: takes part of a delegation, or all of it, out. Payable after `unbonding_seconds`.
    Undelegate {
        /// Whose delegation.
        validator: String,
        /// In `uopen`; everything when absent.
        amount: Option<Uint128>,
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

/// Answer of `config`.
#[cw_serde]
pub struct ConfigResponse {
    /// Who may update parameters, and who was proposed next.
    pub ownership: Ownership,
    /// The bonded token.
    pub token: Addr,
    /// Windows and bounds.
    pub params: Params,
    /// Who may slash; absent until the owner names it.
    pub slasher: Option<Addr>,
}

/// Answer of `validator`.
#[cw_serde]
pub struct ValidatorResponse {
    /// Its account.
    pub validator: Addr,
    /// Compressed G1 point, 48 bytes in hex.
    pub bls_public_key: BlsPublicKey,
    /// Where its sidecar answers.
    pub endpoint: Endpoint,
    /// A name for people.
    pub moniker: Moniker,
    /// Bonded now by itself and by others, in `uopen`.
    pub bonded: Uint128,
    /// Its own part of `bonded`; zero after it left.
    pub self_bond: Uint128,
    /// Shares in which `bonded` is owned.
    pub shares: Uint128,
    /// Its part of what its stake earns.
    pub commission: Commission,
    /// More words for people.
    pub description: Option<Description>,
    /// First moment of `unjail`; absent while not jailed.
    pub jailed_until: Option<Uint64>,
    /// Out for ever.
    pub tombstoned: bool,
    /// Time of registration.
    pub registered_at: Uint64,
}

/// Answer of `validators`.
#[cw_serde]
pub struct ValidatorsResponse {
    /// By ascending address.
    pub validators: Vec<ValidatorResponse>,
}

/// The validators that may attest an epoch. Never changes once made.
#[cw_serde]
pub struct EpochSet {
    /// Consecutive, from 1.
    pub set_id: Uint64,
    /// By ascending address; an absentee's index points into this list.
    pub members: Vec<SetMember>,
    /// Sum of the members' power.
    pub total_power: Uint128,
    /// Sum of the members' public keys, 48 bytes in hex; absent when there are no members.
    pub aggregate_public_key: Option<BlsPublicKey>,
    /// Time of the snapshot.
    pub created_at: Uint64,
}

/// One member of a set.
#[cw_serde]
pub struct SetMember {
    /// Account.
    pub validator: Addr,
    /// Compressed G1 point, 48 bytes in hex.
    pub bls_public_key: BlsPublicKey,
    /// Bonded tokens at the snapshot, in `uopen`.
    pub power: Uint128,
}

/// Answer of `unbonding`.
#[cw_serde]
pub struct UnbondingResponse {
    /// Oldest first.
    pub entries: Vec<UnbondingEntryResponse>,
    /// Sum of the entries, in `uopen`.
    pub total: Uint128,
}

/// One unbonding entry.
#[cw_serde]
pub struct UnbondingEntryResponse {
    /// Unique within the contract.
    pub entry_id: Uint64,
    /// Whose stake it was.
    pub validator: Addr,
    /// In `uopen`, slashes counted.
    pub amount: Uint128,
    /// Newest epoch set when the entry began; zero when there was none. What the money did up to this set stays its
    /// liability.
    pub set_id: Uint64,
    /// Time of `unbond`.
    pub started_at: Uint64,
    /// First moment of `withdraw_unbonded`; later when the next set was made later than `started_at`.
    pub completes_at: Uint64,
}

/// Answer of `rewards`.
#[cw_serde]
pub struct RewardsResponse {
    /// In `uopen`.
    pub claimable: Uint128,
}

/// Answer of `delegations`.
#[cw_serde]
pub struct DelegationsResponse {
    /// Oldest first.
    pub delegations: Vec<DelegationResponse>,
    /// Sum of the amounts, in `uopen`.
    pub total: Uint128,
}

/// One delegation.
#[cw_serde]
pub struct DelegationResponse {
    /// Whose stake.
    pub validator: Addr,
    /// Shares of that stake.
    pub shares: Uint128,
    /// What they are worth, in `uopen`.
    pub amount: Uint128,
}

/// Answer of `operator`.
#[cw_serde]
pub struct OperatorResponse {
    /// Its account.
    pub operator: Addr,
    /// Bonded now, in `uopen`; zero after it left.
    pub bond: Uint128,
    /// On its way out, in `uopen`.
    pub unbonding: Uint128,
    /// Out for ever.
    pub barred: bool,
    /// Where its node answers.
    pub endpoint: Endpoint,
    /// A name for people.
    pub moniker: Moniker,
    /// Time of registration.
    pub registered_at: Uint64,
}

/// Answer of `power_at` and `total_power_at`.
#[cw_serde]
pub struct PowerResponse {
    /// In `uopen`.
    pub power: Uint128,
    /// Block at whose start it counted.
    pub height: Uint64,
}

/// Answer of `solvency`. `bonded + unbonding + operators + rewards` is never above `held`.
#[cw_serde]
pub struct SolvencyResponse {
    /// Bonded by all validators.
    pub bonded: Uint128,
    /// In unbonding entries.
    pub unbonding: Uint128,
    /// Bonded by operators, what is on its way out included.
    pub operators: Uint128,
    /// Rewards received and not yet claimed, orphaned ones included.
    pub rewards: Uint128,
    /// Part of `rewards` that arrived while nobody was earning; shared out with the next funding.
    pub orphaned: Uint128,
    /// Tokens on the contract's account.
    pub held: Uint128,
    /// Whether `held` covers the four.
    pub solvent: bool,
}
