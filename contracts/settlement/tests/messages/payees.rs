//! Payees that are no accounts: the money goes to whom the registries name when it is claimed.

use cosmwasm_std::{Addr, Uint64};
use cw_multi_test::Executor;
use settlement::{
    msg::{ClaimedResponse, QueryMsg},
    ContractError,
};

use crate::{
    chain::{bare, params, Chain, POWERS},
    registries::Registries,
};

/// Epoch 1 of 600 whose window has passed: 300 for identity 2 (alice), 200 for adapter 1, 90 for Datanet 1, 10 for `other`.
fn earned(other: &str) -> (Chain, Registries) {
    let mut chain = bare();
    let registries = Registries::new(&mut chain);
    chain.models = registries.models.clone();
    chain.settlement = chain.instantiate(params()).unwrap();
    for (number, power) in POWERS.into_iter().enumerate() {
        chain.register(number as u8, power);
    }
    chain.snapshot();
    let session_id = chain.open(0, 1_000);
    let charge = chain.charge(0, session_id, 600, 1);
    chain.submit(1, 600, charge);
    for (payee, amount) in [(alice(&registries), 300), ("adapter:1", 200), ("datanet:1", 90), (other, 10)] {
        chain.credit_to(payee, amount);
    }
    chain.accept(1, &[1]);
    chain.wait(100);
    (chain, registries)
}

fn alice(registries: &Registries) -> &str {
    &registries.payees.contributors[0]
}

fn claim(chain: &mut Chain, payee: &str) {
    let message = chain.claim_of(payee);
    let anyone = chain.account("anyone");
    chain.send(&anyone, &message);
}

fn set_payout(chain: &mut Chain, registries: &Registries, who: &Addr, to: &str) {
    let message = datanets::msg::ExecuteMsg::SetPayout { account: chain.account(to).into_string() };
    chain.app.execute_contract(who.clone(), registries.datanets.clone(), &message, &[]).unwrap();
}

#[test]
fn an_identity_is_paid_at_its_payout_account_of_that_moment() {
    let (mut chain, registries) = earned("identity:1");
    let (controller, new_account) = (chain.account("alice"), chain.account("alice's new account"));
    set_payout(&mut chain, &registries, &controller, "alice's new account");
    chain.wait(2 * 86_400);
    let payee = alice(&registries).to_owned();
    claim(&mut chain, &payee);
    assert_eq!((chain.balance(&controller), chain.balance(&new_account)), (0, 300));
    let claimed: ClaimedResponse = chain.query(&QueryMsg::Claimed { payee: payee.clone() });
    assert_eq!(claimed.claimed.u128(), 300);
    let again = chain.claim_of(&payee);
    let (claimed, cumulative) = (300u128.into(), 300u128.into());
    let anyone = chain.account("anyone");
    let nothing = ContractError::NothingToClaim { payee, claimed, cumulative };
    assert_eq!(chain.refused(&anyone, &again), nothing);
    chain.books();
}

#[test]
fn an_adapters_income_reaches_its_developer_and_counts_as_its_usage() {
    let (mut chain, registries) = earned("identity:1");
    let (owner, settlement) = (chain.owner.clone(), chain.settlement.to_string());
    let name = models::msg::ExecuteMsg::SetSettlement { settlement };
    chain.app.execute_contract(owner, registries.models.clone(), &name, &[]).unwrap();
    claim(&mut chain, "adapter:1");
    assert_eq!(chain.balance(&chain.account("developer")), 200);
    let question = models::msg::QueryMsg::Adapter { id: Uint64::one() };
    let found: models::msg::AdapterResponse = chain.app.wrap().query_wasm_smart(&registries.models, &question).unwrap();
    assert_eq!(found.adapter.earned.u128(), 200);
    chain.books();
}

#[test]
fn a_datanets_income_reaches_its_commons_while_it_has_no_shares() {
    let (mut chain, _) = earned("identity:1");
    claim(&mut chain, "datanet:1");
    assert_eq!(chain.balance(&chain.account("commons")), 90);
    chain.books();
}

#[test]
fn a_payee_that_nobody_knows_is_refused_and_keeps_its_claim() {
    for stranger in ["identity:99", "pool:1", "identity:01"] {
        let (mut chain, _) = earned(stranger);
        let message = chain.claim_of(stranger);
        let anyone = chain.account("anyone");
        let error = chain.refused(&anyone, &message);
        assert!(matches!(&error, ContractError::UnknownPayee { payee, .. } if payee == stranger), "{error}");
    }
    // What the other contract refuses stays unclaimed too.
    for stranger in ["adapter:99", "datanet:99"] {
        let (mut chain, _) = earned(stranger);
        let message = chain.claim_of(stranger);
        let anyone = chain.account("anyone");
        chain.refused_raw(&anyone, &message);
        let claimed: ClaimedResponse = chain.query(&QueryMsg::Claimed { payee: stranger.into() });
        assert_eq!(claimed.claimed.u128(), 0);
        assert_eq!(chain.books()[2], 600);
    }
}
