//! The client against a real node. It needs one: `OPENLEDGER_TEST_GRPC` is its gRPC address,
//! `OPENLEDGER_TEST_MNEMONIC` the words of an account with fee coins, `OPENLEDGER_TEST_WASM` the open-token artifact.

use std::{env, fs, time::Duration};

use cosmwasm_std::{Coin, Uint128};
use open_token::msg::{Allocation, ExecuteMsg, InstantiateMsg, TOTAL_SUPPLY};
use openledger_chain::{
    ChainClient, ChainConfig, ChainError, Key, RemoteKey, SignPolicy, Signer, SignerServer, Token,
    authz::{Authorization, Calls, EXECUTE_CONTRACT, Filter, Limit},
    contracts::OpenToken,
    events::{EventFilter, EventStream, StreamConfig, Update},
    feegrant::{Allowance, Spending},
};
use serde_json::json;

fn setting(name: &str) -> String {
    env::var(name).expect("the environment names a node")
}

async fn faucet(config: ChainConfig) -> Signer {
    let client = ChainClient::connect_with(&setting("OPENLEDGER_TEST_GRPC"), config).await.expect("answers");
    client.signer(Key::from_mnemonic("faucet", &setting("OPENLEDGER_TEST_MNEMONIC")).expect("words"))
}

async fn token(signer: &Signer) -> OpenToken {
    let wasm = fs::read(setting("OPENLEDGER_TEST_WASM")).expect("reads");
    let stored = signer.store_code(wasm).await.expect("stored");
    let all = Allocation::new(signer.address(), TOTAL_SUPPLY);
    let init = InstantiateMsg { allocations: vec![all], marketing: None, vesting: None };
    let made = signer.instantiate(stored.code_id, "open", &init, Some(signer.address())).await.expect("made");
    OpenToken::new(signer.client().clone(), made.address)
}

#[tokio::test]
#[ignore = "needs a running node"]
async fn allowances_authorizations_a_remote_signer_and_events() {
    let config = ChainConfig { timeout_blocks: Some(50), ..ChainConfig::default() };
    let cold = faucet(config).await;
    let client = cold.client().clone();
    let open = token(&cold).await;
    let filter = EventFilter::contracts([open.address()]);
    let mut events =
        EventStream::from_now(client.clone(), filter, StreamConfig::default()).await.expect("a latest block");

    // An account with a coin and no more: its fees come from the allowance, and its calls are the cold account's.
    let key = Key::generate("hot").expect("randomness");
    let hot_address = key.address().to_owned();
    cold.send(&hot_address, vec![Coin::new(1u128, "ustake")]).await.expect("sent");
    let spending = Spending { limit: vec![Coin::new(1_000_000u128, "ustake")], expires_at: None };
    let exec = "/cosmos.authz.v1beta1.MsgExec";
    let allowance = Allowance::Basic(spending).for_messages([exec]);
    cold.grant_allowance(&hot_address, &allowance).await.expect("granted");
    let periodic = Allowance::Periodic {
        total: Spending::default(),
        period_s: 3_600,
        per_period: vec![Coin::new(9u128, "ustake")],
    };
    let friend = Key::generate("friend").expect("randomness");
    cold.grant_allowance(friend.address(), &periodic).await.expect("granted");
    let held = client.fee_allowance(cold.address(), friend.address()).await.expect("answers").expect("there is one");
    assert_eq!(held.allowance, periodic);
    assert_eq!(client.fee_allowances(&hot_address).await.expect("answers")[0].allowance, allowance);
    assert!(client.fee_allowances_by(cold.address()).await.expect("answers").len() >= 2);
    assert_eq!(client.fee_allowance(&hot_address, cold.address()).await.expect("answers"), None);

    let calls =
        |limit, filter| Authorization::Contracts(vec![Calls { contract: open.address().to_owned(), limit, filter }]);
    let two = calls(Limit::Calls(2), Filter::Keys(vec!["transfer".to_owned()]));
    let until = client.latest_block().await.expect("a block").seconds() + 3_600;
    cold.grant(&hot_address, &two, Some(until)).await.expect("granted");
    let held = client.authorizations(cold.address(), &hot_address, EXECUTE_CONTRACT).await.expect("answers");
    assert_eq!((&held[0].authorization, held[0].expires_at), (&two, Some(until)));

    // The hot key lies with a signer of its own.
    let mut policy = SignPolicy::calls(client.chain_id(), "ustake", 100_000);
    policy.message_types.insert(exec.to_owned());
    let secret = Token::generate().expect("randomness");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let server = SignerServer::new(key, policy).with_token(secret.clone());
    tokio::spawn(server.serve_tcp(listener, std::future::pending()));
    let remote = RemoteKey::connect(&endpoint, &hot_address, Some(secret)).await.expect("connects");
    let hot = client.signer_with(remote).with_fee_granter(cold.address()).expect("an address");

    let pay = |amount: &str| json!({"transfer": {"recipient": friend.address(), "amount": amount}});
    let paid = hot.execute_for(cold.address(), open.address(), &pay("5"), &[]).await.expect("paid");
    assert_eq!(client.balance(&hot_address, "ustake").await.expect("answers").amount.u128(), 1, "no fee of its own");
    let burn = json!({"burn": {"amount": "1"}});
    let error = hot.execute_for(cold.address(), open.address(), &burn, &[]).await.expect_err("filtered");
    assert_eq!(error.code(), "CHAIN_SIMULATION_FAILED");
    let error = hot.send(cold.address(), vec![Coin::new(1u128, "ustake")]).await.expect_err("no allowance for this");
    assert_eq!(error.code(), "CHAIN_SIMULATION_FAILED");
    hot.execute_for(cold.address(), open.address(), &pay("6"), &[]).await.expect("paid");
    hot.execute_for(cold.address(), open.address(), &pay("7"), &[]).await.expect_err("used up");
    assert_eq!(open.balance(friend.address().to_owned()).await.expect("answers").balance.u128(), 11);
    assert!(client.authorizations(cold.address(), &hot_address, "").await.expect("answers").is_empty());

    // A payer who signs too.
    let payer = client.signer(Key::generate("payer").expect("randomness"));
    let poor = client.signer(friend);
    cold.send_many(&[payer.address(), poor.address()], &[Coin::new(500_000u128, "ustake")]).await.expect("sent");
    poor.with_fee_payer(&payer).send(cold.address(), vec![Coin::new(500_000u128, "ustake")]).await.expect("paid");
    assert_eq!(client.balance(poor.address(), "ustake").await.expect("answers").amount.u128(), 0);
    assert!(client.balance(payer.address(), "ustake").await.expect("answers").amount.u128() < 500_000);
    cold.revoke_allowance(&hot_address).await.expect("revoked");
    let generic = Authorization::Generic { type_url: EXECUTE_CONTRACT.to_owned() };
    cold.grant(&hot_address, &generic, None).await.expect("granted");
    cold.revoke(&hot_address, EXECUTE_CONTRACT).await.expect("revoked");
    assert!(client.authorizations(cold.address(), &hot_address, "").await.expect("answers").is_empty());

    // Both payments were reported, each once, where they were included.
    let mut amounts = Vec::new();
    let reading = async {
        while amounts.len() < 2 {
            if let Update::Block(block) = events.next().await.expect("goes on") {
                for event in block.events {
                    if event.tx_hash == paid.hash {
                        assert_eq!(event.height, paid.height);
                    }
                    amounts.extend(event.get("amount").map(str::to_owned));
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading).await.expect("in time");
    assert_eq!(amounts, ["5", "6"]);
}

#[tokio::test]
#[ignore = "needs a running node"]
async fn stores_instantiates_executes_and_queries() {
    let signer = faucet(ChainConfig::default()).await;
    let client = signer.client().clone();
    let open = token(&signer).await;
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
    let after = client.wait_until_time(before.seconds() + 1, Duration::from_secs(20)).await.expect("time goes on");
    assert!(after.height >= before.height);
}
