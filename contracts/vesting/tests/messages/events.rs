use cosmwasm_std::Event;
use cw_multi_test::AppResponse;
use openledger_contract_kit::event::Event as _;
use vesting::{events::VestingEvent, msg::ExecuteMsg};

use crate::chain::{id, schedule, Chain, NAMES, START};

/// Events of a response that this contract made, one per line, addresses by name.
fn lines(chain: &Chain, events: &[Event], into: &mut Vec<String>) {
    for event in events.iter().filter(|event| event.ty.starts_with("wasm-vesting/")) {
        let mut line = event.ty.trim_start_matches("wasm-").to_owned();
        for attribute in event.attributes.iter().filter(|attribute| attribute.key != "_contract_address") {
            let name = NAMES.into_iter().find(|name| chain.account(name).as_str() == attribute.value);
            let name = name.or((chain.token.as_str() == attribute.value).then_some("token"));
            line += &format!(" {}={}", attribute.key, name.unwrap_or(&attribute.value));
        }
        into.push(line);
    }
}

/// One whole life. A change of an event is a change of the interface, and shows here.
#[test]
fn events_tell_the_whole_story() {
    let mut chain = Chain::new();
    let mut story = Vec::new();
    let mut tell = |chain: &Chain, response: AppResponse| lines(chain, &response.events, &mut story);
    let terms = chain.terms("alice", schedule(), Some("founder"));
    let response = chain.grant("founder", 1_000, &terms).unwrap();
    tell(&chain, response);
    let terms = chain.terms("carol", schedule(), Some("founder"));
    let response = chain.grant("founder", 70, &terms).unwrap();
    tell(&chain, response);
    let terms = chain.terms("carol", schedule(), None);
    let response = chain.grant("bob", 30, &terms).unwrap();
    tell(&chain, response);
    let response = chain.propose("alice", 1, "bob", START + 30);
    tell(&chain, response);
    let response = chain.send("bob", &ExecuteMsg::AcceptRecipient { grant_id: id(1) });
    tell(&chain, response);
    let response = chain.send("founder", &ExecuteMsg::RenounceRevocation { grant_id: id(2) });
    tell(&chain, response);
    chain.at(30);
    let response = chain.release(1);
    tell(&chain, response);
    chain.at(40);
    let response = chain.send("founder", &ExecuteMsg::Revoke { grant_id: id(1) });
    tell(&chain, response);
    goldie::assert!(story.join("\n"));
}

#[test]
fn the_first_and_the_last_event() {
    let last = VestingEvent::Migrated { from: "0.1.0".into(), to: "0.2.0".into() };
    goldie::assert!([VestingEvent::Instantiated.line(), last.line()].join("\n"));
}
