//! A chain with everything that a batch needs, and the contract that judges it.

use cosmwasm_std::{to_json_binary, Addr, Uint128, Uint64, WasmMsg};
use cw_multi_test::{error::AnyError, AppResponse, ContractWrapper, Executor, WasmSudo};
use disputes::{
    msg::{
        missing, BatchFraud, Bps, CaseResponse, Digest, DisputeResponse, EpochFraud, ExecuteMsg, InstantiateMsg,
        Neighbours, OneReceipt, Params, QueryMsg, SolvencyResponse, SudoMsg, TwoReceipts,
    },
    ContractError,
};
use openledger_protocol::{
    attribution::attribute,
    credits::{self, credits},
    fraud::{
        charge::{self, ChargeFacts},
        credit::{self, CreditProof},
        data::{BatchData, EpochData, SumLeaves},
        duplicate, payout, receipt, share, BatchFacts, EpochFacts, SumTree,
    },
    payouts::Payouts,
    Credit, Message, Receipt,
};
use serde::de::DeserializeOwned;
use settlement::msg::{BatchStatus, Charge, RoundResponse};

use crate::{
    chain::{self, bare, Chain, POWERS},
    registries::{Registries, PROMPT_PRICE, RESPONSE_PRICE},
};

/// Tokens of each receipt: prompt, response.
const TOKENS: [(u32, u32); 3] = [(10, 45), (20, 90), (4, 48)];
pub const FEES: [u128; 3] = [100, 200, 100];

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

/// A batch as its node holds it, and the charges that it puts on chain.
#[derive(Clone)]
pub struct Made {
    pub receipts: Vec<Vec<u8>>,
    pub credits: SumLeaves,
    pub charges: Vec<Charge>,
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
        scene.disputes = scene.instantiate(params()).unwrap();
        let arbiter = scene.disputes.to_string();
        let owner = scene.chain.owner.clone();
        scene.chain.send(&owner, &settlement::msg::ExecuteMsg::SetArbiter { arbiter });
        scene
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

    pub fn anyone(&self) -> Addr {
        self.chain.account("anyone")
    }

    // --- batches

    /// Receipts 1 and 2 of session 1, receipt 3 of session 2.
    pub fn receipts(&self) -> Vec<Receipt> {
        let mut charged = [0u128; 3];
        let of = |at: usize, charged: &mut [u128; 3]| {
            let session = [1, 1, 2][at];
            charged[session] += FEES[at];
            Receipt {
                scope: Some(self.chain.scope()),
                node: self.chain.node().into_string(),
                session_id: session as u64,
                voucher_sequence: [1, 2, 1][at],
                adapter_id: 1,
                adapter_version: 1,
                prompt_tokens: TOKENS[at].0,
                response_tokens: TOKENS[at].1,
                prompt_price: PROMPT_PRICE.to_string(),
                response_price: RESPONSE_PRICE.to_string(),
                fee: FEES[at].to_string(),
                cumulative_fee: charged[session].to_string(),
                attribution: Some(attribute(&[6_000, 2_000], 500, 10_000).unwrap()),
                served_at: self.chain.now(),
                ..Receipt::default()
            }
        };
        (0..3).map(|at| of(at, &mut charged)).collect()
    }

    pub fn credits(&self, receipts: &[Receipt]) -> Vec<Credit> {
        let of = |(index, receipt): (usize, &Receipt)| {
            credits(receipt, index as u64, &self.registries.table, &self.registries.payees).unwrap()
        };
        let mut all: Vec<Credit> = receipts.iter().enumerate().flat_map(of).collect();
        credits::sort(&mut all);
        all
    }

    pub fn honest(&self) -> Made {
        let receipts = self.receipts();
        self.made(&receipts, &self.credits(&receipts))
    }

    pub fn made(&self, receipts: &[Receipt], credits: &[Credit]) -> Made {
        Made {
            receipts: receipts.iter().map(Message::encode_to_vec).collect(),
            credits: SumLeaves::of_credits(credits).unwrap(),
            charges: vec![self.chain.charge(0, 1, 300, 2), self.chain.charge(1, 2, 100, 1)],
        }
    }

    /// Puts a batch on chain under the roots of its data, or under another credits' tree. Returns its id.
    pub fn submit(&mut self, sequence: u64, made: &Made, tree: Option<SumTree>) -> u64 {
        let data = made.data();
        let credits = tree.unwrap_or_else(|| data.credits.tree().unwrap());
        let message = settlement::msg::ExecuteMsg::SubmitBatch {
            sequence: Uint64::new(sequence),
            receipts_root: Digest::new(data.receipts_root()),
            receipt_count: Uint64::new(data.receipts.len() as u64),
            credits_root: Digest::new(credits.root.hash),
            credit_count: Uint64::new(credits.count),
            total: Uint128::new(credits.root.sum),
            charges: made.charges.clone(),
        };
        let node = self.chain.node();
        self.chain.send(&node, &message);
        sequence
    }

    pub fn facts(&self, batch_id: u64, made: &Made) -> BatchFacts {
        made.data().facts(batch_id, self.chain.scope(), self.chain.node().into_string()).unwrap()
    }

    fn charge_facts(&self, session_id: u64) -> ChargeFacts {
        let (amount, sequence) = [(300, 2), (100, 1)][session_id as usize - 1];
        ChargeFacts {
            session_id,
            amount,
            cumulative_fee: amount,
            voucher_amount: amount,
            voucher_sequence: sequence,
            max_prompt_price: 100,
            max_response_price: 100,
            adapter_id: None,
            node: None,
            expires_at: self.chain.session(session_id).expires_at.u64(),
        }
    }

    /// Everything that a challenger with the whole data finds in a batch.
    pub fn findings(&self, batch_id: u64, made: &Made) -> Vec<BatchFraud> {
        let (facts, data) = (self.facts(batch_id, made), made.data());
        let charges = [self.charge_facts(1), self.charge_facts(2)];
        let charge_of = |id: u64| charges.iter().find(|charge| charge.session_id == id);
        let terms = |_: &Receipt| Some((self.registries.table, self.registries.payees.clone()));
        let mut found = Vec::new();
        found.extend(
            receipt::prove(&facts, &data)
                .unwrap()
                .map(|receipt| BatchFraud::Receipt(OneReceipt { receipt: receipt.into() })),
        );
        let adapter = receipt::prove_adapter(&facts, &data, |id, version| (id, version) == (1, 1)).unwrap();
        found.extend(adapter.map(|receipt| BatchFraud::Adapter(OneReceipt { receipt: receipt.into() })));
        let shares = share::prove(&facts, &data, |_, _| Some(2)).unwrap();
        found.extend(shares.map(|receipt| BatchFraud::Shares(OneReceipt { receipt: receipt.into() })));
        let charge = charge::prove(&facts, &data, charge_of).unwrap();
        found.extend(charge.map(|receipt| BatchFraud::Charge(OneReceipt { receipt: receipt.into() })));
        let twice = duplicate::prove(&[(&facts, &data)]).unwrap();
        found.extend(twice.map(|((_, a), (_, b))| BatchFraud::Duplicate {
            first: a.into(),
            other_batch_id: batch_id.into(),
            second: b.into(),
        }));
        let overlap = charge::prove_overlap(&facts, &data).unwrap();
        found.extend(overlap.map(|(a, b)| BatchFraud::Overlap(TwoReceipts { first: a.into(), second: b.into() })));
        found.extend(credit::prove(&facts, &data, terms).unwrap().map(|proof| match proof {
            CreditProof::Leaf(credit) => BatchFraud::CreditLeaf { credit: credit.into() },
            CreditProof::Order(a, b) => BatchFraud::CreditOrder(Neighbours { first: a.into(), second: b.into() }),
            CreditProof::NotEarned { receipt, credit } => {
                BatchFraud::Credit { receipt: receipt.into(), credit: credit.into() }
            }
            CreditProof::Missing { receipt, missing: gap } => {
                let (role, cluster, gap) = missing(gap).unwrap();
                BatchFraud::MissingCredit { receipt: receipt.into(), role, cluster, gap }
            }
        }));
        found
    }

    pub fn prove(batch_id: u64, proof: BatchFraud) -> ExecuteMsg {
        ExecuteMsg::ProveBatchFraud { batch_id: batch_id.into(), proof }
    }

    /// Forges a batch, shows that what a challenger finds in it is taken under the right name, and that everything is undone.
    pub fn caught(&mut self, made: &Made, expected: &str) {
        let books = self.chain.books();
        let batch_id = self.submit(1, made, None);
        let anyone = self.anyone();
        let proofs = self.findings(batch_id, made);
        let messages = proofs.into_iter().map(|proof| Self::prove(batch_id, proof));
        let done = messages.into_iter().find_map(|message| {
            let done = self.try_send(&anyone, &message).ok()?;
            Some((message, proven(&done)))
        });
        let (message, kind) = done.unwrap_or_else(|| panic!("no proof of {expected}"));
        assert_eq!(kind, expected);
        assert_eq!(self.chain.batch_info(batch_id).batch.status, BatchStatus::Voided);
        assert_eq!(self.chain.books(), books, "{expected}: every unit is back");
        let voided = ContractError::NothingAtStake { batch_id, status: BatchStatus::Voided };
        assert_eq!(self.refused(&anyone, &message), voided);
        // The node submits no more.
        let again = self.chain.batch(2, 10, vec![self.chain.charge(0, 1, 310, 3)]);
        let node = self.chain.node();
        assert_eq!(self.chain.refused(&node, &again), settlement::ContractError::Barred { node });
    }

    // --- epochs

    /// Accepts an epoch with the given payouts, whatever they are: what a dishonest set can do.
    pub fn accept(&mut self, epoch: u64, batch_ids: &[u64], leaves: &SumLeaves) {
        let tree = leaves.tree().unwrap();
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

    pub fn payouts_of(&self, batches: &[&Made]) -> Payouts {
        let mut payouts = Payouts::default();
        for made in batches {
            for leaf in &made.credits.leaves {
                payouts.add([&Credit::decode(leaf.data.as_slice()).unwrap()]).unwrap();
            }
        }
        assert_eq!(payouts.root(&self.chain.scope()).unwrap().sum, 400);
        payouts
    }

    pub fn epoch_facts(&self, leaves: &SumLeaves, made: &Made) -> EpochFacts {
        EpochFacts {
            scope: self.chain.scope(),
            payouts: leaves.tree().unwrap(),
            previous: None,
            batches: vec![made.credits.tree().unwrap()],
        }
    }

    pub fn epoch_proof(&self, leaves: &SumLeaves, made: &Made) -> Option<EpochFraud> {
        let data = EpochData { payouts: leaves, previous: None, batches: vec![&made.credits] };
        payout::prove(&self.epoch_facts(leaves, made), &data).unwrap().map(|proof| match proof {
            payout::EpochProof::Leaf(payout) => EpochFraud::PayoutLeaf { payout: payout.into() },
            payout::EpochProof::Order(a, b) => {
                EpochFraud::PayoutOrder(Neighbours { first: a.into(), second: b.into() })
            }
            payout::EpochProof::Payout(proof) => proof.into(),
        })
    }

    /// Payouts that give everything to a thief.
    pub fn stolen(&self) -> SumLeaves {
        let mut stolen = Payouts::default();
        let payee = self.chain.account("thief").into_string();
        stolen.add([&Credit { payee, amount: "400".into(), ..Credit::default() }]).unwrap();
        SumLeaves::of_payouts(&self.chain.scope(), &stolen)
    }
}

/// The fraud that a response says was proven.
pub fn proven(done: &AppResponse) -> String {
    let event = done.events.iter().find(|event| event.ty == "wasm-disputes/fraud_proven").unwrap();
    event.attributes.iter().find(|pair| pair.key == "fraud").unwrap().value.clone()
}

impl Made {
    pub fn data(&self) -> BatchData {
        BatchData { receipts: self.receipts.clone(), credits: self.credits.clone() }
    }
}
