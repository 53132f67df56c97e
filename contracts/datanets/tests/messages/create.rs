use datanets::{
    msg::{ExecuteMsg, Membership, Standing},
    ContractError,
};

use crate::suite::{create_msg, params, Suite};

#[test]
fn ids_start_at_one_and_the_creator_owns_and_belongs() {
    let mut suite = Suite::new();
    assert_eq!(suite.create("alice", Membership::Open).unwrap(), 1);
    assert_eq!(suite.create("bob", Membership::Approval).unwrap(), 2);

    let datanet = suite.datanet(1);
    assert_eq!(datanet.ownership.owner, suite.account("alice"));
    assert_eq!(datanet.commons, suite.account("commons"));
    assert_eq!((datanet.clusters, datanet.latest_version), (0, 0));
    assert_eq!(datanet.created_at.u64(), suite.now());
    assert_eq!(crate::join::standing(&suite, 1, "alice"), Standing::Member);
}

#[test]
fn refuses_bad_licence_commons_and_text() {
    let mut suite = Suite::new();
    let commons = suite.account("commons");

    let mut msg = create_msg(commons.as_str(), Membership::Open);
    if let ExecuteMsg::Create { licence, .. } = &mut msg {
        *licence = "all rights: reserved!".try_into().unwrap();
    }
    assert!(matches!(suite.exec("alice", msg), Err(ContractError::Licence { .. })));

    let msg = create_msg("cosmos1notours", Membership::Open);
    assert!(matches!(suite.exec("alice", msg), Err(ContractError::Std(_))));

    let json = cosmwasm_std::to_json_string(&create_msg(commons.as_str(), Membership::Open)).unwrap();
    for (good, bad) in [("Speeches", ""), ("Speeches", "a\\u0007b"), ("\"open\"", "\"everyone\"")] {
        let broken = json.replacen(good, bad, 1);
        assert!(cosmwasm_std::from_json::<ExecuteMsg>(&broken).is_err(), "{broken}");
    }
    assert!(suite.create("alice", Membership::Open).unwrap() == 1, "refusals used no id");
}

#[test]
fn refuses_parameters_outside_their_limits() {
    for change in [
        |p: &mut datanets::msg::Params| p.max_clusters = 257,
        |p: &mut datanets::msg::Params| p.max_clusters = 0,
        |p: &mut datanets::msg::Params| p.max_rows = 0,
        |p: &mut datanets::msg::Params| p.max_pending = 65,
        |p: &mut datanets::msg::Params| p.max_pause_seconds = cosmwasm_std::Uint64::new(1_209_601),
    ] {
        let mut bad = params();
        change(&mut bad);
        assert!(matches!(Suite::with(bad), Err(ContractError::Param { .. })));
    }
}
