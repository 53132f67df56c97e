//! Random histories against plain books kept beside the contract: what each account was paid, what each grant has vested by
//! its own arithmetic in exact fractions, and that the money in and out always adds up.

use proptest::prelude::*;
use vesting::msg::ExecuteMsg;

use crate::chain::{id, over, Chain, START};

const WHO: [&str; 4] = ["founder", "alice", "bob", "carol"];

#[derive(Debug, Clone)]
enum Step {
    Grant { from: usize, to: usize, revoker: Option<usize>, tokens: u128, start: i64, cliff: u64, duration: u64 },
    Release { grant: u64 },
    Propose { grant: u64, who: usize, to: usize, seconds: u64 },
    Accept { grant: u64, who: usize },
    Revoke { grant: u64, who: usize },
    Renounce { grant: u64, who: usize },
    Wait { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0usize..4;
    let grant = || 0u64..7;
    prop_oneof![
        2 => (who(), who(), prop::option::of(who()), 0u128..3_000, -300i64..300, 0u64..200, 0u64..500).prop_map(
            |(from, to, revoker, tokens, start, cliff, duration)| {
                Step::Grant { from, to, revoker, tokens, start, cliff, duration }
            }
        ),
        6 => grant().prop_map(|grant| Step::Release { grant }),
        3 => (grant(), who(), who(), 0u64..200)
            .prop_map(|(grant, who, to, seconds)| Step::Propose { grant, who, to, seconds }),
        3 => (grant(), who()).prop_map(|(grant, who)| Step::Accept { grant, who }),
        2 => (grant(), who()).prop_map(|(grant, who)| Step::Revoke { grant, who }),
        1 => (grant(), who()).prop_map(|(grant, who)| Step::Renounce { grant, who }),
        5 => (1u64..120).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

#[derive(Clone)]
struct Row {
    recipient: usize,
    revoker: Option<usize>,
    proposed: Option<(usize, u64)>,
    tokens: u128,
    paid: u128,
    returned: u128,
    start: u64,
    cliff: u64,
    duration: u64,
    stopped: bool,
}

impl Row {
    /// Counts, second by second, what the time since the start is worth.
    fn vested(&self, now: u64) -> u128 {
        if self.stopped {
            return self.tokens - self.returned;
        }
        if now < self.start + self.cliff {
            return 0;
        }
        let passed = u128::from((now - self.start).min(self.duration));
        (1..=self.tokens).take_while(|token| token * u128::from(self.duration) <= self.tokens * passed).count() as u128
    }

    fn left(&self) -> u128 {
        self.tokens - self.paid - self.returned
    }
}

#[derive(Default)]
struct Books {
    rows: Vec<Row>,
    gained: [i128; 4],
}

impl Books {
    fn row(&mut self, grant: u64) -> Option<&mut Row> {
        self.rows.get_mut((grant as usize).checked_sub(1)?)
    }

    fn pay(&mut self, grant: u64, now: u64) -> bool {
        let Some(row) = self.row(grant) else { return false };
        let due = row.vested(now) - row.paid;
        row.paid += due;
        let recipient = row.recipient;
        self.gained[recipient] += due as i128;
        due > 0
    }

    fn apply(&mut self, step: &Step, now: u64) -> bool {
        match *step {
            Step::Grant { from, to, revoker, tokens, start, cliff, duration } => {
                let start = now.saturating_add_signed(start);
                let ok =
                    tokens > 0 && revoker != Some(to) && duration > 0 && cliff <= duration && start + duration > now;
                if ok {
                    self.gained[from] -= tokens as i128;
                    self.rows.push(Row {
                        recipient: to,
                        revoker,
                        proposed: None,
                        tokens,
                        paid: 0,
                        returned: 0,
                        start,
                        cliff,
                        duration,
                        stopped: false,
                    });
                }
                ok
            }
            Step::Release { grant } => self.pay(grant, now),
            Step::Propose { grant, who, to, seconds } => {
                let Some(row) = self.row(grant) else { return false };
                let ok = row.recipient == who && row.left() > 0 && row.revoker != Some(to) && seconds > 0;
                if ok {
                    row.proposed = Some((to, now + seconds));
                }
                ok
            }
            Step::Accept { grant, who } => {
                let Some(row) = self.row(grant) else { return false };
                let ok = row.proposed.is_some_and(|(to, end)| to == who && now < end);
                if ok {
                    row.proposed = None;
                    row.recipient = who;
                }
                ok
            }
            Step::Revoke { grant, who } => {
                let Some(row) = self.row(grant) else { return false };
                let rest = row.tokens - row.vested(now);
                if row.revoker != Some(who) || rest == 0 {
                    return false;
                }
                self.pay(grant, now);
                self.gained[who] += rest as i128;
                if let Some(row) = self.row(grant) {
                    (row.returned, row.revoker, row.proposed, row.stopped) = (rest, None, None, true);
                }
                true
            }
            Step::Renounce { grant, who } => {
                let Some(row) = self.row(grant) else { return false };
                let ok = row.revoker == Some(who);
                if ok {
                    row.revoker = None;
                }
                ok
            }
            Step::Wait { .. } => true,
        }
    }
}

fn send(chain: &mut Chain, step: &Step) -> bool {
    let now = chain.now();
    let (who, message) = match *step {
        Step::Wait { seconds } => {
            chain.wait(seconds);
            return true;
        }
        Step::Grant { from, to, revoker, tokens, start, cliff, duration } => {
            let schedule = over(now.saturating_add_signed(start), cliff, duration);
            let terms = chain.terms(WHO[to], schedule, revoker.map(|who| WHO[who]));
            return chain.grant(WHO[from], tokens, &terms).is_ok();
        }
        // Anybody may ask.
        Step::Release { grant } => ((grant % 4) as usize, ExecuteMsg::Release { grant_id: id(grant) }),
        Step::Propose { grant, who, to, seconds } => (who, chain.proposal(grant, WHO[to], now + seconds)),
        Step::Accept { grant, who } => (who, ExecuteMsg::AcceptRecipient { grant_id: id(grant) }),
        Step::Revoke { grant, who } => (who, ExecuteMsg::Revoke { grant_id: id(grant) }),
        Step::Renounce { grant, who } => (who, ExecuteMsg::RenounceRevocation { grant_id: id(grant) }),
    };
    chain.try_send(WHO[who], &message).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_equals_the_model(steps in prop::collection::vec(step(), 20..110)) {
        let mut chain = Chain::new();
        let mut books = Books::default();
        prop_assert_eq!(chain.now(), START);
        for step in &steps {
            let now = chain.now();
            prop_assert_eq!(books.apply(step, now), send(&mut chain, step), "{:?}", step);

            let now = chain.now();
            for (at, row) in books.rows.iter().enumerate() {
                let grant = chain.shown(at as u64 + 1);
                let found = (grant.vested.u128(), grant.released.u128(), grant.returned.u128());
                prop_assert_eq!(found, (row.vested(now), row.paid, row.returned), "grant {} after {:?}", at + 1, step);
                prop_assert_eq!(grant.releasable.u128(), row.vested(now) - row.paid);
                prop_assert_eq!(&grant.recipient, &chain.account(WHO[row.recipient]));
            }
            let gained = WHO.map(|who| chain.gained(who));
            prop_assert_eq!(gained, books.gained);
            let owed: u128 = books.rows.iter().map(Row::left).sum();
            prop_assert_eq!(chain.solvency(), owed);
            prop_assert_eq!(gained.iter().sum::<i128>(), -(owed as i128));
        }
        for (at, who) in WHO.iter().enumerate() {
            let rows = books.rows.iter().zip(1u64..).filter(|(row, _)| row.recipient == at);
            prop_assert_eq!(chain.ids_of(who), rows.map(|(_, grant)| grant).take(30).collect::<Vec<_>>());
        }
    }
}
