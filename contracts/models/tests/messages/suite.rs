//! A chain with a Datanets contract that has one published version, and a models contract.

use std::fmt::Debug;

use cosmwasm_schema::serde::{de::DeserializeOwned, Serialize};
use cosmwasm_std::{testing::MockStorage, to_json_binary, Addr, Uint128, Uint64};
use cw_multi_test::{no_init, App, AppBuilder, AppResponse, BankKeeper, ContractWrapper, Executor, MockApiBech32};
use datanets::msg as datanet;
use models::{
    contract,
    msg::{AdapterResponse, ConfigResponse, ExecuteMsg, InstantiateMsg, Params, QueryMsg, Split, SudoMsg},
    ContractError,
};
use openledger_contract_kit::{Bps, Digest};

pub struct Suite {
    pub app: App<BankKeeper, MockApiBech32, MockStorage>,
    pub code: u64,
    pub contract: Addr,
    pub datanets: Addr,
}

pub fn params() -> Params {
    Params { max_pause_seconds: Uint64::new(100), max_token_price: Uint128::new(1_000_000) }
}

/// A digest that is all `byte`.
pub fn digest(byte: u8) -> Digest {
    Digest::new([byte; 32])
}

pub fn split(points: [u16; 5]) -> Split {
    let [contributors, developer, node, stakers, treasury] = points.map(|p| Bps::new(p).unwrap());
    Split { contributors, developer, node, stakers, treasury }
}

pub fn good_split() -> Split {
    split([5_000, 2_000, 2_000, 500, 500])
}

impl Suite {
    /// Datanet 1 has version 1; base model 1 is registered by `carol`.
    pub fn new() -> Self {
        let mut suite = Self::bare(params()).unwrap();
        suite.publish_datanet_version(1);
        suite.exec("carol", base_msg(digest(0xb0))).unwrap();
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
        let msg = InstantiateMsg { owner: admin.to_string(), datanets: datanets.to_string(), params };
        let contract = app
            .instantiate_contract(code, admin.clone(), &msg, &[], "models", Some(admin.to_string()))
            .map_err(|error| error.downcast::<ContractError>().unwrap())?;
        let mut suite = Self { app, code, contract, datanets };
        let commons = suite.account("commons").into_string();
        suite.datanet(&datanet::ExecuteMsg::Create {
            name: "Words".try_into().unwrap(),
            description: "Definitions".try_into().unwrap(),
            licence: "CC0-1.0".try_into().unwrap(),
            commons,
            membership: datanet::Membership::Open,
            commit_reveal: None,
            review: None,
        });
        Ok(suite)
    }

    fn datanet(&mut self, msg: &datanet::ExecuteMsg) {
        let curator = self.account("curator");
        self.app.execute_contract(curator, self.datanets.clone(), msg, &[]).unwrap();
    }

    /// Takes one more contribution into Datanet 1 and publishes the version that this makes.
    pub fn publish_datanet_version(&mut self, number: u8) {
        let datanet_id = Uint64::one();
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
        self.app.execute_contract(sender, self.contract.clone(), &msg, &[]).map_err(|error| error.downcast().unwrap())
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

pub fn base_msg(digest: Digest) -> ExecuteMsg {
    ExecuteMsg::RegisterBase {
        name: "tiny-llama".try_into().unwrap(),
        digest,
        tokenizer_digest: crate::suite::digest(0x70),
        architecture: "LlamaForCausalLM".try_into().unwrap(),
        licence: "Apache-2.0".try_into().unwrap(),
    }
}

/// Terms of an adapter version; tests change one at a time.
#[derive(Clone)]
pub struct Terms {
    pub datanet_version: u32,
    pub weights_digest: Digest,
    pub family_digest: Digest,
    pub prompt_price: u128,
    pub response_price: u128,
    pub split: Split,
}

pub fn terms() -> Terms {
    Terms {
        datanet_version: 1,
        weights_digest: digest(0xa0),
        family_digest: digest(0xf0),
        prompt_price: 10,
        response_price: 30,
        split: good_split(),
    }
}

pub fn register_msg(base_id: u64, datanet_id: u64, terms: Terms) -> ExecuteMsg {
    ExecuteMsg::RegisterAdapter {
        base_id: Uint64::new(base_id),
        name: "words-lora".try_into().unwrap(),
        datanet_id: Uint64::new(datanet_id),
        datanet_version: terms.datanet_version,
        weights_digest: terms.weights_digest,
        family_digest: terms.family_digest,
        prompt_price: Uint128::new(terms.prompt_price),
        response_price: Uint128::new(terms.response_price),
        split: terms.split,
    }
}

pub fn publish_msg(adapter_id: u64, terms: Terms) -> ExecuteMsg {
    ExecuteMsg::PublishAdapterVersion {
        adapter_id: Uint64::new(adapter_id),
        datanet_version: terms.datanet_version,
        weights_digest: terms.weights_digest,
        family_digest: terms.family_digest,
        prompt_price: Uint128::new(terms.prompt_price),
        response_price: Uint128::new(terms.response_price),
        split: terms.split,
    }
}

/// True when the table, and not the action, refused.
pub fn is_unauthorized<T: Debug>(result: Result<T, ContractError>) -> bool {
    matches!(result, Err(ContractError::Kit(openledger_contract_kit::KitError::Unauthorized { .. })))
}

/// Whether a message survives its JSON with one piece of text replaced.
pub fn parses_with<T: Serialize + DeserializeOwned>(msg: &T, find: &str, replace: &str) -> bool {
    let json = String::from_utf8(to_json_binary(msg).unwrap().to_vec()).unwrap();
    assert!(json.contains(find), "{json}");
    cosmwasm_std::from_json::<T>(json.replacen(find, replace, 1)).is_ok()
}
