use cosmwasm_std::{Uint128, Uint64};
use cw20::{MinterResponse, TokenInfoResponse};
use shares::{
    msg::{ConfigResponse, InstantiateMsg, Params, QueryMsg},
    ContractError,
};

use crate::chain::{amount, bare, bps, params, Chain, DAY};

#[test]
fn config_is_what_was_given_and_no_share_exists() {
    let chain = Chain::new();
    let config: ConfigResponse = chain.query(&QueryMsg::Config {});
    assert_eq!((config.datanets, config.datanet_id.u64()), (chain.account("datanets"), 7));
    assert_eq!((config.token, config.params, config.commons), (chain.token.clone(), params(), None));
    let info: TokenInfoResponse = chain.query(&QueryMsg::TokenInfo {});
    let expected = ("Shares of herbs", "HERBS", 6, Uint128::zero());
    assert_eq!((info.name.as_str(), info.symbol.as_str(), info.decimals, info.total_supply), expected);
    let minter: MinterResponse = chain.query(&QueryMsg::Minter {});
    assert_eq!((minter.minter, minter.cap), (chain.shares.to_string(), Some(amount(1_001_000_000))));
}

#[test]
fn every_parameter_has_bounds() {
    let huge = amount(1_000_000_000_000_000_000_000_001);
    let wrong = [
        ("price", Params { price: Uint128::zero(), ..params() }),
        ("price", Params { price: amount(1_000_000_000_000_001), ..params() }),
        ("max_backed_shares", Params { max_backed_shares: huge, ..params() }),
        ("max_contribution_shares", Params { max_contribution_shares: huge, ..params() }),
        ("max_contribution_shares_per_day", Params { max_contribution_shares_per_day: Uint128::zero(), ..params() }),
        ("unback_seconds", Params { unback_seconds: Uint64::zero(), ..params() }),
        ("unback_seconds", Params { unback_seconds: Uint64::new(30 * DAY + 1), ..params() }),
        ("income_seconds", Params { income_seconds: Uint64::zero(), ..params() }),
        ("income_seconds", Params { income_seconds: Uint64::new(30 * DAY + 1), ..params() }),
        ("period_seconds", Params { period_seconds: Uint64::new(3_599), ..params() }),
        ("period_seconds", Params { period_seconds: Uint64::new(31 * DAY + 1), ..params() }),
        ("max_slash", Params { max_slash: bps(0), ..params() }),
    ];
    let mut chain = bare();
    for (expected, params) in wrong {
        match chain.instantiate(params) {
            Err(ContractError::ParamOutOfBounds { name, .. }) => assert_eq!(name, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[test]
fn a_token_that_is_no_token_and_a_symbol_that_wallets_refuse_are_refused() {
    let mut chain = bare();
    let wrong = InstantiateMsg { token: chain.account("nobody").to_string(), ..chain.init(params()) };
    assert!(matches!(chain.instantiate_as(&wrong), Err(ContractError::Std(_))));
    let wrong = InstantiateMsg { symbol: "H1".try_into().unwrap(), ..chain.init(params()) };
    assert!(matches!(chain.instantiate_as(&wrong), Err(ContractError::Cw20(_))));
    let wrong = InstantiateMsg { datanets: "cosmos1abc".into(), ..chain.init(params()) };
    assert!(matches!(chain.instantiate_as(&wrong), Err(ContractError::Std(_))));
}
