//! Review by drawn reviewers: a vote, one appeal to others, and the decision. Every step ends by its time, and then anybody can
//! take the next.

use std::slice;

use cosmwasm_std::{Addr, DepsMut, Env, Response, Storage, Uint128, Uint64};
use openledger_contract_kit::{
    event::{respond, Event as _},
    KitError,
};

use super::{money, now, review as decisions, reviewers};
use crate::{
    events::ReviewEvent,
    msg::{Ballot, Contribution, DatanetResponse, Reason, Review, Seat},
    panel::{self, REVIEWS},
    state::{self, PARAMS},
    ContractError,
};

/// Draws reviewers for a new contribution where the Datanet is reviewed by them. Its contributor is none of them.
pub fn open(
    storage: &mut dyn Storage,
    env: &Env,
    datanet: &DatanetResponse,
    contribution: &Contribution,
    response: Response,
) -> Result<Response, ContractError> {
    if datanet.review.is_none() {
        return Ok(response);
    }
    let review = Review {
        panel: vec![],
        former: vec![],
        until: Uint64::zero(),
        decision: None,
        appellant: None,
        appeal_deposit: Uint128::zero(),
    };
    let id = contribution.contribution_id.u64();
    seat(storage, env, datanet, id, review, slice::from_ref(&contribution.contributor), response)
}

/// Draws the next panel of a review and stores it.
fn seat(
    storage: &mut dyn Storage,
    env: &Env,
    datanet: &DatanetResponse,
    contribution_id: u64,
    mut review: Review,
    excluded: &[Addr],
    response: Response,
) -> Result<Response, ContractError> {
    let terms = reviewers::terms(datanet)?;
    let datanet_id = datanet.datanet_id.u64();
    let appeal = review.appellant.is_some();
    let seed = panel::seed(env, datanet_id, contribution_id, u8::from(appeal));
    let drawn = panel::draw(storage, datanet_id, seed, terms.reviewers, excluded)?;
    for reviewer in &drawn {
        reviewers::duty(storage, datanet_id, reviewer, true)?;
    }
    review.until = later(env, terms.vote_seconds)?;
    review.panel = drawn.iter().map(|reviewer| Seat { reviewer: reviewer.clone(), ballot: None }).collect();
    REVIEWS.save(storage, (datanet_id, contribution_id), &review)?;
    let voting_until = review.until;
    let event = ReviewEvent::Drawn { datanet_id, contribution_id, reviewers: &drawn, voting_until, appeal };
    Ok(response.add_event(event.to_cosmwasm()))
}

pub fn vote(
    deps: DepsMut,
    env: &Env,
    sender: &Addr,
    datanet_id: u64,
    contribution_id: u64,
    ballot: Ballot,
) -> Result<Response, ContractError> {
    let mut review = load(deps.storage, datanet_id, contribution_id)?;
    let waits_for_appeal = review.decision.is_some() && review.appellant.is_none();
    if waits_for_appeal || now(env) >= review.until {
        return Err(ContractError::VotingOver { contribution_id });
    }
    let seat = review.panel.iter_mut().find(|seat| seat.reviewer == sender && seat.ballot.is_none());
    let seat = seat.ok_or_else(|| ContractError::Voted { reviewer: sender.clone() })?;
    seat.ballot = Some(ballot);
    REVIEWS.save(deps.storage, (datanet_id, contribution_id), &review)?;
    let response = respond(ReviewEvent::Voted { datanet_id, contribution_id, reviewer: sender, ballot });
    match majority(&review.panel, review.panel.len()) {
        Some(ballot) => conclude(deps, env, (datanet_id, contribution_id), review, ballot, response),
        None => Ok(response),
    }
}

pub fn appeal(
    deps: DepsMut,
    env: &Env,
    sender: Addr,
    datanet_id: u64,
    contribution_id: u64,
) -> Result<Response, ContractError> {
    let mut review = load(deps.storage, datanet_id, contribution_id)?;
    let decision = match review.decision {
        Some(decision) if review.appellant.is_none() && now(env) < review.until => decision,
        _ => return Err(ContractError::NoAppeal { contribution_id }),
    };
    let contribution = state::contribution(deps.storage, datanet_id, contribution_id)?;
    if !matches!(decision, Ballot::Accept {}) && contribution.contributor != sender {
        return Err(ContractError::NotAppellant { contributor: contribution.contributor });
    }
    let datanet = state::datanet(deps.storage, datanet_id)?;
    let deposit = reviewers::terms(&datanet)?.appeal_deposit;
    money::book(deps.storage, |ledger| money::add(&mut ledger.appeals, deposit))?;
    review.appellant = Some(sender.clone());
    review.appeal_deposit = deposit;
    review.former = std::mem::take(&mut review.panel);
    let mut excluded: Vec<Addr> = review.former.iter().map(|seat| seat.reviewer.clone()).collect();
    excluded.extend([contribution.contributor, sender.clone()]);
    let response = respond(ReviewEvent::Appealed { datanet_id, contribution_id, by: &sender, deposit });
    let response = response.add_messages(money::pull(deps.storage, env, &sender, deposit)?);
    seat(deps.storage, env, &datanet, contribution_id, review, &excluded, response)
}

/// Takes the step whose time has come.
pub fn finish(deps: DepsMut, env: &Env, datanet_id: u64, contribution_id: u64) -> Result<Response, ContractError> {
    let review = load(deps.storage, datanet_id, contribution_id)?;
    let key = (datanet_id, contribution_id);
    let until = review.until;
    if now(env) < until {
        return Err(ContractError::ReviewOpen { contribution_id, until: until.u64() });
    }
    let standing = review.decision;
    if let (Some(ballot), None) = (standing, &review.appellant) {
        return close(deps, env, key, review, ballot, Response::new());
    }
    let mut response = Response::new();
    let missing = review.panel.iter().filter(|seat| seat.ballot.is_none());
    for seat in missing {
        response = reviewers::strike(deps.storage, datanet_id, &seat.reviewer, response)?;
    }
    let cast = review.panel.iter().filter(|seat| seat.ballot.is_some()).count();
    match (majority(&review.panel, cast), standing) {
        (Some(ballot), _) => conclude(deps, env, key, review, ballot, response),
        // An appeal on which nobody agrees changes nothing.
        (None, Some(ballot)) => close(deps, env, key, review, ballot, response),
        (None, None) => close(deps, env, key, review, Ballot::Reject { reason: Reason::Undecided }, response),
    }
}

/// The first decision waits for an appeal, the second is final.
fn conclude(
    deps: DepsMut,
    env: &Env,
    key: (u64, u64),
    mut review: Review,
    ballot: Ballot,
    response: Response,
) -> Result<Response, ContractError> {
    if review.appellant.is_some() {
        return close(deps, env, key, review, ballot, response);
    }
    let datanet = state::datanet(deps.storage, key.0)?;
    let appeal_until = later(env, reviewers::terms(&datanet)?.appeal_seconds)?;
    review.decision = Some(ballot);
    review.until = appeal_until;
    REVIEWS.save(deps.storage, key, &review)?;
    let (datanet_id, contribution_id) = key;
    let event = ReviewEvent::Decided { datanet_id, contribution_id, ballot, appeal_until };
    Ok(response.add_event(event.to_cosmwasm()))
}

/// The review is over: what it decided happens, in this contract's name.
fn close(
    mut deps: DepsMut,
    env: &Env,
    key: (u64, u64),
    review: Review,
    ballot: Ballot,
    response: Response,
) -> Result<Response, ContractError> {
    let accepts = |ballot: &Ballot| matches!(ballot, Ballot::Accept {});
    let changed = review.decision.as_ref().is_some_and(|before| accepts(before) != accepts(&ballot));
    let response = end(deps.storage, key, review, changed, response)?;
    let contribution = state::contribution(deps.storage, key.0, key.1)?;
    let full = state::datanet(deps.storage, key.0)?.clusters >= PARAMS.load(deps.storage)?.max_clusters;
    let by = env.contract.address.clone();
    let done = match ballot {
        Ballot::Accept {} if !full => decisions::take_in(deps.branch(), env, by, contribution)?,
        Ballot::Accept {} => decisions::turn_down(deps.storage, env, contribution, Reason::Undecided, &by)?,
        Ballot::Reject { reason } => decisions::turn_down(deps.storage, env, contribution, reason, &by)?,
    };
    Ok(response.add_events(done.events).add_submessages(done.messages))
}

/// Who sees the votes must not take its contribution back to save the deposit from them.
pub fn refuse_if_voted(storage: &dyn Storage, key: (u64, u64)) -> Result<(), ContractError> {
    let voted = |review: Review| review.decision.is_some() || review.panel.iter().any(|seat| seat.ballot.is_some());
    match REVIEWS.may_load(storage, key)?.is_some_and(voted) {
        true => Err(ContractError::UnderReview { contribution_id: key.1 }),
        false => Ok(()),
    }
}

/// Ends the review of a contribution that is decided otherwise. An appeal's deposit goes back.
pub fn drop_review(storage: &mut dyn Storage, key: (u64, u64), response: Response) -> Result<Response, ContractError> {
    match REVIEWS.may_load(storage, key)? {
        Some(review) => end(storage, key, review, true, response),
        None => Ok(response),
    }
}

/// Frees the reviewers and settles the appeal's deposit.
fn end(
    storage: &mut dyn Storage,
    key: (u64, u64),
    review: Review,
    back: bool,
    response: Response,
) -> Result<Response, ContractError> {
    let (datanet_id, contribution_id) = key;
    REVIEWS.remove(storage, key);
    for seat in review.panel.iter().chain(&review.former) {
        reviewers::duty(storage, datanet_id, &seat.reviewer, false)?;
    }
    let Some(by) = review.appellant else { return Ok(response) };
    let deposit = review.appeal_deposit;
    money::book(storage, |ledger| money::take(&mut ledger.appeals, deposit))?;
    let event = ReviewEvent::AppealClosed { datanet_id, contribution_id, by: &by, deposit, back };
    let response = response.add_event(event.to_cosmwasm());
    Ok(match (deposit.is_zero(), back) {
        (true, _) => response,
        (false, true) => response.add_message(money::pay(storage, &by, deposit)?),
        (false, false) => response.add_message(money::burn(storage, deposit)?),
    })
}

/// What more than half of so many voted; of several reasons to reject, the most frequent, of those the first.
fn majority(panel: &[Seat], of: usize) -> Option<Ballot> {
    let more_than_half = |votes: usize| votes > of.saturating_sub(votes);
    let cast = || panel.iter().filter_map(|seat| seat.ballot);
    if more_than_half(cast().filter(|ballot| matches!(ballot, Ballot::Accept {})).count()) {
        return Some(Ballot::Accept {});
    }
    let rejecting: Vec<Ballot> = cast().filter(|ballot| matches!(ballot, Ballot::Reject { .. })).collect();
    if !more_than_half(rejecting.len()) {
        return None;
    }
    let times = |ballot: &&Ballot| rejecting.iter().filter(|other| other == ballot).count();
    // `max_by_key` takes the last of equals.
    rejecting.iter().rev().max_by_key(times).copied()
}

fn load(storage: &dyn Storage, datanet_id: u64, contribution_id: u64) -> Result<Review, ContractError> {
    REVIEWS.may_load(storage, (datanet_id, contribution_id))?.ok_or(ContractError::NoReview { contribution_id })
}

fn later(env: &Env, seconds: Uint64) -> Result<Uint64, ContractError> {
    now(env).checked_add(seconds).map_err(|_| KitError::Overflow { what: "time" }.into())
}
