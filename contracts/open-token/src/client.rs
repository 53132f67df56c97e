//! Typed calls for other contracts and for clients.

use cosmwasm_std::{to_json_binary, Addr, Binary, CosmosMsg, QuerierWrapper, StdResult, Uint128, WasmMsg};
use cw20::{AllowanceResponse, BalanceResponse, TokenInfoResponse};

use crate::msg::{ExecuteMsg, QueryMsg};

/// The token at an address.
pub struct OpenToken<'a> {
    address: &'a Addr,
    querier: QuerierWrapper<'a>,
}

impl<'a> OpenToken<'a> {
    /// Reads through `querier`.
    pub fn new(address: &'a Addr, querier: QuerierWrapper<'a>) -> Self {
        Self { address, querier }
    }

    /// Balance in `uopen`.
    pub fn balance(&self, account: &Addr) -> StdResult<Uint128> {
        Ok(self.query::<BalanceResponse>(&QueryMsg::Balance { address: account.to_string() })?.balance)
    }

    /// What `spender` may take from `owner`, in `uopen`, and until when.
    pub fn allowance(&self, owner: &Addr, spender: &Addr) -> StdResult<AllowanceResponse> {
        self.query(&QueryMsg::Allowance { owner: owner.to_string(), spender: spender.to_string() })
    }

    /// Name, symbol, decimals and what is left of the supply.
    pub fn info(&self) -> StdResult<TokenInfoResponse> {
        self.query(&QueryMsg::TokenInfo {})
    }

    fn query<T: cosmwasm_schema::serde::de::DeserializeOwned>(&self, msg: &QueryMsg) -> StdResult<T> {
        self.querier.query_wasm_smart(self.address, msg)
    }
}

/// Pays `amount` to `recipient` out of the sender's balance.
pub fn transfer(token: &Addr, recipient: &Addr, amount: Uint128) -> StdResult<CosmosMsg> {
    call(token, &ExecuteMsg::Transfer { recipient: recipient.to_string(), amount })
}

/// Takes `amount` from `owner`, who allowed it, and pays it to `recipient`.
pub fn transfer_from(token: &Addr, owner: &Addr, recipient: &Addr, amount: Uint128) -> StdResult<CosmosMsg> {
    call(token, &ExecuteMsg::TransferFrom { owner: owner.to_string(), recipient: recipient.to_string(), amount })
}

/// Pays `amount` to a contract and calls its `receive`.
pub fn send(token: &Addr, contract: &Addr, amount: Uint128, msg: Binary) -> StdResult<CosmosMsg> {
    call(token, &ExecuteMsg::Send { contract: contract.to_string(), amount, msg })
}

/// Destroys `amount` of the sender's balance.
pub fn burn(token: &Addr, amount: Uint128) -> StdResult<CosmosMsg> {
    call(token, &ExecuteMsg::Burn { amount })
}

/// A call of the token. It takes no coins.
pub fn call(token: &Addr, msg: &ExecuteMsg) -> StdResult<CosmosMsg> {
    Ok(WasmMsg::Execute { contract_addr: token.to_string(), msg: to_json_binary(msg)?, funds: vec![] }.into())
}
