//! A chain with a Datanets contract that has one published version, and a models contract.

use cosmwasm_schema::serde::de::DeserializeOwned;
use cosmwasm_std::{testing::MockStorage, Addr, Event, Uint128, Uint64};
use cw20::{BalanceResponse, Cw20Coin, Cw20ExecuteMsg, Cw20QueryMsg};
use cw_multi_test::{
    error::AnyError, no_init, App, AppBuilder, AppResponse, BankKeeper, ContractWrapper, Executor, MockApiBech32,
};
use datanets::msg as datanet;
use models::{
    client::adapter_income_hook,
    contract,
    msg::{
        AdapterResponse, AdapterVersion, Bond, Bonded, ConfigResponse, ExecuteMsg, InstantiateMsg, Params, QueryMsg,
        SolvencyResponse, SudoMsg,
    },
    ContractError,
};
use openledger_contract_kit::Bps;

pub use crate::make::*;

/// What every account has to begin with, and lets the contract take all of.
pub const RICH: u128 = 1_000_000;
pub const BASE_BOND: u128 = 700;
pub const ADAPTER_BOND: u128 = 500;
const NAMES: [&str; 6] = ["carol", "dave", "erin", "curator", "settlement", "admin"];

pub struct Suite {
    pub app: App<BankKeeper, MockApiBech32, MockStorage>,
    pub code: u64,
    pub contract: Addr,
    pub datanets: Addr,
    pub token: Addr,
    /// Every event of every message that took effect, with the time of its block.
    pub log: Vec<(u64, Event)>,
}

pub fn params() -> Params {
    Params {
        max_pause_seconds: Uint64::new(100),
        max_token_price: Uint128::new(1_000_000),
        base_bond: Uint128::new(BASE_BOND),
        adapter_bond: Uint128::new(ADAPTER_BOND),
        rebate_bps: Bps::new(300).unwrap(),
        min_take_bps: Bps::new(400).unwrap(),
        bond_unlock_seconds: Uint64::new(1_000),
        base_notice_seconds: Uint64::new(200),
        payout_delay_seconds: Uint64::new(60),
        max_suspension_seconds: Uint64::new(50),
    }
}

impl Suite {
    /// Datanet 1 has version 1; base model 1 is registered by `carol` and shared.
    pub fn new() -> Self {
        let mut suite = Self::bare(params()).unwrap();
        suite.publish_datanet_version(1);
        suite.exec("carol", base_msg(digest(0xb0))).unwrap();
        suite.exec("admin", ExecuteMsg::WhitelistBase { base_id: Uint64::one() }).unwrap();
        suite
    }

    pub fn bare(params: Params) -> Result<Self, ContractError> {
        let mut app = AppBuilder::new().with_api(MockApiBech32::new("wasm")).build(no_init);
        let admin = app.api().addr_make("admin");
        let wrapper = ContractWrapper::new(
            datanets::contract::execute,
            datanets::contract::instantiate,
            datanets::contract::query,
        );
        let code = app.store_code(Box::new(wrapper));
        let msg = datanet::InstantiateMsg {
            owner: admin.to_string(),
            token: admin.to_string(),
            shares_code_id: None,
            params: datanet::Params {
                max_pause_seconds: Uint64::zero(),
                max_clusters: 256,
                max_rows: 10,
                max_pending: 1,
                ..datanet::Params::standard()
            },
        };
        let datanets = app.instantiate_contract(code, admin.clone(), &msg, &[], "datanets", None).unwrap();

        let wrapper = ContractWrapper::new(contract::execute, contract::instantiate, contract::query)
            .with_sudo(contract::sudo)
            .with_migrate(contract::migrate);
        let code = app.store_code(Box::new(wrapper));
        let token = open(&mut app);
        let msg = InstantiateMsg {
            owner: admin.to_string(),
            datanets: datanets.to_string(),
            token: token.to_string(),
            params,
        };
        let contract = app
            .instantiate_contract(code, admin.clone(), &msg, &[], "models", Some(admin.to_string()))
            .map_err(|error| error.downcast::<ContractError>().unwrap())?;
        let mut suite = Self { app, code, contract, datanets, token, log: vec![] };
        for name in NAMES {
            suite.allow(name, RICH);
        }
        suite.create_datanet("CC0-1.0");
        Ok(suite)
    }

    /// Lets the contract take so much more.
    pub fn allow(&mut self, name: &str, amount: u128) {
        let spender = self.contract.to_string();
        let msg = Cw20ExecuteMsg::IncreaseAllowance { spender, amount: Uint128::new(amount), expires: None };
        self.token(name, &msg).unwrap();
    }

    pub fn token(&mut self, who: &str, msg: &Cw20ExecuteMsg) -> Result<AppResponse, AnyError> {
        let sender = self.account(who);
        let result = self.app.execute_contract(sender, self.token.clone(), msg, &[]);
        self.logged(result)
    }

    fn logged(&mut self, result: Result<AppResponse, AnyError>) -> Result<AppResponse, AnyError> {
        let (time, result) = (self.now(), result?);
        self.log.extend(result.events.iter().map(|event| (time, event.clone())));
        Ok(result)
    }

    /// Sends OPEN with the hook that pays an adapter's developer.
    pub fn income(&mut self, who: &str, adapter_id: u64, amount: u128) -> Result<AppResponse, AnyError> {
        let (contract, msg) = (self.contract.to_string(), adapter_income_hook(adapter_id).unwrap());
        self.token(who, &Cw20ExecuteMsg::Send { contract, amount: Uint128::new(amount), msg })
    }

    pub fn balance(&self, account: &Addr) -> u128 {
        let question = Cw20QueryMsg::Balance { address: account.to_string() };
        let found: BalanceResponse = self.app.wrap().query_wasm_smart(&self.token, &question).unwrap();
        found.balance.u128()
    }

    pub fn balance_of(&self, name: &str) -> u128 {
        self.balance(&self.account(name))
    }

    /// What the contract owes in bonds.
    pub fn bonded(&self) -> u128 {
        self.query::<SolvencyResponse>(&QueryMsg::Solvency {}).unwrap().bonded.u128()
    }

    pub fn version(&self, id: u64, version: u32) -> AdapterVersion {
        self.query(&QueryMsg::AdapterVersion { id: Uint64::new(id), version }).unwrap()
    }

    pub fn bond(&self, bonded: Bonded) -> Bond {
        self.query(&QueryMsg::Bond { bonded }).unwrap()
    }

    /// Creates the next Datanet.
    pub fn create_datanet(&mut self, licence: &str) {
        let commons = self.account("commons").into_string();
        self.datanet(&datanet::ExecuteMsg::Create {
            name: "Words".try_into().unwrap(),
            description: "Definitions".try_into().unwrap(),
            licence: licence.try_into().unwrap(),
            commons,
            membership: datanet::Membership::Open,
            commit_reveal: None,
            review: None,
        });
    }

    fn datanet(&mut self, msg: &datanet::ExecuteMsg) {
        let curator = self.account("curator");
        self.app.execute_contract(curator, self.datanets.clone(), msg, &[]).unwrap();
    }

    /// Takes one more contribution into Datanet 1 and publishes the version that this makes.
    pub fn publish_datanet_version(&mut self, number: u8) {
        self.publish_version_of(1, number);
    }

    /// Does that in any Datanet.
    pub fn publish_version_of(&mut self, datanet_id: u64, number: u8) {
        let datanet_id = Uint64::new(datanet_id);
        self.datanet(&datanet::ExecuteMsg::Contribute {
            datanet_id,
            rows_root: digest(number),
            rows: 1,
            media_type: "text/plain".try_into().unwrap(),
            manifest: digest(0xee),
            salt: None,
        });
        self.datanet(&datanet::ExecuteMsg::Accept { datanet_id, contribution_id: Uint64::from(number) });
        let draft: datanet::DraftResponse =
            self.app.wrap().query_wasm_smart(&self.datanets, &datanet::QueryMsg::Draft { datanet_id }).unwrap();
        self.datanet(&datanet::ExecuteMsg::PublishVersion { datanet_id, content_root: draft.content_root });
    }

    pub fn account(&self, name: &str) -> Addr {
        self.app.api().addr_make(name)
    }

    pub fn exec(&mut self, who: &str, msg: ExecuteMsg) -> Result<AppResponse, ContractError> {
        let sender = self.account(who);
        let result = self.app.execute_contract(sender, self.contract.clone(), &msg, &[]);
        self.logged(result).map_err(|error| error.downcast().unwrap())
    }

    /// Sends a message that must be refused, and checks that nothing stored changed.
    pub fn refused(&mut self, who: &str, msg: ExecuteMsg) -> Result<(), ContractError> {
        let before = self.raw();
        let error = self.exec(who, msg).map(|_| ()).expect_err("a refusal");
        assert_eq!(self.raw(), before, "{error}");
        Err(error)
    }

    /// All that this contract and the token have stored.
    pub fn raw(&self) -> [Vec<(Vec<u8>, Vec<u8>)>; 2] {
        [&self.contract, &self.token].map(|contract| self.app.dump_wasm_raw(contract))
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

    pub fn adapter(&self, id: u64) -> AdapterResponse {
        self.query(&QueryMsg::Adapter { id: Uint64::new(id) }).unwrap()
    }
}

/// A cw20 of which every account has plenty.
pub fn open(app: &mut App<BankKeeper, MockApiBech32, MockStorage>) -> Addr {
    let rich = |name: &str| Cw20Coin { address: app.api().addr_make(name).to_string(), amount: Uint128::new(RICH) };
    let init = cw20_base::msg::InstantiateMsg {
        name: "OPEN".into(),
        symbol: "OPEN".into(),
        decimals: 6,
        initial_balances: NAMES.map(rich).to_vec(),
        mint: None,
        marketing: None,
    };
    use cw20_base::contract::{execute, instantiate, query};
    let code = app.store_code(Box::new(ContractWrapper::new(execute, instantiate, query)));
    let admin = app.api().addr_make("admin");
    app.instantiate_contract(code, admin, &init, &[], "open", None).unwrap()
}
