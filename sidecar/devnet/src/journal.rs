//! The record of blocks on disk. Genesis and record give the state again by playing the blocks.
//!
//! A file of frames: length (u32, little endian), the first eight bytes of the content's SHA-256, the content (a
//! [`BlockRecord`] in protobuf). A frame cut off at the end belongs to a block that was never acknowledged and is
//! dropped; damage anywhere else is an error.

use std::{
    fs::{self, File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use prost::Message;
use sha2::{Digest, Sha256};

use crate::error::DevnetError;

const HEAD: usize = 12;

/// What a block is made of.
#[derive(Clone, PartialEq, Message)]
pub struct BlockRecord {
    #[prost(uint64, tag = "1")]
    pub height: u64,
    /// Unix nanoseconds.
    #[prost(uint64, tag = "2")]
    pub time_ns: u64,
    /// State after the block.
    #[prost(bytes = "vec", tag = "3")]
    pub app_hash: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "4")]
    pub txs: Vec<Vec<u8>>,
}

/// The open record; other processes are kept out while it lives.
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens or makes the record and reads what is there.
    ///
    /// # Errors
    /// [`DevnetError::Journal`] when it cannot be read, is damaged, or another process holds it.
    pub fn open(path: &Path) -> Result<(Self, Vec<BlockRecord>), DevnetError> {
        let failed = |reason: String| DevnetError::Journal { path: path.to_owned(), reason };
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(|error| failed(error.to_string()))?;
        file.try_lock().map_err(|error| failed(format!("another simulation uses this home ({error})")))?;
        let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
        let (records, good) = read_frames(&bytes).map_err(failed)?;
        if good < bytes.len() {
            tracing::warn!(
                dropped = bytes.len() - good,
                "the record ended within a block, which was never acknowledged; dropping it"
            );
            file.set_len(good as u64).map_err(|error| failed(error.to_string()))?;
        }
        file.seek(SeekFrom::End(0)).map_err(|error| failed(error.to_string()))?;
        let journal = Self { path: path.to_owned(), file };
        Ok((journal, records))
    }

    /// Appends a block. With transactions it is on the disk when this returns; an empty one may be lost with
    /// the machine's power, which changes no balance.
    ///
    /// # Errors
    /// [`DevnetError::Journal`] when it cannot be written.
    pub fn append(&mut self, record: &BlockRecord) -> Result<(), DevnetError> {
        let content = record.encode_to_vec();
        let failed =
            |error: std::io::Error| DevnetError::Journal { path: self.path.clone(), reason: error.to_string() };
        let length =
            u32::try_from(content.len()).map_err(|_| failed(std::io::Error::other("a block is larger than 4 GiB")))?;
        let mut frame = Vec::with_capacity(HEAD + content.len());
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(&check(&content));
        frame.extend_from_slice(&content);
        self.file.write_all(&frame).map_err(failed)?;
        if record.txs.is_empty() { Ok(()) } else { self.file.sync_data().map_err(failed) }
    }
}

/// The records, and how many bytes they take.
fn read_frames(bytes: &[u8]) -> Result<(Vec<BlockRecord>, usize), String> {
    let mut records = Vec::new();
    let mut good = 0usize;
    while let Some((head, rest)) = bytes.get(good..).and_then(<[u8]>::split_first_chunk::<HEAD>) {
        let [a, b, c, d, expected @ ..] = *head;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        let Some(content) = rest.get(..length) else {
            break;
        };
        if check(content) != expected {
            if rest.len() == length {
                break;
            }
            return Err(format!("damaged after block {}; restore it or start with an empty home", records.len()));
        }
        let record = BlockRecord::decode(content)
            .map_err(|error| format!("block {} cannot be read: {error}", records.len() + 1))?;
        records.push(record);
        good += HEAD + length;
    }
    Ok((records, good))
}

fn check(content: &[u8]) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(content).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(height: u64) -> BlockRecord {
        BlockRecord {
            height,
            time_ns: height * 7,
            app_hash: vec![1; 32],
            txs: vec![vec![u8::try_from(height).expect("small"); 40]],
        }
    }

    fn write(path: &Path, heights: std::ops::RangeInclusive<u64>) {
        let (mut journal, _) = Journal::open(path).expect("opens");
        for height in heights {
            journal.append(&record(height)).expect("writes");
        }
    }

    #[test]
    fn a_cut_end_loses_only_the_last_block() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("blocks.log");
        write(&path, 1..=3);
        let whole = fs::read(&path).expect("reads");
        let frame = whole.len() / 3;
        for cut in 1..frame {
            fs::write(&path, &whole[..whole.len() - cut]).expect("writes");
            let (_, records) = Journal::open(&path).expect("opens");
            assert_eq!(records, vec![record(1), record(2)], "cut {cut}");
        }
        write(&path, 3..=3);
        let (_, records) = Journal::open(&path).expect("opens");
        assert_eq!(records.len(), 3);
    }

    #[test]
    fn damage_in_the_middle_is_an_error() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("blocks.log");
        write(&path, 1..=3);
        let mut bytes = fs::read(&path).expect("reads");
        bytes[HEAD + 3] ^= 1;
        fs::write(&path, &bytes).expect("writes");
        assert!(Journal::open(&path).is_err());
    }

    #[test]
    fn two_processes_cannot_share_a_home() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("blocks.log");
        let (_held, _) = Journal::open(&path).expect("opens");
        assert!(Journal::open(&path).is_err());
    }
}
