//! The table of licences, as a table of cases, and at the two messages that ask it.

use models::{
    licence::{check, check_own, check_source},
    msg::ExecuteMsg,
    ContractError,
};
use proptest::prelude::*;

use crate::suite::{base_msg, digest, register_msg, terms, Suite};

/// Source, adapter, and the words that a refusal must have; empty when it passes.
const CASES: &[(&str, &str, &str)] = &[
    // What the examples use.
    ("CC0-1.0 AND PDDL-1.0", "CC0-1.0 AND PDDL-1.0", ""),
    ("LicenseRef-WordNet-3.0", "LicenseRef-WordNet-3.0", ""),
    ("Apache-2.0", "LicenseRef-WordNet-3.0", ""),
    // At most a notice.
    ("CC-BY-4.0", "MIT", ""),
    ("cc-by-4.0", "mit", ""),
    ("(MIT AND (BSD-3-Clause))", "LicenseRef-closed", ""),
    // No commerce, no derivatives.
    ("CC-BY-NC-4.0", "CC-BY-NC-4.0", "CC-BY-NC-4.0 forbids commercial use"),
    ("CC-BY-NC-SA-4.0", "CC-BY-NC-SA-4.0", "forbids commercial use"),
    ("CC-BY-NC-ND-4.0", "MIT", "forbids commercial use"),
    ("CC-BY-ND-4.0", "MIT", "CC-BY-ND-4.0 forbids derivatives"),
    ("MIT AND CC-BY-ND-4.0", "MIT", "forbids derivatives"),
    // A choice is taken, and its first refusal told.
    ("CC-BY-NC-4.0 OR MIT", "MIT", ""),
    ("CC-BY-NC-4.0 OR CC-BY-ND-4.0", "MIT", "forbids commercial use"),
    ("(CC-BY-NC-4.0 OR MIT) AND CC-BY-ND-3.0", "MIT", "forbids derivatives"),
    // The same licence again.
    ("CC-BY-SA-4.0", "CC-BY-SA-4.0", ""),
    ("CC-BY-SA-4.0", "CC-BY-4.0", "license the adapter as CC-BY-SA-4.0 or GPL-3.0-only"),
    ("CC-BY-SA-3.0", "CC-BY-SA-4.0", ""),
    ("CC-BY-SA-4.0", "CC-BY-SA-3.0", "the same licence again"),
    ("CC-BY-SA-4.0", "CC-BY-SA-4.0 AND MIT", ""),
    ("CC-BY-SA-4.0", "CC-BY-SA-4.0 OR MIT", "the same licence again"),
    ("CC-BY-SA-4.0", "CC-BY-SA-4.0 OR GPL-3.0-only", ""),
    ("CC-BY-SA-4.0 OR CC-BY-4.0", "MIT", ""),
    ("GPL-2.0-or-later", "GPL-3.0-only", ""),
    ("GPL-2.0-only", "GPL-3.0-only", "the same licence again"),
    ("GPL-3.0-only WITH Classpath-exception-2.0", "GPL-3.0-only", ""),
    ("ODbL-1.0", "LicenseRef-closed", "license the adapter as ODbL-1.0"),
    ("CC-BY-SA-4.0 AND ODbL-1.0", "CC-BY-SA-4.0 AND ODbL-1.0", ""),
    // Not known, not an expression.
    ("CC-BY-9.0", "MIT", "CC-BY-9.0 is not known here"),
    ("proprietary", "MIT", "proprietary is not known here"),
    ("", "MIT", "not an SPDX expression"),
    ("MIT OR", "MIT", "not an SPDX expression"),
    ("OR MIT", "MIT", "not an SPDX expression"),
    ("MIT Apache-2.0", "MIT", "not an SPDX expression"),
    ("(MIT", "MIT", "not an SPDX expression"),
    ("MIT)", "MIT", "not an SPDX expression"),
    ("()", "MIT", "not an SPDX expression"),
    ("MIT WITH", "MIT", "not an SPDX expression"),
    ("MIT WITH AND", "MIT", "not an SPDX expression"),
    ("MIT/Apache-2.0", "MIT", "not an SPDX expression"),
    ("MIT", "ü", "not an SPDX expression"),
];

#[test]
fn the_table_says_what_may_be_built_on() {
    for (source, adapter, refusal) in CASES {
        match check(source, adapter) {
            Ok(()) => assert_eq!(*refusal, "", "{source} -> {adapter} passes"),
            Err(error) => {
                assert!(!refusal.is_empty() && error.to_string().contains(refusal), "{source} -> {adapter}: {error}");
            }
        }
    }
}

#[test]
fn an_adapter_s_own_licence_may_forbid_what_it_likes() {
    for good in ["CC-BY-NC-4.0", "CC-BY-ND-4.0 OR MIT", "LicenseRef-closed"] {
        assert_eq!(check_own(good), Ok(()));
    }
    for bad in ["MIT OR proprietary", "MIT AND (closed)", "MIT OR"] {
        assert!(check_own(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_base_model_that_nobody_may_sell_answers_of_is_refused() {
    let mut suite = Suite::new();
    let with = |licence: &str| {
        let mut msg = base_msg(digest(9));
        if let ExecuteMsg::RegisterBase { licence: field, .. } = &mut msg {
            *field = licence.try_into().unwrap();
        }
        msg
    };
    let error = suite.refused("erin", with("CC-BY-NC-4.0")).unwrap_err();
    assert!(matches!(error, ContractError::Licence { of: "base model", .. }), "{error}");
    suite.exec("erin", with("GPL-3.0-only")).unwrap();
    // Its own licence is passed on: the Datanet's alone will not do.
    let error = suite.refused("erin", register_msg(2, 1, terms())).unwrap_err();
    assert!(error.to_string().contains("license the adapter as GPL-3.0-only"), "{error}");
    suite.exec("erin", licensed(2, 1, Some("GPL-3.0-only"))).unwrap();
    assert_eq!(suite.adapter(1).adapter.licence.as_str(), "GPL-3.0-only");
}

#[test]
fn an_adapter_takes_the_datanet_s_licence_unless_it_names_its_own() {
    let mut suite = Suite::new();
    for (at, licence) in ["CC-BY-SA-4.0", "CC-BY-NC-4.0", "unheard-of"].into_iter().enumerate() {
        suite.create_datanet(licence);
        suite.publish_version_of(at as u64 + 2, 1);
    }
    suite.exec("dave", register_msg(1, 2, terms())).unwrap();
    assert_eq!(suite.adapter(1).adapter.licence.as_str(), "CC-BY-SA-4.0");
    suite.exec("dave", licensed(1, 1, Some("LicenseRef-closed"))).unwrap();
    for (datanet, licence, of) in [
        (2, Some("LicenseRef-closed"), "Datanet"),
        (2, Some("closed"), "adapter"),
        (3, Some("MIT"), "Datanet"),
        (4, Some("MIT"), "Datanet"),
        (4, None, "adapter"),
    ] {
        let error = suite.refused("dave", licensed(1, datanet, licence)).unwrap_err();
        assert!(matches!(error, ContractError::Licence { of: found, .. } if found == of), "{error}");
    }
}

fn licensed(base_id: u64, datanet_id: u64, chosen: Option<&str>) -> ExecuteMsg {
    let mut msg = register_msg(base_id, datanet_id, terms());
    if let ExecuteMsg::RegisterAdapter { licence, .. } = &mut msg {
        *licence = chosen.map(|text| text.try_into().unwrap());
    }
    msg
}

/// Words of expressions in any order; most are not well formed.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec!["MIT", "CC-BY-NC-4.0", "CC-BY-SA-4.0", "AND", "OR", "WITH", "(", ")", "ü"]);
    prop::collection::vec(word, 0..12).prop_map(|words| words.join(" "))
}

/// Well formed expressions.
fn expression() -> impl Strategy<Value = String> {
    let id =
        prop::sample::select(vec!["MIT", "CC-BY-4.0", "CC-BY-SA-4.0", "GPL-3.0-only", "LicenseRef-x", "CC-BY-ND-4.0"]);
    id.prop_map(str::to_owned).prop_recursive(4, 16, 2, |inner| {
        (inner.clone(), prop::sample::select(vec!["AND", "OR"]), inner)
            .prop_map(|(left, operator, right)| format!("({left} {operator} {right})"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(source in prop_oneof![words(), any::<String>()], adapter in words()) {
        if check(&source, &adapter).is_ok() {
            prop_assert_eq!(check_source(&source), Ok(()));
            prop_assert_eq!(check_own(&adapter), Ok(()));
        }
    }

    #[test]
    fn a_choice_is_never_worse_and_a_sum_never_better(a in expression(), b in expression(), adapter in expression()) {
        let (left, right) = (check(&a, &adapter).is_ok(), check(&b, &adapter).is_ok());
        prop_assert_eq!(check(&format!("{a} OR {b}"), &adapter).is_ok(), left || right);
        prop_assert_eq!(check(&format!("{a} AND {b}"), &adapter).is_ok(), left && right);
    }

    #[test]
    fn what_an_adapter_offers_as_a_choice_must_do_alone(a in expression(), b in expression(), source in expression()) {
        if check(&source, &format!("{a} OR {b}")).is_ok() {
            prop_assert!(check(&source, &a).is_ok() && check(&source, &b).is_ok());
        }
    }
}
