//! Random histories against a plain model: whatever members and reviewers do, in any order, the contract's lists, roots and
//! money equal those of a few vectors.

use cosmwasm_std::{Uint128, Uint64};
use datanets::{
    client::Datanets,
    commitment::commitment,
    msg::{ClustersResponse, ExecuteMsg, Membership, Params, QueryMsg, Reason, Removal, Status},
};
use openledger_contract_kit::{Bps, Digest};
use openledger_protocol::merkle;
use proptest::prelude::*;

use crate::{
    request_withdrawal::withdrawal,
    suite::{contribute_msg, digest, params, Suite, RICH},
};

#[derive(Debug, Clone)]
enum Step {
    Offer { who: u8, rows: u8 },
    Commit { who: u8, rows: u8 },
    Reveal { who: u8, rows: u8 },
    Accept { who: u8, id: u8 },
    Reject { who: u8, id: u8, spam: bool },
    Withdraw { who: u8, id: u8 },
    Poison { id: u8 },
    Publish { who: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    // Reviews come mostly from the owner and mostly name contributions that exist, so that histories get somewhere.
    let reviewer = prop_oneof![4 => Just(0u8), 1 => 0u8..4].boxed();
    let (who, id, rows) = (0u8..4, 0u8..10, 1u8..12);
    prop_oneof![
        4 => (who.clone(), rows.clone()).prop_map(|(who, rows)| Step::Offer { who, rows }),
        3 => (who.clone(), rows.clone()).prop_map(|(who, rows)| Step::Commit { who, rows }),
        4 => (who.clone(), rows).prop_map(|(who, rows)| Step::Reveal { who, rows }),
        5 => (reviewer.clone(), id.clone()).prop_map(|(who, id)| Step::Accept { who, id }),
        2 => (reviewer.clone(), id.clone(), any::<bool>()).prop_map(|(who, id, spam)| Step::Reject { who, id, spam }),
        2 => (who, id.clone()).prop_map(|(who, id)| Step::Withdraw { who, id }),
        1 => id.prop_map(|id| Step::Poison { id }),
        2 => reviewer.prop_map(|who| Step::Publish { who }),
    ]
}

/// Account 0 owns the Datanet, 1 and 2 are members, 3 is a stranger.
const NAMES: [&str; 4] = ["owner", "ann", "ben", "stranger"];
const DEPOSIT: u128 = 7;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Pending,
    Accepted,
    Rejected,
    Withdrawn,
    TakenOut,
    Poison,
}

struct Offer {
    who: u8,
    rows: u8,
    fate: Fate,
    precedence: u64,
}

struct Model {
    offers: Vec<Offer>,
    /// Who, rows and precedence.
    commitments: Vec<(u8, u8, u64)>,
    precedence: u64,
    /// Contribution ids by cluster; nothing where the rows are out.
    clusters: Vec<(usize, bool)>,
    /// Clusters of each version.
    versions: Vec<Vec<(usize, bool)>>,
    /// OPEN by account.
    money: [u128; 4],
}

impl Model {
    fn new() -> Self {
        let (offers, commitments, clusters, versions) = (vec![], vec![], vec![], vec![]);
        Self { offers, commitments, precedence: 0, clusters, versions, money: [RICH; 4] }
    }

    fn pending(&mut self, id: u8) -> Option<&mut Offer> {
        let at = usize::from(id).checked_sub(1)?;
        self.offers.get_mut(at).filter(|offer| offer.fate == Fate::Pending)
    }

    fn commit(&mut self, who: u8, rows: u8) -> bool {
        let open = self.commitments.iter().filter(|c| c.0 == who).count();
        let known = self.commitments.iter().any(|c| (c.0, c.1) == (who, rows));
        let ok = who < 3 && !known && open < params().max_pending as usize;
        if ok {
            self.precedence += 1;
            self.commitments.push((who, rows, self.precedence));
        }
        ok
    }

    fn offer(&mut self, who: u8, rows: u8, reveal: bool) -> bool {
        let commitment = self.commitments.iter().position(|c| (c.0, c.1) == (who, rows));
        let precedence = match (reveal, commitment) {
            (true, Some(at)) => self.commitments[at].2,
            (true, None) => return false,
            (false, _) => self.precedence + 1,
        };
        let alive = |o: &Offer| o.rows == rows && matches!(o.fate, Fate::Pending | Fate::Accepted);
        let poison = |o: &Offer| o.rows == rows && o.fate == Fate::Poison;
        let known = self.offers.iter().position(poison).or_else(|| self.offers.iter().position(alive));
        if known.is_some_and(|at| self.offers[at].fate != Fate::Pending || self.offers[at].precedence < precedence) {
            return false;
        }
        let displaced = |at: usize| Some(at) == known;
        let waiting = |(at, o): &(usize, &Offer)| o.who == who && o.fate == Fate::Pending && !displaced(*at);
        let pending = self.offers.iter().enumerate().filter(waiting).count();
        if who == 3 || pending >= params().max_pending as usize {
            return false;
        }
        if let Some(at) = known {
            self.offers[at].fate = Fate::Rejected;
            self.money[usize::from(self.offers[at].who)] += DEPOSIT;
        }
        match (reveal, commitment) {
            (true, Some(at)) => drop(self.commitments.remove(at)),
            _ => self.precedence = precedence,
        }
        self.money[usize::from(who)] -= DEPOSIT;
        self.offers.push(Offer { who, rows, fate: Fate::Pending, precedence });
        true
    }

    fn decide(&mut self, who: u8, id: u8, fate: Fate, spam: bool) -> bool {
        let full = fate == Fate::Accepted && self.clusters.len() >= params().max_clusters as usize;
        let Some(offer) = self.pending(id) else { return false };
        let allowed = if fate == Fate::Withdrawn { who == offer.who } else { who == 0 };
        if !allowed || full {
            return false;
        }
        offer.fate = fate;
        let to = if spam { who } else { offer.who };
        self.money[usize::from(to)] += DEPOSIT;
        if fate == Fate::Accepted {
            self.clusters.push((usize::from(id), true));
        }
        true
    }

    /// Takes an accepted contribution out, or finds that one that was taken back is poison.
    fn take_out(&mut self, id: u8, fate: Fate) -> bool {
        let Some(at) = usize::from(id).checked_sub(1).filter(|at| *at < self.offers.len()) else { return false };
        let known = self.offers[at].fate;
        if known != Fate::Accepted && (known, fate) != (Fate::TakenOut, Fate::Poison) {
            return false;
        }
        self.offers[at].fate = fate;
        self.clusters.iter_mut().filter(|cluster| cluster.0 == at + 1).for_each(|cluster| cluster.1 = false);
        true
    }

    fn withdraw(&mut self, who: u8, id: u8) -> bool {
        let owner = usize::from(id).checked_sub(1).and_then(|at| self.offers.get(at)).map(|offer| offer.who);
        self.decide(who, id, Fate::Withdrawn, false) || (owner == Some(who) && self.take_out(id, Fate::TakenOut))
    }

    fn root(&self, clusters: &[(usize, bool)]) -> Digest {
        let rows = |(id, alive): &(usize, bool)| digest(if *alive { self.offers[id - 1].rows } else { 0 });
        Digest::new(merkle::root(&clusters.iter().map(rows).collect::<Vec<_>>()))
    }

    fn publish(&mut self, who: u8) -> bool {
        let ok = who == 0 && !self.clusters.is_empty() && self.versions.last() != Some(&self.clusters);
        if ok {
            self.versions.push(self.clusters.clone());
        }
        ok
    }
}

fn name(who: u8) -> &'static str {
    NAMES[usize::from(who)]
}

/// What the model expects, and what happened.
fn apply(suite: &mut Suite, model: &mut Model, id: u64, step: &Step) -> (bool, bool) {
    let datanet_id = Uint64::new(id);
    match *step {
        Step::Offer { who, rows } => {
            (model.offer(who, rows, false), suite.contribute(name(who), id, digest(rows)).is_ok())
        }
        Step::Commit { who, rows } => {
            let account = suite.account(name(who));
            let commitment = commitment(id, &digest(rows), &digest(0xee), &digest(1), &account);
            let msg = ExecuteMsg::Commit { datanet_id, commitment };
            (model.commit(who, rows), suite.exec(name(who), msg).is_ok())
        }
        Step::Reveal { who, rows } => {
            let mut msg = contribute_msg(id, digest(rows));
            if let ExecuteMsg::Contribute { salt, .. } = &mut msg {
                *salt = Some(digest(1));
            }
            (model.offer(who, rows, true), suite.exec(name(who), msg).is_ok())
        }
        Step::Accept { who, id: contribution } => (
            model.decide(who, contribution, Fate::Accepted, false),
            suite.accept(name(who), id, u64::from(contribution)).is_ok(),
        ),
        Step::Reject { who, id: contribution, spam } => {
            let (contribution_id, reason) =
                (Uint64::from(contribution), if spam { Reason::Spam } else { Reason::Quality });
            let msg = ExecuteMsg::Reject { datanet_id, contribution_id, reason };
            (model.decide(who, contribution, Fate::Rejected, spam), suite.exec(name(who), msg).is_ok())
        }
        Step::Withdraw { who, id: contribution } => {
            (model.withdraw(who, contribution), suite.exec(name(who), withdrawal(u64::from(contribution))).is_ok())
        }
        Step::Poison { id: contribution } => {
            let (contribution_id, evidence) = (Uint64::from(contribution), digest(0xbd));
            let (fraction, recipient) = (Bps::ZERO, None);
            let msg = ExecuteMsg::ProvePoison { datanet_id, contribution_id, evidence, fraction, recipient };
            (model.take_out(contribution, Fate::Poison), suite.exec("admin", msg).is_ok())
        }
        Step::Publish { who } => {
            let root = model.root(&model.clusters);
            (model.publish(who), suite.publish(name(who), id, root).is_ok())
        }
    }
}

fn check_money(suite: &Suite, model: &Model) {
    let pending = model.offers.iter().filter(|offer| offer.fate == Fate::Pending).count();
    let books = suite.solvency();
    assert_eq!(books.deposits.u128(), DEPOSIT * pending as u128);
    assert_eq!(books.held, books.deposits);
    assert_eq!(NAMES.map(|name| suite.open(name)), model.money);
}

fn check(suite: &Suite, model: &Model, id: u64) {
    let datanet = suite.datanet(id);
    assert_eq!(datanet.contributions.u64(), model.offers.len() as u64);
    assert_eq!(datanet.clusters as usize, model.clusters.len());
    assert_eq!(datanet.latest_version as usize, model.versions.len());
    for (at, offer) in model.offers.iter().enumerate() {
        let found = suite.contribution(id, at as u64 + 1);
        let fate = match found.status {
            Status::Pending {} => Fate::Pending,
            Status::Accepted { cluster, .. } => {
                assert_eq!(model.clusters[cluster as usize], (at + 1, true));
                Fate::Accepted
            }
            Status::Rejected { .. } => Fate::Rejected,
            Status::Withdrawn {} => Fate::Withdrawn,
            Status::Removed { cluster, cause } => {
                assert_eq!(model.clusters[cluster as usize], (at + 1, false));
                if cause == Removal::Poison {
                    Fate::Poison
                } else {
                    Fate::TakenOut
                }
            }
        };
        assert_eq!((fate, found.precedence.u64()), (offer.fate, offer.precedence));
    }
    let alive = model.offers.iter().filter(|offer| offer.fate == Fate::Accepted);
    let client = Datanets::new(&suite.contract, suite.app.wrap());
    let power = client.power_at(id, &suite.account("owner"), None).unwrap();
    assert_eq!(power.total.u128(), 10 * alive.count() as u128);
    for (at, clusters) in model.versions.iter().enumerate() {
        let (datanet_id, version) = (Uint64::new(id), at as u32 + 1);
        let found: datanets::msg::Version = suite.query(&QueryMsg::Version { datanet_id, version }).unwrap();
        assert_eq!(found.content_root, model.root(clusters));
        let list: ClustersResponse = suite.query(&QueryMsg::Clusters { datanet_id, version }).unwrap();
        let found = list.clusters.iter().map(|c| (c.contribution_id.u64() as usize, !c.removed));
        assert_eq!(&found.collect::<Vec<_>>(), clusters);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_history_equals_the_model(steps in prop::collection::vec(step(), 1..90)) {
        let params = Params { contribution_deposit: Uint128::new(DEPOSIT), ..params() };
        let mut suite = Suite::with(params).unwrap();
        let id = suite.create("owner", Membership::Open).unwrap();
        suite.join("ann", id).unwrap();
        suite.join("ben", id).unwrap();
        for name in NAMES {
            suite.allow(name, RICH);
        }
        let mut model = Model::new();
        for step in &steps {
            let before = suite.app.dump_wasm_raw(&suite.contract);
            let (expected, happened) = apply(&mut suite, &mut model, id, step);
            prop_assert_eq!(expected, happened, "{:?}", step);
            if !happened {
                prop_assert_eq!(before, suite.app.dump_wasm_raw(&suite.contract), "{:?}", step);
            }
            check_money(&suite, &model);
            suite.next_block();
        }
        check(&suite, &model, id);
    }
}
