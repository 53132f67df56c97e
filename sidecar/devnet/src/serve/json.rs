//! CometBFT's JSON: 64-bit integers as strings, hashes in upper-case hex, bytes in base64.

use base64::{Engine, engine::general_purpose::STANDARD};
use openledger_cosmos_api::tendermint::{abci::Event, types::BlockId};
use serde_json::{Value, json};

use crate::chain::{
    TxResult,
    blocks::{Block, IncludedTx, rfc3339},
};

/// A block with its id.
pub fn block(block: &Block) -> Value {
    let header = block.header();
    let (protocol, app) = header.version.as_ref().map_or((0, 0), |version| (version.block, version.app));
    json!({
        "block_id": block_id(Some(&block.id())),
        "block": {
            "header": {
                "version": { "block": protocol.to_string(), "app": app.to_string() },
                "chain_id": header.chain_id,
                "height": header.height.to_string(),
                "time": rfc3339(block.time_ns),
                "last_block_id": block_id(header.last_block_id.as_ref()),
                "last_commit_hash": hex::encode_upper(header.last_commit_hash),
                "data_hash": hex::encode_upper(header.data_hash),
                "validators_hash": hex::encode_upper(header.validators_hash),
                "next_validators_hash": hex::encode_upper(header.next_validators_hash),
                "consensus_hash": hex::encode_upper(header.consensus_hash),
                "app_hash": hex::encode_upper(header.app_hash),
                "last_results_hash": hex::encode_upper(header.last_results_hash),
                "evidence_hash": hex::encode_upper(header.evidence_hash),
                "proposer_address": hex::encode_upper(header.proposer_address),
            },
            "data": { "txs": block.txs.iter().map(|tx| STANDARD.encode(tx)).collect::<Vec<_>>() },
            "evidence": { "evidence": [] },
            // Nobody commits blocks here: what the first block of a real chain has, every block has.
            "last_commit": { "height": "0", "round": 0, "block_id": block_id(None), "signatures": [] },
        },
    })
}

/// The results of a block's transactions.
pub fn block_results(block: &Block) -> Value {
    json!({
        "height": block.height.to_string(),
        "txs_results": block.results.iter().map(tx_result).collect::<Vec<_>>(),
        "finalize_block_events": [],
        "validator_updates": null,
        "consensus_param_updates": null,
        "app_hash": STANDARD.encode(block.app_hash),
    })
}

/// An included transaction.
pub fn tx(tx: &IncludedTx) -> Value {
    json!({
        "hash": hex::encode_upper(tx.hash),
        "height": tx.height.to_string(),
        "index": tx.index,
        "tx_result": tx_result(&tx.result),
        "tx": STANDARD.encode(&tx.bytes),
    })
}

/// What a transaction did.
pub fn tx_result(result: &TxResult) -> Value {
    json!({
        "code": result.code,
        "data": STANDARD.encode(&result.data),
        "log": result.log,
        "info": "",
        "gas_wanted": result.gas_wanted.to_string(),
        "gas_used": result.gas_used.to_string(),
        "events": result.events.iter().map(event).collect::<Vec<_>>(),
        "codespace": result.codespace,
    })
}

/// An event; REST and RPC write it the same way.
pub fn event(event: &Event) -> Value {
    let attributes: Vec<Value> = event
        .attributes
        .iter()
        .map(|pair| json!({ "key": pair.key, "value": pair.value, "index": pair.index }))
        .collect();
    json!({ "type": event.r#type, "attributes": attributes })
}

fn block_id(id: Option<&BlockId>) -> Value {
    let hash = id.map(|id| hex::encode_upper(&id.hash)).unwrap_or_default();
    let parts = id.and_then(|id| id.part_set_header.clone()).unwrap_or_default();
    json!({
        "hash": hash,
        "parts": { "total": parts.total, "hash": hex::encode_upper(parts.hash) },
    })
}
