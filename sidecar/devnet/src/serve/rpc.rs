//! The CometBFT JSON-RPC calls that CosmJS uses, by POST and by GET.

use std::time::Duration;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query as UrlQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, time};
use tower_http::cors::CorsLayer;

use super::{json as comet, params::Params, search::Query, stopped};
use crate::{
    actor::Sim,
    chain::{Chain, TxResult, blocks::rfc3339, fault::Fault},
    error::DevnetError,
    identity, query,
};

/// Two transactions in base64 and some room.
const MAX_BODY: usize = 4 << 20;
/// Most calls in one batch.
const MAX_BATCH: usize = 50;
/// Most results of a search page, and how many by default.
const MAX_PAGE: usize = 100;
const PAGE: usize = 30;
/// How long `broadcast_tx_commit` waits for the block.
const COMMIT_WAIT: Duration = Duration::from_secs(10);

/// A failed call: JSON-RPC's number and the reason.
struct Failure {
    code: i32,
    message: &'static str,
    data: String,
}

impl Failure {
    fn params(data: impl Into<String>) -> Self {
        Self { code: -32602, message: "Invalid params", data: data.into() }
    }

    fn internal(data: impl Into<String>) -> Self {
        Self { code: -32603, message: "Internal error", data: data.into() }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::internal(fault.log)
    }
}

impl From<DevnetError> for Failure {
    fn from(error: DevnetError) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::params(reason)
    }
}

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    id: Value,
    method: String,
    params: Option<Value>,
}

/// Serves until the simulation stops.
pub async fn serve(sim: Sim, listener: TcpListener, stop: watch::Receiver<bool>) {
    let app = Router::new()
        .route("/", post(post_call).get(banner))
        .route("/{method}", get(get_call))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CorsLayer::very_permissive())
        .with_state(sim);
    let served = axum::serve(listener, app).with_graceful_shutdown(stopped(stop)).await;
    if let Err(error) = served {
        tracing::error!(%error, "JSON-RPC stopped");
    }
}

async fn banner() -> &'static str {
    identity::BANNER
}

async fn post_call(State(sim): State<Sim>, body: Bytes) -> Response {
    match serde_json::from_slice::<Value>(&body) {
        Ok(Value::Array(calls)) if calls.len() <= MAX_BATCH => {
            let mut answers = Vec::with_capacity(calls.len());
            for call in calls {
                answers.push(answer(&sim, call).await);
            }
            Json(Value::Array(answers)).into_response()
        }
        Ok(Value::Array(_)) => {
            let failure = Failure::params(format!("at most {MAX_BATCH} calls in one batch"));
            (StatusCode::BAD_REQUEST, Json(reply(Value::Null, Err(failure)))).into_response()
        }
        Ok(call) => Json(answer(&sim, call).await).into_response(),
        Err(error) => {
            let failure = Failure { code: -32700, message: "Parse error", data: error.to_string() };
            (StatusCode::BAD_REQUEST, Json(reply(Value::Null, Err(failure)))).into_response()
        }
    }
}

async fn get_call(
    State(sim): State<Sim>,
    Path(method): Path<String>,
    UrlQuery(pairs): UrlQuery<Vec<(String, String)>>,
) -> Json<Value> {
    let result = dispatch(&sim, &method, &Params::of_url(pairs)).await;
    Json(reply(json!(-1), result))
}

async fn answer(sim: &Sim, call: Value) -> Value {
    let call: Call = match serde_json::from_value(call) {
        Ok(call) => call,
        Err(error) => {
            let failure = Failure { code: -32600, message: "Invalid Request", data: error.to_string() };
            return reply(Value::Null, Err(failure));
        }
    };
    let result = match Params::of_request(call.params) {
        Ok(params) => dispatch(sim, &call.method, &params).await,
        Err(reason) => Err(Failure::params(reason)),
    };
    reply(call.id, result)
}

fn reply(id: Value, result: Result<Value, Failure>) -> Value {
    match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(failure) => json!({
            "jsonrpc": "2.0",
            "id": id,
            "error": { "code": failure.code, "message": failure.message, "data": failure.data },
        }),
    }
}

async fn dispatch(sim: &Sim, method: &str, params: &Params) -> Result<Value, Failure> {
    match method {
        "health" => Ok(json!({})),
        "status" => sim.run(status).await?,
        "abci_info" => sim.run(abci_info).await?,
        "abci_query" => abci_query(sim, params).await,
        "broadcast_tx_sync" => Ok(broadcast(sim, params.base64("tx")?).await?.1),
        "broadcast_tx_async" => {
            let (hash, _) = broadcast(sim, params.base64("tx")?).await?;
            Ok(checked(&hash, &Ok(())))
        }
        "broadcast_tx_commit" => broadcast_commit(sim, params.base64("tx")?).await,
        "tx" => {
            let hash = hex::encode(params.base64("hash")?);
            sim.run(move |chain| Ok(comet::tx(query::find_tx(chain, &hash)?))).await?
        }
        "tx_search" => tx_search(sim, params).await,
        "block" => {
            let height = params.number("height")?;
            sim.run(move |chain| Ok(comet::block(&*query::block(chain, height)?))).await?
        }
        "block_results" => {
            let height = params.number("height")?;
            sim.run(move |chain| Ok(comet::block_results(&*query::block(chain, height)?))).await?
        }
        _ => Err(Failure {
            code: -32601,
            message: "Method not found",
            data: "this simulation serves health, status, abci_info, abci_query, broadcast_tx_sync/async/commit, tx, \
                   tx_search, block and block_results"
                .to_owned(),
        }),
    }
}

fn status(chain: &mut Chain) -> Result<Value, Failure> {
    let latest = query::block(chain, None)?;
    let first = chain.blocks.front().cloned().unwrap_or_else(|| latest.clone());
    Ok(json!({
        "node_info": {
            "protocol_version": { "p2p": "8", "block": "11", "app": "0" },
            "id": identity::NODE_ID,
            "listen_addr": "none: a simulation has no peers",
            "network": chain.chain_id,
            "version": identity::COMET_VERSION,
            "channels": "",
            "moniker": identity::MONIKER,
            "other": { "tx_index": "on", "rpc_address": "" },
        },
        "sync_info": {
            "latest_block_hash": hex::encode_upper(latest.hash),
            "latest_app_hash": hex::encode_upper(latest.app_hash),
            "latest_block_height": latest.height.to_string(),
            "latest_block_time": rfc3339(latest.time_ns),
            "earliest_block_hash": hex::encode_upper(first.hash),
            "earliest_app_hash": hex::encode_upper(first.app_hash),
            "earliest_block_height": first.height.to_string(),
            "earliest_block_time": rfc3339(first.time_ns),
            "catching_up": false,
        },
        "validator_info": {
            "address": hex::encode_upper(latest.header().proposer_address),
            "pub_key": { "type": "tendermint/PubKeyEd25519", "value": STANDARD.encode([0; 32]) },
            "voting_power": "0",
        },
    }))
}

fn abci_info(chain: &mut Chain) -> Result<Value, Failure> {
    let latest = query::block(chain, None)?;
    Ok(json!({
        "response": {
            "data": identity::APP_NAME,
            "version": env!("CARGO_PKG_VERSION"),
            "last_block_height": latest.height.to_string(),
            "last_block_app_hash": STANDARD.encode(latest.app_hash),
        },
    }))
}

async fn abci_query(sim: &Sim, params: &Params) -> Result<Value, Failure> {
    let path = params.text("path");
    let data = params.hex("data")?;
    let asked = params.number("height")?.unwrap_or(0);
    let (answer, height) = sim
        .run(move |chain| {
            let height = chain.height();
            let answer = if asked == 0 || asked == height {
                query::answer(chain, &path, &data)
            } else {
                Err(Fault::invalid_request(format!(
                    "state at height {asked} is gone; this simulation keeps only the latest ({height})"
                )))
            };
            (answer, height)
        })
        .await?;
    let fault = answer.as_ref().err().cloned();
    Ok(json!({
        "response": {
            "code": fault.as_ref().map_or(0, |fault| fault.code),
            "log": fault.as_ref().map_or("", |fault| fault.log.as_str()),
            "info": "",
            "index": "0",
            "key": null,
            "value": STANDARD.encode(answer.unwrap_or_default()),
            "proofOps": null,
            "height": height.to_string(),
            "codespace": fault.as_ref().map_or("", |fault| fault.codespace),
        },
    }))
}

async fn broadcast(sim: &Sim, bytes: Vec<u8>) -> Result<([u8; 32], Value), Failure> {
    let admitted = sim.broadcast(bytes).await?;
    Ok((admitted.hash, checked(&admitted.hash, &admitted.checked)))
}

fn checked(hash: &[u8; 32], outcome: &Result<(), Fault>) -> Value {
    let fault = outcome.as_ref().err();
    json!({
        "code": fault.map_or(0, |fault| fault.code),
        "data": "",
        "log": fault.map_or("", |fault| fault.log.as_str()),
        "codespace": fault.map_or("", |fault| fault.codespace),
        "hash": hex::encode_upper(hash),
    })
}

async fn broadcast_commit(sim: &Sim, bytes: Vec<u8>) -> Result<Value, Failure> {
    let admitted = sim.broadcast(bytes).await?;
    let hash = admitted.hash;
    let refused = admitted.checked.as_ref().err().map(|fault| TxResult {
        code: fault.code,
        codespace: fault.codespace.to_owned(),
        log: fault.log.clone(),
        ..TxResult::default()
    });
    let answer = |check: &TxResult, result: &TxResult, height: u64| {
        json!({
            "check_tx": comet::tx_result(check),
            "tx_result": comet::tx_result(result),
            "hash": hex::encode_upper(hash),
            "height": height.to_string(),
        })
    };
    if let Some(refused) = refused {
        return Ok(answer(&refused, &TxResult::default(), 0));
    }
    let end = time::Instant::now() + COMMIT_WAIT;
    while time::Instant::now() < end {
        if let Some(tx) = sim.run(move |chain| chain.txs.get(&hash).cloned()).await? {
            return Ok(answer(&TxResult::default(), &tx.result, tx.height));
        }
        time::sleep(Duration::from_millis(50)).await;
    }
    Err(Failure::internal("timed out waiting for tx to be included in a block"))
}

async fn tx_search(sim: &Sim, params: &Params) -> Result<Value, Failure> {
    let conditions = Query::parse(&params.text("query"))?;
    let size = params.number("per_page")?.and_then(|size| usize::try_from(size).ok()).unwrap_or(PAGE);
    let size = size.clamp(1, MAX_PAGE);
    let page = params.number("page")?.and_then(|page| usize::try_from(page).ok()).unwrap_or(1).max(1);
    let newest_first = params.text("order_by") == "desc";
    sim.run(move |chain| {
        let mut found = conditions.run(chain);
        if newest_first {
            found.reverse();
        }
        let shown: Vec<Value> =
            found.iter().skip((page - 1).saturating_mul(size)).take(size).map(|tx| comet::tx(tx)).collect();
        Ok(json!({ "txs": shown, "total_count": found.len().to_string() }))
    })
    .await?
}
