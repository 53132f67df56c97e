//! A chain with one token. `alice` has 600,000,000 OPEN, `bob` has 400,000,000.

use cosmwasm_schema::serde::de::DeserializeOwned;
use cosmwasm_std::{testing::MockStorage, Addr, Uint128};
use cw_multi_test::{no_init, App, AppBuilder, AppResponse, BankKeeper, ContractWrapper, Executor, MockApiBech32};
use open_token::{
    client::OpenToken,
    contract,
    msg::{Allocation, ExecuteMsg, InstantiateMsg, QueryMsg},
    ContractError,
};

pub const ALICE: u128 = 600_000_000_000_000;
pub const BOB: u128 = 400_000_000_000_000;

pub struct Suite {
    pub app: App<BankKeeper, MockApiBech32, MockStorage>,
    pub code: u64,
    pub contract: Addr,
}

impl Suite {
    pub fn new() -> Self {
        Self::with(&[("alice", ALICE), ("bob", BOB)], Some("voice")).unwrap()
    }

    pub fn with(allocations: &[(&str, u128)], marketing: Option<&str>) -> Result<Self, ContractError> {
        let mut app = AppBuilder::new().with_api(MockApiBech32::new("wasm")).build(no_init);
        let wrapper = ContractWrapper::new(contract::execute, contract::instantiate, contract::query)
            .with_migrate(contract::migrate);
        let code = app.store_code(Box::new(wrapper));
        let admin = app.api().addr_make("admin");
        let allocation = |(name, amount): &(&str, u128)| Allocation {
            address: app.api().addr_make(name).into_string(),
            amount: Uint128::new(*amount),
        };
        let msg = InstantiateMsg {
            allocations: allocations.iter().map(allocation).collect(),
            marketing: marketing.map(|name| app.api().addr_make(name).into_string()),
        };
        let contract = app
            .instantiate_contract(code, admin.clone(), &msg, &[], "OPEN", Some(admin.to_string()))
            .map_err(|error| error.downcast::<ContractError>().unwrap())?;
        Ok(Self { app, code, contract })
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
