//! Two-step hand-over: the owner proposes, the proposed account accepts before the proposal expires.
//!
//! [`Ownership`] is a value, so a contract can keep one for itself and one in each record that has an owner.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Timestamp, Uint64};

use crate::KitError;

/// A proposal may stay open for 30 days at most.
pub const MAX_PROPOSAL_SECS: u64 = 30 * 24 * 60 * 60;

/// An owner and the proposed next one.
#[cw_serde]
pub struct Ownership {
    /// Who holds the rights now.
    pub owner: Addr,
    /// Who may take them over.
    pub proposed: Option<ProposedOwner>,
}

/// An open hand-over.
#[cw_serde]
pub struct ProposedOwner {
    /// Who may accept.
    pub account: Addr,
    /// First second (since 1970) at which it can no longer be accepted.
    pub expires_at: Uint64,
}

impl Ownership {
    /// Owned, with no proposal.
    pub fn new(owner: Addr) -> Self {
        Self { owner, proposed: None }
    }

    /// True for the present owner.
    pub fn is_owner(&self, account: &Addr) -> bool {
        self.owner == account
    }

    /// Opens a proposal and replaces an earlier one. The caller has checked that the sender is the owner.
    pub fn propose(&mut self, account: Addr, expires_at: Uint64, now: Timestamp) -> Result<(), KitError> {
        let now = now.seconds();
        let end = expires_at.u64();
        if end <= now || end.saturating_sub(now) > MAX_PROPOSAL_SECS {
            return Err(KitError::ProposalLength { expires_at: end, now, max_secs: MAX_PROPOSAL_SECS });
        }
        self.proposed = Some(ProposedOwner { account, expires_at });
        Ok(())
    }

    /// Makes the sender the owner if it was proposed in time. Returns the former owner.
    pub fn accept(&mut self, sender: &Addr, now: Timestamp) -> Result<Addr, KitError> {
        let proposed = self.proposed.as_ref().ok_or(KitError::NoProposal)?;
        if proposed.account != sender {
            return Err(KitError::NotProposed { sender: sender.clone(), proposed: proposed.account.clone() });
        }
        let (now, expires_at) = (now.seconds(), proposed.expires_at.u64());
        if now >= expires_at {
            return Err(KitError::ProposalExpired { expires_at, now });
        }
        self.proposed = None;
        Ok(std::mem::replace(&mut self.owner, sender.clone()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn moves_only_to_the_proposed_account_and_only_in_time() {
        let (a, b, c) = (Addr::unchecked("a"), Addr::unchecked("b"), Addr::unchecked("c"));
        let mut it = Ownership::new(a.clone());
        assert_eq!(it.accept(&b, at(1)), Err(KitError::NoProposal));
        it.propose(b.clone(), Uint64::new(20), at(10)).unwrap();
        assert!(matches!(it.accept(&c, at(11)), Err(KitError::NotProposed { .. })));
        assert_eq!(it.accept(&b, at(20)), Err(KitError::ProposalExpired { expires_at: 20, now: 20 }));
        assert!(it.is_owner(&a));
        assert_eq!(it.accept(&b, at(19)).unwrap(), a);
        assert!(it.is_owner(&b) && it.proposed.is_none());
    }

    #[test]
    fn proposals_end_in_the_future_and_within_the_bound() {
        let mut it = Ownership::new(Addr::unchecked("a"));
        let b = Addr::unchecked("b");
        assert!(it.propose(b.clone(), Uint64::new(10), at(10)).is_err());
        assert!(it.propose(b.clone(), Uint64::new(11 + MAX_PROPOSAL_SECS), at(10)).is_err());
        assert!(it.propose(b, Uint64::new(10 + MAX_PROPOSAL_SECS), at(10)).is_ok());
    }
}
