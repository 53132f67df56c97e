//! Random histories against a plain model: whatever members and reviewers do, in any order, the contract's lists and
//! roots equal those of a few vectors.

use cosmwasm_std::Uint64;
use datanets::msg::{ClustersResponse, ExecuteMsg, Membership, QueryMsg, Reason, Status};
use openledger_contract_kit::Digest;
use openledger_protocol::merkle;
use proptest::prelude::*;

use crate::suite::{digest, params, Suite};

#[derive(Debug, Clone)]
enum Step {
    Offer { who: u8, rows: u8 },
    Accept { who: u8, id: u8 },
    Reject { who: u8, id: u8 },
    Publish { who: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    // Reviews come mostly from the owner and mostly name contributions that exist, so that histories get somewhere.
    let reviewer = prop_oneof![4 => Just(0u8), 1 => 0u8..4].boxed();
    let id = 0u8..10;
    prop_oneof![
        5 => (0u8..4, 1u8..12).prop_map(|(who, rows)| Step::Offer { who, rows }),
        5 => (reviewer.clone(), id.clone()).prop_map(|(who, id)| Step::Accept { who, id }),
        2 => (reviewer.clone(), id).prop_map(|(who, id)| Step::Reject { who, id }),
        1 => reviewer.prop_map(|who| Step::Publish { who }),
    ]
}

/// Account 0 owns the Datanet, 1 and 2 are members, 3 is a stranger.
const NAMES: [&str; 4] = ["owner", "ann", "ben", "stranger"];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Pending,
    Accepted,
    Rejected,
}

#[derive(Default)]
struct Model {
    /// Contributor, rows and fate by contribution id - 1.
    offers: Vec<(u8, u8, Option<Fate>)>,
    /// Contribution ids by cluster.
    clusters: Vec<usize>,
    /// Clusters of each version.
    versions: Vec<usize>,
}

impl Model {
    fn fate(&self, id: u8) -> Option<Fate> {
        usize::from(id).checked_sub(1).and_then(|at| self.offers.get(at)).and_then(|offer| offer.2)
    }

    fn offer(&mut self, who: u8, rows: u8) -> bool {
        let alive = |o: &&(u8, u8, Option<Fate>)| o.2 != Some(Fate::Rejected);
        let known = self.offers.iter().filter(alive).any(|o| o.1 == rows);
        let pending = self.offers.iter().filter(|o| o.0 == who && o.2 == Some(Fate::Pending)).count();
        let ok = who < 3 && !known && pending < params().max_pending as usize;
        if ok {
            self.offers.push((who, rows, Some(Fate::Pending)));
        }
        ok
    }

    fn decide(&mut self, who: u8, id: u8, fate: Fate) -> bool {
        let full = fate == Fate::Accepted && self.clusters.len() >= params().max_clusters as usize;
        let ok = who == 0 && self.fate(id) == Some(Fate::Pending) && !full;
        if ok {
            self.offers[usize::from(id) - 1].2 = Some(fate);
            if fate == Fate::Accepted {
                self.clusters.push(usize::from(id));
            }
        }
        ok
    }

    fn root(&self, clusters: usize) -> Digest {
        let leaves: Vec<Digest> = self.clusters[..clusters].iter().map(|id| digest(self.offers[id - 1].1)).collect();
        Digest::new(merkle::root(&leaves))
    }

    fn publish(&mut self, who: u8) -> bool {
        let ok = who == 0 && self.clusters.len() > self.versions.last().copied().unwrap_or(0);
        if ok {
            self.versions.push(self.clusters.len());
        }
        ok
    }
}

fn apply(suite: &mut Suite, model: &mut Model, id: u64, step: &Step) -> (bool, bool) {
    let datanet_id = Uint64::new(id);
    match *step {
        Step::Offer { who, rows } => {
            (model.offer(who, rows), suite.contribute(NAMES[usize::from(who)], id, digest(rows)).is_ok())
        }
        Step::Accept { who, id: contribution } => (
            model.decide(who, contribution, Fate::Accepted),
            suite.accept(NAMES[usize::from(who)], id, u64::from(contribution)).is_ok(),
        ),
        Step::Reject { who, id: contribution } => {
            let contribution_id = Uint64::from(contribution);
            let msg = ExecuteMsg::Reject { datanet_id, contribution_id, reason: Reason::Quality };
            (model.decide(who, contribution, Fate::Rejected), suite.exec(NAMES[usize::from(who)], msg).is_ok())
        }
        Step::Publish { who } => {
            let root = model.root(model.clusters.len());
            (model.publish(who), suite.publish(NAMES[usize::from(who)], id, root).is_ok())
        }
    }
}

fn check(suite: &Suite, model: &Model, id: u64) {
    let datanet = suite.datanet(id);
    assert_eq!(datanet.contributions.u64(), model.offers.len() as u64);
    assert_eq!(datanet.clusters as usize, model.clusters.len());
    assert_eq!(datanet.latest_version as usize, model.versions.len());
    for (at, offer) in model.offers.iter().enumerate() {
        let fate = match suite.contribution(id, at as u64 + 1).status {
            Status::Pending {} => Fate::Pending,
            Status::Accepted { cluster, .. } => {
                assert_eq!(model.clusters[cluster as usize], at + 1);
                Fate::Accepted
            }
            Status::Rejected { .. } => Fate::Rejected,
        };
        assert_eq!(Some(fate), offer.2);
    }
    for (at, size) in model.versions.iter().enumerate() {
        let (datanet_id, version) = (Uint64::new(id), at as u32 + 1);
        let found: datanets::msg::Version = suite.query(&QueryMsg::Version { datanet_id, version }).unwrap();
        assert_eq!(found.content_root, model.root(*size));
        let list: ClustersResponse = suite.query(&QueryMsg::Clusters { datanet_id, version }).unwrap();
        let ids: Vec<usize> = list.clusters.iter().map(|c| c.contribution_id.u64() as usize).collect();
        assert_eq!(ids, model.clusters[..*size]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_history_equals_the_model(steps in prop::collection::vec(step(), 1..90)) {
        let mut suite = Suite::new();
        let id = suite.create("owner", Membership::Open).unwrap();
        suite.join("ann", id).unwrap();
        suite.join("ben", id).unwrap();
        let mut model = Model::default();
        for step in &steps {
            let (expected, happened) = apply(&mut suite, &mut model, id, step);
            prop_assert_eq!(expected, happened, "{:?}", step);
        }
        check(&suite, &model, id);
    }
}
