//! The REST routes that wallets use, and the simulation's clock.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use openledger_cosmos_api::{
    cosmos::{
        auth::v1beta1::{BaseAccount, QueryAccountRequest, QueryAccountResponse},
        bank::v1beta1::{QueryAllBalancesRequest, QueryAllBalancesResponse, QueryBalanceRequest, QueryBalanceResponse},
        base::{abci::v1beta1::TxResponse, v1beta1::Coin},
        crypto::secp256k1::PubKey,
        tx::v1beta1::{GetTxRequest, GetTxResponse, SimulateRequest, SimulateResponse},
    },
    cosmwasm::wasm::v1::{
        CodeInfoResponse, QueryCodesRequest, QueryCodesResponse, QueryContractInfoRequest, QueryContractInfoResponse,
        QueryRawContractStateRequest, QueryRawContractStateResponse, QuerySmartContractStateRequest,
        QuerySmartContractStateResponse,
    },
};
use prost::{Message, Name};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};
use tower_http::cors::CorsLayer;

use super::{grpc::broadcast, json as comet, stopped};
use crate::{actor::Sim, chain::fault::Fault, error::DevnetError, identity, query};

/// A transaction in base64 and some room.
const MAX_BODY: usize = 4 << 20;

/// A failed request in the gateway's form.
struct Failure {
    http: StatusCode,
    /// gRPC's number of the status.
    code: i32,
    message: String,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.code, "message": self.message, "details": [] });
        (self.http, Json(body)).into_response()
    }
}

impl Failure {
    fn bad(message: impl Into<String>) -> Self {
        Self { http: StatusCode::BAD_REQUEST, code: 3, message: message.into() }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let (http, code) = match (fault.codespace, fault.code) {
            ("sdk", 22) | ("wasm", 22 | 28) => (StatusCode::NOT_FOUND, 5),
            ("sdk", 7 | 18) => (StatusCode::BAD_REQUEST, 3),
            ("sdk", 6) => (StatusCode::NOT_IMPLEMENTED, 12),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, 2),
        };
        Self { http, code, message: fault.log }
    }
}

impl From<DevnetError> for Failure {
    fn from(error: DevnetError) -> Self {
        let (http, code) = match error {
            DevnetError::Clock { .. } => (StatusCode::BAD_REQUEST, 3),
            _ => (StatusCode::SERVICE_UNAVAILABLE, 14),
        };
        Self { http, code, message: error.to_string() }
    }
}

type Answer = Result<Json<Value>, Failure>;

/// Serves until the simulation stops.
pub async fn serve(sim: Sim, listener: TcpListener, stop: watch::Receiver<bool>) {
    let app = Router::new()
        .route("/", get(banner))
        .route("/devnet/v1/info", get(info))
        .route("/devnet/v1/advance_time", post(advance_time))
        .route("/cosmos/auth/v1beta1/accounts/{address}", get(account))
        .route("/cosmos/bank/v1beta1/balances/{address}", get(balances))
        .route("/cosmos/bank/v1beta1/balances/{address}/by_denom", get(balance))
        .route("/cosmos/bank/v1beta1/spendable_balances/{address}", get(balances))
        .route("/cosmos/base/tendermint/v1beta1/node_info", get(node_info))
        .route("/cosmos/base/tendermint/v1beta1/syncing", get(syncing))
        .route("/cosmos/base/tendermint/v1beta1/blocks/latest", get(latest_block))
        .route("/cosmos/base/tendermint/v1beta1/blocks/{height}", get(block))
        .route("/cosmos/tx/v1beta1/txs", post(send))
        .route("/cosmos/tx/v1beta1/txs/{hash}", get(tx))
        .route("/cosmos/tx/v1beta1/simulate", post(simulate))
        .route("/cosmwasm/wasm/v1/code", get(codes))
        .route("/cosmwasm/wasm/v1/contract/{address}", get(contract))
        .route("/cosmwasm/wasm/v1/contract/{address}/smart/{query}", get(smart))
        .route("/cosmwasm/wasm/v1/contract/{address}/raw/{key}", get(raw))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CorsLayer::very_permissive())
        .with_state(sim);
    let served = axum::serve(listener, app).with_graceful_shutdown(stopped(stop)).await;
    if let Err(error) = served {
        tracing::error!(%error, "REST stopped");
    }
}

/// Asks the router in protobuf, as gRPC does.
async fn ask<R: Message + Default>(sim: &Sim, path: &str, request: &impl Message) -> Result<R, Failure> {
    let bytes = sim.query(path.to_owned(), request.encode_to_vec()).await??;
    R::decode(bytes.as_slice()).map_err(|error| Failure::from(Fault::panicked(error)))
}

async fn banner() -> &'static str {
    identity::BANNER
}

async fn info(State(sim): State<Sim>) -> Answer {
    let body = sim
        .run(|chain| {
            json!({
                "banner": identity::BANNER,
                "chain_id": chain.chain_id,
                "fee_denom": chain.fee_denom,
                "height": chain.height().to_string(),
                "contracts": crate::contracts::NAMES,
            })
        })
        .await?;
    Ok(Json(body))
}

#[derive(Deserialize)]
struct Advance {
    seconds: u64,
}

async fn advance_time(State(sim): State<Sim>, body: Bytes) -> Answer {
    let request: Advance = read_body(&body)?;
    let block = sim.advance(request.seconds).await?;
    Ok(Json(json!({
        "height": block.height.to_string(),
        "time": crate::chain::blocks::rfc3339(block.time_ns),
    })))
}

async fn account(State(sim): State<Sim>, Path(address): Path<String>) -> Answer {
    let path = "/cosmos.auth.v1beta1.Query/Account";
    let answer: QueryAccountResponse = ask(&sim, path, &QueryAccountRequest { address }).await?;
    let any = answer.account.unwrap_or_default();
    let body = if any.type_url == BaseAccount::type_url() {
        let account = BaseAccount::decode(any.value.as_slice()).unwrap_or_default();
        let key = account.pub_key.and_then(|any| PubKey::decode(any.value.as_slice()).ok());
        json!({
            "@type": any.type_url,
            "address": account.address,
            "pub_key": key.map(|key| json!({ "@type": PubKey::type_url(), "key": STANDARD.encode(key.key) })),
            "account_number": account.account_number.to_string(),
            "sequence": account.sequence.to_string(),
        })
    } else {
        json!({ "@type": any.type_url })
    };
    Ok(Json(json!({ "account": body })))
}

async fn balances(State(sim): State<Sim>, Path(address): Path<String>) -> Answer {
    let request = QueryAllBalancesRequest { address, ..QueryAllBalancesRequest::default() };
    let answer: QueryAllBalancesResponse = ask(&sim, "/cosmos.bank.v1beta1.Query/AllBalances", &request).await?;
    let balances: Vec<Value> = answer.balances.iter().map(coin).collect();
    let total = balances.len().to_string();
    Ok(Json(json!({ "balances": balances, "pagination": { "next_key": null, "total": total } })))
}

#[derive(Deserialize)]
struct ByDenom {
    denom: String,
}

async fn balance(State(sim): State<Sim>, Path(address): Path<String>, Query(by): Query<ByDenom>) -> Answer {
    let request = QueryBalanceRequest { address, denom: by.denom };
    let answer: QueryBalanceResponse = ask(&sim, "/cosmos.bank.v1beta1.Query/Balance", &request).await?;
    Ok(Json(json!({ "balance": answer.balance.as_ref().map(coin) })))
}

fn coin(coin: &Coin) -> Value {
    json!({ "denom": coin.denom, "amount": coin.amount })
}

async fn node_info(State(sim): State<Sim>) -> Answer {
    let chain_id = sim.run(|chain| chain.chain_id.clone()).await?;
    Ok(Json(json!({
        "default_node_info": {
            "protocol_version": { "p2p": "8", "block": "11", "app": "0" },
            "default_node_id": identity::NODE_ID,
            "listen_addr": "",
            "network": chain_id,
            "version": identity::COMET_VERSION,
            "channels": "",
            "moniker": identity::MONIKER,
            "other": { "tx_index": "on", "rpc_address": "" },
        },
        "application_version": {
            "name": identity::APP_NAME,
            "app_name": identity::APP_NAME,
            "version": env!("CARGO_PKG_VERSION"),
            "git_commit": "",
            "build_tags": identity::BANNER,
            "go_version": "",
            "build_deps": [],
            "cosmos_sdk_version": identity::SDK_VERSION,
        },
    })))
}

async fn syncing() -> Json<Value> {
    Json(json!({ "syncing": false }))
}

async fn latest_block(State(sim): State<Sim>) -> Answer {
    block_at(&sim, None).await
}

async fn block(State(sim): State<Sim>, Path(height): Path<u64>) -> Answer {
    block_at(&sim, Some(height)).await
}

/// A block in RPC's form under both of the gateway's names.
async fn block_at(sim: &Sim, height: Option<u64>) -> Answer {
    let found = sim.run(move |chain| query::block(chain, height)).await??;
    let mut body = comet::block(&found);
    if let Value::Object(fields) = &mut body
        && let Some(block) = fields.get("block").cloned()
    {
        fields.insert("sdk_block".to_owned(), block);
    }
    Ok(Json(body))
}

#[derive(Deserialize)]
struct TxBytes {
    tx_bytes: String,
}

impl TxBytes {
    fn read(body: &Bytes) -> Result<Vec<u8>, Failure> {
        let request: Self = read_body(body)?;
        STANDARD.decode(&request.tx_bytes).map_err(|_| Failure::bad("tx_bytes is not base64"))
    }
}

async fn send(State(sim): State<Sim>, body: Bytes) -> Answer {
    let answer = broadcast(&sim, TxBytes::read(&body)?).await?;
    Ok(Json(json!({ "tx_response": tx_response(&answer) })))
}

async fn tx(State(sim): State<Sim>, Path(hash): Path<String>) -> Answer {
    let path = "/cosmos.tx.v1beta1.Service/GetTx";
    let answer: GetTxResponse = ask(&sim, path, &GetTxRequest { hash }).await?;
    let response = answer.tx_response.unwrap_or_default();
    Ok(Json(json!({ "tx_response": tx_response(&response) })))
}

async fn simulate(State(sim): State<Sim>, body: Bytes) -> Answer {
    let request = SimulateRequest { tx: None, tx_bytes: TxBytes::read(&body)? };
    let answer: SimulateResponse = ask(&sim, "/cosmos.tx.v1beta1.Service/Simulate", &request).await?;
    let gas = answer.gas_info.unwrap_or_default();
    let result = answer.result.unwrap_or_default();
    Ok(Json(json!({
        "gas_info": { "gas_wanted": gas.gas_wanted.to_string(), "gas_used": gas.gas_used.to_string() },
        "result": {
            "data": STANDARD.encode(&result.data),
            "log": result.log,
            "events": result.events.iter().map(comet::event).collect::<Vec<_>>(),
        },
    })))
}

/// A result; the decoded transaction itself is left to RPC and gRPC.
fn tx_response(response: &TxResponse) -> Value {
    json!({
        "height": response.height.to_string(),
        "txhash": response.txhash,
        "codespace": response.codespace,
        "code": response.code,
        "data": response.data,
        "raw_log": response.raw_log,
        "logs": [],
        "info": "",
        "gas_wanted": response.gas_wanted.to_string(),
        "gas_used": response.gas_used.to_string(),
        "tx": null,
        "timestamp": response.timestamp,
        "events": response.events.iter().map(comet::event).collect::<Vec<_>>(),
    })
}

async fn codes(State(sim): State<Sim>) -> Answer {
    let path = "/cosmwasm.wasm.v1.Query/Codes";
    let answer: QueryCodesResponse = ask(&sim, path, &QueryCodesRequest::default()).await?;
    let infos: Vec<Value> = answer.code_infos.iter().map(code).collect();
    Ok(Json(json!({ "code_infos": infos, "pagination": { "next_key": null, "total": infos.len().to_string() } })))
}

fn code(info: &CodeInfoResponse) -> Value {
    json!({
        "code_id": info.code_id.to_string(),
        "creator": info.creator,
        "data_hash": hex::encode_upper(&info.data_hash),
        "instantiate_permission": { "permission": "ACCESS_TYPE_EVERYBODY", "addresses": [] },
    })
}

async fn contract(State(sim): State<Sim>, Path(address): Path<String>) -> Answer {
    let path = "/cosmwasm.wasm.v1.Query/ContractInfo";
    let answer: QueryContractInfoResponse = ask(&sim, path, &QueryContractInfoRequest { address }).await?;
    let info = answer.contract_info.unwrap_or_default();
    let created = info.created.unwrap_or_default();
    Ok(Json(json!({
        "address": answer.address,
        "contract_info": {
            "code_id": info.code_id.to_string(),
            "creator": info.creator,
            "admin": info.admin,
            "label": info.label,
            "created": {
                "block_height": created.block_height.to_string(),
                "tx_index": created.tx_index.to_string(),
            },
            "ibc_port_id": info.ibc_port_id,
            "extension": null,
        },
    })))
}

async fn smart(State(sim): State<Sim>, Path((address, query)): Path<(String, String)>) -> Answer {
    let request = QuerySmartContractStateRequest { address, query_data: read_base64(&query)? };
    let path = "/cosmwasm.wasm.v1.Query/SmartContractState";
    let answer: QuerySmartContractStateResponse = ask(&sim, path, &request).await?;
    let data: Value = serde_json::from_slice(&answer.data).map_err(|error| Failure::from(Fault::panicked(error)))?;
    Ok(Json(json!({ "data": data })))
}

async fn raw(State(sim): State<Sim>, Path((address, key)): Path<(String, String)>) -> Answer {
    let request = QueryRawContractStateRequest { address, query_data: read_base64(&key)? };
    let path = "/cosmwasm.wasm.v1.Query/RawContractState";
    let answer: QueryRawContractStateResponse = ask(&sim, path, &request).await?;
    Ok(Json(json!({ "data": STANDARD.encode(answer.data) })))
}

/// Base64 of a path segment: both alphabets are in use.
fn read_base64(text: &str) -> Result<Vec<u8>, Failure> {
    STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .or_else(|_| URL_SAFE_NO_PAD.decode(text))
        .map_err(|_| Failure::bad("the last part of the path is not base64"))
}

fn read_body<T: serde::de::DeserializeOwned>(body: &Bytes) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure::bad(format!("the body is not the expected JSON: {error}")))
}
