//! Every artifact passes the machine's checks, and those checks refuse what they should.

use openledger_vm_test::{World, artifacts};

#[test]
fn every_artifact_is_stored_with_all_checks() {
    let world = World::new();
    let all = artifacts::all();
    assert!(all.len() >= 7, "{} artifacts", all.len());
    for (name, wasm) in all {
        assert!(wasm.len() <= artifacts::MOST_BYTES, "{name} has {} bytes", wasm.len());
        world.store(&wasm).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    }
}

#[test]
fn broken_bytes_are_refused() {
    let world = World::new();
    let whole = artifacts::one("open_token");
    let half = &whole[..whole.len() / 2];
    for bytes in [&b""[..], &b"\0asm\x01\0\0\0"[..], half] {
        world.store(bytes).expect_err("refused");
    }
}
