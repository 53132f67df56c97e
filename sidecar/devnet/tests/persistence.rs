//! What was acknowledged survives; what was changed behind its back is noticed.

mod common;

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use common::{DENOM, account, connect, key, same, start, token, token_balance, transfer};
use cosmwasm_std::Coin;
use openledger_chain::{ChainClient, Key};
use openledger_devnet::{Blocks, Devnet, DevnetConfig, GenesisAccount, Limits};

fn config(home: &Path, owner: Option<&Key>) -> DevnetConfig {
    DevnetConfig {
        home: Some(home.to_owned()),
        accounts: owner.map(account).into_iter().collect(),
        ..DevnetConfig::default()
    }
}

#[tokio::test]
async fn a_restart_plays_the_blocks_again() {
    let home = tempfile::tempdir().expect("a directory");
    let owner = key();
    let friend = key();
    let devnet = start(config(home.path(), Some(&owner))).await;
    let signer = connect(&devnet).await.signer(same(&owner));
    let token = token(&signer).await;
    signer.execute(&token, &transfer(friend.address(), 77), vec![]).await.expect("works");
    signer.execute(&token, &transfer(friend.address(), 9_999_999), vec![]).await.expect_err("too much");
    devnet.advance_time(1_000_000).await.expect("moves");
    let before = signer.client().latest_block().await.expect("a block");
    let sequence = signer.client().account(owner.address()).await.expect("known").sequence;
    devnet.shutdown().await;

    let devnet = start(config(home.path(), None)).await;
    let client = connect(&devnet).await;
    assert_eq!(token_balance(&client, &token, friend.address()).await, 77);
    assert_eq!(client.account(owner.address()).await.expect("known").sequence, sequence);
    let after = client.latest_block().await.expect("a block");
    assert!(after.height >= before.height && after.time_ns >= before.time_ns, "time never falls back");
    let signer = client.signer(owner);
    signer.execute(&token, &transfer(friend.address(), 1), vec![]).await.expect("goes on");
    devnet.shutdown().await;
}

#[tokio::test]
async fn another_genesis_or_a_second_process_is_refused() {
    let home = tempfile::tempdir().expect("a directory");
    let devnet = start(config(home.path(), Some(&key()))).await;
    let error = Devnet::start(config(home.path(), None)).await.err().expect("in use");
    assert_eq!(error.code(), "DEVNET_JOURNAL");
    devnet.shutdown().await;
    let error = Devnet::start(config(home.path(), Some(&key()))).await.err().expect("other accounts");
    assert_eq!(error.code(), "DEVNET_GENESIS");
}

#[tokio::test]
async fn a_replay_that_goes_another_way_is_refused() {
    let home = tempfile::tempdir().expect("a directory");
    let owner = key();
    let devnet = start(config(home.path(), Some(&owner))).await;
    let signer = connect(&devnet).await.signer(owner);
    signer.send(key().address(), vec![Coin::new(1u128, DENOM)]).await.expect("works");
    devnet.shutdown().await;
    let dearer =
        DevnetConfig { limits: Limits { gas_price: 1_000_000, ..Limits::default() }, ..config(home.path(), None) };
    let error = Devnet::start(dearer).await.err().expect("the block would fail now");
    assert_eq!(error.code(), "DEVNET_DIVERGED");
}

#[tokio::test]
async fn a_cut_record_loses_only_what_was_not_acknowledged() {
    let home = tempfile::tempdir().expect("a directory");
    let owner = key();
    let devnet = start(config(home.path(), Some(&owner))).await;
    let signer = connect(&devnet).await.signer(owner);
    let friend = key();
    for _ in 0..3 {
        signer.send(friend.address(), vec![Coin::new(1u128, DENOM)]).await.expect("works");
    }
    devnet.shutdown().await;
    let log = home.path().join("blocks.log");
    let mut bytes = fs::read(&log).expect("reads");
    // A frame that promises more than there is: what a power cut leaves.
    bytes.extend_from_slice(&[200, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    fs::write(&log, bytes).expect("writes");
    let devnet = start(config(home.path(), None)).await;
    let client = connect(&devnet).await;
    let balance = client.balance(friend.address(), DENOM).await.expect("known");
    assert_eq!(balance.amount.u128(), 3);
    devnet.shutdown().await;
}

#[tokio::test]
async fn blocks_by_interval_take_what_waits_in_order() {
    let owner = key();
    let devnet = start(DevnetConfig {
        accounts: vec![account(&owner)],
        blocks: Blocks::Every(Duration::from_millis(200)),
        ..DevnetConfig::default()
    })
    .await;
    let signer = connect(&devnet).await.signer(owner);
    let friend = key();
    let sends = (0..6u32).map(|_| {
        let (signer, to) = (signer.clone(), friend.address().to_owned());
        tokio::spawn(async move { signer.send(&to, vec![Coin::new(1u128, DENOM)]).await })
    });
    let mut heights = Vec::new();
    for send in sends.collect::<Vec<_>>() {
        heights.push(send.await.expect("no panic").expect("included").height);
    }
    heights.dedup();
    assert!(heights.len() < 6, "several share a block: {heights:?}");
    devnet.shutdown().await;
}

#[tokio::test]
async fn only_loopback_and_only_honest_names() {
    let remote = DevnetConfig { grpc: ([0, 0, 0, 0], 0).into(), ..DevnetConfig::default() };
    assert_eq!(Devnet::start(remote).await.err().expect("open to all").code(), "DEVNET_NOT_LOOPBACK");
    let posing = DevnetConfig { chain_id: "openledger-1".to_owned(), ..DevnetConfig::default() };
    assert_eq!(Devnet::start(posing).await.err().expect("poses as real").code(), "DEVNET_CONFIG");
}

/// Where the killed process keeps its chain, and whom it funds.
const HOME: &str = "OPENLEDGER_TEST_DEVNET_HOME";
const OWNER: &str = "OPENLEDGER_TEST_DEVNET_OWNER";

#[tokio::test]
#[ignore = "the process that the next test kills"]
async fn serve_until_killed() {
    let (Ok(home), Ok(address)) = (env::var(HOME), env::var(OWNER)) else {
        return;
    };
    let owner = GenesisAccount { address, coins: vec![Coin::new(common::RICH, DENOM)] };
    let config = DevnetConfig { home: Some(home.into()), accounts: vec![owner], ..DevnetConfig::default() };
    let devnet = start(config).await;
    println!("\nlistening on {}", devnet.grpc_url());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let home = tempfile::tempdir().expect("a directory");
    let (owner, friend) = (key(), key());
    let mut child = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", "serve_until_killed", "--ignored", "--nocapture"])
        .env(HOME, home.path())
        .env(OWNER, owner.address())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let url = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
        .expect("comes up");
    let signer = ChainClient::connect(&url).await.expect("answers").signer(owner);
    let mut paid = 0u128;
    for amount in [1u128, 2, 4] {
        signer.send(friend.address(), vec![Coin::new(amount, DENOM)]).await.expect("acknowledged");
        paid += amount;
    }
    child.kill().expect("killed");
    child.wait().expect("gone");

    let devnet = start(config(home.path(), None)).await;
    let client = connect(&devnet).await;
    let balance = client.balance(friend.address(), DENOM).await.expect("known");
    assert_eq!(balance.amount.u128(), paid);
    assert_eq!(client.account(signer.address()).await.expect("known").sequence, 3);
    devnet.shutdown().await;
}
