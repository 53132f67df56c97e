//! The remote signer: what it signs, what it refuses, what it shows, and what its client believes.

use std::sync::{Arc, Mutex};

use cosmwasm_std::Coin;
use k256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use openledger_chain::{
    AnyKey, ChainError, Key, RemoteKey, SignPolicy, SignerServer, SigningKey, Token, authz,
    feegrant::{self, Allowance, Spending},
};
use openledger_cosmos_api::{
    cosmos::{
        base::v1beta1::Coin as WireCoin,
        crypto::secp256k1::PubKey,
        tx::{
            signing::v1beta1::SignMode,
            v1beta1::{AuthInfo, Fee, ModeInfo, SignDoc, SignerInfo, TxBody, mode_info},
        },
    },
    cosmwasm::wasm::v1::{MsgExecuteContract, MsgMigrateContract},
};
use prost::Message;
use prost_types::Any;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const CHAIN: &str = "stub-1";

type Seen = Arc<Mutex<Vec<(String, Option<String>)>>>;

struct Bench {
    remote: RemoteKey,
    contract: String,
    seen: Seen,
    _stop: tokio_util::sync::DropGuard,
}

async fn bench(adapt: impl FnOnce(&mut SignPolicy, &str)) -> Bench {
    let key = Key::generate("cold").expect("randomness");
    let contract = Key::generate("contract").expect("randomness").address().to_owned();
    let mut policy = SignPolicy::calls(CHAIN, "ustake", 5_000);
    adapt(&mut policy, &contract);
    let seen = Seen::default();
    let witnessed = seen.clone();
    let address = key.address().to_owned();
    let token = Token::generate().expect("randomness");
    let server = SignerServer::new(key, policy).with_token(token.clone()).with_witness(move |request, allowed| {
        let refusal = allowed.err().map(ToString::to_string);
        witnessed.lock().expect("whole").push((request.to_string(), refusal));
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move { server.serve_tcp(listener, stopped.cancelled_owned()).await });
    let remote = RemoteKey::connect(&endpoint, &address, Some(token)).await.expect("connects");
    Bench { remote, contract, seen, _stop: stop.drop_guard() }
}

fn pack<M: Message + prost::Name>(message: &M) -> Any {
    Any::from_msg(message).expect("encodes")
}

fn call(sender: &str, contract: &str, json: &str) -> Any {
    pack(&MsgExecuteContract {
        sender: sender.to_owned(),
        contract: contract.to_owned(),
        msg: json.as_bytes().to_vec(),
        funds: vec![],
    })
}

/// A document of the given messages, which `change` may spoil.
fn document(key: &impl SigningKey, messages: Vec<Any>, change: impl FnOnce(&mut SignDoc, &mut AuthInfo)) -> Vec<u8> {
    let info = SignerInfo {
        public_key: Some(pack(&PubKey { key: key.public_key().to_vec() })),
        mode_info: Some(ModeInfo {
            sum: Some(mode_info::Sum::Single(mode_info::Single { mode: SignMode::Direct.into() })),
        }),
        sequence: 3,
    };
    let fee = WireCoin { denom: "ustake".to_owned(), amount: "2500".to_owned() };
    let fee = Fee { amount: vec![fee], gas_limit: 100_000, ..Fee::default() };
    let mut auth = AuthInfo { signer_infos: vec![info], fee: Some(fee) };
    let mut document = SignDoc {
        body_bytes: TxBody { messages, ..TxBody::default() }.encode_to_vec(),
        auth_info_bytes: vec![],
        chain_id: CHAIN.to_owned(),
        account_number: 7,
    };
    change(&mut document, &mut auth);
    if document.auth_info_bytes.is_empty() {
        document.auth_info_bytes = auth.encode_to_vec();
    }
    document.encode_to_vec()
}

fn refused(result: Result<[u8; 64], ChainError>) -> String {
    match result {
        Err(ChainError::SignerRefused { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn it_signs_what_is_allowed_and_shows_it() {
    let bench = bench(|_, _| {}).await;
    let key = AnyKey::from(bench.remote.clone());
    let bytes = document(&key, vec![call(key.address(), &bench.contract, r#"{"claim":{"payee":"me"}}"#)], |_, _| {});
    let signature = key.sign_document(&bytes).await.expect("signs");
    let verifying = VerifyingKey::from_sec1_bytes(&key.public_key()).expect("a point");
    verifying.verify(&bytes, &Signature::from_slice(&signature).expect("two scalars")).expect("verifies");
    let seen = bench.seen.lock().expect("whole");
    let [(shown, None)] = seen.as_slice() else { panic!("{seen:?}") };
    for part in [CHAIN, "#3", "MsgExecuteContract", &bench.contract, r#"{"claim":{"payee":"me"}}"#, "2500ustake"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

#[tokio::test]
async fn it_refuses_what_its_operator_has_not_allowed() {
    let bench = bench(|policy, contract| {
        policy.message_types.insert("/cosmos.authz.v1beta1.MsgExec".to_owned());
        policy.contracts = [(contract.to_owned(), ["claim".to_owned()].into())].into();
    })
    .await;
    let (key, own) = (&bench.remote, bench.remote.address().to_owned());
    let claim = || call(&own, &bench.contract, r#"{"claim":{}}"#);
    key.sign_document(&document(key, vec![claim()], |_, _| {})).await.expect("allowed");

    let other_chain = document(key, vec![claim()], |document, _| document.chain_id = "other-1".to_owned());
    assert!(refused(key.sign_document(&other_chain).await).contains("other-1"));
    let dear = document(key, vec![claim()], |_, auth| {
        let fee = auth.fee.as_mut().expect("a fee");
        fee.amount[0].amount = "5001".to_owned();
    });
    assert!(refused(key.sign_document(&dear).await).contains("5001ustake"));
    let split = document(key, vec![claim()], |_, auth| {
        let fee = auth.fee.as_mut().expect("a fee");
        fee.amount.push(WireCoin { denom: "ustake".to_owned(), amount: "2501".to_owned() });
    });
    assert!(refused(key.sign_document(&split).await).contains("5001ustake"), "sums are compared");
    let foreign_coin = document(key, vec![claim()], |_, auth| {
        auth.fee.as_mut().expect("a fee").amount[0].denom = "uatom".to_owned();
    });
    assert!(refused(key.sign_document(&foreign_coin).await).contains("uatom"));
    let other_contract = document(key, vec![call(&own, &own, r#"{"claim":{}}"#)], |_, _| {});
    assert!(refused(key.sign_document(&other_contract).await).contains("contract"));
    for json in [r#"{"withdraw":{}}"#, r#"{"claim":{},"withdraw":{}}"#, r#"[]"#, "claim"] {
        let other_action = document(key, vec![claim(), call(&own, &bench.contract, json)], |_, _| {});
        assert!(refused(key.sign_document(&other_action).await).contains("message"), "{json}");
    }
    let migrate = pack(&MsgMigrateContract {
        sender: own.clone(),
        contract: bench.contract.clone(),
        code_id: 1,
        msg: b"{}".to_vec(),
    });
    assert!(
        refused(key.sign_document(&document(key, vec![migrate.clone()], |_, _| {})).await)
            .contains("MsgMigrateContract")
    );
    // Inside of an allowed MsgExec lies one that is not.
    let wrapped =
        authz::exec(&own, &[cosmrs::Any { type_url: migrate.type_url, value: migrate.value }]).expect("packs");
    let wrapped = Any { type_url: wrapped.type_url, value: wrapped.value };
    assert!(refused(key.sign_document(&document(key, vec![wrapped], |_, _| {})).await).contains("MsgMigrateContract"));
    // The power to grant is a message type like any other.
    let spending = Allowance::Basic(Spending { limit: vec![Coin::new(1u128, "ustake")], expires_at: None });
    let allowance = feegrant::grant(&own, &bench.contract, &spending).expect("packs");
    let allowance = Any { type_url: allowance.type_url, value: allowance.value };
    assert!(refused(key.sign_document(&document(key, vec![allowance], |_, _| {})).await).contains("MsgGrantAllowance"));
    let seen = bench.seen.lock().expect("whole");
    assert_eq!(seen.iter().filter(|(_, refusal)| refusal.is_none()).count(), 1);
    assert_eq!(seen.len(), 13, "every request was shown");
}

#[tokio::test]
async fn it_refuses_what_it_cannot_show_whole() {
    let bench = bench(|_, _| {}).await;
    let (key, own) = (&bench.remote, bench.remote.address().to_owned());
    let claim = || call(&own, &bench.contract, r#"{"claim":{}}"#);
    let with_unknown = |bytes: Vec<u8>| [bytes, vec![0xa2, 0x06, 0x01, 0x00]].concat();
    let mut spoiled: Vec<(&str, Vec<u8>)> = vec![
        ("no document", vec![1, 2, 3]),
        ("a hash", vec![7; 32]),
        ("unknown fields", with_unknown(document(key, vec![claim()], |_, _| {}))),
        ("no messages", document(key, vec![], |_, _| {})),
        ("another's signature", document(&Key::generate("x").expect("randomness"), vec![claim()], |_, _| {})),
        (
            "amino mode",
            document(key, vec![claim()], |_, auth| {
                let mode = SignMode::LegacyAminoJson.into();
                let sum = Some(mode_info::Sum::Single(mode_info::Single { mode }));
                auth.signer_infos[0].mode_info = Some(ModeInfo { sum });
            }),
        ),
        ("no fee", document(key, vec![claim()], |_, auth| auth.fee = None)),
        (
            "a fee that is no number",
            document(key, vec![claim()], |_, auth| {
                auth.fee.as_mut().expect("a fee").amount[0].amount = "-1".to_owned();
            }),
        ),
        ("too many messages", document(key, vec![claim(); 129], |_, _| {})),
    ];
    let mut hidden = claim();
    hidden.value = with_unknown(hidden.value);
    spoiled.push(("unknown fields of a message", document(key, vec![hidden], |_, _| {})));
    spoiled.push((
        "extension options",
        document(key, vec![claim()], |document, _| {
            let options = vec![claim()];
            document.body_bytes =
                TxBody { messages: vec![claim()], extension_options: options, ..TxBody::default() }.encode_to_vec();
        }),
    ));
    let mut nested = cosmrs::Any { type_url: claim().type_url, value: claim().value };
    for _ in 0..6 {
        nested = authz::exec(&own, &[nested]).expect("packs");
    }
    let nested = Any { type_url: nested.type_url, value: nested.value };
    spoiled.push(("deep nesting", document(key, vec![nested], |_, _| {})));
    for (what, bytes) in spoiled {
        let reason = refused(key.sign_document(&bytes).await);
        assert!(reason.contains("cannot be read"), "{what}: {reason}");
    }
    assert!(bench.seen.lock().expect("whole").is_empty(), "there was nothing to show");
}

#[tokio::test]
async fn a_port_needs_loopback_and_a_token_and_the_right_one() {
    let server = || SignerServer::new(Key::generate("cold").expect("randomness"), SignPolicy::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let error = server().serve_tcp(listener, std::future::pending()).await.expect_err("no token");
    assert_eq!(error.code(), "CHAIN_SIGNER_UNREACHABLE");
    let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let token = Token::generate().expect("randomness");
    let error = server().with_token(token).serve_tcp(listener, std::future::pending()).await.expect_err("not loopback");
    assert!(error.to_string().contains("loopback"), "{error}");

    let key = Key::generate("cold").expect("randomness");
    let address = key.address().to_owned();
    let token = Token::new("0123456789012345678901234567890123456789").expect("long enough");
    let server = SignerServer::new(key, SignPolicy::default()).with_token(token.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(server.serve_tcp(listener, std::future::pending()));
    RemoteKey::connect(&endpoint, &address, Some(token.clone())).await.expect("the right token");
    for wrong in [None, Some(Token::generate().expect("randomness"))] {
        let error = RemoteKey::connect(&endpoint, &address, wrong).await.expect_err("refused");
        assert_eq!(error.code(), "CHAIN_SIGNER_REFUSED");
    }
    let stranger = Key::generate("x").expect("randomness");
    let error = RemoteKey::connect(&endpoint, stranger.address(), Some(token.clone())).await.expect_err("not held");
    assert!(error.to_string().contains(stranger.address()), "{error}");
    assert!(!format!("{token:?}").contains(token.expose()));
    for bad in ["short", "with a blank in it, which is not visible at all", &"x".repeat(257)] {
        assert_eq!(Token::new(bad).expect_err("no token").code(), "CHAIN_KEY");
    }
    let error = RemoteKey::connect("http://127.0.0.1:1", &address, Some(token)).await.expect_err("nobody there");
    assert_eq!(error.code(), "CHAIN_SIGNER_UNREACHABLE");
}

#[cfg(unix)]
#[tokio::test]
async fn a_socket_is_its_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("signer.sock");
    let key = Key::generate("cold").expect("randomness");
    let (address, public) = (key.address().to_owned(), key.public_key());
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let served = path.clone();
    let server = SignerServer::new(key, SignPolicy::calls(CHAIN, "ustake", 5_000));
    let task = tokio::spawn(async move { server.serve_unix(&served, stopped.cancelled_owned()).await });
    let endpoint = format!("unix:{}", path.display());
    let remote = loop {
        match RemoteKey::connect(&endpoint, &address, None).await {
            Ok(remote) => break remote,
            Err(error) if task.is_finished() => panic!("{error}"),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
        }
    };
    assert_eq!(remote.public_key(), public);
    let mode = std::fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(home.path()).expect("lists").count(), 1, "nothing else is left behind");
    let second = SignerServer::new(Key::generate("x").expect("randomness"), SignPolicy::default());
    let error = second.serve_unix(&path, std::future::pending()).await.expect_err("taken");
    assert!(error.to_string().contains("another signer"), "{error}");
    drop(remote);
    stop.cancel();
    task.await.expect("no panic").expect("ends well");
    assert!(!path.exists(), "the socket is cleared away");
    // What a killed signer left is replaced.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("binds"));
    let third = SignerServer::new(Key::generate("x").expect("randomness"), SignPolicy::default());
    third.serve_unix(&path, std::future::ready(())).await.expect("serves and ends");
}
