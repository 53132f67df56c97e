//! The waiting line: one lane per adapter, served by start-time fair queueing (Goyal, Vin and Cheng 1996), so that a hot adapter
//! cannot keep the others waiting.

use std::collections::{BTreeMap, VecDeque};

use crate::slots::Generation;

/// Whose lane: an adapter's generation, or the base model.
pub(crate) type LaneKey = Option<Generation>;

struct Lane<T> {
    waiting: VecDeque<(u64, T)>,
    /// Virtual time at which its first entry starts.
    start: u64,
}

/// Entries of a known cost in lanes. Each lane gets the same share of cost while it has entries.
pub(crate) struct FairQueue<T> {
    lanes: BTreeMap<LaneKey, Lane<T>>,
    /// Start of the entry that was taken last.
    now: u64,
    length: usize,
}

impl<T> FairQueue<T> {
    pub fn new() -> Self {
        Self { lanes: BTreeMap::new(), now: 0, length: 0 }
    }

    /// Entries of all lanes.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Puts an entry at the end of its lane.
    pub fn push(&mut self, lane: LaneKey, cost: u64, entry: T) {
        // A lane that was empty starts now: time without demand gives no credit.
        let now = self.now;
        let lane = self.lanes.entry(lane).or_insert_with(|| Lane { waiting: VecDeque::new(), start: now });
        lane.waiting.push_back((cost.max(1), entry));
        self.length += 1;
    }

    /// The lanes in the order in which they are to be served.
    pub fn order(&self) -> Vec<LaneKey> {
        let mut order: Vec<(u64, LaneKey)> = self.lanes.iter().map(|(key, lane)| (lane.start, *key)).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, key)| key).collect()
    }

    /// The next entry of a lane.
    pub fn front(&self, lane: &LaneKey) -> Option<&T> {
        self.lanes.get(lane)?.waiting.front().map(|(_, entry)| entry)
    }

    /// The entries of all lanes.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.lanes.values().flat_map(|lane| &lane.waiting).map(|(_, entry)| entry)
    }

    /// Takes the next entry of a lane.
    pub fn pop(&mut self, key: &LaneKey) -> Option<T> {
        let lane = self.lanes.get_mut(key)?;
        let (cost, entry) = lane.waiting.pop_front()?;
        self.length -= 1;
        self.now = self.now.max(lane.start);
        lane.start = lane.start.saturating_add(cost);
        // A lane is kept a while after it ran dry, else leaving and coming back would wipe out what it used.
        let now = self.now;
        self.lanes.retain(|_, lane| !lane.waiting.is_empty() || lane.start > now);
        Some(entry)
    }

    /// Takes out the entries for which `out` holds.
    pub fn take(&mut self, mut out: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut taken = Vec::new();
        for lane in self.lanes.values_mut() {
            for (cost, entry) in std::mem::take(&mut lane.waiting) {
                if out(&entry) {
                    taken.push(entry);
                } else {
                    lane.waiting.push_back((cost, entry));
                }
            }
        }
        self.length -= taken.len();
        let now = self.now;
        self.lanes.retain(|_, lane| !lane.waiting.is_empty() || lane.start > now);
        taken
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lane(number: u8) -> LaneKey {
        (number > 0).then_some([number; 32])
    }

    fn next(queue: &mut FairQueue<u8>) -> Option<u8> {
        let order = queue.order();
        let key = *order.iter().find(|key| queue.front(key).is_some())?;
        queue.pop(&key)
    }

    #[test]
    fn a_latecomer_is_served_before_the_rest_of_a_hot_lane() {
        let mut queue = FairQueue::new();
        for _ in 0..100 {
            queue.push(lane(1), 10, 1);
        }
        for _ in 0..50 {
            next(&mut queue);
        }
        queue.push(lane(2), 10, 2);
        let served: Vec<u8> = (0..3).filter_map(|_| next(&mut queue)).collect();
        assert!(served.contains(&2), "{served:?}");
        assert_eq!(queue.len(), 48);
    }

    #[test]
    fn leaving_and_coming_back_gives_no_credit() {
        let mut queue = FairQueue::new();
        // Lane 2 always has entries; lane 1 sends one expensive entry at a time.
        let mut served = [0_u64; 3];
        for _ in 0..40 {
            queue.push(lane(2), 1, 2);
        }
        queue.push(lane(1), 10, 1);
        for _ in 0..33 {
            let own = next(&mut queue).unwrap();
            served[usize::from(own)] += if own == 1 { 10 } else { 1 };
            if own == 1 {
                queue.push(lane(1), 10, 1);
            }
        }
        assert!(served[1].abs_diff(served[2]) <= 10, "{served:?}");
    }

    proptest! {
        /// While two lanes both have entries, what they got differs by no more than the largest entry of each.
        #[test]
        fn lanes_with_demand_get_equal_shares(costs in prop::collection::vec(prop::collection::vec(1..40_u64, 1..60), 2..5)) {
            let mut queue = FairQueue::new();
            for (number, costs) in (0_u8..).zip(&costs) {
                for &cost in costs {
                    queue.push(lane(number), cost, number);
                }
            }
            let mut taken = vec![0_usize; costs.len()];
            let got = |taken: &[usize], number: usize| costs[number][..taken[number]].iter().sum::<u64>();
            while let Some(number) = next(&mut queue) {
                taken[usize::from(number)] += 1;
                for one in 0..costs.len() {
                    for other in 0..one {
                        let demand = |number: usize| taken[number] < costs[number].len();
                        if demand(one) && demand(other) {
                            let difference = got(&taken, one).abs_diff(got(&taken, other));
                            prop_assert!(difference <= 80, "{}", difference);
                        }
                    }
                }
            }
            prop_assert_eq!(taken, costs.iter().map(Vec::len).collect::<Vec<_>>());
        }

        /// Nothing waits for ever behind endless arrivals of another lane.
        #[test]
        fn no_lane_starves(hot in 1..40_u64, cold in 1..40_u64) {
            let mut queue = FairQueue::new();
            for _ in 0..8 {
                queue.push(lane(1), hot, 1);
            }
            queue.push(lane(2), cold, 2);
            let mut turns = 0;
            while next(&mut queue).unwrap() != 2 {
                queue.push(lane(1), hot, 1);
                turns += 1;
                prop_assert!(turns <= 2);
            }
        }
    }
}
