//! A chain with two cw20 tokens and the vesting contract. Accounts have names.

use cosmwasm_schema::serde::{de::DeserializeOwned, Serialize};
use cosmwasm_std::{to_json_binary, Addr, Binary, Empty, Timestamp, Uint128, Uint64, WasmMsg};
use cw20::{BalanceResponse, Cw20Coin, Cw20ExecuteMsg, Cw20QueryMsg};
use cw_multi_test::{
    error::AnyError, no_init, App, AppBuilder, AppResponse, BankKeeper, Contract, ContractWrapper, Executor,
    MockApiBech32,
};
use vesting::{
    client::{terms, Client},
    msg::{ExecuteMsg, GrantResponse, InstantiateMsg, QueryMsg, ReceiveMsg},
    schedule::Schedule,
    ContractError,
};

pub const START: u64 = 1_800_000_000;
pub const RICH: u128 = 1_000_000_000_000;
pub const NAMES: [&str; 5] = ["founder", "alice", "bob", "carol", "stranger"];

pub struct Chain {
    pub app: App<BankKeeper, MockApiBech32>,
    pub token: Addr,
    pub other: Addr,
    pub vesting: Addr,
}

/// From now on, a quarter as the cliff, over a hundred seconds.
pub fn schedule() -> Schedule {
    over(START, 25, 100)
}

pub fn over(starts_at: u64, cliff: u64, duration: u64) -> Schedule {
    let [starts_at, cliff_seconds, duration_seconds] = [starts_at, cliff, duration].map(Uint64::new);
    Schedule { starts_at, cliff_seconds, duration_seconds }
}

pub fn amount(amount: u128) -> Uint128 {
    Uint128::new(amount)
}

pub fn id(id: u64) -> Uint64 {
    Uint64::new(id)
}

pub fn contract() -> Box<dyn Contract<Empty>> {
    use vesting::contract::{execute, instantiate, migrate, query};
    Box::new(ContractWrapper::new(execute, instantiate, query).with_migrate(migrate))
}

/// A cw20 of which every account has plenty.
fn token(app: &mut App<BankKeeper, MockApiBech32>, symbol: &str) -> Addr {
    use cw20_base::contract::{execute, instantiate, query};
    let rich = |name: &str| Cw20Coin { address: app.api().addr_make(name).to_string(), amount: amount(RICH) };
    let init = cw20_base::msg::InstantiateMsg {
        name: symbol.into(),
        symbol: symbol.into(),
        decimals: 6,
        initial_balances: NAMES.map(rich).to_vec(),
        mint: None,
        marketing: None,
    };
    let code = app.store_code(Box::new(ContractWrapper::new(execute, instantiate, query)));
    let admin = app.api().addr_make("admin");
    app.instantiate_contract(code, admin, &init, &[], symbol, None).unwrap()
}

impl Chain {
    pub fn new() -> Self {
        let mut app = AppBuilder::new().with_api(MockApiBech32::new("wasm")).build(no_init);
        app.update_block(|block| block.time = Timestamp::from_seconds(START));
        let (token, other) = (token(&mut app, "OPEN"), token(&mut app, "OTHER"));
        let code = app.store_code(contract());
        let admin = app.api().addr_make("admin");
        let owner = Some(admin.to_string());
        let vesting = app.instantiate_contract(code, admin, &InstantiateMsg {}, &[], "vesting", owner).unwrap();
        Self { app, token, other, vesting }
    }

    /// With one grant of 1,000 OPEN to alice, which founder may revoke.
    pub fn granted() -> Self {
        let mut chain = Self::new();
        let terms = chain.terms("alice", schedule(), Some("founder"));
        chain.grant("founder", 1_000, &terms).unwrap();
        chain
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

    /// Lets time pass until so many seconds after the start.
    pub fn at(&mut self, seconds: u64) {
        self.wait(START + seconds - self.now());
    }

    pub fn terms(&self, recipient: &str, schedule: Schedule, revoker: Option<&str>) -> ReceiveMsg {
        let revoker = revoker.map(|name| self.account(name));
        terms(&self.account(recipient), schedule, revoker.as_ref())
    }

    /// Makes a grant by a cw20 `send` of OPEN.
    pub fn grant(&mut self, from: &str, tokens: u128, terms: &ReceiveMsg) -> Result<AppResponse, AnyError> {
        self.grant_of(&self.token.clone(), from, tokens, to_json_binary(terms).unwrap())
    }

    pub fn grant_of(&mut self, token: &Addr, from: &str, tokens: u128, msg: Binary) -> Result<AppResponse, AnyError> {
        let send = Cw20ExecuteMsg::Send { contract: self.vesting.to_string(), amount: amount(tokens), msg };
        let response = self.app.execute_contract(self.account(from), token.clone(), &send, &[])?;
        self.solvency();
        Ok(response)
    }

    /// Makes a grant that must be refused, and checks that nothing changed.
    pub fn grant_refused(&mut self, from: &str, tokens: u128, terms: &ReceiveMsg) -> ContractError {
        let msg = to_json_binary(terms).unwrap();
        let send = Cw20ExecuteMsg::Send { contract: self.vesting.to_string(), amount: amount(tokens), msg };
        let (from, token) = (self.account(from), self.token.clone());
        self.refused_call(&from, &token, &send).downcast::<ContractError>().unwrap()
    }

    pub fn try_send(&mut self, from: &str, msg: &ExecuteMsg) -> Result<AppResponse, AnyError> {
        self.app.execute_contract(self.account(from), self.vesting.clone(), msg, &[])
    }

    /// Sends a message that must work, and checks the books after it.
    pub fn send(&mut self, from: &str, msg: &ExecuteMsg) -> AppResponse {
        let response = self.try_send(from, msg).unwrap();
        self.solvency();
        response
    }

    /// Sends a message that must be refused, and checks that nothing changed.
    pub fn refused(&mut self, from: &str, msg: &ExecuteMsg) -> ContractError {
        let (from, vesting) = (self.account(from), self.vesting.clone());
        self.refused_call(&from, &vesting, msg).downcast::<ContractError>().unwrap()
    }

    pub fn refused_call(&mut self, from: &Addr, to: &Addr, msg: &impl Serialize) -> AnyError {
        let before = self.raw();
        let message =
            WasmMsg::Execute { contract_addr: to.to_string(), msg: to_json_binary(msg).unwrap(), funds: vec![] };
        let error = self.app.execute(from.clone(), message.into()).unwrap_err();
        assert!(before == self.raw(), "a refused message changed something");
        error
    }

    /// All that the contract and the tokens have stored.
    fn raw(&self) -> [Vec<cosmwasm_std::Record>; 3] {
        [&self.vesting, &self.token, &self.other].map(|contract| self.app.dump_wasm_raw(contract))
    }

    pub fn release(&mut self, grant_id: u64) -> AppResponse {
        self.send("stranger", &ExecuteMsg::Release { grant_id: id(grant_id) })
    }

    pub fn propose(&mut self, from: &str, grant_id: u64, to: &str, expires_at: u64) -> AppResponse {
        let message = self.proposal(grant_id, to, expires_at);
        self.send(from, &message)
    }

    pub fn proposal(&self, grant_id: u64, to: &str, expires_at: u64) -> ExecuteMsg {
        let recipient = self.account(to).to_string();
        ExecuteMsg::ProposeRecipient { grant_id: id(grant_id), recipient, expires_at: id(expires_at) }
    }

    pub fn query<T: DeserializeOwned>(&self, msg: &QueryMsg) -> Result<T, String> {
        self.app.wrap().query_wasm_smart(&self.vesting, msg).map_err(|error| error.to_string())
    }

    pub fn client(&self) -> Client<'_> {
        Client::new(&self.vesting)
    }

    pub fn shown(&self, grant_id: u64) -> GrantResponse {
        self.client().grant(&self.app.wrap(), grant_id).unwrap()
    }

    pub fn ids_of(&self, who: &str) -> Vec<u64> {
        let grants = self.client().grants_of(&self.app.wrap(), &self.account(who), None, Some(30)).unwrap();
        grants.iter().map(|grant| grant.grant_id.u64()).collect()
    }

    pub fn balance_of(&self, token: &Addr, account: &Addr) -> u128 {
        let question = Cw20QueryMsg::Balance { address: account.to_string() };
        self.app.wrap().query_wasm_smart::<BalanceResponse>(token, &question).unwrap().balance.u128()
    }

    /// OPEN of an account beyond what it began with; below zero when it spent some.
    pub fn gained(&self, who: &str) -> i128 {
        self.balance_of(&self.token, &self.account(who)) as i128 - RICH as i128
    }

    /// Owed in OPEN, and that the contract holds what it owes in both tokens.
    pub fn solvency(&self) -> u128 {
        let books = [&self.token, &self.other].map(|token| self.client().solvency(&self.app.wrap(), token).unwrap());
        assert!(books.iter().all(|books| books.solvent && books.owed <= books.held), "{books:?}");
        books[0].owed.u128()
    }
}
