use std::collections::BTreeMap;

use cosmwasm_std::{Event, Uint64};
use settlement::msg::ExecuteMsg;

use crate::chain::Chain;

const NAMES: [&str; 5] = ["buyer 0", "node", "alice", "bob", "treasury"];

/// This contract's events of a response: name, then keys and values, addresses by name.
fn tell(chain: &Chain, events: &[Event], into: &mut Vec<(String, Vec<(String, String)>)>) {
    for event in events.iter().filter(|event| event.ty.starts_with("wasm-settlement/")) {
        let values = event.attributes.iter().filter(|attribute| attribute.key != "_contract_address");
        let named = values.map(|attribute| {
            let name = NAMES.into_iter().find(|name| chain.account(name).as_str() == attribute.value);
            (attribute.key.clone(), name.unwrap_or(&attribute.value).to_owned())
        });
        into.push((event.ty.trim_start_matches("wasm-settlement/").to_owned(), named.collect()));
    }
}

/// The books as somebody rebuilds them who sees nothing but events.
fn rebuild(told: &[(String, Vec<(String, String)>)]) -> [u128; 4] {
    let [mut sessions, mut pending, mut unclaimed, mut refunds] = [0u128; 4];
    let mut settled = BTreeMap::new();
    for (event, attributes) in told {
        let text = |key: &str| attributes.iter().find(|(name, _)| name == key).unwrap().1.clone();
        let number = |key: &str| text(key).parse::<u128>().unwrap();
        match event.as_str() {
            "session_opened" => sessions += number("deposit"),
            "session_charged" => {
                sessions -= number("amount");
                pending += number("amount");
            }
            "batch_accepted" => {
                pending -= number("total");
                unclaimed += number("total");
            }
            "claimed" => unclaimed -= number("amount"),
            "session_refunded" => {
                pending -= number("amount");
                let book = if settled.contains_key(&text("session_id")) { &mut refunds } else { &mut sessions };
                *book += number("amount");
            }
            "session_settled" => {
                let again = settled.insert(text("session_id"), ()).is_some();
                let book = if again { &mut refunds } else { &mut sessions };
                *book -= number("amount");
            }
            _ => {}
        }
    }
    [sessions, pending, unclaimed, refunds]
}

/// One whole life. A change of an event is a change of the interface, and shows here.
#[test]
fn events_tell_the_whole_story_and_rebuild_the_books() {
    let mut chain = Chain::new();
    let (buyer, node, anyone) = (chain.buyer(0), chain.node(), chain.account("anyone"));
    let (alice, bob) = (chain.account("alice"), chain.account("bob"));
    let mut told = Vec::new();
    let mut send = |chain: &mut Chain, sender: &cosmwasm_std::Addr, message: &ExecuteMsg| {
        let response = chain.send(sender, message);
        tell(chain, &response.events, &mut told);
        assert_eq!(rebuild(&told), chain.books());
    };
    chain.allow(&buyer, &chain.settlement.clone(), 1_000);
    let message = chain.open_msg(0, 1_000);
    send(&mut chain, &buyer, &message);
    let message = chain.batch(1, 600, vec![chain.charge_with(0, 1, 600, 700, 1)]);
    send(&mut chain, &node, &message);
    chain.credit(&alice, 500);
    chain.credit(&bob, 100);
    let statement = chain.statement(1, 1, &[1]);
    let message = chain.epoch_msg(&statement, &[0, 1, 2], chain.indexes(&[3]));
    send(&mut chain, &anyone, &message);
    chain.wait(100);
    let message = chain.claim_msg(&alice);
    send(&mut chain, &anyone, &message);
    let message = chain.batch(2, 50, vec![chain.charge(0, 1, 650, 2)]);
    send(&mut chain, &node, &message);
    chain.wait(1_000);
    send(&mut chain, &anyone, &ExecuteMsg::RefundBatch { batch_id: Uint64::new(2) });
    send(&mut chain, &buyer, &ExecuteMsg::CloseSession { session_id: Uint64::new(1) });
    let message = chain.batch(3, 70, vec![chain.charge(0, 1, 720, 3)]);
    send(&mut chain, &node, &message);
    chain.wait(500);
    send(&mut chain, &anyone, &ExecuteMsg::SettleSession { session_id: Uint64::new(1) });
    chain.wait(500);
    send(&mut chain, &anyone, &ExecuteMsg::RefundBatch { batch_id: Uint64::new(3) });
    send(&mut chain, &anyone, &ExecuteMsg::SettleSession { session_id: Uint64::new(1) });
    let owner = chain.owner.clone();
    let until = Uint64::new(chain.now() + 10);
    send(&mut chain, &owner, &ExecuteMsg::Pause { until });
    send(&mut chain, &owner, &ExecuteMsg::Unpause {});

    let line = |(event, attributes): &(String, Vec<(String, String)>)| {
        let pairs: Vec<String> = attributes.iter().map(|(key, value)| format!(" {key}={value}")).collect();
        format!("{event}{}", pairs.concat())
    };
    goldie::assert!(told.iter().map(line).collect::<Vec<_>>().join("\n"));
}
