//! What a contract sees of the others: their answers to queries, run in the machine like everything else.

use std::rc::Rc;

use cosmwasm_std::{Binary, ContractResult, Empty, QueryRequest, SystemError, SystemResult, WasmQuery, from_json};
use cosmwasm_vm::{BackendResult, GasInfo, Querier};

use crate::world::Inner;

/// The querier of every instance.
pub struct Sight(pub(crate) Rc<Inner>);

impl Querier for Sight {
    fn query_raw(&self, request: &[u8], gas_limit: u64) -> BackendResult<SystemResult<ContractResult<Binary>>> {
        let (answer, gas) = match from_json::<QueryRequest<Empty>>(request) {
            Ok(QueryRequest::Wasm(WasmQuery::Smart { contract_addr, msg })) => {
                self.0.ask(&contract_addr, &msg, gas_limit)
            }
            Ok(QueryRequest::Wasm(WasmQuery::Raw { contract_addr, key })) => (self.0.raw(&contract_addr, &key), 0),
            Ok(other) => (SystemResult::Err(SystemError::UnsupportedRequest { kind: format!("{other:?}") }), 0),
            Err(error) => {
                let request = Binary::from(request);
                (SystemResult::Err(SystemError::InvalidRequest { error: error.to_string(), request }), 0)
            }
        };
        (Ok(answer), GasInfo::with_externally_used(gas))
    }
}
