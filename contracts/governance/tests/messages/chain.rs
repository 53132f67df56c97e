//! A chain with the real token, the stubs, and governance.

use cosmwasm_std::{to_json_binary, Addr, Empty, Timestamp, Uint128, Uint64, WasmMsg};
use cw20::{BalanceResponse, Cw20Coin, Cw20ExecuteMsg, Cw20QueryMsg, TokenInfoResponse};
use cw_multi_test::{
    error::AnyError, no_init, App, AppBuilder, AppResponse, BankKeeper, Contract, ContractWrapper, Executor,
    MockApiBech32, SudoMsg, WasmSudo,
};
use governance::{
    json::Json,
    msg::{
        Action, Bps, Call, ExecuteMsg, InstantiateMsg, NewProposal, ParamKind, ParamRule, Params, ProposalResponse,
        QueryMsg, SolvencyResponse, Status, VoteOption,
    },
    ContractError,
};
use serde::{de::DeserializeOwned, Serialize};

use crate::{stub_datanets_power, stub_governed, stub_staking_power};

pub const START: u64 = 1_800_000_000;
pub const RICH: u128 = 1_000_000;
/// Who votes with how much: 1,000 in all.
pub const VOTERS: [(&str, u128); 4] = [("alice", 400), ("bob", 300), ("carol", 200), ("dave", 100)];

pub struct Chain {
    pub app: App<BankKeeper, MockApiBech32>,
    pub token: Addr,
    pub staking: Addr,
    pub datanets: Addr,
    /// The governed contract; governance owns it and is its admin.
    pub governed: Addr,
    pub governed_code: u64,
    pub governance: Addr,
    pub code: u64,
    pub deployer: Addr,
}

pub fn part(points: u16) -> Bps {
    Bps::new(points).unwrap()
}

pub fn params() -> Params {
    Params {
        min_deposit: Uint128::new(1_600),
        expedited_min_deposit: Uint128::new(3_200),
        datanet_min_deposit: Uint128::new(160),
        initial_deposit: part(2_500),
        deposit_seconds: Uint64::new(1_000),
        voting_seconds: Uint64::new(500),
        expedited_voting_seconds: Uint64::new(200),
        timelock_seconds: Uint64::new(300),
        expedited_timelock_seconds: Uint64::new(50),
        execution_seconds: Uint64::new(400),
        quorum: part(3_000),
        threshold: part(5_000),
        expedited_threshold: part(6_700),
        veto_threshold: part(3_300),
        datanet_quorum: part(2_000),
        max_pause_seconds: Uint64::new(600),
        guardian_term_seconds: Uint64::new(10_000),
    }
}

pub fn contract() -> Box<dyn Contract<Empty>> {
    use governance::contract::{execute, instantiate, migrate, query, reply, sudo};
    let wrapper = ContractWrapper::new(execute, instantiate, query);
    Box::new(wrapper.with_sudo(sudo).with_migrate(migrate).with_reply(reply))
}

fn token_contract() -> Box<dyn Contract<Empty>> {
    use cw20_base::contract::{execute, instantiate, query};
    Box::new(ContractWrapper::new(execute, instantiate, query))
}

/// JSON as it is written.
pub fn json(text: &str) -> Json {
    cosmwasm_std::from_json(text).unwrap()
}

pub fn proposal(action: Action) -> NewProposal {
    NewProposal {
        title: "A title".try_into().unwrap(),
        description: "Why".try_into().unwrap(),
        expedited: false,
        action,
    }
}

/// Token, stubs and everybody's money; no governance yet.
pub fn bare() -> Chain {
    let api = MockApiBech32::new("wasm");
    let deployer = api.addr_make("deployer");
    let mut app: App<BankKeeper, MockApiBech32> = AppBuilder::new().with_api(api).build(no_init);
    app.update_block(|block| block.time = Timestamp::from_seconds(START));
    let names = ["alice", "bob", "carol", "dave", "erin", "frank"].map(str::to_owned);
    let names = names.into_iter().chain((0..20).map(|number| format!("depositor {number}")));
    let initial_balances = names
        .map(|name| Cw20Coin { address: app.api().addr_make(&name).to_string(), amount: Uint128::new(RICH) })
        .collect();
    let code = app.store_code(token_contract());
    let init = cw20_base::msg::InstantiateMsg {
        name: "OPEN".into(),
        symbol: "OPEN".into(),
        decimals: 6,
        initial_balances,
        mint: None,
        marketing: None,
    };
    let token = app.instantiate_contract(code, deployer.clone(), &init, &[], "open", None).unwrap();
    let code = app.store_code(stub_staking_power::contract());
    let init = stub_staking_power::Init { token: token.to_string() };
    let staking = app.instantiate_contract(code, deployer.clone(), &init, &[], "staking", None).unwrap();
    let code = app.store_code(stub_datanets_power::contract());
    let datanets = app.instantiate_contract(code, deployer.clone(), &Empty {}, &[], "datanets", None).unwrap();
    let governed_code = app.store_code(stub_governed::contract());
    let code = app.store_code(contract());
    Chain {
        app,
        token,
        staking,
        datanets,
        governed: deployer.clone(),
        governed_code,
        governance: deployer.clone(),
        code,
        deployer,
    }
}

impl Chain {
    /// Everything in place: power bonded in an earlier block, the governed contract owned by governance and in its registry.
    pub fn new() -> Self {
        let mut chain = bare();
        for (name, power) in VOTERS {
            chain.bond(name, power);
        }
        chain.governance = chain.instantiate(params()).unwrap();
        chain.governed = chain.governed_contract(&chain.governance.clone());
        chain.wait(1);
        chain.register_governed();
        chain.wait(1);
        chain
    }

    pub fn governed_contract(&mut self, owner: &Addr) -> Addr {
        let init = stub_governed::Init { owner: owner.to_string() };
        let (code, deployer, admin) = (self.governed_code, self.deployer.clone(), self.governance.to_string());
        self.app.instantiate_contract(code, deployer, &init, &[], "governed", Some(admin)).unwrap()
    }

    pub fn init_msg(&self, params: Params) -> InstantiateMsg {
        InstantiateMsg {
            token: self.token.to_string(),
            staking: self.staking.to_string(),
            datanets: self.datanets.to_string(),
            models: None,
            settlement: None,
            disputes: None,
            params,
            guardian: Some(self.account("guardian").to_string()),
        }
    }

    pub fn instantiate(&mut self, params: Params) -> Result<Addr, ContractError> {
        let msg = self.init_msg(params);
        self.instantiate_with(&msg)
    }

    pub fn instantiate_with(&mut self, msg: &InstantiateMsg) -> Result<Addr, ContractError> {
        let admin = Some(self.deployer.to_string());
        self.app
            .instantiate_contract(self.code, self.deployer.clone(), msg, &[], "governance", admin)
            .map_err(|error| error.downcast::<ContractError>().unwrap())
    }

    /// Enters the governed contract in the registry, as every other contract enters it: by a passed proposal.
    fn register_governed(&mut self) {
        let rule = |name: &str, kind, min: Option<u128>, max: Option<u128>| ParamRule {
            name: name.try_into().unwrap(),
            kind,
            min: min.map(Uint128::new),
            max: max.map(Uint128::new),
        };
        let message = ExecuteMsg::RegisterContract {
            contract: self.governed.to_string(),
            name: "governed".try_into().unwrap(),
            pausable: true,
            params: vec![
                rule("amount", ParamKind::Integer, Some(1), Some(1_000)),
                rule("count", ParamKind::Number, Some(1), Some(10)),
                rule("active", ParamKind::Flag, None, None),
                rule("payee", ParamKind::Account, None, None),
                rule("label", ParamKind::Text, None, None),
                rule("future", ParamKind::Flag, None, None),
            ],
        };
        self.enact_self(&message);
    }

    // --- time and accounts

    pub fn account(&self, name: &str) -> Addr {
        self.app.api().addr_make(name)
    }

    pub fn now(&self) -> u64 {
        self.app.block_info().time.seconds()
    }

    pub fn height(&self) -> u64 {
        self.app.block_info().height
    }

    pub fn wait(&mut self, seconds: u64) {
        self.app.update_block(|block| {
            block.height += 1;
            block.time = block.time.plus_seconds(seconds);
        });
    }

    pub fn bond(&mut self, name: &str, power: u128) {
        let account = self.account(name).to_string();
        let message = stub_staking_power::Exec::SetPower { account, power: Uint128::new(power) };
        self.app.execute_contract(self.deployer.clone(), self.staking.clone(), &message, &[]).unwrap();
    }

    pub fn datanets(&mut self, message: &stub_datanets_power::Exec) {
        self.app.execute_contract(self.deployer.clone(), self.datanets.clone(), message, &[]).unwrap();
    }

    // --- money

    pub fn allow(&mut self, from: &Addr, amount: u128) {
        let spender = self.governance.to_string();
        let message = Cw20ExecuteMsg::IncreaseAllowance { spender, amount: Uint128::new(amount), expires: None };
        self.app.execute_contract(from.clone(), self.token.clone(), &message, &[]).unwrap();
    }

    pub fn give(&mut self, to: &Addr, amount: u128) {
        let message = Cw20ExecuteMsg::Transfer { recipient: to.to_string(), amount: Uint128::new(amount) };
        self.app.execute_contract(self.account("frank"), self.token.clone(), &message, &[]).unwrap();
    }

    pub fn balance(&self, account: &Addr) -> u128 {
        let question = Cw20QueryMsg::Balance { address: account.to_string() };
        self.app.wrap().query_wasm_smart::<BalanceResponse>(&self.token, &question).unwrap().balance.u128()
    }

    pub fn supply(&self) -> u128 {
        let answer: TokenInfoResponse =
            self.app.wrap().query_wasm_smart(&self.token, &Cw20QueryMsg::TokenInfo {}).unwrap();
        answer.total_supply.u128()
    }

    pub fn solvency(&self) -> SolvencyResponse {
        let books: SolvencyResponse = self.query(&QueryMsg::Solvency {});
        assert!(books.solvent, "{books:?}");
        books
    }

    // --- messages

    pub fn send(&mut self, from: &Addr, msg: &ExecuteMsg) -> AppResponse {
        self.app.execute_contract(from.clone(), self.governance.clone(), msg, &[]).unwrap()
    }

    /// Sends a message that must be refused, and checks that no contract's state changed.
    pub fn refused(&mut self, from: &Addr, msg: &ExecuteMsg) -> ContractError {
        self.refused_raw(from, &self.governance.clone(), msg).downcast::<ContractError>().unwrap()
    }

    pub fn refused_raw(&mut self, from: &Addr, contract: &Addr, msg: &impl Serialize) -> AnyError {
        let state = |chain: &Self| {
            [&chain.governance, &chain.token, &chain.staking, &chain.datanets, &chain.governed]
                .map(|contract| chain.app.dump_wasm_raw(contract))
        };
        let before = state(self);
        let msg = to_json_binary(msg).unwrap();
        let message = WasmMsg::Execute { contract_addr: contract.to_string(), msg, funds: vec![] };
        let error = self.app.execute(from.clone(), message.into()).unwrap_err();
        assert_eq!(before, state(self));
        error
    }

    pub fn sudo(&mut self, msg: &governance::msg::SudoMsg) -> Result<AppResponse, AnyError> {
        self.app.sudo(SudoMsg::Wasm(WasmSudo::new(&self.governance, msg).unwrap()))
    }

    pub fn query<T: DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.app.wrap().query_wasm_smart(&self.governance, msg).unwrap()
    }

    pub fn proposal(&self, proposal_id: u64) -> ProposalResponse {
        self.query(&QueryMsg::Proposal { proposal_id: Uint64::new(proposal_id) })
    }

    pub fn status(&self, proposal_id: u64) -> Status {
        self.proposal(proposal_id).summary.status
    }

    // --- the ways of a proposal

    /// Proposed by erin with this deposit.
    pub fn propose_with(&mut self, proposal: NewProposal, deposit: u128) -> u64 {
        let erin = self.account("erin");
        self.allow(&erin, deposit);
        let message = ExecuteMsg::Propose { proposal, deposit: Uint128::new(deposit) };
        let response = self.send(&erin, &message);
        let id = response.custom_attrs_of("governance/proposed", "proposal_id");
        id.parse().unwrap()
    }

    /// Proposed by erin with the full deposit: being voted on.
    pub fn propose(&mut self, action: Action) -> u64 {
        self.propose_with(proposal(action), params().min_deposit.u128())
    }

    pub fn propose_expedited(&mut self, action: Action) -> u64 {
        let new = NewProposal { expedited: true, ..proposal(action) };
        self.propose_with(new, params().expedited_min_deposit.u128())
    }

    /// What proposing this is refused with; the deposit would be there.
    pub fn propose_refused(&mut self, proposal: NewProposal) -> ContractError {
        let erin = self.account("erin");
        self.allow(&erin, 3_200);
        self.refused(&erin, &ExecuteMsg::Propose { proposal, deposit: Uint128::new(3_200) })
    }

    pub fn vote(&mut self, proposal_id: u64, name: &str, vote: VoteOption) -> AppResponse {
        let account = self.account(name);
        self.send(&account, &ExecuteMsg::Vote { proposal_id: Uint64::new(proposal_id), vote })
    }

    /// Everybody says yes and the timelock passes.
    pub fn pass(&mut self, proposal_id: u64) {
        for (name, _) in VOTERS {
            self.vote(proposal_id, name, VoteOption::Yes);
        }
        let (voting, timelock) = (params().voting_seconds.u64(), params().timelock_seconds.u64());
        self.wait(voting + timelock);
        assert_eq!(self.status(proposal_id), Status::Executable);
    }

    pub fn execute(&mut self, proposal_id: u64) -> AppResponse {
        let anyone = self.account("anyone");
        self.send(&anyone, &ExecuteMsg::Execute { proposal_id: Uint64::new(proposal_id) })
    }

    pub fn close(&mut self, proposal_id: u64) -> AppResponse {
        let anyone = self.account("anyone");
        self.send(&anyone, &ExecuteMsg::Close { proposal_id: Uint64::new(proposal_id) })
    }

    /// Proposes, passes and executes; returns where it stands then.
    pub fn enact(&mut self, action: Action) -> (u64, Status) {
        let id = self.propose(action);
        self.pass(id);
        self.execute(id);
        (id, self.status(id))
    }

    /// Enacts a message of governance to itself.
    pub fn enact_self(&mut self, message: &ExecuteMsg) {
        let (id, status) = self.enact(self.self_action(message));
        assert_eq!(status, Status::Executed, "{:?}", self.proposal(id).summary.outcome);
    }

    pub fn self_action(&self, message: &ExecuteMsg) -> Action {
        let message = cosmwasm_std::from_json(to_json_binary(message).unwrap()).unwrap();
        Action::Messages { messages: vec![Call::Execute { contract: self.governance.to_string(), message }] }
    }

    /// Messages to the governed contract.
    pub fn calls(&self, messages: &[&str]) -> Action {
        let call = |text: &&str| Call::Execute { contract: self.governed.to_string(), message: json(text) };
        Action::Messages { messages: messages.iter().map(call).collect() }
    }

    pub fn notes(&self) -> Vec<String> {
        self.app.wrap().query_wasm_smart(&self.governed, &stub_governed::Query::Notes {}).unwrap()
    }

    pub fn governed_config(&self) -> stub_governed::Config {
        self.app.wrap().query_wasm_smart(&self.governed, &stub_governed::Query::Config {}).unwrap()
    }
}

pub trait Attributes {
    /// The value of an event of our contract.
    fn custom_attrs_of(&self, event: &str, key: &str) -> String;
    /// How many events have this name.
    fn count(&self, event: &str) -> usize;
}

impl Attributes for AppResponse {
    fn custom_attrs_of(&self, event: &str, key: &str) -> String {
        let event = self.events.iter().find(|found| found.ty == format!("wasm-{event}")).unwrap();
        event.attributes.iter().find(|attribute| attribute.key == key).unwrap().value.clone()
    }

    fn count(&self, event: &str) -> usize {
        self.events.iter().filter(|found| found.ty == format!("wasm-{event}")).count()
    }
}
