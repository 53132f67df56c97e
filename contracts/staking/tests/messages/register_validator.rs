use blst::min_pk::AggregatePublicKey;
use cosmwasm_std::{coins, Uint128};
use cw_multi_test::Executor;
use openledger_contract_kit::KitError;
use staking::{
    msg::{BlsPublicKey, BlsSignature, ExecuteMsg, QueryMsg, ValidatorResponse, ValidatorsResponse},
    ContractError,
};

use crate::chain::{key, Chain, RICH};

/// Spellings of the point at infinity that the host accepts: the standard one, and those with rubbish behind the flag.
fn identities<const N: usize>() -> [[u8; N]; 4] {
    let mut standard = [0u8; N];
    standard[0] = 0xc0;
    let mut signed = standard;
    signed[0] = 0xe0;
    let mut padded = standard;
    padded[N - 1] = 1;
    [standard, signed, padded, [0xff; N]]
}

fn with_key(message: ExecuteMsg, new_key: BlsPublicKey) -> ExecuteMsg {
    match message {
        ExecuteMsg::RegisterValidator {
            amount,
            proof_of_possession,
            endpoint,
            moniker,
            commission,
            description,
            ..
        } => ExecuteMsg::RegisterValidator {
            amount,
            bls_public_key: new_key,
            proof_of_possession,
            endpoint,
            moniker,
            commission,
            description,
        },
        other => other,
    }
}

fn with_proof(message: ExecuteMsg, new_proof: BlsSignature) -> ExecuteMsg {
    match message {
        ExecuteMsg::RegisterValidator {
            amount, bls_public_key, endpoint, moniker, commission, description, ..
        } => ExecuteMsg::RegisterValidator {
            amount,
            bls_public_key,
            proof_of_possession: new_proof,
            endpoint,
            moniker,
            commission,
            description,
        },
        other => other,
    }
}

#[test]
fn a_validator_bonds_with_a_proven_key() {
    let mut chain = Chain::new();
    let response = chain.register(0, 250);
    let validator: ValidatorResponse = chain.query(&QueryMsg::Validator { validator: chain.validator(0).to_string() });
    assert_eq!(validator.bonded, Uint128::new(250));
    assert_eq!(validator.bls_public_key, key(0).sk_to_pk().to_bytes().into());
    assert_eq!(validator.registered_at.u64(), chain.now());
    assert_eq!(chain.balance(&chain.validator(0)), RICH - 250);
    assert_eq!(chain.solvency().bonded, Uint128::new(250));
    let event = response.events.iter().find(|event| event.ty == "wasm-staking/registered").unwrap();
    let keys: Vec<&str> = event.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(keys[..5], ["_contract_address", "validator", "bls_public_key", "endpoint", "moniker"]);
}

#[test]
fn without_an_allowance_nothing_happens() {
    let mut chain = Chain::new();
    let message = chain.registration(0, 250);
    let error = chain.refused_raw(&chain.validator(0), &message);
    assert!(error.root_cause().to_string().contains("No allowance"), "{error:?}");
}

#[test]
fn a_bond_below_the_minimum_or_of_nothing_is_refused() {
    let mut chain = Chain::new();
    let account = chain.validator(0);
    let (small, nothing) = (chain.registration(0, 99), chain.registration(0, 0));
    let error = chain.refused(&account, &small);
    assert_eq!(error, ContractError::BondTooSmall { bonded: Uint128::new(99), minimum: Uint128::new(100) });
    assert_eq!(chain.refused(&account, &nothing), ContractError::ZeroAmount);
}

#[test]
fn a_proof_is_bound_to_key_account_contract_and_chain() {
    let mut chain = Chain::new();
    let (me, other) = (chain.validator(0), chain.validator(1));
    // Somebody else's registration, sent by me.
    let copied = chain.registration_by(&other, &key(1), 200);
    assert_eq!(chain.refused(&me, &copied), ContractError::InvalidProofOfPossession);
    // My proof under another key.
    let swapped = with_key(chain.registration(0, 200), key(1).sk_to_pk().to_bytes().into());
    assert_eq!(chain.refused(&me, &swapped), ContractError::InvalidProofOfPossession);
    // For another contract.
    let here = std::mem::replace(&mut chain.staking, chain.token.clone());
    let elsewhere = chain.registration(0, 200);
    chain.staking = here;
    assert_eq!(chain.refused(&me, &elsewhere), ContractError::InvalidProofOfPossession);
    // For another chain.
    let home = chain.app.block_info().chain_id;
    chain.app.update_block(|block| block.chain_id = "another-1".into());
    let foreign = chain.registration(0, 200);
    chain.app.update_block(|block| block.chain_id.clone_from(&home));
    assert_eq!(chain.refused(&me, &foreign), ContractError::InvalidProofOfPossession);
    // An epoch signature is no proof of possession.
    let attestation = key(0).sign(&[7; 32], b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_", &[]).to_bytes();
    let mixed = with_proof(chain.registration(0, 200), attestation.into());
    assert_eq!(chain.refused(&me, &mixed), ContractError::InvalidProofOfPossession);
}

#[test]
fn a_rogue_key_made_from_another_key_has_no_proof() {
    let mut chain = Chain::new();
    chain.register(0, 200);
    // rogue = mine - victim: with it, my signature alone would pass for both of us.
    let mut rogue = AggregatePublicKey::from_public_key(&key(1).sk_to_pk());
    rogue.sub_aggregate(&AggregatePublicKey::from_public_key(&key(0).sk_to_pk()));
    let message = with_key(chain.registration(1, 200), rogue.to_public_key().to_bytes().into());
    assert_eq!(chain.refused(&chain.validator(1), &message), ContractError::InvalidProofOfPossession);
}

#[test]
fn identity_points_are_refused_in_every_spelling() {
    let mut chain = Chain::new();
    let me = chain.validator(0);
    for (key, proof) in identities::<48>().into_iter().zip(identities::<96>()) {
        let empty_key = with_key(chain.registration(0, 200), key.into());
        assert_eq!(chain.refused(&me, &empty_key), ContractError::IdentityKey);
        // The empty statement, which the pairing check alone would accept.
        let both = with_proof(empty_key, proof.into());
        assert_eq!(chain.refused(&me, &both), ContractError::IdentityKey);
        let empty_proof = with_proof(chain.registration(0, 200), proof.into());
        assert_eq!(chain.refused(&me, &empty_proof), ContractError::IdentitySignature);
    }
}

#[test]
fn bytes_that_are_no_points_are_refused() {
    let mut chain = Chain::new();
    let me = chain.validator(0);
    for byte in [0x00, 0x11, 0x80, 0x9f, 0xbf] {
        let message = with_key(chain.registration(0, 200), [byte; 48].into());
        assert_eq!(chain.refused(&me, &message), ContractError::InvalidKey, "{byte:02x}");
        let message = with_proof(chain.registration(0, 200), [byte; 96].into());
        assert_eq!(chain.refused(&me, &message), ContractError::InvalidProofOfPossession, "{byte:02x}");
    }
}

#[test]
fn keys_and_proofs_of_a_wrong_length_are_refused_by_name() {
    let mut chain = Chain::new();
    let message = chain.registration(0, 200);
    let good = cosmwasm_std::to_json_vec(&message).unwrap();
    let good: serde_json::Value = serde_json::from_slice(&good).unwrap();
    for (field, digits) in [("bls_public_key", 96), ("proof_of_possession", 192)] {
        for wrong in ["", "00", "C0FFEE"] {
            let mut message = good.clone();
            message["register_validator"][field] = wrong.into();
            let error = chain.refused_raw(&chain.validator(0), &message);
            let text = format!("{error:?}");
            assert!(text.contains(&format!("{digits} are needed")), "{text}");
        }
    }
}

#[test]
fn a_key_registers_once_for_ever() {
    let mut chain = Chain::new();
    chain.register(0, 200);
    let again = chain.registration(0, 200);
    assert_eq!(
        chain.refused(&chain.validator(0), &again),
        ContractError::AlreadyRegistered { validator: chain.validator(0) }
    );
    let same_key = chain.registration_by(&chain.validator(1), &key(0), 200);
    let duplicate = ContractError::DuplicateKey { owner: chain.validator(0) };
    assert_eq!(chain.refused(&chain.validator(1), &same_key), duplicate);
    chain.unbond(0, 200);
    assert_eq!(chain.refused(&chain.validator(1), &same_key), duplicate);
}

#[test]
fn everybody_may_be_a_candidate_and_pages_list_them() {
    let mut chain = Chain::new();
    chain.register_all(&[100, 100, 100, 100]);
    let account = chain.validator(4);
    chain.allow(&account, 100);
    let fifth = chain.registration(4, 100);
    chain.send(&account, &fifth);
    let all: ValidatorsResponse = chain.query(&QueryMsg::Validators { start_after: None, limit: None });
    assert_eq!(all.validators.len(), 5);
    assert!(all.validators.windows(2).all(|pair| pair[0].validator < pair[1].validator));
    let start_after = Some(all.validators[1].validator.to_string());
    let rest: ValidatorsResponse = chain.query(&QueryMsg::Validators { start_after, limit: Some(2) });
    assert_eq!(rest.validators, all.validators[2..4]);
}

#[test]
fn coins_are_refused() {
    let mut chain = Chain::new();
    let account = chain.validator(0);
    chain
        .app
        .init_modules(|router, _, storage| router.bank.init_balance(storage, &account, coins(5, "ustake")))
        .unwrap();
    let message = chain.registration(0, 200);
    let error = chain.app.execute_contract(account, chain.staking.clone(), &message, &coins(5, "ustake")).unwrap_err();
    assert_eq!(error.downcast::<ContractError>().unwrap(), ContractError::Kit(KitError::UnexpectedFunds));
}
