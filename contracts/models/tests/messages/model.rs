//! Any sequence of messages, against a plain model: what it refuses the contract refuses without a trace, and after every step
//! both agree about records, bonds and everybody's money.

use cosmwasm_std::Uint64;
use models::msg::{Base, ExecuteMsg, QueryMsg, SolvencyResponse, Split};
use proptest::prelude::*;

use crate::{
    events::Book,
    plain::{signed, Plain, Step, OWNER, SETTLEMENT, WHO},
    suite::{
        adapter as of_adapter, base as of_base, base_msg, digest, params, promote, publish_msg, register_msg, split,
        terms, Suite, Terms, RICH,
    },
};

fn take(points: u16) -> Split {
    split([5_000, 5_000 - points, 0, 0, points])
}

/// Sends it. A refusal leaves no trace.
fn send(suite: &mut Suite, who: usize, step: &Step) -> bool {
    let name = WHO[who];
    let id = |id: u64| Uint64::new(id);
    let account = |suite: &Suite, at: usize| suite.account(WHO[at]).into_string();
    let soon = |suite: &Suite, seconds: u64| Uint64::new(suite.now() + seconds);
    let priced = |price: u128| Terms { prompt_price: price, split: take(500), ..terms() };
    let msg = match *step {
        Step::Wait(seconds) => {
            suite.wait(seconds);
            return true;
        }
        Step::Income { id, amount } => {
            let before = suite.raw();
            let done = suite.income(name, id, amount).is_ok();
            assert!(done || suite.raw() == before);
            return done;
        }
        Step::Register { digest: byte } => base_msg(digest(byte)),
        Step::List { base, shared: true } => ExecuteMsg::WhitelistBase { base_id: id(base) },
        Step::List { base, shared: false } => ExecuteMsg::DelistBase { base_id: id(base) },
        Step::Withdraw { base } => ExecuteMsg::WithdrawBase { base_id: id(base) },
        Step::Adapter { base } => register_msg(base, 1, priced(10)),
        Step::Publish { id, price, promote } => {
            let mut msg = publish_msg(id, priced(price));
            if let ExecuteMsg::PublishAdapterVersion { promote: field, .. } = &mut msg {
                *field = Some(promote);
            }
            msg
        }
        Step::SetTerms { id: adapter, price, take: points } => ExecuteMsg::SetTerms {
            adapter_id: id(adapter),
            prompt_price: Some(price.into()),
            response_price: None,
            split: Some(take(points)),
        },
        Step::Promote { id, version } => promote(id, version),
        Step::Rollback { id: adapter } => ExecuteMsg::Rollback { adapter_id: id(adapter) },
        Step::Retire { id: adapter } => ExecuteMsg::Retire { adapter_id: id(adapter) },
        Step::Propose { id: adapter, to, seconds } => ExecuteMsg::ProposeDeveloper {
            adapter_id: id(adapter),
            account: account(suite, to),
            expires_at: soon(suite, seconds),
        },
        Step::Accept { id: adapter } => ExecuteMsg::AcceptAdapter { adapter_id: id(adapter) },
        Step::Payout { id: adapter, to } => {
            ExecuteMsg::SetPayout { adapter_id: id(adapter), account: account(suite, to) }
        }
        Step::Suspend { id: adapter, seconds } => {
            ExecuteMsg::Suspend { adapter_id: id(adapter), until: soon(suite, seconds) }
        }
        Step::Resume { id: adapter } => ExecuteMsg::Resume { adapter_id: id(adapter) },
        Step::Unlock { id, base: true } => ExecuteMsg::UnlockBond { bonded: of_base(id) },
        Step::Unlock { id, base: false } => ExecuteMsg::UnlockBond { bonded: of_adapter(id) },
    };
    let before = suite.raw();
    let done = suite.exec(name, msg).is_ok();
    assert!(done || suite.raw() == before, "a refusal left a trace");
    done
}

/// Both sides agree about everything.
fn compare(suite: &Suite, plain: &Plain, frozen: &mut Vec<models::msg::AdapterVersion>) {
    let held: SolvencyResponse = suite.query(&QueryMsg::Solvency {}).unwrap();
    assert_eq!((held.balance.u128(), held.bonded.u128()), (plain.bonded(), plain.bonded()));
    for (name, money) in WHO.iter().zip(plain.money) {
        assert_eq!(signed(suite.balance_of(name)), signed(RICH) + money, "{name}");
    }
    for (at, expected) in plain.bases.iter().enumerate() {
        let id = at as u64 + 1;
        let found: Base = suite.query(&QueryMsg::Base { id: Uint64::new(id) }).unwrap();
        assert_eq!((found.shared, found.leaves_at.map(|at| at.u64())), (expected.shared, expected.leaves_at));
        assert_eq!(suite.bond(of_base(id)).amount.u128(), expected.bond.left);
    }
    let mut published = Vec::new();
    for (at, expected) in plain.adapters.iter().enumerate() {
        let id = at as u64 + 1;
        let found = suite.adapter(id);
        assert_eq!(found.adapter.developer, suite.account(WHO[expected.developer]));
        assert_eq!(found.payout, suite.account(WHO[expected.payout(plain.now)]));
        assert_eq!((found.adapter.retired, found.adapter.earned.u128()), (expected.retired, expected.earned));
        assert_eq!(found.serving.version as usize, expected.serving + 1);
        assert_eq!(found.adapter.previous_version.map(|number| number as usize), expected.previous.map(|at| at + 1));
        let running = expected.suspension.map(|(_, until)| until).filter(|until| plain.now < *until);
        assert_eq!(found.suspended_until.map(|until| until.u64()), running);
        let bond = suite.bond(of_adapter(id));
        assert_eq!(bond.amount.u128(), expected.bond.left);
        for (at, (price, points)) in expected.versions.iter().enumerate() {
            let version = suite.version(id, at as u32 + 1);
            assert_eq!((version.prompt_price.u128(), version.split), (*price, take(*points)));
            // What SECURITY.md proves the cost of asking oneself from.
            assert!(version.split.treasury >= bond.rebate);
            published.push(version);
        }
    }
    for version in frozen.iter() {
        assert!(published.contains(version), "a version changed: {version:?}");
    }
    *frozen = published;
}

fn step() -> impl Strategy<Value = Step> {
    let id = || prop::sample::select(vec![1u64, 1, 1, 2, 2, 3]);
    prop_oneof![
        3 => prop::sample::select(vec![1u64, 10, 25, 50, 60, 150, 200, 1_000]).prop_map(Step::Wait),
        1 => (1u8..3).prop_map(|digest| Step::Register { digest }),
        2 => (id(), any::<bool>()).prop_map(|(base, shared)| Step::List { base, shared }),
        1 => id().prop_map(|base| Step::Withdraw { base }),
        2 => id().prop_map(|base| Step::Adapter { base }),
        3 => (id(), 10u128..13, any::<bool>()).prop_map(|(id, price, promote)| Step::Publish { id, price, promote }),
        3 => (id(), 10u128..13, prop::sample::select(vec![399u16, 400, 500]))
            .prop_map(|(id, price, take)| Step::SetTerms { id, price, take }),
        4 => (id(), 1u32..4).prop_map(|(id, version)| Step::Promote { id, version }),
        4 => id().prop_map(|id| Step::Rollback { id }),
        1 => id().prop_map(|id| Step::Retire { id }),
        2 => (id(), 0usize..5, prop::sample::select(vec![0u64, 1, 60, 300])).prop_map(|(id, to, seconds)| Step::Propose { id, to, seconds }),
        4 => id().prop_map(|id| Step::Accept { id }),
        2 => (id(), 0usize..5).prop_map(|(id, to)| Step::Payout { id, to }),
        2 => (id(), prop::sample::select(vec![0u64, 25, 50, 51])).prop_map(|(id, seconds)| Step::Suspend { id, seconds }),
        3 => id().prop_map(|id| Step::Resume { id }),
        4 => (id(), prop_oneof![Just(0u128), 1u128..20_000]).prop_map(|(id, amount)| Step::Income { id, amount }),
        5 => (id(), any::<bool>()).prop_map(|(id, base)| Step::Unlock { id, base }),
    ]
}

/// Steps of anybody; most are sent by those who may, so that many take effect.
fn steps() -> impl Strategy<Value = Vec<(Option<usize>, Step)>> {
    prop::collection::vec((prop::option::weighted(0.2, 0usize..5), step()), 20..100)
}

/// Enough to work on: a shared base model and one that is not, an adapter of each.
fn beginning() -> [(Option<usize>, Step); 5] {
    [
        (Some(0), Step::Register { digest: 1 }),
        (Some(1), Step::Register { digest: 1 }),
        (None, Step::List { base: 1, shared: true }),
        (Some(2), Step::Adapter { base: 1 }),
        (Some(1), Step::Adapter { base: 2 }),
    ]
}

/// Who may, as far as there is one.
fn holder(plain: &Plain, step: &Step) -> usize {
    let adapter = |id: u64| plain.adapters.get(usize::try_from(id).unwrap() - 1);
    let base = |id: u64| plain.bases.get(usize::try_from(id).unwrap() - 1);
    match *step {
        Step::List { .. } | Step::Suspend { .. } | Step::Resume { .. } => OWNER,
        Step::Income { .. } => SETTLEMENT,
        Step::Withdraw { base: id } | Step::Adapter { base: id } => base(id).map_or(0, |base| base.registrant),
        Step::Accept { id } => adapter(id).and_then(|adapter| adapter.offer).map_or(0, |(to, _)| to),
        Step::Publish { id, .. }
        | Step::SetTerms { id, .. }
        | Step::Promote { id, .. }
        | Step::Rollback { id }
        | Step::Retire { id }
        | Step::Propose { id, .. }
        | Step::Payout { id, .. } => adapter(id).map_or(0, |adapter| adapter.developer),
        Step::Wait(_) | Step::Register { .. } | Step::Unlock { .. } => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_contract_does_what_a_plain_model_does(steps in steps()) {
        let mut suite = Suite::bare(params()).unwrap();
        suite.publish_datanet_version(1);
        let settlement = suite.account("settlement").into_string();
        suite.exec("admin", ExecuteMsg::SetSettlement { settlement }).unwrap();
        let mut plain = Plain { now: suite.now(), ..Plain::default() };
        let mut frozen = Vec::new();
        for (who, step) in beginning().into_iter().chain(steps) {
            let who = who.unwrap_or_else(|| holder(&plain, &step));
            let expected = plain.apply(who, &step).is_some();
            prop_assert_eq!(send(&mut suite, who, &step), expected, "{} {:?}", WHO[who], step);
            compare(&suite, &plain, &mut frozen);
        }
        Book::read(&suite).check(&suite);
    }
}
