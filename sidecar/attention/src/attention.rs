//! One attention layer: all tokens of a step.

use std::sync::{Mutex, PoisonError};

use openledger_simd::{Isa, Level, Operation, RunTasks};

use crate::{
    AttentionError, AttentionPlan, LayerCache, Qkv,
    kernel::{Score, attend},
    rotary::rotate,
    rows::Split,
    work::{TOKENS_OF_TASK, Task, bins, tasks},
};

/// Multiply-adds below which a second thread costs more than it saves.
const PARALLEL_WORK: usize = 400_000;

/// Rotation of queries and keys by their positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotary {
    /// Pairs are neighbours instead of half the turned width apart.
    pub interleaved: bool,
}

/// Cosines and sines, each [positions, pairs], row-major. The first `2 * pairs` components of a
/// head are turned.
#[derive(Debug, Clone, Copy)]
pub struct RotaryTables<'a> {
    /// Cosines.
    pub cos: &'a [f32],
    /// Sines.
    pub sin: &'a [f32],
    /// Width of a row.
    pub pairs: usize,
}

/// Causal attention in which groups of query heads share a key and value head.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    heads: usize,
    kv_heads: usize,
    head_size: usize,
    rotary: Option<Rotary>,
    score: Score,
}

impl Attention {
    /// A layer with scale `1 / sqrt(head_size)`, no rotation, and every token attending to all
    /// before it.
    ///
    /// # Errors
    /// [`AttentionError::Size`] for a zero or heads that do not form equal groups,
    /// [`AttentionError::Overflow`].
    pub fn new(heads: usize, kv_heads: usize, head_size: usize) -> Result<Self, AttentionError> {
        for (what, value) in [("the number of heads", heads), ("the head size", head_size)] {
            if value == 0 {
                return Err(AttentionError::Size { what, value, rule: "positive" });
            }
        }
        if kv_heads == 0 || !heads.is_multiple_of(kv_heads) {
            let rule = "a divisor of the number of heads";
            return Err(AttentionError::Size { what: "the number of key heads", value: kv_heads, rule });
        }
        heads
            .checked_mul(2)
            .and_then(|all| all.checked_add(heads))
            .and_then(|all| all.checked_mul(head_size.checked_next_multiple_of(16)?))
            .ok_or(AttentionError::Overflow)?;
        let score = Score { scale: 1.0 / (head_size as f32).sqrt(), softcap: None, window: None };
        Ok(Self { heads, kv_heads, head_size, rotary: None, score })
    }

    /// Replaces the factor on the product of query and key.
    #[must_use]
    pub fn with_scale(mut self, scale: f32) -> Self {
        self.score.scale = scale;
        self
    }

    /// Bends scores to `softcap * tanh(score / softcap)`.
    #[must_use]
    pub fn with_softcap(mut self, softcap: f32) -> Self {
        self.score.softcap = Some(softcap);
        self
    }

    /// Lets a token attend to the last `window` tokens only, itself included; at least itself.
    #[must_use]
    pub fn with_window(mut self, window: usize) -> Self {
        self.score.window = Some(window.max(1));
        self
    }

    /// Rotates queries and keys.
    #[must_use]
    pub fn with_rotary(mut self, rotary: Rotary) -> Self {
        self.rotary = Some(rotary);
        self
    }

    /// Query heads.
    #[must_use]
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// Key and value heads.
    #[must_use]
    pub fn kv_heads(&self) -> usize {
        self.kv_heads
    }

    /// Width of one head.
    #[must_use]
    pub fn head_size(&self) -> usize {
        self.head_size
    }

    /// Stores the keys and values of all tokens of the plan, and writes what each token attends to
    /// into its row of `y` [rows, heads head_size]. Rows of nobody become zero.
    ///
    /// `tables` are needed exactly when the layer rotates.
    ///
    /// # Errors
    /// [`AttentionError::Length`] for slices or a cache of another shape,
    /// [`AttentionError::Position`], [`AttentionError::BlockBeyond`]. The cache may have taken
    /// memory then; no key was stored and `y` is unchanged.
    #[allow(clippy::too_many_arguments)]
    pub fn run(
        &self,
        plan: &AttentionPlan,
        qkv: Qkv<'_>,
        tables: Option<RotaryTables<'_>>,
        cache: &mut LayerCache,
        y: &mut [f32],
        level: Level,
        threads: &dyn RunTasks,
    ) -> Result<(), AttentionError> {
        let width = self.heads * self.head_size;
        let split = qkv.split(plan.rows(), width, self.kv_heads * self.head_size)?;
        let expected = plan.rows().checked_mul(width).ok_or(AttentionError::Overflow)?;
        if y.len() != expected {
            return Err(AttentionError::Length { what: "y", found: y.len(), expected });
        }
        self.check_cache(plan, cache)?;
        let tables = self.check_tables(plan, tables)?;
        for block in plan.spans().iter().flat_map(|span| &span.blocks) {
            cache.reserve(*block)?;
        }
        self.store(plan, &split, tables, cache);
        let owned_rows = plan.spans().last().map_or(0, |span| span.first + span.tokens);
        let (owned, nobody) = y.split_at_mut(owned_rows * width);
        nobody.fill(0.0);
        self.attend_all(plan, &split, tables, cache, owned, level, threads);
        Ok(())
    }

    fn check_cache(&self, plan: &AttentionPlan, cache: &LayerCache) -> Result<(), AttentionError> {
        let layout = cache.layout();
        let pairs = [
            ("a block of the cache", layout.block_tokens(), plan.block_tokens()),
            ("the key heads of the cache", layout.kv_heads(), self.kv_heads),
            ("a head of the cache", layout.head_size(), self.head_size),
        ];
        match pairs.into_iter().find(|(_, found, expected)| found != expected) {
            Some((what, found, expected)) => Err(AttentionError::Length { what, found, expected }),
            None => Ok(()),
        }
    }

    /// The tables if the layer rotates, with a row for every position of the plan.
    fn check_tables<'t>(
        &self,
        plan: &AttentionPlan,
        tables: Option<RotaryTables<'t>>,
    ) -> Result<Option<(Rotary, RotaryTables<'t>)>, AttentionError> {
        let Some(rotary) = self.rotary else {
            return Ok(None);
        };
        let wrong = |found, expected| AttentionError::Length { what: "the rotary tables", found, expected };
        let tables = tables.ok_or(wrong(0, 1))?;
        if tables.pairs == 0 || tables.pairs > self.head_size / 2 {
            return Err(wrong(tables.pairs, self.head_size / 2));
        }
        if tables.cos.len() != tables.sin.len() {
            return Err(wrong(tables.sin.len(), tables.cos.len()));
        }
        let limit = tables.cos.len() / tables.pairs;
        match plan.spans().iter().filter(|span| span.tokens > 0).map(|span| span.end() - 1).max() {
            Some(position) if position >= limit => Err(AttentionError::Position { position, limit }),
            _ => Ok(Some((rotary, tables))),
        }
    }

    fn store(
        &self,
        plan: &AttentionPlan,
        split: &Split<'_>,
        tables: Option<(Rotary, RotaryTables<'_>)>,
        cache: &mut LayerCache,
    ) {
        let size = self.head_size;
        let mut key = vec![0.0; size];
        for span in plan.spans() {
            for token in 0..span.tokens {
                let (row, position) = (span.first + token, span.past + token);
                let block = span.blocks[position / plan.block_tokens()];
                for head in 0..self.kv_heads {
                    turn(split.k.of(row, head * size, size), tables, position, &mut key);
                    let value = split.v.of(row, head * size, size);
                    cache.write(block, position % plan.block_tokens(), head, &key, value);
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn attend_all(
        &self,
        plan: &AttentionPlan,
        split: &Split<'_>,
        tables: Option<(Rotary, RotaryTables<'_>)>,
        cache: &LayerCache,
        y: &mut [f32],
        level: Level,
        threads: &dyn RunTasks,
    ) {
        let group = self.heads / self.kv_heads;
        let mut tasks = tasks(plan, self.kv_heads, y.chunks_exact_mut(group * self.head_size), |past, tokens| {
            let keys = past.saturating_add(tokens);
            let keys = self.score.window.map_or(keys, |window| keys.min(window.saturating_add(tokens)));
            keys.saturating_mul(tokens).saturating_mul(2 * group * self.head_size)
        });
        let run = |task: &mut Task<'_, '_>| {
            level.run(RunTask { of: self, split, tables, cache, block_tokens: plan.block_tokens(), task });
        };
        let work = tasks.iter().fold(0_usize, |sum, task| sum.saturating_add(task.work));
        let workers = if work < PARALLEL_WORK { 1 } else { threads.threads().max(1).min(tasks.len()) };
        if workers <= 1 {
            tasks.iter_mut().for_each(run);
            return;
        }
        let bins: Vec<Mutex<Vec<Task<'_, '_>>>> = bins(tasks, workers).into_iter().map(Mutex::new).collect();
        threads.run(bins.len(), &|index| {
            if let Some(bin) = bins.get(index) {
                // Never contended: every index is called once.
                bin.lock().unwrap_or_else(PoisonError::into_inner).iter_mut().for_each(run);
            }
        });
    }
}

/// A copy of a head, rotated to its position if the layer does that.
fn turn(head: &[f32], tables: Option<(Rotary, RotaryTables<'_>)>, position: usize, out: &mut [f32]) {
    match tables {
        None => out.copy_from_slice(head),
        Some((rotary, tables)) => {
            let row = position * tables.pairs..(position + 1) * tables.pairs;
            rotate(head, &tables.cos[row.clone()], &tables.sin[row], rotary.interleaved, out);
        }
    }
}

/// A task as an operation to be compiled for every level.
struct RunTask<'r, 't, 'y> {
    of: &'r Attention,
    split: &'r Split<'r>,
    tables: Option<(Rotary, RotaryTables<'r>)>,
    cache: &'r LayerCache,
    block_tokens: usize,
    task: &'r mut Task<'t, 'y>,
}

impl Operation for RunTask<'_, '_, '_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let (task, size) = (self.task, self.of.head_size);
        let group = self.of.heads / self.of.kv_heads;
        debug_assert!(task.outputs.len() <= TOKENS_OF_TASK, "a task is a tile");
        let mut queries = vec![0.0; task.outputs.len() * group * size];
        for (at, query) in queries.chunks_exact_mut(size).enumerate() {
            let (token, head) = (task.first + at / group, task.head * group + at % group);
            let position = task.span.past + token;
            turn(self.split.q.of(task.span.first + token, head * size, size), self.tables, position, query);
        }
        let heads = |block: usize| self.cache.head(*task.span.blocks.get(block)?, task.head);
        let first = task.span.past + task.first;
        attend(
            isa,
            &self.of.score,
            self.cache.layout(),
            self.block_tokens,
            heads,
            first,
            group,
            &queries,
            &mut task.outputs,
        );
    }
}
