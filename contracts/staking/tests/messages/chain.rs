//! A chain with the token and the staking contract, and validators with real keys.

use blst::min_pk::SecretKey;
use cosmwasm_std::{Addr, Empty, Timestamp, Uint128, Uint64};
use cw20::{BalanceResponse, Cw20Coin, Cw20ExecuteMsg, Cw20QueryMsg, TokenInfoResponse};
use cw_multi_test::{
    no_init, App, AppBuilder, AppResponse, BankKeeper, Contract, ContractWrapper, Executor, MockApiBech32, SudoMsg,
    WasmSudo,
};
use openledger_protocol::{ProofOfPossession, Scope, Signed};
use serde::{de::DeserializeOwned, Serialize};
use staking::{
    msg::{
        Bps, DelegationsResponse, EpochSet, ExecuteMsg, InstantiateMsg, Params, QueryMsg, RedelegationResponse,
        RedelegationsResponse, RewardsResponse, SolvencyResponse, UnbondingResponse, ValidatorResponse,
    },
    ContractError,
};

pub const POP_DST: &[u8] = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
pub const START: u64 = 1_800_000_000;
pub const RICH: u128 = 1_000_000_000;

pub struct Chain {
    pub app: App<BankKeeper, MockApiBech32>,
    pub token: Addr,
    pub staking: Addr,
    pub owner: Addr,
}

pub fn params() -> Params {
    Params {
        unbonding_seconds: Uint64::new(1_000),
        min_self_bond: Uint128::new(100),
        max_validators: 4,
        max_unbonding_entries: 3,
        snapshot_interval_seconds: Uint64::new(10),
        max_delegations: 3,
        jail_seconds: Uint64::new(500),
        min_operator_bond: Uint128::new(50),
    }
}

pub fn contract() -> Box<dyn Contract<Empty>> {
    use staking::contract::{execute, instantiate, migrate, query, sudo};
    Box::new(ContractWrapper::new(execute, instantiate, query).with_sudo(sudo).with_migrate(migrate))
}

pub fn token_contract() -> Box<dyn Contract<Empty>> {
    use cw20_base::contract::{execute, instantiate, query};
    Box::new(ContractWrapper::new(execute, instantiate, query))
}

/// A contract that takes what it is sent, and tells the hook.
fn vault() -> Box<dyn Contract<Empty>> {
    use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response, StdError, StdResult};
    #[cosmwasm_schema::cw_serde]
    enum Hook {
        Receive(cw20::Cw20ReceiveMsg),
    }
    fn instantiate(_: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
        Ok(Response::new())
    }
    fn execute(_: DepsMut, _: Env, _: MessageInfo, msg: Hook) -> StdResult<Response> {
        let Hook::Receive(received) = msg;
        let hook = String::from_utf8(received.msg.into()).map_err(|error| StdError::generic_err(error.to_string()))?;
        Ok(Response::new().add_attribute("hook", hook).add_attribute("amount", received.amount))
    }
    fn query(_: Deps, _: Env, _: Empty) -> StdResult<Binary> {
        Ok(Binary::default())
    }
    Box::new(ContractWrapper::new(execute, instantiate, query))
}

/// A validator's key, the same for the same number.
pub fn key(number: u8) -> SecretKey {
    SecretKey::key_gen(&[number; 32], &[]).unwrap()
}

/// The name of account `number`.
pub fn name(number: u8) -> String {
    format!("validator {number}")
}

pub fn bare() -> Chain {
    let api = MockApiBech32::new("wasm");
    let owner = api.addr_make("owner");
    let mut app: App<BankKeeper, MockApiBech32> = AppBuilder::new().with_api(api).build(no_init);
    app.update_block(|block| block.time = Timestamp::from_seconds(START));
    let rich = |name: &str| Cw20Coin { address: app.api().addr_make(name).to_string(), amount: Uint128::new(RICH) };
    let mut initial_balances: Vec<Cw20Coin> = (0..100).map(|number| rich(&name(number))).collect();
    initial_balances.extend(["sponsor", "alice", "bob", "carol", "mallory"].map(rich));
    let code = app.store_code(token_contract());
    let init = cw20_base::msg::InstantiateMsg {
        name: "OPEN".into(),
        symbol: "OPEN".into(),
        decimals: 6,
        initial_balances,
        mint: None,
        marketing: None,
    };
    let token = app.instantiate_contract(code, owner.clone(), &init, &[], "open", None).unwrap();
    Chain { app, token, staking: owner.clone(), owner }
}

impl Chain {
    pub fn new() -> Self {
        Self::with(params())
    }

    pub fn with(params: Params) -> Self {
        let mut chain = bare();
        chain.staking = chain.instantiate(params).unwrap();
        chain
    }

    pub fn instantiate(&mut self, params: Params) -> Result<Addr, ContractError> {
        let code = self.app.store_code(contract());
        let msg = InstantiateMsg { owner: self.owner.to_string(), token: self.token.to_string(), params };
        let admin = Some(self.owner.to_string());
        self.app
            .instantiate_contract(code, self.owner.clone(), &msg, &[], "staking", admin)
            .map_err(|error| error.downcast::<ContractError>().unwrap())
    }

    pub fn account(&self, name: &str) -> Addr {
        self.app.api().addr_make(name)
    }

    pub fn validator(&self, number: u8) -> Addr {
        self.account(&name(number))
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

    pub fn allow(&mut self, from: &Addr, amount: u128) {
        let spender = self.staking.to_string();
        let message = Cw20ExecuteMsg::IncreaseAllowance { spender, amount: Uint128::new(amount), expires: None };
        self.app.execute_contract(from.clone(), self.token.clone(), &message, &[]).unwrap();
    }

    pub fn send(&mut self, from: &Addr, msg: &ExecuteMsg) -> AppResponse {
        self.app.execute_contract(from.clone(), self.staking.clone(), msg, &[]).unwrap()
    }

    /// Sends a message that must be refused, and checks that neither contract's state changed.
    pub fn refused(&mut self, from: &Addr, msg: &ExecuteMsg) -> ContractError {
        self.refused_raw(from, msg).downcast::<ContractError>().unwrap()
    }

    pub fn refused_raw(&mut self, from: &Addr, msg: &impl Serialize) -> cw_multi_test::error::AnyError {
        let before = (self.app.dump_wasm_raw(&self.staking), self.app.dump_wasm_raw(&self.token));
        let message = cosmwasm_std::WasmMsg::Execute {
            contract_addr: self.staking.to_string(),
            msg: cosmwasm_std::to_json_binary(msg).unwrap(),
            funds: vec![],
        };
        let error = self.app.execute(from.clone(), message.into()).unwrap_err();
        assert_eq!(before, (self.app.dump_wasm_raw(&self.staking), self.app.dump_wasm_raw(&self.token)));
        error
    }

    pub fn sudo(&mut self, msg: &staking::msg::SudoMsg) -> Result<AppResponse, ContractError> {
        let message = SudoMsg::Wasm(WasmSudo::new(&self.staking, msg).unwrap());
        self.app.sudo(message).map_err(|error| error.downcast::<ContractError>().unwrap())
    }

    pub fn query<T: DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.app.wrap().query_wasm_smart(&self.staking, msg).unwrap()
    }

    /// A registration signed with key `number` for account `number`.
    pub fn registration(&self, number: u8, amount: u128) -> ExecuteMsg {
        self.registration_by(&self.validator(number), &key(number), amount)
    }

    pub fn registration_by(&self, account: &Addr, key: &SecretKey, amount: u128) -> ExecuteMsg {
        let public_key = key.sk_to_pk().to_bytes();
        let digest = ProofOfPossession {
            scope: Some(Scope { chain_id: self.app.block_info().chain_id, contract: self.staking.to_string() }),
            validator: account.to_string(),
            public_key: public_key.to_vec(),
        }
        .digest();
        ExecuteMsg::RegisterValidator {
            amount: Uint128::new(amount),
            bls_public_key: public_key.into(),
            proof_of_possession: key.sign(&digest, POP_DST, &[]).to_bytes().into(),
            endpoint: "http://127.0.0.1:9100".try_into().unwrap(),
            moniker: "a validator".try_into().unwrap(),
            commission: None,
            description: None,
        }
    }

    /// Registers validators 0 to `powers.len()` with these bonds.
    pub fn register_all(&mut self, powers: &[u128]) {
        for (number, power) in powers.iter().enumerate() {
            self.register(number as u8, *power);
        }
    }

    pub fn register(&mut self, number: u8, power: u128) -> AppResponse {
        let account = self.validator(number);
        self.allow(&account, power);
        let message = self.registration(number, power);
        self.send(&account, &message)
    }

    pub fn unbond(&mut self, number: u8, amount: u128) {
        let account = self.validator(number);
        self.send(&account, &ExecuteMsg::Unbond { amount: Uint128::new(amount) });
    }

    pub fn delegate(&mut self, delegator: &Addr, number: u8, amount: u128) {
        self.allow(delegator, amount);
        let message = self.delegation(number, amount);
        self.send(delegator, &message);
    }

    pub fn delegation(&self, number: u8, amount: u128) -> ExecuteMsg {
        ExecuteMsg::Delegate { validator: self.validator(number).to_string(), amount: Uint128::new(amount) }
    }

    /// The message that takes `amount` of a delegation to validator `number` out, or everything.
    pub fn undelegation(&self, number: u8, amount: impl Into<Option<u128>>) -> ExecuteMsg {
        let validator = self.validator(number).to_string();
        ExecuteMsg::Undelegate { validator, amount: amount.into().map(Uint128::new) }
    }

    /// The message that moves `amount` of a delegation from one validator to another, or everything.
    pub fn redelegation(&self, from: u8, to: u8, amount: impl Into<Option<u128>>) -> ExecuteMsg {
        let (from, to) = (self.validator(from).to_string(), self.validator(to).to_string());
        ExecuteMsg::Redelegate { from, to, amount: amount.into().map(Uint128::new) }
    }

    /// Moves `amount` of a delegation from one validator to another.
    pub fn redelegate(&mut self, delegator: &Addr, from: u8, to: u8, amount: u128) -> AppResponse {
        let message = self.redelegation(from, to, amount);
        self.send(delegator, &message)
    }

    /// The message that settles what `delegator` redelegated to validator `number`.
    pub fn settlement(&self, delegator: &Addr, number: u8) -> ExecuteMsg {
        let (delegator, validator) = (delegator.to_string(), self.validator(number).to_string());
        ExecuteMsg::SettleRedelegations { delegator, validator }
    }

    /// Settles what `delegator` redelegated to validator `number`, as somebody else.
    pub fn settle(&mut self, delegator: &Addr, number: u8) -> AppResponse {
        let (anyone, message) = (self.account("anyone"), self.settlement(delegator, number));
        self.send(&anyone, &message)
    }

    pub fn redelegations(&self, delegator: &Addr) -> Vec<RedelegationResponse> {
        let query = QueryMsg::Redelegations { delegator: delegator.to_string() };
        self.query::<RedelegationsResponse>(&query).redelegations
    }

    /// All tokens that exist.
    pub fn supply(&self) -> u128 {
        let question = Cw20QueryMsg::TokenInfo {};
        self.app.wrap().query_wasm_smart::<TokenInfoResponse>(&self.token, &question).unwrap().total_supply.u128()
    }

    /// What a delegation is worth.
    pub fn staked(&self, delegator: &Addr, number: u8) -> u128 {
        let validator = self.validator(number);
        let all: DelegationsResponse = self.query(&QueryMsg::Delegations { delegator: delegator.to_string() });
        all.delegations.iter().find(|one| one.validator == validator).map_or(0, |one| one.amount.u128())
    }

    /// A contract that takes tokens by `send` and keeps them, and is the slasher.
    pub fn with_slasher(mut self) -> (Self, Addr) {
        let code = self.app.store_code(vault());
        let slasher = self.app.instantiate_contract(code, self.owner.clone(), &Empty {}, &[], "slasher", None).unwrap();
        let owner = self.owner.clone();
        self.send(&owner, &ExecuteMsg::SetSlasher { slasher: slasher.to_string() });
        (self, slasher)
    }

    /// A slash of these validators for what they did in set `set_id`; the case is number 7.
    pub fn slash_of(&self, numbers: &[u8], set_id: u64, points: u16) -> ExecuteMsg {
        ExecuteMsg::SlashValidators {
            case_id: Uint64::new(7),
            set_id: Uint64::new(set_id),
            validators: numbers.iter().map(|number| self.validator(*number).to_string()).collect(),
            fraction: Bps::new(points).unwrap(),
            tombstone: false,
        }
    }

    pub fn validator_info(&self, number: u8) -> ValidatorResponse {
        self.query(&QueryMsg::Validator { validator: self.validator(number).to_string() })
    }

    /// Funds rewards from the sponsor by allowance.
    pub fn fund(&mut self, amount: u128) {
        let sponsor = self.account("sponsor");
        self.allow(&sponsor, amount);
        self.send(&sponsor, &ExecuteMsg::FundRewards { amount: Uint128::new(amount) });
    }

    pub fn snapshot(&mut self) -> EpochSet {
        let anyone = self.account("anyone");
        self.send(&anyone, &ExecuteMsg::Snapshot {});
        self.query(&QueryMsg::LatestSet {})
    }

    pub fn balance(&self, account: &Addr) -> u128 {
        let question = Cw20QueryMsg::Balance { address: account.to_string() };
        self.app.wrap().query_wasm_smart::<BalanceResponse>(&self.token, &question).unwrap().balance.u128()
    }

    pub fn bonded(&self, number: u8) -> u128 {
        let validator = self.validator(number).to_string();
        self.query::<ValidatorResponse>(&QueryMsg::Validator { validator }).bonded.u128()
    }

    pub fn unbonding(&self, number: u8) -> UnbondingResponse {
        self.query(&QueryMsg::Unbonding { validator: self.validator(number).to_string() })
    }

    pub fn unbonding_of(&self, account: &Addr) -> UnbondingResponse {
        self.query(&QueryMsg::Unbonding { validator: account.to_string() })
    }

    pub fn claimable(&self, number: u8) -> u128 {
        let validator = self.validator(number).to_string();
        self.query::<RewardsResponse>(&QueryMsg::Rewards { validator }).claimable.u128()
    }

    pub fn claimable_by(&self, account: &Addr) -> u128 {
        self.query::<RewardsResponse>(&QueryMsg::Rewards { validator: account.to_string() }).claimable.u128()
    }

    pub fn solvency(&self) -> SolvencyResponse {
        let books: SolvencyResponse = self.query(&QueryMsg::Solvency {});
        assert!(books.solvent, "{books:?}");
        books
    }
}
