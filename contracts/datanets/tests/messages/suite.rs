//! A chain with one Datanets contract, and short ways to use it.

use std::fmt::Debug;

use cosmwasm_schema::serde::de::DeserializeOwned;
use cosmwasm_std::{testing::MockStorage, Addr, Binary, Uint128, Uint64};
use cw20::{BalanceResponse, Cw20Coin, Cw20ExecuteMsg, Cw20QueryMsg};
use cw_multi_test::{
    error::AnyError, no_init, App, AppBuilder, AppResponse, BankKeeper, ContractWrapper, Executor, MockApiBech32,
};
use datanets::{
    contract,
    msg::{
        ConfigResponse, Contribution, DatanetResponse, DraftResponse, ExecuteMsg, IdentityResponse, InstantiateMsg,
        Membership, Params, QueryMsg, SolvencyResponse, SudoMsg,
    },
    ContractError,
};
use openledger_contract_kit::Digest;

pub struct Suite {
    pub app: App<BankKeeper, MockApiBech32, MockStorage>,
    pub code: u64,
    pub contract: Addr,
    pub token: Addr,
}

/// What every named account has at the start, in `uopen`.
pub const RICH: u128 = 1_000_000;
const NAMES: [&str; 19] = [
    "alice",
    "bob",
    "carol",
    "owner",
    "ann",
    "ben",
    "stranger",
    "sponsor",
    "settlement",
    "r0",
    "r1",
    "r2",
    "r3",
    "r4",
    "r5",
    "r6",
    "r7",
    "r8",
    "r9",
];

pub fn params() -> Params {
    Params {
        max_pause_seconds: Uint64::new(100),
        max_clusters: 4,
        max_rows: 1_000,
        max_pending: 3,
        payout_delay_seconds: Uint64::new(50),
        recovery_delay_seconds: Uint64::new(80),
        sunset_seconds: Uint64::new(300),
        ..Params::standard()
    }
}

/// A digest that is all `byte`.
pub fn digest(byte: u8) -> Digest {
    Digest::new([byte; 32])
}

impl Suite {
    /// Owner of the contract is `admin`.
    pub fn new() -> Self {
        Self::with(params()).unwrap()
    }

    pub fn with(params: Params) -> Result<Self, ContractError> {
        let mut app = AppBuilder::new().with_api(MockApiBech32::new("wasm")).build(no_init);
        let wrapper = ContractWrapper::new(contract::execute, contract::instantiate, contract::query)
            .with_sudo(contract::sudo)
            .with_reply(contract::reply)
            .with_migrate(contract::migrate);
        let code = app.store_code(Box::new(wrapper));
        let admin = app.api().addr_make("admin");
        let token = open(&mut app);
        let shares = {
            use shares::contract::{execute, instantiate, query};
            app.store_code(Box::new(ContractWrapper::new(execute, instantiate, query)))
        };
        let msg = InstantiateMsg {
            owner: admin.to_string(),
            token: token.to_string(),
            shares_code_id: Some(Uint64::new(shares)),
            params,
        };
        let contract = app
            .instantiate_contract(code, admin.clone(), &msg, &[], "datanets", Some(admin.to_string()))
            .map_err(|error| error.downcast::<ContractError>().unwrap())?;
        Ok(Self { app, code, contract, token })
    }

    pub fn account(&self, name: &str) -> Addr {
        self.app.api().addr_make(name)
    }

    pub fn exec(&mut self, who: &str, msg: ExecuteMsg) -> Result<AppResponse, ContractError> {
        let sender = self.account(who);
        self.app.execute_contract(sender, self.contract.clone(), &msg, &[]).map_err(|error| error.downcast().unwrap())
    }

    /// The refusal of a message, which must have changed nothing, events included.
    pub fn refused(&mut self, who: &str, msg: ExecuteMsg) -> ContractError {
        let before = self.app.dump_wasm_raw(&self.contract);
        let error = self.exec(who, msg).unwrap_err();
        assert_eq!(self.app.dump_wasm_raw(&self.contract), before, "{error}");
        error
    }

    /// OPEN of an account.
    pub fn open_at(&self, account: &Addr) -> u128 {
        let question = Cw20QueryMsg::Balance { address: account.to_string() };
        self.app.wrap().query_wasm_smart::<BalanceResponse>(&self.token, &question).unwrap().balance.u128()
    }

    pub fn open(&self, who: &str) -> u128 {
        self.open_at(&self.account(who))
    }

    pub fn allow(&mut self, from: &str, uopen: u128) {
        let spender = self.contract.to_string();
        let msg = Cw20ExecuteMsg::IncreaseAllowance { spender, amount: Uint128::new(uopen), expires: None };
        self.app.execute_contract(self.account(from), self.token.clone(), &msg, &[]).unwrap();
    }

    /// A cw20 `send` of OPEN to the contract.
    pub fn send_open(&mut self, from: &str, uopen: u128, hook: Binary) -> Result<AppResponse, AnyError> {
        let msg = Cw20ExecuteMsg::Send { contract: self.contract.to_string(), amount: Uint128::new(uopen), msg: hook };
        self.app.execute_contract(self.account(from), self.token.clone(), &msg, &[])
    }

    pub fn solvency(&self) -> SolvencyResponse {
        let books: SolvencyResponse = self.query(&QueryMsg::Solvency {}).unwrap();
        assert!(books.solvent, "{books:?}");
        books
    }

    /// The name of an account that has money.
    pub fn name_of(&self, account: &Addr) -> &'static str {
        NAMES.into_iter().find(|name| self.account(name) == account).unwrap()
    }

    pub fn next_block(&mut self) {
        self.app.update_block(|block| block.height += 1);
    }

    pub fn identity_of(&self, who: &str) -> Option<IdentityResponse> {
        let account = self.account(who).into_string();
        self.query(&QueryMsg::IdentityOf { account }).unwrap()
    }

    pub fn identity(&self, identity_id: u64) -> IdentityResponse {
        self.query(&QueryMsg::Identity { identity_id: Uint64::new(identity_id) }).unwrap()
    }

    pub fn sudo(&mut self, msg: SudoMsg) -> Result<AppResponse, ContractError> {
        self.app.wasm_sudo(self.contract.clone(), &msg).map_err(|error| error.downcast().unwrap())
    }

    pub fn query<T: DeserializeOwned>(&self, msg: &QueryMsg) -> Result<T, String> {
        self.app.wrap().query_wasm_smart(&self.contract, msg).map_err(|error| error.to_string())
    }

    pub fn now(&self) -> u64 {
        self.app.block_info().time.seconds()
    }

    pub fn wait(&mut self, seconds: u64) {
        self.app.update_block(|block| block.time = block.time.plus_seconds(seconds));
    }

    pub fn config(&self) -> ConfigResponse {
        self.query(&QueryMsg::Config {}).unwrap()
    }

    pub fn create(&mut self, who: &str, membership: Membership) -> Result<u64, ContractError> {
        self.exec(who, create_msg(self.account("commons").as_str(), membership))?;
        let mut after = None;
        loop {
            let page: datanets::msg::DatanetsResponse =
                self.query(&QueryMsg::Datanets { start_after: after, limit: Some(30) }).unwrap();
            match page.datanets.last() {
                Some(last) => after = Some(last.datanet_id),
                None => return Ok(after.unwrap().u64()),
            }
        }
    }

    pub fn join(&mut self, who: &str, id: u64) -> Result<AppResponse, ContractError> {
        self.exec(who, ExecuteMsg::Join { datanet_id: Uint64::new(id) })
    }

    pub fn contribute(&mut self, who: &str, id: u64, rows_root: Digest) -> Result<AppResponse, ContractError> {
        self.exec(who, contribute_msg(id, rows_root))
    }

    pub fn accept(&mut self, who: &str, id: u64, contribution: u64) -> Result<AppResponse, ContractError> {
        let (datanet_id, contribution_id) = (Uint64::new(id), Uint64::new(contribution));
        self.exec(who, ExecuteMsg::Accept { datanet_id, contribution_id })
    }

    pub fn publish(&mut self, who: &str, id: u64, content_root: Digest) -> Result<AppResponse, ContractError> {
        self.exec(who, ExecuteMsg::PublishVersion { datanet_id: Uint64::new(id), content_root })
    }

    pub fn datanet(&self, id: u64) -> DatanetResponse {
        self.query(&QueryMsg::Datanet { datanet_id: Uint64::new(id) }).unwrap()
    }

    pub fn contribution(&self, id: u64, contribution: u64) -> Contribution {
        let (datanet_id, contribution_id) = (Uint64::new(id), Uint64::new(contribution));
        self.query(&QueryMsg::Contribution { datanet_id, contribution_id }).unwrap()
    }

    pub fn draft(&self, id: u64) -> DraftResponse {
        self.query(&QueryMsg::Draft { datanet_id: Uint64::new(id) }).unwrap()
    }
}

/// A cw20 of which every account has plenty.
fn open(app: &mut App<BankKeeper, MockApiBech32, MockStorage>) -> Addr {
    use cw20_base::contract::{execute, instantiate, query};
    let rich = |name: &str| Cw20Coin { address: app.api().addr_make(name).to_string(), amount: Uint128::new(RICH) };
    let init = cw20_base::msg::InstantiateMsg {
        name: "OPEN".into(),
        symbol: "OPEN".into(),
        decimals: 6,
        initial_balances: NAMES.map(rich).to_vec(),
        mint: None,
        marketing: None,
    };
    let code = app.store_code(Box::new(ContractWrapper::new(execute, instantiate, query)));
    let admin = app.api().addr_make("admin");
    app.instantiate_contract(code, admin, &init, &[], "open", None).unwrap()
}

pub fn create_msg(commons: &str, membership: Membership) -> ExecuteMsg {
    ExecuteMsg::Create {
        name: "Speeches".try_into().unwrap(),
        description: "Yearly speeches, one row per paragraph".try_into().unwrap(),
        licence: "CC0-1.0".try_into().unwrap(),
        commons: commons.to_owned(),
        membership,
        commit_reveal: None,
        review: None,
    }
}

pub fn contribute_msg(id: u64, rows_root: Digest) -> ExecuteMsg {
    ExecuteMsg::Contribute {
        datanet_id: Uint64::new(id),
        rows_root,
        rows: 10,
        media_type: "application/vnd.apache.parquet".try_into().unwrap(),
        manifest: digest(0xee),
        salt: None,
    }
}

/// True when the table, and not the action, refused.
pub fn is_unauthorized<T: Debug>(result: Result<T, ContractError>) -> bool {
    matches!(result, Err(ContractError::Kit(openledger_contract_kit::KitError::Unauthorized { .. })))
}
