//! Keys as other programs write them: see `tests/keys/README.md`.

use std::{fs, path::PathBuf, process::Command};

use openledger_chain::{ArmorError, ChainError, Key};

const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
const PASSPHRASE: &str = "correct horse battery staple";
const SECRET: &str = "c4a48e2fce1481cd3294b4490f6678090ea98d3d0e5cd984558ab0968741b104";
const ADDRESS: &str = "wasm19rl4cm2hmr8afy4kldpxz3fka4jguq0akuugk7";

fn exported(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/keys").join(name);
    fs::read_to_string(path).expect("it is part of the repository")
}

fn armor_error(text: &str, passphrase: &str) -> ArmorError {
    match Key::from_armor("x", text, passphrase) {
        Err(error @ ChainError::Armor(_)) => {
            assert_eq!(error.code(), "CHAIN_KEY_ARMOR");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(passphrase) && !shown.contains(SECRET), "{shown}");
            let ChainError::Armor(reason) = error else { unreachable!() };
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn exports_of_old_and_new_sdks_and_of_wasmd_open() {
    for name in ["sdk-0.45.16.asc", "sdk-0.53.8.asc", "wasmd-0.61.asc"] {
        let key = Key::from_armor("zero", &exported(name), PASSPHRASE).expect(name);
        assert_eq!(key.address(), ADDRESS, "{name}");
        assert_eq!(key.address(), Key::from_mnemonic("zero", WORDS).expect("words").address());
        assert_eq!(key.words(), None);
        assert!(!format!("{key:?}").contains(SECRET));
    }
}

#[test]
fn a_wrong_passphrase_is_named_as_such() {
    for name in ["sdk-0.45.16.asc", "sdk-0.53.8.asc"] {
        for wrong in ["correct horse battery stapl", "Correct horse battery staple", "wrong"] {
            assert_eq!(armor_error(&exported(name), wrong), ArmorError::WrongPassphrase, "{name}");
        }
    }
}

#[test]
fn a_damaged_export_is_named_as_such() {
    let text = exported("sdk-0.53.8.asc");
    let cut = text.find("-----END").expect("an end");
    assert!(matches!(armor_error(&text[..cut], PASSPHRASE), ArmorError::Truncated(_)));
    assert!(matches!(armor_error(&text[..cut / 2], PASSPHRASE), ArmorError::Truncated(_)));
    assert!(matches!(armor_error("nothing", PASSPHRASE), ArmorError::NotArmor(_)));
    assert_eq!(armor_error(&text.replacen("s9bS", "s9bT", 1), PASSPHRASE), ArmorError::BadChecksum);
    // Changed together with its checksum, or without one, it does not open.
    let bare: String = text.lines().filter(|line| !line.starts_with('=')).map(|line| format!("{line}\n")).collect();
    assert!(Key::from_armor("x", &bare, PASSPHRASE).is_ok());
    assert_eq!(armor_error(&bare.replacen("s9bS", "s9bT", 1), PASSPHRASE), ArmorError::WrongPassphrase);
    let salt = text.lines().find(|line| line.starts_with("salt")).expect("a salt");
    assert!(matches!(armor_error(&text.replace(salt, "salt: AB"), PASSPHRASE), ArmorError::Malformed(_)));
    let short = "-----BEGIN TENDERMINT PRIVATE KEY-----\nkdf: bcrypt\nsalt: 00000000000000000000000000000000\n\n\
                 AAAA\n-----END TENDERMINT PRIVATE KEY-----\n";
    assert!(matches!(armor_error(short, PASSPHRASE), ArmorError::Malformed(_)));
}

#[test]
fn what_is_not_an_account_key_is_refused_by_name() {
    let text = exported("sdk-0.53.8.asc");
    let scrypt = armor_error(&text.replace("kdf: argon2", "kdf: scrypt"), PASSPHRASE);
    assert_eq!(scrypt, ArmorError::UnknownKdf { kdf: "scrypt".to_owned() });
    assert!(scrypt.to_string().contains("argon2"), "it says what is known: {scrypt}");
    let none = armor_error(&text.replace("kdf: argon2\n", ""), PASSPHRASE);
    assert_eq!(none, ArmorError::UnknownKdf { kdf: String::new() });
    let other = armor_error(&exported("sdk-0.45.16-ed25519.asc"), PASSPHRASE);
    assert_eq!(other, ArmorError::UnknownAlgorithm { algorithm: "ed25519".to_owned() });
    // The same file that claims to be of the right type: its content says otherwise.
    let lying = exported("sdk-0.45.16-ed25519.asc").replace("type: ed25519", "type: secp256k1");
    assert_eq!(armor_error(&lying, PASSPHRASE), ArmorError::NotAKey);
    let public = text.replace("PRIVATE KEY", "PUBLIC KEY");
    assert!(matches!(armor_error(&public, PASSPHRASE), ArmorError::WrongBlock { .. }));
}

#[test]
fn our_exports_open_again_and_only_with_their_passphrase() {
    let key = Key::from_mnemonic("zero", WORDS).expect("words");
    let (one, two) = (key.export_armor(PASSPHRASE).expect("exports"), key.export_armor(PASSPHRASE).expect("exports"));
    assert_ne!(*one, *two, "the salt is fresh: the cipher's nonce is not");
    assert_eq!(Key::from_armor("back", &one, PASSPHRASE).expect("opens").address(), ADDRESS);
    assert_eq!(armor_error(&one, "something else"), ArmorError::WrongPassphrase);
    let weak = key.export_armor("seven77").expect_err("weak");
    assert!(matches!(weak, ChainError::Armor(ArmorError::WeakPassphrase { least: 8 })), "{weak}");
}

#[test]
fn the_json_of_a_chain_binary_is_read_and_written() {
    let text = exported("wasmd-0.61-added.json");
    let key = Key::from_json("ignored", &text).expect("reads");
    assert_eq!((key.name(), key.address()), ("fresh", "wasm1pew570yqd7raw87c5jxdgzd8xg2zq7zdgumtcs"));
    let theirs: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let ours: serde_json::Value = serde_json::from_str(&key.to_added_json().expect("writes")).expect("JSON");
    assert_eq!(ours, theirs, "the same fields and values");
    let other = text.replace("wasm1pew570yqd7raw87c5jxdgzd8xg2zq7zdgumtcs", ADDRESS);
    let error = Key::from_json("x", &other).expect_err("another's address");
    assert_eq!(error.code(), "CHAIN_KEY");
    assert!(!error.to_string().contains("file version weapon"), "{error}");
}

#[test]
fn the_json_of_hermes_is_read_in_both_forms() {
    let key = Key::from_mnemonic("zero", WORDS).expect("words");
    let text = key.to_hermes_json().expect("writes");
    let back = Key::from_json("hermes", &text).expect("reads");
    assert_eq!((back.name(), back.address(), back.words()), ("hermes", ADDRESS, None));
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["private_key"], SECRET);
    assert_eq!(value["address_type"], "Cosmos");
    assert_eq!(value["address"].as_array().map(Vec::len), Some(20));
    // The older form: extended keys, no kind of address. Another chain's prefix names the same account.
    let path = "m/44'/118'/0'/0/0".parse().expect("a path");
    let seed = bip39::Mnemonic::parse(WORDS).expect("words").to_seed("");
    let extended = cosmrs::bip32::XPrv::derive_from_path(seed, &path).expect("derives");
    let mut old = value.clone();
    old["private_key"] = extended.to_string(cosmrs::bip32::Prefix::XPRV).as_str().into();
    old["account"] = "cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4".into();
    old.as_object_mut().expect("an object").remove("address_type");
    assert_eq!(Key::from_json("old", &old.to_string()).expect("reads").address(), ADDRESS);
    for (field, wrong) in [
        ("account", "wasm1pew570yqd7raw87c5jxdgzd8xg2zq7zdgumtcs".into()),
        ("account", "nobody".into()),
        ("address", serde_json::json!([1, 2, 3])),
        ("address_type", "Ethermint".into()),
        ("private_key", SECRET[2..].into()),
        ("private_key", "xprvnonsense".into()),
        ("private_key", serde_json::Value::Null),
    ] {
        let mut broken = value.clone();
        broken[field] = wrong;
        let error = Key::from_json("x", &broken.to_string()).expect_err(field);
        assert_eq!(error.code(), "CHAIN_KEY", "{field}");
        assert!(!format!("{error} {error:?}").contains(&SECRET[2..]), "{error}");
    }
}

#[test]
fn import_tells_the_forms_apart() {
    let key = Key::from_mnemonic("zero", WORDS).expect("words");
    let hermes = key.to_hermes_json().expect("writes");
    let added = key.to_added_json().expect("writes");
    let armor = exported("wasmd-0.61.asc");
    for (text, words) in [
        (WORDS, true),
        (added.as_str(), true),
        (hermes.as_str(), false),
        (armor.as_str(), false),
        (SECRET, false),
        ("\n c4a48e2fce1481cd3294b4490f6678090ea98d3d0e5cd984558ab0968741b104\n", false),
    ] {
        let back = Key::import("zero", text, Some(PASSPHRASE)).expect("some form");
        assert_eq!((back.address(), back.words().is_some()), (ADDRESS, words));
    }
    for text in ["", "hello", "{}", &SECRET[1..], "[1]"] {
        let error = Key::import("x", text, None).expect_err(text);
        assert_eq!(error.code(), "CHAIN_KEY", "{text:?}");
    }
    let error = Key::import("x", &armor, None).expect_err("locked");
    assert!(error.to_string().contains("passphrase"), "{error}");
}

/// `OPENLEDGER_TEST_WASMD` is a wasmd binary.
#[test]
#[ignore = "needs a wasmd binary"]
fn wasmd_takes_our_export() {
    let wasmd = std::env::var("OPENLEDGER_TEST_WASMD").expect("the environment names a binary");
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("key.asc");
    let key = Key::generate("ours").expect("randomness");
    key.save_armor(&file, PASSPHRASE).expect("writes");
    let run = |arguments: &[&str], input: &str| {
        use std::io::Write;
        let mut child = Command::new(&wasmd)
            .args(arguments)
            .args(["--keyring-backend", "test", "--home"])
            .arg(home.path())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("starts");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("reads");
        let output = child.wait_with_output().expect("ends");
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    run(&["keys", "import", "ours", &file.to_string_lossy()], &format!("{PASSPHRASE}\n"));
    assert_eq!(run(&["keys", "show", "ours", "--address"], "").trim(), key.address());
}
