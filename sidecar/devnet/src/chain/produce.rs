//! Making blocks: the waiting list, the clock, the record on disk.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use cosmwasm_std::{BlockInfo, Timestamp};

use super::{
    Chain,
    blocks::{Block, IncludedTx},
    decode::{DecodedTx, decode_tx, tx_hash},
    fault::Fault,
};
use crate::{error::DevnetError, journal::BlockRecord};

/// Block times of two blocks differ by at least this.
const MIN_STEP_NS: u64 = 1_000_000;
/// The clock can be moved this far in one call: ten years.
pub const MAX_ADVANCE_S: u64 = 10 * 366 * 86_400;
/// Block time never passes the year 2200, so that it always fits its types.
const MAX_TIME_NS: u64 = 7_258_118_400 * 1_000_000_000;

impl Chain {
    /// Checks a transaction and puts it on the waiting list. Returns its hash either way.
    pub fn admit(&mut self, bytes: &[u8]) -> ([u8; 32], Result<(), Fault>) {
        let hash = tx_hash(bytes);
        (hash, self.try_admit(bytes, hash))
    }

    fn try_admit(&mut self, bytes: &[u8], hash: [u8; 32]) -> Result<(), Fault> {
        if let Some(reason) = &self.halted {
            return Err(Fault::panicked(format!("the simulation has halted: {reason}")));
        }
        let known =
            self.txs.get(&hash).is_some_and(|tx| tx.result.code == 0) || self.waiting.iter().any(|tx| tx.hash == hash);
        if known {
            return Err(Fault {
                codespace: "sdk",
                code: 19,
                log: "tx already exists in cache: tx already in mempool".to_owned(),
            });
        }
        if self.waiting.len() >= self.limits.max_pending {
            return Err(Fault::mempool_full(format!("{} transactions wait already", self.waiting.len())));
        }
        let tx = decode_tx(bytes, &self.limits)?;
        self.check(&tx)?;
        self.waiting.push_back(tx);
        Ok(())
    }

    /// Makes a block of everything that waits.
    ///
    /// # Errors
    /// [`DevnetError::Journal`] when it cannot be written; the chain halts then.
    pub fn produce(&mut self) -> Result<Arc<Block>, DevnetError> {
        let txs = std::mem::take(&mut self.waiting).into();
        self.commit(self.next_time_ns(), txs)
    }

    /// Makes a block without transactions; those that wait go on waiting.
    pub fn produce_empty(&mut self) -> Result<Arc<Block>, DevnetError> {
        self.commit(self.next_time_ns(), Vec::new())
    }

    /// Moves block time ahead and makes a block there.
    ///
    /// # Errors
    /// [`DevnetError::Clock`] beyond ten years a call or the year 2200.
    pub fn advance(&mut self, seconds: u64) -> Result<Arc<Block>, DevnetError> {
        let ahead = seconds
            .checked_mul(1_000_000_000)
            .filter(|_| seconds <= MAX_ADVANCE_S)
            .and_then(|step| self.ahead_ns.checked_add(step))
            .filter(|ahead| machine_ns().saturating_add(*ahead) < MAX_TIME_NS)
            .ok_or(DevnetError::Clock { seconds })?;
        self.ahead_ns = ahead;
        self.produce_empty()
    }

    /// The time of the next block.
    pub(super) fn next_time_ns(&self) -> u64 {
        let last = self.app.block_info().time.nanos();
        machine_ns().saturating_add(self.ahead_ns).max(last.saturating_add(MIN_STEP_NS))
    }

    /// Plays a recorded block again.
    pub(super) fn replay(&mut self, record: BlockRecord) -> Result<(), DevnetError> {
        let diverged = |reason: &str| DevnetError::Diverged { height: record.height, reason: reason.to_owned() };
        if record.height != self.height().saturating_add(1) {
            return Err(diverged("its height does not follow"));
        }
        let txs = record
            .txs
            .iter()
            .map(|bytes| decode_tx(bytes, &self.limits))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|fault| diverged(&fault.log))?;
        self.commit(record.time_ns, txs)?;
        if self.app_hash.as_slice() != record.app_hash {
            return Err(diverged("it ends in another state; contracts or limits have changed since it was made"));
        }
        // Block time must not fall back behind a clock that had been moved.
        self.ahead_ns = record.time_ns.saturating_sub(machine_ns());
        Ok(())
    }

    fn commit(&mut self, time_ns: u64, txs: Vec<DecodedTx>) -> Result<Arc<Block>, DevnetError> {
        if let Some(reason) = &self.halted {
            return Err(DevnetError::Halted { reason: reason.clone() });
        }
        let height = self.height().saturating_add(1);
        self.app.set_block(BlockInfo { height, time: Timestamp::from_nanos(time_ns), chain_id: self.chain_id.clone() });
        let results = txs.iter().map(|tx| self.deliver(tx)).collect();
        let block = Block {
            height,
            time_ns,
            chain_id: self.chain_id.clone(),
            app_hash: self.app_hash,
            last_block_hash: self.blocks.back().map(|block| block.hash),
            txs: txs.into_iter().map(|tx| tx.bytes).collect(),
            results,
            hash: [0; 32],
        }
        .sealed();
        self.app_hash = self.app.storage_mut().seal(&self.app_hash);
        self.record(&block)?;
        Ok(self.remember(block))
    }

    fn record(&mut self, block: &Block) -> Result<(), DevnetError> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        let written = journal.append(&BlockRecord {
            height: block.height,
            time_ns: block.time_ns,
            app_hash: self.app_hash.to_vec(),
            txs: block.txs.clone(),
        });
        if let Err(error) = &written {
            // Memory is ahead of the disk now; going on would acknowledge what a restart forgets.
            self.halted = Some(error.to_string());
        }
        written
    }

    fn remember(&mut self, block: Block) -> Arc<Block> {
        for (index, (bytes, result)) in block.txs.iter().zip(&block.results).enumerate() {
            let hash = tx_hash(bytes);
            let included = IncludedTx {
                hash,
                height: block.height,
                index: u32::try_from(index).unwrap_or(u32::MAX),
                time_ns: block.time_ns,
                bytes: bytes.clone(),
                result: result.clone(),
            };
            self.txs.insert(hash, Arc::new(included));
        }
        let block = Arc::new(block);
        self.blocks.push_back(block.clone());
        while self.blocks.len() > self.limits.kept_blocks.max(1) {
            if let Some(old) = self.blocks.pop_front() {
                for bytes in &old.txs {
                    self.txs.remove(&tx_hash(bytes));
                }
            }
        }
        block
    }
}

fn machine_ns() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_nanos()).ok())
        .unwrap_or(0)
}
