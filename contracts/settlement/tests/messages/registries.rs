//! A Datanet of two clusters and an adapter on it, in the real registries.

use cosmwasm_std::{Addr, Uint128, Uint64};
use cw_multi_test::{ContractWrapper, Executor};
use openledger_contract_kit::{Bps, Digest};
use openledger_protocol::{credits::Payees, fees::SplitTable};

use crate::chain::Chain;

/// Price of a prompt token.
pub const PROMPT_PRICE: u128 = 1;
/// Price of a response token.
pub const RESPONSE_PRICE: u128 = 2;

/// What the registries say about adapter 1.
pub struct Registries {
    pub datanets: Addr,
    pub models: Addr,
    pub split: models::msg::Split,
    pub table: SplitTable,
    pub payees: Payees,
}

impl Registries {
    /// Fills fresh registries on the chain. Clusters belong to alice and bob.
    pub fn new(chain: &mut Chain) -> Self {
        let owner = chain.owner.clone();
        let code = chain.app.store_code(Box::new(ContractWrapper::new(
            datanets::contract::execute,
            datanets::contract::instantiate,
            datanets::contract::query,
        )));
        let params = datanets::msg::Params {
            max_pause_seconds: Uint64::new(100),
            max_clusters: 10,
            max_rows: 100,
            max_pending: 10,
            ..datanets::msg::Params::standard()
        };
        let init = datanets::msg::InstantiateMsg {
            owner: owner.to_string(),
            token: chain.token.to_string(),
            shares_code_id: None,
            params,
        };
        let datanets = chain.app.instantiate_contract(code, owner.clone(), &init, &[], "datanets", None).unwrap();
        let code = chain.app.store_code(Box::new(ContractWrapper::new(
            models::contract::execute,
            models::contract::instantiate,
            models::contract::query,
        )));
        let params = models::msg::Params {
            max_pause_seconds: Uint64::new(100),
            max_token_price: Uint128::new(1_000),
            base_bond: Uint128::zero(),
            adapter_bond: Uint128::zero(),
            rebate_bps: Bps::ZERO,
            min_take_bps: Bps::ZERO,
            bond_unlock_seconds: Uint64::new(1),
            base_notice_seconds: Uint64::new(1),
            payout_delay_seconds: Uint64::zero(),
            max_suspension_seconds: Uint64::zero(),
        };
        let init = models::msg::InstantiateMsg {
            owner: owner.to_string(),
            datanets: datanets.to_string(),
            token: chain.token.to_string(),
            params,
        };
        let models = chain.app.instantiate_contract(code, owner.clone(), &init, &[], "models", None).unwrap();
        fill_datanet(chain, &datanets);
        let split = models::msg::Split {
            contributors: Bps::new(6_000).unwrap(),
            developer: Bps::new(1_500).unwrap(),
            node: Bps::new(1_500).unwrap(),
            stakers: Bps::new(500).unwrap(),
            treasury: Bps::new(500).unwrap(),
        };
        register_adapter(chain, &models, split);
        let payees = Payees {
            // The owner of the Datanet is identity 1.
            contributors: vec!["identity:2".into(), "identity:3".into()],
            commons: "datanet:1".into(),
            developer: "adapter:1".into(),
            node: chain.node().into_string(),
            stakers: chain.staking.to_string(),
            treasury: chain.account("treasury").into_string(),
        };
        Self { datanets, models, split, table: split.into(), payees }
    }
}

fn fill_datanet(chain: &mut Chain, datanets: &Addr) {
    use datanets::msg::{ExecuteMsg, Membership};

    let datanet_id = Uint64::new(1);
    let owner = chain.owner.clone();
    let create = ExecuteMsg::Create {
        name: "facts".try_into().unwrap(),
        description: "short facts".try_into().unwrap(),
        licence: "CC0-1.0".try_into().unwrap(),
        commons: chain.account("commons").into_string(),
        membership: Membership::Open,
        commit_reveal: None,
        review: None,
    };
    chain.app.execute_contract(owner.clone(), datanets.clone(), &create, &[]).unwrap();
    let mut roots = Vec::new();
    for (at, name) in ["alice", "bob"].into_iter().enumerate() {
        let byte = u8::try_from(at + 1).unwrap();
        roots.push([byte; 32]);
        let contribute = ExecuteMsg::Contribute {
            datanet_id,
            rows_root: Digest::new([byte; 32]),
            rows: 3,
            media_type: "application/jsonl".try_into().unwrap(),
            manifest: Digest::new([byte + 10; 32]),
            salt: None,
        };
        let who = chain.account(name);
        for message in [ExecuteMsg::Join { datanet_id }, contribute] {
            chain.app.execute_contract(who.clone(), datanets.clone(), &message, &[]).unwrap();
        }
        let accept = ExecuteMsg::Accept { datanet_id, contribution_id: Uint64::from(byte) };
        chain.app.execute_contract(owner.clone(), datanets.clone(), &accept, &[]).unwrap();
    }
    let content_root = Digest::new(openledger_protocol::merkle::root(&roots));
    let publish = ExecuteMsg::PublishVersion { datanet_id, content_root };
    chain.app.execute_contract(owner, datanets.clone(), &publish, &[]).unwrap();
}

fn register_adapter(chain: &mut Chain, models: &Addr, split: models::msg::Split) {
    use models::msg::ExecuteMsg;

    let developer = chain.account("developer");
    let base = ExecuteMsg::RegisterBase {
        name: "base".try_into().unwrap(),
        digest: Digest::new([0xba; 32]),
        tokenizer_digest: Digest::new([0x70; 32]),
        architecture: "llama".try_into().unwrap(),
        licence: "Apache-2.0".try_into().unwrap(),
    };
    let adapter = ExecuteMsg::RegisterAdapter {
        base_id: Uint64::new(1),
        licence: None,
        name: "facts".try_into().unwrap(),
        datanet_id: Uint64::new(1),
        datanet_version: 1,
        weights_digest: Digest::new([0xad; 32]),
        family_digest: Digest::new([0xfa; 32]),
        manifest_digest: None,
        transcript_root: None,
        index: None,
        prompt_price: Uint128::new(PROMPT_PRICE),
        response_price: Uint128::new(RESPONSE_PRICE),
        split,
    };
    for message in [base, adapter] {
        chain.app.execute_contract(developer.clone(), models.clone(), &message, &[]).unwrap();
    }
}
