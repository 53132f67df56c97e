//! Rows of `docs/audit.md` that no message's own file shows. Names begin with the row's id.

use vesting::{
    msg::{ExecuteMsg, ReceiveMsg},
    ContractError,
};

use crate::chain::{id, schedule, Chain, START};

/// An account in capitals is the same to the chain and another to a comparison of texts: the revoker could name itself.
#[test]
fn input_addresses_in_capitals_are_refused_wherever_one_is_given() {
    let mut chain = Chain::granted();
    let (alice, loud) = (chain.account("alice"), chain.account("founder").as_str().to_uppercase());
    let ReceiveMsg::Grant { starts_at, cliff_seconds, duration_seconds, .. } = chain.terms("alice", schedule(), None);
    let terms = |recipient: &str, revoker: Option<&str>| ReceiveMsg::Grant {
        recipient: recipient.to_owned(),
        starts_at,
        cliff_seconds,
        duration_seconds,
        revoker: revoker.map(str::to_owned),
    };
    for terms in [terms(&loud, None), terms(alice.as_str(), Some(&loud))] {
        let error = chain.grant_refused("founder", 10, &terms);
        assert!(matches!(error, ContractError::Std(_)), "{error}");
    }
    let propose = ExecuteMsg::ProposeRecipient { grant_id: id(1), recipient: loud, expires_at: id(START + 50) };
    assert!(matches!(chain.refused("alice", &propose), ContractError::Std(_)));
}

/// A token in which nothing is owed any more leaves no row, and a grant that moved on leaves none with its former recipient.
#[test]
fn storage_prefixes_rows_go_with_the_last_of_what_they_held() {
    let mut chain = Chain::granted();
    let rows = |chain: &Chain, namespace: &str| {
        let prefix = [&[0, namespace.len() as u8], namespace.as_bytes()].concat();
        chain.app.dump_wasm_raw(&chain.vesting).iter().filter(|(key, _)| key.starts_with(&prefix)).count()
    };
    assert_eq!((rows(&chain, "owed"), rows(&chain, "by_recipient")), (1, 1));
    chain.propose("alice", 1, "bob", START + 50);
    chain.send("bob", &ExecuteMsg::AcceptRecipient { grant_id: id(1) });
    assert_eq!(rows(&chain, "by_recipient"), 1);
    assert_eq!((chain.ids_of("alice"), chain.ids_of("bob")), (vec![], vec![1]));
    chain.at(100);
    chain.release(1);
    assert_eq!(rows(&chain, "owed"), 0);
}
