//! A batch is shown to be false.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};

use super::{case, is_voidable};
use crate::{
    decide::{self, Records},
    error::ContractError,
    msg::BatchFraud,
    state::CONFIG,
};

/// Decides, and does what follows from a fraud.
pub fn run(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    batch_id: u64,
    proof: BatchFraud,
) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    let records = Records::new(&config, deps.querier, &env);
    let batch = records.batch(batch_id)?;
    // Cheaper than the proof, and the clearer error.
    is_voidable(&records, &env, &batch)?;
    let fraud = decide::batch(&records, &batch, proof)?;
    let finding = case::Finding::of(&fraud, info.sender);
    Ok(case::against_node(deps, &env, finding, &batch)?.respond())
}
