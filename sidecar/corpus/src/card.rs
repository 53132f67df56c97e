//! The data card beside the rows: where they come from, and which files they are.

use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    contribution::Contribution,
    error::{CorpusError, shorten},
    reader::read_bounded,
};

/// Largest card that is read.
const MAX_CARD_BYTES: usize = 1 << 20;

/// What a Datanet says of itself. Other fields of the file, such as source and licence, are for people.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Card {
    /// Short name.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// One entry per contribution, in any order.
    pub contributors: Vec<CardEntry>,
}

/// A contribution as the card describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CardEntry {
    /// Name of the contributor in file names.
    pub id: String,
    /// Name of the contributor for people.
    pub name: String,
    /// File of the rows, in the same folder.
    pub file: String,
    /// Number of rows.
    pub rows: usize,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
}

impl Card {
    /// Reads a card.
    pub(crate) fn read(file: &Path) -> Result<Self, CorpusError> {
        let bytes = read_bounded(file, MAX_CARD_BYTES)?;
        serde_json::from_slice(&bytes)
            .map_err(|cause| CorpusError::BadCard { file: file.into(), reason: shorten(&cause) })
    }

    /// Checks a contribution against its entry.
    pub(crate) fn check(
        &self,
        card: &Path,
        file: &Path,
        bytes: &[u8],
        contribution: &Contribution,
    ) -> Result<(), CorpusError> {
        let mismatch = |reason: String| CorpusError::CardMismatch { card: card.into(), file: file.into(), reason };
        let entry = self.contributors.iter().find(|entry| entry.id == contribution.contributor);
        let entry = entry.ok_or_else(|| mismatch("the card does not list this contributor".into()))?;
        if file.file_name().and_then(|name| name.to_str()) != Some(entry.file.as_str()) {
            return Err(mismatch(format!("the card gives the file as {:?}", shorten(&entry.file))));
        }
        if entry.rows != contribution.rows.len() {
            return Err(mismatch(format!("{} rows in the card, {} in the file", entry.rows, contribution.rows.len())));
        }
        let digest = hex::encode(Sha256::digest(bytes));
        if entry.sha256 != digest {
            return Err(mismatch(format!(
                "SHA-256 of the file is {digest}, the card says {:?}",
                shorten(&entry.sha256)
            )));
        }
        Ok(())
    }
}
