//! A running simulation with one rich account, and raw transactions of every kind of wrongness.
#![allow(dead_code)]

pub mod http;
pub mod raw;

use cosmwasm_std::{Coin, Uint128};
use openledger_chain::{ChainClient, Key, Signer};
use openledger_devnet::{Devnet, DevnetConfig, DevnetHandle, GenesisAccount};

pub const RICH: u128 = 1_000_000_000_000;
pub const DENOM: &str = "ustake";

pub fn account(key: &Key) -> GenesisAccount {
    GenesisAccount { address: key.address().to_owned(), coins: vec![Coin::new(RICH, DENOM)] }
}

pub fn key() -> Key {
    Key::generate("test").expect("randomness")
}

pub fn same(key: &Key) -> Key {
    Key::from_mnemonic(key.name(), key.mnemonic()).expect("own words")
}

pub async fn start(config: DevnetConfig) -> DevnetHandle {
    Devnet::start(config).await.expect("the simulation starts")
}

/// A simulation in memory whose only rich account is the signer's.
pub async fn rich() -> (DevnetHandle, Signer) {
    let key = key();
    let devnet = start(DevnetConfig { accounts: vec![account(&key)], ..DevnetConfig::default() }).await;
    let client = connect(&devnet).await;
    (devnet, client.signer(key))
}

pub async fn connect(devnet: &DevnetHandle) -> ChainClient {
    ChainClient::connect(&devnet.grpc_url()).await.expect("the simulation answers")
}

/// Uploads and instantiates a cw20 token that the signer owns wholly.
pub async fn token(signer: &Signer) -> String {
    let stored = signer.store_code(b"native:cw20-base".to_vec()).await.expect("code is stored");
    let msg = cw20_base::msg::InstantiateMsg {
        name: "Test token".to_owned(),
        symbol: "TEST".to_owned(),
        decimals: 6,
        initial_balances: vec![cw20::Cw20Coin {
            address: signer.address().to_owned(),
            amount: Uint128::new(1_000_000),
        }],
        mint: None,
        marketing: None,
    };
    signer.instantiate(stored.code_id, "token", &msg, Some(signer.address())).await.expect("contract is made").address
}

pub async fn token_balance(client: &ChainClient, token: &str, address: &str) -> u128 {
    let query = cw20::Cw20QueryMsg::Balance { address: address.to_owned() };
    let answer: cw20::BalanceResponse = client.query_smart(token, &query).await.expect("the token answers");
    answer.balance.u128()
}

pub fn transfer(recipient: &str, amount: u128) -> cw20::Cw20ExecuteMsg {
    cw20::Cw20ExecuteMsg::Transfer { recipient: recipient.to_owned(), amount: Uint128::new(amount) }
}
