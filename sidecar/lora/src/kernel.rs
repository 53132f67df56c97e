//! The arithmetic, over 16 lanes. Everything is inlined into a caller that is compiled for one
//! instruction set.
//!
//! How many tokens or ranks are handled together changes which loads are shared and never the
//! order of any sum: each dot product has its own 16 partial sums, added up as a fixed tree.

// Tokens, ranks and lanes index several arrays of fixed size at once.
#![allow(clippy::needless_range_loop)]

use half::slice::HalfFloatSliceExt;
use openledger_simd::{Isa, LANES, padded, total};

use crate::module::{MAX_RANK, Matrices, Module};

/// Most tokens handled together.
const BLOCK: usize = 4;

/// One token: its input [in_features] and the output columns of one module [out_features].
pub(crate) struct Token<'t> {
    pub x: &'t [f32],
    pub y: &'t mut [f32],
}

/// What matrices are made of: floats, or the bits of bf16.
trait Weight: Copy + Default {
    fn lanes<I: Isa>(isa: I, weights: &[Self; LANES]) -> I::Lanes;
    fn wide(self) -> f32;
}

impl Weight for u16 {
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
    fn lanes<I: Isa>(isa: I, weights: &[Self; LANES]) -> I::Lanes {
        isa.load(weights)
    }

    #[inline(always)]
    fn wide(self) -> f32 {
        self
    }
}

/// A module with its matrices as slices of one type.
struct View<'m, W> {
    rank: usize,
    in_features: usize,
    out_features: usize,
    scale: f32,
    a: &'m [W],
    b: &'m [W],
}

/// Adds one module's delta to columns `start..` of every token's output.
///
/// Every `x` must have the module's input width and every `y` must hold its columns; what does
/// not fit is left alone.
#[inline(always)]
pub(crate) fn add_module<I: Isa>(isa: I, module: &Module, start: usize, tokens: &mut [Token<'_>]) {
    let (rank, in_features, out_features) = (module.rank(), module.in_features(), module.out_features());
    let scale = module.scale();
    match module.matrices() {
        Matrices::Bf16 { a, b } => {
            let (a, b) = (a.reinterpret_cast(), b.reinterpret_cast());
            add(isa, &View { rank, in_features, out_features, scale, a, b }, start, tokens);
        }
        Matrices::F32 { a, b } => add(isa, &View { rank, in_features, out_features, scale, a, b }, start, tokens),
    }
}

#[inline(always)]
fn add<I: Isa, W: Weight>(isa: I, module: &View<'_, W>, start: usize, tokens: &mut [Token<'_>]) {
    let mut rest = tokens;
    while rest.len() >= BLOCK {
        let (head, tail) = rest.split_at_mut(BLOCK);
        add_block::<I, W, BLOCK, 2, 2>(isa, module, start, head);
        rest = tail;
    }
    if rest.len() >= 2 {
        let (head, tail) = rest.split_at_mut(2);
        add_block::<I, W, 2, 4, 4>(isa, module, start, head);
        rest = tail;
    }
    if !rest.is_empty() {
        add_block::<I, W, 1, 4, 8>(isa, module, start, rest);
    }
}

/// `T` tokens, `R` ranks at a time on the way down, `G` groups of 16 columns on the way up.
#[inline(always)]
fn add_block<I: Isa, W: Weight, const T: usize, const R: usize, const G: usize>(
    isa: I,
    module: &View<'_, W>,
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
            down::<I, W, T, R>(isa, module, rank, &x, &mut hidden);
            rank += R;
        }
        while rank < module.rank {
            down::<I, W, T, 1>(isa, module, rank, &x, &mut hidden);
            rank += 1;
        }
    }
    let mut column = 0;
    while column + G * LANES <= module.out_features {
        up::<I, W, T, G>(isa, module, column, start, &hidden, tokens);
        column += G * LANES;
    }
    while column + LANES <= module.out_features {
        up::<I, W, T, 1>(isa, module, column, start, &hidden, tokens);
        column += LANES;
    }
    up_rest(module, column, start, &hidden, tokens);
}

/// `hidden[t][first..first + R] = scale * A[first..first + R] x[t]`.
#[inline(always)]
fn down<I: Isa, W: Weight, const T: usize, const R: usize>(
    isa: I,
    module: &View<'_, W>,
    first: usize,
    x: &[&[f32]; T],
    hidden: &mut [[f32; MAX_RANK]; T],
) {
    let width = module.in_features;
    let rows: [&[W]; R] = std::array::from_fn(|rank| &module.a[(first + rank) * width..][..width]);
    let mut sums = [[isa.splat(0.0); R]; T];
    let whole = width / LANES;
    let rows_whole: [&[[W; LANES]]; R] = std::array::from_fn(|rank| &rows[rank].as_chunks().0[..whole]);
    let x_whole: [&[[f32; LANES]]; T] = std::array::from_fn(|token| &x[token].as_chunks().0[..whole]);
    for at in 0..whole {
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

/// Adds `G * 16` columns of `hidden B`, from `column` of the module.
#[inline(always)]
fn up<I: Isa, W: Weight, const T: usize, const G: usize>(
    isa: I,
    module: &View<'_, W>,
    column: usize,
    start: usize,
    hidden: &[[f32; MAX_RANK]; T],
    tokens: &mut [Token<'_>; T],
) {
    let width = module.out_features;
    let mut sums = [[isa.splat(0.0); G]; T];
    for rank in 0..module.rank {
        let row = module.b[rank * width + column..][..G * LANES].as_chunks::<LANES>().0;
        for group in 0..G {
            let weights = W::lanes(isa, &row[group]);
            for token in 0..T {
                sums[token][group] = isa.multiply_add(isa.splat(hidden[token][rank]), weights, sums[token][group]);
            }
        }
    }
    for token in 0..T {
        let y = tokens[token].y[start + column..][..G * LANES].as_chunks_mut::<LANES>().0;
        for group in 0..G {
            let sum = isa.store(sums[token][group]);
            for lane in 0..LANES {
                y[group][lane] += sum[lane];
            }
        }
    }
}

/// The last columns, fewer than 16.
#[inline(always)]
fn up_rest<W: Weight, const T: usize>(
    module: &View<'_, W>,
    column: usize,
    start: usize,
    hidden: &[[f32; MAX_RANK]; T],
    tokens: &mut [Token<'_>; T],
) {
    let width = module.out_features;
    for at in column..width {
        for token in 0..T {
            let mut sum = 0.0_f32;
            for rank in 0..module.rank {
                sum = hidden[token][rank].mul_add(module.b[rank * width + at].wide(), sum);
            }
            tokens[token].y[start + at] += sum;
        }
    }
}
