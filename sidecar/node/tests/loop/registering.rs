//! One command from files to a registered adapter with its index.

use std::{path::Path, process::Command};

use cosmwasm_std::Uint64;
use openledger_attribution::index::Index;
use openledger_chain::contracts::Models;
use openledger_node::home::Home;
use serde_json::Value;

use crate::stage::set;

const SPLIT: &str = "6000,1500,1500,500,500";

#[tokio::test(flavor = "multi_thread")]
async fn a_family_is_trained_indexed_and_registered_by_one_command() {
    let (stage, scratch) = set().await;
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let home = scratch.path().join("developer");
    let developer = stage.accounts.developers.get("wordnet").unwrap();
    stage.write_home(&Home::at(&home), developer, None).unwrap();
    let models = Models::new(stage.chain.client.clone(), &stage.contracts.models);
    let known = models.adapters(None, None).await.unwrap().adapters;
    let wordnet = known.iter().find(|known| known.adapter.name.as_str() == "wordnet").unwrap();
    let (datanet, base) = (wordnet.adapter.datanet_id.to_string(), wordnet.adapter.base_id.to_string());

    let train = |rows: &str, out: &str, split: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openledger"));
        command.args(["--output", "json", "--home"]).arg(&home).arg("train");
        command.arg("--model").arg(examples.join("model")).arg("--datanet").arg(examples.join("datanets").join(rows));
        command.args(["--family", "--placebo-seeds", "5", "--rank", "2", "--epochs", "1", "--threads", "1"]);
        command.args(["--register", "--name", "short words", "--base-id", &base, "--datanet-id", &datanet]);
        command.args(["--split", split]);
        command.args(["--datanet-version", "1", "--prompt-price", "20", "--response-price", "150"]);
        command.arg("--out").arg(scratch.path().join(out));
        command
    };
    // The chain lives in this process, so the command must not hold its threads.
    let run = |mut command: Command| tokio::task::spawn_blocking(move || command.output().unwrap());
    let other = run(train("sotu", "other", SPLIT)).await.unwrap();
    let told = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(!other.status.success() && told.contains("the rows are not those of version 1"), "{told}");
    assert!(!scratch.path().join("other").exists(), "nothing was trained for nothing");
    let short = run(train("wordnet", "other", "9000,1000")).await.unwrap();
    let told = String::from_utf8_lossy(&short.stderr).into_owned();
    assert!(!short.status.success() && told.contains("five parts in --split"), "{told}");

    // The contract refuses the split, after the training. The same command with a right one does not train again.
    let greedy = run(train("wordnet", "family", "500,7000,1500,500,500")).await.unwrap();
    let told = String::from_utf8_lossy(&greedy.stderr).into_owned();
    assert!(!greedy.status.success() && told.contains("[CHAIN"), "{told}");
    let adapters = scratch.path().join("family/adapters.json");
    let written = adapters.metadata().unwrap().modified().unwrap();
    let done = run(train("wordnet", "family", SPLIT)).await.unwrap();
    assert_eq!(adapters.metadata().unwrap().modified().unwrap(), written);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    let id = Uint64::new(told["registered"]["adapter_id"].as_u64().unwrap());
    let found = models.adapter(id).await.unwrap();
    assert_eq!(found.adapter.name.as_str(), "short words");
    let index = Index::read(&scratch.path().join("family/attribution.index")).unwrap();
    let committed = found.latest.index.unwrap();
    assert_eq!(committed.root, models::msg::Digest::new(index.facts().root));
    assert_eq!((committed.rows, committed.dimensions), (6, index.facts().dimensions));
    assert_eq!(found.latest.family_digest, models::msg::Digest::new(index.family));
}
