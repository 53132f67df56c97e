//! The contracts compiled in: recognised by their wasm, run with the cryptography they need.

mod common;

use std::fs;

use common::{DENOM, account, connect, key, rich, start};
use cosmwasm_std::{Api, BLS12_381_G1_GENERATOR, BLS12_381_G2_GENERATOR, Coin, Uint128};
use cw_multi_test::MockApiBech32;
use open_token::msg::{Allocation, ExecuteMsg, InstantiateMsg, TOTAL_SUPPLY};
use openledger_chain::{ChainError, contracts::OpenToken};
use openledger_devnet::{Devnet, DevnetConfig, contracts};
use sha2::{Digest, Sha256};

#[tokio::test]
async fn open_is_deployed_and_paid_through_its_typed_client() {
    let (devnet, signer) = rich().await;
    let stored = signer.store_code(b"native:open-token".to_vec()).await.expect("stored");
    let all = Allocation::new(signer.address(), TOTAL_SUPPLY);
    let init = InstantiateMsg { allocations: vec![all], marketing: None, vesting: None };
    let made = signer.instantiate(stored.code_id, "open", &init, None).await.expect("made");
    let open = OpenToken::new(signer.client().clone(), made.address);
    assert_eq!(open.token_info().await.expect("answers").symbol, "OPEN");
    let friend = key().address().to_owned();
    let pay = ExecuteMsg::Transfer { recipient: friend.clone(), amount: Uint128::new(5) };
    open.execute(&signer, &pay).await.expect("paid");
    assert_eq!(open.balance(friend).await.expect("answers").balance.u128(), 5);
    // Without an admin nobody migrates it.
    let error = signer.migrate(open.address(), stored.code_id, &serde_json::json!({})).await.expect_err("no admin");
    assert!(matches!(error, ChainError::SimulationFailed { .. }), "{error}");
    devnet.shutdown().await;
}

#[tokio::test]
async fn every_name_is_stored_and_strange_code_is_refused() {
    let (devnet, signer) = rich().await;
    for name in contracts::NAMES {
        signer.store_code(format!("native:{name}").into_bytes()).await.expect(name);
    }
    let codes = u64::try_from(contracts::NAMES.len()).expect("few");
    signer.client().code_info(codes).await.expect("the last one");
    signer.client().code_info(codes + 1).await.expect_err("no more");
    for strange in [&b"\0asm\x01\0\0\0"[..], b"native:nothing", b"", b"\x1f\x8b\x08broken"] {
        let error = signer.store_code(strange.to_vec()).await.expect_err("refused");
        assert!(error.to_string().contains("create wasm contract failed"), "{error}");
    }
    signer.client().code_info(codes + 1).await.expect_err("still no more");
    devnet.shutdown().await;
}

#[tokio::test]
async fn wasm_is_recognised_by_its_checksum() {
    let home = tempfile::tempdir().expect("a directory");
    let wasm = b"\0asm\x01\0\0\0 stands for the real artifact".to_vec();
    let digest = hex::encode(Sha256::digest(&wasm));
    let table = home.path().join("checksums.txt");
    fs::write(&table, format!("{digest}  cw20_base.wasm\n{}  unknown.wasm\n", "00".repeat(32))).expect("writes");
    let owner = key();
    let config =
        DevnetConfig { accounts: vec![account(&owner)], artifacts: Some(table.clone()), ..DevnetConfig::default() };
    let devnet = start(config.clone()).await;
    let signer = connect(&devnet).await.signer(owner);
    let stored = signer.store_code(wasm).await.expect("recognised");
    assert_eq!(stored.checksum, digest, "as on a real chain");
    let sent = signer.send(key().address(), vec![Coin::new(1u128, DENOM)]).await;
    sent.expect("the chain goes on");
    devnet.shutdown().await;
    fs::write(&table, "no checksum").expect("writes");
    let error = Devnet::start(config).await.err().expect("refused");
    assert_eq!(error.code(), "DEVNET_ARTIFACTS");
}

#[test]
fn curves_work_under_this_prefix() {
    let api = MockApiBech32::new("wasm");
    let (g1, g2) = (BLS12_381_G1_GENERATOR, BLS12_381_G2_GENERATOR);
    let twice = [g1, g1].concat();
    let sum = api.bls12_381_aggregate_g1(&twice).expect("points");
    // e(G1, G2) * e(G1, G2) = e(2 G1, G2), and not e(G1, G2).
    let pairs = [g2, g2].concat();
    assert!(api.bls12_381_pairing_equality(&twice, &pairs, &sum, &g2).expect("points"));
    assert!(!api.bls12_381_pairing_equality(&twice, &pairs, &g1, &g2).expect("points"));
    let signer = key();
    let digest: [u8; 32] = Sha256::digest(b"message").into();
    let signature = signer.sign_digest(&digest).expect("signs");
    assert!(api.secp256k1_verify(&digest, &signature, &signer.public_key()).expect("well-formed"));
    let address = api.addr_validate(signer.address()).expect("ours");
    assert_eq!(address.as_str(), signer.address());
    assert!(api.addr_validate("cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4").is_err());
}
