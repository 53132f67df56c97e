//! Tables that must not change by accident. Update with `GOLDIE_UPDATE=1` and review the difference.

use cosmwasm_std::{Addr, Uint128, Uint64};
use models::{
    events::Event,
    msg::{Adapter, AdapterVersion, Base, Bond, Bonded, ExecuteMsg, Index, Payout},
};
use openledger_contract_kit::{event::Event as _, permission};

use crate::suite::{digest, good_split, params};

#[test]
fn permissions() {
    goldie::assert!(permission::table::<ExecuteMsg>());
}

#[test]
fn events() {
    let (alice, bob) = (Addr::unchecked("wasm1alice"), Addr::unchecked("wasm1bob"));
    let (one, end) = (Uint64::one(), Uint64::new(1_700_000_000));
    let params = params();
    let base = Base {
        id: one,
        registrant: alice.clone(),
        name: "tiny-llama".try_into().unwrap(),
        digest: digest(1),
        tokenizer_digest: digest(2),
        architecture: "LlamaForCausalLM".try_into().unwrap(),
        licence: "Apache-2.0".try_into().unwrap(),
        registered_at: end,
        shared: false,
        leaves_at: None,
    };
    let bond = Bond { amount: Uint128::new(500), rebate: params.rebate_bps, unlocks_at: None };
    let adapter = Adapter {
        id: one,
        developer: bob.clone(),
        proposed: None,
        payout: Payout { account: bob.clone(), next: None },
        base_id: one,
        name: "words-lora".try_into().unwrap(),
        licence: "CC-BY-4.0".try_into().unwrap(),
        datanet_id: one,
        latest_version: 1,
        serving_version: 1,
        previous_version: None,
        retired: false,
        suspension: None,
        earned: Uint128::zero(),
        registered_at: end,
    };
    let version = AdapterVersion {
        adapter_id: one,
        version: 1,
        datanet_version: 4,
        weights_digest: digest(3),
        family_digest: digest(4),
        manifest_digest: Some(digest(5)),
        transcript_root: None,
        index: Some(Index { root: digest(6), rows: 7, dimensions: 64 }),
        prompt_price: Uint128::new(10),
        response_price: Uint128::new(30),
        split: good_split(),
        published_at: end,
    };
    let all = [
        Event::Instantiated { owner: &alice, datanets: &bob, token: &alice, params: &params },
        Event::BaseRegistered(&base),
        Event::BaseListed { id: 1, shared: true },
        Event::BaseWithdrawn { id: 1, leaves_at: end },
        Event::BondPaid { bonded: Bonded::Base(one), from: &alice, bond: &bond },
        Event::BondReleased { bonded: Bonded::Adapter(one), unlocks_at: end },
        Event::BondUnlocked { bonded: Bonded::Adapter(one), account: &bob, amount: Uint128::new(400) },
        Event::AdapterRegistered(&adapter),
        Event::AdapterVersionPublished(&version),
        Event::AdapterPromoted { id: 1, version: 2, previous: Some(1) },
        Event::DeveloperProposed { id: 1, account: &alice, expires_at: end },
        Event::DeveloperChanged { id: 1, from: &bob, to: &alice },
        Event::PayoutSet { id: 1, account: &alice, from: end },
        Event::AdapterSuspended { id: 1, from: one, until: end },
        Event::AdapterResumed { id: 1, at: end },
        Event::IncomePaid {
            id: 1,
            from: &alice,
            account: &bob,
            amount: Uint128::new(1_000),
            rebate: Uint128::new(30),
            usage: true,
        },
        Event::SettlementSet { settlement: &alice },
        Event::AdapterRetired { id: 1 },
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
