//! What a client may ask of the draw reaches the engine, is committed to, and is replayed by validators.

use openledger_node::{
    api::{Token, generate_response::Event, inference_service_client::InferenceServiceClient},
    devnet::{
        ask::{Session, max_fee},
        sidecars::Sidecars,
    },
};

use tonic::Code;

use crate::stage::{reason, set};

#[tokio::test(flavor = "multi_thread")]
async fn every_parameter_of_a_draw_is_replayed_and_likelihoods_are_sent_when_asked_for() {
    let (stage, _scratch) = set().await;
    let sidecars = Sidecars::start(&stage).await.unwrap();
    let session = Session::open(&stage).await.unwrap();
    let question = &stage.examples.questions[0];
    let price = max_fee(question).unwrap();
    let mut client = InferenceServiceClient::connect(sidecars.node_url.clone()).await.unwrap();
    // What cannot be compiled costs nothing, and its voucher is good for the next question.
    let mut broken = session.request(&stage, question, session.voucher(1, price).unwrap()).unwrap();
    broken.regex = "(unclosed".into();
    let refused = client.generate(broken).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "REQUEST_INVALID"));
    assert!(refused.message().contains("grammar"), "{}", refused.message());

    let mut texts = Vec::new();
    for sequence in 1..=4 {
        let voucher = session.voucher(sequence, price * u128::from(sequence)).unwrap();
        let mut request = session.request(&stage, question, voucher).unwrap();
        // The third and fourth ask as the second does, but for the stop text and what has to fit.
        if sequence > 1 {
            request.temperature = 1.3;
            request.top_k = 300;
            request.top_p = 0.98;
            request.min_p = 0.001;
            request.repetition_penalty = 1.2;
            request.presence_penalty = 0.4;
            request.frequency_penalty = -0.1;
            request.seed = 77;
            request.logprobs = 2;
            match sequence {
                2 => request.stop = vec!["no such text".into()],
                3 => request.stop = vec!["e".into()],
                _ => request.json_schema = r#"{ "enum": [["animal", 4], "plant"] }"#.into(),
            }
        }
        let mut stream = client.generate(request).await.unwrap().into_inner();
        let mut tokens: Vec<Token> = Vec::new();
        while let Some(message) = stream.message().await.unwrap() {
            match message.event.unwrap() {
                Event::Token(token) => tokens.push(token),
                Event::Finished(finished) => texts.push((finished.text, finished.reason)),
                Event::Started(_) | Event::Receipt(_) => {}
            }
        }
        assert!(!tokens.is_empty());
        for token in tokens {
            assert_eq!(
                (token.logprob.is_some(), token.candidates.len()),
                if sequence > 1 { (true, 2) } else { (false, 0) }
            );
            assert!(token.candidates.iter().all(|candidate| candidate.logprob <= 0.0));
        }
    }
    let (drawn, cut) = (&texts[1], &texts[2]);
    assert_ne!(texts[0].0, drawn.0);
    assert_eq!((cut.0.as_str(), cut.1.as_str()), (drawn.0.split('e').next().unwrap(), "stop"));

    let value: serde_json::Value = serde_json::from_str(&texts[3].0).unwrap();
    assert!(value == serde_json::json!(["animal", 4]) || value == "plant", "{value}");

    sidecars.operator().commit_batch().await.unwrap().unwrap();
    let epoch = sidecars.operator().close_epoch().await.unwrap().unwrap();
    assert_eq!(epoch.signers.len(), 4, "{:?}", epoch.absentees);
    sidecars.stop().await.unwrap();
}
