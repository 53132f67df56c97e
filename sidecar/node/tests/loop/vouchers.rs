//! A bad voucher or request gets its own error and changes nothing.

use openledger_node::{
    api::{
        GetReceiptRequest, VoucherReference, get_receipt_request::Receipt as Key,
        receipt_service_client::ReceiptServiceClient,
    },
    devnet::{
        ask::{BUDGET, Session, max_fee},
        sidecars::Sidecars,
    },
};
use openledger_protocol::{Receipt, Signed};
use settlement::msg::{QueryMsg, SessionResponse};
use tonic::Code;

use crate::stage::{ask, reason, set};

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_voucher_has_its_own_error_and_changes_nothing() {
    let (stage, _scratch) = set().await;
    let sidecars = Sidecars::start(&stage).await.unwrap();
    let session = Session::open(&stage).await.unwrap();
    let url = sidecars.node_url.as_str();
    let question = &stage.examples.questions[0];
    let price = max_fee(question).unwrap();
    let good =
        |sequence, amount| session.request(&stage, question, session.voucher(sequence, amount).unwrap()).unwrap();

    // One good answer first, so that there is something to replay and to lose.
    let receipt = ask(url, good(5, price)).await.unwrap();
    let charged = receipt.receipt.as_ref().unwrap().cumulative_fee.clone();

    let mut forged = good(6, 2 * price);
    forged.voucher_signature[10] ^= 1;
    let mut altered = good(6, 2 * price);
    altered.voucher.as_mut().unwrap().cumulative_amount = (3 * price).to_string();
    let mut other_scope = good(6, 2 * price);
    other_scope.voucher.as_mut().unwrap().scope.as_mut().unwrap().chain_id = "other-1".into();
    let mut padded = good(6, 2 * price);
    padded.voucher.as_mut().unwrap().cumulative_amount = format!("0{}", 2 * price);
    let mut nobody = good(6, 2 * price);
    nobody.voucher.as_mut().unwrap().session_id = 99;
    let mut unpaid = good(6, 2 * price);
    unpaid.voucher = None;
    let mut unknown = good(6, 2 * price);
    unknown.adapter_id = 77;
    let mut empty = good(6, 2 * price);
    empty.prompt.clear();
    let mut long = good(6, 2 * price);
    long.prompt = "word ".repeat(3000);
    let mut huge = good(6, 2 * price);
    huge.prompt = "x".repeat(20_000);
    let mut greedy = good(6, 2 * price);
    greedy.max_new_tokens = 100_000;
    let mut cold = good(6, 2 * price);
    cold.temperature = f32::NAN;
    let cases = [
        ("forged", forged, "VOUCHER_FORGED", Code::PermissionDenied),
        ("altered", altered, "VOUCHER_FORGED", Code::PermissionDenied),
        ("scope", other_scope, "VOUCHER_SCOPE", Code::PermissionDenied),
        ("replayed", good(5, 2 * price), "VOUCHER_REPLAYED", Code::Aborted),
        ("older", good(4, 2 * price), "VOUCHER_REPLAYED", Code::Aborted),
        ("too small", good(6, price), "VOUCHER_TOO_SMALL", Code::FailedPrecondition),
        ("overdrawn", good(6, BUDGET + 1), "VOUCHER_OVERDRAWN", Code::FailedPrecondition),
        ("not canonical", padded, "VOUCHER_FORGED", Code::PermissionDenied),
        ("no such session", nobody, "NOT_FOUND", Code::NotFound),
        ("no voucher", unpaid, "BAD_REQUEST", Code::InvalidArgument),
        ("unknown adapter", unknown, "UNKNOWN_ADAPTER", Code::NotFound),
        ("empty prompt", empty, "BAD_REQUEST", Code::InvalidArgument),
        ("too many tokens", long, "BAD_REQUEST", Code::InvalidArgument),
        ("too many bytes", huge, "BAD_REQUEST", Code::InvalidArgument),
        ("too many new tokens", greedy, "BAD_REQUEST", Code::InvalidArgument),
        ("not a temperature", cold, "BAD_REQUEST", Code::InvalidArgument),
    ];
    for (name, request, expected, code) in cases {
        let status = ask(url, request).await.expect_err(name);
        assert_eq!(reason(&status), expected, "{name}: {status}");
        assert_eq!(status.code(), code, "{name}: {status}");
    }

    // Nothing moved: the next good voucher continues from the first answer.
    let next = ask(url, good(6, 2 * price)).await.unwrap().receipt.unwrap();
    let fee: u128 = next.fee.parse().unwrap();
    assert_eq!(next.cumulative_fee, (charged.parse::<u128>().unwrap() + fee).to_string());
    let query = QueryMsg::Session { session_id: session.session_id.into() };
    let on_chain: SessionResponse = stage.chain.client.query_smart(&stage.contracts.settlement, &query).await.unwrap();
    assert!(on_chain.charged.is_zero());

    receipts_answer_by_digest_and_by_voucher(url, &receipt.id, receipt.receipt.unwrap()).await;
    sidecars.stop().await.unwrap();
}

async fn receipts_answer_by_digest_and_by_voucher(url: &str, id: &[u8], receipt: Receipt) {
    assert_eq!(receipt.digest().as_slice(), id);
    let mut client = ReceiptServiceClient::connect(url.to_owned()).await.unwrap();
    let (session_id, sequence) = (receipt.session_id, receipt.voucher_sequence);
    let voucher = |sequence| Some(Key::Voucher(VoucherReference { session_id, sequence }));
    for (missing, expected) in [
        (None, "BAD_REQUEST"),
        (Some(Key::Id(vec![1; 31])), "BAD_REQUEST"),
        (Some(Key::Id(vec![1; 32])), "NOT_FOUND"),
        (voucher(sequence + 100), "NOT_FOUND"),
    ] {
        let error = client.get_receipt(GetReceiptRequest { receipt: missing }).await.unwrap_err();
        assert_eq!(reason(&error), expected);
    }
    for name in [Some(Key::Id(id.to_vec())), voucher(sequence)] {
        let found = client.get_receipt(GetReceiptRequest { receipt: name }).await.unwrap().into_inner();
        assert_eq!(found.receipt.unwrap().receipt.as_ref(), Some(&receipt));
        assert_eq!(found.batch_id, 0);
    }
}
