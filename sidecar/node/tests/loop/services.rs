//! Health and reflection, as tools without our proto files see them.

use std::collections::BTreeSet;

use openledger_node::devnet::sidecars::Sidecars;
use tokio_stream::{StreamExt, once};
use tonic::{Code, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::{v1, v1alpha};

use crate::stage::set;

async fn health(channel: &Channel, service: &str) -> Result<ServingStatus, Code> {
    let request = HealthCheckRequest { service: service.into() };
    let answer = HealthClient::new(channel.clone()).check(request).await;
    answer.map(|answer| answer.into_inner().status()).map_err(|status| status.code())
}

async fn reflect_v1(channel: &Channel) -> BTreeSet<String> {
    use v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers =
        ServerReflectionClient::new(channel.clone()).server_reflection_info(once(request)).await.unwrap().into_inner();
    match answers.next().await.unwrap().unwrap().message_response.unwrap() {
        MessageResponse::ListServicesResponse(list) => list.service.into_iter().map(|service| service.name).collect(),
        other => panic!("{other:?}"),
    }
}

async fn reflect_v1alpha(channel: &Channel) -> BTreeSet<String> {
    use v1alpha::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers =
        ServerReflectionClient::new(channel.clone()).server_reflection_info(once(request)).await.unwrap().into_inner();
    match answers.next().await.unwrap().unwrap().message_response.unwrap() {
        MessageResponse::ListServicesResponse(list) => list.service.into_iter().map(|service| service.name).collect(),
        other => panic!("{other:?}"),
    }
}

/// Each version of reflection also lists itself.
fn without_reflection(names: BTreeSet<String>) -> BTreeSet<String> {
    names.into_iter().filter(|name| !name.starts_with("grpc.reflection.")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_offers_its_services_and_says_so() {
    let (stage, _scratch) = set().await;
    let sidecars = Sidecars::start(&stage).await.unwrap();
    let node = Channel::from_shared(sidecars.node_url.clone()).unwrap().connect().await.unwrap();
    let validator = Channel::from_shared(sidecars.validator_urls[0].clone()).unwrap().connect().await.unwrap();
    let name = |service: &str| format!("openledger.sidecar.v1.{service}");

    for service in ["InferenceService", "ReceiptService", "BatchService"] {
        assert_eq!(health(&node, &name(service)).await, Ok(ServingStatus::Serving), "{service}");
        assert_eq!(health(&validator, &name(service)).await, Err(Code::NotFound), "{service}");
    }
    assert_eq!(health(&validator, &name("AttestationService")).await, Ok(ServingStatus::Serving));
    assert_eq!(health(&node, &name("AttestationService")).await, Err(Code::NotFound));

    let offered = |roles: &[&str]| {
        let names = roles.iter().map(|role| name(role)).chain(["grpc.health.v1.Health".to_owned()]);
        names.collect::<BTreeSet<String>>()
    };
    let serving = offered(&["InferenceService", "ReceiptService", "BatchService"]);
    assert_eq!(without_reflection(reflect_v1(&node).await), serving);
    assert_eq!(without_reflection(reflect_v1alpha(&node).await), serving);
    assert_eq!(without_reflection(reflect_v1(&validator).await), offered(&["AttestationService"]));
    sidecars.stop().await.unwrap();
}
