//! A chain with token, staking and settlement, four validators, buyers and nodes.

use cosmwasm_std::{to_json_binary, Addr, Empty, Timestamp, Uint128, Uint64, WasmMsg};
use cw20::{BalanceResponse, Cw20Coin, Cw20ExecuteMsg, Cw20QueryMsg};
use cw_multi_test::{
    error::AnyError, no_init, App, AppBuilder, AppResponse, BankKeeper, Contract, ContractWrapper, Executor,
    MockApiBech32, SudoMsg, WasmSudo,
};
use openledger_protocol::{merkle_sum::Proof, payouts::Payouts, Credit, EpochStatement, Scope};
use serde::{de::DeserializeOwned, Serialize};
use settlement::{
    msg::{
        BatchResponse, Charge, ClaimedResponse, Digest, ExecuteMsg, InstantiateMsg, Params, PayoutProof, QueryMsg,
        SessionResponse, SolvencyResponse, SumNode,
    },
    ContractError,
};
use staking::msg::EpochSet;

use crate::signing::{attest, possession, public_key, session_key, validator_key, voucher};

pub const START: u64 = 1_800_000_000;
pub const RICH: u128 = 1_000_000_000;
/// Bonds of the validators, so that every three of four hold more than two thirds and no two do.
pub const POWERS: [u128; 4] = [260, 250, 250, 240];

pub struct Chain {
    pub app: App<BankKeeper, MockApiBech32>,
    pub token: Addr,
    pub staking: Addr,
    pub settlement: Addr,
    /// What settlement is told to be the models contract.
    pub models: Addr,
    pub owner: Addr,
    /// Everything validators credited so far.
    pub payouts: Payouts,
}

pub fn params() -> Params {
    Params {
        challenge_window_seconds: Uint64::new(100),
        attestation_deadline_seconds: Uint64::new(1_000),
        max_session_seconds: Uint64::new(10_000),
        settle_grace_seconds: Uint64::new(500),
        max_charges_per_batch: 4,
        max_batches_per_epoch: 3,
        set_overlap: 1,
        set_overlap_seconds: Uint64::new(300),
        max_pause_seconds: Uint64::new(600),
        round_seconds: Uint64::new(50),
        max_open_epochs: 16,
        exposure_factor: 0,
    }
}

pub fn contract() -> Box<dyn Contract<Empty>> {
    use settlement::contract::{execute, instantiate, migrate, query, sudo};
    Box::new(ContractWrapper::new(execute, instantiate, query).with_sudo(sudo).with_migrate(migrate))
}

fn staking_contract() -> Box<dyn Contract<Empty>> {
    use staking::contract::{execute, instantiate, query};
    Box::new(ContractWrapper::new(execute, instantiate, query))
}

fn token_contract() -> Box<dyn Contract<Empty>> {
    use cw20_base::contract::{execute, instantiate, query};
    Box::new(ContractWrapper::new(execute, instantiate, query))
}

pub fn validator_name(number: u8) -> String {
    format!("validator {number}")
}

/// Token and staking, no settlement yet.
pub fn bare() -> Chain {
    let api = MockApiBech32::new("wasm");
    let owner = api.addr_make("owner");
    let mut app: App<BankKeeper, MockApiBech32> = AppBuilder::new().with_api(api).build(no_init);
    app.update_block(|block| block.time = Timestamp::from_seconds(START));
    let names = (0..6).map(validator_name).chain(["buyer 0", "buyer 1", "buyer 2"].map(str::to_owned));
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
    let token = app.instantiate_contract(code, owner.clone(), &init, &[], "open", None).unwrap();
    let code = app.store_code(staking_contract());
    let init = staking::msg::InstantiateMsg {
        owner: owner.to_string(),
        token: token.to_string(),
        params: staking::msg::Params {
            unbonding_seconds: Uint64::new(2_000),
            min_self_bond: Uint128::new(1),
            max_validators: 10,
            max_unbonding_entries: 5,
            snapshot_interval_seconds: Uint64::new(0),
            max_delegations: 16,
            jail_seconds: Uint64::new(1_000),
            min_operator_bond: Uint128::new(1),
        },
    };
    let staking = app.instantiate_contract(code, owner.clone(), &init, &[], "staking", None).unwrap();
    let models = app.api().addr_make("models");
    Chain { app, token, staking, settlement: owner.clone(), models, owner, payouts: Payouts::default() }
}

impl Chain {
    /// Everything in place, four validators in epoch set 1.
    pub fn new() -> Self {
        let mut chain = bare();
        chain.settlement = chain.instantiate(params()).unwrap();
        for (number, power) in POWERS.into_iter().enumerate() {
            chain.register(number as u8, power);
        }
        chain.snapshot();
        chain
    }

    pub fn init_msg(&self, params: Params) -> InstantiateMsg {
        InstantiateMsg {
            owner: self.owner.to_string(),
            token: self.token.to_string(),
            staking: self.staking.to_string(),
            models: self.models.to_string(),
            treasury: self.account("treasury").to_string(),
            params,
        }
    }

    pub fn instantiate(&mut self, params: Params) -> Result<Addr, ContractError> {
        let code = self.app.store_code(contract());
        let msg = self.init_msg(params);
        let admin = Some(self.owner.to_string());
        self.app
            .instantiate_contract(code, self.owner.clone(), &msg, &[], "settlement", admin)
            .map_err(|error| error.downcast::<ContractError>().unwrap())
    }

    pub fn account(&self, name: &str) -> Addr {
        self.app.api().addr_make(name)
    }

    pub fn buyer(&self, number: u8) -> Addr {
        self.account(&format!("buyer {number}"))
    }

    pub fn node(&self) -> Addr {
        self.account("node")
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

    pub fn scope(&self) -> Scope {
        self.scope_of(&self.settlement)
    }

    fn scope_of(&self, contract: &Addr) -> Scope {
        Scope { chain_id: self.app.block_info().chain_id, contract: contract.to_string() }
    }

    // --- validators

    pub fn register(&mut self, number: u8, power: u128) {
        let account = self.account(&validator_name(number));
        self.allow(&account, &self.staking.clone(), power);
        let msg = staking::msg::ExecuteMsg::RegisterValidator {
            amount: Uint128::new(power),
            bls_public_key: validator_key(number).sk_to_pk().to_bytes().into(),
            proof_of_possession: possession(number, self.scope_of(&self.staking), account.as_str()),
            endpoint: "http://127.0.0.1:9100".try_into().unwrap(),
            moniker: "a validator".try_into().unwrap(),
            commission: None,
            description: None,
        };
        self.app.execute_contract(account, self.staking.clone(), &msg, &[]).unwrap();
    }

    pub fn unbond(&mut self, number: u8, amount: u128) {
        let msg = staking::msg::ExecuteMsg::Unbond { amount: Uint128::new(amount) };
        let account = self.account(&validator_name(number));
        self.app.execute_contract(account, self.staking.clone(), &msg, &[]).unwrap();
    }

    pub fn snapshot(&mut self) -> EpochSet {
        let msg = staking::msg::ExecuteMsg::Snapshot {};
        self.app.execute_contract(self.owner.clone(), self.staking.clone(), &msg, &[]).unwrap();
        self.set()
    }

    pub fn set(&self) -> EpochSet {
        self.app.wrap().query_wasm_smart(&self.staking, &staking::msg::QueryMsg::LatestSet {}).unwrap()
    }

    /// Index in the newest set of the validators with these numbers.
    pub fn indexes(&self, numbers: &[u8]) -> Vec<u32> {
        let set = self.set();
        let index = |number: &u8| {
            let account = self.account(&validator_name(*number));
            set.members.iter().position(|member| member.validator == account).unwrap() as u32
        };
        let mut indexes: Vec<u32> = numbers.iter().map(index).collect();
        indexes.sort_unstable();
        indexes
    }

    // --- sending

    pub fn allow(&mut self, from: &Addr, spender: &Addr, amount: u128) {
        let spender = spender.to_string();
        let message = Cw20ExecuteMsg::IncreaseAllowance { spender, amount: Uint128::new(amount), expires: None };
        self.app.execute_contract(from.clone(), self.token.clone(), &message, &[]).unwrap();
    }

    pub fn send(&mut self, from: &Addr, msg: &ExecuteMsg) -> AppResponse {
        self.try_send(from, msg).unwrap()
    }

    pub fn try_send(&mut self, from: &Addr, msg: &ExecuteMsg) -> Result<AppResponse, AnyError> {
        self.app.execute_contract(from.clone(), self.settlement.clone(), msg, &[])
    }

    /// Sends a message that must be refused, and checks that no contract's state changed.
    pub fn refused(&mut self, from: &Addr, msg: &ExecuteMsg) -> ContractError {
        let error = self.refused_raw(from, msg);
        match error.downcast::<ContractError>() {
            Ok(error) => error,
            Err(error) => panic!("not an error of settlement: {error:?}"),
        }
    }

    pub fn refused_raw(&mut self, from: &Addr, msg: &impl Serialize) -> AnyError {
        let dump = |chain: &Self| {
            [&chain.settlement, &chain.token, &chain.staking].map(|address| chain.app.dump_wasm_raw(address))
        };
        let before = dump(self);
        let contract_addr = self.settlement.to_string();
        let message = WasmMsg::Execute { contract_addr, msg: to_json_binary(msg).unwrap(), funds: vec![] };
        let error = self.app.execute(from.clone(), message.into()).unwrap_err();
        assert_eq!(before, dump(self));
        error
    }

    pub fn sudo(&mut self, msg: &settlement::msg::SudoMsg) -> Result<AppResponse, ContractError> {
        let message = SudoMsg::Wasm(WasmSudo::new(&self.settlement, msg).unwrap());
        self.app.sudo(message).map_err(|error| error.downcast::<ContractError>().unwrap())
    }

    // --- sessions and batches

    /// The request of buyer `number` for a session that lives 5,000 seconds, with session key `number`.
    pub fn open_msg(&self, number: u8, amount: u128) -> ExecuteMsg {
        ExecuteMsg::OpenSession {
            amount: Uint128::new(amount),
            session_public_key: public_key(&session_key(number)),
            adapter_id: None,
            node: None,
            max_prompt_price: Uint128::new(10),
            max_response_price: Uint128::new(20),
            expires_at: Uint64::new(self.now() + 5_000),
        }
    }

    /// Opens a session for buyer `number`; ids count from 1.
    pub fn open(&mut self, number: u8, amount: u128) -> u64 {
        let buyer = self.buyer(number);
        self.allow(&buyer, &self.settlement.clone(), amount);
        let message = self.open_msg(number, amount);
        let response = self.send(&buyer, &message);
        let opened = response.events.iter().find(|event| event.ty == "wasm-settlement/session_opened").unwrap();
        opened.attributes.iter().find(|attribute| attribute.key == "session_id").unwrap().value.parse().unwrap()
    }

    /// A charge with a voucher of exactly the fee, signed by session key `key`.
    pub fn charge(&self, key: u8, session_id: u64, fee: u128, sequence: u64) -> Charge {
        self.charge_with(key, session_id, fee, fee, sequence)
    }

    pub fn charge_with(&self, key: u8, session_id: u64, fee: u128, promised: u128, sequence: u64) -> Charge {
        Charge {
            session_id: Uint64::new(session_id),
            cumulative_fee: Uint128::new(fee),
            voucher_amount: Uint128::new(promised),
            voucher_sequence: Uint64::new(sequence),
            voucher_signature: voucher(&session_key(key), self.scope(), session_id, promised, sequence),
        }
    }

    pub fn batch(&self, sequence: u64, total: u128, charges: Vec<Charge>) -> ExecuteMsg {
        ExecuteMsg::SubmitBatch {
            sequence: Uint64::new(sequence),
            receipts_root: [1; 32].into(),
            receipt_count: Uint64::new(2),
            credits_root: [2; 32].into(),
            credit_count: Uint64::new(5),
            total: Uint128::new(total),
            charges,
        }
    }

    /// Submits a batch of one charge from the node.
    pub fn submit(&mut self, sequence: u64, total: u128, charge: Charge) {
        let message = self.batch(sequence, total, vec![charge]);
        let node = self.node();
        self.send(&node, &message);
    }

    // --- epochs and claims

    /// Adds to what a payee earned off chain.
    pub fn credit(&mut self, payee: &Addr, amount: u128) {
        self.credit_to(payee.as_str(), amount);
    }

    /// The same by the payee's spelling.
    pub fn credit_to(&mut self, payee: &str, amount: u128) {
        let credit = Credit { payee: payee.to_owned(), amount: amount.to_string(), ..Credit::default() };
        self.payouts.add([&credit]).unwrap();
    }

    /// The statement over all payouts credited so far.
    pub fn statement(&self, epoch: u64, set_id: u64, batch_ids: &[u64]) -> EpochStatement {
        let root = self.payouts.root(&self.scope()).unwrap();
        EpochStatement {
            scope: Some(self.scope()),
            epoch,
            set_id,
            batch_ids: batch_ids.to_vec(),
            payout_root: root.hash.to_vec(),
            payout_total: root.sum.to_string(),
            payout_count: self.payouts.count(),
            round: 0,
        }
    }

    /// A message of the statement with a signature of `signers` that names `absentees`.
    pub fn epoch_msg(&self, statement: &EpochStatement, signers: &[u8], absentees: Vec<u32>) -> ExecuteMsg {
        let root: [u8; 32] = statement.payout_root.as_slice().try_into().unwrap();
        ExecuteMsg::AcceptEpoch {
            epoch: Uint64::new(statement.epoch),
            round: statement.round,
            set_id: Uint64::new(statement.set_id),
            batch_ids: statement.batch_ids.iter().map(|id| Uint64::new(*id)).collect(),
            payout_root: Digest::new(root),
            payout_total: Uint128::new(statement.payout_total.parse().unwrap()),
            payout_count: Uint64::new(statement.payout_count),
            absentees,
            signature: attest(statement, signers),
        }
    }

    /// Accepts an epoch signed by validators 0, 1 and 2 of the four.
    pub fn accept(&mut self, epoch: u64, batch_ids: &[u64]) {
        let statement = self.statement(epoch, self.set().set_id.u64(), batch_ids);
        let message = self.epoch_msg(&statement, &[0, 1, 2], self.indexes(&[3]));
        let anyone = self.account("anyone");
        self.send(&anyone, &message);
    }

    /// The claim that `payee` can prove from the payouts credited so far.
    pub fn claim_msg(&self, payee: &Addr) -> ExecuteMsg {
        self.claim_of(payee.as_str())
    }

    /// The same by the payee's spelling.
    pub fn claim_of(&self, payee: &str) -> ExecuteMsg {
        let (cumulative, proof) = self.payouts.proof(&self.scope(), payee).unwrap().unwrap();
        ExecuteMsg::Claim {
            payee: payee.to_string(),
            cumulative_amount: Uint128::new(cumulative),
            proof: on_chain(&proof),
        }
    }

    /// One session of 1,000 with one pending batch of 600: 500 for alice, 100 for bob.
    pub fn with_batch(&mut self) {
        let session_id = self.open(0, 1_000);
        let charge = self.charge(0, session_id, 600, 1);
        self.submit(1, 600, charge);
        let (alice, bob) = (self.account("alice"), self.account("bob"));
        self.credit(&alice, 500);
        self.credit(&bob, 100);
    }

    // --- reading

    pub fn query<T: DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.app.wrap().query_wasm_smart(&self.settlement, msg).unwrap()
    }

    pub fn session(&self, session_id: u64) -> SessionResponse {
        self.query(&QueryMsg::Session { session_id: Uint64::new(session_id) })
    }

    pub fn batch_info(&self, batch_id: u64) -> BatchResponse {
        self.query(&QueryMsg::Batch { batch_id: Uint64::new(batch_id) })
    }

    pub fn claimed(&self, payee: &Addr) -> u128 {
        self.query::<ClaimedResponse>(&QueryMsg::Claimed { payee: payee.to_string() }).claimed.u128()
    }

    pub fn balance(&self, account: &Addr) -> u128 {
        let question = Cw20QueryMsg::Balance { address: account.to_string() };
        self.app.wrap().query_wasm_smart::<BalanceResponse>(&self.token, &question).unwrap().balance.u128()
    }

    /// Sessions, pending, unclaimed, refunds; checked against the tokens held, to the last unit.
    pub fn books(&self) -> [u128; 4] {
        let books: SolvencyResponse = self.query(&QueryMsg::Solvency {});
        assert!(books.solvent, "{books:?}");
        let parts = [books.sessions, books.pending, books.unclaimed, books.refunds].map(|part| part.u128());
        assert_eq!(parts.iter().sum::<u128>(), books.held.u128(), "{books:?}");
        parts
    }
}

/// A proof as the message carries it.
pub fn on_chain(proof: &Proof) -> PayoutProof {
    PayoutProof {
        index: Uint64::new(proof.index),
        siblings: proof
            .siblings
            .iter()
            .map(|node| SumNode { sum: Uint128::new(node.sum), hash: Digest::new(node.hash) })
            .collect(),
    }
}
