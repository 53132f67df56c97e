use openledger_protocol::{
    Message, Payout, Scope,
    fraud::{
        Absence, Culprit, Fraud, LeafProblem, Rejected, Tree,
        data::{SumLeaf, SumLeaves},
        payout::{self, CreditRange, EpochProof, Place},
    },
};
use proptest::prelude::*;

use crate::world::{Epoch, World, scope, world};

fn shown(epoch: &Epoch) -> Option<Fraud> {
    let proof = payout::prove(&epoch.facts, &epoch.data()).unwrap()?;
    let fraud = match proof {
        EpochProof::Leaf(leaf) => payout::check_leaf(&epoch.facts, &leaf),
        EpochProof::Order(first, second) => payout::check_order(&epoch.facts, &first, &second),
        EpochProof::Payout(proof) => payout::check(&epoch.facts, &proof),
    };
    let fraud = fraud.unwrap();
    assert_eq!(fraud.culprit(), Culprit::Validators);
    Some(fraud)
}

fn leaf(payee: &str, amount: u128) -> SumLeaf {
    let payout = Payout { scope: Some(scope()), payee: payee.into(), cumulative_amount: amount.to_string() };
    SumLeaf { sum: amount, data: payout.encode_to_vec() }
}

fn payee(leaf: &SumLeaf) -> String {
    Payout::decode(leaf.data.as_slice()).unwrap().payee
}

fn last(world: &World) -> &Epoch {
    world.epochs.last().unwrap()
}

/// The last epoch with its payouts changed.
fn forge(world: &World, change: impl FnOnce(&mut Vec<SumLeaf>)) -> Epoch {
    let epoch = last(world);
    let mut leaves = epoch.payouts.leaves.clone();
    change(&mut leaves);
    epoch.with_payouts(SumLeaves { leaves })
}

proptest! {
    #![proptest_config(crate::world::cases(64))]

    #[test]
    fn a_payout_that_disagrees_with_its_credits_is_shown(world in world(), pick: prop::sample::Index, by in 1u128..9) {
        let at = pick.index(last(&world).payouts.leaves.len());
        let honest = last(&world).payouts.leaves[at].clone();
        let (who, earned) = (payee(&honest), honest.sum);
        let wrong = |claimed, expected| {
            Some(Fraud::WrongPayout { payee: who.clone(), claimed, expected: Some(expected) })
        };
        let more = forge(&world, |leaves| leaves[at] = leaf(&who, earned + by));
        prop_assert_eq!(shown(&more), wrong(earned + by, earned));
        if earned > by {
            let less = forge(&world, |leaves| leaves[at] = leaf(&who, earned - by));
            prop_assert_eq!(shown(&less), wrong(earned - by, earned));
        }
        let gone = forge(&world, |leaves| drop(leaves.remove(at)));
        prop_assert_eq!(shown(&gone), wrong(0, earned));
        let stranger = forge(&world, |leaves| {
            leaves.push(leaf("wasm1zz", by));
            leaves.sort_by_key(payee);
        });
        let expected = Fraud::WrongPayout { payee: "wasm1zz".into(), claimed: by, expected: Some(0) };
        prop_assert_eq!(shown(&stranger), Some(expected));
        let nobody = forge(&world, Vec::clear);
        shape!(shown(&nobody), Some(Fraud::WrongPayout { claimed: 0, .. }));
        // Money moved from one to another: the total is right, both payouts are wrong.
        if at > 0 && earned > by {
            let moved = forge(&world, |leaves| {
                leaves[at] = leaf(&who, earned - by);
                leaves[0] = leaf(&payee(&leaves[0]), leaves[0].sum + by);
            });
            let fraud = shown(&moved);
            shape!(fraud, Some(Fraud::WrongPayout { .. }));
        }
    }

    #[test]
    fn payouts_out_of_order_or_broken_are_shown(world in world(), pick: prop::sample::Index) {
        let epoch = last(&world);
        let at = pick.index(epoch.payouts.leaves.len() - 1);
        let disorder = Some(Fraud::OutOfOrder { tree: Tree::Payouts, index: at as u64 });
        let swapped = forge(&world, |leaves| leaves.swap(at, at + 1));
        let fraud = shown(&swapped);
        shape!(fraud, Some(Fraud::OutOfOrder { tree: Tree::Payouts, .. }));
        let twice = forge(&world, |leaves| leaves.insert(at, leaves[at].clone()));
        prop_assert_eq!(shown(&twice), disorder);

        let honest = epoch.payouts.leaves[at].clone();
        let who = payee(&honest);
        let broken = |leaf: SumLeaf| match shown(&forge(&world, |leaves| leaves[at] = leaf)) {
            Some(Fraud::BrokenPayout { index, problem }) if index == at as u64 => problem,
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(broken(leaf(&who, 0)), LeafProblem::Zero);
        prop_assert_eq!(broken(leaf("", 5)), LeafProblem::Payee(0));
        let sum = honest.sum + 1;
        let other = LeafProblem::OtherSum { sum, amount: honest.sum };
        prop_assert_eq!(broken(SumLeaf { sum, ..honest.clone() }), other);
        let longer = [&honest.data[..], &[0x78, 1]].concat();
        prop_assert_eq!(broken(SumLeaf { data: longer, ..honest.clone() }), LeafProblem::NotCanonical);
        prop_assert_eq!(broken(SumLeaf { data: vec![0xff], ..honest.clone() }), LeafProblem::Undecodable);
        let scope = Some(Scope { contract: "wasm1other".into(), ..scope() });
        let foreign = Payout { scope, payee: who, cumulative_amount: honest.sum.to_string() };
        prop_assert_eq!(broken(SumLeaf { sum: honest.sum, data: foreign.encode_to_vec() }), LeafProblem::OtherScope);
    }

    /// A broken leaf decides a challenge of a payout as well, whatever was to be shown about the payee.
    #[test]
    fn a_broken_payout_decides_the_challenge_that_opens_it(world in world(), pick: prop::sample::Index) {
        let at = pick.index(last(&world).payouts.leaves.len());
        let honest = last(&world).payouts.leaves[at].clone();
        let who = payee(&honest);
        let forged = forge(&world, |leaves| leaves[at].sum += 1);
        let proof = payout::show(&forged.facts, &forged.data(), &who).unwrap();
        let problem = LeafProblem::OtherSum { sum: honest.sum + 1, amount: honest.sum };
        let expected = Fraud::BrokenPayout { index: at as u64, problem };
        prop_assert_eq!(payout::check(&forged.facts, &proof), Ok(expected));
    }

    #[test]
    fn an_honest_payout_is_never_wrong(world in world()) {
        for epoch in &world.epochs {
            prop_assert_eq!(shown(epoch), None);
            for payee in epoch.payees() {
                let proof = payout::show(&epoch.facts, &epoch.data(), &payee).unwrap();
                prop_assert_eq!(payout::check(&epoch.facts, &proof), Err(Rejected::Honest), "{}", payee);
            }
        }
    }

    #[test]
    fn half_a_proof_is_refused(world in world(), pick: prop::sample::Index, which: prop::sample::Index) {
        let epoch = last(&world);
        let payees: Vec<String> = epoch.payees().into_iter().collect();
        let payee = &payees[pick.index(payees.len())];
        let honest = payout::show(&epoch.facts, &epoch.data(), payee).unwrap();
        let check = |proof: &payout::PayoutProof| payout::check(&epoch.facts, proof);

        let mut fewer = honest.clone();
        fewer.credits.pop();
        let (got, expected) = (fewer.credits.len(), epoch.batches.len());
        prop_assert_eq!(check(&fewer), Err(Rejected::BatchCount { got, expected }));
        let mut more = honest.clone();
        more.credits.push(CreditRange::None(Absence::default()));
        shape!(check(&more), Err(Rejected::BatchCount { .. }));

        let mut timeless = honest.clone();
        timeless.before = match &honest.before {
            Some(_) => None,
            None => Some(Place::Absent(Absence::default())),
        };
        prop_assert_eq!(check(&timeless), Err(Rejected::PreviousPayout));

        let batch = which.index(epoch.batches.len());
        if let CreditRange::Some(own) = &honest.credits[batch] {
            let with = |change: &dyn Fn(&mut payout::OwnCredits)| {
                let mut own = own.clone();
                change(&mut own);
                let mut proof = honest.clone();
                proof.credits[batch] = CreditRange::Some(own);
                check(&proof)
            };
            let wrong = Err(Rejected::WrongRange { batch });
            let leaves = &epoch.batches[batch];
            if own.last.index > own.first.index {
                // Leaving credits out at either end.
                prop_assert_eq!(with(&|own| own.last = own.first.clone()), wrong.clone());
                prop_assert_eq!(with(&|own| own.first = own.last.clone()), wrong.clone());
                let inner = leaves.open(own.first.index + 1).unwrap();
                let shorter = with(&|own| {
                    own.before = Some(own.first.clone());
                    own.first = inner.clone();
                });
                prop_assert_eq!(shorter, wrong.clone());
            }
            if let Some(before) = own.before.clone() {
                prop_assert_eq!(with(&|own| own.before = None), wrong.clone());
                // Taking another's credit in.
                let wider = with(&|own| {
                    own.first = before.clone();
                    own.before = before.index.checked_sub(1).map(|index| leaves.open(index).unwrap());
                });
                prop_assert_eq!(wider, wrong.clone());
            }
            if own.after.is_some() {
                prop_assert_eq!(with(&|own| own.after = None), wrong.clone());
            }
            let lifted = with(&|own| own.inside[0].sum += 1);
            shape!(lifted, Err(Rejected::BadOpening { what: "range", .. }));
            let mut absent = honest.clone();
            absent.credits[batch] = CreditRange::None(leaves.absence_at(own.first.index as usize).unwrap());
            prop_assert_eq!(check(&absent), Err(Rejected::NotAround { what: "credit" }));
        }

        // Another payee's leaf, or an absence where there is none.
        if let Place::At(own) = &honest.now {
            let size = epoch.payouts.leaves.len() as u64;
            let mut other = honest.clone();
            other.now = Place::At(epoch.payouts.open((own.index + 1) % size).unwrap());
            let expected = if size > 1 { Rejected::OtherPayee { what: "payout" } } else { Rejected::Honest };
            prop_assert_eq!(check(&other), Err(expected));
            let mut gone = honest.clone();
            gone.now = Place::Absent(epoch.payouts.absence_at(own.index as usize).unwrap());
            prop_assert_eq!(check(&gone), Err(Rejected::NotAround { what: "payout" }));
        }
    }
}

#[test]
fn the_payee_and_the_batches_are_bounded() {
    use openledger_protocol::fraud::{EpochFacts, payout::PayoutProof};
    let empty = SumLeaves::default();
    let tree = empty.tree().unwrap();
    let facts = EpochFacts { scope: scope(), payouts: tree, previous: None, batches: vec![tree; 65] };
    let now = Place::Absent(Absence::default());
    let none = vec![CreditRange::None(Absence::default()); 65];
    let proof = PayoutProof { payee: "p".into(), now, before: None, credits: none };
    let refused = payout::check(&facts, &proof);
    assert!(matches!(refused, Err(Rejected::TooLong { what: "batches", .. })), "{refused:?}");
    let long = PayoutProof { payee: "p".repeat(91), ..proof.clone() };
    assert!(matches!(payout::check(&facts, &long), Err(Rejected::TooLong { what: "payee", .. })));
    // Nobody earned anything in no batch.
    let none = EpochFacts { batches: Vec::new(), ..facts };
    let proof = PayoutProof { credits: Vec::new(), ..proof };
    assert_eq!(payout::check(&none, &proof), Err(Rejected::Honest));
}
