//! One listener with every service that this process offers, health and reflection included.

use std::{net::SocketAddr, time::Duration};

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{
    server::NamedService,
    transport::{Server, server::Router},
};

use crate::{
    api::{
        FILE_DESCRIPTOR_SET, attestation_service_server::AttestationServiceServer,
        batch_service_server::BatchServiceServer, inference_service_server::InferenceServiceServer,
        receipt_service_server::ReceiptServiceServer,
    },
    error::NodeError,
    ledger::Ledger,
    service::{AttestationApi, BatchApi, InferenceApi, ReceiptApi},
    serving::Serving,
    validator::Validator,
};

/// Largest request, in bytes.
const MAX_REQUEST_BYTES: usize = 256 * 1024;

/// Name of the health service.
const HEALTH: &str = "grpc.health.v1.Health";
/// Calls of one connection at once.
const CALLS_PER_CONNECTION: usize = 128;
/// A connection that does not answer pings at this interval is closed.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// What a process offers.
#[derive(Clone, Default)]
pub struct Roles {
    /// Serves answers.
    pub serving: Option<Serving>,
    /// Signs epochs.
    pub validator: Option<Validator>,
}

/// Binds `listen`; port zero takes a free one.
pub async fn bind(listen: SocketAddr) -> Result<TcpListener, NodeError> {
    TcpListener::bind(listen).await.map_err(|error| NodeError::Config(format!("cannot listen on {listen}: {error}")))
}

/// Serves until `stop`. Calls under way may go on for `drain`: some never end by themselves, such as a watch of the health service.
pub async fn serve(
    listener: TcpListener,
    roles: Roles,
    ledger: Ledger,
    stop: CancellationToken,
    drain: Duration,
) -> Result<(), NodeError> {
    let router = router(roles, ledger).await?;
    let serving = router.serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop.clone().cancelled_owned());
    let over = async {
        stop.cancelled().await;
        tokio::time::sleep(drain).await;
    };
    tokio::select! {
        served = serving => served.map_err(|error| NodeError::Config(format!("the server stopped: {error}"))),
        () = over => {
            tracing::warn!("calls that did not end were cut off");
            Ok(())
        }
    }
}

async fn router(roles: Roles, ledger: Ledger) -> Result<Router, NodeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    let mut names = vec![HEALTH];
    if roles.serving.is_some() {
        names.extend([
            InferenceServiceServer::<InferenceApi>::NAME,
            ReceiptServiceServer::<ReceiptApi>::NAME,
            BatchServiceServer::<BatchApi>::NAME,
        ]);
    }
    if roles.validator.is_some() {
        names.push(AttestationServiceServer::<AttestationApi>::NAME);
    }
    // Reflection names what this process offers, not everything that the descriptors describe.
    let reflection = || {
        let described = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
        names.iter().fold(described, |builder, name| builder.with_service_name(*name))
    };
    let broken = |error: tonic_reflection::server::Error| NodeError::Config(format!("reflection: {error}"));
    let mut router = Server::builder()
        .concurrency_limit_per_connection(CALLS_PER_CONNECTION)
        .max_concurrent_streams(u32::try_from(CALLS_PER_CONNECTION).ok())
        .http2_keepalive_interval(Some(KEEPALIVE))
        .add_service(health_service)
        .add_service(reflection().build_v1().map_err(broken)?)
        .add_service(reflection().build_v1alpha().map_err(broken)?);
    if let Some(serving) = roles.serving {
        let network = serving.network.clone();
        let inference = InferenceServiceServer::new(InferenceApi(serving)).max_decoding_message_size(MAX_REQUEST_BYTES);
        health.set_serving::<InferenceServiceServer<InferenceApi>>().await;
        let receipts = ReceiptServiceServer::new(ReceiptApi(ledger.clone()));
        health.set_serving::<ReceiptServiceServer<ReceiptApi>>().await;
        let batches = BatchServiceServer::new(BatchApi { ledger, network });
        health.set_serving::<BatchServiceServer<BatchApi>>().await;
        router = router.add_service(inference).add_service(receipts).add_service(batches);
    }
    if let Some(validator) = roles.validator {
        let attestation =
            AttestationServiceServer::new(AttestationApi(validator)).max_decoding_message_size(MAX_REQUEST_BYTES);
        health.set_serving::<AttestationServiceServer<AttestationApi>>().await;
        router = router.add_service(attestation);
    }
    Ok(router)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

    use super::*;

    #[tokio::test]
    async fn a_call_that_never_ends_does_not_keep_the_process() {
        let home = tempfile::TempDir::new().unwrap();
        let ledger = Ledger::open(&home.path().join("ledger.db")).await.unwrap();
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, Roles::default(), ledger, stop.clone(), Duration::from_millis(100)));
        let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap();
        let mut client = HealthClient::new(endpoint.connect().await.unwrap());
        let watched = client.watch(HealthCheckRequest { service: String::new() }).await.unwrap();
        stop.cancel();
        tokio::time::timeout(Duration::from_secs(5), served).await.unwrap().unwrap().unwrap();
        drop(watched);
    }
}
