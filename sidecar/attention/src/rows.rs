//! The projections of a step's tokens.

use crate::AttentionError;

/// Queries, keys and values before rotation, row-major with one row per token.
#[derive(Debug, Clone, Copy)]
pub enum Qkv<'a> {
    /// [rows, (heads + 2 kv_heads) head_size]: all queries, all keys, all values of a token.
    Packed(&'a [f32]),
    /// One matrix each.
    Separate {
        /// [rows, heads head_size].
        q: &'a [f32],
        /// [rows, kv_heads head_size].
        k: &'a [f32],
        /// [rows, kv_heads head_size].
        v: &'a [f32],
    },
}

/// Columns of a matrix.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a> {
    values: &'a [f32],
    stride: usize,
    first: usize,
}

impl<'a> Columns<'a> {
    /// `width` columns of a row, beginning with column `from`.
    pub fn of(&self, row: usize, from: usize, width: usize) -> &'a [f32] {
        &self.values[row * self.stride + self.first + from..][..width]
    }
}

/// Queries, keys and values as columns whose lengths have been checked.
#[derive(Clone, Copy)]
pub(crate) struct Split<'a> {
    pub q: Columns<'a>,
    pub k: Columns<'a>,
    pub v: Columns<'a>,
}

impl<'a> Qkv<'a> {
    /// Splits the rows into `q_width` and twice `kv_width` columns.
    pub(crate) fn split(self, rows: usize, q_width: usize, kv_width: usize) -> Result<Split<'a>, AttentionError> {
        let check = |what, values: &[f32], width: usize| {
            let expected = rows.checked_mul(width).ok_or(AttentionError::Overflow)?;
            if values.len() == expected {
                Ok(())
            } else {
                Err(AttentionError::Length { what, found: values.len(), expected })
            }
        };
        match self {
            Self::Packed(values) => {
                let keys_end = q_width.checked_add(kv_width).ok_or(AttentionError::Overflow)?;
                let stride = keys_end.checked_add(kv_width).ok_or(AttentionError::Overflow)?;
                check("the packed projection", values, stride)?;
                let [q, k, v] = [0, q_width, keys_end].map(|first| Columns { values, stride, first });
                Ok(Split { q, k, v })
            }
            Self::Separate { q, k, v } => {
                let whole = |what, values: &'a [f32], stride| {
                    check(what, values, stride).map(|()| Columns { values, stride, first: 0 })
                };
                Ok(Split {
                    q: whole("the queries", q, q_width)?,
                    k: whole("the keys", k, kv_width)?,
                    v: whole("the values", v, kv_width)?,
                })
            }
        }
    }
}
