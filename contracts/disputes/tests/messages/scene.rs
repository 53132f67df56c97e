//! A chain with everything that a batch needs, and the contract that judges it.

use cosmwasm_std::{to_json_binary, Addr, Uint128, Uint64, WasmMsg};
use cw_multi_test::{error::AnyError, AppResponse, ContractWrapper, Executor, WasmSudo};
use disputes::{
    msg::{
        BatchFraud, Bps, CaseResponse, DisputeResponse, ExecuteMsg, InstantiateMsg, Params, QueryMsg, SolvencyResponse,
        SudoMsg,
    },
    ContractError,
};
use openledger_contract_kit::Digest;
use openledger_forgeries::{Batch, Ground, Index, Session};
use openledger_protocol::{fraud::data::SumLeaves, payouts::Payouts};
use serde::de::DeserializeOwned;
use settlement::msg::RoundResponse;

use crate::{
    chain::{self, bare, Chain, POWERS},
    registries::{Registries, PROMPT_PRICE, RESPONSE_PRICE},
    signing::{session_key, voucher},
};

pub struct Scene {
    pub chain: Chain,
    pub registries: Registries,
    pub disputes: Addr,
}

pub fn params() -> Params {
    Params {
        node_slash: Bps::new(5_000).unwrap(),
        validator_slash: Bps::new(2_000).unwrap(),
        reward: Bps::new(4_000).unwrap(),
        dispute_bond: Uint128::new(101),
        dispute_seconds: Uint64::new(60),
    }
}

impl Scene {
    /// Two sessions of 1,000, four validators, registries, and the arbiter in office.
    pub fn new() -> Self {
        let mut chain = bare();
        let registries = Registries::new(&mut chain);
        chain.models = registries.models.clone();
        chain.settlement = chain.instantiate(chain::params()).unwrap();
        for (number, power) in POWERS.into_iter().enumerate() {
            chain.register(number as u8, power);
        }
        chain.snapshot();
        chain.open(0, 1_000);
        chain.open(1, 1_000);
        let mut scene = Self { disputes: chain.owner.clone(), chain, registries };
        scene.publish_index();
        scene.disputes = scene.instantiate(params()).unwrap();
        let arbiter = scene.disputes.to_string();
        let owner = scene.chain.owner.clone();
        scene.chain.send(&owner, &settlement::msg::ExecuteMsg::SetArbiter { arbiter: arbiter.clone() });
        let staking = scene.chain.staking.clone();
        let name = staking::msg::ExecuteMsg::SetSlasher { slasher: arbiter };
        scene.chain.app.execute_contract(owner, staking, &name, &[]).unwrap();
        scene
    }

    /// Version 2 of the adapter: the same, with an attribution index.
    fn publish_index(&mut self) {
        let index = Index::new(self.registries.payees.contributors.len()).facts();
        let split = self.registries.split;
        let publish = models::msg::ExecuteMsg::PublishAdapterVersion {
            adapter_id: Uint64::one(),
            datanet_version: 1,
            weights_digest: Digest::new([0xad; 32]),
            family_digest: Digest::new([0xfa; 32]),
            manifest_digest: None,
            transcript_root: None,
            index: Some(models::msg::Index {
                root: Digest::new(index.root),
                rows: index.rows,
                dimensions: index.dimensions,
            }),
            prompt_price: Uint128::new(PROMPT_PRICE),
            response_price: Uint128::new(RESPONSE_PRICE),
            split,
            promote: None,
        };
        let developer = self.chain.account("developer");
        let models = self.registries.models.clone();
        self.chain.app.execute_contract(developer, models, &publish, &[]).unwrap();
    }

    pub fn instantiate(&mut self, params: Params) -> Result<Addr, ContractError> {
        use disputes::contract::{execute, instantiate, migrate, query, reply, sudo};
        let contract = ContractWrapper::new(execute, instantiate, query).with_reply(reply).with_sudo(sudo);
        let code = self.chain.app.store_code(Box::new(contract.with_migrate(migrate)));
        let owner = self.chain.owner.clone();
        let init = InstantiateMsg { owner: owner.to_string(), settlement: self.chain.settlement.to_string(), params };
        let admin = Some(owner.to_string());
        let done = self.chain.app.instantiate_contract(code, owner, &init, &[], "disputes", admin);
        done.map_err(|error| error.downcast().unwrap())
    }

    // --- sending and reading

    pub fn send(&mut self, from: &Addr, msg: &ExecuteMsg) -> AppResponse {
        self.try_send(from, msg).unwrap()
    }

    pub fn try_send(&mut self, from: &Addr, msg: &ExecuteMsg) -> Result<AppResponse, AnyError> {
        self.chain.app.execute_contract(from.clone(), self.disputes.clone(), msg, &[])
    }

    /// Sends a message that must be refused, and checks that no contract's state changed.
    pub fn refused(&mut self, from: &Addr, msg: &ExecuteMsg) -> ContractError {
        let error = self.refused_raw(from, msg);
        match error.downcast::<ContractError>() {
            Ok(error) => error,
            Err(error) => panic!("not an error of disputes: {error:?}"),
        }
    }

    pub fn refused_raw(&mut self, from: &Addr, msg: &ExecuteMsg) -> AnyError {
        let dump = |scene: &Self| {
            let Chain { app, settlement, token, staking, .. } = &scene.chain;
            [&scene.disputes, settlement, token, staking].map(|address| app.dump_wasm_raw(address))
        };
        let before = dump(self);
        let contract_addr = self.disputes.to_string();
        let message = WasmMsg::Execute { contract_addr, msg: to_json_binary(msg).unwrap(), funds: vec![] };
        let error = self.chain.app.execute(from.clone(), message.into()).unwrap_err();
        assert_eq!(before, dump(self));
        error
    }

    pub fn sudo(&mut self, msg: &SudoMsg) -> Result<AppResponse, ContractError> {
        let message = cw_multi_test::SudoMsg::Wasm(WasmSudo::new(&self.disputes, msg).unwrap());
        self.chain.app.sudo(message).map_err(|error| error.downcast().unwrap())
    }

    pub fn query<T: DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.chain.app.wrap().query_wasm_smart(&self.disputes, msg).unwrap()
    }

    pub fn case(&self, case_id: u64) -> CaseResponse {
        self.query(&QueryMsg::Case { case_id: Uint64::new(case_id) })
    }

    pub fn dispute(&self, dispute_id: u64) -> DisputeResponse {
        self.query(&QueryMsg::Dispute { dispute_id: Uint64::new(dispute_id) })
    }

    /// Bonds on the books; checked against the tokens held, to the last unit.
    pub fn bonds(&self) -> u128 {
        let books: SolvencyResponse = self.query(&QueryMsg::Solvency {});
        assert!(books.solvent && books.bonds == books.held, "{books:?}");
        books.bonds.u128()
    }

    /// Bonds the node as an operator. It gets the money from validator 4.
    pub fn bond_node(&mut self, amount: u128) {
        let (node, rich) = (self.chain.node(), self.chain.account("validator 4"));
        let (token, staking) = (self.chain.token.clone(), self.chain.staking.clone());
        let give = cw20::Cw20ExecuteMsg::Transfer { recipient: node.to_string(), amount: Uint128::new(amount) };
        self.chain.app.execute_contract(rich, token, &give, &[]).unwrap();
        self.chain.allow(&node, &staking, amount);
        let register = staking::msg::ExecuteMsg::RegisterOperator {
            amount: Uint128::new(amount),
            endpoint: "http://127.0.0.1:1".try_into().unwrap(),
            moniker: "a node".try_into().unwrap(),
        };
        self.chain.app.execute_contract(node, staking, &register, &[]).unwrap();
    }

    /// What the token counts in all.
    pub fn supply(&self) -> u128 {
        let question = cw20::Cw20QueryMsg::TokenInfo {};
        let info: cw20::TokenInfoResponse =
            self.chain.app.wrap().query_wasm_smart(&self.chain.token, &question).unwrap();
        info.total_supply.u128()
    }

    pub fn anyone(&self) -> Addr {
        self.chain.account("anyone")
    }

    // --- batches

    /// What a batch of sessions 1 and 2 stands on, with what they were charged so far.
    pub fn ground(&self) -> Ground {
        let session = |id| {
            let found = self.chain.session(id);
            Session {
                id,
                charged: found.charged.u128(),
                sequence: found.voucher_sequence.u64(),
                max_prompt_price: found.max_prompt_price.u128(),
                max_response_price: found.max_response_price.u128(),
                expires_at: found.expires_at.u64(),
            }
        };
        Ground {
            scope: self.chain.scope(),
            node: self.chain.node().into_string(),
            adapter: (1, 2),
            table: self.registries.table,
            payees: self.registries.payees.clone(),
            prices: (PROMPT_PRICE, RESPONSE_PRICE),
            served_at: self.chain.now(),
            sessions: [session(1), session(2)],
        }
    }

    /// Puts a batch on chain. Its id is the node's sequence, as there is no other node.
    pub fn submit(&mut self, ground: &Ground, sequence: u64, batch: &Batch) -> u64 {
        let sign = |session: usize, amount, voucher_sequence| {
            let id = ground.sessions[session].id;
            voucher(&session_key(session as u8), ground.scope.clone(), id, amount, voucher_sequence)
        };
        let message = batch.submit(ground, sequence, sign);
        let node = self.chain.node();
        self.chain.send(&node, &message);
        sequence
    }

    pub fn prove(batch_id: u64, proof: BatchFraud) -> ExecuteMsg {
        ExecuteMsg::ProveBatchFraud { batch_id: batch_id.into(), proof }
    }

    // --- epochs

    /// Accepts an epoch with the given payouts, whatever they are: what a dishonest set can do.
    pub fn accept(&mut self, epoch: u64, batch_ids: &[u64], payouts: &Payouts) {
        let tree = SumLeaves::of_payouts(&self.chain.scope(), payouts).tree().unwrap();
        let round: RoundResponse = self.chain.query(&settlement::msg::QueryMsg::Round {});
        let mut statement = self.chain.statement(epoch, self.chain.set().set_id.u64(), batch_ids);
        statement.round = round.round;
        statement.payout_root = tree.root.hash.to_vec();
        statement.payout_total = tree.root.sum.to_string();
        statement.payout_count = tree.count;
        let message = self.chain.epoch_msg(&statement, &[0, 1, 2], self.chain.indexes(&[3]));
        let anyone = self.anyone();
        self.chain.send(&anyone, &message);
    }
}

/// The fraud that a response says was proven.
pub fn proven(done: &AppResponse) -> String {
    let event = done.events.iter().find(|event| event.ty == "wasm-disputes/fraud_proven").unwrap();
    event.attributes.iter().find(|pair| pair.key == "fraud").unwrap().value.clone()
}
