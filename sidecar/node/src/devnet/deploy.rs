//! Stores and instantiates the contracts.

use std::path::Path;

use cosmwasm_std::{Uint64, Uint128};
use disputes::msg::Bps;
use openledger_chain::Signer;
use serde::Serialize;

use super::{accounts::Accounts, chain::Chain};
use crate::{error::NodeError, network::Contracts};

/// Seconds between an epoch and the claims against it; short, because a real chain is waited for.
const CHALLENGE_WINDOW: u64 = 6;

/// Deploys OPEN and the contracts that work with it, and gives the one that judges fraud its powers.
pub async fn contracts(chain: &Chain, accounts: &Accounts, artifacts: &Path) -> Result<Contracts, NodeError> {
    let founder = &accounts.founder;
    let owner = founder.address().to_owned();
    let deploy = Deployer { founder, artifacts, simulation: chain.is_simulation() };
    let open_token = deploy
        .contract(
            "open_token",
            &open_token::msg::InstantiateMsg {
                allocations: vec![open_token::msg::Allocation::new(owner.clone(), open_token::msg::TOTAL_SUPPLY)],
                marketing: None,
                vesting: None,
            },
        )
        .await?;
    let datanets = deploy
        .contract(
            "datanets",
            &datanets::msg::InstantiateMsg {
                owner: owner.clone(),
                token: open_token.clone(),
                shares_code_id: None,
                params: datanets::msg::Params {
                    max_pause_seconds: Uint64::new(86_400),
                    max_clusters: 256,
                    max_rows: 1_000_000,
                    max_pending: 16,
                    ..datanets::msg::Params::standard()
                },
            },
        )
        .await?;
    let models = deploy
        .contract(
            "models",
            &models::msg::InstantiateMsg {
                owner: owner.clone(),
                datanets: datanets.clone(),
                token: open_token.clone(),
                params: models::msg::Params {
                    max_pause_seconds: Uint64::new(86_400),
                    max_token_price: Uint128::new(1_000_000_000),
                    // Developers of the story begin without OPEN, so no bond is asked of them.
                    base_bond: Uint128::zero(),
                    adapter_bond: Uint128::zero(),
                    rebate_bps: models::msg::Bps::ZERO,
                    min_take_bps: models::msg::Bps::ZERO,
                    bond_unlock_seconds: Uint64::new(3_600),
                    base_notice_seconds: Uint64::new(3_600),
                    payout_delay_seconds: Uint64::new(3_600),
                    max_suspension_seconds: Uint64::new(86_400),
                },
            },
        )
        .await?;
    let staking = deploy
        .contract(
            "staking",
            &staking::msg::InstantiateMsg {
                owner: owner.clone(),
                token: open_token.clone(),
                params: staking::msg::Params {
                    unbonding_seconds: Uint64::new(3_600),
                    min_self_bond: Uint128::new(1_000_000),
                    max_validators: 100,
                    max_unbonding_entries: 7,
                    snapshot_interval_seconds: Uint64::new(0),
                    max_delegations: 16,
                    jail_seconds: Uint64::new(3_600),
                    min_operator_bond: Uint128::new(1_000_000),
                },
            },
        )
        .await?;
    let settlement = deploy
        .contract(
            "settlement",
            &settlement::msg::InstantiateMsg {
                owner: owner.clone(),
                token: open_token.clone(),
                staking: staking.clone(),
                models: models.clone(),
                treasury: accounts.treasury.clone(),
                params: settlement::msg::Params {
                    challenge_window_seconds: Uint64::new(CHALLENGE_WINDOW),
                    attestation_deadline_seconds: Uint64::new(1_800),
                    max_session_seconds: Uint64::new(86_400),
                    settle_grace_seconds: Uint64::new(1),
                    max_charges_per_batch: 64,
                    max_batches_per_epoch: 64,
                    set_overlap: 1,
                    set_overlap_seconds: Uint64::new(600),
                    max_pause_seconds: Uint64::new(86_400),
                    round_seconds: Uint64::new(60),
                    max_open_epochs: 16,
                    exposure_factor: 100,
                },
            },
        )
        .await?;
    let disputes = deploy
        .contract(
            "disputes",
            &disputes::msg::InstantiateMsg {
                owner,
                settlement: settlement.clone(),
                params: disputes::msg::Params {
                    node_slash: fraction(5_000)?,
                    validator_slash: fraction(500)?,
                    reward: fraction(2_500)?,
                    dispute_bond: Uint128::new(1_000_000),
                    dispute_seconds: Uint64::new(3_600),
                },
            },
        )
        .await?;
    let named = settlement.clone();
    founder.execute(&models, &models::msg::ExecuteMsg::SetSettlement { settlement: named.clone() }, vec![]).await?;
    founder.execute(&datanets, &datanets::msg::ExecuteMsg::SetSettlement { settlement: named }, vec![]).await?;
    let arbiter = disputes.clone();
    founder.execute(&settlement, &settlement::msg::ExecuteMsg::SetArbiter { arbiter }, vec![]).await?;
    let slasher = disputes.clone();
    founder.execute(&staking, &staking::msg::ExecuteMsg::SetSlasher { slasher }, vec![]).await?;
    Ok(Contracts { open_token, datanets, models, staking, settlement, disputes })
}

fn fraction(points: u16) -> Result<Bps, NodeError> {
    Bps::new(points).map_err(|error| NodeError::Config(error.to_string()))
}

struct Deployer<'a> {
    founder: &'a Signer,
    artifacts: &'a Path,
    simulation: bool,
}

impl Deployer<'_> {
    async fn contract(&self, name: &str, msg: &impl Serialize) -> Result<String, NodeError> {
        let stored = self.founder.store_code(self.wasm(name)?).await?;
        let made = self
            .founder
            .instantiate(stored.code_id, &format!("openledger {name}"), msg, Some(self.founder.address()))
            .await?;
        Ok(made.address)
    }

    fn wasm(&self, name: &str) -> Result<Vec<u8>, NodeError> {
        let path = self.artifacts.join(format!("{name}.wasm"));
        match std::fs::read(&path) {
            Ok(wasm) => Ok(wasm),
            // The simulation runs the contracts natively and takes their names in place of wasm.
            Err(_) if self.simulation => Ok(format!("native:{}", name.replace('_', "-")).into_bytes()),
            Err(error) => Err(NodeError::Config(format!("{}: {error}; run cargo xtask artifacts", path.display()))),
        }
    }
}
