//! A family with a tail: trained and registered by one command, paid by its index, attested by everybody.

use std::{fs, path::Path, process::Command};

use openledger_attribution::Family;
use openledger_node::{
    devnet::{
        ask::{Session, max_fee},
        sidecars::Sidecars,
    },
    home::Home,
};
use openledger_protocol::{attribution::POLICY_DOT_PRODUCT, shares::SHARE_ONE};
use serde_json::Value;

use crate::stage::{ask, set};

#[tokio::test(flavor = "multi_thread")]
async fn a_family_with_a_tail_is_registered_and_pays_its_small_contributors() {
    let (mut stage, scratch) = set().await;
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let home = scratch.path().join("developer");
    stage.write_home(&Home::at(&home), stage.accounts.developers.get("wordnet").unwrap(), None).unwrap();
    let place = stage.adapters.iter().position(|adapter| adapter.datanet == "wordnet").unwrap();
    // The chain's first contributor has another name here, which comes last.
    let rows = scratch.path().join("rows");
    fs::create_dir(&rows).unwrap();
    for entry in fs::read_dir(examples.join("datanets/wordnet")).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap().replace("animal", "zebra");
        fs::copy(&file, rows.join(name)).unwrap();
    }
    let card = fs::read_to_string(rows.join("datanet.json")).unwrap();
    fs::write(rows.join("datanet.json"), card.replace("animal", "zebra")).unwrap();
    let out = scratch.path().join("family");
    let models = openledger_chain::contracts::Models::new(stage.chain.client.clone(), &stage.contracts.models);
    let known = models.adapter(stage.adapters[place].adapter_id.into()).await.unwrap().adapter;
    let train = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openledger"));
        command.args(["--output", "json", "--home"]).arg(&home).arg("train");
        command.arg("--model").arg(examples.join("model")).arg("--datanet").arg(&rows).arg("--out").arg(&out);
        command.args(["--family", "--placebo-seeds", "5", "--rank", "2", "--epochs", "2", "--threads", "1"]);
        command.args(["--learning-rate", "0.01", "--epsilon", "0.01"]);
        // All are of one size: the first two of the chain's order are retrained, the others are two parts.
        command.args(["--tail", "100", "--retrain", "2", "--tail-draws", "1", "--tail-part", "3"]);
        command.args(["--register", "--name", "small ones", "--base-id", &known.base_id.to_string()]);
        command.args(["--datanet-id", &known.datanet_id.to_string(), "--datanet-version", "1"]);
        command.args(["--prompt-price", "20", "--response-price", "150"]).args(args);
        // The chain lives in this process, so the command must not hold its threads.
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let refused = train(&["--paid-by", "audit"]).await.unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("[AUDIT_TAIL_UNMEASURED]"), "{told}");
    assert!(!out.exists(), "nothing was trained for nothing");
    let done = train(&[]).await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((told["adapters"].as_u64(), told["tail"].as_u64()), (Some(4), Some(4)));
    assert_eq!(told["registered"]["paid_by"], "index");
    let family = Family::read(&out).unwrap();
    let names: Vec<&str> = family.contributors().collect();
    assert_eq!(names, ["zebra", "artifact", "body", "food", "plant", "substance"], "in the chain's order");
    assert_eq!(family.counterfactuals[1].contributor.as_deref(), Some("artifact"));

    let adapter = &mut stage.adapters[place];
    adapter.adapter_id = told["registered"]["adapter_id"].as_u64().unwrap();
    (adapter.family, adapter.rows, adapter.index) = (out, rows, None);
    let sidecars = Sidecars::start(&stage).await.unwrap();
    let session = Session::open(&stage).await.unwrap();
    let question = stage.examples.questions.iter().find(|question| question.datanet == "wordnet").unwrap();
    let voucher = session.voucher(1, max_fee(question).unwrap()).unwrap();
    let request = session.request(&stage, question, voucher).unwrap();
    let receipt = ask(&sidecars.node_url, request).await.unwrap().receipt.unwrap();
    let attribution = receipt.attribution.clone().unwrap();
    assert_eq!((attribution.policy.as_str(), attribution.deltas.len()), (POLICY_DOT_PRODUCT, 6));
    assert!(attribution.deltas[2..].iter().any(|delta| *delta != 0), "{attribution:?}");
    assert_eq!(attribution.shares.iter().sum::<u64>() + attribution.unattributed, SHARE_ONE);
    // The validators compute every score again, and what they draw they hold against the two measured clusters.
    sidecars.operator().commit_batch().await.unwrap().unwrap();
    let epoch = sidecars.operator().close_epoch().await.unwrap().unwrap();
    assert_eq!(epoch.signers.len(), 4, "{:?}", epoch.absentees);
    sidecars.stop().await.unwrap();
}
