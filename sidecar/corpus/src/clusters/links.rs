use std::collections::HashMap;

use openledger_protocol::{Hash, digest::tagged, merkle};

use super::{Clusters, components::Components};

/// Rows joined so far; the order in which they are joined does not show in the clusters.
pub struct Links {
    components: Components,
    rows: usize,
}

impl Links {
    /// Every row by itself. Rows are numbered in 32 bits; [`Settings::check`](super::Settings::check) refuses more.
    pub fn new(rows: usize) -> Self {
        Self { components: Components::new(rows), rows }
    }

    /// Whether two rows are in one cluster already.
    pub fn joined(&mut self, a: u32, b: u32) -> bool {
        self.components.first(a) == self.components.first(b)
    }

    /// Makes one cluster of those of two rows.
    pub fn join(&mut self, a: u32, b: u32) {
        self.components.join(a, b);
    }

    /// The clusters, given the digest of each row that [`Self::new`] counted.
    pub fn clusters(mut self, digest: impl Fn(u32) -> Option<Hash>) -> Clusters {
        let mut number: HashMap<u32, u32> = HashMap::new();
        let mut of_row = Vec::with_capacity(self.rows);
        let mut members: Vec<Vec<u32>> = Vec::new();
        for row in (0..).take(self.rows) {
            let next = u32::try_from(members.len()).unwrap_or(u32::MAX);
            let cluster = *number.entry(self.components.first(row)).or_insert(next);
            of_row.push(cluster);
            match members.get_mut(cluster as usize) {
                Some(rows) => rows.push(row),
                None => members.push(vec![row]),
            }
        }
        let leaf = |members: &Vec<u32>| {
            let digests = members.iter().filter_map(|row| digest(*row)).flatten();
            tagged("near-duplicates", &digests.collect::<Vec<u8>>())
        };
        let leaves: Vec<Hash> = members.iter().map(leaf).collect();
        Clusters { of_row, root: merkle::root(&leaves), rows: members }
    }
}
