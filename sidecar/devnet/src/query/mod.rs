//! One router for every question: gRPC services, `abci_query` and REST all end here.

mod auth;
mod bank;
mod comet;
mod txs;
mod wasm;

use std::sync::Arc;

use prost::Message;

pub use self::txs::find as find_tx;
use crate::chain::{Chain, blocks::Block, fault::Fault};

/// Answers a gRPC query path (`/package.Service/Method`) with protobuf in and out.
///
/// # Errors
/// A [`Fault`] with the codes of the SDK; [`Fault::unknown_request`] for a path nobody serves.
pub fn answer(chain: &mut Chain, path: &str, data: &[u8]) -> Result<Vec<u8>, Fault> {
    let (service, method) =
        path.strip_prefix('/').and_then(|path| path.split_once('/')).ok_or_else(|| unknown(path))?;
    let answer = chain.guarded(|chain| match service {
        "cosmos.auth.v1beta1.Query" => auth::answer(chain, method, data),
        "cosmos.bank.v1beta1.Query" => bank::answer(chain, method, data),
        "cosmos.base.tendermint.v1beta1.Service" => comet::answer(chain, method, data),
        "cosmos.tx.v1beta1.Service" => txs::answer(chain, method, data),
        "cosmwasm.wasm.v1.Query" => wasm::answer(chain, method, data),
        _ => Ok(None),
    })?;
    answer.ok_or_else(|| unknown(path))
}

/// The block at a height, or the latest.
///
/// # Errors
/// [`Fault::invalid_request`] for a height that is not kept.
pub fn block(chain: &Chain, height: Option<u64>) -> Result<Arc<Block>, Fault> {
    match height {
        Some(height) => comet::at(chain, height),
        None => comet::latest(chain),
    }
}

fn unknown(path: &str) -> Fault {
    let shown: String = path.chars().take(128).collect();
    Fault::unknown_request(format!("{shown:?} is not served by this simulation"))
}

fn read<M: Message + Default>(data: &[u8]) -> Result<M, Fault> {
    M::decode(data).map_err(|error| Fault::invalid_request(format!("request: {error}")))
}

fn put(message: &impl Message) -> Result<Option<Vec<u8>>, Fault> {
    Ok(Some(message.encode_to_vec()))
}
