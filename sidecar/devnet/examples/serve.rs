//! Runs a simulation in memory for a test in another language.
//!
//! Arguments are addresses to fund. The first line of standard output is one JSON object with the addresses to
//! call; the program ends when its standard input does.

use std::io::{Read, stdin};

use cosmwasm_std::Coin;
use openledger_devnet::{Devnet, DevnetConfig, DevnetError, GenesisAccount};

#[tokio::main]
async fn main() -> Result<(), DevnetError> {
    let fund = |address: String| GenesisAccount { address, coins: vec![Coin::new(1_000_000_000_000u128, "ustake")] };
    let config = DevnetConfig { accounts: std::env::args().skip(1).map(fund).collect(), ..DevnetConfig::default() };
    let devnet = Devnet::start(config).await?;
    println!(
        "{}",
        serde_json::json!({
            "banner": devnet.banner(),
            "chain_id": devnet.chain_id(),
            "grpc": devnet.grpc_url(),
            "rpc": devnet.rpc_url(),
            "rest": devnet.rest_url(),
        })
    );
    let _ = tokio::task::spawn_blocking(|| stdin().read_to_end(&mut Vec::new())).await;
    devnet.shutdown().await;
    Ok(())
}
