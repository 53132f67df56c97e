//! The typed client, as the Datanets contract uses it.

use cosmwasm_std::WasmMsg;
use cw_multi_test::Executor;
use shares::{client, msg::ConfigResponse};

use crate::chain::{amount, bare, bps, contract, params, Chain, RICH};

#[test]
fn messages_of_the_client_do_what_they_say() {
    let mut chain = Chain::new();
    let (datanets, alice, carol) = (chain.account("datanets"), chain.account("alice"), chain.account("carol"));
    chain.back("bob", 1_000);
    let client = chain.client();
    let messages = [
        client.set_commons_part(bps(1_000), &carol).unwrap(),
        client.mint_for_contribution(&alice, amount(500), 3, 9).unwrap(),
        client.fund_income(&chain.token, amount(1_000)).unwrap(),
        client.slash_backing(bps(1_000), Some(&carol)).unwrap(),
        client.slash_backing(bps(1_000), None).unwrap(),
    ];
    for message in messages {
        chain.app.execute(datanets.clone(), message).unwrap();
    }
    let (querier, client) = (chain.app.wrap(), chain.client());
    assert_eq!(client.minted(&querier, 9).unwrap(), amount(500));
    assert_eq!(client.issuance(&querier).unwrap().for_contributions, amount(500));
    assert_eq!(client.income(&querier).unwrap().lifetime_received, amount(900));
    assert_eq!(client.info(&querier).unwrap().total_supply, amount(1_000));
    assert_eq!(client.config(&querier).unwrap().commons.unwrap().account, carol);
    assert_eq!((chain.open(&carol), chain.solvency().backing), (RICH + 200, amount(810)));
}

#[test]
fn an_instance_is_created_by_a_message() {
    let mut chain = bare();
    let code = chain.app.store_code(contract());
    let (datanets, admin, init) = (chain.account("datanets"), chain.account("admin"), chain.init(params()));
    let message = client::instantiate(code, Some(&admin), "shares of Datanet 7".into(), &init).unwrap();
    assert!(matches!(&message, WasmMsg::Instantiate { funds, .. } if funds.is_empty()));
    let response = chain.app.execute(datanets.clone(), message.into()).unwrap();
    let created = response.events.iter().find(|event| event.ty == "instantiate").unwrap();
    let address = created.attributes.iter().find(|a| a.key == "_contract_address").unwrap();
    chain.shares = cosmwasm_std::Addr::unchecked(address.value.clone());
    let config: ConfigResponse = chain.client().config(&chain.app.wrap()).unwrap();
    assert_eq!((config.datanets, config.datanet_id.u64()), (datanets, 7));
}
