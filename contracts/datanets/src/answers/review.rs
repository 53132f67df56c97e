//! Review by drawn reviewers.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Uint128, Uint64};

use crate::msg::Reason;

/// How a Datanet's contributions are reviewed when drawn reviewers do it; fixed at its creation.
#[cw_serde]
pub struct ReviewTerms {
    /// Reviewers drawn for a contribution, and for an appeal; 3, 5 or 7.
    pub reviewers: u32,
    /// What a reviewer holds as its bond, in `uopen`; up to 10^15. A missed vote costs a tenth of it and the seat.
    pub bond: Uint128,
    /// Seconds to vote; 1 to 2,592,000 (30 days).
    pub vote_seconds: Uint64,
    /// Seconds to appeal against the first decision; 1 to 2,592,000 (30 days).
    pub appeal_seconds: Uint64,
    /// What an appeal costs, in `uopen`; up to 10^15. It comes back when the appeal changes the decision, else it burns.
    pub appeal_deposit: Uint128,
}

/// What a reviewer thinks.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum Ballot {
    /// Take it in.
    Accept {},
    /// Turn it down.
    Reject {
        /// Why.
        reason: Reason,
    },
}

/// A drawn reviewer.
#[cw_serde]
pub struct Seat {
    /// Who.
    pub reviewer: Addr,
    /// Its vote; absent until it votes.
    pub ballot: Option<Ballot>,
}

/// A review that is not over.
#[cw_serde]
pub struct Review {
    /// The reviewers who vote, or voted last.
    pub panel: Vec<Seat>,
    /// Those who voted before the appeal.
    pub former: Vec<Seat>,
    /// First second at which the present step is over: the vote, the time for an appeal, or the vote on the appeal.
    pub until: Uint64,
    /// What the first reviewers decided; absent while they vote.
    pub decision: Option<Ballot>,
    /// Who appealed against it; absent until somebody does.
    pub appellant: Option<Addr>,
    /// What the appeal cost, in `uopen`.
    pub appeal_deposit: Uint128,
}

/// Answer of `review`.
#[cw_serde]
pub struct ReviewResponse {
    /// Absent when none is open.
    pub review: Option<Review>,
}

/// A reviewer of a Datanet.
#[cw_serde]
pub struct Reviewer {
    /// Who.
    pub account: Addr,
    /// Its place among those who can be drawn; changes when others leave.
    pub seat: Uint64,
    /// Held until it leaves, in `uopen`.
    pub bond: Uint128,
    /// Reviews that it was drawn for and that are not over; it cannot leave meanwhile.
    pub duties: u32,
}

/// A page of reviewers.
#[cw_serde]
pub struct ReviewersResponse {
    /// By address.
    pub reviewers: Vec<Reviewer>,
}
