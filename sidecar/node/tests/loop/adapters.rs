//! Files that differ from the registry are refused by name; what nobody explains goes to the commons.

use std::{fs, path::Path};

use openledger_engine::gradient::GradientConfig;
use openledger_node::{
    devnet::{
        Stage,
        ask::{Session, max_fee},
        sidecars::Sidecars,
    },
    network::Network,
    serving::{AdapterSource, Catalog, Loading},
};
use openledger_protocol::{CreditRole, Signed, shares::SHARE_ONE};

use crate::stage::{ask, set};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

async fn refusal(stage: &Stage, source: AdapterSource) -> String {
    let network = Network::connect(stage.chain.client.clone(), stage.contracts.clone()).await.unwrap();
    let gradients =
        GradientConfig { model_dir: stage.examples.model.clone(), ort_library: None, threads: 1, targets: Vec::new() };
    let loading = Loading { engine: &stage.engine, network: &network, gradients, audits: true };
    let error = match Catalog::load(loading, &[source]).await {
        Ok(_) => panic!("files that differ from the registry are served"),
        Err(error) => error,
    };
    assert_eq!(error.reason(), "ADAPTER_MISMATCH", "{error}");
    assert!(stage.engine.adapters().await.unwrap().is_empty(), "a refused family stays loaded");
    error.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_differ_from_the_registry_are_not_served() {
    let (stage, scratch) = set().await;
    let honest = stage.sources().remove(0);
    let with = |name: &str, change: &dyn Fn(&AdapterSource)| {
        let root = scratch.path().join(name);
        let source = AdapterSource { family: root.join("family"), datanet: root.join("datanet"), ..honest.clone() };
        copy(&honest.family, &source.family);
        copy(&honest.datanet, &source.datanet);
        change(&source);
        source
    };
    let weights = with("weights", &|source| {
        edit(&source.family.join("full/adapter_model.safetensors"), |bytes| *bytes.last_mut().unwrap() ^= 1);
    });
    assert!(refusal(&stage, weights).await.contains("digest"));
    let rank = with("rank", &|source| {
        edit(&source.family.join("full/adapter_config.json"), |bytes| {
            let text = String::from_utf8(bytes.clone()).unwrap();
            let changed = text.replace("\"r\": 16", "\"r\": 8");
            assert_ne!(text, changed);
            *bytes = changed.into_bytes();
        });
    });
    assert!(refusal(&stage, rank).await.contains("rank"));
    let counterfactual = with("counterfactual", &|source| {
        let other = source.family.join("without-food/adapter_model.safetensors");
        fs::copy(source.family.join("full/adapter_model.safetensors"), other).unwrap();
    });
    assert!(refusal(&stage, counterfactual).await.contains("digest"));
    let missing = with("missing", &|source| fs::remove_dir_all(source.family.join("placebo-1")).unwrap());
    refusal(&stage, missing).await;
    let other_datanet = AdapterSource { datanet: stage.sources().remove(1).datanet, ..honest.clone() };
    assert!(refusal(&stage, other_datanet).await.contains("no rows with root"));
    let other_adapter = AdapterSource { adapter_id: stage.adapters[1].adapter_id, ..honest };
    assert!(refusal(&stage, other_adapter).await.contains("not the registered ones"));
}

/// The part that nobody explains is paid to the Datanet's commons; validators draw the same tokens again from the seed.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_explains_goes_to_the_commons() {
    let (stage, _scratch) = set().await;
    let sidecars = Sidecars::start(&stage).await.unwrap();
    let session = Session::open(&stage).await.unwrap();
    let question = &stage.examples.questions[0];
    let price = max_fee(question).unwrap();
    let mut found = None;
    // Tokens drawn almost at random: text that the adapter itself hardly prefers to its base.
    for seed in 1..=8 {
        let voucher = session.voucher(seed, price * u128::from(seed)).unwrap();
        let mut request = session.request(&stage, question, voucher).unwrap();
        request.temperature = 10.0;
        request.seed = seed;
        let receipt = ask(&sidecars.node_url, request).await.unwrap().receipt.unwrap();
        let attribution = receipt.attribution.clone().unwrap();
        if attribution.unattributed > 0 {
            found = Some((receipt, attribution));
            break;
        }
    }
    let (receipt, attribution) = found.expect("random text is not explained by anybody");
    assert_eq!(attribution.shares.iter().sum::<u64>() + attribution.unattributed, SHARE_ONE);

    let batch_id = sidecars.operator().commit_batch().await.unwrap().unwrap();
    let credits = sidecars.operator().credits(batch_id).await.unwrap();
    let id = receipt.digest();
    let commons: Vec<_> = credits
        .iter()
        .filter(|credit| credit.role == i32::from(CreditRole::Commons) && credit.receipt_id == id)
        .collect();
    assert_eq!(commons.len(), 1);
    let recipient = sidecars.operator().network.recipient(&commons[0].payee).await.unwrap();
    assert_eq!(recipient, stage.accounts.commons["wordnet"]);
    let contributors = receipt.fee.parse::<u128>().unwrap() * 6_000 / 10_000;
    let paid: u128 = commons[0].amount.parse().unwrap();
    let expected = contributors * u128::from(attribution.unattributed) / u128::from(SHARE_ONE);
    assert!(paid.abs_diff(expected) <= 1, "{paid} of {contributors}");
    let epoch = sidecars.operator().close_epoch().await.unwrap().unwrap();
    assert_eq!(epoch.signers.len(), 4, "{:?}", epoch.absentees);
    sidecars.stop().await.unwrap();
}
