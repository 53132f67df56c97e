//! gRPC: every call goes through the query router, except broadcasts.

use openledger_cosmos_api::{
    FILE_DESCRIPTOR_SET,
    cosmos::{
        auth::v1beta1 as auth,
        bank::v1beta1 as bank,
        base::{abci::v1beta1::TxResponse, tendermint::v1beta1 as comet},
        tx::v1beta1 as tx,
    },
    cosmwasm::wasm::v1 as wasm,
};
use prost::Message;
use tokio::{net::TcpListener, sync::watch};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status, transport::Server};

use super::stopped;
use crate::{actor::Sim, chain::fault::Fault, error::DevnetError};

/// Larger than the largest transaction with its envelope.
const MAX_MESSAGE: usize = 8 << 20;

#[derive(Clone)]
struct Service(Sim);

impl Service {
    async fn call<A: Message + Default>(&self, path: &str, request: &impl Message) -> Result<Response<A>, Status> {
        let answer = self
            .0
            .query(path.to_owned(), request.encode_to_vec())
            .await
            .map_err(gone)?
            .map_err(|fault| status(&fault))?;
        A::decode(answer.as_slice()).map(Response::new).map_err(|error| Status::internal(error.to_string()))
    }
}

fn gone(error: DevnetError) -> Status {
    Status::unavailable(error.to_string())
}

/// The status an SDK node answers with.
fn status(fault: &Fault) -> Status {
    let code = match (fault.codespace, fault.code) {
        ("sdk", 22) | ("wasm", 22 | 28) => Code::NotFound,
        ("sdk", 7 | 18) => Code::InvalidArgument,
        ("sdk", 6) => Code::Unimplemented,
        ("sdk", 111_222) => Code::Internal,
        _ => Code::Unknown,
    };
    Status::new(code, fault.log.clone())
}

macro_rules! forward {
    ($server:path, $service:literal, $package:ident: $($method:ident = $name:literal $request:ident -> $answer:ident;)*) => {
        #[tonic::async_trait]
        impl $server for Service {
            $(async fn $method(
                &self,
                request: Request<$package::$request>,
            ) -> Result<Response<$package::$answer>, Status> {
                self.call(concat!("/", $service, "/", $name), request.get_ref()).await
            })*
        }
    };
}

forward! { auth::query_server::Query, "cosmos.auth.v1beta1.Query", auth:
    account = "Account" QueryAccountRequest -> QueryAccountResponse;
    account_info = "AccountInfo" QueryAccountInfoRequest -> QueryAccountInfoResponse;
    params = "Params" QueryParamsRequest -> QueryParamsResponse;
    module_account_by_name = "ModuleAccountByName" QueryModuleAccountByNameRequest -> QueryModuleAccountByNameResponse;
    bech32_prefix = "Bech32Prefix" Bech32PrefixRequest -> Bech32PrefixResponse;
}

forward! { bank::query_server::Query, "cosmos.bank.v1beta1.Query", bank:
    balance = "Balance" QueryBalanceRequest -> QueryBalanceResponse;
    all_balances = "AllBalances" QueryAllBalancesRequest -> QueryAllBalancesResponse;
    spendable_balances = "SpendableBalances" QuerySpendableBalancesRequest -> QuerySpendableBalancesResponse;
    spendable_balance_by_denom = "SpendableBalanceByDenom" QuerySpendableBalanceByDenomRequest -> QuerySpendableBalanceByDenomResponse;
    supply_of = "SupplyOf" QuerySupplyOfRequest -> QuerySupplyOfResponse;
}

forward! { comet::service_server::Service, "cosmos.base.tendermint.v1beta1.Service", comet:
    get_node_info = "GetNodeInfo" GetNodeInfoRequest -> GetNodeInfoResponse;
    get_syncing = "GetSyncing" GetSyncingRequest -> GetSyncingResponse;
    get_latest_block = "GetLatestBlock" GetLatestBlockRequest -> GetLatestBlockResponse;
    get_block_by_height = "GetBlockByHeight" GetBlockByHeightRequest -> GetBlockByHeightResponse;
}

forward! { wasm::query_server::Query, "cosmwasm.wasm.v1.Query", wasm:
    contract_info = "ContractInfo" QueryContractInfoRequest -> QueryContractInfoResponse;
    contracts_by_code = "ContractsByCode" QueryContractsByCodeRequest -> QueryContractsByCodeResponse;
    raw_contract_state = "RawContractState" QueryRawContractStateRequest -> QueryRawContractStateResponse;
    smart_contract_state = "SmartContractState" QuerySmartContractStateRequest -> QuerySmartContractStateResponse;
    code = "Code" QueryCodeRequest -> QueryCodeResponse;
    codes = "Codes" QueryCodesRequest -> QueryCodesResponse;
}

#[tonic::async_trait]
impl tx::service_server::Service for Service {
    async fn simulate(&self, request: Request<tx::SimulateRequest>) -> Result<Response<tx::SimulateResponse>, Status> {
        self.call("/cosmos.tx.v1beta1.Service/Simulate", request.get_ref()).await
    }

    async fn get_tx(&self, request: Request<tx::GetTxRequest>) -> Result<Response<tx::GetTxResponse>, Status> {
        self.call("/cosmos.tx.v1beta1.Service/GetTx", request.get_ref()).await
    }

    async fn broadcast_tx(
        &self,
        request: Request<tx::BroadcastTxRequest>,
    ) -> Result<Response<tx::BroadcastTxResponse>, Status> {
        let request = request.into_inner();
        if matches!(request.mode(), tx::BroadcastMode::Unspecified | tx::BroadcastMode::Block) {
            return Err(Status::invalid_argument("broadcast mode must be sync or async, as on current chains"));
        }
        Ok(Response::new(tx::BroadcastTxResponse {
            tx_response: Some(broadcast(&self.0, request.tx_bytes).await.map_err(gone)?),
        }))
    }
}

/// Takes a transaction and says what the check found, in the SDK's form.
pub async fn broadcast(sim: &Sim, bytes: Vec<u8>) -> Result<TxResponse, DevnetError> {
    let admitted = sim.broadcast(bytes).await?;
    let txhash = hex::encode_upper(admitted.hash);
    Ok(match admitted.checked {
        Ok(()) => TxResponse { txhash, ..TxResponse::default() },
        Err(fault) => TxResponse {
            txhash,
            codespace: fault.codespace.to_owned(),
            code: fault.code,
            raw_log: fault.log,
            ..TxResponse::default()
        },
    })
}

/// Serves until the simulation stops.
pub async fn serve(sim: Sim, listener: TcpListener, stop: watch::Receiver<bool>) {
    let service = Service(sim);
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .build_v1();
    let reflection_alpha = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .build_v1alpha();
    let (Ok(reflection), Ok(reflection_alpha)) = (reflection, reflection_alpha) else {
        tracing::error!("the descriptors of the gRPC services cannot be read");
        return;
    };
    let served = Server::builder()
        .add_service(reflection)
        .add_service(reflection_alpha)
        .add_service(auth::query_server::QueryServer::new(service.clone()))
        .add_service(bank::query_server::QueryServer::new(service.clone()))
        .add_service(comet::service_server::ServiceServer::new(service.clone()))
        .add_service(tx::service_server::ServiceServer::new(service.clone()).max_decoding_message_size(MAX_MESSAGE))
        .add_service(wasm::query_server::QueryServer::new(service))
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stopped(stop))
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "gRPC stopped");
    }
}
