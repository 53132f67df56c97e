//! A chain with one token. `alice` has 600,000,000 OPEN, `bob` has 400,000,000.

use cosmwasm_schema::serde::de::DeserializeOwned;
use cosmwasm_std::{testing::MockStorage, Addr, Uint128};
use cw_multi_test::{
    error::AnyError, no_init, App, AppBuilder, AppResponse, BankKeeper, ContractWrapper, Executor, MockApiBech32,
};
use open_token::{
    client::OpenToken,
    contract,
    msg::{Allocation, ExecuteMsg, InstantiateMsg, QueryMsg},
    ContractError,
};

pub const ALICE: u128 = 600_000_000_000_000;
pub const BOB: u128 = 400_000_000_000_000;

pub struct Suite {
    pub app: TestApp,
    pub contract: Addr,
}

pub type TestApp = App<BankKeeper, MockApiBech32, MockStorage>;

pub fn chain() -> TestApp {
    AppBuilder::new().with_api(MockApiBech32::new("wasm")).build(no_init)
}

pub fn store(app: &mut TestApp) -> u64 {
    let wrapper = ContractWrapper::new(contract::execute, contract::instantiate, contract::query);
    app.store_code(Box::new(wrapper.with_migrate(contract::migrate)))
}

pub fn vesting_contract(app: &mut TestApp) -> Addr {
    use vesting::contract::{execute, instantiate, query};
    let code = app.store_code(Box::new(ContractWrapper::new(execute, instantiate, query)));
    let admin = app.api().addr_make("admin");
    app.instantiate_contract(code, admin, &vesting::msg::InstantiateMsg {}, &[], "vesting", None).unwrap()
}

/// `admin` creates the token. A refusal may come from the vesting contract, so its words are kept.
pub fn try_instantiate(app: &mut TestApp, msg: &InstantiateMsg) -> Result<Addr, AnyError> {
    let code = store(app);
    let admin = app.api().addr_make("admin");
    app.instantiate_contract(code, admin.clone(), msg, &[], "OPEN", Some(admin.to_string()))
}

pub fn instantiate(app: &mut TestApp, msg: &InstantiateMsg) -> Result<Addr, ContractError> {
    try_instantiate(app, msg).map_err(|error| error.downcast().unwrap())
}

impl Suite {
    pub fn new() -> Self {
        Self::with(&[("alice", ALICE), ("bob", BOB)], Some("voice")).unwrap()
    }

    pub fn with(allocations: &[(&str, u128)], marketing: Option<&str>) -> Result<Self, ContractError> {
        let mut app = chain();
        let allocation = |(name, amount): &(&str, u128)| {
            Allocation::new(app.api().addr_make(name).into_string(), Uint128::new(*amount))
        };
        let msg = InstantiateMsg {
            allocations: allocations.iter().map(allocation).collect(),
            marketing: marketing.map(|name| app.api().addr_make(name).into_string()),
            vesting: None,
        };
        let contract = instantiate(&mut app, &msg)?;
        Ok(Self { app, contract })
    }

    pub fn account(&self, name: &str) -> Addr {
        self.app.api().addr_make(name)
    }

    pub fn exec(&mut self, who: &str, msg: ExecuteMsg) -> Result<AppResponse, ContractError> {
        let sender = self.account(who);
        self.app.execute_contract(sender, self.contract.clone(), &msg, &[]).map_err(|error| error.downcast().unwrap())
    }

    pub fn query<T: DeserializeOwned>(&self, msg: &QueryMsg) -> Result<T, String> {
        self.app.wrap().query_wasm_smart(&self.contract, msg).map_err(|error| error.to_string())
    }

    pub fn client(&self) -> OpenToken<'_> {
        OpenToken::new(&self.contract, self.app.wrap())
    }

    pub fn balance(&self, who: &str) -> u128 {
        self.client().balance(&self.account(who)).unwrap().u128()
    }

    pub fn supply(&self) -> u128 {
        self.client().info().unwrap().total_supply.u128()
    }

    pub fn transfer(&mut self, from: &str, to: &str, amount: u128) -> Result<(), ContractError> {
        let recipient = self.account(to).into_string();
        self.exec(from, ExecuteMsg::Transfer { recipient, amount: Uint128::new(amount) }).map(|_| ())
    }

    pub fn burn(&mut self, who: &str, amount: u128) -> Result<(), ContractError> {
        self.exec(who, ExecuteMsg::Burn { amount: Uint128::new(amount) }).map(|_| ())
    }
}
