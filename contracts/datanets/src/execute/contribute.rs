//! Offering rows.

use cosmwasm_std::{Addr, DepsMut, Empty, Env, Response, Storage, Uint64};
use openledger_contract_kit::{event::Event as _, Digest, KitError};

use super::{commit, identity, money, review, votes};
use crate::{
    events::Event,
    msg::{Contribution, MediaType, Reason, Status, StatusFilter},
    state::{self, BY_STATUS, CONTRIBUTIONS, DATANETS, MEMBERS, PARAMS, ROWS},
    terms, ContractError,
};

/// What is offered.
pub struct Offer {
    pub rows_root: Digest,
    pub rows: u32,
    pub media_type: MediaType,
    pub manifest: Digest,
    pub salt: Option<Digest>,
}

impl Offer {
    fn check(&self, max_rows: u32) -> Result<(), ContractError> {
        if self.rows == 0 || self.rows > max_rows {
            return Err(ContractError::Rows { found: self.rows, max: max_rows });
        }
        for (field, digest) in [("rows_root", self.rows_root), ("manifest", self.manifest)] {
            if digest.is_zero() {
                return Err(ContractError::ZeroDigest { field });
            }
        }
        terms::check_media_type(&self.media_type)
    }
}

pub fn contribute(
    deps: DepsMut,
    env: &Env,
    sender: Addr,
    datanet_id: u64,
    offer: Offer,
) -> Result<Response, ContractError> {
    let params = PARAMS.load(deps.storage)?;
    offer.check(params.max_rows)?;
    let mut datanet = state::living(deps.storage, datanet_id)?;
    if datanet.commit_reveal && offer.salt.is_none() {
        return Err(ContractError::CommitmentNeeded { datanet_id });
    }
    let precedence = commit::precedence(deps.storage, env, &sender, datanet_id, &offer)?;
    let response = make_way(deps.storage, env, &sender, datanet_id, offer.rows_root, precedence)?;

    let mut member = MEMBERS.load(deps.storage, (datanet_id, &sender))?;
    if member.pending >= params.max_pending {
        return Err(ContractError::TooManyPending { found: member.pending, max: params.max_pending });
    }
    member.pending = member.pending.saturating_add(1);
    MEMBERS.save(deps.storage, (datanet_id, &sender), &member)?;

    datanet.contributions =
        datanet.contributions.checked_add(Uint64::one()).map_err(|_| KitError::Overflow { what: "contributions" })?;
    DATANETS.save(deps.storage, datanet_id, &datanet)?;

    let (identity_id, response) = identity::ensure(deps.storage, env, &sender, response)?;
    let deposit = params.contribution_deposit;
    money::book(deps.storage, |ledger| money::add(&mut ledger.deposits, deposit))?;
    let response = response.add_messages(money::pull(deps.storage, env, &sender, deposit)?);
    let id = datanet.contributions.u64();
    let contribution = Contribution {
        datanet_id: Uint64::new(datanet_id),
        contribution_id: datanet.contributions,
        contributor: sender,
        identity_id: Uint64::new(identity_id),
        rows_root: offer.rows_root,
        rows: offer.rows,
        media_type: offer.media_type,
        manifest: offer.manifest,
        status: Status::Pending {},
        deposit,
        precedence: Uint64::new(precedence),
        offered_at: super::now(env),
    };
    CONTRIBUTIONS.save(deps.storage, (datanet_id, id), &contribution)?;
    BY_STATUS.save(deps.storage, (datanet_id, StatusFilter::Pending.key(), id), &Empty {})?;
    ROWS.save(deps.storage, (datanet_id, offer.rows_root.as_ref()), &id)?;
    let response = response.add_event(Event::Contributed(&contribution).to_cosmwasm());
    votes::open(deps.storage, env, &datanet, &contribution, response)
}

/// Refuses rows that are known, unless the sender had committed to them before whoever offered them, which is not decided yet.
/// Then that contribution gives way.
fn make_way(
    storage: &mut dyn Storage,
    env: &Env,
    sender: &Addr,
    datanet_id: u64,
    rows_root: Digest,
    precedence: u64,
) -> Result<Response, ContractError> {
    let Some(contribution_id) = ROWS.may_load(storage, (datanet_id, rows_root.as_ref()))? else {
        return Ok(Response::new());
    };
    let known = state::contribution(storage, datanet_id, contribution_id)?;
    if known.status != (Status::Pending {}) || known.precedence.u64() <= precedence {
        return Err(ContractError::RowsKnown { rows_root, contribution_id });
    }
    review::turn_down(storage, env, known, Reason::Duplicate, sender)
}
