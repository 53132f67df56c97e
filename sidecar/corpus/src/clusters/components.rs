/// Connected components under the least row of each.
pub(super) struct Components {
    parent: Vec<u32>,
}

impl Components {
    /// Every row by itself. Rows are numbered in 32 bits; the caller has checked that.
    pub(super) fn new(rows: usize) -> Self {
        Self { parent: (0..).take(rows).collect() }
    }

    /// Least row of a row's component.
    pub(super) fn first(&mut self, mut row: u32) -> u32 {
        loop {
            let parent = self.parent(row);
            if parent == row {
                return row;
            }
            let above = self.parent(parent);
            // Halving keeps paths short without recursion.
            if let Some(slot) = self.parent.get_mut(row as usize) {
                *slot = above;
            }
            row = above;
        }
    }

    /// Makes one component of two.
    pub(super) fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.first(a), self.first(b));
        if let Some(slot) = self.parent.get_mut(a.max(b) as usize) {
            *slot = a.min(b);
        }
    }

    fn parent(&self, row: u32) -> u32 {
        self.parent.get(row as usize).copied().unwrap_or(row)
    }
}
