//! Questions about contracts and codes.

use cosmwasm_std::Querier;
use cosmwasm_std::{Addr, Binary, ContractResult, Empty, QueryRequest, SystemResult, WasmQuery};
use openledger_cosmos_api::{
    cosmos::base::query::v1beta1::{PageRequest, PageResponse},
    cosmwasm::wasm::v1::{
        AbsoluteTxPosition, ContractInfo, QueryCodeRequest, QueryCodeResponse, QueryCodesRequest, QueryCodesResponse,
        QueryContractInfoRequest, QueryContractInfoResponse, QueryContractsByCodeRequest, QueryContractsByCodeResponse,
        QueryRawContractStateRequest, QueryRawContractStateResponse, QuerySmartContractStateRequest,
        QuerySmartContractStateResponse,
    },
};

use super::{put, read};
use crate::chain::{Chain, accounts, fault::Fault};

/// Most entries of one page.
const MAX_PAGE: u64 = 100;

pub(super) fn answer(chain: &Chain, method: &str, data: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    match method {
        "SmartContractState" => {
            let request: QuerySmartContractStateRequest = read(data)?;
            put(&QuerySmartContractStateResponse { data: smart(chain, &request.address, &request.query_data)? })
        }
        "RawContractState" => {
            let request: QueryRawContractStateRequest = read(data)?;
            contract(chain, &request.address)?;
            let storage = chain.app.contract_storage(&Addr::unchecked(&request.address));
            put(&QueryRawContractStateResponse { data: storage.get(&request.query_data).unwrap_or_default() })
        }
        "ContractInfo" => {
            let request: QueryContractInfoRequest = read(data)?;
            let contract_info = contract(chain, &request.address)?;
            put(&QueryContractInfoResponse { address: request.address, contract_info: Some(contract_info) })
        }
        "ContractsByCode" => {
            let request: QueryContractsByCodeRequest = read(data)?;
            let made = chain.contracts_of(request.code_id);
            let count = u64::try_from(made.len()).unwrap_or(0);
            let (numbers, pagination) = page(request.pagination.as_ref(), count)?;
            let contracts =
                numbers.filter_map(|number| made.get(usize::try_from(number).ok()?.checked_sub(1)?)).cloned().collect();
            put(&QueryContractsByCodeResponse { contracts, pagination: Some(pagination) })
        }
        "Code" => {
            let request: QueryCodeRequest = read(data)?;
            let code_id = request.code_id;
            let info = chain.code_info(code_id).ok_or_else(|| Fault::no_such_code(format!("code id {code_id}")))?;
            let bytes = chain.code_bytes.get(&code_id);
            put(&QueryCodeResponse {
                code_info: Some(info),
                data: bytes.map(|bytes| bytes.to_vec()).unwrap_or_default(),
            })
        }
        "Codes" => {
            let request: QueryCodesRequest = read(data)?;
            let (numbers, pagination) = page(request.pagination.as_ref(), chain.last_code_id())?;
            put(&QueryCodesResponse {
                code_infos: numbers.filter_map(|id| chain.code_info(id)).collect(),
                pagination: Some(pagination),
            })
        }
        _ => Ok(None),
    }
}

fn contract(chain: &Chain, address: &str) -> Result<ContractInfo, Fault> {
    accounts::check_address(address)?;
    let data = chain
        .app
        .contract_data(&Addr::unchecked(address))
        .map_err(|_| Fault::no_such_contract(format!("address {address}")))?;
    Ok(ContractInfo {
        code_id: data.code_id,
        creator: data.creator.into_string(),
        admin: data.admin.map(Addr::into_string).unwrap_or_default(),
        label: data.label,
        created: Some(AbsoluteTxPosition { block_height: data.created, tx_index: 0 }),
        ibc_port_id: String::new(),
        extension: None,
    })
}

fn smart(chain: &Chain, address: &str, query: &[u8]) -> Result<Vec<u8>, Fault> {
    contract(chain, address)?;
    serde_json::from_slice::<serde::de::IgnoredAny>(query)
        .map_err(|error| Fault::invalid_request(format!("query is not JSON: {error}")))?;
    let request: QueryRequest<Empty> =
        WasmQuery::Smart { contract_addr: address.to_owned(), msg: Binary::from(query) }.into();
    let request = cosmwasm_std::to_json_vec(&request).map_err(Fault::query_failed)?;
    match chain.app.raw_query(&request) {
        SystemResult::Ok(ContractResult::Ok(answer)) => Ok(answer.into()),
        SystemResult::Ok(ContractResult::Err(text)) => Err(Fault::query_failed(text)),
        SystemResult::Err(error) => Err(Fault::query_failed(error)),
    }
}

/// The numbers (from 1) of a page over `count` entries; a key is the next number in big endian.
fn page(request: Option<&PageRequest>, count: u64) -> Result<(impl Iterator<Item = u64>, PageResponse), Fault> {
    let request = request.cloned().unwrap_or_default();
    if request.reverse {
        return Err(Fault::invalid_request("reverse pages are not known in this simulation"));
    }
    let start = if request.key.is_empty() {
        request.offset.saturating_add(1)
    } else {
        <[u8; 8]>::try_from(request.key)
            .map(u64::from_be_bytes)
            .map_err(|_| Fault::invalid_request("this page key is not ours"))?
            .max(1)
    };
    let limit = match request.limit {
        0 => MAX_PAGE,
        limit => limit.min(MAX_PAGE),
    };
    let end = start.saturating_add(limit).min(count.saturating_add(1));
    let next_key = if end <= count { end.to_be_bytes().to_vec() } else { Vec::new() };
    Ok((start..end, PageResponse { next_key, total: count }))
}
