//! Sending transactions: estimate, sign, broadcast, wait for the block.
//!
//! A message is never signed into a second transaction while the first could still be included. When the answer to a
//! broadcast is lost, the transaction is looked up by its hash first; if the chain does not know it, the *same* bytes
//! are sent again, which a chain includes at most once. Only a refusal by number (SDK code 32, wrong sequence) has the
//! messages signed anew, once, with the sequence that the chain asks for.

use std::sync::Arc;

use cosmrs::Any;
use cosmwasm_std::Coin;
use openledger_cosmos_api::{
    cosmos::{
        base::abci::v1beta1::TxResponse,
        tx::v1beta1::{BroadcastMode, BroadcastTxRequest, GetTxRequest, SimulateRequest},
    },
    cosmwasm::wasm::v1::{MsgInstantiateContractResponse, MsgStoreCodeResponse},
};
use serde::Serialize;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::{Instant, sleep},
};
use tonic::{Code, Status};

use crate::{
    client::ChainClient,
    error::ChainError,
    key::Key,
    outcome::{Instantiated, StoredCode, TxOutcome},
    signing::SigningKey,
    tx::{self, Draft, Party, Payment},
};

/// The SDK's number for a transaction that already waits for its block.
const IN_MEMPOOL: u32 = 19;
/// After which look-ups the same bytes are sent again, while their fate is unknown.
const RESENDS: [u32; 4] = [1, 4, 16, 64];

/// The account's numbers, as far as this process knows them.
#[derive(Clone, Copy)]
struct Numbers {
    account: u64,
    sequence: u64,
}

/// A key with its numbers.
#[derive(Debug)]
struct Account<K> {
    key: Arc<K>,
    /// Held from estimate to broadcast: sequences are used in order.
    numbers: Arc<Mutex<Option<Numbers>>>,
}

/// A key on a chain. Clones share the sequence, so tasks of one process never collide; another process with
/// the same key is noticed by the chain's refusal and survived once per transaction.
#[derive(Debug)]
pub struct Signer<K = Key> {
    client: ChainClient,
    own: Account<K>,
    /// Signs as well and pays the fee.
    payer: Option<Account<K>>,
    /// Has granted an allowance from which the fee is paid.
    granter: Option<Arc<str>>,
}

/// A transaction that the node has taken, or may have taken.
struct Sent {
    hash: String,
    fee: Coin,
    /// Last height at which it can be included; zero for none.
    timeout_height: u64,
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.account, self.sequence)
    }
}

impl<K> Clone for Account<K> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), numbers: self.numbers.clone() }
    }
}

impl<K> Clone for Signer<K> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            own: self.own.clone(),
            payer: self.payer.clone(),
            granter: self.granter.clone(),
        }
    }
}

impl ChainClient {
    /// Adds a key: the result can send transactions.
    #[must_use]
    pub fn signer(&self, key: Key) -> Signer {
        self.signer_with(key)
    }

    /// Adds a key of any place, for example a [`RemoteKey`](crate::RemoteKey).
    #[must_use]
    pub fn signer_with<K: SigningKey>(&self, key: K) -> Signer<K> {
        Signer {
            client: self.clone(),
            own: Account { key: Arc::new(key), numbers: Arc::default() },
            payer: None,
            granter: None,
        }
    }
}

impl<K: SigningKey> Account<K> {
    /// The account's part of a transaction with these numbers.
    fn party(&self, numbers: Numbers) -> Party {
        Party { public_key: self.key.public_key(), account: numbers.account, sequence: numbers.sequence }
    }
}

impl<K: SigningKey> Signer<K> {
    /// The same signer, whose fees are paid from an allowance that `granter` has granted to whoever pays: see
    /// [`feegrant`](crate::feegrant).
    ///
    /// # Errors
    /// [`ChainError::Invalid`] when the granter is no address.
    pub fn with_fee_granter(&self, granter: &str) -> Result<Self, ChainError> {
        tx::account("fee granter", granter)?;
        Ok(Self { granter: Some(granter.into()), ..self.clone() })
    }

    /// The same signer, whose fees another account pays, which signs every transaction as well. Both sequences advance.
    #[must_use]
    pub fn with_fee_payer(&self, payer: &Self) -> Self {
        let payer = (payer.address() != self.address()).then(|| payer.own.clone());
        Self { payer, ..self.clone() }
    }

    /// The address transactions come from.
    #[must_use]
    pub fn address(&self) -> &str {
        self.own.key.address()
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &K {
        &self.own.key
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
    /// As [`Signer::execute`]. [`ChainError::NotIncluded`] leaves open whether it will be included; with
    /// [`timeout_blocks`](crate::ChainConfig::timeout_blocks) it is followed up until [`ChainError::Expired`] is sure.
    pub async fn broadcast(&self, messages: Vec<Any>) -> Result<TxOutcome, ChainError> {
        let sent = self.submit(&messages).await?;
        let included = self.wait_included(&sent).await;
        if matches!(included, Err(ChainError::NotIncluded { .. } | ChainError::Expired { .. })) {
            // Nobody knows what the sequence is now: ask the chain again before the next signature.
            for account in self.accounts() {
                *account.numbers.lock().await = None;
            }
        }
        included
    }

    /// Who signs, in the order of the signatures.
    fn accounts(&self) -> impl Iterator<Item = &Account<K>> {
        std::iter::once(&self.own).chain(&self.payer)
    }

    /// Takes the numbers of all who sign. Always in the order of addresses, so that two signers which pay for each
    /// other never wait for each other.
    async fn lock(&self) -> Vec<MutexGuard<'_, Option<Numbers>>> {
        match &self.payer {
            None => vec![self.own.numbers.lock().await],
            Some(payer) if payer.key.address() < self.address() => {
                let other = payer.numbers.lock().await;
                vec![self.own.numbers.lock().await, other]
            }
            Some(payer) => vec![self.own.numbers.lock().await, payer.numbers.lock().await],
        }
    }

    /// Signs and broadcasts, again with fresh numbers if the chain expected another sequence.
    async fn submit(&self, messages: &[Any]) -> Result<Sent, ChainError> {
        let mut cached = self.lock().await;
        let mut fresh = true;
        let mut used = Vec::with_capacity(cached.len());
        for (account, numbers) in self.accounts().zip(&cached) {
            used.push(match **numbers {
                Some(numbers) => {
                    fresh = false;
                    numbers
                }
                None => self.fetch_numbers(account).await?,
            });
        }
        let mut result = self.attempt(messages, &used).await;
        if let Err(error) = &result
            && error.is_sequence_mismatch()
            && let Some(corrected) = self.corrected(&used, fresh, error).await?
        {
            tracing::info!(address = self.address(), "sequence refused, signing once with the chain's");
            used = corrected;
            result = self.attempt(messages, &used).await;
        }
        for (numbers, used) in cached.iter_mut().zip(used) {
            **numbers = match &result {
                Ok(_) => Some(Numbers { sequence: used.sequence.saturating_add(1), ..used }),
                // A refused transaction has not used its sequence up; a lost answer tells nothing.
                Err(ChainError::Rpc { .. } | ChainError::Unreachable { .. } | ChainError::NotIncluded { .. }) => None,
                Err(error) if error.is_sequence_mismatch() => None,
                Err(_) => Some(used),
            };
        }
        result
    }

    /// Other numbers after a mismatch, or none when there is nothing better than what was refused.
    ///
    /// A chain that answers for an account tells its last block, while the check of transactions already counts those
    /// that wait. So the number in the refusal wins over the answer, as far as it can be meant for one account.
    async fn corrected(
        &self,
        used: &[Numbers],
        fresh: bool,
        error: &ChainError,
    ) -> Result<Option<Vec<Numbers>>, ChainError> {
        let mut corrected = used.to_vec();
        if !fresh {
            corrected.clear();
            for account in self.accounts() {
                corrected.push(self.fetch_numbers(account).await?);
            }
        }
        if let ([numbers], Some(expected)) = (corrected.as_mut_slice(), error.expected_sequence()) {
            numbers.sequence = expected;
        }
        let same = corrected.iter().zip(used).all(|(new, old)| new.sequence == old.sequence);
        Ok((!same).then_some(corrected))
    }

    /// Signs with the given numbers and hands the transaction to the node.
    async fn attempt(&self, messages: &[Any], numbers: &[Numbers]) -> Result<Sent, ChainError> {
        let parties: Vec<Party> =
            self.accounts().zip(numbers).map(|(account, numbers)| account.party(*numbers)).collect();
        let gas = self.gas(messages, &parties).await?;
        let config = self.client.config();
        let fee = config.gas_price.fee(gas);
        let timeout_height = match config.timeout_blocks {
            Some(blocks) => self.client.latest_block().await?.height.saturating_add(blocks),
            None => 0,
        };
        let draft = Draft::new(messages, &parties, &self.payment(fee.clone(), gas), timeout_height);
        let mut signatures = Vec::with_capacity(parties.len());
        for (account, party) in self.accounts().zip(&parties) {
            let document = draft.document(self.client.chain_id(), party.account);
            signatures.push(account.key.sign_document(&document).await?.to_vec());
        }
        let tx_bytes = draft.signed(signatures);
        let sent = Sent { hash: tx::hash(&tx_bytes), fee, timeout_height };
        match self.hand_in(&tx_bytes).await {
            Ok(answer) => accepted(&answer).map(|()| sent),
            Err(ChainError::Rpc { status, call, message }) if is_refusal(status) => {
                Err(ChainError::Rpc { call, status, message })
            }
            Err(error) => {
                tracing::warn!(hash = sent.hash, %error, "the answer to a broadcast is lost, looking the hash up");
                self.find_out(&sent, &tx_bytes).await.map(|()| sent)
            }
        }
    }

    async fn hand_in(&self, tx_bytes: &[u8]) -> Result<TxResponse, ChainError> {
        self.client
            .tx()
            .broadcast_tx(BroadcastTxRequest { tx_bytes: tx_bytes.to_vec(), mode: BroadcastMode::Sync.into() })
            .await
            .map_err(|status| ChainError::rpc("BroadcastTx", &status))?
            .into_inner()
            .tx_response
            .ok_or_else(|| ChainError::answer("BroadcastTx", "tx_response is missing"))
    }

    /// Settles whether the node has a transaction whose broadcast was not answered: by its hash, and by handing the
    /// same bytes in again where the hash is not known.
    async fn find_out(&self, sent: &Sent, tx_bytes: &[u8]) -> Result<(), ChainError> {
        let config = self.client.config();
        let end = Instant::now() + config.inclusion_deadline;
        let mut looked: u32 = 0;
        loop {
            match self.look_up(&sent.hash).await {
                Ok(Some(_)) => return Ok(()),
                Ok(None) => {
                    looked = looked.saturating_add(1);
                    if RESENDS.contains(&looked) {
                        match self.hand_in(tx_bytes).await {
                            Ok(answer) if accepted(&answer).is_ok() => return Ok(()),
                            // It may sit in a block that is not indexed yet; then a copy is refused for its sequence.
                            Ok(answer) => tracing::info!(hash = sent.hash, log = answer.raw_log, "copy refused"),
                            Err(error) => tracing::info!(hash = sent.hash, %error, "copy unanswered"),
                        }
                    }
                }
                Err(error) => tracing::info!(hash = sent.hash, %error, "look-up unanswered"),
            }
            if Instant::now() >= end {
                return Err(ChainError::NotIncluded {
                    hash: sent.hash.clone(),
                    waited_s: config.inclusion_deadline.as_secs(),
                });
            }
            sleep(config.poll_interval).await;
        }
    }

    fn payment(&self, fee: Coin, gas: u64) -> Payment<'_> {
        Payment {
            fee,
            gas,
            payer: self.payer.as_ref().map(|payer| payer.key.address()),
            granter: self.granter.as_deref(),
        }
    }

    /// The gas limit: the node's estimate with a margin, or the configured one where it offers none.
    async fn gas(&self, messages: &[Any], parties: &[Party]) -> Result<u64, ChainError> {
        let config = self.client.config();
        // An estimate reads everything but the signatures. It gets none: a node could keep a signed one and include it.
        let payment = self.payment(config.gas_price.fee(config.fixed_gas), config.fixed_gas);
        let tx_bytes = Draft::new(messages, parties, &payment, 0).unsigned(parties.len());
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

    /// A transaction by its hash, if a block has it.
    async fn look_up(&self, hash: &str) -> Result<Option<TxResponse>, ChainError> {
        match self.client.tx().get_tx(GetTxRequest { hash: hash.to_owned() }).await {
            Ok(answer) => {
                let found = answer.into_inner().tx_response;
                found.map(Some).ok_or_else(|| ChainError::answer("GetTx", "tx_response is missing"))
            }
            Err(status) if is_absence(&status) => Ok(None),
            Err(status) => Err(ChainError::rpc("GetTx", &status)),
        }
    }

    async fn wait_included(&self, sent: &Sent) -> Result<TxOutcome, ChainError> {
        let config = self.client.config();
        let hash = &sent.hash;
        let end = Instant::now() + config.inclusion_deadline;
        loop {
            let passed = sent.timeout_height > 0 && self.has_passed(sent.timeout_height).await;
            match self.look_up(hash).await {
                Ok(Some(found)) if found.code == 0 => return TxOutcome::read(found, sent.fee.clone()),
                Ok(Some(found)) => {
                    return Err(ChainError::Failed {
                        hash: found.txhash,
                        height: u64::try_from(found.height).unwrap_or(0),
                        codespace: found.codespace,
                        code: found.code,
                        log: found.raw_log,
                    });
                }
                // The height was read before: a block that could hold it would have been found.
                Ok(None) if passed => {
                    return Err(ChainError::Expired { hash: hash.clone(), height: sent.timeout_height });
                }
                Ok(None) => {}
                Err(error @ ChainError::BadAnswer { .. }) => return Err(error),
                // The connection stumbled: the transaction is out, so only time decides.
                Err(error) => tracing::trace!(hash, %error, "not seen yet"),
            }
            if Instant::now() >= end {
                return Err(ChainError::NotIncluded {
                    hash: hash.clone(),
                    waited_s: config.inclusion_deadline.as_secs(),
                });
            }
            sleep(config.poll_interval).await;
        }
    }

    /// Whether no block up to a height is to come. Nodes index a block's transactions after they announce it, so that
    /// two more blocks are awaited.
    async fn has_passed(&self, height: u64) -> bool {
        const INDEXED_AFTER: u64 = 2;
        match self.client.latest_block().await {
            Ok(block) => block.height >= height.saturating_add(INDEXED_AFTER),
            Err(error) => {
                tracing::trace!(%error, "the latest block is not known");
                false
            }
        }
    }

    async fn fetch_numbers(&self, account: &Account<K>) -> Result<Numbers, ChainError> {
        let account = self.client.account(account.key.address()).await?;
        Ok(Numbers { account: account.account_number, sequence: account.sequence })
    }
}

/// Whether the node has the transaction now.
fn accepted(answer: &TxResponse) -> Result<(), ChainError> {
    if answer.code == 0 || (answer.codespace == "sdk" && answer.code == IN_MEMPOOL) {
        return Ok(());
    }
    Err(ChainError::Rejected {
        hash: answer.txhash.clone(),
        codespace: answer.codespace.clone(),
        code: answer.code,
        log: answer.raw_log.clone(),
    })
}

/// Whether a status tells about the way to the node rather than about the transaction.
fn is_transport(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::ResourceExhausted)
}

/// Whether a broadcast ended before the node looked at the transaction.
fn is_refusal(code: Code) -> bool {
    matches!(code, Code::InvalidArgument | Code::Unimplemented | Code::PermissionDenied | Code::Unauthenticated)
}

/// Whether a look-up says that there is no such transaction. Older nodes say so with another code.
fn is_absence(status: &Status) -> bool {
    status.code() == Code::NotFound || status.message().contains("not found")
}
