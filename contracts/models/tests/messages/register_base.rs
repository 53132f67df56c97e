use cosmwasm_std::Uint64;
use models::{
    msg::{Base, ExecuteMsg, QueryMsg},
    ContractError,
};

use crate::suite::{base_msg, digest, params, parses_with, Suite};

#[test]
fn ids_start_at_one_and_everything_is_kept() {
    let mut suite = Suite::bare(params()).unwrap();
    suite.exec("carol", base_msg(digest(1))).unwrap();
    suite.exec("dave", base_msg(digest(2))).unwrap();
    let base: Base = suite.query(&QueryMsg::Base { id: Uint64::new(2) }).unwrap();
    assert_eq!(base.registrant, suite.account("dave"));
    assert_eq!((base.digest, base.tokenizer_digest), (digest(2), digest(0x70)));
    assert_eq!(base.architecture.as_str(), "LlamaForCausalLM");
    assert_eq!(base.registered_at.u64(), suite.now());
}

#[test]
fn an_account_registers_a_digest_once_and_cannot_block_others() {
    let mut suite = Suite::bare(params()).unwrap();
    suite.exec("carol", base_msg(digest(1))).unwrap();
    assert_eq!(
        suite.exec("carol", base_msg(digest(1))).unwrap_err(),
        ContractError::BaseKnown { digest: digest(1), id: 1 }
    );
    suite.exec("dave", base_msg(digest(1))).unwrap();
}

#[test]
fn refuses_empty_commitments_and_broken_text() {
    let mut suite = Suite::bare(params()).unwrap();
    assert_eq!(suite.exec("carol", base_msg(digest(0))).unwrap_err(), ContractError::ZeroDigest { field: "digest" });
    let msg: ExecuteMsg = base_msg(digest(0xab));
    assert!(parses_with(&msg, "tiny-llama", "another"));
    assert!(!parses_with(&msg, "tiny-llama", ""));
    assert!(!parses_with(&msg, "tiny-llama", &"x".repeat(65)));
    assert!(!parses_with(&msg, "abab", "ABAB"));
    assert!(!parses_with(&msg, "abab", ""));
    assert!(!parses_with(&msg, "\"licence\"", "\"license\""));
}
