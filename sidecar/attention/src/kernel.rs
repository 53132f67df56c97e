//! The arithmetic, over 16 lanes. Everything is inlined into a caller that is compiled for one
//! instruction set.
//!
//! A *line* is one query head of one token. Keys come in tiles of [`TILE`], counted from position
//! 0. Per tile and line: scores (a lane is a key; components in ascending order), the greatest of
//! them, weights `e^(score - greatest so far)`, and the weighted values in ascending order of keys.
//! When a tile raises the greatest score, what was summed before is scaled down. How many lines
//! are handled together changes which loads are shared and never the order of a sum.

// Lines, tiles and lanes index several arrays of fixed size at once.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use openledger_simd::{Isa, LANES, exp, total};

use crate::cache::{BlockHead, KvLayout};

/// Keys between two looks at the greatest score. A multiple of 16.
const TILE: usize = 128;
const VECTORS: usize = TILE / LANES;
/// Most lines handled together.
const TOGETHER: usize = 4;

/// From the product of a query and a key to its score, and which keys count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Score {
    pub scale: f32,
    pub softcap: Option<f32>,
    /// Keys a token attends to, itself included.
    pub window: Option<usize>,
}

impl Score {
    /// Keys that the token at `position` attends to.
    fn keys(&self, position: usize) -> Range<usize> {
        let end = position + 1;
        self.window.map_or(0, |window| end.saturating_sub(window))..end
    }
}

/// What is known of a line after some tiles.
struct Line {
    /// Keys it attends to.
    keys: Range<usize>,
    /// Greatest score so far.
    greatest: f32,
    /// Sums of weights per lane.
    weights: [f32; LANES],
}

/// One key head of one sequence.
struct Keys<'k, F> {
    layout: &'k KvLayout,
    block_tokens: usize,
    block: F,
}

impl<'c, F: Fn(usize) -> Option<BlockHead<'c>>> Keys<'_, F> {
    /// Keys `16 vector..` as [head_size, 16].
    #[inline(always)]
    fn vector(&self, vector: usize) -> Option<&'c [[f32; LANES]]> {
        let position = vector * LANES;
        let block = (self.block)(position / self.block_tokens)?;
        let size = self.layout.head_size();
        let start = position % self.block_tokens * size;
        Some(block.keys.get(start..start + LANES * size)?.as_chunks().0)
    }

    /// The values from `position` to the end of its block or `end`, and their number.
    #[inline(always)]
    fn values(&self, position: usize, end: usize) -> Option<(&'c [f32], usize)> {
        let block = (self.block)(position / self.block_tokens)?;
        let at = position % self.block_tokens;
        let count = (self.block_tokens - at).min(end - position);
        let width = self.layout.value_width();
        Some((block.values.get(at * width..(at + count) * width)?, count))
    }
}

/// Attends from consecutive tokens of a sequence to its keys.
///
/// `queries` is [tokens, group, head_size], the first at position `first`; `outputs` has
/// [group, head_size] per token. `block` gives the key head of the sequence's blocks.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
pub(crate) fn attend<'c, I: Isa>(
    isa: I,
    score: &Score,
    layout: &KvLayout,
    block_tokens: usize,
    block: impl Fn(usize) -> Option<BlockHead<'c>>,
    first: usize,
    group: usize,
    queries: &[f32],
    outputs: &mut [&mut [f32]],
) {
    let (size, width) = (layout.head_size(), layout.value_width());
    let keys = Keys { layout, block_tokens, block };
    let mut lines: Vec<Line> = (0..outputs.len() * group)
        .map(|line| Line { keys: score.keys(first + line / group), greatest: f32::NEG_INFINITY, weights: [0.0; LANES] })
        .collect();
    let mut sums = vec![0.0_f32; lines.len() * width];
    let start = lines.first().map_or(0, |line| line.keys.start) / TILE;
    let end = lines.last().map_or(0, |line| line.keys.end).div_ceil(TILE);
    for tile in start..end {
        let mut at = 0;
        while at < lines.len() {
            let count = TOGETHER.min(lines.len() - at);
            let (lines, sums) = (&mut lines[at..at + count], &mut sums[at * width..(at + count) * width]);
            let queries = &queries[at * size..(at + count) * size];
            match count {
                4 => add_tile::<I, 4>(isa, score, &keys, tile, queries, lines, sums),
                3 => add_tile::<I, 3>(isa, score, &keys, tile, queries, lines, sums),
                2 => add_tile::<I, 2>(isa, score, &keys, tile, queries, lines, sums),
                _ => add_tile::<I, 1>(isa, score, &keys, tile, queries, lines, sums),
            }
            at += count;
        }
    }
    let results = outputs.iter_mut().flat_map(|output| output.chunks_exact_mut(size));
    for ((result, line), sum) in results.zip(&lines).zip(sums.chunks_exact(width)) {
        let factor = 1.0 / total(line.weights);
        for (place, value) in result.iter_mut().zip(sum) {
            *place = value * factor;
        }
    }
}

/// Adds one tile of keys to `R` lines.
#[inline(always)]
fn add_tile<'c, I: Isa, const R: usize>(
    isa: I,
    score: &Score,
    keys: &Keys<'_, impl Fn(usize) -> Option<BlockHead<'c>>>,
    tile: usize,
    queries: &[f32],
    lines: &mut [Line],
    sums: &mut [f32],
) {
    let (size, width) = (keys.layout.head_size(), keys.layout.value_width());
    let bounds = tile * TILE..(tile + 1) * TILE;
    let ranges: [Range<usize>; R] = std::array::from_fn(|line| {
        let own = &lines[line].keys;
        own.start.clamp(bounds.start, bounds.end)..own.end.clamp(bounds.start, bounds.end)
    });
    let used = ranges.iter().filter(|range| !range.is_empty());
    let (Some(low), Some(high)) = (used.clone().map(|range| range.start).min(), used.map(|range| range.end).max())
    else {
        return;
    };
    let mut weights = [[f32::NEG_INFINITY; TILE]; R];
    let query: [&[f32]; R] = std::array::from_fn(|line| &queries[line * size..][..size]);
    let (mut vector, last) = (low / LANES, high.div_ceil(LANES));
    while vector + 2 <= last {
        products::<_, R, 2>(isa, score, keys, vector, bounds.start, &query, &mut weights);
        vector += 2;
    }
    if vector < last {
        products::<_, R, 1>(isa, score, keys, vector, bounds.start, &query, &mut weights);
    }
    for line in 0..R {
        let range = ranges[line].start - bounds.start..ranges[line].end - bounds.start;
        if !range.is_empty() {
            softmax(isa, range, &mut lines[line], &mut weights[line], &mut sums[line * width..][..width]);
        }
    }
    // Keys that all lines attend to are read once. The others are added line by line, so that a
    // line never touches a key it does not attend to: that may be anything, even no number.
    let common_start = ranges.iter().map(|range| range.start).max().unwrap_or(0);
    let common_end = ranges.iter().map(|range| range.end).min().unwrap_or(0);
    let common = if common_start < common_end { common_start..common_end } else { bounds.end..bounds.end };
    for line in 0..R {
        let own = &ranges[line];
        let before = own.start..own.end.min(common.start);
        weighted::<_, 1>(isa, keys, before, bounds.start, &weights[line..], &mut sums[line * width..][..width]);
    }
    weighted::<_, R>(isa, keys, common.clone(), bounds.start, &weights, sums);
    for line in 0..R {
        let after = common.end.max(ranges[line].start)..ranges[line].end;
        weighted::<_, 1>(isa, keys, after, bounds.start, &weights[line..], &mut sums[line * width..][..width]);
    }
}

/// Scores of `R` lines and `16 V` keys from `vector` on, written at their place in the tile.
#[inline(always)]
fn products<'c, I: Isa, const R: usize, const V: usize>(
    isa: I,
    score: &Score,
    keys: &Keys<'_, impl Fn(usize) -> Option<BlockHead<'c>>>,
    vector: usize,
    tile_start: usize,
    query: &[&[f32]; R],
    weights: &mut [[f32; TILE]; R],
) {
    let size = keys.layout.head_size();
    let mut vectors: [&[[f32; LANES]]; V] = [&[]; V];
    for (at, place) in vectors.iter_mut().enumerate() {
        let Some(found) = keys.vector(vector + at) else {
            return;
        };
        *place = &found[..size];
    }
    let query: [&[f32]; R] = std::array::from_fn(|line| &query[line][..size]);
    let mut sums = [[isa.splat(0.0); V]; R];
    for component in 0..size {
        for at in 0..V {
            let key = isa.load(&vectors[at][component]);
            for line in 0..R {
                sums[line][at] = isa.multiply_add(isa.splat(query[line][component]), key, sums[line][at]);
            }
        }
    }
    let scale = isa.splat(score.scale);
    for line in 0..R {
        let places = weights[line].as_chunks_mut::<LANES>().0;
        for at in 0..V {
            let place = vector + at - tile_start / LANES;
            let scaled = isa.store(isa.multiply(sums[line][at], scale));
            places[place] = score.softcap.map_or(scaled, |cap| bend(isa, scaled, cap));
        }
    }
}

/// `cap * tanh(score / cap)`, with `tanh x = 1 - 2 / (e^2x + 1)`.
#[inline(always)]
fn bend<I: Isa>(isa: I, scores: [f32; LANES], cap: f32) -> [f32; LANES] {
    let powers = isa.store(exp(isa, isa.load(&scores.map(|score| 2.0 * (score / cap)))));
    powers.map(|power| cap * (1.0 - 2.0 / (power + 1.0)))
}

/// Turns the scores of a tile into weights, and scales down what was summed before. Keys outside
/// of `range` get weight zero.
#[inline(always)]
fn softmax<I: Isa>(isa: I, range: Range<usize>, line: &mut Line, scores: &mut [f32; TILE], sums: &mut [f32]) {
    let (first, last) = (range.start / LANES, range.end.div_ceil(LANES));
    scores[first * LANES..range.start].fill(f32::NEG_INFINITY);
    scores[range.end..last * LANES].fill(f32::NEG_INFINITY);
    let vectors = &mut scores.as_chunks_mut::<LANES>().0[..VECTORS];
    let mut greatest = isa.splat(line.greatest);
    for vector in &vectors[first..last] {
        greatest = isa.maximum(isa.load(vector), greatest);
    }
    let greatest =
        isa.store(greatest).into_iter().fold(line.greatest, |left, right| if right > left { right } else { left });
    if greatest > line.greatest && line.greatest > f32::NEG_INFINITY {
        let factor = exp(isa, isa.splat(line.greatest - greatest));
        line.weights = isa.store(isa.multiply(isa.load(&line.weights), factor));
        for lanes in sums.as_chunks_mut::<LANES>().0 {
            *lanes = isa.store(isa.multiply(isa.load(lanes), factor));
        }
    }
    line.greatest = greatest;
    let (one, shift) = (isa.splat(1.0), isa.splat(-greatest));
    let mut weights = isa.load(&line.weights);
    for (vector, lanes) in vectors.iter_mut().enumerate().take(last).skip(first) {
        *lanes = isa.store(exp(isa, isa.multiply_add(isa.load(lanes), one, shift)));
        let start = vector * LANES;
        if range.start > start || range.end < start + LANES {
            for (lane, weight) in lanes.iter_mut().enumerate() {
                if !range.contains(&(start + lane)) {
                    *weight = 0.0;
                }
            }
        }
        weights = isa.multiply_add(isa.load(lanes), one, weights);
    }
    line.weights = isa.store(weights);
}

/// Adds the weighted values of the keys `range` to the sums of `R` lines.
#[inline(always)]
fn weighted<'c, I: Isa, const R: usize>(
    isa: I,
    keys: &Keys<'_, impl Fn(usize) -> Option<BlockHead<'c>>>,
    range: Range<usize>,
    tile_start: usize,
    weights: &[[f32; TILE]],
    sums: &mut [f32],
) {
    let mut position = range.start;
    while position < range.end {
        let Some((values, count)) = keys.values(position, range.end) else {
            return;
        };
        let from = position - tile_start;
        let own: [&[f32]; R] = std::array::from_fn(|line| &weights[line][from..from + count]);
        let groups = keys.layout.value_width() / LANES;
        let mut group = 0;
        while group + 2 <= groups {
            columns::<I, R, 2>(isa, values, groups, group, &own, count, sums);
            group += 2;
        }
        if group < groups {
            columns::<I, R, 1>(isa, values, groups, group, &own, count, sums);
        }
        position += count;
    }
}

/// `16 G` columns of [`weighted`], from vector `group` of `groups` on.
#[inline(always)]
fn columns<I: Isa, const R: usize, const G: usize>(
    isa: I,
    values: &[f32],
    groups: usize,
    group: usize,
    weights: &[&[f32]; R],
    count: usize,
    sums: &mut [f32],
) {
    let weights: [&[f32]; R] = std::array::from_fn(|line| &weights[line][..count]);
    let sums = sums.as_chunks_mut::<LANES>().0;
    let mut held = [[isa.splat(0.0); G]; R];
    for line in 0..R {
        for at in 0..G {
            held[line][at] = isa.load(&sums[line * groups + group + at]);
        }
    }
    for (key, value) in values.as_chunks::<LANES>().0.chunks_exact(groups).enumerate().take(count) {
        let value = &value[group..][..G];
        for at in 0..G {
            let lanes = isa.load(&value[at]);
            for line in 0..R {
                held[line][at] = isa.multiply_add(isa.splat(weights[line][key]), lanes, held[line][at]);
            }
        }
    }
    for line in 0..R {
        for at in 0..G {
            sums[line * groups + group + at] = isa.store(held[line][at]);
        }
    }
}
