//! What is stored.

use cosmwasm_std::{Addr, Empty, Storage, Uint128};
use cw_storage_plus::{Item, Map};
use openledger_contract_kit::ownership::Ownership;

use crate::{
    msg::{Adapter, AdapterVersion, Base, Bond, Params},
    ContractError,
};

/// Owner of the contract.
pub const OWNERSHIP: Item<Ownership> = Item::new("ownership");
/// Bounds and windows.
pub const PARAMS: Item<Params> = Item::new("params");
/// Contract that holds the Datanets.
pub const DATANETS: Item<Addr> = Item::new("datanets");
/// The cw20 OPEN.
pub const TOKEN: Item<Addr> = Item::new("token");
/// The settlement contract; absent until it is named.
pub const SETTLEMENT: Item<Addr> = Item::new("settlement");
/// Sum of all bonds.
pub const BONDED: Item<Uint128> = Item::new("bonded");
/// Bonds by kind and id of what they stand behind; none is empty.
pub const BONDS: Map<(u8, u64), Bond> = Map::new("bonds");
/// Last base id given out.
pub const BASE_COUNT: Item<u64> = Item::new("base_count");
/// Base models by id.
pub const BASES: Map<u64, Base> = Map::new("bases");
/// Base ids by registrant and digest.
pub const BASE_DIGESTS: Map<(&Addr, &[u8]), u64> = Map::new("base_digests");
/// Last adapter id given out.
pub const ADAPTER_COUNT: Item<u64> = Item::new("adapter_count");
/// Adapters by id.
pub const ADAPTERS: Map<u64, Adapter> = Map::new("adapters");
/// Adapters by Datanet and id.
pub const DATANET_ADAPTERS: Map<(u64, u64), Empty> = Map::new("datanet_adapters");
/// Adapter versions by adapter and number.
pub const VERSIONS: Map<(u64, u32), AdapterVersion> = Map::new("adapter_versions");

/// The base model with this id.
pub fn base(storage: &dyn Storage, id: u64) -> Result<Base, ContractError> {
    BASES.may_load(storage, id)?.ok_or(ContractError::UnknownBase { id })
}

/// The adapter with this id.
pub fn adapter(storage: &dyn Storage, id: u64) -> Result<Adapter, ContractError> {
    ADAPTERS.may_load(storage, id)?.ok_or(ContractError::UnknownAdapter { id })
}

/// The adapter with this id, unless it is retired.
pub fn active(storage: &dyn Storage, id: u64) -> Result<Adapter, ContractError> {
    let adapter = adapter(storage, id)?;
    if adapter.retired {
        return Err(ContractError::Retired { id });
    }
    Ok(adapter)
}

/// One version of an adapter.
pub fn version(storage: &dyn Storage, id: u64, version: u32) -> Result<AdapterVersion, ContractError> {
    let latest = adapter(storage, id)?.latest_version;
    VERSIONS.may_load(storage, (id, version))?.ok_or(ContractError::UnknownAdapterVersion { id, version, latest })
}
