use cosmwasm_std::{Uint128, Uint64};
use models::{
    msg::{AdapterVersion, ExecuteMsg, QueryMsg, Split},
    split::SplitError,
    ContractError,
};

use crate::{
    promote::{serving, waiting},
    suite::{digest, index, is_unauthorized, publish_msg, split, terms, Suite, Terms},
};

fn set(prompt: Option<u128>, response: Option<u128>, split: Option<Split>) -> ExecuteMsg {
    ExecuteMsg::SetTerms {
        adapter_id: Uint64::one(),
        prompt_price: prompt.map(Uint128::new),
        response_price: response.map(Uint128::new),
        split,
    }
}

fn version(suite: &Suite, version: u32) -> AdapterVersion {
    suite.query(&QueryMsg::AdapterVersion { id: Uint64::one(), version }).unwrap()
}

#[test]
fn repeats_the_served_content_under_the_next_number() {
    let mut suite = waiting();
    suite
        .exec("dave", publish_msg(1, Terms { weights_digest: digest(0xa3), index: Some(index()), ..terms() }))
        .unwrap();
    let before = [1, 2, 3].map(|number| version(&suite, number));
    suite.wait(5);
    suite.exec("dave", set(None, Some(77), None)).unwrap();
    let expected = AdapterVersion {
        version: 4,
        response_price: Uint128::new(77),
        published_at: Uint64::new(suite.now()),
        ..before[2].clone()
    };
    assert_eq!(suite.adapter(1).serving, expected);
    assert_eq!(serving(&suite), (4, Some(3)));
    assert_eq!([1, 2, 3].map(|number| version(&suite, number)), before);
}

#[test]
fn what_was_rolled_back_does_not_return_with_new_prices() {
    let mut suite = waiting();
    suite.publish_datanet_version(2);
    suite.exec("dave", publish_msg(1, Terms { datanet_version: 2, weights_digest: digest(0xa3), ..terms() })).unwrap();
    suite.exec("dave", ExecuteMsg::Rollback { adapter_id: Uint64::one() }).unwrap();
    suite.exec("dave", set(Some(1), Some(2), Some(split([9_600, 0, 0, 0, 400])))).unwrap();
    let found = suite.adapter(1).serving;
    assert_eq!((found.version, found.datanet_version, found.weights_digest), (4, 1, digest(0xa0)));
    assert_eq!((found.prompt_price.u128(), found.response_price.u128()), (1, 2));
}

#[test]
fn refuses_what_is_no_change_and_what_is_out_of_bounds() {
    let mut suite = waiting();
    for same in [set(None, None, None), set(Some(10), Some(30), Some(terms().split))] {
        assert_eq!(suite.refused("dave", same).unwrap_err(), ContractError::NothingNew { latest: 1 });
    }
    assert!(matches!(suite.refused("dave", set(Some(1_000_001), None, None)), Err(ContractError::Price { .. })));
    let bad = set(None, None, Some(split([999, 9_001, 0, 0, 0])));
    assert_eq!(suite.refused("dave", bad).unwrap_err(), SplitError::Contributors { found: 999 }.into());
    for who in ["carol", "admin"] {
        assert!(is_unauthorized(suite.refused(who, set(Some(1), None, None))), "{who}");
    }
    suite.exec("dave", ExecuteMsg::Retire { adapter_id: Uint64::one() }).unwrap();
    assert_eq!(suite.refused("dave", set(Some(1), None, None)).unwrap_err(), ContractError::Retired { id: 1 });
}
