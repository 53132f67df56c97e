//! One linear layer: all tokens of a step, all adapters.

use std::sync::{Mutex, PoisonError};

use openledger_simd::{Isa, Level, Operation, RunTasks};

use crate::{
    Adapter, LoraError, StepPlan,
    kernel::{Token, add_module},
};

/// Multiply-adds below which a second thread costs more than it saves: about 10 microseconds of
/// work against the few microseconds that the pool takes.
const PARALLEL_WORK: usize = 400_000;
/// Multiply-adds in whose time one weight comes from memory. Each adapter's are read once, however
/// few its tokens are; two threads read nearly twice as fast as one.
const READING: usize = 6;
/// Tokens of one task are a multiple of this, the number the kernel handles together.
const TASK_UNIT: usize = 4;
/// Pieces of work for each thread: more than one, so that nobody waits long for a thread that came late.
const PIECES: usize = 2;

/// One module of a layer: q, k and v are three parts of a packed projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Index of the site, by which adapters know the module.
    pub site: usize,
    /// Number of the layer's columns that belong to it.
    pub out_features: usize,
}

/// A linear layer [in_features, out_features] whose columns are the parts in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    parts: Vec<Part>,
    out_features: usize,
}

/// Tokens of one adapter that one thread handles.
struct Task<'t, 'v> {
    adapter: &'t Adapter,
    tokens: &'t mut [Token<'v>],
}

/// A task as an operation to be compiled for every level.
struct RunTask<'r, 't, 'v> {
    parts: &'r [Part],
    /// The adapter whose task follows.
    next: Option<&'r Adapter>,
    task: &'r mut Task<'t, 'v>,
}

impl<'r> Operation for RunTask<'r, '_, '_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let first_of = |adapter: &'r Adapter| self.parts.iter().find_map(|part| adapter.module(part.site));
        let following = self.next.and_then(first_of);
        let mut start = 0;
        for (index, part) in self.parts.iter().enumerate() {
            if let Some(module) = self.task.adapter.module(part.site) {
                let own = self.parts[index + 1..].iter().find_map(|part| self.task.adapter.module(part.site));
                add_module(isa, module, own.or(following), start, self.task.tokens);
            }
            start += part.out_features;
        }
    }
}

impl Layer {
    /// A layer of the given parts.
    ///
    /// # Errors
    /// [`LoraError::Overflow`] when the widths do not add up, [`LoraError::Length`] without columns.
    pub fn new(parts: Vec<Part>) -> Result<Self, LoraError> {
        let sum = parts.iter().try_fold(0_usize, |sum, part| sum.checked_add(part.out_features));
        let out_features = sum.ok_or(LoraError::Overflow)?;
        if out_features == 0 {
            return Err(LoraError::Length { what: "the layer", found: 0, expected: 1 });
        }
        Ok(Self { parts, out_features })
    }

    /// Width of `y`.
    #[must_use]
    pub fn out_features(&self) -> usize {
        self.out_features
    }

    /// Adds every row's delta to `y`.
    ///
    /// `x` is [rows, tokens, in_features] and `y` [rows, tokens, out_features], row-major, with the
    /// rows of the plan; `in_features` and the number of tokens of a row follow from the lengths.
    /// Rows without an adapter keep their bits.
    ///
    /// # Errors
    /// [`LoraError::Length`] for slices that are no whole number of tokens and rows,
    /// [`LoraError::Shape`] when an adapter's module has another shape. `y` is unchanged then.
    pub fn add(
        &self,
        plan: &StepPlan,
        in_features: usize,
        x: &[f32],
        y: &mut [f32],
        level: Level,
        threads: &dyn RunTasks,
    ) -> Result<(), LoraError> {
        if plan.segments().is_empty() {
            return Ok(());
        }
        let tokens_of_row = self.tokens_of_row(plan, in_features, x, y)?;
        let mut work = 0_usize;
        for segment in plan.segments() {
            let of_token = self.work(&segment.adapter, in_features)?;
            let tokens = segment.rows.len().saturating_mul(tokens_of_row);
            work = work.saturating_add(of_token.saturating_mul(tokens.saturating_add(READING)));
        }
        if work == 0 {
            return Ok(());
        }
        let mut outputs: Vec<Option<&mut [f32]>> = y.chunks_exact_mut(self.out_features).map(Some).collect();
        let mut tokens = Vec::with_capacity(outputs.len());
        for row in plan.segments().iter().flat_map(|segment| &segment.rows) {
            for token in row * tokens_of_row..(row + 1) * tokens_of_row {
                if let Some(y) = outputs.get_mut(token).and_then(Option::take) {
                    tokens.push(Token { x: &x[token * in_features..][..in_features], y });
                }
            }
        }
        let workers = if work < PARALLEL_WORK { 1 } else { threads.threads().max(1) };
        let share = tokens.len().div_ceil(workers).next_multiple_of(TASK_UNIT);
        let mut tasks = cut(plan, tokens_of_row, &mut tokens, share);
        if workers == 1 || tasks.len() == 1 {
            self.run(level, &mut tasks);
        } else {
            let pieces = pieces(&mut tasks, workers.saturating_mul(PIECES));
            threads.run(pieces.len(), &|index| {
                if let Some(piece) = pieces.get(index) {
                    // Never contended: every index is called once.
                    self.run(level, &mut piece.lock().unwrap_or_else(PoisonError::into_inner));
                }
            });
        }
        Ok(())
    }

    /// One task after the other.
    fn run(&self, level: Level, tasks: &mut [Task<'_, '_>]) {
        let mut rest = tasks.iter_mut().peekable();
        while let Some(task) = rest.next() {
            let next = rest.peek().map(|next| next.adapter);
            level.run(RunTask { parts: &self.parts, next, task });
        }
    }

    fn tokens_of_row(&self, plan: &StepPlan, in_features: usize, x: &[f32], y: &[f32]) -> Result<usize, LoraError> {
        let rows = plan.row_slots().len();
        let row_width = rows.checked_mul(self.out_features).filter(|&width| width > 0).ok_or(LoraError::Overflow)?;
        let tokens_of_row = y.len() / row_width;
        let exact = |width: usize| {
            rows.checked_mul(tokens_of_row).and_then(|tokens| tokens.checked_mul(width)).ok_or(LoraError::Overflow)
        };
        for (what, found, width) in [("y", y.len(), self.out_features), ("x", x.len(), in_features)] {
            let expected = exact(width)?;
            if found != expected {
                return Err(LoraError::Length { what, found, expected });
            }
        }
        Ok(tokens_of_row)
    }

    /// Multiply-adds of one token, after checking the shapes.
    fn work(&self, adapter: &Adapter, in_features: usize) -> Result<usize, LoraError> {
        let mut work = 0_usize;
        for part in &self.parts {
            let Some(module) = adapter.module(part.site) else {
                continue;
            };
            if module.in_features() != in_features || module.out_features() != part.out_features {
                return Err(LoraError::Shape {
                    site: part.site,
                    found_in: module.in_features(),
                    found_out: module.out_features(),
                    layer_in: in_features,
                    layer_out: part.out_features,
                });
            }
            work = work.saturating_add(module.work());
        }
        Ok(work)
    }
}

/// Tasks in at most `count` pieces of about the same work. Neighbours stay together: while the weights of one are used, those
/// of the next are asked for.
fn pieces<'p, 't, 'v>(tasks: &'p mut [Task<'t, 'v>], count: usize) -> Vec<Mutex<&'p mut [Task<'t, 'v>]>> {
    let work = |task: &Task<'_, '_>| task.tokens.len().saturating_add(READING);
    let share = tasks.iter().map(work).sum::<usize>().div_ceil(count.max(1));
    let mut pieces = Vec::with_capacity(count);
    let mut rest = tasks;
    while !rest.is_empty() {
        let mut done = 0;
        let ends = rest.iter().position(|task| {
            done += work(task);
            done >= share
        });
        let (piece, tail) = rest.split_at_mut(ends.map_or(rest.len(), |last| last + 1));
        pieces.push(Mutex::new(piece));
        rest = tail;
    }
    pieces
}

/// Cuts the tokens, which are in the order of the segments, into tasks of at most `share` tokens.
fn cut<'t, 'v>(
    plan: &'t StepPlan,
    tokens_of_row: usize,
    tokens: &'t mut [Token<'v>],
    share: usize,
) -> Vec<Task<'t, 'v>> {
    let mut tasks = Vec::with_capacity(plan.segments().len());
    let mut rest = tokens;
    for segment in plan.segments() {
        let mut left = segment.rows.len().saturating_mul(tokens_of_row);
        while left > 0 && !rest.is_empty() {
            let count = left.min(share.max(1)).min(rest.len());
            let (head, tail) = rest.split_at_mut(count);
            tasks.push(Task { adapter: &segment.adapter, tokens: head });
            (rest, left) = (tail, left - count);
        }
    }
    tasks
}
