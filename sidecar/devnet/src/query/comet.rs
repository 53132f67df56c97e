//! Questions about the node and its blocks.

use std::sync::Arc;

use openledger_cosmos_api::{
    cosmos::base::tendermint::v1beta1::{
        GetBlockByHeightRequest, GetBlockByHeightResponse, GetLatestBlockResponse, GetNodeInfoResponse,
        GetSyncingResponse, VersionInfo,
    },
    tendermint::p2p::{DefaultNodeInfo, DefaultNodeInfoOther, ProtocolVersion},
};

use super::{put, read};
use crate::{
    chain::{
        Chain,
        blocks::{BLOCK_PROTOCOL, Block},
        fault::Fault,
    },
    identity,
};

pub(super) fn answer(chain: &Chain, method: &str, data: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    match method {
        "GetNodeInfo" => put(&GetNodeInfoResponse {
            default_node_info: Some(DefaultNodeInfo {
                protocol_version: Some(ProtocolVersion { p2p: 8, block: BLOCK_PROTOCOL, app: 0 }),
                default_node_id: identity::NODE_ID.to_owned(),
                listen_addr: String::new(),
                network: chain.chain_id.clone(),
                version: identity::COMET_VERSION.to_owned(),
                channels: Vec::new(),
                moniker: identity::MONIKER.to_owned(),
                other: Some(DefaultNodeInfoOther { tx_index: "on".to_owned(), rpc_address: String::new() }),
            }),
            application_version: Some(VersionInfo {
                name: identity::APP_NAME.to_owned(),
                app_name: identity::APP_NAME.to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                git_commit: String::new(),
                build_tags: identity::BANNER.to_owned(),
                go_version: String::new(),
                cosmos_sdk_version: identity::SDK_VERSION.to_owned(),
            }),
        }),
        "GetSyncing" => put(&GetSyncingResponse { syncing: false }),
        "GetLatestBlock" => {
            let block = latest(chain)?;
            put(&GetLatestBlockResponse {
                block_id: Some(block.id()),
                block: Some(block.wire()),
                sdk_block: Some(block.sdk()),
            })
        }
        "GetBlockByHeight" => {
            let request: GetBlockByHeightRequest = read(data)?;
            let block = at(chain, u64::try_from(request.height).unwrap_or(0))?;
            put(&GetBlockByHeightResponse {
                block_id: Some(block.id()),
                block: Some(block.wire()),
                sdk_block: Some(block.sdk()),
            })
        }
        _ => Ok(None),
    }
}

/// The latest block.
pub fn latest(chain: &Chain) -> Result<Arc<Block>, Fault> {
    chain.blocks.back().cloned().ok_or_else(|| Fault::not_found("there is no block yet"))
}

/// The block at a height that is still kept.
pub fn at(chain: &Chain, height: u64) -> Result<Arc<Block>, Fault> {
    let first = chain.blocks.front().map_or(0, |block| block.height);
    height
        .checked_sub(first)
        .and_then(|index| usize::try_from(index).ok())
        .and_then(|index| chain.blocks.get(index))
        .cloned()
        .ok_or_else(|| {
            Fault::invalid_request(format!(
                "height {height} is not available; this simulation holds {first} to {}",
                chain.height()
            ))
        })
}
