//! Tables that must not change by accident. Update with `GOLDIE_UPDATE=1` and review the difference.

use cosmwasm_std::{Addr, Uint128, Uint64};
use datanets::{
    events::{ErasureEvent, Event, IdentityEvent, MoneyEvent, ReviewEvent, SharesEvent},
    msg::{
        Ballot, Change, Commitment, Contribution, DatanetResponse, Erasure, ExecuteMsg, IdentityResponse, Membership,
        Reason, Status, Version,
    },
};
use openledger_contract_kit::{event::Event as _, ownership::Ownership, permission, Bps};

use crate::suite::{digest, params};

#[test]
fn permissions() {
    goldie::assert!(permission::table::<ExecuteMsg>());
}

#[test]
fn events() {
    let (alice, bob) = (Addr::unchecked("wasm1alice"), Addr::unchecked("wasm1bob"));
    let (one, end) = (Uint64::one(), Uint64::new(1_700_000_000));
    let params = params();
    let datanet = DatanetResponse {
        datanet_id: one,
        name: "Speeches".try_into().unwrap(),
        description: "Yearly speeches".try_into().unwrap(),
        licence: "CC0-1.0".try_into().unwrap(),
        commons: bob.clone(),
        membership: Membership::Approval,
        ownership: Ownership::new(alice.clone()),
        curators: vec![],
        contributions: Uint64::zero(),
        clusters: 0,
        latest_version: 0,
        commit_reveal: true,
        review: Some(crate::votes::terms()),
        bond: Uint128::new(5),
        shares: None,
        retired: false,
        created_at: end,
    };
    let contribution = Contribution {
        datanet_id: one,
        contribution_id: Uint64::new(7),
        contributor: bob.clone(),
        identity_id: Uint64::new(3),
        rows_root: digest(1),
        rows: 10,
        media_type: "text/plain".try_into().unwrap(),
        manifest: digest(2),
        status: Status::Pending {},
        deposit: Uint128::new(9),
        precedence: Uint64::new(11),
        offered_at: end,
    };
    let commitment = Commitment { commitment: digest(3), precedence: one, height: one, expires_at: end };
    let version = Version {
        datanet_id: one,
        version: 3,
        content_root: digest(4),
        cluster_root: digest(5),
        cluster_table_root: digest(8),
        clusters: 2,
        rows: Uint64::new(20),
        published_by: alice.clone(),
        published_at: end,
    };
    let all = [
        Event::Instantiated { owner: &alice, token: &bob, shares_code_id: Some(end), params: &params },
        Event::Created(&datanet),
        Event::Joined { datanet_id: 1, member: &bob, approved_by: Some(&alice) },
        Event::Joined { datanet_id: 1, member: &bob, approved_by: None },
        Event::Invited { datanet_id: 1, account: &bob, by: &alice },
        Event::Applied { datanet_id: 1, applicant: &bob },
        Event::Committed { datanet_id: 1, member: &bob, commitment: &commitment },
        Event::Contributed(&contribution),
        Event::Accepted { contribution: &contribution, cluster: 0, by: &alice },
        Event::Rejected { contribution: &contribution, reason: Reason::PersonalData, by: &alice },
        Event::Withdrawn(&contribution),
        Event::Retired { datanet_id: 1 },
        Event::ClustersMerged { datanet_id: one, cluster: 3, into: 1 },
        Event::VersionPublished(&version),
        Event::DatanetOwnerProposed { datanet_id: 1, account: &bob, expires_at: end },
        Event::DatanetOwnerChanged { datanet_id: 1, from: &alice, to: &bob },
        Event::CuratorProposed { datanet_id: 1, account: &bob, expires_at: end },
        Event::CuratorAdded { datanet_id: 1, account: &bob },
        Event::CuratorRemoved { datanet_id: 1, account: &bob },
        Event::ParamsUpdated(&params),
        Event::Paused { until: end },
        Event::Unpaused,
        Event::OwnerProposed { account: &bob, expires_at: end },
        Event::OwnerChanged { from: &alice, to: &bob },
        Event::Migrated { from: "0.1.0", to: "0.2.0" },
    ];
    let lines: Vec<String> = all.iter().map(|event| event.line()).collect();
    goldie::assert!(lines.join("\n"));
}

#[test]
fn identity_events() {
    let (alice, bob, carol) =
        (Addr::unchecked("wasm1alice"), Addr::unchecked("wasm1bob"), Addr::unchecked("wasm1carol"));
    let (identity_id, from) = (Uint64::new(3), Uint64::new(1_700_000_000));
    let identity = IdentityResponse {
        identity_id,
        controller: alice.clone(),
        payout: bob.clone(),
        next_payout: None,
        guardians: vec![bob.clone(), carol.clone()],
        threshold: 2,
        approvals: vec![],
        recovery: None,
        created_at: from,
    };
    let recovery = Change { account: carol.clone(), at: from };
    let approved =
        |recovery| IdentityEvent::RecoveryApproved { identity_id, guardian: &bob, controller: &carol, recovery };
    let all = [
        IdentityEvent::Created(&identity),
        IdentityEvent::PayoutOrdered { identity_id, account: &carol, from },
        IdentityEvent::PayoutCancelled { identity_id, payout: &bob },
        IdentityEvent::GuardiansSet(&identity),
        approved(None),
        approved(Some(&recovery)),
        IdentityEvent::RecoveryVetoed { identity_id, controller: &alice },
        IdentityEvent::Recovered { from: &carol, identity: &identity },
    ];
    let lines: Vec<String> = all.iter().map(|event| event.line()).collect();
    goldie::assert!(lines.join("\n"));
}

#[test]
fn money_events() {
    let (alice, bob) = (Addr::unchecked("wasm1alice"), Addr::unchecked("wasm1bob"));
    let (datanet_id, contribution_id, amount) = (Uint64::one(), Uint64::new(7), Uint128::new(500));
    let all = [
        MoneyEvent::Income { datanet_id, from: &alice, to: &bob, amount, usage: true },
        MoneyEvent::DepositReleased { datanet_id, contribution_id, to: Some(&bob), amount },
        MoneyEvent::DepositReleased { datanet_id, contribution_id, to: None, amount },
        MoneyEvent::BondReleased { datanet_id, to: &alice, amount },
        MoneyEvent::SettlementSet { settlement: &alice },
    ];
    let lines: Vec<String> = all.iter().map(|event| event.line()).collect();
    goldie::assert!(lines.join("\n"));
}

#[test]
fn shares_events() {
    let bob = Addr::unchecked("wasm1bob");
    let (datanet_id, fraction) = (1, Bps::new(500).unwrap());
    let poison = |recipient| SharesEvent::PoisonProven {
        datanet_id,
        contribution_id: 7,
        cluster: 2,
        evidence: digest(6),
        fraction,
        recipient,
    };
    let all = [
        SharesEvent::Issued { datanet_id, address: &bob, per_row: Uint128::new(3) },
        SharesEvent::MintFailed { contribution_id: 7, reason: "codespace: wasm, code: 5" },
        SharesEvent::CommonsPartSet { datanet_id, part: fraction },
        poison(None),
        poison(Some(&bob)),
    ];
    let lines: Vec<String> = all.iter().map(|event| event.line()).collect();
    goldie::assert!(lines.join("\n"));
}

#[test]
fn erasure_events() {
    let at = Uint64::new(1_700_000_000);
    let (cluster, last_version) = (2, 3);
    let mut erasure = Erasure {
        contribution_id: Uint64::new(7),
        cluster,
        last_version,
        requested_at: at,
        sunset_at: at,
        confirmed_by: None,
        evidence: None,
    };
    let requested = ErasureEvent::Requested { datanet_id: 1, erasure: &erasure }.line();
    (erasure.confirmed_by, erasure.evidence) = (Some(Addr::unchecked("wasm1bob")), Some(digest(6)));
    let confirmed = ErasureEvent::Confirmed { datanet_id: 1, erasure: &erasure }.line();
    goldie::assert!([requested, confirmed].join("\n"));
}

#[test]
fn review_events() {
    let (alice, bob) = (Addr::unchecked("wasm1alice"), Addr::unchecked("wasm1bob"));
    let (datanet_id, contribution_id, deposit, until) = (1, 7, Uint128::new(30), Uint64::new(1_700_000_000));
    let reject = Ballot::Reject { reason: Reason::Licence };
    let reviewers = &[alice.clone(), bob.clone()];
    let closed = |back| ReviewEvent::AppealClosed { datanet_id, contribution_id, by: &bob, deposit, back };
    let all = [
        ReviewEvent::Bonded { datanet_id, reviewer: &bob, bond: deposit },
        ReviewEvent::Left { datanet_id, reviewer: &bob, back: Uint128::new(27), fine: Uint128::new(3) },
        ReviewEvent::Drawn { datanet_id, contribution_id, reviewers, voting_until: until, appeal: false },
        ReviewEvent::Voted { datanet_id, contribution_id, reviewer: &bob, ballot: Ballot::Accept {} },
        ReviewEvent::Voted { datanet_id, contribution_id, reviewer: &bob, ballot: reject },
        ReviewEvent::Decided { datanet_id, contribution_id, ballot: reject, appeal_until: until },
        ReviewEvent::Appealed { datanet_id, contribution_id, by: &bob, deposit },
        closed(true),
        closed(false),
    ];
    let lines: Vec<String> = all.iter().map(|event| event.line()).collect();
    goldie::assert!(lines.join("\n"));
}
