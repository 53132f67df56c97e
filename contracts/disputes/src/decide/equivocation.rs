//! Two statements for one round of one epoch.

use std::collections::BTreeSet;

use cosmwasm_std::{Addr, Deps, StdError};
use openledger_contract_kit::ids;
use openledger_protocol::{
    amount,
    fraud::{equivocation, Fraud, MAX_BATCHES},
    EpochStatement, Scope, Signed,
};
use staking::{client::Client as Staking, msg::EpochSet, quorum};

use crate::{error::ContractError, msg::SignedStatement, state::Config};

/// What the statements show, and who signed both, in ascending order. At most 100 validators in a set.
pub fn decide(
    deps: Deps,
    config: &Config,
    scope: Scope,
    first: SignedStatement,
    second: SignedStatement,
) -> Result<(Fraud, Vec<Addr>), ContractError> {
    let statements = [statement(&scope, &first)?, statement(&scope, &second)?];
    let fraud = equivocation::check(&scope, &statements[0], &statements[1])?;
    let mut both = signers(deps, config, &first, &statements[0])?;
    let others = signers(deps, config, &second, &statements[1])?;
    both.retain(|validator| others.contains(validator));
    Ok((fraud, both.into_iter().collect()))
}

fn statement(scope: &Scope, signed: &SignedStatement) -> Result<EpochStatement, ContractError> {
    ids::bound("batch_ids", signed.batch_ids.len(), MAX_BATCHES)?;
    Ok(EpochStatement {
        scope: Some(scope.clone()),
        epoch: signed.epoch.u64(),
        set_id: signed.set_id.u64(),
        batch_ids: signed.batch_ids.iter().map(|id| id.u64()).collect(),
        payout_root: signed.payout_root.as_ref().to_vec(),
        payout_total: amount::format(signed.payout_total.u128()),
        payout_count: signed.payout_count.u64(),
        round: signed.round,
    })
}

/// The members of the statement's set whose aggregate signature it carries.
fn signers(
    deps: Deps,
    config: &Config,
    signed: &SignedStatement,
    statement: &EpochStatement,
) -> Result<BTreeSet<Addr>, ContractError> {
    let set_id = statement.set_id;
    let unknown = |error: StdError| ContractError::UnknownSet { set_id, reason: error.to_string() };
    let set = Staking::new(&config.staking).set(&deps.querier, set_id).map_err(unknown)?;
    quorum::verify(deps.api, &set, &signed.absentees, &statement.digest(), &signed.signature)?;
    Ok(present(set, &signed.absentees).collect())
}

/// Members that are not absent.
pub fn present(set: EpochSet, absentees: &[u32]) -> impl Iterator<Item = Addr> + use<'_> {
    let present = move |index: &u32| !absentees.contains(index);
    (0u32..).zip(set.members).filter(move |(index, _)| present(index)).map(|(_, member)| member.validator)
}
