//! Transfers and burns.

use anyhow::Result;
use cosmwasm_std::Uint128;
use cw20::Cw20ExecuteMsg;

use crate::{
    books::Books,
    chance::Chance,
    world::{PEOPLE, RICH, World},
};

/// One person pays another, or burns a little. Amounts above the balance are refused.
pub fn act(world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
    let from = world.people[chance.index(PEOPLE)].clone();
    let to = world.people[chance.index(PEOPLE)].clone();
    let token = world.token.clone();
    let burns = chance.once_in(10);
    let amount = chance.amount(if burns { 1_000 } else { RICH });
    let fits = amount <= books.balance(&from);
    let recipient = to.to_string();
    let message = match burns {
        true => Cw20ExecuteMsg::Burn { amount: Uint128::new(amount) },
        false => Cw20ExecuteMsg::Transfer { recipient, amount: Uint128::new(amount) },
    };
    let done = world.expect(&from, &token, &message, fits)?;
    if done {
        match burns {
            true => books.burn(&from, amount)?,
            false => books.pay(&from, &to, amount)?,
        }
    }
    Ok(done)
}
