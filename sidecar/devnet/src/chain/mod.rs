//! The simulated chain: accounts, contracts, blocks. Knows nothing of sockets.

pub mod accounts;
mod amino;
mod ante;
pub mod blocks;
mod codes;
pub mod decode;
mod deliver;
mod events;
pub mod fault;
pub mod limits;
mod produce;
mod signature;
mod state;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use cosmwasm_std::{Addr, BlockInfo, Coin, Timestamp};
use cw_multi_test::{App, AppBuilder, BankKeeper, MockApiBech32};

use self::{
    blocks::{Block, IncludedTx},
    codes::PendingCode,
    decode::DecodedTx,
    fault::Fault,
    limits::Limits,
    state::State,
};
pub use self::{
    codes::Artifacts,
    deliver::{TxResult, cause_of},
};
use crate::{
    error::DevnetError,
    genesis::Genesis,
    journal::{BlockRecord, Journal},
};

/// Prefix of every address.
pub const BECH32_PREFIX: &str = "wasm";

type Simulated = App<BankKeeper, MockApiBech32, State>;

/// The simulated chain. It lives on one thread: native contracts are not `Send`.
pub struct Chain {
    pub(crate) chain_id: String,
    pub(crate) fee_denom: String,
    pub(crate) limits: Limits,
    pub(crate) app: Simulated,
    artifacts: Artifacts,
    /// Codes uploaded by the transaction that runs now.
    pending_codes: Vec<PendingCode>,
    pub(crate) code_bytes: BTreeMap<u64, Arc<[u8]>>,
    /// The newest blocks, oldest first; never empty after start.
    pub(crate) blocks: VecDeque<Arc<Block>>,
    pub(crate) txs: HashMap<[u8; 32], Arc<IncludedTx>>,
    /// Checked transactions that wait for the next block.
    waiting: VecDeque<DecodedTx>,
    /// State after the latest block.
    app_hash: [u8; 32],
    /// How far block time runs ahead of the machine's clock.
    ahead_ns: u64,
    journal: Option<Journal>,
    /// Set when a block could not be written: from then on nothing is accepted.
    halted: Option<String>,
}

impl Chain {
    /// Builds the chain from its genesis and plays the recorded blocks again.
    ///
    /// # Errors
    /// [`DevnetError::Genesis`] for bad accounts, [`DevnetError::Diverged`] when a replayed block ends in
    /// another state than it was recorded with.
    pub fn open(
        genesis: &Genesis,
        limits: Limits,
        artifacts: Artifacts,
        journal: Option<Journal>,
        recorded: Vec<BlockRecord>,
    ) -> Result<Self, DevnetError> {
        let app = AppBuilder::new()
            .with_api(MockApiBech32::new(BECH32_PREFIX))
            .with_storage(State::default())
            .with_block(BlockInfo {
                height: 0,
                time: Timestamp::from_nanos(genesis.time_ns),
                chain_id: genesis.chain_id.clone(),
            })
            .build(cw_multi_test::no_init);
        let mut chain = Self {
            chain_id: genesis.chain_id.clone(),
            fee_denom: genesis.fee_denom.clone(),
            limits,
            app,
            artifacts,
            pending_codes: Vec::new(),
            code_bytes: BTreeMap::new(),
            blocks: VecDeque::new(),
            txs: HashMap::new(),
            waiting: VecDeque::new(),
            app_hash: [0; 32],
            ahead_ns: 0,
            journal: None,
            halted: None,
        };
        chain.found(genesis).map_err(|fault| DevnetError::Genesis { reason: fault.log })?;
        for record in recorded {
            chain.replay(record)?;
        }
        chain.journal = journal;
        if chain.blocks.is_empty() {
            chain.produce_empty()?;
        }
        Ok(chain)
    }

    /// Writes the genesis accounts.
    fn found(&mut self, genesis: &Genesis) -> Result<(), Fault> {
        for name in accounts::MODULES {
            let address = accounts::module_address(name)?;
            accounts::ensure(self.app.storage_mut(), &address);
        }
        for account in &genesis.accounts {
            accounts::check_address(&account.address)?;
            accounts::ensure(self.app.storage_mut(), &account.address);
            let address = Addr::unchecked(&account.address);
            let coins = account.coins.clone();
            self.app
                .init_modules(|router, _, storage| router.bank.init_balance(storage, &address, coins))
                .map_err(|error| Fault::invalid_coins(error.root_cause()))?;
        }
        self.app_hash = self.app.storage_mut().seal(&self.app_hash);
        Ok(())
    }

    /// Height of the latest block; zero before the first.
    pub fn height(&self) -> u64 {
        self.blocks.back().map_or(0, |block| block.height)
    }

    /// An account's balance of one denomination.
    pub fn balance(&self, address: &str, denom: &str) -> u128 {
        self.app.wrap().query_balance(address, denom).map_or(0, |coin| coin.amount.u128())
    }

    /// An account's balances, sorted by denomination.
    pub fn balances(&self, address: &str) -> Vec<Coin> {
        #[allow(deprecated)]
        self.app.wrap().query_all_balances(address).unwrap_or_default()
    }

    /// How many waiting transactions an account has signed.
    fn waiting_of(&self, address: &str) -> u64 {
        let count = self.waiting.iter().filter(|tx| tx.signers.iter().any(|signer| signer == address)).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}
