//! Random histories against plain books kept beside the contract.
//!
//! The model keeps every vote with its time and counts those before an end when it needs them; the contract keeps a tally.
//! The model keeps powers per block; the contract asks for a height.

use std::collections::BTreeMap;

use cosmwasm_std::{Addr, Uint128, Uint64};
use cw_multi_test::Executor;
use governance::msg::{Action, DepositState, ExecuteMsg, NewProposal, Status, VoteOption};
use proptest::prelude::*;

use crate::chain::{proposal, Chain, RICH, VOTERS};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Works,
    Fails,
}

#[derive(Debug, Clone)]
enum Step {
    Propose { kind: Kind, expedited: bool, deposit: u128 },
    Deposit { who: usize, proposal: usize, amount: u128 },
    Vote { who: usize, proposal: usize, vote: VoteOption },
    Close { proposal: usize },
    Execute { proposal: usize },
    Bond { who: usize, power: u128 },
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![Just(Kind::Text), Just(Kind::Works), Just(Kind::Fails)];
    let vote = prop_oneof![
        4 => Just(VoteOption::Yes),
        1 => Just(VoteOption::No),
        1 => Just(VoteOption::Abstain),
        1 => Just(VoteOption::Veto),
    ];
    let deposit = prop_oneof![Just(400u128), Just(1_600), Just(3_200), 300u128..3_500];
    let amount = prop_oneof![0u128..150, Just(1_200u128), 100u128..3_000];
    prop_oneof![
        2 => (kind, any::<bool>(), deposit).prop_map(|(kind, expedited, deposit)| Step::Propose { kind, expedited, deposit }),
        2 => (0usize..3, 0usize..6, amount).prop_map(|(who, proposal, amount)| Step::Deposit { who, proposal, amount }),
        6 => (0usize..4, 0usize..6, vote).prop_map(|(who, proposal, vote)| Step::Vote { who, proposal, vote }),
        2 => (0usize..6).prop_map(|proposal| Step::Close { proposal }),
        3 => (0usize..6).prop_map(|proposal| Step::Execute { proposal }),
        1 => (0usize..4, 0u128..1_000).prop_map(|(who, power)| Step::Bond { who, power }),
        4 => prop_oneof![1u64..60, Just(200u64), Just(300), 1u64..500].prop_map(Step::Wait),
    ]
}

/// What the model knows of a proposal.
struct Proposed {
    kind: Kind,
    expedited: bool,
    minimum: u128,
    deposit_end: u64,
    start: Option<u64>,
    /// Power of the voters at the beginning of the proposal's block.
    powers: [u128; 4],
    /// In order of time.
    votes: Vec<(u64, usize, VoteOption)>,
    deposits: Vec<(usize, u128)>,
    state: DepositState,
    done: bool,
    failed: bool,
}

#[derive(PartialEq)]
enum Verdict {
    Quorum,
    Veto,
    No,
    Yes,
}

impl Proposed {
    fn deposited(&self) -> u128 {
        self.deposits.iter().map(|(_, amount)| amount).sum()
    }

    fn power(&self, before: u64, wanted: VoteOption) -> u128 {
        let mut last = BTreeMap::new();
        for (at, who, vote) in &self.votes {
            if *at < before {
                last.insert(*who, *vote);
            }
        }
        last.iter().filter(|(_, vote)| **vote == wanted).map(|(who, _)| self.powers[*who]).sum()
    }

    fn verdict(&self, before: u64, percent: u128) -> Verdict {
        let [yes, no, abstain, veto] = [VoteOption::Yes, VoteOption::No, VoteOption::Abstain, VoteOption::Veto]
            .map(|vote| self.power(before, vote));
        let cast = yes + no + abstain + veto;
        let all: u128 = self.powers.iter().sum();
        if cast == 0 || 10 * cast < 3 * all {
            Verdict::Quorum
        } else if 100 * veto > 33 * cast {
            Verdict::Veto
        } else if 100 * yes > percent * (yes + no + veto) {
            Verdict::Yes
        } else {
            Verdict::No
        }
    }

    fn status(&self, now: u64) -> Status {
        let Some(start) = self.start else {
            return if now < self.deposit_end { Status::DepositPeriod } else { Status::DepositMissed };
        };
        let fast = start + 200;
        if self.expedited {
            if now < fast {
                return Status::Voting;
            }
            if self.verdict(fast, 67) == Verdict::Yes {
                return self.passed(now, fast + 50);
            }
        }
        let end = start + 500;
        if now < end {
            return Status::Voting;
        }
        match self.verdict(end, 50) {
            Verdict::Quorum => Status::QuorumMissed,
            Verdict::Veto => Status::Vetoed,
            Verdict::No => Status::Rejected,
            Verdict::Yes => self.passed(now, end + 300),
        }
    }

    fn passed(&self, now: u64, executable: u64) -> Status {
        match self.kind {
            Kind::Text => Status::Passed,
            _ if self.done => Status::Executed,
            _ if self.failed => Status::ExecutionFailed,
            _ if now < executable => Status::Timelocked,
            _ if now < executable + 400 => Status::Executable,
            _ => Status::Expired,
        }
    }

    /// End of the time for execution, for a proposal that passed.
    fn run_ends(&self) -> u64 {
        let start = self.start.unwrap();
        let fast = self.expedited && self.verdict(start + 200, 67) == Verdict::Yes;
        if fast {
            start + 650
        } else {
            start + 1_200
        }
    }
}

const DEPOSITORS: [&str; 3] = ["erin", "depositor 0", "depositor 1"];

struct Books {
    proposals: Vec<Proposed>,
    first: u64,
    /// Now, and at the beginning of this block.
    powers: [u128; 4],
    powers_before: [u128; 4],
    purses: [u128; 3],
    burned: u128,
    notes: usize,
}

impl Books {
    fn held(&self) -> u128 {
        let held = |proposal: &&Proposed| proposal.state == DepositState::Held;
        self.proposals.iter().filter(held).map(Proposed::deposited).sum()
    }

    fn settle(&mut self, proposal: usize, state: DepositState) {
        let proposal = &mut self.proposals[proposal];
        if proposal.state != DepositState::Held {
            return;
        }
        proposal.state = state;
        if state == DepositState::Burned {
            self.burned += proposal.deposited();
        } else {
            for (who, amount) in &proposal.deposits {
                self.purses[*who] += amount;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_proposal_and_deposit_is_where_the_model_says(steps in prop::collection::vec(step(), 30..90)) {
        let mut chain = Chain::new();
        let supply = chain.supply();
        for name in DEPOSITORS {
            let account = chain.account(name);
            chain.allow(&account, RICH);
        }
        let powers = VOTERS.map(|(_, power)| power);
        let purses = DEPOSITORS.map(|name| chain.balance(&chain.account(name)));
        let mut books =
            Books { proposals: vec![], first: 2, powers, powers_before: powers, purses, burned: 0, notes: 0 };
        for step in steps {
            let now = chain.now();
            let exists = |proposal: usize, books: &Books| proposal < books.proposals.len();
            match step {
                Step::Wait(seconds) => {
                    chain.wait(seconds);
                    books.powers_before = books.powers;
                }
                Step::Bond { who, power } => {
                    chain.bond(VOTERS[who].0, power);
                    books.powers[who] = power;
                }
                Step::Propose { kind, expedited, deposit } => {
                    let action = match kind {
                        Kind::Text => Action::Text {},
                        Kind::Works => chain.calls(&[r#"{"note":{"text":"x"}}"#]),
                        Kind::Fails => chain.calls(&[r#"{"note":{"text":"x"}}"#, r#"{"fail":{}}"#]),
                    };
                    let new = NewProposal { expedited, ..proposal(action) };
                    let minimum = if expedited { 3_200 } else { 1_600 };
                    let fits = deposit >= minimum / 4 && books.powers_before.iter().sum::<u128>() > 0;
                    let erin = chain.account("erin");
                    let message = ExecuteMsg::Propose { proposal: new, deposit: Uint128::new(deposit) };
                    prop_assert_eq!(run(&mut chain, &erin, &message), fits);
                    if fits {
                        books.purses[0] -= deposit;
                        books.proposals.push(Proposed {
                            kind,
                            expedited,
                            minimum,
                            deposit_end: now + 1_000,
                            start: (deposit >= minimum).then_some(now),
                            powers: books.powers_before,
                            votes: vec![],
                            deposits: vec![(0, deposit)],
                            state: DepositState::Held,
                            done: false,
                            failed: false,
                        });
                    }
                }
                Step::Deposit { who, proposal, amount } => {
                    let id = Uint64::new(books.first + proposal as u64);
                    let fits = exists(proposal, &books) && {
                        let found = &books.proposals[proposal];
                        let known = found.deposits.iter().any(|(depositor, _)| *depositor == who);
                        let missing = found.minimum.saturating_sub(found.deposited());
                        let enough = known || amount >= missing.min(found.minimum / 16);
                        found.status(now) == Status::DepositPeriod && amount > 0 && enough
                    };
                    let account = chain.account(DEPOSITORS[who]);
                    let message = ExecuteMsg::Deposit { proposal_id: id, amount: Uint128::new(amount) };
                    prop_assert_eq!(run(&mut chain, &account, &message), fits);
                    if fits {
                        books.purses[who] -= amount;
                        let found = &mut books.proposals[proposal];
                        found.deposits.push((who, amount));
                        if found.deposited() >= found.minimum {
                            found.start = Some(now);
                        }
                    }
                }
                Step::Vote { who, proposal, vote } => {
                    let proposal_id = Uint64::new(books.first + proposal as u64);
                    let fits = exists(proposal, &books) && {
                        let found = &books.proposals[proposal];
                        found.status(now) == Status::Voting && found.powers[who] > 0
                    };
                    let account = chain.account(VOTERS[who].0);
                    prop_assert_eq!(run(&mut chain, &account, &ExecuteMsg::Vote { proposal_id, vote }), fits);
                    if fits {
                        books.proposals[proposal].votes.push((now, who, vote));
                    }
                }
                Step::Close { proposal } => {
                    let proposal_id = Uint64::new(books.first + proposal as u64);
                    let status = books.proposals.get(proposal).map(|found| found.status(now));
                    let over = status.is_some_and(|status| !matches!(status, Status::DepositPeriod | Status::Voting));
                    let fits = over && books.proposals[proposal].state == DepositState::Held;
                    let anyone = chain.account("anyone");
                    prop_assert_eq!(run(&mut chain, &anyone, &ExecuteMsg::Close { proposal_id }), fits);
                    if fits {
                        let vetoed = status == Some(Status::Vetoed);
                        books.settle(proposal, if vetoed { DepositState::Burned } else { DepositState::Returned });
                    }
                }
                Step::Execute { proposal } => {
                    let proposal_id = Uint64::new(books.first + proposal as u64);
                    let fits = exists(proposal, &books) && {
                        let found = &books.proposals[proposal];
                        match found.status(now) {
                            Status::Executable => true,
                            Status::ExecutionFailed => now < found.run_ends(),
                            _ => false,
                        }
                    };
                    let anyone = chain.account("anyone");
                    prop_assert_eq!(run(&mut chain, &anyone, &ExecuteMsg::Execute { proposal_id }), fits);
                    if fits {
                        books.settle(proposal, DepositState::Returned);
                        let found = &mut books.proposals[proposal];
                        let works = found.kind == Kind::Works;
                        (found.done, found.failed) = (works, !works);
                        books.notes += usize::from(works);
                    }
                }
            }

            let solvency = chain.solvency();
            prop_assert_eq!(solvency.deposits.u128(), books.held());
            prop_assert_eq!(solvency.held.u128(), books.held());
            prop_assert_eq!(chain.supply(), supply - books.burned);
            prop_assert_eq!(chain.notes().len(), books.notes);
            for (who, name) in DEPOSITORS.iter().enumerate() {
                prop_assert_eq!(chain.balance(&chain.account(name)), books.purses[who]);
            }
            let now = chain.now();
            for (number, found) in books.proposals.iter().enumerate() {
                let told = chain.proposal(books.first + number as u64);
                prop_assert_eq!(told.summary.status, found.status(now));
                prop_assert_eq!(told.summary.deposit_state, found.state);
                prop_assert_eq!(told.summary.deposited.u128(), found.deposited());
                prop_assert_eq!(told.summary.tally.yes.u128(), found.power(u64::MAX, VoteOption::Yes));
                prop_assert_eq!(told.summary.tally.veto.u128(), found.power(u64::MAX, VoteOption::Veto));
                prop_assert!(told.deposits.len() <= 16);
            }
        }
    }
}

fn run(chain: &mut Chain, from: &Addr, msg: &ExecuteMsg) -> bool {
    chain.app.execute_contract(from.clone(), chain.governance.clone(), msg, &[]).is_ok()
}
