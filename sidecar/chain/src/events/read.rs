//! Blocks as the stream needs them.

use futures::{StreamExt, TryStreamExt, stream};
use openledger_cosmos_api::{
    cosmos::{
        base::tendermint::v1beta1::{
            GetBlockByHeightRequest, GetLatestBlockRequest, service_client::ServiceClient as CometClient,
        },
        tx::v1beta1::GetTxRequest,
    },
    tendermint::types::BlockId,
};
use prost_types::Timestamp;
use tonic::transport::Channel;

use super::{
    cursor::BlockHash,
    event::{ContractEvent, EventFilter},
};
use crate::{
    client::{ChainClient, nanoseconds},
    error::ChainError,
    outcome::TxEvent,
    tx,
};

/// Transactions of a block that are looked up at once.
const PARALLEL: usize = 8;

/// A block's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockRef {
    pub height: u64,
    pub hash: BlockHash,
}

/// A block before its transactions' results.
pub(super) struct Block {
    pub height: u64,
    pub hash: BlockHash,
    /// The block before; absent at the first.
    pub parent: Option<BlockHash>,
    pub time_ns: u64,
    pub chain_id: String,
    /// Names of its transactions, in order.
    pub txs: Vec<String>,
}

/// A header's fields of either form of the block.
struct Head {
    chain_id: String,
    height: i64,
    time: Option<Timestamp>,
    parent: Option<BlockId>,
    txs: Vec<Vec<u8>>,
}

macro_rules! head {
    ($block:expr) => {{
        let block = $block;
        block.header.map(|header| Head {
            chain_id: header.chain_id,
            height: header.height,
            time: header.time,
            parent: header.last_block_id,
            txs: block.data.unwrap_or_default().txs,
        })
    }};
}

impl ChainClient {
    /// The latest block's name.
    pub(super) async fn head(&self) -> Result<BlockRef, ChainError> {
        let call = "GetLatestBlock";
        let answer = self
            .comet()
            .get_latest_block(GetLatestBlockRequest {})
            .await
            .map_err(|status| ChainError::rpc(call, &status))?
            .into_inner();
        let height = match (answer.sdk_block, answer.block) {
            (Some(block), _) => block.header.map(|header| header.height),
            (None, Some(block)) => block.header.map(|header| header.height),
            (None, None) => None,
        };
        let height = height.and_then(|height| u64::try_from(height).ok());
        let height = height.ok_or_else(|| ChainError::answer(call, "the block has no height"))?;
        Ok(BlockRef { height, hash: hash(call, answer.block_id)? })
    }

    /// The block at a height.
    pub(super) async fn block_at(&self, height: u64) -> Result<Block, ChainError> {
        let call = "GetBlockByHeight";
        let asked = i64::try_from(height).map_err(|_| ChainError::answer(call, "no block has such a height"))?;
        let answer = self
            .comet()
            .get_block_by_height(GetBlockByHeightRequest { height: asked })
            .await
            .map_err(|status| ChainError::rpc(call, &status))?
            .into_inner();
        let head = match (answer.sdk_block, answer.block) {
            (Some(block), _) => head!(block),
            (None, Some(block)) => head!(block),
            (None, None) => None,
        };
        let head = head.ok_or_else(|| ChainError::answer(call, "the block has no header"))?;
        if head.height != asked {
            return Err(ChainError::answer(call, format!("block {} came where {asked} was asked for", head.height)));
        }
        // The first block's parent is there and empty.
        let parent = head.parent.filter(|id| !id.hash.is_empty());
        Ok(Block {
            height,
            hash: hash(call, answer.block_id)?,
            parent: parent.map(|id| hash(call, Some(id))).transpose()?,
            time_ns: nanoseconds(call, head.time.as_ref())?,
            chain_id: head.chain_id,
            txs: head.txs.iter().map(|bytes| tx::hash(bytes)).collect(),
        })
    }

    /// The wanted events of a block's transactions, in order.
    pub(super) async fn events_in(
        &self,
        block: &Block,
        filter: &EventFilter,
    ) -> Result<Vec<ContractEvent>, ChainError> {
        let found: Vec<Vec<ContractEvent>> = stream::iter(block.txs.clone().into_iter().enumerate())
            .map(|(index, hash)| self.events_of_tx(block, index, hash, filter))
            .buffered(PARALLEL)
            .try_collect()
            .await?;
        Ok(found.concat())
    }

    async fn events_of_tx(
        &self,
        block: &Block,
        index: usize,
        hash: String,
        filter: &EventFilter,
    ) -> Result<Vec<ContractEvent>, ChainError> {
        let call = "GetTx";
        // A block that was just made may not be indexed yet: that is an error like any other, and tried again.
        let found = self
            .tx()
            .get_tx(GetTxRequest { hash: hash.clone() })
            .await
            .map_err(|status| ChainError::rpc(call, &status))?
            .into_inner()
            .tx_response
            .ok_or_else(|| ChainError::answer(call, "tx_response is missing"))?;
        // The same bytes can lie in two blocks, and succeed in one of them at most, for their sequence is used up then.
        // The index keeps that one; here they failed, as do those with a code, and what fails reports nothing.
        if found.code != 0 || u64::try_from(found.height).ok() != Some(block.height) {
            return Ok(Vec::new());
        }
        let index = u32::try_from(index).map_err(|_| ChainError::answer(call, "a block has too many transactions"))?;
        let mut events = Vec::new();
        for (place, event) in (0..).zip(found.events) {
            let event = TxEvent::read(event);
            events.extend(
                ContractEvent::of(&event, block.height, index, place, &hash).filter(|event| filter.wants(event)),
            );
        }
        Ok(events)
    }

    fn comet(&self) -> CometClient<Channel> {
        CometClient::new(self.channel()).max_decoding_message_size(self.config().max_answer_bytes)
    }
}

fn hash(call: &'static str, id: Option<BlockId>) -> Result<BlockHash, ChainError> {
    let bytes = id.unwrap_or_default().hash;
    bytes.as_slice().try_into().map(BlockHash).map_err(|_| ChainError::answer(call, "a block hash is not 32 bytes"))
}
