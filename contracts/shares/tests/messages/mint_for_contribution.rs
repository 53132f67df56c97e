use shares::{
    msg::{IssuanceResponse, MintedResponse, QueryMsg},
    ContractError,
};

use crate::chain::{amount, told, Chain, DAY};

#[test]
fn mints_once_for_each_contribution() {
    let mut chain = Chain::new();
    let response = chain.mint("alice", 1_000, 5);
    assert!(told(&response, "action").contains(&"mint".to_owned()));
    assert_eq!((chain.shares_of("alice"), chain.supply()), (1_000, 1_000));
    let again = chain.minting("bob", 7, 5);
    let expected = ContractError::AlreadyMinted { contribution_id: 5, minted: amount(1_000) };
    assert_eq!(chain.refused("datanets", &again), expected);
    let minted: MintedResponse = chain.query(&QueryMsg::Minted { contribution_id: 5u64.into() });
    assert_eq!(minted.amount, amount(1_000));
    assert_eq!(chain.client().minted(&chain.app.wrap(), 6).unwrap(), amount(0));
}

#[test]
fn the_day_and_the_total_are_capped() {
    let mut chain = Chain::new();
    chain.wait(DAY - 1);
    chain.mint("alice", 300_000, 1);
    let over = chain.minting("alice", 100_001, 2);
    let expected = |left| ContractError::MintCap { amount: amount(100_001), left: amount(left) };
    assert_eq!(chain.refused("datanets", &over), expected(100_000));
    chain.wait(1);
    chain.mint("alice", 400_000, 2);
    chain.wait(DAY);
    chain.mint("alice", 200_000, 3);
    let issuance: IssuanceResponse = chain.query(&QueryMsg::Issuance {});
    assert_eq!((issuance.for_contributions, issuance.contributions_left), (amount(900_000), amount(100_000)));
    let over = chain.minting("alice", 100_001, 4);
    assert_eq!(chain.refused("datanets", &over), expected(100_000));
    // Burning makes no room: the cap is what was ever issued.
    chain.send("alice", &shares::msg::ExecuteMsg::Burn { amount: amount(500_000) });
    assert_eq!(chain.refused("datanets", &over), expected(100_000));
    chain.mint("alice", 100_000, 4);
    chain.wait(DAY);
    let last = chain.minting("alice", 1, 5);
    assert_eq!(chain.refused("datanets", &last), ContractError::MintCap { amount: amount(1), left: amount(0) });
}

#[test]
fn nothing_and_the_contract_itself_are_refused() {
    let mut chain = Chain::new();
    let nothing = chain.minting("alice", 0, 1);
    assert_eq!(chain.refused("datanets", &nothing), ContractError::ZeroAmount);
    let itself = shares::msg::ExecuteMsg::MintForContribution {
        recipient: chain.shares.to_string(),
        amount: amount(5),
        identity_id: 1u64.into(),
        contribution_id: 1u64.into(),
    };
    assert_eq!(chain.refused("datanets", &itself), ContractError::ToItself);
}
