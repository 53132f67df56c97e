//! The client against a real node. It needs one: `OPENLEDGER_TEST_GRPC` is its gRPC address,
//! `OPENLEDGER_TEST_MNEMONIC` the words of an account with fee coins, `OPENLEDGER_TEST_WASM` the open-token artifact.

use std::{env, fs};

use cosmwasm_std::{Coin, Uint128};
use open_token::msg::{Allocation, ExecuteMsg, InstantiateMsg, TOTAL_SUPPLY};
use openledger_chain::{ChainClient, ChainError, Key, contracts::OpenToken};

#[tokio::test]
#[ignore = "needs a running node"]
async fn stores_instantiates_executes_and_queries() {
    let setting = |name: &str| env::var(name).expect("the environment names a node");
    let client = ChainClient::connect(&setting("OPENLEDGER_TEST_GRPC")).await.expect("answers");
    let key = Key::from_mnemonic("faucet", &setting("OPENLEDGER_TEST_MNEMONIC")).expect("words");
    let signer = client.signer(key);
    let wasm = fs::read(setting("OPENLEDGER_TEST_WASM")).expect("reads");
    let stored = signer.store_code(wasm).await.expect("stored");
    let all = Allocation { address: signer.address().to_owned(), amount: TOTAL_SUPPLY };
    let init = InstantiateMsg { allocations: vec![all], marketing: None };
    let made = signer.instantiate(stored.code_id, "open", &init, Some(signer.address())).await.expect("made");
    let open = OpenToken::new(client.clone(), made.address);
    let friend = Key::generate("friend").expect("randomness");
    let pay =
        |amount: u128| ExecuteMsg::Transfer { recipient: friend.address().to_owned(), amount: Uint128::new(amount) };
    let outcome = open.execute(&signer, &pay(5)).await.expect("paid");
    assert_eq!(outcome.attribute("wasm", "action"), Some("transfer"));
    assert!(outcome.gas_used > 0 && outcome.gas_used <= outcome.gas_wanted);
    let many = [(open.address(), pay(1), vec![]), (open.address(), pay(2), vec![])];
    signer.execute_many(&many).await.expect("both paid");
    let balance = open.balance(friend.address().to_owned()).await.expect("answers");
    assert_eq!(balance.balance.u128(), 8);

    let error = open.execute(&signer, &pay(u128::MAX)).await.expect_err("more than there is");
    assert!(matches!(error, ChainError::SimulationFailed { .. }), "{error}");
    let error = open.balance("nobody".to_owned()).await.expect_err("no address");
    assert!(matches!(error, ChainError::Query { .. }), "{error}");
    let error = client.account(friend.address()).await.expect_err("never paid coins");
    assert!(matches!(error, ChainError::UnknownAccount { .. }), "{error}");
    signer.send(friend.address(), vec![Coin::new(7u128, "ustake")]).await.expect("sent");
    assert_eq!(client.balance(friend.address(), "ustake").await.expect("answers").amount.u128(), 7);

    // A second client with the same key does not know of the first one's next transaction.
    let twin = client.signer(Key::from_mnemonic("twin", signer.key().mnemonic()).expect("words"));
    twin.send(friend.address(), vec![Coin::new(1u128, "ustake")]).await.expect("sent");
    signer.send(friend.address(), vec![Coin::new(1u128, "ustake")]).await.expect("asks again once");
    let before = client.latest_block().await.expect("a block");
    let after =
        client.wait_until_time(before.seconds() + 1, std::time::Duration::from_secs(20)).await.expect("time goes on");
    assert!(after.height >= before.height);
}
