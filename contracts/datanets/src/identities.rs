//! Identities as they are stored, and the rules that need no message: where income goes, and what guardians agreed on.

use cosmwasm_std::{Addr, Storage, Timestamp, Uint64};
use cw_storage_plus::{Item, Map};
use openledger_contract_kit::ids;

use crate::{
    msg::{Change, IdentityResponse},
    ContractError,
};

/// Guardians of one identity.
pub const MAX_GUARDIANS: usize = 5;

/// Last identity id given out.
pub const COUNT: Item<u64> = Item::new("identity_count");
/// Identities by id, an ordered change of the payout account kept beside the present one.
pub const IDENTITIES: Map<u64, IdentityResponse> = Map::new("identities");
/// Identity by controller.
pub const BY_CONTROLLER: Map<&Addr, u64> = Map::new("identity_of");

/// The identity with this id.
pub fn load(storage: &dyn Storage, identity_id: u64) -> Result<IdentityResponse, ContractError> {
    IDENTITIES.may_load(storage, identity_id)?.ok_or(ContractError::UnknownIdentity { identity_id })
}

/// The identity that the account controls.
pub fn of(storage: &dyn Storage, account: &Addr) -> Result<IdentityResponse, ContractError> {
    match BY_CONTROLLER.may_load(storage, account)? {
        Some(identity_id) => load(storage, identity_id),
        None => Err(ContractError::NoIdentity { account: account.clone() }),
    }
}

/// A new identity, stored. The account must not control one.
pub fn create(
    storage: &mut dyn Storage,
    now: Timestamp,
    controller: &Addr,
    payout: Option<Addr>,
    guardians: Vec<Addr>,
    threshold: u32,
) -> Result<IdentityResponse, ContractError> {
    if let Some(identity_id) = BY_CONTROLLER.may_load(storage, controller)? {
        return Err(ContractError::IdentityKnown { account: controller.clone(), identity_id });
    }
    let id = ids::next(storage, &COUNT)?;
    let identity = IdentityResponse {
        identity_id: Uint64::new(id),
        controller: controller.clone(),
        payout: payout.unwrap_or_else(|| controller.clone()),
        next_payout: None,
        guardians,
        threshold,
        approvals: vec![],
        recovery: None,
        created_at: Uint64::new(now.seconds()),
    };
    IDENTITIES.save(storage, id, &identity)?;
    BY_CONTROLLER.save(storage, controller, &id)?;
    Ok(identity)
}

impl IdentityResponse {
    /// The same as it is at `now`: an ordered payout whose time has come is the payout.
    pub fn at(mut self, now: Timestamp) -> Self {
        if let Some(next) = self.next_payout.take_if(|next| next.at.u64() <= now.seconds()) {
            self.payout = next.account;
        }
        self
    }

    /// What the guardians agree on, after one of them changed its mind. An agreement stays until it loses its support.
    pub fn count_approvals(&mut self, at: Uint64) {
        let enough = |controller: &Addr| {
            let votes = self.approvals.iter().filter(|approval| approval.controller == controller).count();
            u32::try_from(votes).is_ok_and(|votes| votes >= self.threshold)
        };
        if self.recovery.as_ref().is_some_and(|recovery| enough(&recovery.account)) {
            return;
        }
        let agreed = self.approvals.iter().map(|approval| &approval.controller).find(|controller| enough(controller));
        self.recovery = agreed.cloned().map(|account| Change { account, at });
    }

    /// Makes another account the controller. Income that went to the former controller's account goes to the new one; income
    /// that goes elsewhere still does. An ordered change is dropped, because the former controller ordered it.
    pub fn hand_over(&mut self, controller: Addr) {
        if self.payout == self.controller {
            self.payout = controller.clone();
        }
        self.next_payout = None;
        self.guardians.retain(|guardian| *guardian != controller);
        self.threshold = self.threshold.min(u32::try_from(self.guardians.len()).unwrap_or(u32::MAX));
        self.approvals.clear();
        self.recovery = None;
        self.controller = controller;
    }
}
