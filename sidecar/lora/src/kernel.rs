//! The arithmetic, over 16 lanes. Everything is inlined into a caller that is compiled for one
//! instruction set.
//!
//! How many tokens or ranks are handled together changes which loads are shared and never the
//! order of any sum: each dot product has its own 16 partial sums, added up as a fixed tree.

// Tokens, ranks and lanes index several arrays of fixed size at once.
#![allow(clippy::needless_range_loop)]

use half::{bf16, slice::HalfFloatSliceExt};
use openledger_simd::{Isa, LANES, padded, total};
use prefetch_index::prefetch_index;

use crate::{
    module::{MAX_RANK, Module},
    packed::{Packed, TILE},
};

/// Most tokens handled together.
const BLOCK: usize = 4;

/// Bytes that the processor fetches at once.
const CACHE_LINE: usize = 64;
/// Bytes that are asked for ahead of the weights being read. In a step an adapter's weights come
/// from memory, and each module is too short for the processor to find out by itself what is next.
const AHEAD: usize = 8192;

/// One token: its input [in_features] and the output columns of one module [out_features].
pub(crate) struct Token<'t> {
    pub x: &'t [f32],
    pub y: &'t mut [f32],
}

/// What matrices are made of: floats, or the bits of bf16.
trait Weight: Copy + Default {
    /// The weights of a module, if they are of this type.
    fn of(weights: &Packed) -> Option<&[Self]>;
    fn lanes<I: Isa>(isa: I, weights: &[Self; LANES]) -> I::Lanes;
    fn wide(self) -> f32;
}

impl Weight for u16 {
    #[inline(always)]
    fn of(weights: &Packed) -> Option<&[Self]> {
        weights.bf16().map(<[bf16]>::reinterpret_cast)
    }

    #[inline(always)]
    fn lanes<I: Isa>(isa: I, weights: &[Self; LANES]) -> I::Lanes {
        isa.widen(weights)
    }

    #[inline(always)]
    fn wide(self) -> f32 {
        f32::from_bits(u32::from(self) << 16)
    }
}

impl Weight for f32 {
    #[inline(always)]
    fn of(weights: &Packed) -> Option<&[Self]> {
        weights.f32()
    }

    #[inline(always)]
    fn lanes<I: Isa>(isa: I, weights: &[Self; LANES]) -> I::Lanes {
        isa.load(weights)
    }

    #[inline(always)]
    fn wide(self) -> f32 {
        self
    }
}

/// A module with its weights as a slice of one type.
struct View<'m, W> {
    rank: usize,
    in_features: usize,
    out_features: usize,
    scale: f32,
    /// A, then B in tiles.
    values: &'m [W],
    /// What is read after this module, if it is of the same type.
    next: &'m [W],
}

impl<'m, W: Weight> View<'m, W> {
    #[inline(always)]
    fn of(module: &'m Module, next: Option<&'m Module>) -> Option<Self> {
        Some(Self {
            rank: module.rank(),
            in_features: module.in_features(),
            out_features: module.out_features(),
            scale: module.scale(),
            values: W::of(module.weights())?,
            next: next.and_then(|next| W::of(next.weights())).unwrap_or_default(),
        })
    }

    /// Where element `at` is; elements after the last are the next module's.
    #[inline(always)]
    fn ahead(&self, at: usize) -> (&'m [W], usize) {
        match at.checked_sub(self.values.len()) {
            None => (self.values, at),
            Some(at) => (self.next, at),
        }
    }
}

/// Adds one module's delta to columns `start..` of every token's output. `next` is the module that
/// will be added after it.
///
/// Every `x` must have the module's input width and every `y` must hold its columns; what does
/// not fit is left alone.
#[inline(always)]
pub(crate) fn add_module<I: Isa>(
    isa: I,
    module: &Module,
    next: Option<&Module>,
    start: usize,
    tokens: &mut [Token<'_>],
) {
    if let Some(view) = View::<u16>::of(module, next) {
        add(isa, &view, start, tokens);
    } else if let Some(view) = View::<f32>::of(module, next) {
        add(isa, &view, start, tokens);
    }
}

#[inline(always)]
fn add<I: Isa, W: Weight>(isa: I, module: &View<'_, W>, start: usize, tokens: &mut [Token<'_>]) {
    let mut rest = tokens;
    // The first block brings the weights into the cache for the others.
    let mut fetch = true;
    while rest.len() >= BLOCK {
        let (head, tail) = rest.split_at_mut(BLOCK);
        add_block::<I, W, BLOCK, 2>(isa, module, fetch, start, head);
        (rest, fetch) = (tail, false);
    }
    if rest.len() >= 2 {
        let (head, tail) = rest.split_at_mut(2);
        add_block::<I, W, 2, 4>(isa, module, fetch, start, head);
        (rest, fetch) = (tail, false);
    }
    if !rest.is_empty() {
        add_block::<I, W, 1, 4>(isa, module, fetch, start, rest);
    }
}

/// `T` tokens, `R` ranks at a time on the way down, one tile at a time on the way up.
#[inline(always)]
fn add_block<I: Isa, W: Weight, const T: usize, const R: usize>(
    isa: I,
    module: &View<'_, W>,
    fetch: bool,
    start: usize,
    tokens: &mut [Token<'_>],
) {
    let Ok(tokens) = <&mut [Token<'_>; T]>::try_from(tokens) else {
        return;
    };
    let width = module.in_features;
    let Some(end) = start.checked_add(module.out_features) else {
        return;
    };
    if tokens.iter().any(|token| token.x.len() != width || token.y.len() < end) {
        return;
    }
    let mut hidden = [[0.0_f32; MAX_RANK]; T];
    {
        let x: [&[f32]; T] = std::array::from_fn(|token| tokens[token].x);
        let mut rank = 0;
        while rank + R <= module.rank {
            down::<I, W, T, R>(isa, module, fetch, rank, &x, &mut hidden);
            rank += R;
        }
        while rank < module.rank {
            down::<I, W, T, 1>(isa, module, fetch, rank, &x, &mut hidden);
            rank += 1;
        }
    }
    let b = module.rank * width;
    let mut column = 0;
    while column < module.out_features {
        let columns = TILE.min(module.out_features - column);
        let at = b + column * module.rank;
        let Some(weights) = module.values.get(at..at + columns * module.rank) else {
            return;
        };
        let ahead = fetch.then(|| module.ahead(at + AHEAD / size_of::<W>()));
        let tile = Tile { weights, columns, ahead, y: start + column };
        up_tile(isa, &tile, &hidden, tokens);
        column += columns;
    }
}

/// `hidden[t][first..first + R] = scale * A[first..first + R] x[t]`.
#[inline(always)]
fn down<I: Isa, W: Weight, const T: usize, const R: usize>(
    isa: I,
    module: &View<'_, W>,
    fetch: bool,
    first: usize,
    x: &[&[f32]; T],
    hidden: &mut [[f32; MAX_RANK]; T],
) {
    let width = module.in_features;
    let rows: [&[W]; R] = std::array::from_fn(|rank| &module.values[(first + rank) * width..][..width]);
    let mut sums = [[isa.splat(0.0); R]; T];
    let whole = width / LANES;
    let rows_whole: [&[[W; LANES]]; R] = std::array::from_fn(|rank| &rows[rank].as_chunks().0[..whole]);
    let x_whole: [&[[f32; LANES]]; T] = std::array::from_fn(|token| &x[token].as_chunks().0[..whole]);
    for at in 0..whole {
        if fetch && at.is_multiple_of(CACHE_LINE.div_ceil(size_of::<[W; LANES]>())) {
            for rank in 0..R {
                // After the last rows of A comes B.
                prefetch_index(module.values, (first + R + rank) * width + at * LANES);
            }
        }
        for rank in 0..R {
            let weights = W::lanes(isa, &rows_whole[rank][at]);
            for token in 0..T {
                let x = isa.load(&x_whole[token][at]);
                sums[token][rank] = isa.multiply_add(x, weights, sums[token][rank]);
            }
        }
    }
    if whole * LANES < width {
        for rank in 0..R {
            let weights = W::lanes(isa, &padded(&rows[rank][whole * LANES..]));
            for token in 0..T {
                let x = isa.load(&padded(&x[token][whole * LANES..]));
                sums[token][rank] = isa.multiply_add(x, weights, sums[token][rank]);
            }
        }
    }
    for token in 0..T {
        for rank in 0..R {
            hidden[token][first + rank] = total(isa.store(sums[token][rank])) * module.scale;
        }
    }
}

/// Some columns of B.
struct Tile<'m, W> {
    /// [rank, columns]
    weights: &'m [W],
    columns: usize,
    /// What to ask for while these are read.
    ahead: Option<(&'m [W], usize)>,
    /// Where the columns are in `y`.
    y: usize,
}

#[inline(always)]
fn up_tile<I: Isa, W: Weight, const T: usize>(
    isa: I,
    tile: &Tile<'_, W>,
    hidden: &[[f32; MAX_RANK]; T],
    tokens: &mut [Token<'_>; T],
) {
    if tile.columns == TILE {
        let rows = tile.weights.as_chunks::<TILE>().0.iter().map(|row| row.as_chunks::<LANES>().0);
        return up::<I, W, T, { TILE / LANES }>(isa, rows, tile.ahead, tile.y, hidden, tokens);
    }
    let rows = || tile.weights.chunks_exact(tile.columns);
    let mut column = 0;
    while column + LANES <= tile.columns {
        let rows = rows().map(|row| row[column..][..LANES].as_chunks::<LANES>().0);
        up::<I, W, T, 1>(isa, rows, tile.ahead, tile.y + column, hidden, tokens);
        column += LANES;
    }
    for at in column..tile.columns {
        for token in 0..T {
            let sum =
                rows().zip(&hidden[token]).fold(0.0, |sum: f32, (row, hidden)| hidden.mul_add(row[at].wide(), sum));
            tokens[token].y[tile.y + at] += sum;
        }
    }
}

/// Adds `G * 16` columns of `hidden B` at column `at` of `y`; `rows` are their weights by rank.
#[inline(always)]
fn up<'m, I: Isa, W: Weight + 'm, const T: usize, const G: usize>(
    isa: I,
    rows: impl Iterator<Item = &'m [[W; LANES]]>,
    ahead: Option<(&[W], usize)>,
    at: usize,
    hidden: &[[f32; MAX_RANK]; T],
    tokens: &mut [Token<'_>; T],
) {
    let mut sums = [[isa.splat(0.0); G]; T];
    for (rank, row) in rows.enumerate().take(MAX_RANK) {
        if let Some((values, first)) = ahead {
            for line in (0..G * LANES).step_by(CACHE_LINE / size_of::<W>()) {
                prefetch_index(values, first + rank * G * LANES + line);
            }
        }
        for group in 0..G {
            let weights = W::lanes(isa, &row[group]);
            for token in 0..T {
                sums[token][group] = isa.multiply_add(isa.splat(hidden[token][rank]), weights, sums[token][group]);
            }
        }
    }
    for token in 0..T {
        let y = tokens[token].y[at..][..G * LANES].as_chunks_mut::<LANES>().0;
        for group in 0..G {
            let sum = isa.store(sums[token][group]);
            for lane in 0..LANES {
                y[group][lane] += sum[lane];
            }
        }
    }
}
