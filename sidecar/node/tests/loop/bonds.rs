//! The command line bonds accounts, once each, and shows their bonds.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use openledger_chain::contracts::Staking;
use openledger_node::{bls::BlsKey, home::Home};
use serde_json::Value;
use staking::msg::BlsPublicKey;

use crate::stage::set;

/// The chain lives in this process, so the command must not hold its threads.
async fn openledger(home: &Path, args: &[&str]) -> Output {
    let (home, args): (PathBuf, Vec<String>) = (home.into(), args.iter().map(|arg| (*arg).into()).collect());
    let run = move || {
        let program = env!("CARGO_BIN_EXE_openledger");
        Command::new(program).args(["bond", "--output", "json", "--home"]).arg(home).args(args).output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

async fn json(home: &Path, args: &[&str]) -> Value {
    let output = openledger(home, args).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn refused(home: &Path, args: &[&str]) -> String {
    let output = openledger(home, args).await;
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_bond_once_add_to_it_and_see_it() {
    let (stage, scratch) = set().await;
    let staking = Staking::new(stage.chain.client.clone(), &stage.contracts.staking);

    let path = scratch.path().join("bonding-validator");
    let account = &stage.accounts.validators[0];
    let key = BlsKey::generate().unwrap();
    let url = stage.write_home(&Home::at(&path), account, Some(&key)).unwrap();
    let nothing = json(&path, &["show"]).await;
    assert!(nothing["validator"].is_null() && nothing["node"].is_null(), "{nothing}");
    assert!(refused(&path, &["validator", "--amount", "1", "--add"]).await.contains("[NOT_BONDED]"));
    let poor = refused(&path, &["validator", "--amount", "10000000001"]).await;
    assert!(poor.contains("[OPEN_TOO_LITTLE]") && poor.contains("10000000000 uopen"), "{poor}");

    let made = json(&path, &["validator", "--amount", "2000000000", "--moniker", "first"]).await;
    assert_eq!([&made["action"], &made["amount"], &made["bonded"]], ["registered", "2000000000", "2000000000"]);
    let registered = staking.validator(account.address().into()).await.unwrap();
    assert_eq!(registered.bls_public_key, BlsPublicKey::new(key.public_key()));
    assert_eq!((registered.endpoint.as_str(), registered.moniker.as_str()), (url.as_str(), "first"));
    let twice = refused(&path, &["validator", "--amount", "2000000000"]).await;
    assert!(twice.contains("[BONDED_ALREADY]") && twice.contains("--add"), "{twice}");
    let added = json(&path, &["validator", "--amount", "500000000", "--add"]).await;
    assert_eq!([&added["action"], &added["bonded"]], ["added", "2500000000"]);

    let node = &stage.accounts.node;
    let path = scratch.path().join("bonding-node");
    let url = stage.write_home(&Home::at(&path), node, None).unwrap();
    let keyless = refused(&path, &["validator", "--amount", "2000000000"]).await;
    assert!(keyless.contains("[CONFIG]") && keyless.contains("openledger keys bls"), "{keyless}");
    let unnamed = refused(&path, &["node", "--amount", "1", "--moniker", ""]).await;
    assert!(unnamed.contains("[BAD_REQUEST]: moniker"), "{unnamed}");
    let made = json(&path, &["node", "--amount", "3000000000"]).await;
    assert_eq!([&made["role"], &made["bonded"]], ["node", "3000000000"]);
    assert!(refused(&path, &["node", "--amount", "3000000000"]).await.contains("[BONDED_ALREADY]"));
    assert_eq!(json(&path, &["node", "--amount", "1", "--add"]).await["bonded"], "3000000001");

    let shown = json(&path, &["show"]).await;
    assert_eq!(shown["held"], "6999999999");
    assert_eq!(shown["node"]["state"], "bonded");
    assert_eq!(shown["node"]["staking"]["endpoint"], url);
    assert!(shown["validator"].is_null());
}
