//! Creating a Datanet.

use cosmwasm_std::{Addr, DepsMut, Env, Response, Uint64};
use openledger_contract_kit::{event::respond, ids, ownership::Ownership};

use super::{identity, money};
use crate::{
    events::Event,
    msg::{DatanetResponse, Description, Licence, Membership, Name, ReviewTerms, Standing},
    state::{Member, DATANETS, DATANET_COUNT, MEMBERS, PARAMS},
    terms, ContractError,
};

/// What the creator chooses.
pub struct New {
    pub name: Name,
    pub description: Description,
    pub licence: Licence,
    pub commons: String,
    pub membership: Membership,
    pub commit_reveal: bool,
    pub review: Option<ReviewTerms>,
}

pub fn create(deps: DepsMut, env: &Env, sender: Addr, new: New) -> Result<Response, ContractError> {
    terms::check_licence(&new.licence)?;
    let commons = deps.api.addr_validate(&new.commons)?;
    if let Some(review) = &new.review {
        terms::check_review(review)?;
    }
    if commons == env.contract.address {
        return Err(ContractError::ToItself);
    }
    let bond = PARAMS.load(deps.storage)?.datanet_bond;
    let id = ids::next(deps.storage, &DATANET_COUNT)?;
    let datanet = DatanetResponse {
        datanet_id: Uint64::new(id),
        name: new.name,
        description: new.description,
        licence: new.licence,
        commons,
        membership: new.membership,
        ownership: Ownership::new(sender.clone()),
        curators: vec![],
        contributions: Uint64::zero(),
        clusters: 0,
        latest_version: 0,
        commit_reveal: new.commit_reveal,
        review: new.review,
        bond,
        shares: None,
        retired: false,
        created_at: super::now(env),
    };
    DATANETS.save(deps.storage, id, &datanet)?;
    MEMBERS.save(deps.storage, (id, &sender), &Member { standing: Standing::Member, pending: 0 })?;
    money::book(deps.storage, |ledger| money::add(&mut ledger.bonds, bond))?;
    let response = respond(Event::Created(&datanet)).add_messages(money::pull(deps.storage, env, &sender, bond)?);
    Ok(identity::ensure(deps.storage, env, &sender, response)?.1)
}
