//! What wallets and contracts send to and read from the vesting contract.
//!
//! Amounts are strings in the token's smallest unit. Ids and times are strings of integers (seconds since 1970).

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Addr, Uint128, Uint64};
use cw20::Cw20ReceiveMsg;
use openledger_contract_kit::ownership::ProposedOwner;

/// Creates the contract. There is nothing to choose.
#[cw_serde]
pub struct InstantiateMsg {}

/// Everything that changes state. Who may send what: [`crate::permissions`].
#[cw_serde]
pub enum ExecuteMsg {
    /// A cw20 token reports a `send`; its hook message is a [`ReceiveMsg`].
    Receive(Cw20ReceiveMsg),
    /// Pays what has vested to the grant's recipient. Anybody may ask for it.
    Release {
        /// Which grant.
        grant_id: Uint64,
    },
    /// The recipient names the account that may take the grant over, and until when. A later proposal replaces it.
    ProposeRecipient {
        /// Which grant.
        grant_id: Uint64,
        /// Who may accept.
        recipient: String,
        /// First second at which it can no longer be accepted; at most 30 days away.
        expires_at: Uint64,
    },
    /// The proposed account takes the grant over, with everything that has not been paid.
    AcceptRecipient {
        /// Which grant.
        grant_id: Uint64,
    },
    /// Stops a grant: what has vested is paid to the recipient, the rest returns to the revoker.
    Revoke {
        /// Which grant.
        grant_id: Uint64,
    },
    /// Gives up the right to revoke, for good.
    RenounceRevocation {
        /// Which grant.
        grant_id: Uint64,
    },
}

/// Hook messages of a cw20 `send` to this contract.
#[cw_serde]
pub enum ReceiveMsg {
    /// Makes a grant of the tokens that were sent.
    Grant {
        /// Who is paid. Neither this contract nor the token.
        recipient: String,
        /// Vesting is counted from here; at most ten years ahead or back.
        starts_at: Uint64,
        /// Nothing is paid before this many seconds after the start; at most the duration.
        cliff_seconds: Uint64,
        /// Everything has vested this many seconds after the start; 1 to 315,360,000 (ten years), with its end ahead.
        duration_seconds: Uint64,
        /// May stop the grant and gets back what has not vested. Nobody if absent. Not the recipient.
        revoker: Option<String>,
    },
}

/// Migrates from an older version.
#[cw_serde]
pub struct MigrateMsg {}

/// Everything that can be read.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// One grant.
    #[returns(GrantResponse)]
    Grant {
        /// Which.
        grant_id: Uint64,
    },
    /// Grants of a recipient, oldest first; finished ones are among them.
    #[returns(GrantsResponse)]
    GrantsOf {
        /// Whose.
        recipient: String,
        /// Only ids above this one.
        start_after: Option<Uint64>,
        /// 10 if absent, at most 30.
        limit: Option<u32>,
    },
    /// Whether the contract holds what it owes in a token.
    #[returns(SolvencyResponse)]
    Solvency {
        /// The cw20 token.
        token: String,
    },
}

/// A grant as of now.
#[cw_serde]
pub struct GrantResponse {
    /// Its id.
    pub grant_id: Uint64,
    /// The cw20 token. Anybody can write one: look at the token before you trust the grant.
    pub token: Addr,
    /// Who sent the tokens.
    pub grantor: Addr,
    /// Who is paid now.
    pub recipient: Addr,
    /// Who may take over, and until when.
    pub proposed_recipient: Option<ProposedOwner>,
    /// Who may stop the grant.
    pub revoker: Option<Addr>,
    /// All tokens of the grant.
    pub amount: Uint128,
    /// Vesting is counted from here.
    pub starts_at: Uint64,
    /// Seconds from the start to the first payment.
    pub cliff_seconds: Uint64,
    /// Seconds from the start to the last payment.
    pub duration_seconds: Uint64,
    /// What belongs to the recipient by now, paid or not.
    pub vested: Uint128,
    /// What was paid.
    pub released: Uint128,
    /// What `release` would pay now.
    pub releasable: Uint128,
    /// What returned to the revoker.
    pub returned: Uint128,
    /// When it was stopped, if it was.
    pub revoked_at: Option<Uint64>,
}

/// A page of grants.
#[cw_serde]
pub struct GrantsResponse {
    /// By id.
    pub grants: Vec<GrantResponse>,
}

/// Books of one token.
#[cw_serde]
pub struct SolvencyResponse {
    /// What grants in this token still have to pay or return.
    pub owed: Uint128,
    /// What the token says this contract holds. Tokens sent without a grant are in it.
    pub held: Uint128,
    /// True when all that is owed is held.
    pub solvent: bool,
}
