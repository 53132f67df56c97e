//! The cw20 standard, and the income that follows every change of a balance.

use cosmwasm_std::{Binary, Uint128};
use cw20::{
    AllAccountsResponse, AllAllowancesResponse, AllSpenderAllowancesResponse, AllowanceResponse, DownloadLogoResponse,
    EmbeddedLogo, Expiration, Logo, MarketingInfoResponse,
};
use shares::{
    msg::{ExecuteMsg, QueryMsg},
    ContractError,
};

use crate::chain::{amount, told, Chain};

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// The interface is cw20 to the letter: messages and queries written by hand from the standard work.
#[test]
fn plain_cw20_json_is_understood() {
    let written = [
        r#"{"transfer":{"recipient":"wasm1x","amount":"5"}}"#,
        r#"{"burn":{"amount":"5"}}"#,
        r#"{"send":{"contract":"wasm1x","amount":"5","msg":"e30="}}"#,
        r#"{"increase_allowance":{"spender":"wasm1x","amount":"5","expires":{"at_height":7}}}"#,
        r#"{"decrease_allowance":{"spender":"wasm1x","amount":"5"}}"#,
        r#"{"transfer_from":{"owner":"wasm1x","recipient":"wasm1y","amount":"5"}}"#,
        r#"{"send_from":{"owner":"wasm1x","contract":"wasm1y","amount":"5","msg":"e30="}}"#,
        r#"{"burn_from":{"owner":"wasm1x","amount":"5"}}"#,
        r#"{"update_marketing":{"project":"a","description":null,"marketing":null}}"#,
        r#"{"upload_logo":{"url":"https://example.org"}}"#,
    ];
    for json in written {
        let ours = cosmwasm_std::from_json::<ExecuteMsg>(json).unwrap();
        let theirs = cosmwasm_std::from_json::<cw20::Cw20ExecuteMsg>(json).unwrap();
        assert_eq!(cosmwasm_std::to_json_string(&ours).unwrap(), cosmwasm_std::to_json_string(&theirs).unwrap());
    }
    for json in [r#"{"token_info":{}}"#, r#"{"minter":{}}"#, r#"{"balance":{"address":"wasm1x"}}"#] {
        cosmwasm_std::from_json::<QueryMsg>(json).unwrap();
    }
}

#[test]
fn attributes_are_those_of_the_standard() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    let response = chain.transfer("alice", "bob", 7);
    let (alice, bob) = (chain.account("alice").to_string(), chain.account("bob").to_string());
    assert_eq!(told(&response, "action"), ["transfer"]);
    assert_eq!((told(&response, "from"), told(&response, "to")), (vec![alice], vec![bob]));
    assert_eq!(told(&response, "amount"), ["7"]);
}

#[test]
fn moves_only_what_is_there() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    let recipient = chain.account("bob").to_string();
    let too_much = ExecuteMsg::Transfer { recipient: recipient.clone(), amount: amount(101) };
    assert!(matches!(chain.refused("alice", &too_much), ContractError::Cw20(_)));
    assert!(matches!(chain.refused("bob", &ExecuteMsg::Burn { amount: amount(1) }), ContractError::Cw20(_)));
    let elsewhere = ExecuteMsg::Transfer { recipient: "cosmos1abc".into(), amount: amount(1) };
    assert!(matches!(chain.refused("alice", &elsewhere), ContractError::Std(_)));
    // The standard allows an amount of zero; it moves nothing and earns nothing.
    chain.send("bob", &ExecuteMsg::Transfer { recipient, amount: amount(0) });
    assert_eq!((chain.shares_of("alice"), chain.shares_of("bob"), chain.supply()), (100, 0, 100));
}

#[test]
fn a_spender_moves_and_burns_within_its_allowance_and_income_follows() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    chain.fund("sponsor", 1_000);
    let (owner, spender) = (chain.account("alice").to_string(), chain.account("dave").to_string());
    let recipient = chain.account("bob").to_string();
    let take = |shares| ExecuteMsg::TransferFrom {
        owner: owner.clone(),
        recipient: recipient.clone(),
        amount: amount(shares),
    };
    assert!(matches!(chain.refused("dave", &take(1)), ContractError::Cw20(_)));
    chain.send("alice", &ExecuteMsg::IncreaseAllowance { spender: spender.clone(), amount: amount(90), expires: None });
    chain.wait(250);
    chain.send("dave", &take(50));
    assert!(matches!(chain.refused("dave", &take(41)), ContractError::Cw20(_)));
    chain.wait(250);
    chain.send("dave", &ExecuteMsg::BurnFrom { owner: owner.clone(), amount: amount(25) });
    chain.wait(500);
    // 250 alone; half of 250; then 25 against 50.
    assert_eq!((chain.claim("alice"), chain.claim("bob"), chain.claimable("dave")), (250 + 125 + 166, 125 + 333, 0));
    let question = QueryMsg::Allowance { owner: owner.clone(), spender: spender.clone() };
    assert_eq!(chain.query::<AllowanceResponse>(&question).allowance, amount(15));
    chain.send("alice", &ExecuteMsg::DecreaseAllowance { spender, amount: amount(15), expires: None });
    assert!(matches!(chain.refused("dave", &take(1)), ContractError::Cw20(_)));
    assert_eq!(chain.supply(), 75);
}

#[test]
fn an_expired_allowance_is_worth_nothing() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    let (owner, spender) = (chain.account("alice").to_string(), chain.account("dave").to_string());
    let end = Expiration::AtTime(chain.app.block_info().time.plus_seconds(10));
    chain.send("alice", &ExecuteMsg::IncreaseAllowance { spender, amount: amount(9), expires: Some(end) });
    chain.wait(10);
    let burn = ExecuteMsg::BurnFrom { owner, amount: amount(1) };
    assert_eq!(chain.refused("dave", &burn), ContractError::Cw20(cw20_base::ContractError::Expired {}));
}

#[test]
fn lists_accounts_and_allowances() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    chain.back("bob", 10);
    let (owner, spender) = (chain.account("alice").to_string(), chain.account("dave").to_string());
    chain.send("alice", &ExecuteMsg::IncreaseAllowance { spender: spender.clone(), amount: amount(9), expires: None });
    let all: AllAccountsResponse = chain.query(&QueryMsg::AllAccounts { start_after: None, limit: None });
    assert_eq!(all.accounts.len(), 2);
    let question = QueryMsg::AllAllowances { owner: owner.clone(), start_after: None, limit: None };
    assert_eq!(chain.query::<AllAllowancesResponse>(&question).allowances[0].spender, spender);
    let question = QueryMsg::AllSpenderAllowances { spender, start_after: None, limit: None };
    assert_eq!(chain.query::<AllSpenderAllowancesResponse>(&question).allowances[0].owner, owner);
}

#[test]
fn the_marketing_account_describes_within_bounds() {
    let mut chain = Chain::new();
    let describe = |project: &str, description: &str| ExecuteMsg::UpdateMarketing {
        project: text(project),
        description: text(description),
        marketing: None,
    };
    chain.send("voice", &describe("https://example.org", "Herbs"));
    let info: MarketingInfoResponse = chain.query(&QueryMsg::MarketingInfo {});
    assert_eq!(info.description.as_deref(), Some("Herbs"));
    let long = ContractError::TooLong { field: "project", found: 257, max: 256 };
    assert_eq!(chain.refused("voice", &describe(&"a".repeat(257), "")), long);
    let long = ContractError::TooLong { field: "description", found: 1_025, max: 1_024 };
    assert_eq!(chain.refused("voice", &describe("", &"a".repeat(1_025))), long);
    let long = ExecuteMsg::UploadLogo(Logo::Url("a".repeat(257)));
    assert!(matches!(chain.refused("voice", &long), ContractError::TooLong { field: "logo", .. }));
    let svg = Binary::from(b"<?xml version=\"1.0\"?><svg/>");
    chain.send("voice", &ExecuteMsg::UploadLogo(Logo::Embedded(EmbeddedLogo::Svg(svg))));
    let logo: DownloadLogoResponse = chain.query(&QueryMsg::DownloadLogo {});
    assert_eq!(logo.mime_type, "image/svg+xml");
}

#[test]
fn burning_is_final_and_gives_no_stake_back() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    chain.send("alice", &ExecuteMsg::Burn { amount: amount(500) });
    assert_eq!((chain.supply(), chain.backing("alice").staked), (0, amount(1_000)));
    let unback = ExecuteMsg::Unback { shares: amount(500) };
    assert!(matches!(chain.refused("alice", &unback), ContractError::Cw20(_)));
    assert_eq!(chain.solvency().backing, Uint128::new(1_000));
}
