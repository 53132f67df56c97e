//! Contract queries.

use openledger_cosmos_api::cosmwasm::wasm::v1::{
    CodeInfoResponse, ContractInfo, QueryCodeRequest, QueryContractInfoRequest, QuerySmartContractStateRequest,
    query_client::QueryClient as WasmClient,
};
use serde::{Serialize, de::DeserializeOwned};
use tonic::transport::Channel;

use tonic::Code;

use crate::{client::ChainClient, error::ChainError};

impl ChainClient {
    /// Asks a contract; `query` becomes the JSON it receives, and its JSON answer becomes `T`.
    ///
    /// # Errors
    /// [`ChainError::Query`] when the contract refuses, [`ChainError::Json`] when its answer is no `T`.
    pub async fn query_smart<T: DeserializeOwned>(
        &self,
        contract: &str,
        query: &impl Serialize,
    ) -> Result<T, ChainError> {
        let query_data = serde_json::to_vec(query)
            .map_err(|error| ChainError::Json { what: "the query", reason: error.to_string() })?;
        let answer = self
            .wasm()
            .smart_contract_state(QuerySmartContractStateRequest { address: contract.to_owned(), query_data })
            .await
            .map_err(|status| refused(contract, &status))?
            .into_inner();
        serde_json::from_slice(&answer.data)
            .map_err(|error| ChainError::Json { what: "the contract's answer", reason: error.to_string() })
    }

    /// A contract's code, creator, admin and label.
    ///
    /// # Errors
    /// [`ChainError::Query`] for an unknown contract.
    pub async fn contract_info(&self, contract: &str) -> Result<ContractInfo, ChainError> {
        self.wasm()
            .contract_info(QueryContractInfoRequest { address: contract.to_owned() })
            .await
            .map_err(|status| refused(contract, &status))?
            .into_inner()
            .contract_info
            .ok_or_else(|| ChainError::answer("ContractInfo", "contract_info is missing"))
    }

    /// A stored code's creator and checksum.
    ///
    /// # Errors
    /// [`ChainError::Rpc`] for an unknown code.
    pub async fn code_info(&self, code_id: u64) -> Result<CodeInfoResponse, ChainError> {
        self.wasm()
            .code(QueryCodeRequest { code_id })
            .await
            .map_err(|status| ChainError::rpc("Code", &status))?
            .into_inner()
            .code_info
            .ok_or_else(|| ChainError::answer("Code", "code_info is missing"))
    }

    fn wasm(&self) -> WasmClient<Channel> {
        WasmClient::new(self.channel()).max_decoding_message_size(self.config().max_answer_bytes)
    }
}

/// A refusal is the contract's word; a chain that does not answer said nothing about the contract.
fn refused(contract: &str, status: &tonic::Status) -> ChainError {
    if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::ResourceExhausted) {
        return ChainError::rpc("SmartContractState", status);
    }
    ChainError::Query { contract: contract.to_owned(), message: status.message().to_owned() }
}
