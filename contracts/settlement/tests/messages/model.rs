//! Random histories against a plain model: after every step the contract's answer, its books, every session, every
//! balance and the tokens held must be what the model says.

use cosmwasm_std::{Addr, Uint128, Uint64};
use openledger_protocol::payouts::Payouts;
use proptest::{prelude::*, sample::Index};
use settlement::msg::ExecuteMsg;

use crate::chain::{on_chain, params, Chain, POWERS, RICH};

const BUYERS: u8 = 3;

/// Picks are taken among what exists when the step runs, so that most steps can succeed.
#[derive(Debug, Clone)]
enum Step {
    Open {
        buyer: u8,
        amount: u128,
        seconds: u64,
    },
    Close {
        session: Index,
    },
    Settle {
        session: Index,
    },
    /// Charges up to two sessions a part, in thousandths, of what the poorer holds; above 1,000 is too much.
    Submit {
        sessions: [Index; 2],
        part: u128,
    },
    /// Accepts batches that wait, or, when `blind`, any that exist.
    Accept {
        first: Index,
        count: usize,
        blind: bool,
        absent: Option<u8>,
    },
    Refund {
        batch: Index,
    },
    Claim {
        payee: usize,
    },
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..BUYERS, 0u128..2_000, 1u64..4_000)
            .prop_map(|(buyer, amount, seconds)| Step::Open { buyer, amount, seconds }),
        1 => any::<Index>().prop_map(|session| Step::Close { session }),
        2 => any::<Index>().prop_map(|session| Step::Settle { session }),
        8 => (any::<[Index; 2]>(), 0u128..1_100).prop_map(|(sessions, part)| Step::Submit { sessions, part }),
        4 => (any::<Index>(), 1usize..3, prop::bool::weighted(0.2), prop::option::of(0u8..4))
            .prop_map(|(first, count, blind, absent)| Step::Accept { first, count, blind, absent }),
        2 => any::<Index>().prop_map(|batch| Step::Refund { batch }),
        4 => (0usize..4).prop_map(|payee| Step::Claim { payee }),
        5 => (1u64..500).prop_map(Step::Wait),
    ]
}

/// The position that a pick means in a list; the first of an empty one, which does not exist.
fn at(pick: Index, len: usize) -> usize {
    pick.index(len.max(1))
}

#[derive(Clone)]
struct Session {
    buyer: u8,
    available: u128,
    charged: u128,
    sequence: u64,
    expires_at: u64,
    settles_at: u64,
    settled: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Status {
    Pending,
    Accepted,
    Refunded,
}

struct Batch {
    charges: Vec<(usize, u128)>,
    total: u128,
    deadline: u64,
    status: Status,
}

#[derive(Default)]
struct Model {
    sessions: Vec<Session>,
    batches: Vec<Batch>,
    /// When each epoch becomes claimable, and all payouts up to it.
    epochs: Vec<(u64, Payouts)>,
    claimed: [u128; 4],
    spent: [u128; BUYERS as usize],
}

impl Model {
    fn books(&self) -> [u128; 4] {
        let open = |settled: bool| -> u128 {
            self.sessions.iter().filter(|session| session.settled == settled).map(|session| session.available).sum()
        };
        let batches = |status: Status| -> u128 {
            self.batches.iter().filter(|batch| batch.status == status).map(|batch| batch.total).sum()
        };
        let claimed: u128 = self.claimed.iter().sum();
        [open(false), batches(Status::Pending), batches(Status::Accepted) - claimed, open(true)]
    }

    fn claimable(&self, now: u64) -> Option<&Payouts> {
        self.epochs.iter().rev().find(|(at, _)| *at <= now).map(|(_, payouts)| payouts)
    }
}

struct Run {
    chain: Chain,
    model: Model,
    payees: [Addr; 4],
}

impl Run {
    fn new() -> Self {
        let chain = Chain::new();
        let payees = [
            chain.account("contributor"),
            chain.account("developer"),
            chain.account("treasury"),
            chain.staking.clone(),
        ];
        Self { chain, model: Model::default(), payees }
    }

    fn send(&mut self, from: &Addr, msg: &ExecuteMsg) -> bool {
        self.chain.try_send(from, msg).is_ok()
    }

    /// Runs a step on the chain and in the model. Returns whether each accepted it.
    fn step(&mut self, step: Step) -> (bool, bool) {
        let now = self.chain.now();
        let anyone = self.chain.account("anyone");
        match step {
            Step::Wait(seconds) => {
                self.chain.wait(seconds);
                (true, true)
            }
            Step::Open { buyer, amount, seconds } => {
                let account = self.chain.buyer(buyer);
                if amount > 0 {
                    self.chain.allow(&account, &self.chain.settlement.clone(), amount);
                }
                let mut message = self.chain.open_msg(buyer, amount);
                if let ExecuteMsg::OpenSession { expires_at, .. } = &mut message {
                    *expires_at = Uint64::new(now + seconds);
                }
                let expected = amount > 0;
                if expected {
                    let (expires_at, settles_at) = (now + seconds, now + seconds + 500);
                    let session = Session {
                        buyer,
                        available: amount,
                        charged: 0,
                        sequence: 0,
                        expires_at,
                        settles_at,
                        settled: false,
                    };
                    self.model.sessions.push(session);
                    self.model.spent[buyer as usize] += amount;
                }
                (self.send(&account, &message), expected)
            }
            Step::Close { session } => {
                let session = at(session, self.model.sessions.len());
                let message = ExecuteMsg::CloseSession { session_id: Uint64::new(session as u64 + 1) };
                let Some(found) = self.model.sessions.get_mut(session) else {
                    return (self.send(&anyone, &message), false);
                };
                let expected = now < found.expires_at;
                if expected {
                    found.settles_at = now + (found.settles_at - found.expires_at);
                    found.expires_at = now;
                }
                let owner = self.chain.buyer(found.buyer);
                (self.send(&owner, &message), expected)
            }
            Step::Settle { session } => {
                let session = at(session, self.model.sessions.len());
                let message = ExecuteMsg::SettleSession { session_id: Uint64::new(session as u64 + 1) };
                let expected =
                    self.model.sessions.get(session).is_some_and(|session| {
                        now >= session.settles_at && (!session.settled || session.available > 0)
                    });
                if expected {
                    let session = &mut self.model.sessions[session];
                    self.model.spent[session.buyer as usize] -= session.available;
                    session.available = 0;
                    session.settled = true;
                }
                (self.send(&anyone, &message), expected)
            }
            Step::Submit { sessions, part } => self.submit(now, sessions, part),
            Step::Accept { first, count, blind, absent } => {
                let named = self.name_batches(now, first, count, blind);
                self.accept(now, named, absent)
            }
            Step::Refund { batch } => {
                let batch = at(batch, self.model.batches.len());
                let message = ExecuteMsg::RefundBatch { batch_id: Uint64::new(batch as u64 + 1) };
                let expected = self
                    .model
                    .batches
                    .get(batch)
                    .is_some_and(|batch| batch.status == Status::Pending && now >= batch.deadline);
                if expected {
                    let batch = &mut self.model.batches[batch];
                    batch.status = Status::Refunded;
                    for (session, amount) in &batch.charges {
                        self.model.sessions[*session].available += amount;
                    }
                }
                (self.send(&anyone, &message), expected)
            }
            Step::Claim { payee } => {
                let account = self.payees[payee].clone();
                let Some(payouts) = self.model.claimable(now) else { return (false, false) };
                let Some((cumulative, proof)) = payouts.proof(&self.chain.scope(), account.as_str()).unwrap() else {
                    return (false, false);
                };
                let message = ExecuteMsg::Claim {
                    payee: account.to_string(),
                    cumulative_amount: Uint128::new(cumulative),
                    proof: on_chain(&proof),
                };
                let expected = cumulative > self.model.claimed[payee];
                self.model.claimed[payee] = cumulative;
                (self.send(&anyone, &message), expected)
            }
        }
    }

    fn submit(&mut self, now: u64, sessions: [Index; 2], part: u128) -> (bool, bool) {
        let mut charges = Vec::new();
        let mut unique = sessions.map(|session| at(session, self.model.sessions.len())).to_vec();
        unique.sort_unstable();
        unique.dedup();
        let poorest = unique.iter().filter_map(|index| self.model.sessions.get(*index)).map(|s| s.available).min();
        let amount = poorest.unwrap_or(100) * part / 1_000;
        let mut expected = amount > 0;
        for index in &unique {
            let known = self.model.sessions.get(*index);
            let (buyer, charged, sequence) = known.map_or((0, 0, 0), |s| (s.buyer, s.charged, s.sequence));
            expected &= known.is_some_and(|s| !s.settled && now < s.settles_at && amount <= s.available);
            charges.push(self.chain.charge(buyer, *index as u64 + 1, charged + amount, sequence + 1));
        }
        let total = amount * unique.len() as u128;
        let message = self.chain.batch(self.model.batches.len() as u64 + 1, total, charges);
        if expected {
            for index in &unique {
                let session = &mut self.model.sessions[*index];
                session.available -= amount;
                session.charged += amount;
                session.sequence += 1;
            }
            self.model.batches.push(Batch {
                charges: unique.into_iter().map(|index| (index, amount)).collect(),
                total,
                deadline: now + 1_000,
                status: Status::Pending,
            });
        }
        let node = self.chain.node();
        (self.send(&node, &message), expected)
    }

    /// Which batches an epoch names, by position.
    fn name_batches(&self, now: u64, first: Index, count: usize, blind: bool) -> Vec<usize> {
        let all = self.model.batches.iter().enumerate();
        let waits = |batch: &Batch| batch.status == Status::Pending && now < batch.deadline;
        let known: Vec<usize> = all.filter(|(_, batch)| blind || waits(batch)).map(|(index, _)| index).collect();
        let first = at(first, known.len());
        let named: Vec<usize> = known.into_iter().skip(first).take(count).collect();
        // One that does not exist when there is none.
        if named.is_empty() {
            vec![self.model.batches.len()]
        } else {
            named
        }
    }

    fn accept(&mut self, now: u64, named: Vec<usize>, absent: Option<u8>) -> (bool, bool) {
        let mut payouts = self.chain.payouts.clone();
        let open = self.model.epochs.iter().filter(|(claimable_at, _)| now < *claimable_at).count();
        let mut expected = open < params().max_open_epochs as usize;
        for index in &named {
            match self.model.batches.get(*index) {
                Some(batch) => {
                    expected &= batch.status == Status::Pending && now < batch.deadline;
                    // A third each to two payees, the rest alternating, so that the staking contract is paid too.
                    let (third, rest) = (batch.total / 3, batch.total - 2 * (batch.total / 3));
                    for (payee, amount) in [(0, third), (1, third), (2 + index % 2, rest)] {
                        let payee = self.payees[payee].to_string();
                        let credit =
                            openledger_protocol::Credit { payee, amount: amount.to_string(), ..Default::default() };
                        payouts.add([&credit]).unwrap();
                    }
                }
                None => expected = false,
            }
        }
        let ids: Vec<u64> = named.iter().map(|index| *index as u64 + 1).collect();
        let before = std::mem::replace(&mut self.chain.payouts, payouts.clone());
        let statement = self.chain.statement(self.model.epochs.len() as u64 + 1, 1, &ids);
        let signers: Vec<u8> = (0..POWERS.len() as u8).filter(|number| Some(*number) != absent).collect();
        let absentees = self.chain.indexes(&absent.into_iter().collect::<Vec<_>>());
        let message = self.chain.epoch_msg(&statement, &signers, absentees);
        if expected {
            for index in named {
                self.model.batches[index].status = Status::Accepted;
            }
            self.model.epochs.push((now + params().challenge_window_seconds.u64(), payouts));
        } else {
            self.chain.payouts = before;
        }
        let anyone = self.chain.account("anyone");
        (self.send(&anyone, &message), expected)
    }

    /// Everything that can be seen must be what the model says.
    fn check(&self) {
        assert_eq!(self.chain.books(), self.model.books());
        for (index, session) in self.model.sessions.iter().enumerate() {
            let found = self.chain.session(index as u64 + 1);
            assert_eq!((found.available.u128(), found.settled), (session.available, session.settled));
        }
        for buyer in 0..BUYERS {
            let balance = self.chain.balance(&self.chain.buyer(buyer));
            assert_eq!(balance, RICH - self.model.spent[buyer as usize]);
        }
        let bonded: u128 = POWERS.iter().sum();
        for (payee, claimed) in self.payees.iter().zip(self.model.claimed) {
            let before = if *payee == self.chain.staking { bonded } else { 0 };
            assert_eq!(self.chain.balance(payee), before + claimed);
            assert_eq!(self.chain.claimed(payee), claimed);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn money_is_where_the_model_says_after_every_step(steps in prop::collection::vec(step(), 20..80)) {
        let mut run = Run::new();
        for step in steps {
            let text = format!("{step:?}");
            let (found, expected) = run.step(step);
            prop_assert_eq!(found, expected, "{}", text);
            run.check();
        }
    }
}
