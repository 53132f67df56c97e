//! Every wrongness has its own code, and changes nothing.

mod common;

use common::{
    DENOM, RICH, key,
    raw::{Draft, broadcast, coin, execute, included, send, sign},
    rich, token, token_balance,
};
use openledger_chain::{ChainClient, Key, Signer};
use openledger_cosmos_api::cosmos::tx::{
    signing::v1beta1::SignMode,
    v1beta1::{AuthInfo, TxRaw},
};
use openledger_devnet::DevnetHandle;
use prost::Message;

/// Balance and sequence of the rich account: what no refusal may touch.
async fn standing(client: &ChainClient, address: &str) -> (u128, u64) {
    let balance = client.balance(address, DENOM).await.expect("known");
    let account = client.account(address).await.expect("known");
    (balance.amount.u128(), account.sequence)
}

async fn refused(devnet: &DevnetHandle, signer: &Signer, bytes: Vec<u8>, code: u32, text: &str) {
    let before = standing(signer.client(), signer.address()).await;
    let answer = broadcast(&devnet.grpc_url(), bytes).await;
    assert_eq!((answer.codespace.as_str(), answer.code), ("sdk", code), "{}", answer.raw_log);
    assert!(answer.raw_log.contains(text), "{}", answer.raw_log);
    assert_eq!(standing(signer.client(), signer.address()).await, before, "{text}");
}

fn draft(key: &Key) -> Draft {
    Draft::new(vec![send(key.address(), key.address(), 1)])
}

#[tokio::test]
async fn a_right_transaction_is_included_and_paid() {
    let (devnet, signer) = rich().await;
    let answer = broadcast(&devnet.grpc_url(), draft(signer.key()).signed(signer.key())).await;
    assert_eq!(answer.code, 0, "{}", answer.raw_log);
    let found = included(&devnet.grpc_url(), &answer.txhash.to_lowercase()).await;
    assert_eq!((found.code, found.height > 0), (0, true));
    assert_eq!(standing(signer.client(), signer.address()).await, (RICH - 5_000, 1));
    // The same bytes again are a replay.
    let again = broadcast(&devnet.grpc_url(), draft(signer.key()).signed(signer.key())).await;
    assert_eq!(again.code, 19, "{}", again.raw_log);
    devnet.shutdown().await;
}

#[tokio::test]
async fn wrong_numbers_and_signatures() {
    let (devnet, signer) = rich().await;
    let key = signer.key();
    let ahead = Draft { sequence: 7, ..draft(key) };
    refused(&devnet, &signer, ahead.signed(key), 32, "account sequence mismatch, expected 0, got 7").await;
    let elsewhere = Draft { chain_id: "another-sim".to_owned(), ..draft(key) };
    refused(&devnet, &signer, elsewhere.signed(key), 4, "chain-id (openledger-devnet-sim-1)").await;
    let other_number = Draft { account_number: 3, ..draft(key) };
    refused(&devnet, &signer, other_number.signed(key), 4, "signature verification failed").await;

    let good = TxRaw::decode(draft(key).signed(key).as_slice()).expect("decodes");
    for byte in [0, 31, 32, 63] {
        let mut forged = good.clone();
        forged.signatures[0][byte] ^= 1;
        refused(&devnet, &signer, forged.encode_to_vec(), 4, "signature verification failed").await;
    }
    let mut high_s = good.clone();
    high_s.signatures[0] = other_s(&good.signatures[0]);
    refused(&devnet, &signer, high_s.encode_to_vec(), 4, "signature verification failed").await;
    let mut empty = good.clone();
    empty.signatures.clear();
    refused(&devnet, &signer, empty.encode_to_vec(), 15, "no signatures").await;
    let mut twice = good.clone();
    twice.signatures.push(good.signatures[0].clone());
    refused(&devnet, &signer, twice.encode_to_vec(), 4, "wrong number of signers").await;

    let thief = common::key();
    refused(&devnet, &signer, draft(key).signed(&thief), 8, "pubKey does not match").await;
    // The thief shows the owner's key but signs with its own.
    let mut shown = good.clone();
    shown.signatures[0] = sign(&thief, b"something");
    refused(&devnet, &signer, shown.encode_to_vec(), 4, "signature verification failed").await;
    devnet.shutdown().await;
}

/// The other valid scalar of an ECDSA signature.
fn other_s(signature: &[u8]) -> Vec<u8> {
    let signature = k256::ecdsa::Signature::from_slice(signature).expect("two scalars");
    let (r, s) = signature.split_scalars();
    let other = k256::ecdsa::Signature::from_scalars(*r, -*s).expect("two scalars");
    other.to_bytes().to_vec()
}

#[tokio::test]
async fn wrong_fees() {
    let (devnet, signer) = rich().await;
    let key = signer.key();
    let cheap = Draft { fee: vec![coin(4_999)], ..draft(key) };
    refused(&devnet, &signer, cheap.signed(key), 13, "required: 5000ustake").await;
    let free = Draft { fee: Vec::new(), ..draft(key) };
    refused(&devnet, &signer, free.signed(key), 13, "insufficient fee").await;
    let rich_fee = Draft { fee: vec![coin(RICH + 1)], ..draft(key) };
    refused(&devnet, &signer, rich_fee.signed(key), 5, "is smaller than").await;
    let endless = Draft { gas: u64::MAX, fee: vec![coin(RICH)], ..draft(key) };
    refused(&devnet, &signer, endless.signed(key), 18, "gas limit").await;
    let twice = Draft { fee: vec![coin(5_000), coin(5_000)], ..draft(key) };
    refused(&devnet, &signer, twice.signed(key), 10, "invalid coins").await;
    let poor = common::key();
    let bytes = Draft { account_number: 9, ..draft(&poor) }.signed(&poor);
    refused(&devnet, &signer, bytes, 9, "does not exist").await;
    devnet.shutdown().await;
}

#[tokio::test]
async fn malformed_and_oversized() {
    let (devnet, signer) = rich().await;
    let key = signer.key();
    refused(&devnet, &signer, b"no transaction".to_vec(), 2, "tx parse error").await;
    refused(&devnet, &signer, Vec::new(), 18, "at least one message").await;
    let memo = Draft { memo: "x".repeat(257), ..draft(key) };
    refused(&devnet, &signer, memo.signed(key), 12, "memo too large").await;
    let many = Draft::new(vec![send(key.address(), key.address(), 1); 65]);
    refused(&devnet, &signer, many.signed(key), 18, "at most 64").await;
    let large = Draft { memo: "x".repeat(1 << 20), ..draft(key) };
    refused(&devnet, &signer, large.signed(key), 21, "tx too large").await;
    let late = Draft { timeout_height: 1, ..draft(key) };
    refused(&devnet, &signer, late.signed(key), 30, "timeout height").await;
    let mut unknown = draft(key);
    unknown.messages[0].type_url = "/cosmos.staking.v1beta1.MsgDelegate".to_owned();
    refused(&devnet, &signer, unknown.signed(key), 6, "no message handler").await;
    // A field that this chain does not know would be signed and not looked at.
    let mut hidden = draft(key);
    hidden.messages[0].value.extend_from_slice(&[0x78, 1]);
    refused(&devnet, &signer, hidden.signed(key), 2, "fields unknown").await;
    let foreign = Draft::new(vec![send("cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4", key.address(), 1)]);
    refused(&devnet, &signer, foreign.signed(key), 7, "expected prefix wasm").await;
    let mut textual = TxRaw::decode(draft(key).signed(key).as_slice()).expect("decodes");
    let auth: AuthInfo = draft(key).auth(key, SignMode::Textual);
    textual.auth_info_bytes = auth.encode_to_vec();
    refused(&devnet, &signer, textual.encode_to_vec(), 4, "SIGN_MODE_TEXTUAL is not supported").await;
    devnet.shutdown().await;
}

#[tokio::test]
async fn a_failing_message_undoes_all_of_them_and_still_costs_the_fee() {
    let (devnet, signer) = rich().await;
    let token = token(&signer).await;
    let (me, friend) = (signer.address().to_owned(), key());
    let (balance, sequence) = standing(signer.client(), &me).await;
    let transfer = |amount: u64| {
        let msg = format!(r#"{{"transfer":{{"recipient":"{}","amount":"{amount}"}}}}"#, friend.address());
        execute(&me, &token, &msg)
    };
    let messages = vec![send(&me, friend.address(), 5), transfer(1), transfer(2_000_000)];
    let draft = Draft { sequence, gas: 600_000, fee: vec![coin(15_000)], ..Draft::new(messages) };
    let answer = broadcast(&devnet.grpc_url(), draft.signed(signer.key())).await;
    assert_eq!(answer.code, 0, "the check does not run messages: {}", answer.raw_log);
    let found = included(&devnet.grpc_url(), &answer.txhash).await;
    assert_eq!((found.codespace.as_str(), found.code), ("wasm", 5), "{}", found.raw_log);
    assert!(found.raw_log.contains("message index: 2"), "{}", found.raw_log);
    assert!(found.raw_log.contains("Cannot Sub"), "the contract's own words: {}", found.raw_log);
    assert_eq!(standing(signer.client(), &me).await, (balance - 15_000, sequence + 1));
    assert_eq!(token_balance(signer.client(), &token, friend.address()).await, 0);
    let paid = signer.client().balance(friend.address(), DENOM).await.expect("known");
    assert!(paid.amount.is_zero());
    assert!(signer.client().account(friend.address()).await.is_err(), "the account was undone too");
    devnet.shutdown().await;
}

#[tokio::test]
async fn legacy_json_signatures() {
    let (devnet, signer) = rich().await;
    let token = token(&signer).await;
    let (key, me) = (signer.key(), signer.address());
    let friend = common::key();
    let (_, sequence) = standing(signer.client(), me).await;
    let document = |sequence: u64, memo: &str, amount: u64| {
        format!(
            concat!(
                r#"{{"account_number":"2","chain_id":"openledger-devnet-sim-1","#,
                r#""fee":{{"amount":[{{"amount":"5000","denom":"ustake"}}],"gas":"200000"}},"#,
                r#""memo":"{memo}","msgs":[{{"type":"wasm/MsgExecuteContract","value":{{"contract":"{token}","#,
                r#""funds":[],"msg":{{"transfer":{{"amount":"{amount}","recipient":"{to}"}}}},"sender":"{me}"}}}}],"#,
                r#""sequence":"{sequence}"}}"#
            ),
            memo = memo,
            token = token,
            amount = amount,
            to = friend.address(),
            me = me,
            sequence = sequence,
        )
    };
    // Keys in another order and white space in the message itself: the document decides.
    let msg = format!(r#"{{ "transfer": {{"recipient":"{}","amount":"3"}} }}"#, friend.address());
    let draft =
        |sequence: u64| Draft { sequence, memo: "a<b & c>d".to_owned(), ..Draft::new(vec![execute(me, &token, &msg)]) };
    let escaped = r"a\u003cb \u0026 c\u003ed";
    let plain = document(sequence, "a<b & c>d", 3);
    refused(&devnet, &signer, draft(sequence).signed_amino(key, &plain), 4, "verification failed").await;
    let more = document(sequence, escaped, 4);
    refused(&devnet, &signer, draft(sequence).signed_amino(key, &more), 4, "verification failed").await;
    let good = draft(sequence).signed_amino(key, &document(sequence, escaped, 3));
    let answer = broadcast(&devnet.grpc_url(), good).await;
    assert_eq!(answer.code, 0, "{}", answer.raw_log);
    assert_eq!(included(&devnet.grpc_url(), &answer.txhash).await.code, 0);
    assert_eq!(token_balance(signer.client(), &token, friend.address()).await, 3);
    devnet.shutdown().await;
}
