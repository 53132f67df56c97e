//! Sending transactions: estimate, sign, broadcast, wait for the block.

use std::sync::Arc;

use cosmrs::Any;
use cosmwasm_std::Coin;
use openledger_cosmos_api::{
    cosmos::tx::v1beta1::{BroadcastMode, BroadcastTxRequest, GetTxRequest, SimulateRequest},
    cosmwasm::wasm::v1::{MsgInstantiateContractResponse, MsgStoreCodeResponse},
};
use serde::Serialize;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};
use tonic::Code;

use crate::{
    client::ChainClient,
    error::ChainError,
    key::Key,
    outcome::{Instantiated, StoredCode, TxOutcome},
    tx::{self, Context},
};

/// The account's numbers, as far as this process knows them.
#[derive(Clone, Copy)]
struct Numbers {
    account: u64,
    sequence: u64,
}

/// A key on a chain. Clones share the sequence, so tasks of one process never collide; another process with
/// the same key is noticed by the chain's refusal and survived once per transaction.
#[derive(Clone, Debug)]
pub struct Signer {
    client: ChainClient,
    key: Arc<Key>,
    /// Held from estimate to broadcast: sequences are used in order.
    numbers: Arc<Mutex<Option<Numbers>>>,
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.account, self.sequence)
    }
}

impl ChainClient {
    /// Adds a key: the result can send transactions.
    #[must_use]
    pub fn signer(&self, key: Key) -> Signer {
        Signer::new(self.clone(), key)
    }
}

impl Signer {
    fn new(client: ChainClient, key: Key) -> Self {
        Self { client, key: Arc::new(key), numbers: Arc::default() }
    }

    /// The address transactions come from.
    #[must_use]
    pub fn address(&self) -> &str {
        self.key.address()
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The chain.
    #[must_use]
    pub fn client(&self) -> &ChainClient {
        &self.client
    }

    /// Calls a contract and waits for the block.
    ///
    /// # Errors
    /// [`ChainError::SimulationFailed`] or [`ChainError::Failed`] when the contract refuses, and everything a
    /// transaction can meet.
    pub async fn execute(
        &self,
        contract: &str,
        msg: &impl Serialize,
        funds: Vec<Coin>,
    ) -> Result<TxOutcome, ChainError> {
        let message = tx::execute(self.address(), contract, msg, &funds)?;
        self.broadcast(vec![message]).await
    }

    /// Calls several contracts in one transaction: all happen or none.
    ///
    /// # Errors
    /// As [`Signer::execute`].
    pub async fn execute_many<M: Serialize>(&self, calls: &[(&str, M, Vec<Coin>)]) -> Result<TxOutcome, ChainError> {
        let messages = calls
            .iter()
            .map(|(contract, msg, funds)| tx::execute(self.address(), contract, msg, funds))
            .collect::<Result<Vec<_>, _>>()?;
        self.broadcast(messages).await
    }

    /// Uploads wasm.
    ///
    /// # Errors
    /// As [`Signer::execute`].
    pub async fn store_code(&self, wasm: Vec<u8>) -> Result<StoredCode, ChainError> {
        let message = tx::store(self.address(), wasm)?;
        let outcome = self.broadcast(vec![message]).await?;
        let stored: MsgStoreCodeResponse = outcome.response(0)?;
        Ok(StoredCode { code_id: stored.code_id, checksum: hex::encode(stored.checksum), outcome })
    }

    /// Makes a contract; `admin` may migrate it later.
    ///
    /// # Errors
    /// As [`Signer::execute`].
    pub async fn instantiate(
        &self,
        code_id: u64,
        label: &str,
        msg: &impl Serialize,
        admin: Option<&str>,
    ) -> Result<Instantiated, ChainError> {
        let message = tx::instantiate(self.address(), code_id, label, msg, admin, &[])?;
        let outcome = self.broadcast(vec![message]).await?;
        let made: MsgInstantiateContractResponse = outcome.response(0)?;
        Ok(Instantiated { address: made.address, outcome })
    }

    /// Moves a contract of which this account is admin to another code.
    ///
    /// # Errors
    /// As [`Signer::execute`].
    pub async fn migrate(&self, contract: &str, code_id: u64, msg: &impl Serialize) -> Result<TxOutcome, ChainError> {
        let message = tx::migrate(self.address(), contract, code_id, msg)?;
        self.broadcast(vec![message]).await
    }

    /// Sends native coins.
    ///
    /// # Errors
    /// As [`Signer::execute`].
    pub async fn send(&self, recipient: &str, amount: Vec<Coin>) -> Result<TxOutcome, ChainError> {
        let message = tx::send(self.address(), recipient, &amount)?;
        self.broadcast(vec![message]).await
    }

    /// Sends the same native coins to each of several accounts in one transaction.
    ///
    /// # Errors
    /// As [`Signer::execute`].
    pub async fn send_many(&self, recipients: &[&str], amount: &[Coin]) -> Result<TxOutcome, ChainError> {
        let messages = recipients
            .iter()
            .map(|recipient| tx::send(self.address(), recipient, amount))
            .collect::<Result<Vec<_>, _>>()?;
        self.broadcast(messages).await
    }

    /// Sends any messages in one transaction and waits for the block.
    ///
    /// # Errors
    /// As [`Signer::execute`].
    pub async fn broadcast(&self, messages: Vec<Any>) -> Result<TxOutcome, ChainError> {
        let (hash, fee) = self.submit(&messages).await?;
        let included = self.wait_included(&hash, fee).await;
        if matches!(included, Err(ChainError::NotIncluded { .. })) {
            // Nobody knows whether it will be: ask the chain again before the next signature.
            *self.numbers.lock().await = None;
        }
        included
    }

    /// Signs and broadcasts, again with fresh numbers if the chain expected another sequence.
    async fn submit(&self, messages: &[Any]) -> Result<(String, Coin), ChainError> {
        let mut cached = self.numbers.lock().await;
        let fresh = cached.is_none();
        let numbers = match *cached {
            Some(numbers) => numbers,
            None => self.fetch_numbers().await?,
        };
        let mut used = numbers;
        let mut result = self.attempt(messages, used).await;
        if !fresh && matches!(&result, Err(error) if error.is_sequence_mismatch()) {
            tracing::info!(address = self.address(), "sequence refused, asking the chain once");
            used = self.fetch_numbers().await?;
            result = self.attempt(messages, used).await;
        }
        *cached = match &result {
            Ok(_) => Some(Numbers { sequence: used.sequence.saturating_add(1), ..used }),
            // A refused transaction has not used its sequence up; a lost answer tells nothing.
            Err(ChainError::Rpc { .. } | ChainError::Unreachable { .. }) => None,
            Err(error) if error.is_sequence_mismatch() => None,
            Err(_) => Some(used),
        };
        result
    }

    async fn attempt(&self, messages: &[Any], numbers: Numbers) -> Result<(String, Coin), ChainError> {
        let context =
            Context { chain_id: self.client.chain_id(), account_number: numbers.account, sequence: numbers.sequence };
        let gas = self.gas(messages, &context).await?;
        let fee = self.client.config().gas_price.fee(gas);
        let tx_bytes = tx::sign(&self.key, messages, &fee, gas, &context)?;
        let answer = self
            .client
            .tx()
            .broadcast_tx(BroadcastTxRequest { tx_bytes, mode: BroadcastMode::Sync.into() })
            .await
            .map_err(|status| ChainError::rpc("BroadcastTx", &status))?
            .into_inner()
            .tx_response
            .ok_or_else(|| ChainError::answer("BroadcastTx", "tx_response is missing"))?;
        if answer.code == 0 {
            Ok((answer.txhash, fee))
        } else {
            Err(ChainError::Rejected {
                hash: answer.txhash,
                codespace: answer.codespace,
                code: answer.code,
                log: answer.raw_log,
            })
        }
    }

    /// The gas limit: the node's estimate with a margin, or the configured one where it offers none.
    async fn gas(&self, messages: &[Any], context: &Context<'_>) -> Result<u64, ChainError> {
        let config = self.client.config();
        // An estimate reads everything but the signature, so a signed transaction of any fee will do.
        let fee = config.gas_price.fee(config.fixed_gas);
        let tx_bytes = tx::sign(&self.key, messages, &fee, config.fixed_gas, context)?;
        #[allow(deprecated)]
        let request = SimulateRequest { tx: None, tx_bytes };
        let used = match self.client.tx().simulate(request).await {
            Ok(answer) => {
                let info = answer.into_inner().gas_info;
                info.ok_or_else(|| ChainError::answer("Simulate", "gas_info is missing"))?.gas_used
            }
            Err(status) if status.code() == Code::Unimplemented => return Ok(config.fixed_gas),
            Err(status) if is_transport(status.code()) => {
                return Err(ChainError::rpc("Simulate", &status));
            }
            Err(status) => {
                return Err(ChainError::SimulationFailed { log: status.message().to_owned() });
            }
        };
        let needed = u128::from(used).saturating_mul(u128::from(config.gas_multiplier_percent)).div_ceil(100);
        let needed = u64::try_from(needed).unwrap_or(u64::MAX);
        if needed > config.max_gas {
            return Err(ChainError::GasLimit { needed, limit: config.max_gas });
        }
        Ok(needed)
    }

    async fn wait_included(&self, hash: &str, fee: Coin) -> Result<TxOutcome, ChainError> {
        let config = self.client.config();
        let end = Instant::now() + config.inclusion_deadline;
        loop {
            let request = GetTxRequest { hash: hash.to_owned() };
            match self.client.tx().get_tx(request).await {
                Ok(answer) => {
                    let found = answer
                        .into_inner()
                        .tx_response
                        .ok_or_else(|| ChainError::answer("GetTx", "tx_response is missing"))?;
                    if found.code == 0 {
                        return TxOutcome::read(found, fee);
                    }
                    return Err(ChainError::Failed {
                        hash: found.txhash,
                        height: u64::try_from(found.height).unwrap_or(0),
                        codespace: found.codespace,
                        code: found.code,
                        log: found.raw_log,
                    });
                }
                // Not found yet, or the connection stumbled: the transaction is out, so only time decides.
                Err(status) => tracing::trace!(hash, %status, "not included yet"),
            }
            if Instant::now() >= end {
                return Err(ChainError::NotIncluded {
                    hash: hash.to_owned(),
                    waited_s: config.inclusion_deadline.as_secs(),
                });
            }
            sleep(config.poll_interval).await;
        }
    }

    async fn fetch_numbers(&self) -> Result<Numbers, ChainError> {
        let account = self.client.account(self.address()).await?;
        Ok(Numbers { account: account.account_number, sequence: account.sequence })
    }
}

/// Whether a status tells about the way to the node rather than about the transaction.
fn is_transport(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::ResourceExhausted)
}
