//! How a run ended. The reply is tagged by its id and by the proposal in its payload; anything else is an error.

use cosmwasm_std::{from_json, DepsMut, Env, Reply, Response, SubMsgResult, Uint64};
use openledger_contract_kit::event::respond;

use crate::{
    error::ContractError,
    events::GovernanceEvent,
    execute::{RunTag, RUN_REPLY},
    msg::RunOutcome,
    state::{load_proposal, Step, PROPOSALS, RUN},
};

/// Bytes of the chain's error that are kept.
const MAX_ERROR: usize = 256;

/// Writes the outcome and lets others in again.
pub fn dispatch(deps: DepsMut, env: Env, msg: Reply) -> Result<Response, ContractError> {
    if msg.id != RUN_REPLY {
        return Err(ContractError::UnknownReply { id: msg.id });
    }
    let RunTag { proposal_id } = from_json(&msg.payload)?;
    let run = RUN.load(deps.storage)?;
    let incomplete = ContractError::RunIncomplete { proposal_id: proposal_id.u64() };
    if run.proposal_id != proposal_id {
        return Err(incomplete);
    }
    RUN.remove(deps.storage);
    match msg.result {
        // The outcome was written as done before the messages ran.
        SubMsgResult::Ok(_) if run.step == Step::Ended => {
            Ok(respond(GovernanceEvent::Executed { proposal_id: proposal_id.u64() }))
        }
        SubMsgResult::Ok(_) => Err(incomplete),
        SubMsgResult::Err(error) => {
            let error = shorten(error);
            let mut proposal = load_proposal(deps.storage, proposal_id.u64())?;
            let at = Uint64::new(env.block.time.seconds());
            let attempts = run.attempts.saturating_add(1);
            proposal.outcome = Some(RunOutcome::Failed { at, error: error.clone(), attempts });
            PROPOSALS.save(deps.storage, proposal_id.u64(), &proposal)?;
            Ok(respond(GovernanceEvent::ExecutionFailed { proposal_id: proposal_id.u64(), error, attempts }))
        }
    }
}

/// At most [`MAX_ERROR`] bytes, cut between characters.
fn shorten(mut error: String) -> String {
    let end =
        error.char_indices().map(|(at, c)| at.saturating_add(c.len_utf8())).take_while(|end| *end <= MAX_ERROR).last();
    error.truncate(end.unwrap_or_default());
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_cut_between_characters() {
        assert_eq!(shorten("short".into()), "short");
        let long = shorten(format!("{}ü", "x".repeat(255)));
        assert_eq!(long, "x".repeat(255));
        assert_eq!(shorten("ü".repeat(200)).len(), 256);
    }
}
