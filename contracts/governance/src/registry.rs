//! Contracts whose parameters and pauses are known: what a value may be, what a contract has now, what would change.

use std::collections::BTreeSet;

use cosmwasm_std::{
    from_json, to_json_vec, Addr, Api, Binary, ContractResult, Deps, Empty, QueryRequest, Storage, SystemResult,
    Uint128, WasmQuery,
};
use openledger_contract_kit::ids;

use crate::{
    error::ContractError,
    json::{Json, MAX_NUMBER},
    msg::{ParamChange, ParamDiff, ParamKind, ParamRule, RegisteredContract},
    state::{load_registered, REGISTRY, REGISTRY_SIZE},
};

/// Contracts in the registry.
pub const MAX_CONTRACTS: u32 = 32;
/// Parameters of one contract.
pub const MAX_PARAMS: usize = 64;
/// Changes in one proposal.
pub const MAX_CHANGES: usize = 32;
/// Bytes of a parameter that is text.
const MAX_TEXT: usize = 256;

/// Enters a contract or replaces its entry.
pub fn enter(storage: &mut dyn Storage, entry: &RegisteredContract) -> Result<(), ContractError> {
    ids::bound("params", entry.params.len(), MAX_PARAMS)?;
    let mut names = BTreeSet::new();
    for rule in &entry.params {
        rule.validate()?;
        if !names.insert(rule.name.as_str()) {
            return Err(ContractError::Duplicate { what: "params", entry: rule.name.to_string() });
        }
    }
    if !REGISTRY.has(storage, &entry.contract) {
        let size = REGISTRY_SIZE.may_load(storage)?.unwrap_or_default();
        if size >= MAX_CONTRACTS {
            return Err(ContractError::RegistryFull { max: MAX_CONTRACTS });
        }
        REGISTRY_SIZE.save(storage, &size.saturating_add(1))?;
    }
    REGISTRY.save(storage, &entry.contract, entry)?;
    Ok(())
}

/// Removes a contract.
pub fn remove(storage: &mut dyn Storage, contract: &Addr) -> Result<(), ContractError> {
    load_registered(storage, contract)?;
    REGISTRY.remove(storage, contract);
    let size = REGISTRY_SIZE.may_load(storage)?.unwrap_or_default();
    REGISTRY_SIZE.save(storage, &size.saturating_sub(1))?;
    Ok(())
}

impl ParamRule {
    /// Refuses rules that contradict themselves.
    fn validate(&self) -> Result<(), ContractError> {
        let ordered = match (self.min, self.max) {
            (Some(min), Some(max)) => min <= max,
            _ => true,
        };
        let fits = match self.kind {
            ParamKind::Integer => true,
            ParamKind::Number => self.max.is_none_or(|max| max.u128() <= u128::from(MAX_NUMBER)),
            ParamKind::Flag | ParamKind::Account | ParamKind::Text => self.min.is_none() && self.max.is_none(),
        };
        if ordered && fits {
            Ok(())
        } else {
            Err(ContractError::WrongRule { name: self.name.to_string() })
        }
    }

    /// Refuses values of another kind or outside the bounds.
    pub fn check(&self, api: &dyn Api, value: &Json) -> Result<(), ContractError> {
        let fits = match (self.kind, value) {
            (ParamKind::Integer, Json::String(digits)) => parse_integer(digits).is_some_and(|value| self.holds(value)),
            (ParamKind::Number, Json::Number(number)) => {
                u128::try_from(*number).is_ok_and(|value| self.holds(Uint128::new(value)))
            }
            (ParamKind::Flag, Json::Bool(_)) => true,
            (ParamKind::Account, Json::String(account)) => api.addr_validate(account).is_ok(),
            (ParamKind::Text, Json::String(text)) => text.len() <= MAX_TEXT,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        Err(ContractError::ParamValue {
            name: self.name.to_string(),
            value: value.to_string(),
            allowed: self.allowed(),
        })
    }

    fn holds(&self, value: Uint128) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }

    fn allowed(&self) -> String {
        let range = || match (self.min, self.max) {
            (Some(min), Some(max)) => format!(" of {min} to {max}"),
            (Some(min), None) => format!(" of at least {min}"),
            (None, Some(max)) => format!(" of at most {max}"),
            (None, None) => String::new(),
        };
        match self.kind {
            ParamKind::Integer => format!("a string with an integer{}", range()),
            ParamKind::Number => format!("a number{}", range()),
            ParamKind::Flag => "true or false".to_owned(),
            ParamKind::Account => "an account's address".to_owned(),
            ParamKind::Text => format!("text of at most {MAX_TEXT} bytes"),
        }
    }
}

/// Decimal digits without a leading zero, so that a value has one spelling.
fn parse_integer(digits: &str) -> Option<Uint128> {
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if plain {
        digits.parse::<u128>().ok().map(Uint128::new)
    } else {
        None
    }
}

/// The contract's answer to `config`, as any of our contracts gives it.
pub fn config_of(deps: Deps, contract: &Addr) -> Result<Json, ContractError> {
    let no_config = |reason: String| ContractError::NoConfig { contract: contract.clone(), reason };
    let question = Json::message("config", Json::Object(Default::default()));
    let msg = Binary::from(to_json_vec(&question)?);
    let request: QueryRequest<Empty> = WasmQuery::Smart { contract_addr: contract.to_string(), msg }.into();
    // The raw query keeps the answer apart from our own parsing errors.
    match deps.querier.raw_query(&to_json_vec(&request)?) {
        SystemResult::Ok(ContractResult::Ok(answer)) => from_json(answer).map_err(|error| no_config(error.to_string())),
        SystemResult::Ok(ContractResult::Err(error)) => Err(no_config(error)),
        SystemResult::Err(error) => Err(no_config(error.to_string())),
    }
}

/// Checks the changes against the registry's rules and the contract's present parameters. Returns all parameters as they
/// would be, and what changes.
pub fn merge(deps: Deps, contract: &Addr, changes: &[ParamChange]) -> Result<(Json, Vec<ParamDiff>), ContractError> {
    ids::bound("changes", changes.len(), MAX_CHANGES)?;
    if changes.is_empty() {
        return Err(ContractError::Empty { what: "changes" });
    }
    let entry = load_registered(deps.storage, contract)?;
    let config = config_of(deps, contract)?;
    let Some(Json::Object(present)) = config.get("params") else {
        return Err(ContractError::NoConfig { contract: contract.clone(), reason: "it has no params".to_owned() });
    };
    let mut merged = present.clone();
    let mut names = BTreeSet::new();
    let mut diff = Vec::with_capacity(changes.len());
    for change in changes {
        let name = change.name.as_str();
        if !names.insert(name) {
            return Err(ContractError::Duplicate { what: "changes", entry: name.to_owned() });
        }
        let unknown = || ContractError::UnknownParam { contract: contract.clone(), name: name.to_owned() };
        let rule = entry.params.iter().find(|rule| rule.name == change.name).ok_or_else(unknown)?;
        rule.check(deps.api, &change.value)?;
        let missing = || ContractError::NoSuchParam { contract: contract.clone(), name: name.to_owned() };
        let value = merged.get_mut(name).ok_or_else(missing)?;
        let from = std::mem::replace(value, change.value.clone());
        diff.push(ParamDiff { name: change.name.clone(), from, to: change.value.clone() });
    }
    Ok((Json::Object(merged), diff))
}
