//! Typed calls for other contracts and for clients.
//!
//! What contracts look up is read from the raw state: absence is then a fact and not an error among others.

use cosmwasm_std::{to_json_binary, Addr, Binary, CosmosMsg, QuerierWrapper, StdResult, Uint64, WasmMsg};

use crate::{
    msg::{Adapter, AdapterResponse, AdapterVersion, Base, ConfigResponse, ExecuteMsg, QueryMsg, ReceiveMsg},
    state::{ADAPTERS, DATANETS, VERSIONS},
};

/// The models contract at an address.
pub struct Models<'a> {
    address: &'a Addr,
    querier: QuerierWrapper<'a>,
}

impl<'a> Models<'a> {
    /// Reads through `querier`.
    pub fn new(address: &'a Addr, querier: QuerierWrapper<'a>) -> Self {
        Self { address, querier }
    }

    /// Owner, Datanets contract, parameters and pause.
    pub fn config(&self) -> StdResult<ConfigResponse> {
        self.query(&QueryMsg::Config {})
    }

    /// One base model; an error when it does not exist.
    pub fn base(&self, id: u64) -> StdResult<Base> {
        self.query(&QueryMsg::Base { id: Uint64::new(id) })
    }

    /// One adapter with its latest version; an error when it does not exist.
    pub fn adapter(&self, id: u64) -> StdResult<AdapterResponse> {
        self.query(&QueryMsg::Adapter { id: Uint64::new(id) })
    }

    /// One version of an adapter; an error when it does not exist.
    pub fn adapter_version(&self, id: u64, version: u32) -> StdResult<AdapterVersion> {
        self.query(&QueryMsg::AdapterVersion { id: Uint64::new(id), version })
    }

    /// The contract of Datanets.
    pub fn datanets(&self) -> StdResult<Addr> {
        DATANETS.query(&self.querier, self.address.clone())
    }

    /// What the versions of an adapter have in common; none when it was never registered.
    pub fn find_adapter(&self, id: u64) -> StdResult<Option<Adapter>> {
        ADAPTERS.query(&self.querier, self.address.clone(), id)
    }

    /// One version of an adapter; none when it was never published.
    pub fn find_version(&self, id: u64, version: u32) -> StdResult<Option<AdapterVersion>> {
        VERSIONS.query(&self.querier, self.address.clone(), (id, version))
    }

    fn query<T: cosmwasm_schema::serde::de::DeserializeOwned>(&self, msg: &QueryMsg) -> StdResult<T> {
        self.querier.query_wasm_smart(self.address, msg)
    }
}

/// A call of the models contract at `address`. It takes no coins.
pub fn call(address: &Addr, msg: &ExecuteMsg) -> StdResult<CosmosMsg> {
    Ok(WasmMsg::Execute { contract_addr: address.to_string(), msg: to_json_binary(msg)?, funds: vec![] }.into())
}

/// Hook message of a cw20 `send` of OPEN that pays an adapter's developer.
pub fn adapter_income_hook(adapter_id: u64) -> StdResult<Binary> {
    to_json_binary(&ReceiveMsg::AdapterIncome { adapter_id: Uint64::new(adapter_id) })
}
