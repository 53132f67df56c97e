use cosmwasm_std::Uint64;
use datanets::{
    client::Datanets,
    msg::{DatanetPowerResponse, ExecuteMsg, Membership, Params, QueryMsg},
};

use crate::suite::{contribute_msg, digest, params, Suite};

fn power(suite: &Suite, who: &str, height: Option<u64>) -> (u128, u128) {
    let client = Datanets::new(&suite.contract, suite.app.wrap());
    let found = client.power_at(1, &suite.account(who), height).unwrap();
    (found.power.u128(), found.total.u128())
}

/// Each offers so many rows and has them accepted, in one block.
fn accept(suite: &mut Suite, offers: &[(&str, u32)]) {
    for (who, count) in offers {
        let number = suite.datanet(1).contributions.u64() + 1;
        let mut msg = contribute_msg(1, digest(number as u8));
        if let ExecuteMsg::Contribute { rows, .. } = &mut msg {
            *rows = *count;
        }
        suite.exec(who, msg).unwrap();
        suite.accept("alice", 1, number).unwrap();
    }
}

fn datanet() -> Suite {
    let mut suite = Suite::with(Params { max_clusters: 20, ..params() }).unwrap();
    suite.create("alice", Membership::Open).unwrap();
    for who in ["bob", "carol", "ann", "ben", "owner"] {
        suite.join(who, 1).unwrap();
    }
    suite
}

#[test]
fn is_that_of_the_start_of_the_height() {
    let mut suite = datanet();
    let start = suite.app.block_info().height;
    accept(&mut suite, &[("bob", 10), ("carol", 90)]);
    assert_eq!(power(&suite, "bob", None), (0, 0), "not yet in the block of the acceptance");
    suite.next_block();
    assert_eq!(power(&suite, "bob", None), (10, 100));
    accept(&mut suite, &[("bob", 5), ("bob", 5)]);
    suite.next_block();
    assert_eq!(power(&suite, "bob", None), (20, 110));
    assert_eq!(power(&suite, "bob", Some(start)), (0, 0));
    assert_eq!(power(&suite, "bob", Some(start + 1)), (10, 100));
    assert_eq!(power(&suite, "bob", Some(start + 2)), (20, 110));
    let msg = QueryMsg::DatanetPowerAt {
        datanet_id: Uint64::one(),
        account: suite.account("bob").into_string(),
        height: Some(Uint64::new(start + 3)),
    };
    assert!(suite.query::<DatanetPowerResponse>(&msg).unwrap_err().contains("ahead"));
}

#[test]
fn nobody_has_more_than_a_fifth() {
    let mut suite = datanet();
    accept(&mut suite, &[("bob", 999), ("carol", 1)]);
    suite.next_block();
    assert_eq!(power(&suite, "bob", None), (200, 1_000));
    assert_eq!(power(&suite, "carol", None), (1, 1_000));
    accept(&mut suite, &[("carol", 999), ("ann", 1_000), ("ben", 1_000), ("owner", 1_000)]);
    suite.next_block();
    let all: u128 = ["bob", "carol", "ann", "ben", "owner"].map(|who| power(&suite, who, None).0).iter().sum();
    assert_eq!(all, 999 + 4 * 999, "five equal identities have it all");
}

#[test]
fn belongs_to_the_identity_and_to_this_datanet() {
    let mut suite = datanet();
    suite.create("alice", Membership::Open).unwrap();
    accept(&mut suite, &[("bob", 10), ("carol", 90)]);
    suite.next_block();
    let client = Datanets::new(&suite.contract, suite.app.wrap());
    assert_eq!(client.power_at(2, &suite.account("bob"), None).unwrap().total.u128(), 0);
    let stranger = client.power_at(1, &suite.account("stranger"), None).unwrap();
    assert_eq!((stranger.power.u128(), stranger.identity_id), (0, None));
    let identity_id = client.power_at(1, &suite.account("bob"), None).unwrap().identity_id.unwrap();

    let guardians = vec![suite.account("guard").into_string()];
    suite.exec("bob", ExecuteMsg::SetGuardians { guardians, threshold: 1 }).unwrap();
    let controller = suite.account("fresh").into_string();
    suite.exec("guard", ExecuteMsg::ApproveRecovery { identity_id, controller }).unwrap();
    suite.wait(80);
    suite.exec("guard", ExecuteMsg::FinishRecovery { identity_id }).unwrap();
    assert_eq!((power(&suite, "bob", None), power(&suite, "fresh", None)), ((0, 100), (10, 100)));
}
