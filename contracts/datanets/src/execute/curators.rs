//! Curators of a Datanet: proposed by its owner, in office once they accept.

use cosmwasm_std::{Addr, DepsMut, Env, Response, Uint64};
use openledger_contract_kit::{event::respond, ids, ownership::MAX_PROPOSAL_SECS, KitError};

use crate::{
    events::Event,
    msg::Curator,
    state::{self, DATANETS},
    ContractError,
};

/// Curators of one Datanet, proposals included.
pub const MAX_CURATORS: usize = 8;

pub fn propose(
    deps: DepsMut,
    env: &Env,
    datanet_id: u64,
    account: &str,
    expires_at: Uint64,
) -> Result<Response, ContractError> {
    let account = deps.api.addr_validate(account)?;
    let (now, end) = (env.block.time.seconds(), expires_at.u64());
    if end <= now || end.saturating_sub(now) > MAX_PROPOSAL_SECS {
        return Err(KitError::ProposalLength { expires_at: end, now, max_secs: MAX_PROPOSAL_SECS }.into());
    }
    let mut datanet = state::datanet(deps.storage, datanet_id)?;
    if datanet.curators.iter().any(|c| c.account == account && c.proposal_expires_at.is_none()) {
        return Err(ContractError::AlreadyCurator { account });
    }
    // A new proposal replaces the account's earlier one and every one that has expired.
    datanet.curators.retain(|c| c.account != account && c.proposal_expires_at.is_none_or(|end| now < end.u64()));
    datanet.curators.push(Curator { account: account.clone(), proposal_expires_at: Some(expires_at) });
    ids::bound("curators", datanet.curators.len(), MAX_CURATORS)?;
    DATANETS.save(deps.storage, datanet_id, &datanet)?;
    Ok(respond(Event::CuratorProposed { datanet_id, account: &account, expires_at }))
}

pub fn accept(deps: DepsMut, env: &Env, sender: &Addr, datanet_id: u64) -> Result<Response, ContractError> {
    let mut datanet = state::datanet(deps.storage, datanet_id)?;
    let not_curator = || ContractError::NotCurator { account: sender.clone() };
    let curator = datanet.curators.iter_mut().find(|c| c.account == sender).ok_or_else(not_curator)?;
    let expires_at = curator.proposal_expires_at.ok_or_else(not_curator)?.u64();
    let now = env.block.time.seconds();
    if now >= expires_at {
        return Err(KitError::ProposalExpired { expires_at, now }.into());
    }
    curator.proposal_expires_at = None;
    DATANETS.save(deps.storage, datanet_id, &datanet)?;
    Ok(respond(Event::CuratorAdded { datanet_id, account: sender }))
}

pub fn remove(deps: DepsMut, datanet_id: u64, account: &str) -> Result<Response, ContractError> {
    let account = deps.api.addr_validate(account)?;
    let mut datanet = state::datanet(deps.storage, datanet_id)?;
    let before = datanet.curators.len();
    datanet.curators.retain(|c| c.account != account);
    if datanet.curators.len() == before {
        return Err(ContractError::NotCurator { account });
    }
    DATANETS.save(deps.storage, datanet_id, &datanet)?;
    Ok(respond(Event::CuratorRemoved { datanet_id, account: &account }))
}
