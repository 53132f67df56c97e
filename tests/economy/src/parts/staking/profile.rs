//! What a validator changes of itself: its commission and its key.

use anyhow::{Result, anyhow};
use openledger_contract_kit::Bps;
use staking::msg::ExecuteMsg;

use super::Staking;
use crate::{
    chance::Chance,
    keys,
    world::{COMMISSION_STEP, COMMISSIONS, MOST_COMMISSION, POWERS, SINNER, World},
};

/// Between two changes of a commission, in seconds.
const DAY: u64 = 86_400;

impl Staking {
    /// Once a day, up by a step at most, never above the maximum.
    pub(super) fn update_commission(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let number = chance.index(POWERS.len());
        let validator = &self.validators[number];
        let most = COMMISSIONS[number].max(MOST_COMMISSION);
        let rate = match chance.once_in(4) {
            true => chance.below(10_001),
            false => chance.below(u64::from(validator.commission + COMMISSION_STEP + 20)).min(10_000),
        };
        let (rate, now) = (u16::try_from(rate)?, world.now());
        let stranger = chance.once_in(12);
        let fits = !stranger
            && rate <= most
            && rate.saturating_sub(validator.commission) <= COMMISSION_STEP
            && now >= validator.commission_changed_at + DAY;
        let message = ExecuteMsg::UpdateCommission { rate: Bps::new(rate).map_err(|error| anyhow!("{error}"))? };
        let sender = if stranger { world.people[0].clone() } else { world.validators[number].clone() };
        let staking = world.staking.clone();
        let done = world.expect(&sender, &staking, &message, fits)?;
        if done {
            // What was earned before is shared by the old rate.
            self.divide(number, world);
            let validator = &mut self.validators[number];
            (validator.commission, validator.commission_changed_at) = (rate, now);
        }
        Ok(done)
    }

    /// A key that nobody ever had, with a proof for this account. It signs from the next set on.
    pub(super) fn rotate_key(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let number = chance.index(POWERS.len());
        let (is_new, own) = (!chance.once_in(3), !chance.once_in(6));
        if is_new && self.next_key == SINNER {
            return Ok(false);
        }
        let key = if is_new { self.next_key } else { u8::try_from(chance.index(usize::from(self.next_key)))? };
        let account = world.validators[number].clone();
        let claims = if own { &account } else { &world.validators[(number + 1) % POWERS.len()] };
        let staking = world.staking.clone();
        let message = ExecuteMsg::RotateKey {
            bls_public_key: keys::public(key),
            proof_of_possession: keys::possession(key, world.scope(&staking), claims.as_str()),
        };
        let fits = is_new && own && !self.validators[number].tombstoned;
        let done = world.expect(&account, &staking, &message, fits)?;
        if done {
            self.validators[number].key = key;
            self.next_key += 1;
        }
        Ok(done)
    }
}
