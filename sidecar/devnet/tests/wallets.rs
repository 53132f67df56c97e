//! What wallets and CosmJS ask: the same answers by gRPC, `abci_query` and REST.

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    DENOM,
    http::{get, post, rpc},
    key,
    raw::{Draft, send},
    rich, token,
};
use openledger_cosmos_api::{
    cosmos::{
        auth::v1beta1::{QueryAccountRequest, QueryAccountResponse, query_client::QueryClient as AuthClient},
        bank::v1beta1::{QueryBalanceRequest, query_client::QueryClient as BankClient},
        tx::v1beta1::{SimulateRequest, SimulateResponse},
    },
    cosmwasm::wasm::v1::{QuerySmartContractStateRequest, query_client::QueryClient as WasmClient},
};
use prost::Message;
use serde_json::json;

#[tokio::test]
async fn abci_query_equals_grpc() {
    let (devnet, signer) = rich().await;
    let token = token(&signer).await;
    let channel =
        tonic::transport::Endpoint::from_shared(devnet.grpc_url()).expect("a URL").connect().await.expect("connects");
    let address = signer.address().to_owned();
    let account = QueryAccountRequest { address: address.clone() };
    let balance = QueryBalanceRequest { address, denom: DENOM.to_owned() };
    let smart = QuerySmartContractStateRequest { address: token.clone(), query_data: br#"{"token_info":{}}"#.to_vec() };
    let pairs = [
        (
            "/cosmos.auth.v1beta1.Query/Account",
            account.encode_to_vec(),
            AuthClient::new(channel.clone()).account(account).await.expect("answers").into_inner().encode_to_vec(),
        ),
        (
            "/cosmos.bank.v1beta1.Query/Balance",
            balance.encode_to_vec(),
            BankClient::new(channel.clone()).balance(balance).await.expect("answers").into_inner().encode_to_vec(),
        ),
        (
            "/cosmwasm.wasm.v1.Query/SmartContractState",
            smart.encode_to_vec(),
            WasmClient::new(channel).smart_contract_state(smart).await.expect("answers").into_inner().encode_to_vec(),
        ),
    ];
    for (path, request, by_grpc) in pairs {
        let params = json!({ "path": path, "data": hex::encode(&request), "prove": false });
        let answer = rpc(&devnet.rpc_url(), "abci_query", params).await.expect("answers");
        assert_eq!(answer["response"]["code"], 0, "{path}");
        assert_eq!(answer["response"]["value"], STANDARD.encode(by_grpc), "{path}");
        let url = format!("/abci_query?path=\"{path}\"&data=0x{}", hex::encode(&request)).replace('"', "%22");
        let (status, by_url) = get(&devnet.rpc_url(), &url).await;
        assert_eq!(status, 200);
        assert_eq!(by_url["result"]["response"]["value"], answer["response"]["value"], "{path}");
    }
    for (path, data, code) in [
        ("/cosmos.auth.v1beta1.Query/Account", QueryAccountRequest { address: key().address().to_owned() }, 22),
        ("/cosmos.auth.v1beta1.Query/Account", QueryAccountRequest { address: "x".to_owned() }, 7),
        ("/cosmos.gov.v1.Query/Params", QueryAccountRequest::default(), 6),
        ("no path", QueryAccountRequest::default(), 6),
    ] {
        let params = json!({ "path": path, "data": hex::encode(data.encode_to_vec()) });
        let answer = rpc(&devnet.rpc_url(), "abci_query", params).await.expect("answers");
        assert_eq!(answer["response"]["code"], code, "{path}: {}", answer["response"]["log"]);
    }
    devnet.shutdown().await;
}

#[tokio::test]
async fn a_transaction_by_json_rpc() {
    let (devnet, signer) = rich().await;
    let base = devnet.rpc_url();
    let status = rpc(&base, "status", json!({})).await.expect("answers");
    assert_eq!(status["node_info"]["network"], devnet.chain_id());
    assert!(status["node_info"]["moniker"].as_str().expect("a text").contains("simulation"));
    let (me, friend) = (signer.address(), key());
    let draft = Draft::new(vec![send(me, friend.address(), 12)]);
    let bytes = draft.signed(signer.key());

    let unsigned = SimulateRequest { tx_bytes: bytes.clone(), ..SimulateRequest::default() };
    let params =
        json!({ "path": "/cosmos.tx.v1beta1.Service/Simulate", "data": hex::encode(unsigned.encode_to_vec()) });
    let answer = rpc(&base, "abci_query", params).await.expect("answers");
    let value = STANDARD.decode(answer["response"]["value"].as_str().expect("a text")).expect("base64");
    let estimate = SimulateResponse::decode(value.as_slice()).expect("decodes");
    assert!(estimate.result.expect("a result").log.contains("not a measurement"));

    let params = json!({ "tx": STANDARD.encode(&bytes) });
    let sent = rpc(&base, "broadcast_tx_sync", params.clone()).await.expect("answers");
    assert_eq!(sent["code"], 0, "{sent}");
    let again = rpc(&base, "broadcast_tx_sync", params).await.expect("answers");
    assert_eq!(again["code"], 19, "{again}");
    let hash = sent["hash"].as_str().expect("a text");
    for query in [
        format!("tx.hash='{hash}'"),
        format!("message.sender='{me}' AND message.action='/cosmos.bank.v1beta1.MsgSend'"),
        format!("transfer.recipient='{}' AND tx.height>=1", friend.address()),
    ] {
        let found = rpc(&base, "tx_search", json!({ "query": query })).await.expect("answers");
        assert_eq!(found["total_count"], "1", "{query}");
        assert_eq!(found["txs"][0]["hash"], hash);
        assert_eq!(found["txs"][0]["tx"], STANDARD.encode(&bytes));
    }
    let raw_hash = STANDARD.encode(hex::decode(hash).expect("hex"));
    let tx = rpc(&base, "tx", json!({ "hash": raw_hash })).await.expect("answers");
    let height = tx["height"].as_str().expect("a text");
    let block = rpc(&base, "block", json!({ "height": height })).await.expect("answers");
    assert_eq!(block["block"]["data"]["txs"][0], STANDARD.encode(&bytes));
    assert_eq!(block["block"]["header"]["chain_id"], devnet.chain_id());
    let results = rpc(&base, "block_results", json!({ "height": height })).await.expect("answers");
    assert_eq!(results["txs_results"][0]["code"], 0);

    let second = Draft { sequence: 1, ..Draft::new(vec![send(me, friend.address(), 1)]) };
    let params = json!({ "tx": STANDARD.encode(second.signed(signer.key())) });
    let committed = rpc(&base, "broadcast_tx_commit", params).await.expect("answers");
    assert_eq!(committed["tx_result"]["code"], 0);
    assert_ne!(committed["height"], "0");
    for (method, params) in [
        ("no_such_method", json!({})),
        ("tx", json!({ "hash": "!" })),
        ("tx_search", json!({ "query": "nonsense" })),
        ("block", json!({ "height": "99999" })),
        ("abci_query", json!({ "data": "zz" })),
        ("status", json!(["positional"])),
    ] {
        rpc(&base, method, params).await.expect_err(method);
    }
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "health" },
        { "jsonrpc": "2.0", "id": 2, "method": "status" },
    ]);
    let (_, answers) = post(&base, "/", &batch).await;
    assert_eq!(answers.as_array().map(Vec::len), Some(2));
    devnet.shutdown().await;
}

#[tokio::test]
async fn keplr_probes_rest() {
    let (devnet, signer) = rich().await;
    let token = token(&signer).await;
    let base = devnet.rest_url();
    let me = signer.address();
    let query = STANDARD.encode(r#"{"token_info":{}}"#);
    let (status, answer) = get(&base, &format!("/cosmwasm/wasm/v1/contract/{token}/smart/{query}")).await;
    assert_eq!((status, answer["data"]["symbol"].as_str()), (200, Some("TEST")));
    // The two probes by which the wallet recognises features.
    let (status, _) = get(&base, &format!("/cosmwasm/wasm/v1/contract/test/smart/{query}")).await;
    assert_eq!(status, 400);
    let (status, _) = get(&base, "/cosmos/bank/v1beta1/spendable_balances/test").await;
    assert_eq!(status, 400);
    let unknown = get(&base, &format!("/cosmwasm/wasm/v1/contract/{me}/smart/{query}")).await;
    assert_eq!(unknown.0, 404);
    let (status, answer) = get(&base, &format!("/cosmos/auth/v1beta1/accounts/{me}")).await;
    assert_eq!((status, answer["account"]["account_number"].as_str()), (200, Some("2")));
    assert_eq!(answer["account"]["pub_key"]["key"], STANDARD.encode(signer.key().public_key()));
    let (status, answer) = get(&base, &format!("/cosmos/bank/v1beta1/balances/{me}")).await;
    assert_eq!((status, answer["balances"][0]["denom"].as_str()), (200, Some(DENOM)));
    let (_, answer) = get(&base, "/cosmos/base/tendermint/v1beta1/node_info").await;
    assert!(answer["default_node_info"]["moniker"].as_str().expect("a text").contains("simulation"));
    let (_, answer) = get(&base, &format!("/cosmwasm/wasm/v1/contract/{token}")).await;
    assert_eq!(answer["contract_info"]["code_id"], "1");
    let (_, answer) = get(&base, "/cosmwasm/wasm/v1/code").await;
    assert_eq!(answer["code_infos"][0]["code_id"], "1");

    let sequence = signer.client().account(me).await.expect("known").sequence;
    let draft = Draft { sequence, ..Draft::new(vec![send(me, key().address(), 1)]) };
    let body = json!({ "tx_bytes": STANDARD.encode(draft.signed(signer.key())), "mode": "BROADCAST_MODE_SYNC" });
    let (status, estimate) = post(&base, "/cosmos/tx/v1beta1/simulate", &body).await;
    assert_eq!(status, 200, "{estimate}");
    let (status, sent) = post(&base, "/cosmos/tx/v1beta1/txs", &body).await;
    assert_eq!((status, sent["tx_response"]["code"].as_u64()), (200, Some(0)), "{sent}");
    let hash = sent["tx_response"]["txhash"].as_str().expect("a text");
    let (status, found) = get(&base, &format!("/cosmos/tx/v1beta1/txs/{hash}")).await;
    assert_eq!((status, found["tx_response"]["code"].as_u64()), (200, Some(0)));

    let (_, before) = get(&base, "/cosmos/base/tendermint/v1beta1/blocks/latest").await;
    let (status, _) = post(&base, "/devnet/v1/advance_time", &json!({ "seconds": 3600 })).await;
    assert_eq!(status, 200);
    let (_, after) = get(&base, "/cosmos/base/tendermint/v1beta1/blocks/latest").await;
    assert_ne!(before["block"]["header"]["time"], after["block"]["header"]["time"]);
    let (status, _) = post(&base, "/devnet/v1/advance_time", &json!({ "seconds": u64::MAX })).await;
    assert_eq!(status, 400);
    devnet.shutdown().await;
}

#[tokio::test]
async fn module_accounts_answer_as_modules() {
    let (devnet, _) = rich().await;
    let request =
        openledger_cosmos_api::cosmos::auth::v1beta1::QueryModuleAccountByNameRequest { name: "gov".to_owned() };
    let params = json!({
        "path": "/cosmos.auth.v1beta1.Query/ModuleAccountByName",
        "data": hex::encode(request.encode_to_vec()),
    });
    let answer = rpc(&devnet.rpc_url(), "abci_query", params).await.expect("answers");
    let value = STANDARD.decode(answer["response"]["value"].as_str().expect("a text")).expect("base64");
    let account = QueryAccountResponse::decode(value.as_slice()).expect("decodes").account.expect("an account");
    assert_eq!(account.type_url, "/cosmos.auth.v1beta1.ModuleAccount");
    devnet.shutdown().await;
}
