//! The plain model: what each message should do, written without a look at the contract.

use crate::suite::{ADAPTER_BOND, BASE_BOND};

pub const WHO: [&str; 5] = ["carol", "dave", "erin", "admin", "settlement"];
pub const OWNER: usize = 3;
pub const SETTLEMENT: usize = 4;

/// What is done. Accounts are places in [`WHO`], ids count from 1.
#[derive(Debug, Clone)]
pub enum Step {
    Wait(u64),
    Register { digest: u8 },
    List { base: u64, shared: bool },
    Withdraw { base: u64 },
    Adapter { base: u64 },
    Publish { id: u64, price: u128, promote: bool },
    SetTerms { id: u64, price: u128, take: u16 },
    Promote { id: u64, version: u32 },
    Rollback { id: u64 },
    Retire { id: u64 },
    Propose { id: u64, to: usize, seconds: u64 },
    Accept { id: u64 },
    Payout { id: u64, to: usize },
    Suspend { id: u64, seconds: u64 },
    Resume { id: u64 },
    Income { id: u64, amount: u128 },
    Unlock { id: u64, base: bool },
}

#[derive(Debug, Clone)]
pub struct Bond {
    pub left: u128,
    pub free_at: Option<u64>,
}

#[derive(Debug, Clone)]
pub struct PlainBase {
    pub registrant: usize,
    pub digest: u8,
    pub shared: bool,
    pub leaves_at: Option<u64>,
    pub bond: Bond,
}

#[derive(Debug, Clone)]
pub struct PlainAdapter {
    pub base: usize,
    pub developer: usize,
    pub offer: Option<(usize, u64)>,
    /// Every choice with the time from which it counts; a later one forgets those that do not count yet.
    pub payouts: Vec<(u64, usize)>,
    /// Price and treasury part.
    pub versions: Vec<(u128, u16)>,
    pub serving: usize,
    pub previous: Option<usize>,
    pub retired: bool,
    pub suspension: Option<(u64, u64)>,
    pub earned: u128,
    pub bond: Bond,
}

impl PlainAdapter {
    pub fn payout(&self, now: u64) -> usize {
        self.payouts.iter().rev().find(|(from, _)| now >= *from).unwrap().1
    }

    pub fn pay_to(&mut self, who: usize, now: u64) {
        self.payouts.retain(|(from, _)| now >= *from);
        self.payouts.push((now + 60, who));
    }

    pub fn append(&mut self, version: (u128, u16), promote: bool) {
        self.versions.push(version);
        if promote {
            self.serve(self.versions.len() - 1);
        }
    }

    pub fn serve(&mut self, at: usize) {
        self.previous = Some(self.serving);
        self.serving = at;
    }
}

#[derive(Debug, Default)]
pub struct Plain {
    pub now: u64,
    pub bases: Vec<PlainBase>,
    pub adapters: Vec<PlainAdapter>,
    pub money: [i128; 5],
}

pub fn signed(amount: u128) -> i128 {
    i128::try_from(amount).unwrap()
}

impl Plain {
    pub fn adapter(&mut self, id: u64) -> Option<&mut PlainAdapter> {
        self.adapters.get_mut(usize::try_from(id).unwrap() - 1)
    }

    pub fn base(&mut self, id: u64) -> Option<&mut PlainBase> {
        self.bases.get_mut(usize::try_from(id).unwrap() - 1)
    }

    /// Does it, or answers `None` when it is refused.
    pub fn apply(&mut self, who: usize, step: &Step) -> Option<()> {
        let now = self.now;
        match *step {
            Step::Wait(seconds) => self.now += seconds,
            Step::Register { digest } => {
                let known =
                    |base: &PlainBase| (base.registrant, base.digest) == (who, digest) && base.leaves_at.is_none();
                (!self.bases.iter().any(known)).then_some(())?;
                let bond = Bond { left: BASE_BOND, free_at: None };
                self.bases.push(PlainBase { registrant: who, digest, shared: false, leaves_at: None, bond });
                self.money[who] -= signed(BASE_BOND);
            }
            Step::List { base, shared } => {
                let base = self.base(base)?;
                let useful = who == OWNER && base.shared != shared && !(shared && base.leaves_at.is_some());
                useful.then(|| base.shared = shared)?;
            }
            Step::Withdraw { base } => {
                let base = self.base(base)?;
                (base.registrant == who && base.leaves_at.is_none()).then_some(())?;
                base.leaves_at = Some(now + 200);
                base.bond.free_at = Some(now + 1_200);
            }
            Step::Adapter { base } => {
                let at = usize::try_from(base).unwrap() - 1;
                let found = self.base(base)?;
                (found.leaves_at.is_none() && (found.shared || found.registrant == who)).then_some(())?;
                self.adapters.push(PlainAdapter {
                    base: at,
                    developer: who,
                    offer: None,
                    payouts: vec![(0, who)],
                    versions: vec![(10, 500)],
                    serving: 0,
                    previous: None,
                    retired: false,
                    suspension: None,
                    earned: 0,
                    bond: Bond { left: ADAPTER_BOND, free_at: None },
                });
                self.money[who] -= signed(ADAPTER_BOND);
            }
            Step::Publish { id, price, promote } => {
                let base = self.adapter(id)?.base;
                let gone = self.bases[base].leaves_at.is_some_and(|leaves_at| now >= leaves_at);
                let adapter = self.live(who, id)?;
                let new = (price, 500);
                (!gone && *adapter.versions.last()? != new).then(|| adapter.append(new, promote))?;
            }
            Step::SetTerms { id, price, take } => {
                let adapter = self.live(who, id)?;
                let new = (price, take);
                (take >= 400 && adapter.versions[adapter.serving] != new).then(|| adapter.append(new, true))?;
            }
            Step::Promote { id, version } => {
                let adapter = self.live(who, id)?;
                let at = usize::try_from(version).unwrap().checked_sub(1)?;
                (at < adapter.versions.len() && at != adapter.serving).then(|| adapter.serve(at))?;
            }
            Step::Rollback { id } => {
                let adapter = self.live(who, id)?;
                adapter.serving = adapter.previous.take()?;
            }
            Step::Retire { id } => {
                let adapter = self.live(who, id)?;
                adapter.retired = true;
                adapter.bond.free_at = Some(now + 1_000);
            }
            Step::Propose { id, to, seconds } => {
                let adapter = self.own(who, id)?;
                (seconds > 0).then(|| adapter.offer = Some((to, now + seconds)))?;
            }
            Step::Accept { id } => {
                let adapter = self.adapter(id)?;
                let (to, end) = adapter.offer?;
                (to == who && now < end).then_some(())?;
                (adapter.developer, adapter.offer) = (who, None);
                adapter.pay_to(who, now);
            }
            Step::Payout { id, to } => self.own(who, id)?.pay_to(to, now),
            Step::Suspend { id, seconds } => {
                let adapter = self.adapter(id)?;
                let rested = adapter.suspension.is_none_or(|(from, until)| now >= until + (until - from));
                let good = who == OWNER && !adapter.retired && rested && (1..=50).contains(&seconds);
                good.then(|| adapter.suspension = Some((now, now + seconds)))?;
            }
            Step::Resume { id } => {
                let adapter = self.adapter(id)?;
                let (from, until) = adapter.suspension?;
                (who == OWNER && now < until).then(|| adapter.suspension = Some((from, now)))?;
            }
            Step::Income { id, amount } => {
                let adapter = self.adapter(id)?;
                (amount > 0).then_some(())?;
                let mut paid = amount;
                if who == SETTLEMENT {
                    let rebate = (amount * 300 / 10_000).min(adapter.bond.left);
                    adapter.bond.left -= rebate;
                    adapter.earned += amount;
                    paid += rebate;
                }
                let to = adapter.payout(now);
                self.money[who] -= signed(amount);
                self.money[to] += signed(paid);
            }
            Step::Unlock { id, base: true } => {
                let base = self.base(id)?;
                let (to, free) = (base.registrant, take_free(&mut base.bond, now)?);
                self.money[to] += free;
            }
            Step::Unlock { id, base: false } => {
                let adapter = self.adapter(id)?;
                let (to, free) = (adapter.payout(now), take_free(&mut adapter.bond, now)?);
                self.money[to] += free;
            }
        }
        Some(())
    }

    pub fn own(&mut self, who: usize, id: u64) -> Option<&mut PlainAdapter> {
        self.adapter(id).filter(|adapter| adapter.developer == who)
    }

    pub fn live(&mut self, who: usize, id: u64) -> Option<&mut PlainAdapter> {
        self.own(who, id).filter(|adapter| !adapter.retired)
    }

    pub fn bonded(&self) -> u128 {
        let bases = self.bases.iter().map(|base| base.bond.left);
        bases.chain(self.adapters.iter().map(|adapter| adapter.bond.left)).sum()
    }
}

pub fn take_free(bond: &mut Bond, now: u64) -> Option<i128> {
    (bond.left > 0 && bond.free_at.is_some_and(|free_at| now >= free_at)).then_some(())?;
    Some(signed(std::mem::take(&mut bond.left)))
}
