//! Rows as a training sees them: token ids, and which of them count.

use std::num::NonZeroUsize;

use openledger_corpus::{
    Contribution, Datanet, Hash, Row,
    clusters::{Clusters, Settings},
    content_root,
};
use openledger_engine::gradient::GradientSession;

use crate::{LeftOut, Recipe, TrainError};

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Prompt with its special tokens, completion, end-of-text.
    pub tokens: Vec<u32>,
    /// Tokens of the prompt: those after it count.
    pub prompt_tokens: usize,
    /// Cluster index of its contributor.
    pub cluster: usize,
    /// Digest of the row.
    pub digest: Hash,
}

impl Example {
    /// Tokens that count.
    #[must_use]
    pub fn counted(&self) -> usize {
        self.tokens.len().saturating_sub(self.prompt_tokens)
    }
}

/// The rows of a Datanet version in cluster order, each contributor's in file order; without near-duplicates where the recipe
/// trains on them once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examples {
    examples: Vec<Example>,
    contributors: Vec<String>,
    root: Hash,
    duplicates: usize,
}

impl Examples {
    /// Encodes the rows of contributions in cluster order. Nothing is added between prompt and completion; the base's
    /// first end-of-text token ends each row. Of near-duplicates the first counts, wherever the recipe says so: the others are
    /// in no step.
    ///
    /// # Errors
    /// [`TrainError::RowTooLong`] for a row over `max_tokens`, unless the recipe truncates and a completion token is
    /// left; [`TrainError::NoEndToken`]; errors of the tokenizer; [`TrainError::Corpus`] for more rows than can be compared.
    pub fn encode(
        contributions: &[Contribution],
        session: &GradientSession,
        recipe: &Recipe,
    ) -> Result<Self, TrainError> {
        let end = *session.model().eos_token_ids.first().ok_or(TrainError::NoEndToken)?;
        let limit = usize::try_from(recipe.max_tokens).unwrap_or(usize::MAX).min(session.model().context_length);
        let mut first = firsts(contributions, recipe)?.into_iter();
        let mut examples = Vec::new();
        let mut duplicates = 0_usize;
        for (cluster, contribution) in contributions.iter().enumerate() {
            for (line, row) in (1..).zip(&contribution.rows) {
                if !first.next().unwrap_or(true) {
                    duplicates = duplicates.saturating_add(1);
                    continue;
                }
                let mut example = encode(row, cluster, session, end)?;
                let tokens = example.tokens.len();
                if tokens > limit {
                    if !recipe.truncate || example.prompt_tokens >= limit {
                        let contributor = contribution.contributor.clone();
                        return Err(TrainError::RowTooLong { contributor, row: line, tokens, limit });
                    }
                    example.tokens.truncate(limit);
                }
                examples.push(example);
            }
        }
        Ok(Self {
            examples,
            contributors: contributions.iter().map(|part| part.contributor.clone()).collect(),
            root: content_root(contributions.iter().map(|part| part.rows_root)),
            duplicates,
        })
    }

    /// Rows that are not trained on because they are near-duplicates of earlier ones.
    #[must_use]
    pub fn duplicates(&self) -> usize {
        self.duplicates
    }

    /// [`Examples::encode`] of a Datanet.
    ///
    /// # Errors
    /// As [`Examples::encode`].
    pub fn of(datanet: &Datanet, session: &GradientSession, recipe: &Recipe) -> Result<Self, TrainError> {
        Self::encode(&datanet.contributions, session, recipe)
    }

    /// Rows that no tokenizer has seen.
    #[cfg(test)]
    pub(crate) fn of_rows(examples: Vec<Example>, contributors: usize) -> Self {
        let contributors = (0..contributors).map(|number| number.to_string()).collect();
        Self { examples, contributors, root: [0; 32], duplicates: 0 }
    }

    /// A row; `None` beyond the last.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&Example> {
        self.examples.get(row)
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.examples.is_empty()
    }

    /// Names of the contributors in cluster order.
    #[must_use]
    pub fn contributors(&self) -> &[String] {
        &self.contributors
    }

    /// Rows of a contributor; `None` for one that there is not.
    #[must_use]
    pub fn rows_of(&self, contributor: &str) -> Option<usize> {
        let cluster = self.contributors.iter().position(|known| known == contributor)?;
        Some(self.examples.iter().filter(|example| example.cluster == cluster).count())
    }

    /// Rows of every contributor, in cluster order.
    #[must_use]
    pub fn rows(&self) -> Vec<usize> {
        let mut rows = vec![0_usize; self.contributors.len()];
        for example in &self.examples {
            if let Some(own) = rows.get_mut(example.cluster) {
                *own = own.saturating_add(1);
            }
        }
        rows
    }

    /// Content root of the Datanet version.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Of every row its weight in a training that leaves some out.
    ///
    /// # Errors
    /// [`TrainError::UnknownContributor`], and [`TrainError::UnknownRow`] for a row beyond the last.
    pub(crate) fn weights(&self, left_out: &LeftOut) -> Result<Vec<f32>, TrainError> {
        let mut weights = vec![1.0; self.len()];
        match left_out {
            LeftOut::Nothing => {}
            LeftOut::Contributor(name) => {
                let found = self.contributors.iter().position(|known| known == name);
                let known = || self.contributors.join(", ");
                let cluster =
                    found.ok_or_else(|| TrainError::UnknownContributor { name: name.clone(), known: known() })?;
                for (weight, example) in weights.iter_mut().zip(&self.examples) {
                    if example.cluster == cluster {
                        *weight = 0.0;
                    }
                }
            }
            LeftOut::Rows(rows) => {
                for &row in rows {
                    let unknown = TrainError::UnknownRow { row, rows: self.len() };
                    *weights.get_mut(row).ok_or(unknown)? = 0.0;
                }
            }
        }
        Ok(weights)
    }
}

/// Of every row whether it is the first of its near-duplicates; nothing for a recipe that trains on all.
fn firsts(contributions: &[Contribution], recipe: &Recipe) -> Result<Vec<bool>, TrainError> {
    let Some(threshold) = recipe.duplicates else { return Ok(Vec::new()) };
    let rows: Vec<&Row> = contributions.iter().flat_map(|part| &part.rows).collect();
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let settings = Settings { threshold, threads, ..Settings::default() };
    let clusters = Clusters::of(&rows, &settings, None)?;
    let mut first = vec![false; rows.len()];
    for row in clusters.rows.iter().filter_map(|members| members.first()) {
        if let Some(first) = usize::try_from(*row).ok().and_then(|row| first.get_mut(row)) {
            *first = true;
        }
    }
    Ok(first)
}

fn encode(row: &Row, cluster: usize, session: &GradientSession, end: u32) -> Result<Example, TrainError> {
    let mut tokens = session.encode(row.prompt())?;
    let prompt_tokens = tokens.len();
    tokens.extend(session.encode_completion(row.completion())?);
    tokens.push(end);
    Ok(Example { tokens, prompt_tokens, cluster, digest: row.digest() })
}
