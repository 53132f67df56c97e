//! How wallets and other contracts talk to the vesting contract.

use cosmwasm_std::{to_json_binary, Addr, Binary, CosmosMsg, QuerierWrapper, StdResult, Uint128, Uint64, WasmMsg};
use cw20::{Cw20ExecuteMsg, Cw20ReceiveMsg};

use crate::{
    msg::{ExecuteMsg, GrantResponse, GrantsResponse, QueryMsg, ReceiveMsg, SolvencyResponse},
    schedule::Schedule,
};

/// A vesting contract at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client<'a> {
    address: &'a Addr,
}

impl<'a> Client<'a> {
    /// Talks to the contract at `address`.
    pub fn new(address: &'a Addr) -> Self {
        Self { address }
    }

    /// One grant as of now.
    pub fn grant(&self, querier: &QuerierWrapper, grant_id: u64) -> StdResult<GrantResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Grant { grant_id: Uint64::new(grant_id) })
    }

    /// A page of a recipient's grants, 30 at most.
    pub fn grants_of(
        &self,
        querier: &QuerierWrapper,
        recipient: &Addr,
        start_after: Option<u64>,
        limit: Option<u32>,
    ) -> StdResult<Vec<GrantResponse>> {
        let start_after = start_after.map(Uint64::new);
        let question = QueryMsg::GrantsOf { recipient: recipient.to_string(), start_after, limit };
        Ok(querier.query_wasm_smart::<GrantsResponse>(self.address, &question)?.grants)
    }

    /// Books of one token.
    pub fn solvency(&self, querier: &QuerierWrapper, token: &Addr) -> StdResult<SolvencyResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Solvency { token: token.to_string() })
    }

    /// Makes a grant out of the sender's balance: a cw20 `send` with the terms in its hook.
    pub fn grant_from_balance(&self, token: &Addr, amount: Uint128, terms: &ReceiveMsg) -> StdResult<CosmosMsg> {
        let send = Cw20ExecuteMsg::Send { contract: self.address.to_string(), amount, msg: to_json_binary(terms)? };
        Ok(WasmMsg::Execute { contract_addr: token.to_string(), msg: to_json_binary(&send)?, funds: vec![] }.into())
    }

    /// What a token sends after it has credited `amount` to this contract itself, for `grantor`.
    pub fn credited(&self, grantor: &Addr, amount: Uint128, terms: &ReceiveMsg) -> StdResult<CosmosMsg> {
        let report = Cw20ReceiveMsg { sender: grantor.to_string(), amount, msg: to_json_binary(terms)? };
        self.call(&ExecuteMsg::Receive(report))
    }

    /// Pays a grant's recipient.
    pub fn release(&self, grant_id: u64) -> StdResult<CosmosMsg> {
        self.call(&ExecuteMsg::Release { grant_id: Uint64::new(grant_id) })
    }

    /// Stops a grant.
    pub fn revoke(&self, grant_id: u64) -> StdResult<CosmosMsg> {
        self.call(&ExecuteMsg::Revoke { grant_id: Uint64::new(grant_id) })
    }

    /// A call of the contract. It takes no coins.
    pub fn call(&self, message: &ExecuteMsg) -> StdResult<CosmosMsg> {
        let contract_addr = self.address.to_string();
        Ok(WasmMsg::Execute { contract_addr, msg: to_json_binary(message)?, funds: vec![] }.into())
    }
}

/// Terms of a grant, as the hook of a `send` carries them.
pub fn terms(recipient: &Addr, schedule: Schedule, revoker: Option<&Addr>) -> ReceiveMsg {
    ReceiveMsg::Grant {
        recipient: recipient.to_string(),
        starts_at: schedule.starts_at,
        cliff_seconds: schedule.cliff_seconds,
        duration_seconds: schedule.duration_seconds,
        revoker: revoker.map(Addr::to_string),
    }
}

/// The same, encoded.
pub fn grant_hook(recipient: &Addr, schedule: Schedule, revoker: Option<&Addr>) -> StdResult<Binary> {
    to_json_binary(&terms(recipient, schedule, revoker))
}
