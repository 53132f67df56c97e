//! Typed calls for other contracts and for clients.

use cosmwasm_std::{to_json_binary, Addr, Binary, CosmosMsg, QuerierWrapper, StdResult, Uint64, WasmMsg};

use crate::msg::{
    Cluster, ClustersResponse, DatanetPowerResponse, DatanetResponse, ExecuteMsg, IdentityResponse, QueryMsg,
    ReceiveMsg, Version,
};

/// The Datanets contract at an address.
pub struct Datanets<'a> {
    address: &'a Addr,
    querier: QuerierWrapper<'a>,
}

impl<'a> Datanets<'a> {
    /// Reads through `querier`.
    pub fn new(address: &'a Addr, querier: QuerierWrapper<'a>) -> Self {
        Self { address, querier }
    }

    /// One Datanet.
    pub fn datanet(&self, datanet_id: u64) -> StdResult<DatanetResponse> {
        self.query(&QueryMsg::Datanet { datanet_id: Uint64::new(datanet_id) })
    }

    /// One published version; an error when it does not exist.
    pub fn version(&self, datanet_id: u64, version: u32) -> StdResult<Version> {
        self.query(&QueryMsg::Version { datanet_id: Uint64::new(datanet_id), version })
    }

    /// The clusters of a published version, by index.
    pub fn clusters(&self, datanet_id: u64, version: u32) -> StdResult<Vec<Cluster>> {
        let msg = QueryMsg::Clusters { datanet_id: Uint64::new(datanet_id), version };
        Ok(self.query::<ClustersResponse>(&msg)?.clusters)
    }

    /// An identity, with the account that its income goes to now.
    pub fn identity(&self, identity_id: u64) -> StdResult<IdentityResponse> {
        self.query(&QueryMsg::Identity { identity_id: Uint64::new(identity_id) })
    }

    /// The identity that an account controls.
    pub fn identity_of(&self, account: &Addr) -> StdResult<Option<IdentityResponse>> {
        self.query(&QueryMsg::IdentityOf { account: account.to_string() })
    }

    /// Power of an account in a Datanet at the start of a height, the present one if absent.
    pub fn power_at(&self, datanet_id: u64, account: &Addr, height: Option<u64>) -> StdResult<DatanetPowerResponse> {
        let (datanet_id, account) = (Uint64::new(datanet_id), account.to_string());
        self.query(&QueryMsg::DatanetPowerAt { datanet_id, account, height: height.map(Uint64::new) })
    }

    fn query<T: cosmwasm_schema::serde::de::DeserializeOwned>(&self, msg: &QueryMsg) -> StdResult<T> {
        self.querier.query_wasm_smart(self.address, msg)
    }
}

/// Hook message of a cw20 `send` of OPEN that is a Datanet's income.
pub fn income_hook(datanet_id: u64) -> StdResult<Binary> {
    to_json_binary(&ReceiveMsg::DatanetIncome { datanet_id: Uint64::new(datanet_id) })
}

/// A call of the Datanets contract at `address`. It takes no coins.
pub fn call(address: &Addr, msg: &ExecuteMsg) -> StdResult<CosmosMsg> {
    Ok(WasmMsg::Execute { contract_addr: address.to_string(), msg: to_json_binary(msg)?, funds: vec![] }.into())
}
