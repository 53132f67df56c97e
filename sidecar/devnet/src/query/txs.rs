//! Estimates and look-ups of transactions.

use openledger_cosmos_api::cosmos::{
    base::abci::v1beta1::{GasInfo, Result as SimulationResult, TxMsgData, TxResponse},
    tx::v1beta1::{AuthInfo, GetTxRequest, GetTxResponse, SimulateRequest, SimulateResponse, Tx, TxBody, TxRaw},
};
use prost::{Message, Name};
use prost_types::Any;

use super::{put, read};
use crate::chain::{
    Chain,
    blocks::{IncludedTx, rfc3339},
    decode::decode_tx,
    fault::Fault,
};

pub(super) fn answer(chain: &mut Chain, method: &str, data: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    match method {
        "Simulate" => simulate(chain, read(data)?),
        "GetTx" => {
            let request: GetTxRequest = read(data)?;
            let found = find(chain, &request.hash)?;
            put(&GetTxResponse { tx: decoded(&found.bytes), tx_response: Some(response(found)) })
        }
        _ => Ok(None),
    }
}

/// Runs the transaction for its effect. The gas figure is an estimate from its shape: nothing is metered here.
fn simulate(chain: &mut Chain, request: SimulateRequest) -> Result<Option<Vec<u8>>, Fault> {
    let bytes = match request.tx {
        Some(tx) if request.tx_bytes.is_empty() => TxRaw {
            body_bytes: tx.body.unwrap_or_default().encode_to_vec(),
            auth_info_bytes: tx.auth_info.unwrap_or_default().encode_to_vec(),
            signatures: tx.signatures,
        }
        .encode_to_vec(),
        _ => request.tx_bytes,
    };
    let tx = decode_tx(&bytes, &chain.limits)?;
    let result = chain.simulate(&tx)?;
    let msg_responses = TxMsgData::decode(result.data.as_slice()).map(|data| data.msg_responses).unwrap_or_default();
    put(&SimulateResponse {
        gas_info: Some(GasInfo { gas_wanted: result.gas_wanted, gas_used: result.gas_used }),
        result: Some(SimulationResult {
            data: result.data,
            log: "gas is a fixed estimate of a development simulation, not a measurement".to_owned(),
            events: result.events,
            msg_responses,
        }),
    })
}

/// An included transaction by its hash in hex of either case.
pub fn find<'a>(chain: &'a Chain, hash: &str) -> Result<&'a IncludedTx, Fault> {
    let mut key = [0; 32];
    hex::decode_to_slice(hash, &mut key).map_err(|_| Fault::invalid_request("a transaction hash is 64 hex digits"))?;
    chain
        .txs
        .get(&key)
        .map(AsRef::as_ref)
        .ok_or_else(|| Fault::not_found(format!("tx not found: {}", hash.to_uppercase())))
}

/// A transaction's result in the SDK's form.
pub fn response(tx: &IncludedTx) -> TxResponse {
    TxResponse {
        height: i64::try_from(tx.height).unwrap_or(i64::MAX),
        txhash: hex::encode_upper(tx.hash),
        codespace: tx.result.codespace.clone(),
        code: tx.result.code,
        data: hex::encode_upper(&tx.result.data),
        raw_log: tx.result.log.clone(),
        info: String::new(),
        gas_wanted: i64::try_from(tx.result.gas_wanted).unwrap_or(i64::MAX),
        gas_used: i64::try_from(tx.result.gas_used).unwrap_or(i64::MAX),
        tx: decoded(&tx.bytes).map(|tx| Any { type_url: Tx::type_url(), value: tx.encode_to_vec() }),
        timestamp: rfc3339(tx.time_ns),
        events: tx.result.events.clone(),
    }
}

fn decoded(bytes: &[u8]) -> Option<Tx> {
    let raw = TxRaw::decode(bytes).ok()?;
    Some(Tx {
        body: Some(TxBody::decode(raw.body_bytes.as_slice()).ok()?),
        auth_info: Some(AuthInfo::decode(raw.auth_info_bytes.as_slice()).ok()?),
        signatures: raw.signatures,
    })
}
