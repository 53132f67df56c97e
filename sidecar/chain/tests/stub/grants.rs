//! Queries of fee allowances and authorizations against a node that pages its lists.

use cosmwasm_std::Coin;
use openledger_chain::{
    ChainClient,
    authz::{Authorization, EXECUTE_CONTRACT},
    feegrant::{Allowance, FeeGrant, Spending},
};
use openledger_cosmos_api::cosmos::{
    authz::v1beta1 as authz,
    base::{
        query::v1beta1::{PageRequest, PageResponse},
        v1beta1::Coin as WireCoin,
    },
    feegrant::v1beta1 as feegrant,
};
use prost_types::{Any, Timestamp};
use tonic::{Request, Response, Status};

use crate::served::{self, Answer, Blocks, unserved};

/// Grants that the node has, two a page.
const GRANTS: u8 = 5;

#[derive(Clone)]
struct Node {
    /// Whether its lists end.
    ends: bool,
}

impl Node {
    fn page(&self, request: Option<PageRequest>) -> (std::ops::Range<u8>, Option<PageResponse>) {
        let start = request.unwrap_or_default().key.first().copied().unwrap_or(0);
        let end = start.saturating_add(2).min(GRANTS);
        let next_key = if end < GRANTS {
            vec![end]
        } else if self.ends {
            vec![]
        } else {
            vec![0]
        };
        (start..end, Some(PageResponse { next_key, total: 0 }))
    }
}

fn allowance(limit: u8) -> feegrant::Grant {
    let coin = WireCoin { denom: "ustake".to_owned(), amount: limit.to_string() };
    let basic = feegrant::BasicAllowance { spend_limit: vec![coin], expiration: None };
    feegrant::Grant {
        granter: "granter".to_owned(),
        grantee: format!("grantee{limit}"),
        allowance: Any::from_msg(&basic).ok(),
    }
}

#[tonic::async_trait]
impl feegrant::query_server::Query for Node {
    async fn allowance(
        &self,
        request: Request<feegrant::QueryAllowanceRequest>,
    ) -> Answer<feegrant::QueryAllowanceResponse> {
        let grant = match request.get_ref().grantee.as_str() {
            "grantee3" => allowance(3),
            "broken" => feegrant::Grant { allowance: None, ..allowance(3) },
            // The text and code of SDK nodes.
            _ => return Err(Status::internal("fee-grant not found: not found")),
        };
        Ok(Response::new(feegrant::QueryAllowanceResponse { allowance: Some(grant) }))
    }

    async fn allowances(
        &self,
        request: Request<feegrant::QueryAllowancesRequest>,
    ) -> Answer<feegrant::QueryAllowancesResponse> {
        let (range, pagination) = self.page(request.into_inner().pagination);
        let allowances = range.map(allowance).collect();
        Ok(Response::new(feegrant::QueryAllowancesResponse { allowances, pagination }))
    }

    async fn allowances_by_granter(
        &self,
        request: Request<feegrant::QueryAllowancesByGranterRequest>,
    ) -> Answer<feegrant::QueryAllowancesByGranterResponse> {
        let (range, pagination) = self.page(request.into_inner().pagination);
        let allowances = range.map(allowance).collect();
        Ok(Response::new(feegrant::QueryAllowancesByGranterResponse { allowances, pagination }))
    }
}

#[tonic::async_trait]
impl authz::query_server::Query for Node {
    async fn grants(&self, request: Request<authz::QueryGrantsRequest>) -> Answer<authz::QueryGrantsResponse> {
        let request = request.into_inner();
        if request.grantee == "stranger" {
            return Err(Status::not_found("authorization not found"));
        }
        let (range, pagination) = self.page(request.pagination);
        let grants = range.map(|index| {
            let generic = authz::GenericAuthorization { msg: EXECUTE_CONTRACT.to_owned() };
            let authorization = Any::from_msg(&generic).ok();
            let expiration = (index > 0).then(|| Timestamp { seconds: i64::from(index), nanos: 0 });
            authz::Grant { authorization, expiration }
        });
        Ok(Response::new(authz::QueryGrantsResponse { grants: grants.collect(), pagination }))
    }

    async fn granter_grants(
        &self,
        _: Request<authz::QueryGranterGrantsRequest>,
    ) -> Answer<authz::QueryGranterGrantsResponse> {
        unserved()
    }

    async fn grantee_grants(
        &self,
        _: Request<authz::QueryGranteeGrantsRequest>,
    ) -> Answer<authz::QueryGranteeGrantsResponse> {
        unserved()
    }
}

impl Blocks for Node {}

async fn client(node: Node) -> ChainClient {
    let router = served::blocks(&node)
        .add_service(feegrant::query_server::QueryServer::new(node.clone()))
        .add_service(authz::query_server::QueryServer::new(node));
    let address = served::listen(router).await;
    ChainClient::connect(&format!("http://{address}")).await.expect("connects")
}

#[tokio::test]
async fn allowances_are_read_one_by_one_and_page_by_page() {
    let client = client(Node { ends: true }).await;
    let spending = |limit: u128| Spending { limit: vec![Coin::new(limit, "ustake")], expires_at: None };
    let found = client.fee_allowance("granter", "grantee3").await.expect("answers").expect("there is one");
    let expected = FeeGrant {
        granter: "granter".to_owned(),
        grantee: "grantee3".to_owned(),
        allowance: Allowance::Basic(spending(3)),
    };
    assert_eq!(found, expected);
    assert_eq!(client.fee_allowance("granter", "stranger").await.expect("answers"), None);
    let error = client.fee_allowance("granter", "broken").await.expect_err("no allowance inside");
    assert_eq!(error.code(), "CHAIN_BAD_ANSWER");
    for all in [
        client.fee_allowances("grantee").await.expect("answers"),
        client.fee_allowances_by("granter").await.expect("answers"),
    ] {
        let limits: Vec<_> = all.into_iter().map(|grant| grant.allowance).collect();
        assert_eq!(limits, (0..GRANTS).map(|limit| Allowance::Basic(spending(limit.into()))).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn authorizations_are_read_page_by_page() {
    let client = client(Node { ends: true }).await;
    let all = client.authorizations("granter", "grantee", "").await.expect("answers");
    assert_eq!(all.len(), usize::from(GRANTS));
    assert_eq!(all[0].authorization, Authorization::Generic { type_url: EXECUTE_CONTRACT.to_owned() });
    assert_eq!((all[0].expires_at, all[4].expires_at), (None, Some(4)));
    assert!(client.authorizations("granter", "stranger", "").await.expect("answers").is_empty());
}

#[tokio::test]
async fn a_list_without_end_is_given_up() {
    let client = client(Node { ends: false }).await;
    assert_eq!(client.fee_allowances("grantee").await.expect_err("endless").code(), "CHAIN_BAD_ANSWER");
    assert_eq!(client.fee_allowances_by("granter").await.expect_err("endless").code(), "CHAIN_BAD_ANSWER");
    assert_eq!(client.authorizations("granter", "grantee", "").await.expect_err("endless").code(), "CHAIN_BAD_ANSWER");
}
