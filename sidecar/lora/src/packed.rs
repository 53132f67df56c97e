//! The order in which the kernel reads a module, so that it reads memory from one end to the other.

use half::bf16;

use crate::module::MAX_RANK;

/// Columns of B that stand together: as many as the kernel adds up at once. In bf16 their weights of
/// one rank are one cache line.
pub(crate) const TILE: usize = 32;

/// A as [rank, in_features], then B in tiles of [`TILE`] columns, each as [rank, columns]. The last
/// tile has the columns that are left, so that the tile of column `c` begins `c * rank` elements
/// into B. Row-major, a tile's rows would be as far apart as the layer is wide, a page or more.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Packed {
    Bf16(Vec<bf16>),
    F32(Vec<f32>),
}

/// Appends B, given transposed as [rank, out_features], to A.
pub(crate) fn pack_transposed<W: Copy>(mut a: Vec<W>, b: &[W], out_features: usize) -> Vec<W> {
    a.reserve_exact(b.len());
    for start in (0..out_features).step_by(TILE) {
        let end = out_features.min(start.saturating_add(TILE));
        for row in b.chunks_exact(out_features) {
            a.extend_from_slice(&row[start..end]);
        }
    }
    a
}

/// Appends B, given as [out_features, rank], to A; `value` reads an element.
pub(crate) fn pack_rows<S: Copy, W: Copy + Default>(
    mut a: Vec<W>,
    b: &[S],
    rank: usize,
    value: impl Fn(S) -> W,
) -> Vec<W> {
    a.reserve_exact(b.len());
    let mut tile = [[W::default(); TILE]; MAX_RANK];
    for columns in b.chunks(TILE * rank) {
        let width = columns.len() / rank;
        // Written down one column after the other, so in a buffer that the nearest cache holds.
        for (column, weights) in columns.chunks_exact(rank).enumerate() {
            for (row, weight) in tile.iter_mut().zip(weights) {
                row[column] = value(*weight);
            }
        }
        for row in &tile[..rank] {
            a.extend_from_slice(&row[..width]);
        }
    }
    a
}

/// A as [rank, in_features] and B as [rank, out_features].
pub(crate) fn unpack<W: Copy>(values: &[W], [rank, in_features, out_features]: [usize; 3]) -> (Vec<W>, Vec<W>) {
    let (a, tiles) = values.split_at(rank * in_features);
    let mut b = Vec::with_capacity(tiles.len());
    for lane in 0..rank {
        for start in (0..out_features).step_by(TILE) {
            let width = TILE.min(out_features - start);
            b.extend_from_slice(&tiles[start * rank + lane * width..][..width]);
        }
    }
    (a.to_vec(), b)
}
