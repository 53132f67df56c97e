//! What wallets, validators and other contracts send to and read from the staking contract.
//!
//! Amounts are strings in the token's smallest unit (`uopen`), ids and times are strings of integers (seconds since the
//! Unix epoch), keys and signatures are lower-case hex.

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Addr, Uint128, Uint64};
use cw20::Cw20ReceiveMsg;
pub use openledger_contract_kit::{ownership::Ownership, BlsPublicKey, BlsSignature, Text};

/// Where a sidecar answers.
pub type Endpoint = Text<256>;
/// A name for people.
pub type Moniker = Text<64>;

/// Creates the contract.
#[cw_serde]
pub struct InstantiateMsg {
    /// May update the parameters; handed over in two steps. Holds no power over bonded tokens.
    pub owner: String,
    /// The cw20 token that is bonded and paid out (OPEN).
    pub token: String,
    /// Windows and bounds.
    pub params: Params,
}

/// Windows and bounds. Every limit is checked by [`Params::validate`](crate::params).
#[cw_serde]
pub struct Params {
    /// Seconds between `unbond` and the first moment of `withdraw_unbonded`; 1 to 31,536,000.
    pub unbonding_seconds: Uint64,
    /// Smallest self-bond of a validator, in `uopen`; at least 1.
    pub min_self_bond: Uint128,
    /// Most validators bonded at one time; 1 to 100.
    pub max_validators: u32,
    /// Most unbonding entries one validator may have open; 1 to 32.
    pub max_unbonding_entries: u32,
    /// Least seconds between two epoch sets, so that nobody can push a set out of use at will; 0 to 86,400.
    pub snapshot_interval_seconds: Uint64,
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
    },
    /// A validator: changes how it is reached and shown.
    UpdateValidator {
        /// New endpoint; unchanged when absent.
        endpoint: Option<Endpoint>,
        /// New name; unchanged when absent.
        moniker: Option<Moniker>,
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
    /// A validator: receives every unbonding entry that is due: `unbonding_seconds` after `unbond` and after the next set,
    /// which no longer counts the money. Whoever is in a hurry sends `snapshot` right after `unbond`.
    WithdrawUnbonded {},
    /// Anyone: records the bonded validators as the next epoch set.
    Snapshot {},
    /// Anyone: adds rewards for bonded validators by allowance.
    FundRewards {
        /// In `uopen`; not zero.
        amount: Uint128,
    },
    /// A validator, also one that left: receives its rewards.
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
    /// Adds the sent tokens to the rewards of bonded validators.
    FundRewards {},
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
    /// Open unbonding entries of a validator, oldest first.
    #[returns(UnbondingResponse)]
    Unbonding {
        /// Its account.
        validator: String,
    },
    /// What a validator can claim now.
    #[returns(RewardsResponse)]
    Rewards {
        /// Its account.
        validator: String,
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
    /// Bonded now, in `uopen`; zero after it left.
    pub bonded: Uint128,
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
    /// In `uopen`.
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

/// Answer of `solvency`. `bonded + unbonding + rewards` is never above `held`.
#[cw_serde]
pub struct SolvencyResponse {
    /// Bonded by all validators.
    pub bonded: Uint128,
    /// In unbonding entries.
    pub unbonding: Uint128,
    /// Rewards received and not yet claimed, orphaned ones included.
    pub rewards: Uint128,
    /// Part of `rewards` that arrived while nobody was bonded; shared out with the next funding.
    pub orphaned: Uint128,
    /// Tokens on the contract's account.
    pub held: Uint128,
    /// Whether `held` covers the three.
    pub solvent: bool,
}
