//! BLS12-381 by the machine's own imports: a validator's key is accepted with its proof and with no other.

use blst::min_pk::SecretKey;
use openledger_protocol::{ProofOfPossession, Scope, Signed};
use openledger_vm_test::{World, gas::Table};
use serde_json::{Value, json};

/// Domain of proofs of possession.
const POP_DST: &[u8] = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
const BOND: &str = "1000000";

fn registration(world: &World, staking: &str, validator: &str, key: &SecretKey) -> Value {
    let public_key = key.sk_to_pk().to_bytes();
    let possession = ProofOfPossession {
        scope: Some(Scope { chain_id: world.chain_id(), contract: staking.to_owned() }),
        validator: validator.to_owned(),
        public_key: public_key.to_vec(),
    };
    let proof = key.sign(&possession.digest(), POP_DST, &[]).to_bytes();
    json!({ "register_validator": {
        "amount": BOND,
        "bls_public_key": hex::encode(public_key),
        "proof_of_possession": hex::encode(proof),
        "endpoint": "http://127.0.0.1:9100",
        "moniker": "a validator",
    } })
}

#[test]
fn a_key_is_bonded_with_its_proof_only() {
    let (mut world, mut gas) = (World::new(), Table::default());
    let [founder, other] = ["founder", "other"].map(|name| world.account(name));
    let all = json!({ "allocations": [{ "address": founder, "amount": "1000000000000000" }] });
    let (token, _) = world.instantiate("open_token", &founder, &all).expect("created");
    let init = json!({ "owner": founder, "token": token, "params": {
        "unbonding_seconds": "60",
        "min_self_bond": BOND,
        "max_validators": 100,
        "max_unbonding_entries": 7,
        "snapshot_interval_seconds": "0",
        "max_delegations": 16,
        "jail_seconds": "60",
        "min_operator_bond": "1",
    } });
    let (staking, done) = world.instantiate("staking", &founder, &init).expect("created");
    gas.note("instantiate", done.gas);
    let allow = json!({ "increase_allowance": { "spender": staking, "amount": BOND } });
    world.execute(&token, &founder, &allow).expect("allowed");

    let [key, stranger] = [1, 2].map(|seed| SecretKey::key_gen(&[seed; 32], &[]).expect("a key"));
    let good = registration(&world, &staking, &founder, &key);
    // Signed for somebody else, with another key, on another contract, and bytes that are no point.
    let with = |proof: &Value| {
        let mut message = good.clone();
        message["register_validator"]["proof_of_possession"] =
            proof["register_validator"]["proof_of_possession"].clone();
        message
    };
    let mut nonsense = good.clone();
    nonsense["register_validator"]["proof_of_possession"] = json!("ab".repeat(96));
    for forged in [
        with(&registration(&world, &staking, &other, &key)),
        with(&registration(&world, &staking, &founder, &stranger)),
        with(&registration(&world, &token, &founder, &key)),
        nonsense,
    ] {
        let refusal = world.execute(&staking, &founder, &forged).expect_err("refused");
        assert!(!refusal.contains("parsing"), "{refusal}");
    }

    let bonded = world.execute(&staking, &founder, &good).expect("bonded");
    gas.note("register_validator (with the token's transfer_from)", bonded.gas);
    gas.note("snapshot", world.execute(&staking, &founder, &json!({ "snapshot": {} })).expect("taken").gas);
    let set = world.query(&staking, &json!({ "latest_set": {} })).expect("answers");
    assert_eq!((set["members"].as_array().map(Vec::len), &set["total_power"]), (Some(1), &json!(BOND)));
    gas.hold("staking");
}
