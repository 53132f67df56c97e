//! An epoch's payouts are shown to be false.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, StdError, SubMsg};
use settlement::client::Client as Settlement;
use staking::client::Client as Staking;

use super::{case, is_open};
use crate::{
    decide::{self, Records},
    error::ContractError,
    msg::EpochFraud,
    state::CONFIG,
};

/// Decides, voids the epoch and those after it, and has everybody slashed who signed.
pub fn run(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    number: u64,
    proof: EpochFraud,
) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    let records = Records::new(&config, deps.querier, &env);
    let epoch = records.epoch(number)?;
    if !is_open(&env, &epoch) {
        return Err(ContractError::TooLate { epoch: number, claimable_at: epoch.claimable_at.u64() });
    }
    let fraud = decide::epoch(&records, &epoch, proof)?;
    let set_id = epoch.set_id.u64();
    let unknown = |error: StdError| ContractError::UnknownSet { set_id, reason: error.to_string() };
    let set = Staking::new(&config.staking).set(&deps.querier, set_id).map_err(unknown)?;
    let mut signers: Vec<_> = decide::present(set, &epoch.absentees).collect();
    signers.sort_unstable();
    let void = SubMsg::new(Settlement::new(&config.settlement).void_epochs(number)?);
    let finding = case::Finding::of(&fraud, info.sender);
    let mut judgement = case::against_validators(deps, &env, finding, set_id, signers)?;
    judgement.messages.insert(0, void);
    Ok(judgement.respond())
}
