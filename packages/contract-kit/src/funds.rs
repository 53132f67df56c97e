//! Coins that come with a message.

use crate::KitError;
use cosmwasm_std::MessageInfo;

/// Refuses native coins: none of our messages takes them, and what is sent by mistake must return.
pub fn refuse_coins(info: &MessageInfo) -> Result<(), KitError> {
    if info.funds.is_empty() {
        Ok(())
    } else {
        Err(KitError::UnexpectedFunds)
    }
}
