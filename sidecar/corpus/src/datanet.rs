use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use openledger_protocol::{Hash, merkle};

use crate::{
    card::Card,
    contribution::Contribution,
    error::CorpusError,
    format::Format,
    limits::Limits,
    row::{Row, length},
};

/// Rows that nobody trains on; never a contribution.
pub const HELD_OUT_FILE: &str = "heldout.jsonl";

/// The data card, if there is one.
pub const CARD_FILE: &str = "datanet.json";

/// A Datanet version: its contributions in cluster order. No row stands in two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Datanet {
    /// Sorted by file name, bytewise; the position is the cluster index.
    pub contributions: Vec<Contribution>,
    /// The data card; its files, counts and digests agree with the contributions.
    pub card: Option<Card>,
}

impl Datanet {
    /// Reads every file of a folder in a [`Format`] but [`HELD_OUT_FILE`] in any of them, and checks it against [`CARD_FILE`] when that exists.
    pub fn load(folder: &Path) -> Result<Self, CorpusError> {
        Self::load_within(folder, &Limits::default())
    }

    /// [`Self::load`] with other bounds.
    pub fn load_within(folder: &Path, limits: &Limits) -> Result<Self, CorpusError> {
        let files = contribution_files(folder, limits)?;
        let card_file = folder.join(CARD_FILE);
        let card = if card_file.exists() { Some(Card::read(&card_file)?) } else { None };
        let mut contributions = Vec::with_capacity(files.len());
        for file in &files {
            let (contribution, bytes) = Contribution::read_with_bytes(file, limits)?;
            if let Some(card) = &card {
                card.check(&card_file, file, &bytes, &contribution)?;
            }
            contributions.push(contribution);
        }
        if let Some(card) = &card {
            refuse_missing(card, &card_file, folder, &contributions)?;
        }
        refuse_copies(&files, &contributions)?;
        Ok(Self { contributions, card })
    }

    /// Root over the contributions' rows roots, as the Datanets contract computes it for a published version.
    pub fn content_root(&self) -> Hash {
        content_root(self.contributions.iter().map(|contribution| contribution.rows_root))
    }

    /// Cluster index of a contributor.
    pub fn cluster(&self, contributor: &str) -> Option<usize> {
        self.contributions.iter().position(|contribution| contribution.contributor == contributor)
    }

    /// Rows of all contributions.
    pub fn row_count(&self) -> u64 {
        self.contributions.iter().fold(0, |sum: u64, part| sum.saturating_add(length(part.rows.len())))
    }
}

/// RFC 6962 root over rows roots (32 bytes each) in cluster order.
pub fn content_root(rows_roots: impl IntoIterator<Item = Hash>) -> Hash {
    let roots: Vec<Hash> = rows_roots.into_iter().collect();
    merkle::root(&roots)
}

fn contribution_files(folder: &Path, limits: &Limits) -> Result<Vec<PathBuf>, CorpusError> {
    let io = |source| CorpusError::Io { file: folder.into(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let file = entry.map_err(io)?.path();
        if Format::of(&file).is_none() || file.file_stem() == Path::new(HELD_OUT_FILE).file_stem() {
            continue;
        }
        if files.len() == limits.contributions {
            return Err(CorpusError::TooManyContributions { folder: folder.into(), limit: limits.contributions });
        }
        files.push(file);
    }
    if files.is_empty() {
        return Err(CorpusError::NoContributions { folder: folder.into() });
    }
    // No byte of a contributor's name is a dot: this order does not depend on the formats.
    files.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    if let Some([file, other]) = files.array_windows().find(|[a, b]| a.file_stem() == b.file_stem()) {
        return Err(CorpusError::TwoFiles { file: file.clone(), other: other.clone() });
    }
    Ok(files)
}

/// A card must not promise files that are not there.
fn refuse_missing(card: &Card, file: &Path, folder: &Path, found: &[Contribution]) -> Result<(), CorpusError> {
    let missing = card.contributors.iter().find(|entry| !found.iter().any(|part| part.contributor == entry.id));
    match missing {
        None => Ok(()),
        Some(entry) => Err(CorpusError::CardMismatch {
            card: file.into(),
            file: folder.join(&entry.file),
            reason: "the card lists a contribution that the folder does not hold".into(),
        }),
    }
}

/// The same row in two contributions would be paid to both.
fn refuse_copies(files: &[PathBuf], contributions: &[Contribution]) -> Result<(), CorpusError> {
    let mut seen: HashMap<&Row, (&PathBuf, usize)> = HashMap::new();
    for (file, contribution) in files.iter().zip(contributions) {
        for (line, row) in (1..).zip(&contribution.rows) {
            if let Some((first_file, first_line)) = seen.insert(row, (file, line)) {
                let (file, first_file) = (file.clone(), first_file.clone());
                return Err(CorpusError::DuplicateRow { file, line, first_file, first_line });
            }
        }
    }
    Ok(())
}
