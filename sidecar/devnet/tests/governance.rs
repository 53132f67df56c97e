//! What a chain's governance could do, tried before anybody votes.

mod common;

use common::rich;
use cosmwasm_std::{Uint64, Uint128};
use models::msg::{Bps, ConfigResponse, InstantiateMsg, Params, QueryMsg};
use openledger_chain::{ChainError, GovMessage, gov_authority};
use serde_json::json;

#[tokio::test]
async fn proposals_are_tried_without_a_signature_and_change_nothing() {
    let (devnet, signer) = rich().await;
    let stored = signer.store_code(b"native:models".to_vec()).await.expect("stored");
    let params = Params {
        max_pause_seconds: Uint64::new(3_600),
        max_token_price: Uint128::new(1_000),
        base_bond: Uint128::zero(),
        adapter_bond: Uint128::zero(),
        rebate_bps: Bps::ZERO,
        min_take_bps: Bps::ZERO,
        bond_unlock_seconds: Uint64::new(60),
        base_notice_seconds: Uint64::new(60),
        payout_delay_seconds: Uint64::zero(),
        max_suspension_seconds: Uint64::zero(),
    };
    let init = InstantiateMsg {
        owner: signer.address().into(),
        datanets: signer.address().into(),
        token: signer.address().into(),
        params: params.clone(),
    };
    let gov = gov_authority().expect("fixed");
    let made = signer.instantiate(stored.code_id, "models", &init, Some(&gov)).await.expect("made");
    let contract = made.address;
    let client = signer.client();
    let sudo = |msg| GovMessage::Sudo { contract: contract.clone(), msg };

    let raised = Params { max_token_price: Uint128::new(2_000), ..params.clone() };
    let good = sudo(json!({ "update_params": { "params": raised } }));
    assert!(client.simulate_governance(std::slice::from_ref(&good)).await.expect("would succeed") > Some(0));
    let config: ConfigResponse = client.query_smart(&contract, &QueryMsg::Config {}).await.expect("answers");
    assert_eq!(config.params, params);

    let absurd = Params { max_token_price: Uint128::zero(), ..params };
    for (message, part) in [
        (sudo(json!({ "update_params": { "params": absurd } })), "max_token_price"),
        (sudo(json!({ "mint": {} })), "unknown variant"),
        (GovMessage::Execute { contract: contract.clone(), msg: json!({ "unpause": {} }) }, "owner"),
        (GovMessage::Migrate { contract: contract.clone(), code_id: 99, msg: json!({}) }, "code"),
        (GovMessage::Sudo { contract: gov, msg: json!({}) }, "contract"),
    ] {
        let error = client.simulate_governance(&[good.clone(), message]).await.expect_err(part);
        assert!(matches!(&error, ChainError::SimulationFailed { log } if log.contains(part)), "{error}");
    }
    devnet.shutdown().await;
}
