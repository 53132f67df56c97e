//! The chain: every contract deployed as it is in production, with windows of minutes.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use cosmwasm_std::{Addr, Empty, Event, Timestamp, Uint64, Uint128};
use cw_multi_test::{
    App, AppBuilder, BankKeeper, Contract, ContractWrapper, Executor, MockApiBech32, error::AnyError, no_init,
};
use cw20::{BalanceResponse, Cw20ExecuteMsg, Cw20QueryMsg, TokenInfoResponse};
use openledger_contract_kit::Bps;
use openledger_protocol::{EpochStatement, Scope, Signed, merkle};
use serde::{Serialize, de::DeserializeOwned};

use crate::{keys, parts};

/// All OPEN, in uopen.
pub const SUPPLY: u128 = 1_000_000_000_000_000;
/// People who trade, ask, earn, back and claim.
pub const PEOPLE: usize = 8;
/// What each person begins with, in uopen.
pub const RICH: u64 = 1_000_000_000;
/// First bonds of the validators. The first four are large and never leave; the others come and go.
pub const POWERS: [u128; 8] = [26_000_000, 25_000_000, 25_000_000, 24_000_000, 900_000, 500_000, 70_000, 1_000];
/// Validators that are never slashed much, and never for good.
pub const STEADY: usize = 4;
/// Commission of each validator, in basis points.
pub const COMMISSIONS: [u16; 8] = [0, 500, 1_000, 3_333, 2_500, 10_000, 1, 0];
/// Largest commission, of those that do not begin with a larger one, in basis points.
pub const MOST_COMMISSION: u16 = 5_000;
/// Largest step up of a commission, in basis points.
pub const COMMISSION_STEP: u16 = 700;
/// Nodes that submit batches.
pub const NODES: usize = 6;
/// The first of them are never barred.
pub const LASTING_NODES: usize = 2;
/// Part of slashed money that a challenger gets, in basis points.
pub const REWARD: u16 = 1_000;
/// Bond of a dispute.
pub const BOND: u128 = 5_000;
/// Number of the sinner's key, and its bond.
pub const SINNER: u8 = 200;
const SINNERS_BOND: u128 = 1_000;
/// The case that slashes at the world's order belong to.
pub const CASE: u64 = 1;

/// The chain and who is on it.
pub struct World {
    app: App<BankKeeper, MockApiBech32>,
    /// Deployed everything and holds the rest of the supply.
    pub founder: Addr,
    /// People by number.
    pub people: Vec<Addr>,
    /// Validators by number.
    pub validators: Vec<Addr>,
    /// Who was slashed for good before the history begins, and gave the case that other slashes belong to.
    pub sinner: Addr,
    /// Nodes that submit batches, by number.
    pub nodes: Vec<Addr>,
    /// Stands for the Datanets contract towards the shares.
    pub datanets: Addr,
    /// OPEN.
    pub token: Addr,
    /// Staking.
    pub staking: Addr,
    /// Settlement.
    pub settlement: Addr,
    /// Fraud: slashes and voids.
    pub disputes: Addr,
    /// Datanets and identities.
    pub registry: Addr,
    /// Base models and adapters.
    pub models: Addr,
    /// Grants.
    pub vesting: Addr,
    /// Proposals.
    pub governance: Addr,
    /// Shares of a Datanet.
    pub shares: Addr,
    names: BTreeMap<Addr, String>,
    events: Vec<Event>,
    /// How often each kind of message was accepted, by contract.
    pub accepted: BTreeMap<String, u64>,
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
        let nodes: Vec<Addr> = (0..NODES).map(|number| name(format!("node {number}"))).collect();
        let (sinner, datanets) = (name("sinner".into()), name("datanets".into()));
        let mut app: App<BankKeeper, MockApiBech32> = AppBuilder::new().with_api(api).build(no_init);
        app.update_block(|block| block.time = Timestamp::from_seconds(1_800_000_000));

        let mut left = SUPPLY;
        let mut allocations = Vec::new();
        for (account, amount) in
            people.iter().chain(&nodes).chain(&validators).chain([&sinner]).map(|account| (account, u128::from(RICH)))
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
                max_validators: 6,
                max_unbonding_entries: 7,
                snapshot_interval_seconds: Uint64::new(10),
                max_delegations: 3,
                jail_seconds: Uint64::new(60),
                min_operator_bond: Uint128::new(50),
            },
        };
        let staking = instantiate(&mut app, &founder, |app| code!(app, staking), &init, "staking")?;

        let init = datanets::msg::InstantiateMsg {
            owner: founder.to_string(),
            token: token.to_string(),
            shares_code_id: None,
            params: registry_params(),
        };
        let registry = instantiate(&mut app, &founder, |app| code!(app, datanets), &init, "registry")?;

        let init = models::msg::InstantiateMsg {
            owner: founder.to_string(),
            datanets: registry.to_string(),
            token: token.to_string(),
            params: models_params()?,
        };
        let models = instantiate(&mut app, &founder, |app| code!(app, models), &init, "models")?;

        let init = settlement::msg::InstantiateMsg {
            owner: founder.to_string(),
            token: token.to_string(),
            staking: staking.to_string(),
            models: models.to_string(),
            treasury: founder.to_string(),
            params: settlement_params(),
        };
        let settlement = instantiate(&mut app, &founder, |app| code!(app, settlement), &init, "settlement")?;

        let init = disputes::msg::InstantiateMsg {
            owner: founder.to_string(),
            settlement: settlement.to_string(),
            params: disputes_params()?,
        };
        let code: Box<dyn Contract<Empty>> = Box::new(
            ContractWrapper::new(
                disputes::contract::execute,
                disputes::contract::instantiate,
                disputes::contract::query,
            )
            .with_reply(disputes::contract::reply),
        );
        let disputes = instantiate(&mut app, &founder, |app| app.store_code(code), &init, "disputes")?;

        let init = vesting::msg::InstantiateMsg {};
        let vesting = instantiate(&mut app, &founder, |app| code!(app, vesting), &init, "vesting")?;

        let init = governance::msg::InstantiateMsg {
            token: token.to_string(),
            staking: staking.to_string(),
            datanets: registry.to_string(),
            models: Some(models.to_string()),
            settlement: Some(settlement.to_string()),
            disputes: Some(disputes.to_string()),
            params: governance_params()?,
            guardian: None,
        };
        let governance = instantiate(&mut app, &founder, |app| code!(app, governance), &init, "governance")?;

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
        for (account, name) in [
            (&token, "open-token"),
            (&staking, "staking"),
            (&settlement, "settlement"),
            (&shares, "shares"),
            (&disputes, "disputes"),
            (&registry, "registry"),
            (&models, "models"),
            (&vesting, "vesting"),
            (&governance, "governance"),
        ] {
            names.insert(account.clone(), name.into());
        }
        let mut world = Self {
            app,
            founder,
            people,
            validators,
            sinner,
            nodes,
            datanets,
            token,
            staking,
            settlement,
            disputes,
            registry,
            models,
            vesting,
            governance,
            shares,
            names,
            events: Vec::new(),
            accepted: BTreeMap::new(),
        };
        world.allow_everything()?;
        world.bond_validators()?;
        world.found_datanet()?;
        world.slash_sinner()?;
        Ok(world)
    }

    /// Contracts may take what the messages of their senders say; what they take is the model's affair.
    fn allow_everything(&mut self) -> Result<()> {
        let spenders = [
            &self.staking,
            &self.settlement,
            &self.shares,
            &self.disputes,
            &self.governance,
            &self.registry,
            &self.models,
        ]
        .map(Clone::clone);
        let token = self.token.clone();
        let people = self.people.iter().chain(&self.validators).chain(&self.nodes).chain([&self.sinner]);
        for owner in people.cloned().collect::<Vec<_>>() {
            for spender in &spenders {
                let (spender, amount) = (spender.to_string(), Uint128::MAX);
                let allow = Cw20ExecuteMsg::IncreaseAllowance { spender, amount, expires: None };
                self.call(&owner, &token, &allow).map_err(|error| anyhow!("{error:?}"))?;
            }
        }
        Ok(())
    }

    fn bond_validators(&mut self) -> Result<()> {
        let founder = self.founder.clone();
        let (staking, settlement, disputes) = (self.staking.clone(), self.settlement.clone(), self.disputes.clone());
        let slasher = staking::msg::ExecuteMsg::SetSlasher { slasher: disputes.to_string() };
        self.must(&founder, &staking, &slasher)?;
        let arbiter = settlement::msg::ExecuteMsg::SetArbiter { arbiter: disputes.to_string() };
        self.must(&founder, &settlement, &arbiter)?;
        let sinner = self.sinner.clone();
        self.bond(&sinner, SINNER, SINNERS_BOND, 0)?;
        self.must(&founder, &staking, &staking::msg::ExecuteMsg::Snapshot {})?;
        for (number, (power, rate)) in (0..).zip(POWERS.into_iter().zip(COMMISSIONS)) {
            let account = self.validators[usize::from(number)].clone();
            self.bond(&account, number, power, rate)?;
        }
        Ok(())
    }

    fn bond(&mut self, account: &Addr, number: u8, power: u128, rate: u16) -> Result<()> {
        let staking = self.staking.clone();
        let bps = |points| Bps::new(points).map_err(|error| anyhow!("{error}"));
        let register = staking::msg::ExecuteMsg::RegisterValidator {
            amount: Uint128::new(power),
            bls_public_key: keys::public(number),
            proof_of_possession: keys::possession(number, self.scope(&staking), account.as_str()),
            endpoint: staking::msg::Endpoint::new("http://127.0.0.1:1".to_owned())
                .map_err(|error| anyhow!("{error}"))?,
            moniker: staking::msg::Moniker::new("validator".to_owned()).map_err(|error| anyhow!("{error}"))?,
            commission: Some(staking::msg::Commission {
                rate: bps(rate)?,
                max_rate: bps(rate.max(MOST_COMMISSION))?,
                max_change: bps(COMMISSION_STEP)?,
            }),
            description: None,
        };
        self.must(account, &staking, &register)
    }

    /// A first Datanet of the founder, with one cluster and one version, of which adapters can be made.
    fn found_datanet(&mut self) -> Result<()> {
        use datanets::msg::ExecuteMsg;
        let (founder, registry, models) = (self.founder.clone(), self.registry.clone(), self.models.clone());
        let (token, spender, settlement) = (self.token.clone(), registry.to_string(), self.settlement.to_string());
        let allow = Cw20ExecuteMsg::IncreaseAllowance { spender, amount: Uint128::MAX, expires: None };
        self.must(&founder, &token, &allow)?;
        self.must(&founder, &registry, &ExecuteMsg::SetSettlement { settlement: settlement.clone() })?;
        self.must(&founder, &models, &models::msg::ExecuteMsg::SetSettlement { settlement })?;
        let (datanet_id, contribution_id) = (Uint64::new(1), Uint64::new(1));
        self.must(&founder, &registry, &parts::create_datanet(&founder)?)?;
        let offer = parts::contribute(datanet_id, 1)?;
        self.must(&founder, &registry, &offer)?;
        self.must(&founder, &registry, &ExecuteMsg::Accept { datanet_id, contribution_id })?;
        let ExecuteMsg::Contribute { rows_root, .. } = offer else { return Ok(()) };
        let content_root = merkle::root(&[rows_root]).into();
        self.must(&founder, &registry, &ExecuteMsg::PublishVersion { datanet_id, content_root })
    }

    /// Person 0 shows that the sinner signed twice. All it bonded is divided, and its case is there for slashes to come.
    fn slash_sinner(&mut self) -> Result<()> {
        let (person, founder) = (self.people[0].clone(), self.founder.clone());
        let (staking, settlement, disputes) = (self.staking.clone(), self.settlement.clone(), self.disputes.clone());
        let scope = self.scope(&settlement);
        let signed = |root: u8| {
            let statement = EpochStatement {
                scope: Some(scope.clone()),
                epoch: 1,
                set_id: 1,
                batch_ids: vec![1],
                payout_root: vec![root; 32],
                payout_total: "1".into(),
                payout_count: 1,
                round: 0,
            };
            disputes::msg::SignedStatement {
                epoch: Uint64::new(1),
                round: 0,
                set_id: Uint64::new(1),
                batch_ids: vec![Uint64::new(1)],
                payout_root: [root; 32].into(),
                payout_total: Uint128::new(1),
                payout_count: Uint64::new(1),
                absentees: Vec::new(),
                signature: keys::attest(&statement.digest(), &[SINNER]),
            }
        };
        let proof = disputes::msg::ExecuteMsg::ProveEquivocation { first: signed(1), second: signed(2) };
        self.must(&person, &disputes, &proof)?;
        self.wait(10);
        self.must(&founder, &staking, &staking::msg::ExecuteMsg::Snapshot {})?;
        self.wait(1);
        Ok(())
    }

    /// Everybody who can hold OPEN.
    pub fn holders(&self) -> impl Iterator<Item = &Addr> {
        self.people.iter().chain(&self.validators).chain(&self.nodes).chain([
            &self.sinner,
            &self.founder,
            &self.datanets,
            &self.disputes,
            &self.registry,
            &self.models,
            &self.vesting,
            &self.governance,
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
        self.events = self.app.execute_contract(from.clone(), contract.clone(), msg, &[])?.events;
        Ok(())
    }

    fn must(&mut self, from: &Addr, contract: &Addr, msg: &(impl Serialize + std::fmt::Debug)) -> Result<()> {
        self.call(from, contract, msg).map_err(|error| anyhow!("{msg:?} by {}: {error:?}", self.name(from)))
    }

    /// Values of an attribute in the events of the last accepted message, in their order.
    pub fn events<'a>(&'a self, event: &str, key: &'a str) -> impl Iterator<Item = &'a str> {
        let event = format!("wasm-{event}");
        let named = self.events.iter().filter(move |found| found.ty == event);
        let attributes = named.flat_map(|event| &event.attributes);
        attributes.filter(move |attribute| attribute.key == key).map(|attribute| attribute.value.as_str())
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
            Ok(()) if accepted => {
                let kind = self.kind(contract, &format!("{msg:?}"));
                *self.accepted.entry(kind).or_default() += 1;
                Ok(true)
            }
            Err(_) if !accepted => Ok(false),
            Ok(()) => Err(anyhow!("accepted, though the model refuses it: {msg:?} by {}", self.name(from))),
            Err(error) => {
                Err(anyhow!("refused, though the model accepts it: {msg:?} by {}: {error:?}", self.name(from)))
            }
        }
    }

    /// Contract and variant of a message; of a `send` also to whom.
    fn kind(&self, contract: &Addr, msg: &str) -> String {
        let variant = msg.split([' ', '(']).next().unwrap_or_default();
        let receiver = msg.strip_prefix("Send { contract: \"").and_then(|rest| rest.split('"').next());
        let receiver = receiver.map(|account| format!(" to {}", self.name(&Addr::unchecked(account))));
        format!("{} {variant}{}", self.name(contract), receiver.unwrap_or_default())
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
        exposure_factor: 20,
    }
}

/// Of the contract that judges fraud.
pub fn disputes_params() -> Result<disputes::msg::Params> {
    let bps = |points| Bps::new(points).map_err(|error| anyhow!("{error}"));
    Ok(disputes::msg::Params {
        node_slash: bps(5_000)?,
        validator_slash: bps(10_000)?,
        reward: bps(REWARD)?,
        dispute_bond: Uint128::new(BOND),
        dispute_seconds: Uint64::new(700),
    })
}

/// Of Datanets and identities.
pub fn registry_params() -> datanets::msg::Params {
    datanets::msg::Params {
        payout_delay_seconds: Uint64::new(500),
        contribution_deposit: Uint128::new(1_000),
        datanet_bond: Uint128::new(20_000),
        sunset_seconds: Uint64::new(1_000),
        ..datanets::msg::Params::standard()
    }
}

/// Of base models and adapters.
pub fn models_params() -> Result<models::msg::Params> {
    let bps = |points| Bps::new(points).map_err(|error| anyhow!("{error}"));
    Ok(models::msg::Params {
        max_pause_seconds: Uint64::new(600),
        max_token_price: Uint128::new(1_000),
        base_bond: Uint128::new(30_000),
        adapter_bond: Uint128::new(40_000),
        rebate_bps: bps(500)?,
        min_take_bps: bps(1_000)?,
        bond_unlock_seconds: Uint64::new(900),
        base_notice_seconds: Uint64::new(600),
        payout_delay_seconds: Uint64::new(500),
        max_suspension_seconds: Uint64::new(600),
    })
}

/// Of proposals.
pub fn governance_params() -> Result<governance::msg::Params> {
    let bps = |points| Bps::new(points).map_err(|error| anyhow!("{error}"));
    Ok(governance::msg::Params {
        min_deposit: Uint128::new(16_000),
        expedited_min_deposit: Uint128::new(40_000),
        datanet_min_deposit: Uint128::new(1_000),
        initial_deposit: bps(1_000)?,
        deposit_seconds: Uint64::new(300),
        voting_seconds: Uint64::new(600),
        expedited_voting_seconds: Uint64::new(200),
        timelock_seconds: Uint64::new(100),
        expedited_timelock_seconds: Uint64::new(10),
        execution_seconds: Uint64::new(100),
        quorum: bps(2_000)?,
        threshold: bps(5_000)?,
        expedited_threshold: bps(6_700)?,
        veto_threshold: bps(3_334)?,
        datanet_quorum: bps(2_000)?,
        max_pause_seconds: Uint64::new(600),
        guardian_term_seconds: Uint64::new(600),
    })
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
