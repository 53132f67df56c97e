//! What queries tell about identities.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Uint128, Uint64};

/// Who is credited: a number that stays, controlled by an account that may change.
#[cw_serde]
pub struct IdentityResponse {
    /// From 1.
    pub identity_id: Uint64,
    /// Acts for it. Controls no other identity.
    pub controller: Addr,
    /// Where its income goes now.
    pub payout: Addr,
    /// Ordered change of the payout account.
    pub next_payout: Option<Change>,
    /// Can hand it to another controller together.
    pub guardians: Vec<Addr>,
    /// How many guardians that takes; 0 without guardians.
    pub threshold: u32,
    /// What each guardian wants, at most one entry per guardian.
    pub approvals: Vec<Approval>,
    /// What enough of them agreed on: the next controller, and the first second of `finish_recovery`; until then the controller
    /// can veto.
    pub recovery: Option<Change>,
    /// When it was created.
    pub created_at: Uint64,
}

/// Power in a Datanet, in accepted rows.
#[cw_serde]
pub struct DatanetPowerResponse {
    /// Of the identity that the account controls, at most a fifth of `total`; zero without one.
    pub power: Uint128,
    /// Of all identities, not capped.
    pub total: Uint128,
    /// The identity that the account controls now. Who counts votes should count each identity once.
    pub identity_id: Option<Uint64>,
}

/// A change that is to come.
#[cw_serde]
pub struct Change {
    /// Who it will be.
    pub account: Addr,
    /// From this second on.
    pub at: Uint64,
}

/// A guardian's wish.
#[cw_serde]
pub struct Approval {
    /// Who.
    pub guardian: Addr,
    /// Whom it wants as controller.
    pub controller: Addr,
}
