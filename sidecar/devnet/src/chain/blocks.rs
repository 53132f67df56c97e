//! Blocks and included transactions as they are kept for queries.

use openledger_cosmos_api::{
    cosmos::base::tendermint::v1beta1::{Block as SdkBlock, Header as SdkHeader},
    tendermint::{
        types::{Block as WireBlock, BlockId, Data, Header, PartSetHeader},
        version::Consensus,
    },
};
use prost::Message;
use prost_types::Timestamp;
use sha2::{Digest, Sha256};

use super::deliver::TxResult;

/// CometBFT's block protocol.
pub const BLOCK_PROTOCOL: u64 = 11;

/// A block.
#[derive(Clone, Debug)]
pub struct Block {
    pub height: u64,
    pub time_ns: u64,
    pub chain_id: String,
    /// State after the block before.
    pub app_hash: [u8; 32],
    pub last_block_hash: Option<[u8; 32]>,
    pub txs: Vec<Vec<u8>>,
    /// The transactions' results, same order.
    pub results: Vec<TxResult>,
    /// SHA-256 of the header's protobuf. A real chain hashes a Merkle tree of its fields.
    pub hash: [u8; 32],
}

/// A transaction with its place.
#[derive(Clone, Debug)]
pub struct IncludedTx {
    pub hash: [u8; 32],
    pub height: u64,
    pub index: u32,
    pub time_ns: u64,
    pub bytes: Vec<u8>,
    pub result: TxResult,
}

impl Block {
    /// Fills the hash in.
    pub fn sealed(mut self) -> Self {
        self.hash = Sha256::digest(self.header().encode_to_vec()).into();
        self
    }

    /// The header on the wire.
    pub fn header(&self) -> Header {
        Header {
            version: Some(Consensus { block: BLOCK_PROTOCOL, app: 0 }),
            chain_id: self.chain_id.clone(),
            height: i64::try_from(self.height).unwrap_or(i64::MAX),
            time: Some(timestamp(self.time_ns)),
            last_block_id: self.last_block_hash.map(|hash| block_id(&hash)),
            last_commit_hash: fixed("no commit in a simulation"),
            data_hash: digest_of(self.txs.iter().map(Vec::as_slice)),
            validators_hash: fixed("no validators in a simulation"),
            next_validators_hash: fixed("no validators in a simulation"),
            consensus_hash: fixed("no consensus in a simulation"),
            app_hash: self.app_hash.to_vec(),
            last_results_hash: fixed("results are not hashed in a simulation"),
            evidence_hash: fixed("no evidence in a simulation"),
            proposer_address: proposer(),
        }
    }

    /// The block on the wire.
    pub fn wire(&self) -> WireBlock {
        WireBlock { header: Some(self.header()), data: Some(Data { txs: self.txs.clone() }) }
    }

    /// The block in the SDK's form.
    pub fn sdk(&self) -> SdkBlock {
        let header = self.header();
        SdkBlock {
            header: Some(SdkHeader {
                version: header.version,
                chain_id: header.chain_id,
                height: header.height,
                time: header.time,
                last_block_id: header.last_block_id,
                last_commit_hash: header.last_commit_hash,
                data_hash: header.data_hash,
                validators_hash: header.validators_hash,
                next_validators_hash: header.next_validators_hash,
                consensus_hash: header.consensus_hash,
                app_hash: header.app_hash,
                last_results_hash: header.last_results_hash,
                evidence_hash: header.evidence_hash,
                proposer_address: cosmrs::AccountId::new("wasmvalcons", &header.proposer_address)
                    .map(|id| id.to_string())
                    .unwrap_or_default(),
            }),
            data: Some(Data { txs: self.txs.clone() }),
        }
    }

    /// The block's id on the wire.
    pub fn id(&self) -> BlockId {
        block_id(&self.hash)
    }
}

/// Nanoseconds since the epoch as protobuf.
pub fn timestamp(time_ns: u64) -> Timestamp {
    Timestamp {
        seconds: i64::try_from(time_ns / 1_000_000_000).unwrap_or(i64::MAX),
        nanos: i32::try_from(time_ns % 1_000_000_000).unwrap_or(0),
    }
}

/// Nanoseconds since the epoch as RFC 3339 with as many digits as they need.
pub fn rfc3339(time_ns: u64) -> String {
    timestamp(time_ns).to_string()
}

fn block_id(hash: &[u8; 32]) -> BlockId {
    BlockId { hash: hash.to_vec(), part_set_header: Some(PartSetHeader { total: 1, hash: hash.to_vec() }) }
}

fn proposer() -> Vec<u8> {
    let mut address = fixed("the only node");
    address.truncate(20);
    address
}

/// A value for header fields that mean nothing here but must be 32 bytes.
fn fixed(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

fn digest_of<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(Sha256::digest(part));
    }
    hasher.finalize().to_vec()
}
