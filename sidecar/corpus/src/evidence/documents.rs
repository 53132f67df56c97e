//! All texts of a Datanet as one, and back.

use super::{FIELDS, MAX_EVIDENCE_BYTES, RowId};
use crate::{CorpusError, Datanet, Field};

/// Ends every text. A row that holds it is cut there; what is asked for is cut there too, so nothing matches across.
pub(super) const END: char = '\0';

/// One field of a row within the whole.
#[derive(Debug, Clone, Copy)]
struct Document {
    start: usize,
    row: RowId,
    field: Field,
}

/// Texts of all rows, one after the other.
pub(super) struct Documents {
    pub text: String,
    /// Sorted by start.
    documents: Vec<Document>,
}

impl Documents {
    pub fn of(datanet: &Datanet) -> Result<Self, CorpusError> {
        let (mut text, mut documents) = (String::new(), Vec::new());
        for (cluster, contribution) in datanet.contributions.iter().enumerate() {
            for (row, content) in contribution.rows.iter().enumerate() {
                for field in FIELDS {
                    let part = match field {
                        Field::Prompt => content.prompt(),
                        Field::Completion => content.completion(),
                    };
                    let bytes = text.len().saturating_add(part.len());
                    if bytes >= MAX_EVIDENCE_BYTES {
                        return Err(CorpusError::TooMuchEvidence { limit: MAX_EVIDENCE_BYTES });
                    }
                    documents.push(Document { start: text.len(), row: RowId { cluster, row }, field });
                    text.push_str(part);
                    text.push(END);
                }
            }
        }
        Ok(Self { text, documents })
    }

    /// Row, field and offset in it of a byte of the whole.
    pub fn place(&self, at: usize) -> Option<(RowId, Field, usize)> {
        let after = self.documents.partition_point(|document| document.start <= at);
        let document = self.documents.get(after.checked_sub(1)?)?;
        Some((document.row, document.field, at - document.start))
    }
}
