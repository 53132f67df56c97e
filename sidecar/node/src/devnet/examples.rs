//! The example files that a story is played with.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use openledger_corpus::Datanet;
use serde::Deserialize;

use crate::error::NodeError;

/// The example files.
pub struct Examples {
    /// Folder of the base model.
    pub model: PathBuf,
    /// Datanets with their rows.
    pub datanets: Vec<ExampleDatanet>,
    /// Six questions, three per Datanet, each drawn from another contributor's rows.
    pub questions: Vec<Question>,
}

/// One Datanet on disk.
pub struct ExampleDatanet {
    /// Name.
    pub name: String,
    /// Folder of the rows.
    pub folder: PathBuf,
    /// Folder of the adapter family.
    pub family: PathBuf,
    /// Its rows, one contribution per contributor.
    pub rows: Datanet,
    /// Licence of the rows, an SPDX expression.
    pub licence: String,
}

/// One example question.
#[derive(Debug, Clone, Deserialize)]
pub struct Question {
    /// Datanet that it is drawn from.
    pub datanet: String,
    /// Contributor whose rows answer it.
    pub contributor: String,
    /// Text.
    pub prompt: String,
}

#[derive(Deserialize)]
struct Card {
    title: String,
    source: Source,
}

#[derive(Deserialize)]
struct Source {
    licence: String,
}

impl Examples {
    /// Reads the example folder.
    pub fn read(root: &Path) -> Result<Self, NodeError> {
        let mut datanets = Vec::new();
        for name in ["wordnet", "sotu"] {
            let folder = absolute(&root.join("datanets").join(name))?;
            let card: Card = json(&folder.join("datanet.json"))?;
            let rows = Datanet::load(&folder).map_err(|error| NodeError::Config(error.to_string()))?;
            let family = absolute(&root.join("adapters").join(name))?;
            tracing::debug!(name, title = card.title, "read Datanet");
            datanets.push(ExampleDatanet { name: name.into(), folder, family, rows, licence: card.source.licence });
        }
        let all: Vec<Question> = json(&root.join("questions.json"))?;
        let mut questions = Vec::new();
        for datanet in &datanets {
            let mut seen = BTreeSet::new();
            let first_of_each = all
                .iter()
                .filter(|question| question.datanet == datanet.name)
                .filter(|question| seen.insert(question.contributor.clone()));
            questions.extend(first_of_each.take(3).cloned());
        }
        if questions.len() != 6 {
            return Err(NodeError::Config(format!(
                "{}: questions.json lacks three contributors per Datanet",
                root.display()
            )));
        }
        Ok(Self { model: absolute(&root.join("model"))?, datanets, questions })
    }
}

fn json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, NodeError> {
    let broken = |error: String| NodeError::Config(format!("{}: {error}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| broken(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))
}

fn absolute(path: &Path) -> Result<PathBuf, NodeError> {
    path.canonicalize().map_err(|error| NodeError::Config(format!("{}: {error}", path.display())))
}
