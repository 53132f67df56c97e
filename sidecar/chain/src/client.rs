//! A connection to a chain: who it is, what time it is there, who owns what.

use std::{sync::Arc, time::Duration};

use cosmwasm_std::{Coin, Uint128};
use openledger_cosmos_api::cosmos::{
    auth::v1beta1::{BaseAccount, QueryAccountRequest, query_client::QueryClient as AuthClient},
    bank::v1beta1::{QueryBalanceRequest, query_client::QueryClient as BankClient},
    base::tendermint::v1beta1::{
        GetLatestBlockRequest, GetNodeInfoRequest, service_client::ServiceClient as CometClient,
    },
    tx::v1beta1::service_client::ServiceClient as TxClient,
};
use prost::{Message, Name};
use prost_types::Timestamp;
use tokio::time::{Instant, sleep};
use tonic::{
    Code,
    transport::{Channel, Endpoint},
};

use crate::{config::ChainConfig, error::ChainError};

/// What the Cosmos SDK's gRPC server says of the state that it answered from.
const APPLIED_HEIGHT: &str = "x-cosmos-block-height";

/// A chain seen over gRPC. Clones share one connection.
#[derive(Clone, Debug)]
pub struct ChainClient {
    channel: Channel,
    config: Arc<ChainConfig>,
    chain_id: Arc<str>,
}

/// The latest block, as far as a client needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockStamp {
    /// Height, from 1.
    pub height: u64,
    /// Block time in unix nanoseconds.
    pub time_ns: u64,
}

impl BlockStamp {
    /// Block time in whole unix seconds.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.time_ns / 1_000_000_000
    }
}

impl ChainClient {
    /// Connects with the default [`ChainConfig`] and asks the node for its chain id.
    ///
    /// # Errors
    /// [`ChainError::Unreachable`] when the URL is wrong or nothing answers there.
    pub async fn connect(grpc_url: &str) -> Result<Self, ChainError> {
        Self::connect_with(grpc_url, ChainConfig::default()).await
    }

    /// Connects with given limits and prices.
    ///
    /// # Errors
    /// [`ChainError::Unreachable`] when the URL is wrong or nothing answers there.
    pub async fn connect_with(grpc_url: &str, config: ChainConfig) -> Result<Self, ChainError> {
        let unreachable = |reason: String| ChainError::Unreachable { url: grpc_url.to_owned(), reason };
        let channel = Endpoint::from_shared(grpc_url.to_owned())
            .map_err(|error| unreachable(error.to_string()))?
            .connect_timeout(config.call_timeout)
            .timeout(config.call_timeout)
            .connect()
            .await
            .map_err(|error| unreachable(innermost(&error)))?;
        let info = CometClient::new(channel.clone())
            .get_node_info(GetNodeInfoRequest {})
            .await
            .map_err(|status| ChainError::rpc("GetNodeInfo", &status))?
            .into_inner()
            .default_node_info
            .ok_or_else(|| ChainError::answer("GetNodeInfo", "node info is missing"))?;
        Ok(Self { channel, config: Arc::new(config), chain_id: info.network.into() })
    }

    /// The chain's id, as it is signed into every transaction.
    #[must_use]
    pub fn chain_id(&self) -> &str {
        &self.chain_id
    }

    /// The limits and prices in force.
    #[must_use]
    pub fn config(&self) -> &ChainConfig {
        &self.config
    }

    /// An account's native balance of one denomination; zero when it has none.
    ///
    /// # Errors
    /// [`ChainError::Rpc`] for a bad address or a failed call.
    pub async fn balance(&self, address: &str, denom: &str) -> Result<Coin, ChainError> {
        let call = "Balance";
        let coin = BankClient::new(self.channel.clone())
            .balance(QueryBalanceRequest { address: address.to_owned(), denom: denom.to_owned() })
            .await
            .map_err(|status| ChainError::rpc(call, &status))?
            .into_inner()
            .balance
            .ok_or_else(|| ChainError::answer(call, "balance is missing"))?;
        let amount: Uint128 =
            coin.amount.parse().map_err(|_| ChainError::answer(call, "amount is not an integer of 128 bits"))?;
        Ok(Coin::new(amount, coin.denom))
    }

    /// Height and time of the latest block.
    ///
    /// # Errors
    /// [`ChainError::Rpc`] or [`ChainError::BadAnswer`].
    pub async fn latest_block(&self) -> Result<BlockStamp, ChainError> {
        Ok(self.latest().await?.0)
    }

    /// The latest block, and how far the node's application has come, where the node says so: a block is stored before it is applied.
    async fn latest(&self) -> Result<(BlockStamp, Option<u64>), ChainError> {
        let call = "GetLatestBlock";
        let answer = CometClient::new(self.channel.clone())
            .get_latest_block(GetLatestBlockRequest {})
            .await
            .map_err(|status| ChainError::rpc(call, &status))?;
        let applied = answer.metadata().get(APPLIED_HEIGHT).and_then(|height| height.to_str().ok()?.parse().ok());
        let answer = answer.into_inner();
        let header = match (answer.sdk_block, answer.block) {
            (Some(block), _) => block.header.map(|header| (header.height, header.time)),
            (None, Some(block)) => block.header.map(|header| (header.height, header.time)),
            (None, None) => None,
        };
        let (height, time) = header.ok_or_else(|| ChainError::answer(call, "the block has no header"))?;
        let height = u64::try_from(height).map_err(|_| ChainError::answer(call, "height is out of range"))?;
        let time_ns = nanoseconds(call, time.as_ref())?;
        Ok((BlockStamp { height, time_ns }, applied))
    }

    /// Waits until block time is at least `unix_seconds` and the block that reached it is applied, and returns that block.
    ///
    /// # Errors
    /// [`ChainError::TimeNotReached`] after `deadline`, or a failed call.
    pub async fn wait_until_time(&self, unix_seconds: u64, deadline: Duration) -> Result<BlockStamp, ChainError> {
        let end = Instant::now() + deadline;
        loop {
            let (block, applied) = self.latest().await?;
            if block.seconds() >= unix_seconds && applied.is_none_or(|height| height >= block.height) {
                return Ok(block);
            }
            if Instant::now() >= end {
                return Err(ChainError::TimeNotReached {
                    wanted: unix_seconds,
                    reached: block.seconds(),
                    waited_s: deadline.as_secs(),
                });
            }
            sleep(self.config.poll_interval).await;
        }
    }

    /// An account as the chain knows it.
    ///
    /// # Errors
    /// [`ChainError::UnknownAccount`] before its first coins; [`ChainError::BadAnswer`] for accounts that
    /// do not sign with one key.
    pub async fn account(&self, address: &str) -> Result<BaseAccount, ChainError> {
        let call = "Account";
        let answer = AuthClient::new(self.channel.clone())
            .account(QueryAccountRequest { address: address.to_owned() })
            .await
            .map_err(|status| match status.code() {
                Code::NotFound => ChainError::UnknownAccount { address: address.to_owned() },
                _ => ChainError::rpc(call, &status),
            })?;
        let any = answer.into_inner().account.ok_or_else(|| ChainError::answer(call, "account is missing"))?;
        if any.type_url != BaseAccount::type_url() {
            return Err(ChainError::answer(call, format!("{} is not an account with one key", any.type_url)));
        }
        BaseAccount::decode(any.value.as_slice()).map_err(|error| ChainError::answer(call, error.to_string()))
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub(crate) fn tx(&self) -> TxClient<Channel> {
        TxClient::new(self.channel.clone()).max_decoding_message_size(self.config.max_answer_bytes)
    }
}

/// Unix nanoseconds of a header's time.
pub(crate) fn nanoseconds(call: &'static str, time: Option<&Timestamp>) -> Result<u64, ChainError> {
    let time = time.ok_or_else(|| ChainError::answer(call, "the header has no time"))?;
    u64::try_from(time.seconds)
        .ok()
        .zip(u64::try_from(time.nanos).ok())
        .and_then(|(seconds, nanos)| seconds.checked_mul(1_000_000_000)?.checked_add(nanos))
        .ok_or_else(|| ChainError::answer(call, "time is out of range"))
}

/// The last cause of a transport error: the outer ones only say that there was one.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
