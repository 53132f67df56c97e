//! The chain client against the simulation, over real sockets.

mod common;

use common::{DENOM, RICH, connect, key, rich, same, token, token_balance, transfer};
use cosmwasm_std::Coin;
use openledger_chain::ChainError;

#[tokio::test]
async fn stores_instantiates_executes_and_queries() {
    let (devnet, signer) = rich().await;
    let client = signer.client().clone();
    assert!(client.chain_id().contains("sim"));
    let token = token(&signer).await;
    let friend = key();
    let outcome = signer.execute(&token, &transfer(friend.address(), 250), vec![]).await.expect("the transfer works");
    assert_eq!(token_balance(&client, &token, friend.address()).await, 250);
    assert_eq!(outcome.attribute("wasm", "action"), Some("transfer"));
    assert_eq!(outcome.attribute("wasm", "_contract_address"), Some(token.as_str()));
    assert_eq!(outcome.attribute("message", "sender"), Some(signer.address()));
    assert_eq!(outcome.events_of(&token).count(), 2);
    let info = client.contract_info(&token).await.expect("known");
    assert_eq!(info.admin, signer.address());
    assert_eq!(client.code_info(1).await.expect("known").creator, signer.address());
    devnet.shutdown().await;
}

#[tokio::test]
async fn a_contract_refusal_reaches_the_caller_and_costs_nothing() {
    let (devnet, signer) = rich().await;
    let token = token(&signer).await;
    let before = signer.client().balance(signer.address(), DENOM).await.expect("known");
    let error =
        signer.execute(&token, &transfer(signer.address(), 2_000_000), vec![]).await.expect_err("more than there is");
    assert!(matches!(error, ChainError::SimulationFailed { .. }), "{error}");
    let after = signer.client().balance(signer.address(), DENOM).await.expect("known");
    assert_eq!(before, after, "an estimate is free");
    devnet.shutdown().await;
}

#[tokio::test]
async fn many_calls_happen_together_or_not_at_all() {
    let (devnet, signer) = rich().await;
    let token = token(&signer).await;
    let friend = key();
    let good = [
        (token.as_str(), transfer(friend.address(), 1), vec![]),
        (token.as_str(), transfer(friend.address(), 2), vec![]),
    ];
    signer.execute_many(&good).await.expect("both work");
    let bad = [
        (token.as_str(), transfer(friend.address(), 4), vec![]),
        (token.as_str(), transfer(friend.address(), 2_000_000), vec![]),
    ];
    signer.execute_many(&bad).await.expect_err("the second fails");
    assert_eq!(token_balance(signer.client(), &token, friend.address()).await, 3);
    devnet.shutdown().await;
}

#[tokio::test]
async fn tasks_share_a_signer_and_a_second_client_with_the_same_key_recovers() {
    let (devnet, signer) = rich().await;
    let twin = connect(&devnet).await.signer(same(signer.key()));
    let friend = key();
    let coins = |amount: u128| vec![Coin::new(amount, DENOM)];
    twin.send(friend.address(), coins(1)).await.expect("fresh sequence");
    let sends = (0..8u32).map(|_| {
        let signer = signer.clone();
        let to = friend.address().to_owned();
        tokio::spawn(async move { signer.send(&to, vec![Coin::new(1u128, DENOM)]).await })
    });
    for send in sends.collect::<Vec<_>>() {
        send.await.expect("no panic").expect("included");
    }
    // The twin still remembers the sequence before these eight.
    twin.send(friend.address(), coins(1)).await.expect("asks again once");
    let balance = signer.client().balance(friend.address(), DENOM).await.expect("known");
    assert_eq!(balance.amount.u128(), 10);
    let rest = signer.client().balance(signer.address(), DENOM).await.expect("known");
    assert!(rest.amount.u128() < RICH - 10, "fees were paid");
    devnet.shutdown().await;
}

#[tokio::test]
async fn the_clock_moves_and_clients_see_it() {
    let (devnet, signer) = rich().await;
    let before = signer.client().latest_block().await.expect("a block");
    let (height, time) = devnet.advance_time(86_400).await.expect("moves");
    let after = signer
        .client()
        .wait_until_time(before.seconds() + 86_400, std::time::Duration::from_secs(1))
        .await
        .expect("reached");
    assert!(after.height >= height && height > before.height);
    assert!(time >= before.seconds() + 86_400);
    let error = signer
        .client()
        .wait_until_time(time + 10_000, std::time::Duration::from_millis(50))
        .await
        .expect_err("far away");
    assert_eq!(error.code(), "CHAIN_TIME_NOT_REACHED");
    let error = devnet.advance_time(u64::MAX).await.expect_err("too far");
    assert_eq!(error.code(), "DEVNET_CLOCK");
    devnet.shutdown().await;
}

#[tokio::test]
async fn an_unknown_account_and_a_dead_address_are_told_apart() {
    let (devnet, signer) = rich().await;
    let stranger = signer.client().signer(key());
    let error = stranger.send(signer.address(), vec![Coin::new(1u128, DENOM)]).await.expect_err("never paid");
    assert_eq!(error.code(), "CHAIN_UNKNOWN_ACCOUNT");
    let url = devnet.grpc_url();
    devnet.shutdown().await;
    let error = openledger_chain::ChainClient::connect(&url).await.expect_err("gone");
    assert_eq!(error.code(), "CHAIN_UNREACHABLE");
}
