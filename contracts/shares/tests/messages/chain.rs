//! A chain with OPEN and the shares of Datanet 7. Accounts have names; `datanets` is the Datanets contract.

use cosmwasm_std::{to_json_binary, Addr, Binary, Empty, Timestamp, Uint128, Uint64, WasmMsg};
use cw20::{BalanceResponse, Cw20Coin, Cw20ExecuteMsg, Cw20QueryMsg, TokenInfoResponse};
use cw_multi_test::{
    error::AnyError, no_init, App, AppBuilder, AppResponse, BankKeeper, Contract, ContractWrapper, Executor,
    MockApiBech32, SudoMsg, WasmSudo,
};
use openledger_contract_kit::Bps;
use shares::{
    client::{back_hook, fund_income_hook, Client},
    msg::{
        BackingResponse, ClaimableResponse, ExecuteMsg, IncomeResponse, InstantiateMsg, Params, QueryMsg,
        SolvencyResponse,
    },
    ContractError,
};

pub const DAY: u64 = 86_400;
/// The start of a day.
pub const START: u64 = 20_833 * DAY;
pub const RICH: u128 = 1_000_000_000_000;
pub const NAMES: [&str; 7] = ["alice", "bob", "carol", "dave", "sponsor", "datanets", "stranger"];

pub struct Chain {
    pub app: App<BankKeeper, MockApiBech32>,
    pub token: Addr,
    pub shares: Addr,
}

/// A share costs 2 uopen in its smallest units' million, so 1 uopen buys 500,000 of them.
pub fn params() -> Params {
    Params {
        price: Uint128::new(2_000_000),
        max_backed_shares: Uint128::new(1_000_000_000),
        max_contribution_shares: Uint128::new(1_000_000),
        max_contribution_shares_per_day: Uint128::new(400_000),
        unback_seconds: Uint64::new(3 * DAY),
        income_seconds: Uint64::new(1_000),
        period_seconds: Uint64::new(DAY),
        max_slash: bps(10_000),
        max_commons_part: bps(5_000),
    }
}

pub fn bps(points: u16) -> Bps {
    Bps::new(points).unwrap()
}

pub fn amount(amount: u128) -> Uint128 {
    Uint128::new(amount)
}

pub fn contract() -> Box<dyn Contract<Empty>> {
    use shares::contract::{execute, instantiate, migrate, query, sudo};
    Box::new(ContractWrapper::new(execute, instantiate, query).with_sudo(sudo).with_migrate(migrate))
}

fn open_contract() -> Box<dyn Contract<Empty>> {
    use cw20_base::contract::{execute, instantiate, query};
    Box::new(ContractWrapper::new(execute, instantiate, query))
}

/// OPEN alone.
pub fn bare() -> Chain {
    let mut app: App<BankKeeper, MockApiBech32> = AppBuilder::new().with_api(MockApiBech32::new("wasm")).build(no_init);
    app.update_block(|block| block.time = Timestamp::from_seconds(START));
    let token = another_token(&mut app);
    Chain { shares: token.clone(), app, token }
}

/// A cw20 of which every account has plenty.
pub fn another_token(app: &mut App<BankKeeper, MockApiBech32>) -> Addr {
    let rich = |name: &str| Cw20Coin { address: app.api().addr_make(name).to_string(), amount: amount(RICH) };
    let init = cw20_base::msg::InstantiateMsg {
        name: "OPEN".into(),
        symbol: "OPEN".into(),
        decimals: 6,
        initial_balances: NAMES.map(rich).to_vec(),
        mint: None,
        marketing: None,
    };
    let code = app.store_code(open_contract());
    let admin = app.api().addr_make("admin");
    app.instantiate_contract(code, admin, &init, &[], "open", None).unwrap()
}

impl Chain {
    pub fn new() -> Self {
        Self::with(params())
    }

    pub fn with(params: Params) -> Self {
        let mut chain = bare();
        chain.shares = chain.instantiate(params).unwrap();
        chain
    }

    pub fn instantiate(&mut self, params: Params) -> Result<Addr, ContractError> {
        let msg = self.init(params);
        self.instantiate_as(&msg)
    }

    pub fn init(&self, params: Params) -> InstantiateMsg {
        InstantiateMsg {
            datanets: self.account("datanets").to_string(),
            datanet_id: Uint64::new(7),
            token: self.token.to_string(),
            name: "Shares of herbs".try_into().unwrap(),
            symbol: "HERBS".try_into().unwrap(),
            marketing: Some(self.account("voice").to_string()),
            params,
        }
    }

    pub fn instantiate_as(&mut self, msg: &InstantiateMsg) -> Result<Addr, ContractError> {
        let code = self.app.store_code(contract());
        let admin = self.account("admin");
        self.app
            .instantiate_contract(code, self.account("datanets"), msg, &[], "shares", Some(admin.to_string()))
            .map_err(|error| error.downcast::<ContractError>().unwrap())
    }

    pub fn account(&self, name: &str) -> Addr {
        self.app.api().addr_make(name)
    }

    pub fn now(&self) -> u64 {
        self.app.block_info().time.seconds()
    }

    pub fn wait(&mut self, seconds: u64) {
        self.app.update_block(|block| {
            block.height += 1;
            block.time = block.time.plus_seconds(seconds);
        });
    }

    /// Sends a message that must work, and checks the books after it.
    pub fn send(&mut self, from: &str, msg: &ExecuteMsg) -> AppResponse {
        let response = self.try_send(from, msg).unwrap();
        self.solvency();
        response
    }

    pub fn try_send(&mut self, from: &str, msg: &ExecuteMsg) -> Result<AppResponse, AnyError> {
        self.app.execute_contract(self.account(from), self.shares.clone(), msg, &[])
    }

    /// Sends a message that must be refused, and checks that neither contract's state changed.
    pub fn refused(&mut self, from: &str, msg: &ExecuteMsg) -> ContractError {
        let from = self.account(from);
        self.refused_call(&from, &self.shares.clone(), msg).downcast::<ContractError>().unwrap()
    }

    pub fn refused_call(&mut self, from: &Addr, to: &Addr, msg: &impl cosmwasm_schema::serde::Serialize) -> AnyError {
        let before = (self.app.dump_wasm_raw(&self.shares), self.app.dump_wasm_raw(&self.token));
        let message =
            WasmMsg::Execute { contract_addr: to.to_string(), msg: to_json_binary(msg).unwrap(), funds: vec![] };
        let error = self.app.execute(from.clone(), message.into()).unwrap_err();
        assert_eq!(before, (self.app.dump_wasm_raw(&self.shares), self.app.dump_wasm_raw(&self.token)));
        error
    }

    pub fn sudo(&mut self, msg: &shares::msg::SudoMsg) -> Result<AppResponse, ContractError> {
        let message = SudoMsg::Wasm(WasmSudo::new(&self.shares, msg).unwrap());
        self.app.sudo(message).map_err(|error| error.downcast::<ContractError>().unwrap())
    }

    pub fn query<T: cosmwasm_schema::serde::de::DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.app.wrap().query_wasm_smart(&self.shares, msg).unwrap()
    }

    pub fn client(&self) -> Client<'_> {
        Client::new(&self.shares)
    }

    /// A cw20 `send` of OPEN to the shares.
    pub fn send_open(&mut self, from: &str, uopen: u128, hook: Binary) -> Result<AppResponse, AnyError> {
        let message = Cw20ExecuteMsg::Send { contract: self.shares.to_string(), amount: amount(uopen), msg: hook };
        self.app.execute_contract(self.account(from), self.token.clone(), &message, &[])
    }

    pub fn open_transfer(&mut self, from: &str, to: &Addr, uopen: u128) {
        let message = Cw20ExecuteMsg::Transfer { recipient: to.to_string(), amount: amount(uopen) };
        self.app.execute_contract(self.account(from), self.token.clone(), &message, &[]).unwrap();
    }

    pub fn allow_open(&mut self, from: &str, uopen: u128) {
        let spender = self.shares.to_string();
        let message = Cw20ExecuteMsg::IncreaseAllowance { spender, amount: amount(uopen), expires: None };
        self.app.execute_contract(self.account(from), self.token.clone(), &message, &[]).unwrap();
    }

    pub fn back(&mut self, who: &str, uopen: u128) -> AppResponse {
        let response = self.send_open(who, uopen, back_hook(None).unwrap()).unwrap();
        self.solvency();
        response
    }

    pub fn fund(&mut self, who: &str, uopen: u128) -> AppResponse {
        let response = self.send_open(who, uopen, fund_income_hook().unwrap()).unwrap();
        self.solvency();
        response
    }

    pub fn minting(&self, who: &str, shares: u128, contribution_id: u64) -> ExecuteMsg {
        ExecuteMsg::MintForContribution {
            recipient: self.account(who).to_string(),
            amount: amount(shares),
            identity_id: Uint64::new(3),
            contribution_id: Uint64::new(contribution_id),
        }
    }

    pub fn mint(&mut self, who: &str, shares: u128, contribution_id: u64) -> AppResponse {
        let message = self.minting(who, shares, contribution_id);
        self.send("datanets", &message)
    }

    pub fn transfer(&mut self, from: &str, to: &str, shares: u128) -> AppResponse {
        let recipient = self.account(to).to_string();
        self.send(from, &ExecuteMsg::Transfer { recipient, amount: amount(shares) })
    }

    pub fn unback(&mut self, who: &str, shares: u128) -> AppResponse {
        self.send(who, &ExecuteMsg::Unback { shares: amount(shares) })
    }

    pub fn slash(&mut self, points: u16, recipient: Option<&str>) -> AppResponse {
        let recipient = recipient.map(|name| self.account(name).to_string());
        self.send("datanets", &ExecuteMsg::SlashBacking { fraction: bps(points), recipient })
    }

    pub fn claim(&mut self, who: &str) -> u128 {
        let account = self.account(who);
        let before = self.open(&account);
        self.send(who, &ExecuteMsg::ClaimIncome {});
        self.open(&account) - before
    }

    pub fn open(&self, account: &Addr) -> u128 {
        let question = Cw20QueryMsg::Balance { address: account.to_string() };
        self.app.wrap().query_wasm_smart::<BalanceResponse>(&self.token, &question).unwrap().balance.u128()
    }

    pub fn open_of(&self, who: &str) -> u128 {
        self.open(&self.account(who))
    }

    pub fn shares_of(&self, who: &str) -> u128 {
        self.client().balance(&self.app.wrap(), &self.account(who)).unwrap().u128()
    }

    pub fn supply(&self) -> u128 {
        self.query::<TokenInfoResponse>(&QueryMsg::TokenInfo {}).total_supply.u128()
    }

    pub fn claimable(&self, who: &str) -> u128 {
        let account = self.account(who).to_string();
        self.query::<ClaimableResponse>(&QueryMsg::Claimable { account }).claimable.u128()
    }

    pub fn backing(&self, who: &str) -> BackingResponse {
        let account = self.account(who).to_string();
        self.query(&QueryMsg::Backing { account, start_after: None, limit: Some(30) })
    }

    pub fn income(&self) -> IncomeResponse {
        self.query(&QueryMsg::Income {})
    }

    pub fn solvency(&self) -> SolvencyResponse {
        let books: SolvencyResponse = self.query(&QueryMsg::Solvency {});
        assert!(books.solvent, "{books:?}");
        books
    }
}

/// Values of an attribute in all events of a response.
pub fn told(response: &AppResponse, key: &str) -> Vec<String> {
    let attributes = response.events.iter().flat_map(|event| &event.attributes);
    attributes.filter(|attribute| attribute.key == key).map(|attribute| attribute.value.clone()).collect()
}
