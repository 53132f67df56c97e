use cosmwasm_std::{Uint128, Uint64};
use models::{
    msg::{Index, Params},
    split::SplitError,
    ContractError,
};
use openledger_contract_kit::Bps;

use crate::suite::{
    base_msg, digest, params, parses_with, publish_msg, register_msg, split, terms, Suite, Terms, RICH,
};

fn register(suite: &mut Suite, terms: Terms) -> Result<(), ContractError> {
    suite.exec("dave", register_msg(1, 1, terms)).map(|_| ())
}

#[test]
fn the_first_version_comes_with_it() {
    let mut suite = Suite::new();
    register(&mut suite, terms()).unwrap();
    let found = suite.adapter(1);
    assert_eq!(found.adapter.developer, suite.account("dave"));
    assert_eq!((found.adapter.latest_version, found.adapter.retired), (1, false));
    assert_eq!((found.latest.version, found.latest.datanet_version), (1, 1));
    assert_eq!(found.latest.weights_digest, digest(0xa0));
    assert_eq!(found.latest.response_price.u128(), 30);
}

#[test]
fn base_and_datanet_version_must_exist() {
    let mut suite = Suite::new();
    assert_eq!(suite.exec("dave", register_msg(2, 1, terms())).unwrap_err(), ContractError::UnknownBase { id: 2 });
    for (datanet, version, says) in [(1, 2, "no version 2"), (1, 0, "no version 0"), (9, 1, "Datanet 9 does not exist")]
    {
        let error =
            suite.exec("dave", register_msg(1, datanet, Terms { datanet_version: version, ..terms() })).unwrap_err();
        assert!(matches!(error, ContractError::DatanetVersion { .. }), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_datanets_address_that_is_no_datanets_contract_is_an_error() {
    let mut suite = Suite::new();
    let (admin, code, wrong) = (suite.account("admin"), suite.code, suite.account("nobody"));
    let msg = models::msg::InstantiateMsg {
        owner: admin.to_string(),
        datanets: wrong.into_string(),
        token: suite.token.to_string(),
        params: params(),
    };
    suite.contract =
        cw_multi_test::Executor::instantiate_contract(&mut suite.app, code, admin, &msg, &[], "models", None).unwrap();
    suite.allow("dave", RICH);
    suite.exec("dave", base_msg(digest(0xb0))).unwrap();
    assert!(matches!(register(&mut suite, terms()), Err(ContractError::DatanetVersion { .. })));
}

#[test]
fn splits_cover_the_fee_exactly_and_keep_contributors_in() {
    let mut suite = Suite::new();
    for bad in [[5_000, 2_000, 2_000, 500, 499], [5_000, 2_000, 2_000, 500, 501], [0, 0, 0, 0, 0]] {
        let result = register(&mut suite, Terms { split: split(bad), ..terms() });
        assert!(matches!(result, Err(ContractError::Split(SplitError::Sum(_)))), "{bad:?}");
    }
    let result = register(&mut suite, Terms { split: split([999, 9_001, 0, 0, 0]), ..terms() });
    assert_eq!(result.unwrap_err(), ContractError::Split(SplitError::Contributors { found: 999 }));
    register(&mut suite, Terms { split: split([1_000, 8_600, 0, 0, 400]), ..terms() }).unwrap();
    register(&mut suite, Terms { split: split([9_600, 0, 0, 0, 400]), ..terms() }).unwrap();
    assert!(Bps::new(10_001).is_err());
    assert!(!parses_with(&register_msg(1, 1, terms()), "\"contributors\":5000", "\"contributors\":10001"));
    assert!(!parses_with(&register_msg(1, 1, terms()), "\"contributors\":5000", "\"contributors\":-1"));
}

#[test]
fn the_treasury_gets_its_least_part_and_at_least_what_the_bond_promises() {
    let mut suite = Suite::new();
    let least = |treasury: u16| Terms { split: split([9_600, 400 - treasury, 0, 0, treasury]), ..terms() };
    let refused = ContractError::Take { found: 399, min: 400 };
    assert_eq!(suite.refused("dave", register_msg(1, 1, least(399))).unwrap_err(), refused);
    register(&mut suite, least(400)).unwrap();
    // Later parameters ask for less, but the bond promised 3 % of the income.
    let (rebate_bps, min_take_bps) = (Bps::ZERO, Bps::ZERO);
    let params = Params { rebate_bps, min_take_bps, ..params() };
    suite.exec("admin", models::msg::ExecuteMsg::UpdateParams { params }).unwrap();
    let refused = ContractError::Take { found: 299, min: 300 };
    assert_eq!(suite.refused("dave", publish_msg(1, least(299))).unwrap_err(), refused);
    suite.exec("dave", publish_msg(1, least(300))).unwrap();
    register(&mut suite, least(0)).unwrap();
}

#[test]
fn prices_are_bounded_and_digests_are_real() {
    let mut suite = Suite::new();
    register(&mut suite, Terms { prompt_price: 1_000_000, response_price: 0, ..terms() }).unwrap();
    for (field, prompt_price, response_price) in [("prompt_price", 1_000_001, 0), ("response_price", 0, u128::MAX)] {
        let found = Uint128::new(prompt_price.max(response_price));
        assert_eq!(
            register(&mut suite, Terms { prompt_price, response_price, ..terms() }).unwrap_err(),
            ContractError::Price { field, found, max: Uint128::new(1_000_000) }
        );
    }
    assert_eq!(
        register(&mut suite, Terms { weights_digest: digest(0), ..terms() }).unwrap_err(),
        ContractError::ZeroDigest { field: "weights_digest" }
    );
    assert_eq!(
        register(&mut suite, Terms { family_digest: digest(0), ..terms() }).unwrap_err(),
        ContractError::ZeroDigest { field: "family_digest" }
    );
}

#[test]
fn an_index_has_a_row_for_every_cluster() {
    let mut suite = Suite::new();
    let index = Index { root: digest(9), rows: 1, dimensions: 131_071 };
    register(&mut suite, Terms { manifest_digest: Some(digest(8)), index: Some(index), ..terms() }).unwrap();
    let found = suite.adapter(1).latest;
    assert_eq!((found.manifest_digest, found.index), (Some(digest(8)), Some(index)));
    let dimensions = |found| ContractError::IndexDimensions { found, max: 131_071 };
    for (index, refusal) in [
        (Index { root: digest(0), ..index }, ContractError::ZeroDigest { field: "index_root" }),
        (Index { rows: 0, ..index }, ContractError::IndexRows { found: 0, clusters: 1 }),
        (Index { rows: 2, ..index }, ContractError::IndexRows { found: 2, clusters: 1 }),
        (Index { dimensions: 0, ..index }, dimensions(0)),
        (Index { dimensions: 131_072, ..index }, dimensions(131_072)),
    ] {
        assert_eq!(register(&mut suite, Terms { index: Some(index), ..terms() }).unwrap_err(), refusal);
    }
}

#[test]
fn refuses_parameters_outside_their_limits() {
    for bad in [
        Params { max_token_price: Uint128::zero(), ..params() },
        Params { max_token_price: Uint128::new(1_000_000_000_000_001), ..params() },
        Params { max_pause_seconds: Uint64::new(1_209_601), ..params() },
        Params { base_bond: Uint128::new(1_000_000_000_000_001), ..params() },
        Params { adapter_bond: Uint128::new(1_000_000_000_000_001), ..params() },
        Params { min_take_bps: Bps::new(9_001).unwrap(), ..params() },
        Params { rebate_bps: Bps::new(401).unwrap(), ..params() },
        Params { bond_unlock_seconds: Uint64::zero(), ..params() },
        Params { bond_unlock_seconds: Uint64::new(31_536_001), ..params() },
        Params { base_notice_seconds: Uint64::zero(), ..params() },
        Params { base_notice_seconds: Uint64::new(31_536_001), ..params() },
        Params { payout_delay_seconds: Uint64::new(2_592_001), ..params() },
        Params { max_suspension_seconds: Uint64::new(2_592_001), ..params() },
    ] {
        assert!(matches!(Suite::bare(bad), Err(ContractError::Param { .. })));
    }
}
