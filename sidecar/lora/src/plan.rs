//! Which rows of a step belong to which adapter.

use std::sync::Arc;

use crate::Adapter;

/// The rows of one adapter.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Held for the whole step, so that replacing or unloading never frees matrices in use.
    pub adapter: Arc<Adapter>,
    /// Indices of batch rows, ascending.
    pub rows: Vec<usize>,
}

/// The rows of one step, sorted by slot. Made once per step and read by every layer.
#[derive(Debug, Clone, Default)]
pub struct StepPlan {
    row_slots: Vec<i64>,
    segments: Vec<Segment>,
}

impl StepPlan {
    /// Sorts rows by their slots. Rows whose slot has no adapter are left alone.
    #[must_use]
    pub fn new(row_slots: &[i64], adapter: impl Fn(i64) -> Option<Arc<Adapter>>) -> Self {
        let mut order: Vec<usize> = (0..row_slots.len()).collect();
        // Stable: the rows of a segment stay in the order of memory.
        order.sort_by_key(|&row| row_slots[row]);
        let segments = order
            .chunk_by(|&left, &right| row_slots[left] == row_slots[right])
            .filter_map(|rows| {
                let slot = *row_slots.get(*rows.first()?)?;
                Some(Segment { adapter: adapter(slot)?, rows: rows.to_vec() })
            })
            .collect();
        Self { row_slots: row_slots.to_vec(), segments }
    }

    /// The slot of every row, as the plan was made for.
    #[must_use]
    pub fn row_slots(&self) -> &[i64] {
        &self.row_slots
    }

    /// One entry per adapter in use, by ascending slot.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_by_slot_and_base_rows_are_left_out() {
        let adapters = [None, Some(Arc::new(Adapter::default())), Some(Arc::new(Adapter::default()))];
        let find = |slot: i64| adapters.get(usize::try_from(slot).ok()?)?.clone();
        let plan = StepPlan::new(&[2, 0, 1, 2, 1, 7], find);
        let rows: Vec<&[usize]> = plan.segments().iter().map(|segment| segment.rows.as_slice()).collect();
        assert_eq!(rows, [&[2, 4][..], &[0, 3]]);
        assert!(Arc::ptr_eq(&plan.segments()[1].adapter, adapters[2].as_ref().unwrap()));
        assert_eq!(plan.row_slots(), [2, 0, 1, 2, 1, 7]);
        assert!(StepPlan::new(&[0, 0], find).segments().is_empty());
    }
}
