use cosmwasm_std::Uint64;
use models::msg::{
    AdapterResponse, AdapterVersion, AdaptersResponse, Base, BasesResponse, Bond, Bonded, ConfigResponse, ExecuteMsg,
    QueryMsg, SolvencyResponse,
};

super::contract! {
    /// Base models and adapters.
    Models, ExecuteMsg, QueryMsg:
    /// Owner, Datanets contract, parameters and pause.
    config() -> ConfigResponse = Config;
    /// One base model.
    base(id: Uint64) -> Base = Base;
    /// Base models by ascending id.
    bases(start_after: Option<Uint64>, limit: Option<u32>) -> BasesResponse = Bases;
    /// One adapter with its latest version.
    adapter(id: Uint64) -> AdapterResponse = Adapter;
    /// Adapters by ascending id, each with its latest version.
    adapters(start_after: Option<Uint64>, limit: Option<u32>) -> AdaptersResponse = Adapters;
    /// Adapters trained on a Datanet by ascending id, each with its latest version.
    adapters_of_datanet(datanet_id: Uint64, start_after: Option<Uint64>, limit: Option<u32>) -> AdaptersResponse
        = AdaptersOfDatanet;
    /// The bond of a base model or an adapter; empty when there is none.
    bond(bonded: Bonded) -> Bond = Bond;
    /// What the contract holds and owes.
    solvency() -> SolvencyResponse = Solvency;
    /// One version of an adapter.
    adapter_version(id: Uint64, version: u32) -> AdapterVersion = AdapterVersion;
}
