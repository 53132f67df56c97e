//! A chain with OpenLedger on it, people who lie, and one who shows it.

use std::{collections::BTreeSet, fs::OpenOptions, io::Write, path::Path};

use cosmwasm_std::{Uint64, Uint128, coin};
use cw20::Cw20ExecuteMsg;
use disputes::msg::{BatchFraud, ExecuteMsg};
use openledger_chain::{
    ChainError, Key, Signer, TxOutcome,
    contracts::{Disputes, Models, Settlement, Staking},
};
use openledger_forgeries::{Batch, Ground, Index, Session};
use openledger_node::{
    bls::BlsKey,
    devnet::{
        Stage, Story, Target,
        chain::FEE_DENOM,
        fill::RegisteredAdapter,
        sidecars::{BOND, bond, bond_node},
    },
    network::{AdapterTerms, Network},
    registering::id,
};
use openledger_protocol::{Scope, Signed, Voucher};
use settlement::msg::{ExecuteMsg as Settle, Signature64};
use tempfile::TempDir;

/// What every session is opened with, in uopen.
const DEPOSIT: u128 = 1_000_000;
/// Highest prices of its tokens, in uopen.
const MAX_PRICE: u128 = 200;

pub struct Court {
    pub stage: Stage,
    pub settlement: Settlement,
    pub disputes: Disputes,
    pub staking: Staking,
    pub challenger: Signer,
    pub keys: Vec<BlsKey>,
    terms: AdapterTerms,
    /// Signs vouchers of all sessions.
    session_key: Key,
    _scratch: TempDir,
}

/// The next version of the first adapter: the same, with an attribution index.
async fn publish_index(stage: &Stage, clusters: usize) {
    let RegisteredAdapter { adapter_id, datanet, .. } = &stage.adapters[0];
    let models = Models::new(stage.chain.client.clone(), &stage.contracts.models);
    let latest = models.adapter(Uint64::new(*adapter_id)).await.unwrap().latest;
    let index = Index::new(clusters).facts();
    let publish = models::msg::ExecuteMsg::PublishAdapterVersion {
        adapter_id: latest.adapter_id,
        datanet_version: latest.datanet_version,
        weights_digest: latest.weights_digest,
        family_digest: latest.family_digest,
        manifest_digest: latest.manifest_digest,
        transcript_root: latest.transcript_root,
        index: Some(models::msg::Index {
            root: models::msg::Digest::new(index.root),
            rows: index.rows,
            dimensions: index.dimensions,
        }),
        prompt_price: latest.prompt_price,
        response_price: latest.response_price,
        split: latest.split,
        promote: None,
    };
    stage.accounts.developers[datanet].execute(&stage.contracts.models, &publish, vec![]).await.unwrap();
}

impl Court {
    /// Contracts, Datanets and adapters in place, four validators in a set.
    pub async fn open(target: Target, root: &Path, artifacts: Option<&Path>) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let artifacts = artifacts.map_or_else(|| scratch.path().join("none"), Path::to_owned);
        let story = Story {
            target,
            examples: root.join("examples"),
            artifacts,
            scratch: scratch.path().to_owned(),
            indexed: BTreeSet::new(),
        };
        let stage = story.set().await.unwrap();
        let mut keys = Vec::new();
        for validator in &stage.accounts.validators {
            let key = BlsKey::generate().unwrap();
            bond(validator, &stage.contracts, &key, "http://127.0.0.1:1").await.unwrap();
            keys.push(key);
        }
        let founder = &stage.accounts.founder;
        founder.execute(&stage.contracts.staking, &staking::msg::ExecuteMsg::Snapshot {}, vec![]).await.unwrap();
        let client = stage.chain.client.clone();
        let network = Network::connect(client.clone(), stage.contracts.clone()).await.unwrap();
        let adapter_id = stage.adapters[0].adapter_id;
        publish_index(&stage, network.adapter(adapter_id, None).await.unwrap().payees.contributors.len()).await;
        let terms = network.adapter(adapter_id, None).await.unwrap();
        let challenger = client.signer(Key::generate("challenger").unwrap());
        stage.chain.faucet.send_many(&[challenger.address()], &[coin(2_000_000_000, FEE_DENOM)]).await.unwrap();
        Self {
            settlement: Settlement::new(client.clone(), &stage.contracts.settlement),
            disputes: Disputes::new(client.clone(), &stage.contracts.disputes),
            staking: Staking::new(client, &stage.contracts.staking),
            challenger,
            keys,
            terms,
            session_key: Key::generate("session").unwrap(),
            stage,
            _scratch: scratch,
        }
    }

    /// Bonded nodes, with coins for fees.
    pub async fn nodes(&self, count: usize) -> Vec<Signer> {
        let make = |number| self.stage.chain.client.signer(Key::generate(&format!("node-{number}")).unwrap());
        let nodes: Vec<Signer> = (0..count).map(make).collect();
        let addresses: Vec<&str> = nodes.iter().map(Signer::address).collect();
        self.stage.chain.faucet.send_many(&addresses, &[coin(1_000_000_000, FEE_DENOM)]).await.unwrap();
        let token = self.stage.contracts.open_token.as_str();
        let amount = Uint128::new(BOND);
        let give = addresses.iter().map(|to| Cw20ExecuteMsg::Transfer { recipient: (*to).to_owned(), amount });
        let gifts: Vec<_> = give.map(|message| (token, message, vec![])).collect();
        self.stage.accounts.founder.execute_many(&gifts).await.unwrap();
        for node in &nodes {
            bond_node(node, &self.stage.contracts, "http://127.0.0.1:1").await.unwrap();
        }
        nodes
    }

    pub fn scope(&self) -> Scope {
        self.scope_of(&self.stage.contracts.settlement)
    }

    pub fn scope_of(&self, contract: &str) -> Scope {
        Scope { chain_id: self.stage.chain.client.chain_id().into(), contract: contract.into() }
    }

    /// Two fresh sessions for a node's batch.
    pub async fn ground(&self, node: &Signer) -> Ground {
        let now = self.stage.chain.client.latest_block().await.unwrap().seconds();
        let expires_at = now + 3_600;
        let value = |message: serde_json::Result<serde_json::Value>| message.unwrap();
        let allow = Cw20ExecuteMsg::IncreaseAllowance {
            spender: self.stage.contracts.settlement.clone(),
            amount: Uint128::new(2 * DEPOSIT),
            expires: None,
        };
        let open = Settle::OpenSession {
            amount: Uint128::new(DEPOSIT),
            session_public_key: self.session_key.public_key().into(),
            adapter_id: None,
            node: None,
            max_prompt_price: Uint128::new(MAX_PRICE),
            max_response_price: Uint128::new(MAX_PRICE),
            expires_at: Uint64::new(expires_at),
        };
        let settlement = self.stage.contracts.settlement.as_str();
        let calls = [
            (self.stage.contracts.open_token.as_str(), value(serde_json::to_value(&allow)), vec![]),
            (settlement, value(serde_json::to_value(&open)), vec![]),
            (settlement, value(serde_json::to_value(&open)), vec![]),
        ];
        let done = self.stage.accounts.user.execute_many(&calls).await.unwrap();
        let opened = done.events.iter().filter(|event| event.kind == "wasm-settlement/session_opened");
        let ids: Vec<u64> = opened.map(|event| event.get("session_id").unwrap().parse().unwrap()).collect();
        let session = |id: u64| Session {
            id,
            charged: 0,
            sequence: 0,
            max_prompt_price: MAX_PRICE,
            max_response_price: MAX_PRICE,
            expires_at,
        };
        let mut payees = self.terms.payees.clone();
        payees.node = node.address().to_owned();
        Ground {
            scope: self.scope(),
            node: node.address().to_owned(),
            adapter: (self.terms.adapter_id, self.terms.version),
            table: self.terms.split,
            payees,
            prices: (self.terms.prompt_price, self.terms.response_price),
            served_at: now,
            sessions: [session(ids[0]), session(ids[1])],
        }
    }

    /// Puts a node's first batch on chain. Returns its id.
    pub async fn submit(&self, node: &Signer, ground: &Ground, batch: &Batch) -> u64 {
        let sign = |session: usize, amount: u128, sequence: u64| {
            let session_id = ground.sessions[session].id;
            let scope = Some(ground.scope.clone());
            let digest = Voucher { scope, session_id, cumulative_amount: amount.to_string(), sequence }.digest();
            Signature64::new(self.session_key.sign_digest(&digest).unwrap())
        };
        let message = batch.submit(ground, 1, sign);
        let done = node.execute(&self.stage.contracts.settlement, &message, vec![]).await.unwrap();
        id(&done, "batch_id").unwrap().u64()
    }

    pub fn proof(batch_id: u64, proof: BatchFraud) -> ExecuteMsg {
        ExecuteMsg::ProveBatchFraud { batch_id: batch_id.into(), proof }
    }

    /// Sends a message of the challenger to the disputes contract.
    pub async fn challenge(&self, name: &str, message: &ExecuteMsg) -> Result<TxOutcome, ChainError> {
        let done = self.challenger.execute(&self.stage.contracts.disputes, message, vec![]).await?;
        record(name, done.gas_used);
        Ok(done)
    }

    /// The message is refused for this reason when the node tries it.
    pub async fn refused(&self, message: &ExecuteMsg, reason: &str) {
        let message = serde_json::to_value(message).unwrap();
        let (client, contract) = (&self.stage.chain.client, &self.stage.contracts.disputes);
        let error = client.simulate_call(self.challenger.address(), contract, &message).await.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}\n{message}");
    }

    /// Both sessions hold what they were opened with.
    pub async fn is_whole(&self, ground: &Ground) {
        for session in &ground.sessions {
            let found = self.settlement.session(session.id.into()).await.unwrap();
            assert_eq!(found.available.u128(), DEPOSIT, "session {}", session.id);
        }
    }
}

/// Adds to the gas that the messages of a real node's test took, where one is kept.
fn record(name: &str, gas: u64) {
    let Some(file) = std::env::var_os("OPENLEDGER_GAS_LOG") else { return };
    let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
    writeln!(file, "{}", serde_json::json!({ "name": format!("disputes/{name}"), "gas": gas })).unwrap();
}
