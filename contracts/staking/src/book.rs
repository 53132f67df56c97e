//! One validator opened for a change: rewards up to now are booked first, so that no change of a stake earns for the past;
//! closing it moves the totals and the rank along.

use cosmwasm_std::{Addr, Empty, StdResult, Storage, Uint128};

use crate::{
    error::ContractError,
    stake::Stake,
    state::{
        load_validator, Ledger, RewardAccount, Validator, BACKED, CLAIMABLE, EARNED, EARNING, PARAMS, RANKED,
        REWARD_INDEX, SHARES, STAKES, VALIDATORS,
    },
};

/// A validator with its stake and its rewards up to now.
pub struct Book {
    pub address: Addr,
    pub validator: Validator,
    pub stake: Stake,
    before: Stake,
    /// Present while it earns.
    income: Option<RewardAccount>,
    earned_on: Uint128,
}

impl Book {
    /// A new validator without a stake.
    pub fn new(address: Addr, validator: Validator) -> Self {
        let (stake, before) = (Stake::default(), Stake::default());
        Self { address, validator, stake, before, income: None, earned_on: Uint128::zero() }
    }

    /// Opens a registered validator and books its rewards.
    pub fn open(storage: &mut dyn Storage, address: &Addr) -> Result<Self, ContractError> {
        let (book, commission) = Self::read(storage, address)?;
        credit(storage, address, commission)?;
        Ok(book)
    }

    /// The same without writing, and the commission that is to be credited.
    pub fn read(storage: &dyn Storage, address: &Addr) -> Result<(Self, Uint128), ContractError> {
        let mut validator = load_validator(storage, address)?;
        let stake = STAKES.may_load(storage, address)?.unwrap_or_default();
        let mut commission = Uint128::zero();
        let mut earned_on = Uint128::zero();
        let mut income = EARNING.may_load(storage, address)?;
        if let Some(income) = &mut income {
            earned_on = stake.tokens;
            let earned = income.accrue(&REWARD_INDEX.load(storage)?, stake.tokens)?;
            commission = validator.commission.rate.of(earned);
            let rest = earned.checked_sub(commission)?;
            // Where something was earned there are tokens, and so shares.
            if !rest.is_zero() {
                validator.per_share.share(rest, stake.shares)?;
            }
        }
        Ok((Self { address: address.clone(), validator, stake, before: stake, income, earned_on }, commission))
    }

    /// Earns from the next funding on.
    pub fn start_earning(&mut self, storage: &dyn Storage) -> Result<(), ContractError> {
        if self.income.is_none() {
            self.income = Some(RewardAccount::starting(&REWARD_INDEX.load(storage)?));
        }
        Ok(())
    }

    /// Earns nothing more. The fraction of a uopen that it had earned stays in the contract.
    pub fn stop_earning(&mut self) {
        self.income = None;
    }

    /// The validator's own stake, in `uopen`.
    pub fn self_bond(&self) -> Result<Uint128, ContractError> {
        self.stake.worth(self.validator.own_shares)
    }

    /// What a delegator owns, in shares.
    pub fn shares(&self, storage: &dyn Storage, delegator: &Addr) -> Result<Uint128, ContractError> {
        Ok(SHARES.may_load(storage, (delegator, &self.address))?.unwrap_or_default())
    }

    /// What a delegation earned since it was last settled, and its account afterwards.
    pub fn earned(&self, storage: &dyn Storage, delegator: &Addr) -> Result<(Uint128, RewardAccount), ContractError> {
        match EARNED.may_load(storage, (delegator, &self.address))? {
            None => Ok((Uint128::zero(), RewardAccount::starting(&self.validator.per_share))),
            Some(mut account) => {
                let earned = account.accrue(&self.validator.per_share, self.shares(storage, delegator)?)?;
                Ok((earned, account))
            }
        }
    }

    /// Credits what a delegation earned. Comes before every change of its shares.
    pub fn settle(&self, storage: &mut dyn Storage, delegator: &Addr) -> Result<(), ContractError> {
        let (earned, account) = self.earned(storage, delegator)?;
        credit(storage, delegator, earned)?;
        Ok(EARNED.save(storage, (delegator, &self.address), &account)?)
    }

    /// Stakes `amount` for `delegator`; answers with the shares it bought.
    pub fn delegate(
        &mut self,
        storage: &mut dyn Storage,
        height: u64,
        delegator: &Addr,
        amount: Uint128,
    ) -> Result<Uint128, ContractError> {
        if amount.is_zero() {
            return Err(ContractError::ZeroAmount);
        }
        let held = self.shares(storage, delegator)?;
        if held.is_zero() {
            let mut backed = BACKED.may_load(storage, delegator)?.unwrap_or_default();
            let max = PARAMS.load(storage)?.max_delegations;
            if backed.len() >= usize::try_from(max).unwrap_or(usize::MAX) {
                return Err(ContractError::TooManyDelegations { max });
            }
            backed.push(self.address.clone());
            BACKED.save(storage, delegator, &backed, height)?;
        }
        self.settle(storage, delegator)?;
        let bought = self.stake.deposit(amount)?;
        let held = held.checked_add(bought)?;
        SHARES.save(storage, (delegator, &self.address), &held, height)?;
        if *delegator == self.address {
            self.validator.own_shares = held;
        }
        Ok(bought)
    }

    /// Takes shares of `delegator` out; answers with what they are worth. The fraction of a uopen that a closed delegation
    /// had earned stays in the contract.
    pub fn undelegate(
        &mut self,
        storage: &mut dyn Storage,
        height: u64,
        delegator: &Addr,
        shares: Uint128,
    ) -> Result<Uint128, ContractError> {
        let held = self.shares(storage, delegator)?.checked_sub(shares)?;
        self.settle(storage, delegator)?;
        let amount = self.stake.redeem(shares)?;
        if held.is_zero() {
            let mut backed = BACKED.may_load(storage, delegator)?.unwrap_or_default();
            backed.retain(|validator| *validator != self.address);
            BACKED.save(storage, delegator, &backed, height)?;
            SHARES.remove(storage, (delegator, &self.address), height)?;
            EARNED.remove(storage, (delegator, &self.address));
        } else {
            SHARES.save(storage, (delegator, &self.address), &held, height)?;
        }
        if *delegator == self.address {
            self.validator.own_shares = held;
        }
        Ok(amount)
    }

    /// Writes the validator, its stake and its rank, and moves the totals.
    pub fn close(mut self, storage: &mut dyn Storage, height: u64, ledger: &mut Ledger) -> Result<(), ContractError> {
        let earns_on = match &self.income {
            Some(income) => {
                EARNING.save(storage, &self.address, income)?;
                self.stake.tokens
            }
            None => {
                EARNING.remove(storage, &self.address);
                Uint128::zero()
            }
        };
        ledger.bonded = ledger.bonded.checked_add(self.stake.tokens)?.checked_sub(self.before.tokens)?;
        ledger.earning = ledger.earning.checked_add(earns_on)?.checked_sub(self.earned_on)?;
        let validator = &mut self.validator;
        let candidate = validator.jailed_until.is_none()
            && !validator.tombstoned
            && !validator.own_shares.is_zero()
            && !self.stake.tokens.is_zero();
        let rank = candidate.then_some(self.stake.tokens);
        if rank != validator.ranked {
            if let Some(old) = validator.ranked {
                RANKED.remove(storage, (old.u128(), &self.address));
            }
            if let Some(new) = rank {
                RANKED.save(storage, (new.u128(), &self.address), &Empty {})?;
            }
            validator.ranked = rank;
        }
        if self.stake != self.before {
            STAKES.save(storage, &self.address, &self.stake, height)?;
        }
        Ok(VALIDATORS.save(storage, &self.address, validator)?)
    }
}

/// Adds to what an account may claim.
fn credit(storage: &mut dyn Storage, account: &Addr, amount: Uint128) -> StdResult<()> {
    if amount.is_zero() {
        return Ok(());
    }
    let credited = CLAIMABLE.may_load(storage, account)?.unwrap_or_default().checked_add(amount)?;
    CLAIMABLE.save(storage, account, &credited)
}
