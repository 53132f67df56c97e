use openledger_protocol::{
    fraud::{
        Fraud, Rejected, SumTree, Tree,
        data::{SumLeaf, SumLeaves},
        sums::{self, ClaimedTree},
    },
    merkle_sum::MerkleError,
};
use proptest::prelude::*;

fn leaves() -> impl Strategy<Value = SumLeaves> {
    let leaf = (1u128..1_000, prop::collection::vec(any::<u8>(), 0..9)).prop_map(|(sum, data)| SumLeaf { sum, data });
    prop::collection::vec(leaf, 1..40).prop_map(|leaves| SumLeaves { leaves })
}

/// What an honest builder counts.
fn exact(leaves: &SumLeaves, start: usize, end: usize) -> u128 {
    leaves.leaves[start..end].iter().map(|leaf| leaf.sum).sum()
}

proptest! {
    #![proptest_config(crate::world::cases(64))]

    #[test]
    fn one_false_sum_anywhere_is_shown(leaves in leaves(), pick: prop::sample::Index, by in 1u128..9, wrap: bool) {
        // Every node of the tree is some range; forge the one around a leaf at some depth.
        let honest = ClaimedTree::new(&leaves, |start, end| exact(&leaves, start, end));
        prop_assert_eq!(honest.tree().unwrap(), leaves.tree().unwrap());
        prop_assert_eq!(honest.prove(), None);
        let seen = std::cell::RefCell::new(Vec::new());
        let recorder = ClaimedTree::new(&leaves, |start, end| {
            seen.borrow_mut().push((start, end));
            exact(&leaves, start, end)
        });
        recorder.tree();
        let nodes = seen.take();
        let target = nodes[pick.index(nodes.len())];
        let forged = ClaimedTree::new(&leaves, |start, end| {
            let sum = exact(&leaves, start, end);
            match ((start, end) == target, wrap) {
                (false, _) => sum,
                (true, false) => sum + by,
                (true, true) => u128::MAX,
            }
        });
        let tree = forged.tree().unwrap();
        let path = forged.prove().expect("a false sum is found");
        for which in [Tree::Credits, Tree::Payouts] {
            prop_assert_eq!(sums::check(which, &tree, &path), Ok(Fraud::FalseSum { tree: which }));
        }
    }

    #[test]
    fn a_total_that_is_not_the_roots_is_shown(leaves in leaves(), by in 1u128..9) {
        let mut tree = leaves.tree().unwrap();
        tree.root.sum += by;
        let total = tree.root.sum;
        let size = leaves.leaves.len();
        let claimed = ClaimedTree::new(&leaves, |start, end| {
            if (start, end) == (0, size) { total } else { exact(&leaves, start, end) }
        });
        prop_assert_eq!(claimed.tree(), Some(tree));
        for index in 0..size {
            let path = claimed.path(index).unwrap();
            prop_assert_eq!(sums::check(Tree::Credits, &tree, &path), Ok(Fraud::FalseSum { tree: Tree::Credits }));
        }
    }

    #[test]
    fn an_honest_tree_has_no_false_sum(
        leaves in leaves(),
        pick: prop::sample::Index,
        step: prop::sample::Index,
        part in 0..6,
        by in 1u128..9,
    ) {
        let tree = leaves.tree().unwrap();
        let honest = ClaimedTree::new(&leaves, |start, end| exact(&leaves, start, end));
        let index = pick.index(leaves.leaves.len());
        let mut path = honest.path(index).unwrap();
        prop_assert_eq!(sums::check(Tree::Credits, &tree, &path), Err(Rejected::Honest));
        // Any one lie makes another tree of it.
        let steps = path.steps.len();
        match part {
            0 => path.sum += by,
            1 => path.leaf.push(0),
            _ if steps == 0 => path.sum += by,
            2 => path.steps[step.index(steps)].claimed += by,
            3 => path.steps[step.index(steps)].sibling.sum += by,
            4 => path.steps[step.index(steps)].sibling.hash[0] ^= 1,
            _ => drop(path.steps.pop()),
        }
        let refused = sums::check(Tree::Credits, &tree, &path);
        shape!(refused, Err(Rejected::BadOpening { what: "path", .. }));
    }
}

#[test]
fn a_path_is_bounded() {
    let leaves = SumLeaves { leaves: vec![SumLeaf { sum: 1, data: Vec::new() }] };
    let tree = leaves.tree().unwrap();
    let claimed = ClaimedTree::new(&leaves, |_, _| 1);
    let mut path = claimed.path(0).unwrap();
    let step = sums::Step { claimed: 1, sibling: tree.root };
    path.steps = vec![step; 65];
    assert!(matches!(sums::check(Tree::Credits, &tree, &path), Err(Rejected::TooLong { .. })));
    path.steps.clear();
    path.index = 1;
    let reason = MerkleError::IndexOutOfRange { index: 1, size: 1 };
    assert_eq!(sums::check(Tree::Credits, &tree, &path), Err(Rejected::BadOpening { what: "path", reason }));
    path.index = 0;
    let other = SumTree { root: openledger_protocol::merkle_sum::leaf(2, b""), count: 1 };
    assert!(matches!(sums::check(Tree::Credits, &other, &path), Err(Rejected::BadOpening { .. })));
}
