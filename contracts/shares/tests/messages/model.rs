//! Random histories against plain books kept beside the contract.
//!
//! The books are as simple as they can be: every account has a balance, an income and a stake; every release and every slash
//! walks over all of them. Incomes and stakes are kept in units of 10^-18 uopen, so that the model's own rounding is far
//! below what is compared.

use proptest::prelude::*;
use shares::{
    client::{back_hook, fund_income_hook},
    msg::ExecuteMsg,
};

use crate::chain::{amount, bps, params, Chain, DAY, RICH};

const WHO: [&str; 4] = ["alice", "bob", "carol", "dave"];
const FINE: u128 = 1_000_000_000_000_000_000;
const SECOND: u128 = 1_000_000_000;

#[derive(Debug, Clone)]
enum Step {
    Mint(usize, u128),
    Back(usize, u128),
    Unback(usize, u128),
    Withdraw(usize),
    Transfer(usize, usize, u128),
    TransferFrom(usize, usize, u128),
    Burn(usize, u128),
    Fund(bool, u128),
    Claim(usize),
    Slash(u16, bool),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0usize..4;
    let some = || 1u128..2_000;
    prop_oneof![
        (who(), some()).prop_map(|(who, shares)| Step::Mint(who, shares)),
        (who(), some()).prop_map(|(who, uopen)| Step::Back(who, uopen)),
        (who(), some()).prop_map(|(who, uopen)| Step::Back(who, uopen)),
        (who(), some()).prop_map(|(who, shares)| Step::Unback(who, shares)),
        (who(), some()).prop_map(|(who, shares)| Step::Unback(who, shares)),
        who().prop_map(Step::Withdraw),
        (who(), who(), some()).prop_map(|(from, to, shares)| Step::Transfer(from, to, shares)),
        (who(), who(), some()).prop_map(|(from, to, shares)| Step::TransferFrom(from, to, shares)),
        (who(), 1u128..200).prop_map(|(who, shares)| Step::Burn(who, shares)),
        (any::<bool>(), 1u128..50_000).prop_map(|(datanets, uopen)| Step::Fund(datanets, uopen)),
        who().prop_map(Step::Claim),
        (1u16..=10_000, any::<bool>()).prop_map(|(points, burns)| Step::Slash(points, burns)),
        (1u64..900).prop_map(Step::Wait),
        (1u64..2 * DAY).prop_map(Step::Wait),
    ]
}

#[derive(Default, Clone)]
struct Account {
    shares: u128,
    /// In 10^-18 uopen, claimed or not.
    earned: u128,
    claimed: u128,
    /// In 10^-18 uopen.
    stake: u128,
    /// Shares to give back for it.
    owed: u128,
    /// End and stake in 10^-18 uopen.
    leaving: Vec<(u64, u128)>,
    allowance: u128,
}

#[derive(Default)]
struct Books {
    accounts: [Account; 4],
    /// Income that is not released yet, the nanoseconds left for it, and when that was.
    stream: (u128, u128, u64),
    received: u128,
    commons: u128,
    day: (u64, u128),
    minted: u128,
    contributions: u64,
    /// Changes of stakes, each of which may have rounded by a uopen.
    roundings: u128,
}

impl Books {
    fn supply(&self) -> u128 {
        self.accounts.iter().map(|account| account.shares).sum()
    }

    fn release(&mut self, now: u64) {
        let supply = self.supply();
        let (remaining, left, since) = self.stream;
        let passed = u128::from(now - since) * SECOND;
        self.stream.2 = now;
        if supply == 0 {
            return;
        }
        let due = if passed >= left { remaining } else { remaining * passed / left };
        self.stream = (remaining - due, left - passed.min(left), now);
        for account in &mut self.accounts {
            account.earned += due * FINE / supply * account.shares;
        }
    }

    fn fund(&mut self, uopen: u128) {
        let (remaining, left, since) = self.stream;
        let total = remaining + uopen;
        self.stream = (total, ((remaining * left + uopen * 1_000 * SECOND) / total).max(1), since);
        self.received += uopen;
    }
}

fn close(found: u128, fine: u128, slack: u128) -> bool {
    let exact = fine / FINE;
    found <= exact + slack && exact <= found + slack
}

fn run(chain: &mut Chain, from: &str, msg: &ExecuteMsg) -> bool {
    chain.try_send(from, msg).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_equals_the_model(steps in prop::collection::vec(step(), 40..110)) {
        let mut chain = Chain::new();
        let stranger = chain.account("stranger").to_string();
        chain.send("datanets", &ExecuteMsg::SetCommonsPart { part: bps(1_500), account: stranger });
        let spender = chain.account("sponsor").to_string();
        let mut books = Books { stream: (0, 0, chain.now()), ..Books::default() };
        for (at, who) in WHO.iter().enumerate() {
            let (spender, allowance) = (spender.clone(), 5_000);
            chain.send(who, &ExecuteMsg::IncreaseAllowance { spender, amount: amount(allowance), expires: None });
            books.accounts[at].allowance = allowance;
        }
        let donated = 12_345;
        let shares = chain.shares.clone();
        chain.open_transfer("sponsor", &shares, donated);

        for step in steps {
            let now = chain.now();
            // What nobody sees: the model releases at every step, the contract only when it is touched. Time differs only
            // where both see the same, so it is compared at the touches.
            let touched = match step {
                Step::Wait(seconds) => {
                    chain.wait(seconds);
                    continue;
                }
                Step::Mint(who, asked) => {
                    let today = now / DAY;
                    let used = if books.day.0 == today { books.day.1 } else { 0 };
                    let fits = used + asked <= 400_000 && books.minted + asked <= 1_000_000;
                    let message = chain.minting(WHO[who], asked, books.contributions + 1);
                    prop_assert_eq!(run(&mut chain, "datanets", &message), fits);
                    if fits {
                        books.release(now);
                        books.day = (today, used + asked);
                        books.minted += asked;
                        books.contributions += 1;
                        books.accounts[who].shares += asked;
                    }
                    fits
                }
                Step::Back(who, uopen) => {
                    let fits = uopen >= 2;
                    prop_assert_eq!(chain.send_open(WHO[who], uopen, back_hook(None).unwrap()).is_ok(), fits);
                    if fits {
                        books.release(now);
                        let account = &mut books.accounts[who];
                        account.shares += uopen / 2;
                        account.owed += uopen / 2;
                        account.stake += uopen * FINE;
                        books.roundings += 1;
                    }
                    fits
                }
                Step::Unback(who, asked) => {
                    let before = chain.backing(WHO[who]);
                    let done = run(&mut chain, WHO[who], &ExecuteMsg::Unback { shares: amount(asked) });
                    let account = &books.accounts[who];
                    let covered = asked <= account.owed && asked <= account.shares;
                    prop_assert!(!done || covered);
                    // A covered one is refused only when it is worth less than a uopen.
                    if covered && !done {
                        prop_assert!(before.staked.u128() * asked / account.owed <= 1);
                    }
                    if done {
                        books.release(now);
                        let account = &mut books.accounts[who];
                        let part = account.stake / account.owed * asked;
                        account.stake -= part;
                        account.owed -= asked;
                        account.shares -= asked;
                        account.leaving.push(((now + 3 * DAY).div_ceil(DAY) * DAY, part));
                        books.roundings += 2;
                    }
                    done
                }
                Step::Withdraw(who) => {
                    let is_due = |entry: &(u64, u128)| entry.0 <= now;
                    let due: u128 = books.accounts[who].leaving.iter().filter(|e| is_due(e)).map(|e| e.1).sum();
                    let fits = books.accounts[who].leaving.iter().any(is_due);
                    let before = chain.open_of(WHO[who]);
                    prop_assert_eq!(run(&mut chain, WHO[who], &ExecuteMsg::WithdrawBacking {}), fits);
                    let paid = chain.open_of(WHO[who]) - before;
                    prop_assert!(close(paid, due, books.roundings + 1), "{} {}", paid, due);
                    books.accounts[who].leaving.retain(|entry| !is_due(entry));
                    false
                }
                Step::Transfer(from, to, asked) => {
                    let fits = asked <= books.accounts[from].shares;
                    let recipient = chain.account(WHO[to]).to_string();
                    let message = ExecuteMsg::Transfer { recipient, amount: amount(asked) };
                    prop_assert_eq!(run(&mut chain, WHO[from], &message), fits);
                    if fits {
                        books.release(now);
                        books.accounts[from].shares -= asked;
                        books.accounts[to].shares += asked;
                    }
                    fits
                }
                Step::TransferFrom(from, to, asked) => {
                    let fits = asked <= books.accounts[from].shares && asked <= books.accounts[from].allowance;
                    let (owner, recipient) = (chain.account(WHO[from]).to_string(), chain.account(WHO[to]).to_string());
                    let message = ExecuteMsg::TransferFrom { owner, recipient, amount: amount(asked) };
                    prop_assert_eq!(run(&mut chain, "sponsor", &message), fits);
                    if fits {
                        books.release(now);
                        books.accounts[from].allowance -= asked;
                        books.accounts[from].shares -= asked;
                        books.accounts[to].shares += asked;
                    }
                    fits
                }
                Step::Burn(who, asked) => {
                    let fits = asked <= books.accounts[who].shares;
                    prop_assert_eq!(run(&mut chain, WHO[who], &ExecuteMsg::Burn { amount: amount(asked) }), fits);
                    if fits {
                        books.release(now);
                        books.accounts[who].shares -= asked;
                    }
                    fits
                }
                Step::Fund(by_datanets, uopen) => {
                    let from = if by_datanets { "datanets" } else { "sponsor" };
                    chain.send_open(from, uopen, fund_income_hook().unwrap()).unwrap();
                    let commons = if by_datanets { uopen * 15 / 100 } else { 0 };
                    books.commons += commons;
                    books.release(now);
                    if uopen > commons {
                        books.fund(uopen - commons);
                    }
                    true
                }
                Step::Claim(who) => {
                    let due = chain.claimable(WHO[who]);
                    let before = chain.open_of(WHO[who]);
                    prop_assert_eq!(run(&mut chain, WHO[who], &ExecuteMsg::ClaimIncome {}), due > 0);
                    prop_assert_eq!(chain.open_of(WHO[who]) - before, due);
                    if due > 0 {
                        books.release(now);
                        books.accounts[who].claimed += due;
                    }
                    due > 0
                }
                Step::Slash(points, burns) => {
                    let recipient = (!burns).then(|| chain.account("stranger").to_string());
                    let message = ExecuteMsg::SlashBacking { fraction: bps(points), recipient };
                    prop_assert!(run(&mut chain, "datanets", &message));
                    for account in &mut books.accounts {
                        account.stake -= account.stake / 10_000 * u128::from(points);
                        for (_, stake) in account.leaving.iter_mut().filter(|entry| entry.0 > now) {
                            *stake -= *stake / 10_000 * u128::from(points);
                        }
                        if points == 10_000 {
                            (account.stake, account.owed) = (0, 0);
                        }
                    }
                    books.roundings += 2;
                    false
                }
            };

            // Balances are exact.
            for (at, who) in WHO.iter().enumerate() {
                prop_assert_eq!(chain.shares_of(who), books.accounts[at].shares);
                let backing = chain.backing(who);
                prop_assert_eq!(backing.shares.u128(), books.accounts[at].owed);
                // Stakes are those of the model but for rounding, and rounding never makes money.
                prop_assert!(close(backing.staked.u128(), books.accounts[at].stake, books.roundings + 1));
            }
            prop_assert_eq!(chain.supply(), books.supply());
            // Incomes are those of the model, at most two uopen apart.
            if touched {
                for (at, who) in WHO.iter().enumerate() {
                    let earned = chain.claimable(who) + books.accounts[at].claimed;
                    prop_assert!(close(earned, books.accounts[at].earned, 2), "{} {}", earned, books.accounts[at].earned);
                }
            }
            // The books are covered to the last uopen: what is held is what is owed and what was given by mistake.
            let solvency = chain.solvency();
            let claimed: u128 = books.accounts.iter().map(|account| account.claimed).sum();
            prop_assert_eq!(solvency.income.u128(), books.received - claimed);
            let owed = solvency.backing + solvency.unbacking + solvency.income;
            prop_assert_eq!(solvency.held.u128(), owed.u128() + donated);
            let promised: u128 = WHO.iter().map(|who| chain.claimable(who)).sum();
            prop_assert!(promised + chain.income().streaming.u128() <= solvency.income.u128());
            prop_assert!(solvency.income.u128() - promised - chain.income().streaming.u128() <= 5);
        }

        // Everybody gets out: after all releases and with all shares given back, only rounding is left.
        chain.wait(40 * DAY);
        for who in WHO {
            if chain.claimable(who) > 0 {
                chain.claim(who);
            }
            let give_back = chain.backing(who).shares.u128().min(chain.shares_of(who));
            let unback = ExecuteMsg::Unback { shares: amount(give_back.max(1)) };
            run(&mut chain, who, &unback);
        }
        chain.wait(4 * DAY);
        for who in WHO {
            run(&mut chain, who, &ExecuteMsg::WithdrawBacking {});
            let never: shares::ContractError = chain.refused(who, &ExecuteMsg::WithdrawBacking {});
            prop_assert_eq!(never, shares::ContractError::NothingDue { next: None });
        }
        prop_assert_eq!(chain.solvency().unbacking.u128(), 0);
        prop_assert!(chain.open_of("stranger") >= RICH + books.commons);
        prop_assert_eq!(params().max_commons_part, bps(5_000));
    }
}
