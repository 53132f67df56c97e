use cosmwasm_std::Uint64;
use datanets::{
    msg::{ExecuteMsg, Membership, Status},
    ContractError,
};

use crate::suite::{contribute_msg, digest, is_unauthorized, Suite};

#[test]
fn ids_are_per_datanet_and_start_pending() {
    let mut suite = Suite::new();
    let (a, b) = (suite.create("alice", Membership::Open).unwrap(), suite.create("alice", Membership::Open).unwrap());
    suite.contribute("alice", a, digest(1)).unwrap();
    suite.contribute("alice", a, digest(2)).unwrap();
    suite.contribute("alice", b, digest(1)).unwrap();
    let contribution = suite.contribution(a, 2);
    assert_eq!(contribution.status, Status::Pending {});
    assert_eq!(contribution.contributor, suite.account("alice"));
    assert_eq!(contribution.rows_root, digest(2));
    assert_eq!(suite.contribution(b, 1).rows, 10);
}

#[test]
fn refuses_strangers_and_rows_already_offered() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    assert!(is_unauthorized(suite.contribute("bob", id, digest(1))));
    suite.join("bob", id).unwrap();
    suite.contribute("alice", id, digest(1)).unwrap();
    assert_eq!(
        suite.contribute("bob", id, digest(1)).unwrap_err(),
        ContractError::RowsKnown { rows_root: digest(1), contribution_id: 1 }
    );
}

#[test]
fn bounds_rows_digests_and_media_types() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    let mut with = |change: fn(&mut ExecuteMsg)| {
        let mut msg = contribute_msg(id, digest(1));
        change(&mut msg);
        suite.exec("alice", msg).unwrap_err()
    };
    fn set_rows(msg: &mut ExecuteMsg, value: u32) {
        if let ExecuteMsg::Contribute { rows, .. } = msg {
            *rows = value;
        }
    }
    assert_eq!(with(|msg| set_rows(msg, 0)), ContractError::Rows { found: 0, max: 1_000 });
    assert_eq!(with(|msg| set_rows(msg, 1_001)), ContractError::Rows { found: 1_001, max: 1_000 });
    let error = with(|msg| {
        if let ExecuteMsg::Contribute { rows_root, .. } = msg {
            *rows_root = digest(0);
        }
    });
    assert_eq!(error, ContractError::ZeroDigest { field: "rows_root" });
    let error = with(|msg| {
        if let ExecuteMsg::Contribute { media_type, .. } = msg {
            *media_type = "parquet".try_into().unwrap();
        }
    });
    assert!(matches!(error, ContractError::MediaType { .. }));
    assert_eq!(suite.datanet(id).contributions, Uint64::zero());
}

#[test]
fn undecided_contributions_of_a_member_are_bounded() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    for byte in 1..=3 {
        suite.contribute("alice", id, digest(byte)).unwrap();
    }
    assert_eq!(
        suite.contribute("alice", id, digest(4)).unwrap_err(),
        ContractError::TooManyPending { found: 3, max: 3 }
    );
    suite.accept("alice", id, 2).unwrap();
    suite.contribute("alice", id, digest(4)).unwrap();
}

#[test]
fn refuses_messages_that_do_not_parse() {
    let json = cosmwasm_std::to_json_string(&contribute_msg(1, digest(0xab))).unwrap();
    let root = digest(0xab).to_string();
    for bad in [root.to_uppercase(), root[2..].to_owned(), format!("0x{}", &root[2..]), format!("{root}00")] {
        assert!(cosmwasm_std::from_json::<ExecuteMsg>(json.replacen(&root, &bad, 1)).is_err(), "{bad}");
    }
    let unknown_field = json.replacen("\"rows\"", "\"rowz\"", 1);
    assert!(cosmwasm_std::from_json::<ExecuteMsg>(unknown_field).is_err());
}
