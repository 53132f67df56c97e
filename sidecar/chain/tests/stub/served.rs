//! The services that every stub has. A stub says what it answers; the rest is unimplemented.

use std::net::SocketAddr;

use openledger_cosmos_api::{
    cosmos::{base::tendermint::v1beta1 as comet, tx::v1beta1 as tx},
    tendermint::p2p::DefaultNodeInfo,
};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{
        Server,
        server::{Router, TcpIncoming},
    },
};

pub type Answer<T> = Result<Response<T>, Status>;

pub fn unserved<T>() -> Answer<T> {
    Err(Status::unimplemented("not here"))
}

/// What a stub says of its chain.
#[tonic::async_trait]
pub trait Blocks: Clone + Send + Sync + 'static {
    fn chain_id(&self) -> String {
        "stub-1".to_owned()
    }

    async fn latest_block(&self) -> Answer<comet::GetLatestBlockResponse> {
        unserved()
    }

    async fn block(&self, _height: i64) -> Answer<comet::GetBlockByHeightResponse> {
        unserved()
    }
}

/// What a stub does with transactions.
#[tonic::async_trait]
pub trait Transactions: Clone + Send + Sync + 'static {
    async fn simulate(&self, _tx: Vec<u8>) -> Answer<tx::SimulateResponse> {
        unserved()
    }

    async fn broadcast(&self, _tx: Vec<u8>) -> Answer<tx::BroadcastTxResponse> {
        unserved()
    }

    async fn find(&self, _hash: String) -> Answer<tx::GetTxResponse> {
        unserved()
    }
}

struct Stub<N>(N);

#[tonic::async_trait]
impl<N: Blocks> comet::service_server::Service for Stub<N> {
    async fn get_node_info(&self, _: Request<comet::GetNodeInfoRequest>) -> Answer<comet::GetNodeInfoResponse> {
        let info = DefaultNodeInfo { network: self.0.chain_id(), ..DefaultNodeInfo::default() };
        Ok(Response::new(comet::GetNodeInfoResponse { default_node_info: Some(info), application_version: None }))
    }

    async fn get_syncing(&self, _: Request<comet::GetSyncingRequest>) -> Answer<comet::GetSyncingResponse> {
        unserved()
    }

    async fn get_latest_block(
        &self,
        _: Request<comet::GetLatestBlockRequest>,
    ) -> Answer<comet::GetLatestBlockResponse> {
        self.0.latest_block().await
    }

    async fn get_block_by_height(
        &self,
        request: Request<comet::GetBlockByHeightRequest>,
    ) -> Answer<comet::GetBlockByHeightResponse> {
        self.0.block(request.into_inner().height).await
    }
}

#[tonic::async_trait]
impl<N: Transactions> tx::service_server::Service for Stub<N> {
    async fn simulate(&self, request: Request<tx::SimulateRequest>) -> Answer<tx::SimulateResponse> {
        self.0.simulate(request.into_inner().tx_bytes).await
    }

    async fn broadcast_tx(&self, request: Request<tx::BroadcastTxRequest>) -> Answer<tx::BroadcastTxResponse> {
        self.0.broadcast(request.into_inner().tx_bytes).await
    }

    async fn get_tx(&self, request: Request<tx::GetTxRequest>) -> Answer<tx::GetTxResponse> {
        self.0.find(request.into_inner().hash).await
    }
}

/// A server of a stub's blocks; the stub adds what else it has.
pub fn blocks<N: Blocks>(node: &N) -> Router {
    Server::builder().add_service(comet::service_server::ServiceServer::new(Stub(node.clone())))
}

/// A server of a stub's blocks and transactions.
pub fn chain<N: Blocks + Transactions>(node: &N) -> Router {
    blocks(node).add_service(tx::service_server::ServiceServer::new(Stub(node.clone())))
}

/// Serves until the test ends. Answers with where.
pub async fn listen(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(router.serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true))));
    address
}
