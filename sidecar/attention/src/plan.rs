//! Which rows of a step belong to which sequence, and where its keys and values are.

use std::collections::HashMap;

use crate::{AttentionError, KvLayout};

/// The tokens of one sequence in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'a> {
    /// First of its rows; the others follow.
    pub first: usize,
    /// New tokens, one per row.
    pub tokens: usize,
    /// Tokens that are in the cache already. The first new one has this position.
    pub past: usize,
    /// Blocks of the sequence from position 0. Those beyond its last token are not touched.
    pub blocks: &'a [u32],
}

/// A [`Span`] that owns its blocks: as many as its tokens need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnedSpan {
    pub first: usize,
    pub tokens: usize,
    pub past: usize,
    pub blocks: Vec<u32>,
}

impl OwnedSpan {
    /// Position after the last new token.
    pub fn end(&self) -> usize {
        self.past + self.tokens
    }
}

/// The spans of one step. Made once per step and read by every layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttentionPlan {
    spans: Vec<OwnedSpan>,
    rows: usize,
    block_tokens: usize,
}

impl AttentionPlan {
    /// Checks the spans of a step of `rows` rows against each other. Rows after the last span
    /// belong to nobody: they are neither stored nor computed.
    ///
    /// # Errors
    /// [`AttentionError::Rows`], [`AttentionError::Blocks`], [`AttentionError::SharedBlock`],
    /// [`AttentionError::Overflow`].
    pub fn new(spans: &[Span<'_>], rows: usize, layout: &KvLayout) -> Result<Self, AttentionError> {
        let block_tokens = layout.block_tokens();
        let mut owned = Vec::with_capacity(spans.len());
        let mut next = 0_usize;
        for span in spans {
            if span.first != next {
                return Err(AttentionError::Rows { found: span.first, expected: next });
            }
            next = next.checked_add(span.tokens).ok_or(AttentionError::Overflow)?;
            let end = span.past.checked_add(span.tokens).ok_or(AttentionError::Overflow)?;
            let needed = end.div_ceil(block_tokens);
            let blocks = span.blocks.get(..needed).ok_or(AttentionError::Blocks {
                row: span.first,
                found: span.blocks.len(),
                needed,
            })?;
            owned.push(OwnedSpan { first: span.first, tokens: span.tokens, past: span.past, blocks: blocks.to_vec() });
        }
        if next > rows {
            return Err(AttentionError::Length { what: "the spans", found: next, expected: rows });
        }
        check_writers(&owned, block_tokens)?;
        Ok(Self { spans: owned, rows, block_tokens })
    }

    /// Rows of the step.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn spans(&self) -> &[OwnedSpan] {
        &self.spans
    }

    pub(crate) fn block_tokens(&self) -> usize {
        self.block_tokens
    }
}

/// A block that is written may occur only once. Blocks that are only read may be shared: that is
/// how sequences share a prefix.
fn check_writers(spans: &[OwnedSpan], block_tokens: usize) -> Result<(), AttentionError> {
    let mut uses: HashMap<u32, (usize, bool)> = HashMap::new();
    for span in spans {
        for (at, &block) in span.blocks.iter().enumerate() {
            let (count, written) = uses.entry(block).or_default();
            *count += 1;
            *written |= span.tokens > 0 && at >= span.past / block_tokens;
        }
    }
    match uses.iter().filter(|(_, use_of)| use_of.0 > 1 && use_of.1).map(|(block, _)| *block).min() {
        Some(block) => Err(AttentionError::SharedBlock { block }),
        None => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn span(first: usize, tokens: usize, past: usize, blocks: &[u32]) -> Span<'_> {
        Span { first, tokens, past, blocks }
    }

    #[test]
    fn what_is_wrong_with_a_plan_is_said() {
        let layout = KvLayout::new(16, 1, 8).unwrap();
        let plan = |spans: &[Span<'_>], rows| AttentionPlan::new(spans, rows, &layout);
        assert!(plan(&[span(0, 1, 16, &[7, 3]), span(1, 1, 31, &[7, 4])], 3).is_ok(), "a shared prefix");
        let cases = [
            (vec![span(1, 1, 0, &[0])], AttentionError::Rows { found: 1, expected: 0 }),
            (vec![span(0, 2, 15, &[0])], AttentionError::Blocks { row: 0, found: 1, needed: 2 }),
            (vec![span(0, 4, 0, &[0])], AttentionError::Length { what: "the spans", found: 4, expected: 3 }),
            (vec![span(0, 1, 3, &[5]), span(1, 1, 4, &[5])], AttentionError::SharedBlock { block: 5 }),
            (vec![span(0, 1, 16, &[1, 2]), span(1, 1, 4, &[1])], AttentionError::SharedBlock { block: 1 }),
            (vec![span(0, 2, 30, &[9, 9])], AttentionError::SharedBlock { block: 9 }),
            (vec![span(0, 1, usize::MAX, &[0])], AttentionError::Overflow),
        ];
        for (spans, expected) in cases {
            assert_eq!(plan(&spans, 3), Err(expected));
        }
    }
}
