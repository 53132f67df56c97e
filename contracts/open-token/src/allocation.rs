//! How the supply is cut: who is paid at once, and what goes to the vesting contract with whose terms.

use cosmwasm_std::{Addr, Api, CosmosMsg, StdResult, Uint128};
use cw20::Cw20Coin;
use openledger_contract_kit::{ids, KitError};
use vesting::{client::Client, msg::ReceiveMsg};

use crate::{
    events::Event,
    msg::{Allocation, InstantiateMsg, VestingTerms, MAX_ALLOCATIONS, TOTAL_SUPPLY},
    ContractError,
};

/// Allocations of which every rule holds but those that the vesting contract checks.
pub struct Allocations<'a> {
    /// Validated addresses beside what was asked for.
    parts: Vec<(Addr, &'a Allocation)>,
    /// The vesting contract, if one was named.
    pub vesting: Option<Addr>,
}

impl<'a> Allocations<'a> {
    /// Checks addresses, amounts, doubles and the sum.
    pub fn check(api: &dyn Api, msg: &'a InstantiateMsg) -> Result<Self, ContractError> {
        ids::bound("allocations", msg.allocations.len(), MAX_ALLOCATIONS)?;
        let vesting = msg.vesting.as_ref().map(|address| api.addr_validate(address)).transpose()?;
        let mut all = Self { parts: Vec::with_capacity(msg.allocations.len()), vesting };
        for allocation in &msg.allocations {
            all.add(api.addr_validate(&allocation.address)?, allocation)?;
        }
        let sum = sum(&msg.allocations)?;
        if sum != TOTAL_SUPPLY {
            return Err(ContractError::SupplyMismatch { found: sum });
        }
        Ok(all)
    }

    fn add(&mut self, address: Addr, allocation: &'a Allocation) -> Result<(), ContractError> {
        if allocation.amount.is_zero() {
            return Err(ContractError::ZeroAllocation { address });
        }
        if self.vesting.as_ref() == Some(&address) {
            return Err(ContractError::AllocationToVesting { address });
        }
        if allocation.vesting.is_some() && self.vesting.is_none() {
            return Err(ContractError::VestingMissing { address });
        }
        if self.parts.iter().any(|(other, before)| *other == address && before.vesting == allocation.vesting) {
            return Err(ContractError::DuplicateAllocation { address });
        }
        self.parts.push((address, allocation));
        Ok(())
    }

    /// Balances to begin with: each account's, and the vesting contract's for all that vests.
    pub fn balances(&self) -> Result<Vec<Cw20Coin>, ContractError> {
        let coin = |address: &Addr, amount| Cw20Coin { address: address.to_string(), amount };
        let at_once = self.parts.iter().filter(|(_, part)| part.vesting.is_none());
        let mut coins: Vec<Cw20Coin> = at_once.map(|(address, part)| coin(address, part.amount)).collect();
        let vested = sum(self.parts.iter().map(|(_, part)| *part).filter(|part| part.vesting.is_some()))?;
        if let Some(vesting) = self.vesting.as_ref().filter(|_| !vested.is_zero()) {
            coins.push(coin(vesting, vested));
        }
        Ok(coins)
    }

    /// What tells the vesting contract whose tokens it was credited, as a `send` would. They run in the same transaction,
    /// after the balances are there; if one is refused then there is no token.
    pub fn reports(&self, grantor: &Addr) -> StdResult<Vec<CosmosMsg>> {
        let Some(vesting) = &self.vesting else { return Ok(Vec::new()) };
        let vested =
            self.parts.iter().filter_map(|(address, part)| Some((address, part.amount, part.vesting.as_ref()?)));
        vested.map(|(to, amount, terms)| Client::new(vesting).credited(grantor, amount, &grant(to, terms))).collect()
    }

    /// One event for each allocation.
    pub fn events(&self) -> impl Iterator<Item = Event<'_>> {
        self.parts.iter().map(|(address, part)| Event::Allocated {
            address,
            amount: part.amount,
            vests: part.vesting.is_some(),
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.parts.len()
    }
}

fn grant(recipient: &Addr, terms: &VestingTerms) -> ReceiveMsg {
    ReceiveMsg::Grant {
        recipient: recipient.to_string(),
        starts_at: terms.starts_at,
        cliff_seconds: terms.cliff_seconds,
        duration_seconds: terms.duration_seconds,
        revoker: terms.revoker.clone(),
    }
}

fn sum<'a>(parts: impl IntoIterator<Item = &'a Allocation>) -> Result<Uint128, ContractError> {
    let mut sum = Uint128::zero();
    for part in parts {
        sum = sum.checked_add(part.amount).map_err(|_| KitError::Overflow { what: "sum of allocations" })?;
    }
    Ok(sum)
}
