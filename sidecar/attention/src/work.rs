//! Cutting a step into tasks and dealing them out to threads.

use crate::{AttentionPlan, plan::OwnedSpan};

/// Tokens of one task: enough that a tile of keys is used many times while it is in the cache.
pub(crate) const TOKENS_OF_TASK: usize = 16;

/// Some tokens of one sequence in one key head.
pub(crate) struct Task<'t, 'y> {
    pub span: &'t OwnedSpan,
    /// Key and value head.
    pub head: usize,
    /// First token, counted from the beginning of the span.
    pub first: usize,
    /// Where the results of its tokens go, each [group, head_size].
    pub outputs: Vec<&'y mut [f32]>,
    /// Multiply-adds, about.
    pub work: usize,
}

/// The tasks of a step. `outputs` are the results of every row and key head, in this order;
/// `work` estimates a task from the keys before it and its tokens.
pub(crate) fn tasks<'t, 'y>(
    plan: &'t AttentionPlan,
    kv_heads: usize,
    outputs: impl Iterator<Item = &'y mut [f32]>,
    work: impl Fn(usize, usize) -> usize,
) -> Vec<Task<'t, 'y>> {
    let mut tasks: Vec<Task<'t, 'y>> = Vec::new();
    let mut outputs = outputs;
    for span in plan.spans() {
        for first in (0..span.tokens).step_by(TOKENS_OF_TASK) {
            let tokens = TOKENS_OF_TASK.min(span.tokens - first);
            let start = tasks.len();
            let work = work(span.past + first, tokens);
            tasks.extend((0..kv_heads).map(|head| Task {
                span,
                head,
                first,
                outputs: Vec::with_capacity(tokens),
                work,
            }));
            for _ in 0..tokens {
                for (task, output) in tasks[start..].iter_mut().zip(outputs.by_ref().take(kv_heads)) {
                    task.outputs.push(output);
                }
            }
        }
    }
    tasks
}

/// Deals tasks out so that all bins have about the same work: the largest first, each to the bin
/// that has the least.
pub(crate) fn bins<'t, 'y>(mut tasks: Vec<Task<'t, 'y>>, count: usize) -> Vec<Vec<Task<'t, 'y>>> {
    tasks.sort_by_key(|task| std::cmp::Reverse(task.work));
    let mut bins: Vec<(usize, Vec<Task<'t, 'y>>)> = (0..count).map(|_| (0, Vec::new())).collect();
    for task in tasks {
        if let Some((work, bin)) = bins.iter_mut().min_by_key(|(work, _)| *work) {
            *work = work.saturating_add(task.work);
            bin.push(task);
        }
    }
    bins.into_iter().map(|(_, bin)| bin).collect()
}
