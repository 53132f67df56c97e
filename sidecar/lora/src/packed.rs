//! The order in which the kernel reads a module, so that it reads memory from one end to the other.

use std::sync::Arc;

use half::{
    bf16,
    slice::{HalfBitsSliceExt, HalfFloatSliceExt},
};

use crate::{module::MAX_RANK, region::Region};

/// Columns of B that stand together: as many as the kernel adds up at once. In bf16 their weights of
/// one rank are one cache line.
pub(crate) const TILE: usize = 32;

/// A as [rank, in_features], then B in tiles of [`TILE`] columns, each as [rank, columns]. The last
/// tile has the columns that are left, so that the tile of column `c` begins `c * rank` elements
/// into B. Row-major, a tile's rows would be as far apart as the layer is wide, a page or more.
#[derive(Debug, Clone)]
pub(crate) enum Packed {
    Bf16(Vec<bf16>),
    F32(Vec<f32>),
    /// In the memory of its adapter.
    Placed(Placed),
}

/// Weights within a region.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    region: Arc<Region>,
    /// First byte.
    start: usize,
    bytes: usize,
    /// Whether they are bf16.
    narrow: bool,
}

impl Packed {
    /// The weights, if they are bf16.
    pub fn bf16(&self) -> Option<&[bf16]> {
        match self {
            Self::Bf16(values) => Some(values),
            Self::Placed(placed) if placed.narrow => {
                Some(bytemuck::try_cast_slice::<u8, u16>(placed.get()).ok()?.reinterpret_cast())
            }
            Self::F32(_) | Self::Placed(_) => None,
        }
    }

    /// The weights, if they are floats.
    pub fn f32(&self) -> Option<&[f32]> {
        match self {
            Self::F32(values) => Some(values),
            Self::Placed(placed) if !placed.narrow => bytemuck::try_cast_slice(placed.get()).ok(),
            Self::Bf16(_) | Self::Placed(_) => None,
        }
    }

    /// The bytes in memory.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bf16(values) => bytemuck::cast_slice::<u16, u8>(values.reinterpret_cast()),
            Self::F32(values) => bytemuck::cast_slice(values),
            Self::Placed(placed) => placed.get(),
        }
    }

    /// Number of weights.
    pub fn len(&self) -> usize {
        self.bf16().map(<[bf16]>::len).or(self.f32().map(<[f32]>::len)).unwrap_or_default()
    }

    /// The same weights in a region that holds them from byte `start` on.
    pub fn placed(&self, region: &Arc<Region>, start: usize) -> Self {
        let (bytes, narrow) = (self.bytes().len(), self.bf16().is_some());
        Self::Placed(Placed { region: Arc::clone(region), start, bytes, narrow })
    }
}

impl Placed {
    fn get(&self) -> &[u8] {
        self.region.get(self.start, self.bytes)
    }
}

impl PartialEq for Packed {
    /// Equal values, wherever they are.
    fn eq(&self, other: &Self) -> bool {
        self.bf16() == other.bf16() && self.f32() == other.f32()
    }
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
