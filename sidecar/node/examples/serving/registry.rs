//! Datanets and families on disk for adapters of random weights, as a developer brings them to a network.

use std::{
    error::Error,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use openledger_corpus::Datanet;
use openledger_node::devnet::examples::{ExampleDatanet, Examples};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::spec::{Spec, Way};

/// The contributor of every Datanet.
const CONTRIBUTOR: &str = "somebody";
const WEIGHTS: &str = "adapter_model.safetensors";

/// One Datanet of one row and one family for each adapter.
///
/// A family needs a variant without each contributor and a placebo. When nothing is to be attributed both are the served
/// adapter again; else they are the next two adapters, which are as good as any since all weights are random.
pub fn examples(spec: &Spec, root: &Path) -> Result<Examples, Box<dyn Error>> {
    let adapters = &spec.adapters[..spec.registered];
    let datanets = (0..adapters.len()).map(|number| -> Result<ExampleDatanet, Box<dyn Error>> {
        let name = format!("served-{number}");
        let folder = root.join("datanets").join(&name);
        fs::create_dir_all(&folder)?;
        let row = json!({ "prompt": format!("What is {number}?\n"), "completion": format!("the number {number}") });
        fs::write(folder.join(format!("{CONTRIBUTOR}.jsonl")), format!("{row}\n"))?;
        let family = root.join("families").join(&name);
        let step = usize::from(spec.way == Way::Attributed);
        let other = |steps: usize| &adapters[(number + steps * step) % adapters.len()];
        write_family(&family, &name, [other(0), other(1), other(2)])?;
        let rows = Datanet::load(&folder)?;
        Ok(ExampleDatanet { name, folder, family, rows, licence: "CC0-1.0".to_owned() })
    });
    let datanets = datanets.collect::<Result<Vec<_>, _>>()?;
    Ok(Examples { model: spec.model.canonicalize()?, datanets, questions: Vec::new() })
}

/// `folders` are the adapter, the one without the contributor, and the placebo.
fn write_family(family: &Path, datanet: &str, folders: [&PathBuf; 3]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(family)?;
    let kinds = [("full", None), ("counterfactual", Some(CONTRIBUTOR)), ("placebo", None)];
    let mut variants = Vec::new();
    for ((kind, contributor), folder) in kinds.into_iter().zip(folders) {
        symlink(folder.canonicalize()?, family.join(kind))?;
        let digest = hex::encode(Sha256::digest(fs::read(folder.join(WEIGHTS))?));
        variants.push(json!({
            "name": kind, "kind": kind, "contributor": contributor, "path": kind, "sha256": digest,
        }));
    }
    let manifest = json!({ "datanet": datanet, "variants": variants });
    fs::write(family.join("adapters.json"), manifest.to_string())?;
    Ok(())
}
