use cosmwasm_std::Event;
use openledger_contract_kit::event::Event as _;
use shares::{
    events::SharesEvent,
    msg::{ExecuteMsg, Params, SudoMsg},
};

use crate::chain::{amount, bps, params, Chain, DAY};

/// Events of a response that this contract made, one per line, addresses by name. The attributes of cw20 are among them.
fn lines(chain: &Chain, events: &[Event], into: &mut Vec<String>) {
    let names = ["alice", "bob", "carol", "sponsor", "datanets"];
    let ours = |event: &&Event| {
        event.ty.starts_with("wasm")
            && event.attributes.iter().any(|a| a.key == "_contract_address" && a.value == chain.shares.as_str())
    };
    for event in events.iter().filter(ours) {
        let mut line = event.ty.trim_start_matches("wasm-").to_owned();
        for attribute in event.attributes.iter().filter(|attribute| attribute.key != "_contract_address") {
            let name = names.into_iter().find(|name| chain.account(name).as_str() == attribute.value);
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
    let carol = chain.account("carol").to_string();
    let mut tell = |chain: &Chain, response: &cw_multi_test::AppResponse| lines(chain, &response.events, &mut story);
    let response = chain.mint("alice", 1_000, 5);
    tell(&chain, &response);
    let response = chain.back("bob", 2_000);
    tell(&chain, &response);
    let response = chain.send("datanets", &ExecuteMsg::SetCommonsPart { part: bps(1_000), account: carol.clone() });
    tell(&chain, &response);
    let response = chain.fund("datanets", 500);
    tell(&chain, &response);
    chain.wait(1_000);
    let response = chain.transfer("alice", "bob", 250);
    tell(&chain, &response);
    let response = chain.send("alice", &ExecuteMsg::ClaimIncome {});
    tell(&chain, &response);
    let response = chain.unback("bob", 400);
    tell(&chain, &response);
    let response = chain.slash(1_000, Some("carol"));
    tell(&chain, &response);
    let response = chain.slash(1_000, None);
    tell(&chain, &response);
    chain.wait(4 * DAY);
    let response = chain.send("bob", &ExecuteMsg::WithdrawBacking {});
    tell(&chain, &response);
    let params = Params { price: amount(9), ..params() };
    let response = chain.sudo(&SudoMsg::UpdateParams { params }).unwrap();
    tell(&chain, &response);
    // What the events say is what the contract says.
    let paid = story.iter().find(|line| line.starts_with("shares/withdrawn")).unwrap();
    assert!(paid.ends_with("amount=648"), "{paid}");
    assert_eq!(chain.shares_of("bob"), 1_000 + 250 - 400);
    goldie::assert!(story.join("\n"));
}

#[test]
fn the_first_and_the_last_event() {
    let chain = Chain::new();
    let (datanets, token) = (cosmwasm_std::Addr::unchecked("datanets"), cosmwasm_std::Addr::unchecked("open"));
    let first = SharesEvent::Instantiated {
        datanets,
        datanet_id: 7,
        token,
        name: "Shares of herbs".into(),
        symbol: "HERBS".into(),
        params: params(),
    };
    let last = SharesEvent::Migrated { from: "0.1.0".into(), to: "0.2.0".into() };
    assert_eq!(chain.supply(), 0);
    goldie::assert!([first.line(), last.line()].join("\n"));
}
