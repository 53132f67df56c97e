use std::fmt;

use openledger_protocol::{Hash, digest::tagged};
use serde::Deserialize;

/// A prompt and what should follow it. Neither is blank.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Row {
    prompt: String,
    completion: String,
}

/// A field of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// What is asked.
    Prompt,
    /// What should follow.
    Completion,
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Prompt => "prompt",
            Self::Completion => "completion",
        })
    }
}

/// A line as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) prompt: String,
    pub(crate) completion: String,
}

impl Row {
    /// Makes a row; the error names the field that is empty or holds only white space.
    pub fn new(prompt: impl Into<String>, completion: impl Into<String>) -> Result<Self, Field> {
        let (prompt, completion) = (prompt.into(), completion.into());
        if prompt.trim().is_empty() {
            return Err(Field::Prompt);
        }
        if completion.trim().is_empty() {
            return Err(Field::Completion);
        }
        Ok(Self { prompt, completion })
    }

    /// What is asked.
    pub fn prompt(&self) -> &str {
        &self.prompt
    }

    /// What should follow.
    pub fn completion(&self) -> &str {
        &self.completion
    }

    /// UTF-8 bytes of prompt and completion together.
    pub fn text_bytes(&self) -> u64 {
        length(self.prompt.len()).saturating_add(length(self.completion.len()))
    }

    /// `len(prompt) || prompt || len(completion) || completion`, lengths as 4 bytes, big-endian.
    ///
    /// The lengths keep text from moving between the fields under the same bytes.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.prompt.len().saturating_add(self.completion.len()).saturating_add(8));
        push_text(&mut bytes, &self.prompt);
        push_text(&mut bytes, &self.completion);
        bytes
    }

    /// `tagged("row", canonical bytes)`: the row's leaf in its contribution's tree.
    pub fn digest(&self) -> Hash {
        tagged("row", &self.canonical_bytes())
    }
}

/// Text behind its length. Lengths beyond 32 bits cannot come from a bounded reader.
pub(crate) fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

pub(crate) fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
