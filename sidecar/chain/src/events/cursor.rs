//! How far a consumer has come, and by which blocks.

use std::{collections::VecDeque, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// More remembered blocks than this are no cursor of ours.
pub(super) const MAX_REMEMBERED: usize = 10_000;

/// The hash of a block's header; hex in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlockHash(pub [u8; 32]);

impl fmt::Display for BlockHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_upper(self.0))
    }
}

impl fmt::Debug for BlockHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for BlockHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode_upper(self.0))
    }
}

impl<'de> Deserialize<'de> for BlockHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash).map_err(|_| D::Error::custom("a block hash is 64 hex digits"))?;
        Ok(Self(hash))
    }
}

/// A place in a chain's history. Keep it where what came of the events is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Kept")]
pub struct Cursor {
    chain_id: String,
    next_height: u64,
    /// The hashes of the blocks right before `next_height`, oldest first.
    recent: VecDeque<BlockHash>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    chain_id: String,
    next_height: u64,
    recent: VecDeque<BlockHash>,
}

impl TryFrom<Kept> for Cursor {
    type Error = String;

    fn try_from(kept: Kept) -> Result<Self, String> {
        let remembered = u64::try_from(kept.recent.len()).map_err(|error| error.to_string())?;
        if kept.next_height == 0 || kept.recent.len() > MAX_REMEMBERED || remembered >= kept.next_height {
            return Err("the cursor remembers blocks before the first, or too many".to_owned());
        }
        Ok(Self { chain_id: kept.chain_id, next_height: kept.next_height, recent: kept.recent })
    }
}

impl Cursor {
    /// A cursor whose first block is at `from_height` (from 1).
    #[must_use]
    pub fn new(chain_id: &str, from_height: u64) -> Self {
        Self { chain_id: chain_id.to_owned(), next_height: from_height.max(1), recent: VecDeque::new() }
    }

    /// The chain.
    #[must_use]
    pub fn chain_id(&self) -> &str {
        &self.chain_id
    }

    /// The first height that was not handed out.
    #[must_use]
    pub fn next_height(&self) -> u64 {
        self.next_height
    }

    /// The hash of a block that was handed out, while it is remembered.
    #[must_use]
    pub fn hash_at(&self, height: u64) -> Option<BlockHash> {
        let back = self.next_height.checked_sub(height)?;
        let index = self.recent.len().checked_sub(usize::try_from(back).ok()?)?;
        self.recent.get(index).copied()
    }

    /// The oldest height whose hash is remembered; the next height when none is.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        self.next_height.saturating_sub(u64::try_from(self.recent.len()).unwrap_or(u64::MAX))
    }

    /// This cursor, one block further.
    pub(super) fn after(&self, hash: BlockHash, remembered: usize) -> Self {
        let mut next = self.clone();
        next.recent.push_back(hash);
        while next.recent.len() > remembered {
            next.recent.pop_front();
        }
        next.next_height = next.next_height.saturating_add(1);
        next
    }

    /// This cursor, put back to before `height`, which is remembered or next.
    pub(super) fn back_to(&self, height: u64) -> Self {
        let mut back = self.clone();
        let kept = usize::try_from(height.saturating_sub(self.oldest())).unwrap_or(usize::MAX);
        back.recent.truncate(kept);
        back.next_height = height;
        back
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(byte: u8) -> BlockHash {
        BlockHash([byte; 32])
    }

    #[test]
    fn remembers_the_last_blocks_and_goes_back() {
        let mut cursor = Cursor::new("x-1", 7);
        assert_eq!((cursor.oldest(), cursor.hash_at(6), cursor.hash_at(7)), (7, None, None));
        for height in 7..=12u8 {
            cursor = cursor.after(hash(height), 4);
        }
        assert_eq!((cursor.next_height(), cursor.oldest()), (13, 9));
        assert_eq!(cursor.hash_at(8), None);
        assert_eq!((cursor.hash_at(9), cursor.hash_at(12)), (Some(hash(9)), Some(hash(12))));
        assert_eq!(cursor.hash_at(13), None);
        let back = cursor.back_to(11);
        assert_eq!((back.next_height(), back.oldest(), back.hash_at(11)), (11, 9, None));
        assert_eq!(back.hash_at(10), Some(hash(10)));
        assert_eq!(cursor.back_to(13), cursor);
        assert_eq!(Cursor::new("x-1", 0).next_height(), 1);
    }

    #[test]
    fn survives_the_disk_and_refuses_nonsense() {
        let cursor = Cursor::new("x-1", 3).after(hash(3), 9);
        let text = serde_json::to_string(&cursor).expect("writes");
        assert_eq!(serde_json::from_str::<Cursor>(&text).expect("reads"), cursor);
        for bad in [
            r#"{"chain_id":"x","next_height":0,"recent":[]}"#.to_owned(),
            r#"{"chain_id":"x","next_height":5,"recent":["AB"]}"#.to_owned(),
            text.replace("\"next_height\":4", "\"next_height\":1"),
            text.replace("next_height", "height"),
        ] {
            assert!(serde_json::from_str::<Cursor>(&bad).is_err(), "{bad}");
        }
    }
}
