//! Reading.

use cosmwasm_std::{to_json_binary, Addr, Binary, Deps, Env, Order, StdResult, Uint64};
use cw20::{BalanceResponse, Cw20QueryMsg};
use cw_storage_plus::Bound;
use openledger_contract_kit::{page, pause, KitError};

use crate::{
    cluster, identities,
    msg::{
        ClustersResponse, CommitmentsResponse, ConfigResponse, Contribution, ContributionsResponse, DatanetsResponse,
        DraftResponse, ErasuresResponse, InDatanet, MemberResponse, MembersResponse, QueryMsg, ReviewResponse,
        ReviewersResponse, SolvencyResponse, Standing, StatusFilter, Version, Which,
    },
    panel::{REVIEWERS, REVIEWS},
    power,
    state::{
        self, Ledger, BY_STATUS, COMMITMENTS, CONTRIBUTIONS, DATANETS, ERASURES, INCOME, LEDGER, MEMBERS, OWNERSHIP,
        PARAMS, VERSIONS, VERSION_CLUSTERS,
    },
    ContractError,
};

type Answer<T> = Result<T, ContractError>;

pub fn dispatch(deps: Deps, env: Env, msg: QueryMsg) -> Answer<Binary> {
    let answer = match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps, &env)?),
        QueryMsg::Datanet { datanet_id } => to_json_binary(&state::datanet(deps.storage, datanet_id.u64())?),
        QueryMsg::Datanets { start_after, limit } => {
            let range = DATANETS.range(deps.storage, page::after(start_after), None, Order::Ascending);
            let datanets = range.take(page::limit(limit)).map(|entry| Ok(entry?.1)).collect::<StdResult<_>>()?;
            to_json_binary(&DatanetsResponse { datanets })
        }
        QueryMsg::Member { datanet_id, account } => to_json_binary(&member(deps, datanet_id.u64(), &account)?),
        QueryMsg::Members { datanet_id, start_after, limit } => {
            to_json_binary(&members(deps, datanet_id.u64(), start_after, page::limit(limit))?)
        }
        QueryMsg::Contribution { datanet_id, contribution_id } => {
            to_json_binary(&state::contribution(deps.storage, datanet_id.u64(), contribution_id.u64())?)
        }
        QueryMsg::Contributions { datanet_id, status, start_after, limit } => {
            let (after, limit) = (page::after(start_after), page::limit(limit));
            let contributions = match status {
                None => contributions(deps, datanet_id.u64(), after, limit)?,
                Some(status) => with_status(deps, datanet_id.u64(), status, after, limit)?,
            };
            to_json_binary(&ContributionsResponse { contributions })
        }
        QueryMsg::Draft { datanet_id } => to_json_binary(&draft(deps, datanet_id.u64())?),
        QueryMsg::Version { datanet_id, version } => to_json_binary(&published(deps, datanet_id.u64(), version)?),
        QueryMsg::Clusters { datanet_id, version } => {
            published(deps, datanet_id.u64(), version)?;
            let clusters = VERSION_CLUSTERS.load(deps.storage, (datanet_id.u64(), version))?;
            to_json_binary(&ClustersResponse { clusters })
        }
        QueryMsg::DatanetPowerAt { datanet_id, account, height } => {
            let account = deps.api.addr_validate(&account)?;
            to_json_binary(&power::at(deps, &env, datanet_id.u64(), &account, height)?)
        }
        QueryMsg::Review(Which { datanet_id, contribution_id }) => {
            let key = (datanet_id.u64(), contribution_id.u64());
            to_json_binary(&ReviewResponse { review: REVIEWS.may_load(deps.storage, key)? })
        }
        QueryMsg::Reviewers { datanet_id, start_after, limit } => {
            let after: Option<Addr> = start_after.map(|address| deps.api.addr_validate(&address)).transpose()?;
            let after = after.as_ref().map(Bound::exclusive);
            let range = REVIEWERS.prefix(datanet_id.u64()).range(deps.storage, after, None, Order::Ascending);
            let reviewers = range.take(page::limit(limit)).map(|entry| Ok(entry?.1)).collect::<StdResult<_>>()?;
            to_json_binary(&ReviewersResponse { reviewers })
        }
        QueryMsg::Erasures { datanet_id, start_after, limit } => {
            state::datanet(deps.storage, datanet_id.u64())?;
            let prefix = ERASURES.prefix(datanet_id.u64());
            let range = prefix.range(deps.storage, page::after(start_after), None, Order::Ascending);
            let erasures = range.take(page::limit(limit)).map(|entry| Ok(entry?.1)).collect::<StdResult<_>>()?;
            to_json_binary(&ErasuresResponse { erasures })
        }
        QueryMsg::Income(InDatanet { datanet_id }) => {
            state::datanet(deps.storage, datanet_id.u64())?;
            to_json_binary(&INCOME.may_load(deps.storage, datanet_id.u64())?.unwrap_or_default())
        }
        QueryMsg::Commitments { datanet_id, account } => {
            let member = deps.api.addr_validate(&account)?;
            let found = COMMITMENTS.may_load(deps.storage, (datanet_id.u64(), &member))?;
            to_json_binary(&CommitmentsResponse { commitments: found.unwrap_or_default() })
        }
        QueryMsg::Solvency {} => to_json_binary(&solvency(deps, &env)?),
        QueryMsg::Identity { identity_id } => {
            to_json_binary(&identities::load(deps.storage, identity_id.u64())?.at(env.block.time))
        }
        QueryMsg::IdentityOf { account } => {
            let found = identities::BY_CONTROLLER.may_load(deps.storage, &deps.api.addr_validate(&account)?)?;
            let identity = found.map(|id| identities::load(deps.storage, id)).transpose()?;
            to_json_binary(&identity.map(|identity| identity.at(env.block.time)))
        }
    };
    Ok(answer?)
}

fn config(deps: Deps, env: &Env) -> Answer<ConfigResponse> {
    Ok(ConfigResponse {
        ownership: OWNERSHIP.load(deps.storage)?,
        params: PARAMS.load(deps.storage)?,
        token: state::TOKEN.load(deps.storage)?,
        settlement: state::SETTLEMENT.may_load(deps.storage)?,
        shares_code_id: state::SHARES_CODE.may_load(deps.storage)?.map(Uint64::new),
        paused_until: pause::running(deps.storage, env.block.time)?.map(|pause| pause.until),
    })
}

fn solvency(deps: Deps, env: &Env) -> Answer<SolvencyResponse> {
    let Ledger { deposits, bonds, reviewers, appeals } = LEDGER.may_load(deps.storage)?.unwrap_or_default();
    let question = Cw20QueryMsg::Balance { address: env.contract.address.to_string() };
    let token = state::TOKEN.load(deps.storage)?;
    let held = deps.querier.query_wasm_smart::<BalanceResponse>(token, &question)?.balance;
    let owed = deposits.checked_add(bonds)?.checked_add(reviewers)?.checked_add(appeals)?;
    Ok(SolvencyResponse { deposits, bonds, reviewers, appeals, held, solvent: owed <= held })
}

fn member(deps: Deps, datanet_id: u64, account: &str) -> Answer<MemberResponse> {
    state::datanet(deps.storage, datanet_id)?;
    let account = deps.api.addr_validate(account)?;
    let found = MEMBERS.may_load(deps.storage, (datanet_id, &account))?;
    let (standing, pending) = found.map_or((Standing::None, 0), |member| (member.standing, member.pending));
    Ok(MemberResponse { account, standing, pending })
}

fn members(deps: Deps, datanet_id: u64, after: Option<String>, limit: usize) -> Answer<MembersResponse> {
    state::datanet(deps.storage, datanet_id)?;
    let after: Option<Addr> = after.map(|address| deps.api.addr_validate(&address)).transpose()?;
    let after = after.as_ref().map(Bound::exclusive);
    let range = MEMBERS.prefix(datanet_id).range(deps.storage, after, None, Order::Ascending);
    let members = range.take(limit).map(|entry| {
        let (account, member) = entry?;
        Ok(MemberResponse { account, standing: member.standing, pending: member.pending })
    });
    Ok(MembersResponse { members: members.collect::<StdResult<_>>()? })
}

fn contributions(deps: Deps, datanet_id: u64, after: Option<Bound<u64>>, limit: usize) -> Answer<Vec<Contribution>> {
    state::datanet(deps.storage, datanet_id)?;
    let range = CONTRIBUTIONS.prefix(datanet_id).range(deps.storage, after, None, Order::Ascending);
    Ok(range.take(limit).map(|entry| Ok(entry?.1)).collect::<StdResult<_>>()?)
}

fn with_status(
    deps: Deps,
    datanet_id: u64,
    status: StatusFilter,
    after: Option<Bound<u64>>,
    limit: usize,
) -> Answer<Vec<Contribution>> {
    state::datanet(deps.storage, datanet_id)?;
    let ids = BY_STATUS.prefix((datanet_id, status.key())).keys(deps.storage, after, None, Order::Ascending);
    let found = ids.take(limit).map(|id| CONTRIBUTIONS.load(deps.storage, (datanet_id, id?)));
    Ok(found.collect::<StdResult<_>>()?)
}

fn draft(deps: Deps, datanet_id: u64) -> Answer<DraftResponse> {
    let datanet = state::datanet(deps.storage, datanet_id)?;
    let clusters = state::accepted(deps.storage, datanet_id)?;
    Ok(DraftResponse {
        version: datanet.latest_version.checked_add(1).ok_or(KitError::Overflow { what: "version" })?,
        content_root: cluster::content_root(&clusters),
        cluster_root: cluster::cluster_root(datanet_id, &clusters),
        cluster_table_root: cluster::table_root(datanet_id, &clusters),
        clusters: datanet.clusters,
    })
}

fn published(deps: Deps, datanet_id: u64, version: u32) -> Answer<Version> {
    let latest = state::datanet(deps.storage, datanet_id)?.latest_version;
    VERSIONS.may_load(deps.storage, (datanet_id, version))?.ok_or(ContractError::UnknownVersion {
        datanet_id,
        version,
        latest,
    })
}
