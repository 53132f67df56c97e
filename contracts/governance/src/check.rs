//! What can be said about a proposal without executing anything: refusals for `propose`, and all of it for `simulate`.

use std::collections::BTreeSet;

use cosmwasm_std::{from_json, to_json_vec, Addr, Deps, Env, Uint64};
use openledger_contract_kit::{ids, permission::Permission, permission::Permissioned};

use crate::{
    error::ContractError,
    json::Json,
    msg::{Action, ActionKind, Call, CallCheck, ExecuteMsg, NewProposal, ParamDiff, Params, Rules},
    permissions::Role,
    registry,
    state::{load_registered, Config, CONFIG, DATANET_MESSAGES},
};

/// Messages of one proposal.
pub const MAX_MESSAGES: usize = 16;
/// Bytes of one proposal as JSON.
pub const MAX_BYTES: usize = 16_384;
/// Contracts that one pause may name.
pub const MAX_PAUSED: usize = 8;
/// Messages of the token that cannot reach deposits after the run: an allowance could.
const TOKEN_MESSAGES: [&str; 3] = ["transfer", "send", "burn"];

/// A proposal that can be taken.
#[derive(Debug)]
pub struct Checked {
    /// What holds for it.
    pub rules: Rules,
    /// Whether it starts with the expedited vote.
    pub expedited: bool,
    /// What it does.
    pub kind: ActionKind,
    /// Whose contributors vote.
    pub datanet_id: Option<Uint64>,
    /// What it changes of a contract's parameters.
    pub diff: Vec<ParamDiff>,
}

/// Bytes of a proposal as JSON.
pub fn size(new: &NewProposal) -> Result<usize, ContractError> {
    Ok(to_json_vec(new)?.len())
}

/// Refuses what can never be executed, or must not be.
pub fn check(deps: Deps, env: &Env, params: &Params, new: &NewProposal) -> Result<Checked, ContractError> {
    let found = size(new)?;
    if found > MAX_BYTES {
        return Err(ContractError::ProposalTooLarge { found, max: MAX_BYTES });
    }
    let config = CONFIG.load(deps.storage)?;
    let (mut expedited, mut datanet, mut diff) = (new.expedited, None, Vec::new());
    let kind = match &new.action {
        Action::Text {} => ActionKind::Text,
        Action::Messages { messages } => {
            check_calls(deps, env, &config, messages)?;
            ActionKind::Messages
        }
        Action::ParamChange { contract, changes } => {
            let contract = deps.api.addr_validate(contract)?;
            diff = registry::merge(deps, &contract, changes)?.1;
            ActionKind::ParamChange
        }
        Action::Datanet { datanet_id, messages } => {
            if new.expedited {
                return Err(ContractError::DatanetExpedited);
            }
            check_datanet(deps, env, &config, datanet_id.u64(), messages)?;
            datanet = Some(*datanet_id);
            ActionKind::Datanet
        }
        Action::EmergencyPause { contracts, seconds } => {
            pausable(deps, contracts)?;
            let (found, max) = (seconds.u64(), params.max_pause_seconds.u64());
            if found == 0 || found > max {
                return Err(ContractError::PauseLength { found, max });
            }
            expedited = true;
            ActionKind::EmergencyPause
        }
    };
    Ok(Checked { rules: params.rules(&new.action, expedited), expedited, kind, datanet_id: datanet, diff })
}

fn check_calls(deps: Deps, env: &Env, config: &Config, messages: &[Call]) -> Result<(), ContractError> {
    bounded("messages", messages.len(), MAX_MESSAGES)?;
    for (index, call) in messages.iter().enumerate() {
        match call {
            Call::Execute { contract, message } => {
                let contract = deps.api.addr_validate(contract)?;
                let (name, _) = message.as_message().ok_or(ContractError::NotAMessage { index })?;
                if contract == env.contract.address {
                    check_self_call(name, message)?;
                }
                if contract == config.token && !TOKEN_MESSAGES.contains(&name) {
                    return Err(ContractError::TokenCall { message: name.to_owned() });
                }
            }
            Call::Migrate { contract, message, .. } => {
                deps.api.addr_validate(contract)?;
                if !matches!(message, Json::Object(_)) {
                    return Err(ContractError::NotAMessage { index });
                }
            }
        }
    }
    Ok(())
}

/// Of its own messages, a proposal may send those that are for passed proposals, in a form that parses.
fn check_self_call(name: &str, message: &Json) -> Result<(), ContractError> {
    let message: ExecuteMsg = from_json(to_json_vec(message)?)?;
    match message.rule().permission {
        Permission::Role(Role::PassedProposal) => Ok(()),
        _ => Err(ContractError::SelfCall { message: name.to_owned() }),
    }
}

fn check_datanet(
    deps: Deps,
    env: &Env,
    config: &Config,
    datanet_id: u64,
    messages: &[Json],
) -> Result<(), ContractError> {
    bounded("messages", messages.len(), MAX_MESSAGES)?;
    let allowed = DATANET_MESSAGES.load(deps.storage)?;
    for (index, message) in messages.iter().enumerate() {
        let (name, content) = message.as_message().ok_or(ContractError::NotAMessage { index })?;
        if !allowed.iter().any(|known| known.as_str() == name) {
            return Err(ContractError::DatanetMessage { message: name.to_owned() });
        }
        if content.get("datanet_id").and_then(Json::as_str) != Some(datanet_id.to_string().as_str()) {
            return Err(ContractError::OtherDatanet { message: name.to_owned(), datanet_id });
        }
    }
    let owner = datanet_owner(deps, &config.datanets, datanet_id)?;
    if owner != env.contract.address.as_str() {
        return Err(ContractError::DatanetNotOwned { datanet_id, owner });
    }
    Ok(())
}

/// Who owns a Datanet now.
fn datanet_owner(deps: Deps, datanets: &Addr, datanet_id: u64) -> Result<String, ContractError> {
    let question = Json::message(
        "datanet",
        Json::Object([("datanet_id".to_owned(), Json::String(datanet_id.to_string()))].into()),
    );
    let answer: Json = deps.querier.query_wasm_smart(datanets, &question)?;
    let owner = answer.get("ownership").and_then(|ownership| ownership.get("owner")).and_then(Json::as_str);
    Ok(owner.unwrap_or("nobody").to_owned())
}

/// The contracts that a pause names: in the registry, pausable, none twice.
pub fn pausable(deps: Deps, contracts: &[String]) -> Result<Vec<Addr>, ContractError> {
    bounded("contracts", contracts.len(), MAX_PAUSED)?;
    let mut seen = BTreeSet::new();
    let mut addresses = Vec::with_capacity(contracts.len());
    for contract in contracts {
        let contract = deps.api.addr_validate(contract)?;
        if !load_registered(deps.storage, &contract)?.pausable {
            return Err(ContractError::NotPausable { contract });
        }
        if !seen.insert(contract.clone()) {
            return Err(ContractError::Duplicate { what: "contracts", entry: contract.to_string() });
        }
        addresses.push(contract);
    }
    Ok(addresses)
}

/// A list with at least one and at most `max` entries.
pub fn bounded(what: &'static str, found: usize, max: usize) -> Result<(), ContractError> {
    if found == 0 {
        return Err(ContractError::Empty { what });
    }
    Ok(ids::bound(what, found, max)?)
}

/// Whether this contract holds the role that each message may need. A message that needs none is fine without.
pub fn authority(deps: Deps, env: &Env, action: &Action) -> Result<Vec<CallCheck>, ContractError> {
    let this = &env.contract.address;
    let mut calls = Vec::new();
    let mut taken = BTreeSet::new();
    match action {
        Action::Text {} => {}
        Action::Messages { messages } => {
            for call in messages {
                calls.push(match call {
                    Call::Execute { contract, message } => {
                        let contract = deps.api.addr_validate(contract)?;
                        let name = message.as_message().map(|(name, _)| name).unwrap_or_default();
                        let check = owner_check(deps, this, contract, name, &taken)?;
                        if name == "accept_ownership" && check.authorised {
                            taken.insert(check.contract.clone());
                        }
                        check
                    }
                    Call::Migrate { contract, new_code_id, .. } => {
                        migrate_check(deps, this, deps.api.addr_validate(contract)?, new_code_id.u64())
                    }
                });
            }
        }
        Action::ParamChange { contract, .. } => {
            let contract = deps.api.addr_validate(contract)?;
            calls.push(owner_check(deps, this, contract, "update_params", &taken)?);
        }
        Action::Datanet { messages, .. } => {
            let datanets = CONFIG.load(deps.storage)?.datanets;
            for message in messages {
                let name = message.as_message().map(|(name, _)| name).unwrap_or_default().to_owned();
                let note = "governance owns the Datanet".to_owned();
                calls.push(CallCheck { contract: datanets.clone(), message: name, authorised: true, note });
            }
        }
        Action::EmergencyPause { contracts, .. } => {
            for contract in contracts {
                let contract = deps.api.addr_validate(contract)?;
                calls.push(owner_check(deps, this, contract, "pause", &taken)?);
            }
        }
    }
    Ok(calls)
}

fn owner_check(
    deps: Deps,
    this: &Addr,
    contract: Addr,
    message: &str,
    taken: &BTreeSet<Addr>,
) -> Result<CallCheck, ContractError> {
    let (authorised, note) = if contract == *this {
        (true, "governance itself".to_owned())
    } else if contract == CONFIG.load(deps.storage)?.token {
        (true, "governance spends its own tokens; it cannot touch deposits".to_owned())
    } else if taken.contains(&contract) {
        (true, "governance takes the contract over with an earlier message".to_owned())
    } else {
        match registry::config_of(deps, &contract) {
            Err(error) => (false, format!("owner unknown: {error}")),
            Ok(config) => {
                let ownership = config.get("ownership");
                let owner = ownership.and_then(|ownership| ownership.get("owner")).and_then(Json::as_str);
                let proposed = ownership
                    .and_then(|ownership| ownership.get("proposed"))
                    .and_then(|proposed| proposed.get("account"))
                    .and_then(Json::as_str);
                match (message, owner, proposed) {
                    ("accept_ownership", _, Some(next)) if next == this.as_str() => {
                        (true, "governance was proposed as owner".to_owned())
                    }
                    ("accept_ownership", _, _) => (false, "governance was not proposed as owner".to_owned()),
                    (_, Some(owner), _) if owner == this.as_str() => (true, "governance is the owner".to_owned()),
                    (_, Some(owner), _) => {
                        (false, format!("the owner is {owner}: what only the owner may send will be refused"))
                    }
                    (_, None, _) => (false, "the contract names no owner".to_owned()),
                }
            }
        }
    };
    Ok(CallCheck { contract, message: message.to_owned(), authorised, note })
}

fn migrate_check(deps: Deps, this: &Addr, contract: Addr, new_code_id: u64) -> CallCheck {
    let (authorised, note) = match deps.querier.query_wasm_contract_info(&contract) {
        Err(_) => (false, "there is no contract at this address".to_owned()),
        Ok(info) if info.admin.as_ref() == Some(this) => match deps.querier.query_wasm_code_info(new_code_id) {
            Ok(code) => (true, format!("governance is the admin; code {new_code_id} has checksum {}", code.checksum)),
            Err(_) => (false, format!("there is no stored code {new_code_id}")),
        },
        Ok(info) => {
            let admin = info.admin.map_or("nobody".to_owned(), Addr::into_string);
            (false, format!("the admin is {admin}: the migration will be refused"))
        }
    };
    CallCheck { contract, message: "migrate".to_owned(), authorised, note }
}
