use cosmwasm_std::{Event, Uint128};
use staking::msg::{ExecuteMsg, QueryMsg};

use crate::chain::Chain;

/// This contract's events of a response, one per line, addresses by name.
fn lines(chain: &Chain, events: &[Event], into: &mut Vec<String>) {
    for event in events.iter().filter(|event| event.ty.starts_with("wasm-staking/")) {
        let values = event.attributes.iter().filter(|attribute| attribute.key != "_contract_address");
        let mut line = event.ty.trim_start_matches("wasm-").to_owned();
        for attribute in values {
            let name = ["validator 0", "validator 1", "sponsor", "alice"]
                .into_iter()
                .find(|name| chain.account(name).as_str() == attribute.value);
            line += &format!(" {}={}", attribute.key, name.unwrap_or(&attribute.value));
        }
        into.push(line);
    }
}

/// One whole life. A change of an event is a change of the interface, and shows here.
#[test]
fn events_tell_the_whole_story() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    let (account, sponsor, anyone) = (chain.validator(0), chain.account("sponsor"), chain.account("anyone"));
    chain.allow(&account, 500);
    chain.allow(&sponsor, 100);
    let alice = chain.account("alice");
    chain.allow(&alice, 500);
    let operator = alice.to_string();
    let fraction = staking::msg::Bps::new(1_000).unwrap();
    let story = [
        (&account, chain.registration(0, 200)),
        (
            &account,
            ExecuteMsg::UpdateValidator {
                endpoint: None,
                moniker: Some("renamed".try_into().unwrap()),
                description: None,
            },
        ),
        (&account, ExecuteMsg::BondMore { amount: Uint128::new(300) }),
        (&anyone, ExecuteMsg::Snapshot {}),
        (&sponsor, ExecuteMsg::FundRewards { amount: Uint128::new(100) }),
        (&alice, chain.delegation(0, 300)),
        (&account, ExecuteMsg::ClaimRewards {}),
        (&alice, chain.undelegation(0, 50)),
        (&slasher, chain.slash_of(&[0], 1, 1_000)),
        (&account, ExecuteMsg::Unjail {}),
        (
            &alice,
            ExecuteMsg::RegisterOperator {
                amount: Uint128::new(100),
                endpoint: "http://node".try_into().unwrap(),
                moniker: "node".try_into().unwrap(),
            },
        ),
        (&alice, ExecuteMsg::BondOperator { amount: Uint128::new(50) }),
        (&slasher, ExecuteMsg::SlashOperator { case_id: 8u64.into(), operator, fraction, bar: true }),
        (&alice, ExecuteMsg::UnbondOperator { amount: Uint128::new(135) }),
        (&alice, ExecuteMsg::WithdrawOperator {}),
        (&account, ExecuteMsg::Unbond { amount: Uint128::new(300) }),
        (&anyone, ExecuteMsg::Snapshot {}),
        (&account, ExecuteMsg::WithdrawUnbonded {}),
    ];
    let mut told = Vec::new();
    for (sender, message) in story {
        let response = chain.send(sender, &message);
        lines(&chain, &response.events, &mut told);
        chain.wait(1_000);
    }
    // What the events say is what the contract says.
    let last = |event: &str, key: &str| -> String {
        let line = told.iter().rev().find(|line| line.starts_with(event)).unwrap();
        line.split(' ').find_map(|pair| pair.strip_prefix(&format!("{key}="))).unwrap().to_owned()
    };
    assert_eq!(last("staking/unbonding", "bonded"), chain.bonded(0).to_string());
    let set: staking::msg::EpochSet = chain.query(&QueryMsg::LatestSet {});
    assert_eq!(last("staking/set_created", "set_id"), set.set_id.to_string());
    assert_eq!(last("staking/set_created", "total_power"), set.total_power.to_string());
    goldie::assert!(told.join("\n"));
}

#[test]
fn redelegations_tell_their_story() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register_all(&[200, 200]);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 300);
    chain.snapshot();
    let anyone = chain.account("anyone");
    let story = [
        (&alice, chain.redelegation(0, 1, 100)),
        (&slasher, chain.slash_of(&[0], 1, 1_000)),
        (&anyone, ExecuteMsg::Snapshot {}),
        (&anyone, chain.settlement(&alice, 1)),
        (&slasher, chain.slash_of(&[0], 1, 1_000)),
        // Settles what is left, and leaves.
        (&alice, chain.undelegation(1, None)),
    ];
    let mut told = Vec::new();
    for (sender, message) in story {
        let response = chain.send(sender, &message);
        lines(&chain, &response.events, &mut told);
        chain.wait(500);
    }
    goldie::assert!(told.join("\n"));
}
