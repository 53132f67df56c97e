//! Lines of `docs/audit.md` that hold for the sources of all contracts alike. Names begin with the row's id.

#![allow(clippy::unwrap_used)]

mod repository;

use std::collections::BTreeMap;

use repository::{path, read, sources_of, CONTRACTS};

/// The lines of the messages that people send, with what stands above each field.
fn message_fields(contract: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for (file, text) in sources_of(contract) {
        let in_messages = file.components().any(|part| {
            let part = part.as_os_str().to_str().unwrap_or_default();
            part == "msg" || part == "msg.rs"
        });
        if !in_messages {
            continue;
        }
        let mut comment = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(more) = line.strip_prefix("///") {
                comment.push_str(more);
            } else if !line.starts_with("#[") {
                if line.contains(": ") && line.ends_with(',') {
                    fields.push((line.trim_start_matches("pub ").to_owned(), comment.clone()));
                }
                comment.clear();
            }
        }
    }
    fields
}

/// The lines between the head of an item and its closing brace at the margin.
fn bodies<'a>(text: &'a str, head: &str) -> Vec<&'a str> {
    let Some(start) = text.find(&format!("{head} {{")) else { return Vec::new() };
    text[start..].lines().take_while(|line| !line.starts_with('}')).collect()
}

/// A checked address in a message would be believed before anybody checked it.
#[test]
fn input_addresses_are_texts_in_messages() {
    let heads = ["ExecuteMsg", "ReceiveMsg", "QueryMsg", "SudoMsg"].map(|name| format!("pub enum {name}"));
    let heads = heads.into_iter().chain(["pub struct InstantiateMsg".to_owned(), "pub struct Params".to_owned()]);
    for contract in CONTRACTS {
        let text = read(&path("contracts").join(contract).join("src/msg.rs"));
        for head in heads.clone() {
            for line in bodies(&text, &head) {
                let code = line.split("//").next().unwrap_or_default();
                let is_checked = code.split(|c: char| !c.is_alphanumeric()).any(|word| word == "Addr");
                assert!(!is_checked, "{contract}, {head}: {line}");
            }
        }
    }
}

/// Whatever is named like a time says that it is one and in what.
#[test]
fn input_units_are_stated() {
    let mut unclear = Vec::new();
    for contract in CONTRACTS {
        for (field, comment) in message_fields(contract) {
            let (name, kind) = field.split_once(": ").unwrap();
            let is_number = kind.contains("Uint64") || kind.contains("u64");
            let is_time =
                ["_at", "until", "deadline", "_from", "cliff", "duration"].iter().any(|end| name.ends_with(end));
            let says = ["econd", "eight"].iter().any(|unit| comment.contains(unit) || name.contains(unit));
            if is_number && is_time && !says {
                unclear.push(format!("{contract}: {field}"));
            }
        }
    }
    assert!(unclear.is_empty(), "say seconds or height:\n{}", unclear.join("\n"));
}

#[test]
fn math_checked_by_build_and_lints() {
    let workspace = read(&path("Cargo.toml"));
    for profile in ["[profile.release]", "[profile.contract]"] {
        let section = workspace.split(profile).nth(1).unwrap().split("\n[").next().unwrap();
        assert!(section.lines().any(|line| line == "overflow-checks = true"), "{profile} lets sums wrap");
    }
    for contract in CONTRACTS {
        let manifest = read(&path("contracts").join(contract).join("Cargo.toml"));
        for lint in ["arithmetic_side_effects", "cast_possible_truncation", "unwrap_used"] {
            assert!(manifest.contains(&format!("{lint} = \"deny\"")), "{contract} allows {lint}");
        }
        for (file, text) in sources_of(contract) {
            let code = text.split("#[cfg(test)]").next().unwrap();
            let allows = code.lines().find(|line| line.contains("allow(clippy::arithmetic"));
            assert_eq!(allows, None, "{}", file.display());
        }
    }
}

#[test]
fn math_checked_without_floats() {
    for contract in CONTRACTS {
        for (file, text) in sources_of(contract) {
            for line in text.lines() {
                let code = line.split("//").next().unwrap_or_default();
                let float = code.split(|c: char| !c.is_alphanumeric()).find(|word| ["f32", "f64"].contains(word));
                assert_eq!(float, None, "{}: {line}", file.display());
            }
        }
    }
}

/// Two items or maps with one name would write over each other. Names of the libraries that write into the same contract count.
#[test]
fn storage_prefixes_are_unique_in_each_contract() {
    let libraries = ["contract_info", "pause"];
    let cw20 = ["token_info", "marketing_info", "logo", "balance", "allowance", "allowance_spender"];
    let mut found = 0;
    for contract in CONTRACTS {
        let mut owners: BTreeMap<String, String> = BTreeMap::new();
        let reserved = libraries.iter().chain(cw20.iter().filter(|_| ["open-token", "shares"].contains(&contract)));
        owners.extend(reserved.map(|name| ((*name).to_owned(), "a library".to_owned())));
        for (file, text) in sources_of(contract) {
            let code = text.split("#[cfg(test)]").next().unwrap();
            for part in ["Item::new(", "Map::new("].iter().flat_map(|new| code.split(new).skip(1)) {
                let arguments = part.split(')').next().unwrap();
                for name in arguments.split('"').skip(1).step_by(2) {
                    let file = file.display().to_string();
                    let before = owners.insert(name.to_owned(), file.clone());
                    assert_eq!(before, None, "{contract}: \"{name}\" is also in {file}");
                    found += 1;
                }
            }
        }
    }
    assert!(found > 100, "the search found {found} names only: has the way of writing them changed?");
}

/// A text put together has two readings as a key. Keys of several parts are tuples, whose parts have their lengths in front; the
/// one map with a text alone as its key takes it as the payout tree spells it.
#[test]
fn storage_keys_are_never_texts_put_together() {
    let access = [".save(", ".load(", ".may_load(", ".remove(", ".has(", ".prefix(", ".update("];
    for contract in CONTRACTS {
        for (file, text) in sources_of(contract) {
            for line in text.lines() {
                let text_alone = line.contains("Map<&str,") || line.contains("Map<String,");
                let is_known = ["pub const CLAIMED: Map<&str, Uint128>", "Object(BTreeMap<String, Json>)"];
                let known = is_known.iter().any(|known| line.contains(known));
                assert!(!text_alone || known, "{}: {line}", file.display());
                let put_together = ["format!(", "concat("].iter().any(|made| line.contains(made));
                let as_key = put_together && access.iter().any(|access| line.contains(access));
                assert!(!as_key, "{}: {line}", file.display());
            }
        }
    }
}

/// CWA-2024-001 (sums of wide numbers wrap) and CWA-2024-002 (nested JSON exhausts the stack) end with these versions.
#[test]
fn advisories_std_versions_are_past_the_published_faults() {
    let lock = read(&path("Cargo.lock"));
    for (name, least) in [("cosmwasm-std", [2, 0, 2]), ("serde-json-wasm", [1, 0, 1])] {
        let head = format!("name = \"{name}\"\nversion = \"");
        let versions: Vec<&str> = lock.split(&head).skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(!versions.is_empty(), "{name} is not in Cargo.lock");
        for version in versions {
            let numbers: Vec<u64> = version.split(['.', '-']).take(3).map(|number| number.parse().unwrap()).collect();
            assert!(numbers[..] >= least[..], "{name} {version} has a published fault");
        }
    }
}
