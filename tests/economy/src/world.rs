//! The chain: every contract deployed as it is in production, with windows of minutes.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, ensure};
use cosmwasm_std::{Addr, Empty, Timestamp, Uint64, Uint128};
use cw_multi_test::{
    App, AppBuilder, BankKeeper, Contract, ContractWrapper, Executor, MockApiBech32, error::AnyError, no_init,
};
use cw20::{BalanceResponse, Cw20ExecuteMsg, Cw20QueryMsg, TokenInfoResponse};
use openledger_contract_kit::Bps;
use openledger_protocol::Scope;
use serde::{Serialize, de::DeserializeOwned};

use crate::keys;

/// All OPEN, in uopen.
pub const SUPPLY: u128 = 1_000_000_000_000_000;
/// People who trade, ask, earn, back and claim.
pub const PEOPLE: usize = 8;
/// What each person begins with, in uopen.
pub const RICH: u64 = 1_000_000_000;
/// Bonds of the validators: every three of four hold more than two thirds, no two do.
pub const POWERS: [u128; 4] = [26_000, 25_000, 25_000, 24_000];

/// The chain and who is on it.
pub struct World {
    app: App<BankKeeper, MockApiBech32>,
    /// Deployed everything and holds the rest of the supply.
    pub founder: Addr,
    /// People by number.
    pub people: Vec<Addr>,
    /// Validators by number.
    pub validators: Vec<Addr>,
    /// Their numbers in the order of the set's members.
    pub members: Vec<u8>,
    /// The node that submits batches.
    pub node: Addr,
    /// Stands for the Datanets contract towards the shares.
    pub datanets: Addr,
    /// OPEN.
    pub token: Addr,
    /// Staking.
    pub staking: Addr,
    /// Settlement.
    pub settlement: Addr,
    /// Shares of a Datanet.
    pub shares: Addr,
    names: BTreeMap<Addr, String>,
}

macro_rules! code {
    ($app:expr, $contract:ident) => {{
        use $contract::contract::{execute, instantiate, query};
        let code: Box<dyn Contract<Empty>> = Box::new(ContractWrapper::new(execute, instantiate, query));
        $app.store_code(code)
    }};
}

impl World {
    /// Deploys and funds everything. A failure here is a mistake in this file.
    #[allow(clippy::expect_used)]
    pub fn new() -> Self {
        Self::deploy().expect("the world deploys")
    }

    fn deploy() -> Result<Self> {
        let api = MockApiBech32::new("wasm");
        let mut names = BTreeMap::new();
        let mut name = |name: String| {
            let account = api.addr_make(&name);
            names.insert(account.clone(), name);
            account
        };
        let founder = name("founder".into());
        let people: Vec<Addr> = (0..PEOPLE).map(|number| name(format!("person {number}"))).collect();
        let validators: Vec<Addr> = (0..POWERS.len()).map(|number| name(format!("validator {number}"))).collect();
        let (node, datanets) = (name("node".into()), name("datanets".into()));
        let mut app: App<BankKeeper, MockApiBech32> = AppBuilder::new().with_api(api).build(no_init);
        app.update_block(|block| block.time = Timestamp::from_seconds(1_800_000_000));

        let mut left = SUPPLY;
        let mut allocations = Vec::new();
        for (account, amount) in
            people.iter().map(|person| (person, u128::from(RICH))).chain(validators.iter().zip(POWERS))
        {
            left -= amount;
            allocations.push((account, amount));
        }
        allocations.push((&founder, left));
        let allocations = allocations
            .into_iter()
            .map(|(address, amount)| open_token::msg::Allocation::new(address.as_str(), amount.into()))
            .collect();
        let init = open_token::msg::InstantiateMsg { allocations, marketing: None, vesting: None };
        let token = instantiate(&mut app, &founder, |app| code!(app, open_token), &init, "open-token")?;

        let init = staking::msg::InstantiateMsg {
            owner: founder.to_string(),
            token: token.to_string(),
            params: staking::msg::Params {
                unbonding_seconds: Uint64::new(3_000),
                min_self_bond: Uint128::new(100),
                max_validators: 4,
                max_unbonding_entries: 7,
                snapshot_interval_seconds: Uint64::new(10),
                max_delegations: 16,
                jail_seconds: Uint64::new(60),
                min_operator_bond: Uint128::new(1),
            },
        };
        let staking = instantiate(&mut app, &founder, |app| code!(app, staking), &init, "staking")?;

        let init = settlement::msg::InstantiateMsg {
            owner: founder.to_string(),
            token: token.to_string(),
            staking: staking.to_string(),
            models: datanets.to_string(),
            treasury: founder.to_string(),
            params: settlement_params(),
        };
        let settlement = instantiate(&mut app, &founder, |app| code!(app, settlement), &init, "settlement")?;

        let init = shares::msg::InstantiateMsg {
            datanets: datanets.to_string(),
            datanet_id: Uint64::new(1),
            token: token.to_string(),
            name: "Shares".try_into().map_err(|error| anyhow!("{error}"))?,
            symbol: "SHARE".try_into().map_err(|error| anyhow!("{error}"))?,
            marketing: None,
            params: shares_params()?,
        };
        let shares = instantiate(&mut app, &founder, |app| code!(app, shares), &init, "shares")?;
        for (account, name) in
            [(&token, "open-token"), (&staking, "staking"), (&settlement, "settlement"), (&shares, "shares")]
        {
            names.insert(account.clone(), name.into());
        }
        let mut world = Self {
            app,
            founder,
            people,
            validators,
            members: Vec::new(),
            node,
            datanets,
            token,
            staking,
            settlement,
            shares,
            names,
        };
        world.allow_everything()?;
        world.bond_validators()?;
        Ok(world)
    }

    /// Contracts may take what the messages of their senders say; what they take is the model's affair.
    fn allow_everything(&mut self) -> Result<()> {
        let spenders = [&self.staking, &self.settlement, &self.shares].map(Clone::clone);
        let token = self.token.clone();
        for owner in self.people.iter().chain(&self.validators).cloned().collect::<Vec<_>>() {
            for spender in &spenders {
                let (spender, amount) = (spender.to_string(), Uint128::MAX);
                let allow = Cw20ExecuteMsg::IncreaseAllowance { spender, amount, expires: None };
                self.call(&owner, &token, &allow).map_err(|error| anyhow!("{error:?}"))?;
            }
        }
        Ok(())
    }

    fn bond_validators(&mut self) -> Result<()> {
        let staking = self.staking.clone();
        let text = |text: &str| text.to_owned();
        for (number, power) in (0..).zip(POWERS) {
            let account = self.validators[usize::from(number)].clone();
            let register = staking::msg::ExecuteMsg::RegisterValidator {
                amount: Uint128::new(power),
                bls_public_key: keys::validator(number).sk_to_pk().to_bytes().into(),
                proof_of_possession: keys::possession(number, self.scope(&staking), account.as_str()),
                endpoint: staking::msg::Endpoint::new(text("http://127.0.0.1:1"))
                    .map_err(|error| anyhow!("{error}"))?,
                moniker: staking::msg::Moniker::new(text("validator")).map_err(|error| anyhow!("{error}"))?,
                commission: None,
                description: None,
            };
            self.call(&account, &staking, &register).map_err(|error| anyhow!("{error:?}"))?;
        }
        let founder = self.founder.clone();
        self.call(&founder, &staking, &staking::msg::ExecuteMsg::Snapshot {}).map_err(|error| anyhow!("{error:?}"))?;
        let set: staking::msg::EpochSet = self.query(&staking, &staking::msg::QueryMsg::LatestSet {})?;
        for member in set.members {
            let number = self.validators.iter().position(|account| *account == member.validator);
            self.members.push(u8::try_from(number.ok_or_else(|| anyhow!("an unknown member"))?)?);
        }
        ensure!(self.members.len() == POWERS.len(), "not everybody is in the set");
        Ok(())
    }

    /// Everybody who can hold OPEN.
    pub fn holders(&self) -> impl Iterator<Item = &Addr> {
        self.people.iter().chain(&self.validators).chain([
            &self.founder,
            &self.node,
            &self.datanets,
            &self.staking,
            &self.settlement,
            &self.shares,
        ])
    }

    /// What a person calls an address.
    pub fn name<'a>(&'a self, account: &'a Addr) -> &'a str {
        self.names.get(account).map_or(account.as_str(), String::as_str)
    }

    /// Block time, in seconds.
    pub fn now(&self) -> u64 {
        self.app.block_info().time.seconds()
    }

    /// The next block, so many seconds later.
    pub fn wait(&mut self, seconds: u64) {
        self.app.update_block(|block| {
            block.height += 1;
            block.time = block.time.plus_seconds(seconds);
        });
    }

    /// What signatures for a contract are bound to.
    pub fn scope(&self, contract: &Addr) -> Scope {
        Scope { chain_id: self.app.block_info().chain_id, contract: contract.to_string() }
    }

    /// Sends a message.
    pub fn call(
        &mut self,
        from: &Addr,
        contract: &Addr,
        msg: &(impl Serialize + std::fmt::Debug),
    ) -> Result<(), AnyError> {
        self.app.execute_contract(from.clone(), contract.clone(), msg, &[]).map(|_| ())
    }

    /// Sends a message whose outcome was predicted. Returns the prediction.
    pub fn expect(
        &mut self,
        from: &Addr,
        contract: &Addr,
        msg: &(impl Serialize + std::fmt::Debug),
        accepted: bool,
    ) -> Result<bool> {
        match self.call(from, contract, msg) {
            Ok(()) if accepted => Ok(true),
            Err(_) if !accepted => Ok(false),
            Ok(()) => Err(anyhow!("accepted, though the model refuses it: {msg:?} by {}", self.name(from))),
            Err(error) => {
                Err(anyhow!("refused, though the model accepts it: {msg:?} by {}: {error:?}", self.name(from)))
            }
        }
    }

    /// Reads from a contract.
    pub fn query<T: DeserializeOwned>(&self, contract: &Addr, msg: &impl Serialize) -> Result<T> {
        self.app.wrap().query_wasm_smart(contract, msg).map_err(|error| anyhow!("{error}"))
    }

    /// OPEN of an account.
    #[allow(clippy::expect_used)] // the token answers
    pub fn balance(&self, account: &Addr) -> u128 {
        let question = Cw20QueryMsg::Balance { address: account.to_string() };
        self.query::<BalanceResponse>(&self.token, &question).expect("balance").balance.u128()
    }

    /// All OPEN that is left.
    #[allow(clippy::expect_used)] // the token answers
    pub fn supply(&self) -> u128 {
        self.query::<TokenInfoResponse>(&self.token, &Cw20QueryMsg::TokenInfo {})
            .expect("token info")
            .total_supply
            .u128()
    }
}

fn instantiate(
    app: &mut App<BankKeeper, MockApiBech32>,
    founder: &Addr,
    store: impl FnOnce(&mut App<BankKeeper, MockApiBech32>) -> u64,
    msg: &(impl Serialize + std::fmt::Debug),
    label: &str,
) -> Result<Addr> {
    let code = store(app);
    app.instantiate_contract(code, founder.clone(), msg, &[], label, None)
        .map_err(|error| anyhow!("{label}: {error:?}"))
}

/// Settlement's windows.
pub fn settlement_params() -> settlement::msg::Params {
    settlement::msg::Params {
        challenge_window_seconds: Uint64::new(300),
        attestation_deadline_seconds: Uint64::new(1_000),
        max_session_seconds: Uint64::new(10_000),
        settle_grace_seconds: Uint64::new(500),
        max_charges_per_batch: 8,
        max_batches_per_epoch: 4,
        set_overlap: 1,
        set_overlap_seconds: Uint64::new(1_000),
        max_pause_seconds: Uint64::new(600),
        round_seconds: Uint64::new(400),
        max_open_epochs: 8,
        exposure_factor: 0,
    }
}

/// A whole share costs 2,000,000 uopen: one uopen buys half a unit.
pub fn shares_params() -> Result<shares::msg::Params> {
    let bps = |points| Bps::new(points).map_err(|error| anyhow!("{error}"));
    Ok(shares::msg::Params {
        price: Uint128::new(2_000_000),
        max_backed_shares: Uint128::new(1_000_000_000_000),
        max_contribution_shares: Uint128::new(1_000_000_000),
        max_contribution_shares_per_day: Uint128::new(400_000),
        unback_seconds: Uint64::new(86_400),
        income_seconds: Uint64::new(1_000),
        period_seconds: Uint64::new(86_400),
        max_slash: bps(10_000)?,
        max_commons_part: bps(5_000)?,
    })
}
