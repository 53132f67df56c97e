//! Validators are shown to have signed two statements for one round.

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response};
use openledger_protocol::fraud::Fraud;

use super::case;
use crate::{
    decide::{self, Records},
    error::ContractError,
    msg::SignedStatement,
    state::{CASE_OF_ROUND, CONFIG},
};

/// Decides, and has those slashed who signed both and were not yet.
pub fn run(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    first: SignedStatement,
    second: SignedStatement,
) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    let scope = Records::new(&config, deps.querier, &env).scope();
    let (epoch, round) = (first.epoch.u64(), first.round);
    // What left after the earlier set stood behind one of the signatures.
    let set_id = first.set_id.min(second.set_id).u64();
    let (fraud, both) = decide::equivocation(deps.as_ref(), &config, scope, first, second)?;
    let unjudged = |validator: &Addr| !CASE_OF_ROUND.has(deps.storage, (validator, epoch, round));
    let culprits: Vec<Addr> = both.into_iter().filter(unjudged).collect();
    if culprits.is_empty() {
        return Err(ContractError::NobodySignedBoth);
    }
    judge(deps, &env, info.sender, &fraud, (epoch, round), set_id, culprits)
}

fn judge(
    mut deps: DepsMut,
    env: &Env,
    challenger: Addr,
    fraud: &Fraud,
    (epoch, round): (u64, u32),
    set_id: u64,
    culprits: Vec<Addr>,
) -> Result<Response, ContractError> {
    let finding = case::Finding::of(fraud, challenger);
    let judgement = case::against_validators(deps.branch(), env, finding, set_id, culprits.clone())?;
    for validator in &culprits {
        CASE_OF_ROUND.save(deps.storage, (validator, epoch, round), &judgement.case_id)?;
    }
    Ok(judgement.respond())
}
