//! How other contracts, the Datanets contract above all, talk to the shares of a Datanet.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{to_json_binary, Addr, Binary, CosmosMsg, QuerierWrapper, StdResult, Uint128, Uint64, WasmMsg};
use cw20::{BalanceResponse, Cw20ExecuteMsg, Cw20QueryMsg, TokenInfoResponse};
use openledger_contract_kit::Bps;

use crate::msg::{ConfigResponse, IncomeResponse, InstantiateMsg, IssuanceResponse, MintedResponse, ReceiveMsg};

/// What this client sends, as in [`ExecuteMsg`](crate::msg::ExecuteMsg). A contract that links it need not carry the whole
/// interface in its wasm.
#[cw_serde]
enum Call {
    MintForContribution { recipient: String, amount: Uint128, identity_id: Uint64, contribution_id: Uint64 },
    SlashBacking { fraction: Bps, recipient: Option<String> },
    SetCommonsPart { part: Bps, account: String },
}

/// What this client asks, as in [`QueryMsg`](crate::msg::QueryMsg).
#[cw_serde]
enum Question {
    Config {},
    Income {},
    Issuance {},
    Minted { contribution_id: Uint64 },
}

/// A shares contract at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client<'a> {
    address: &'a Addr,
}

impl<'a> Client<'a> {
    /// Talks to the contract at `address`.
    pub fn new(address: &'a Addr) -> Self {
        Self { address }
    }

    /// Links, the commons' part and parameters.
    pub fn config(&self, querier: &QuerierWrapper) -> StdResult<ConfigResponse> {
        querier.query_wasm_smart(self.address, &Question::Config {})
    }

    /// Income of the last periods and of the whole life.
    pub fn income(&self, querier: &QuerierWrapper) -> StdResult<IncomeResponse> {
        querier.query_wasm_smart(self.address, &Question::Income {})
    }

    /// How many shares can still be issued, and for what. Ask before minting: above `contributions_left` it is refused.
    pub fn issuance(&self, querier: &QuerierWrapper) -> StdResult<IssuanceResponse> {
        querier.query_wasm_smart(self.address, &Question::Issuance {})
    }

    /// What a contribution brought; zero when it has not minted.
    pub fn minted(&self, querier: &QuerierWrapper, contribution_id: u64) -> StdResult<Uint128> {
        let question = Question::Minted { contribution_id: Uint64::new(contribution_id) };
        Ok(querier.query_wasm_smart::<MintedResponse>(self.address, &question)?.amount)
    }

    /// Shares of an account.
    pub fn balance(&self, querier: &QuerierWrapper, account: &Addr) -> StdResult<Uint128> {
        let question = Cw20QueryMsg::Balance { address: account.to_string() };
        Ok(querier.query_wasm_smart::<BalanceResponse>(self.address, &question)?.balance)
    }

    /// Name, symbol, decimals and supply.
    pub fn info(&self, querier: &QuerierWrapper) -> StdResult<TokenInfoResponse> {
        querier.query_wasm_smart(self.address, &Cw20QueryMsg::TokenInfo {})
    }

    /// Issues shares for an accepted contribution.
    pub fn mint_for_contribution(
        &self,
        recipient: &Addr,
        amount: Uint128,
        identity_id: u64,
        contribution_id: u64,
    ) -> StdResult<CosmosMsg> {
        self.call(&Call::MintForContribution {
            recipient: recipient.to_string(),
            amount,
            identity_id: Uint64::new(identity_id),
            contribution_id: Uint64::new(contribution_id),
        })
    }

    /// Slashes backing for proven poison; the money burns without a recipient.
    pub fn slash_backing(&self, fraction: Bps, recipient: Option<&Addr>) -> StdResult<CosmosMsg> {
        self.call(&Call::SlashBacking { fraction, recipient: recipient.map(Addr::to_string) })
    }

    /// Sets which part of the Datanet's income goes to its commons account.
    pub fn set_commons_part(&self, part: Bps, account: &Addr) -> StdResult<CosmosMsg> {
        self.call(&Call::SetCommonsPart { part, account: account.to_string() })
    }

    /// Forwards income: a cw20 `send` of the sender's OPEN. Not for an amount of zero.
    pub fn fund_income(&self, token: &Addr, amount: Uint128) -> StdResult<CosmosMsg> {
        let message = Cw20ExecuteMsg::Send { contract: self.address.to_string(), amount, msg: fund_income_hook()? };
        Ok(WasmMsg::Execute { contract_addr: token.to_string(), msg: to_json_binary(&message)?, funds: vec![] }.into())
    }

    fn call(&self, message: &Call) -> StdResult<CosmosMsg> {
        let contract_addr = self.address.to_string();
        Ok(WasmMsg::Execute { contract_addr, msg: to_json_binary(message)?, funds: vec![] }.into())
    }
}

/// Creates the shares of a Datanet. `admin` may migrate them; nobody if absent.
pub fn instantiate(code_id: u64, admin: Option<&Addr>, label: String, msg: &InstantiateMsg) -> StdResult<WasmMsg> {
    Ok(WasmMsg::Instantiate {
        admin: admin.map(Addr::to_string),
        code_id,
        msg: to_json_binary(msg)?,
        funds: vec![],
        label,
    })
}

/// Hook message of a cw20 `send` of OPEN that adds income.
pub fn fund_income_hook() -> StdResult<Binary> {
    to_json_binary(&ReceiveMsg::FundIncome {})
}

/// Hook message of a cw20 `send` of OPEN that stakes it.
pub fn back_hook(min_shares: Option<Uint128>) -> StdResult<Binary> {
    to_json_binary(&ReceiveMsg::Back { min_shares })
}
