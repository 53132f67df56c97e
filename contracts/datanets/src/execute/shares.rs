//! Shares of a Datanet: issuing them, minting for accepted rows, the commons' part.

use cosmwasm_std::{Deps, DepsMut, Env, Reply, Response, SubMsg, SubMsgResult, Uint128};
use openledger_contract_kit::{
    event::{respond, Event as _},
    Bps, Text,
};
use shares::{
    client::{instantiate, Client},
    msg::InstantiateMsg,
};

use crate::{
    events::SharesEvent,
    identities,
    msg::{Contribution, DatanetResponse, Shares, SharesTerms},
    state::{self, DATANETS, ISSUING, SHARES_CODE, TOKEN},
    ContractError,
};

/// Reply of the issue; replies of mints have the contribution's id, which is never zero.
const ISSUED: u64 = 0;

/// What the owner chooses.
pub struct Issue {
    pub name: Text<50>,
    pub symbol: Text<12>,
    pub per_row: Uint128,
    pub terms: SharesTerms,
}

/// Creates the shares contract, without an admin: what holders bought stays.
pub fn issue(deps: DepsMut, env: &Env, datanet_id: u64, issue: Issue) -> Result<Response, ContractError> {
    let datanet = state::living(deps.storage, datanet_id)?;
    if let Some(shares) = datanet.shares {
        return Err(ContractError::SharesIssued { address: shares.address });
    }
    let code = SHARES_CODE.may_load(deps.storage)?.ok_or(ContractError::NoSharesCode)?;
    let init = InstantiateMsg {
        datanets: env.contract.address.to_string(),
        datanet_id: datanet.datanet_id,
        token: TOKEN.load(deps.storage)?.into_string(),
        name: issue.name,
        symbol: issue.symbol,
        marketing: Some(datanet.ownership.owner.into_string()),
        params: issue.terms.into(),
    };
    ISSUING.save(deps.storage, &(datanet_id, issue.per_row))?;
    let msg = instantiate(code, None, format!("openledger shares {datanet_id}"), &init)?;
    Ok(Response::new().add_submessage(SubMsg::reply_on_success(msg, ISSUED)))
}

/// The shares contract exists, or could not mint.
pub fn reply(deps: DepsMut, reply: Reply) -> Result<Response, ContractError> {
    match (reply.id, reply.result) {
        (ISSUED, SubMsgResult::Ok(done)) => {
            let of_chain = done.events.into_iter().filter(|event| event.ty == "instantiate");
            let mut attributes = of_chain.flat_map(|event| event.attributes);
            let address = attributes.find(|attribute| attribute.key == "_contract_address");
            let address = deps.api.addr_validate(&address.ok_or(ContractError::NoSharesAddress)?.value)?;
            let (datanet_id, per_row) = ISSUING.load(deps.storage)?;
            ISSUING.remove(deps.storage);
            let mut datanet = state::datanet(deps.storage, datanet_id)?;
            datanet.shares = Some(Shares { address: address.clone(), per_row });
            DATANETS.save(deps.storage, datanet_id, &datanet)?;
            Ok(respond(SharesEvent::Issued { datanet_id, address: &address, per_row }))
        }
        (contribution_id, SubMsgResult::Err(reason)) => {
            Ok(respond(SharesEvent::MintFailed { contribution_id, reason: &reason }))
        }
        (_, SubMsgResult::Ok(_)) => Ok(Response::new()),
    }
}

/// Mints for rows that were accepted, as far as the caps leave room. Whatever the shares contract says, the acceptance holds.
pub fn mint(
    deps: Deps,
    env: &Env,
    datanet: &DatanetResponse,
    contribution: &Contribution,
    response: Response,
) -> Result<Response, ContractError> {
    let Some(shares) = &datanet.shares else { return Ok(response) };
    let client = Client::new(&shares.address);
    let left = client.issuance(&deps.querier).map_or(Uint128::zero(), |issuance| issuance.contributions_left);
    let earned = shares.per_row.saturating_mul(Uint128::from(contribution.rows));
    let amount = earned.min(left);
    if amount.is_zero() {
        return Ok(response);
    }
    let (identity_id, contribution_id) = (contribution.identity_id.u64(), contribution.contribution_id.u64());
    let recipient = identities::load(deps.storage, identity_id)?.at(env.block.time).payout;
    let mint = client.mint_for_contribution(&recipient, amount, identity_id, contribution_id)?;
    Ok(response.add_submessage(SubMsg::reply_on_error(mint, contribution_id)))
}

pub fn set_commons_part(deps: DepsMut, datanet_id: u64, part: Bps) -> Result<Response, ContractError> {
    let datanet = state::datanet(deps.storage, datanet_id)?;
    let shares = datanet.shares.ok_or(ContractError::NoShares { datanet_id })?;
    let message = Client::new(&shares.address).set_commons_part(part, &datanet.commons)?;
    Ok(Response::new().add_event(SharesEvent::CommonsPartSet { datanet_id, part }.to_cosmwasm()).add_message(message))
}
