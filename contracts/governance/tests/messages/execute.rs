use cosmwasm_std::{to_json_binary, Uint128, Uint64};
use cw20::Cw20ExecuteMsg;
use cw_multi_test::Executor;
use governance::{
    json::Json,
    msg::{Action, Call, DepositState, ExecuteMsg, ReceiveMsg, RunOutcome, Status, VoteOption},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::{
    chain::{json, proposal, Attributes, Chain},
    stub_governed, stub_staking_power,
};

fn execute(proposal_id: u64) -> ExecuteMsg {
    ExecuteMsg::Execute { proposal_id: Uint64::new(proposal_id) }
}

fn outcome(chain: &Chain, id: u64) -> Option<RunOutcome> {
    chain.proposal(id).summary.outcome
}

fn failure(chain: &Chain, id: u64) -> String {
    match outcome(chain, id) {
        Some(RunOutcome::Failed { error, .. }) => error,
        other => panic!("{other:?}"),
    }
}

const TWO_NOTES: [&str; 2] = [r#"{"note":{"text":"one"}}"#, r#"{"note":{"text":"two"}}"#];

#[test]
fn all_messages_run_in_order_and_the_deposit_returns() {
    let mut chain = Chain::new();
    let erin = chain.account("erin");
    let before = chain.balance(&erin);
    let id = chain.propose(chain.calls(&TWO_NOTES));
    chain.pass(id);
    let response = chain.execute(id);
    assert_eq!(response.count("governance/executed"), 1);
    assert_eq!(chain.notes(), ["one", "two"]);
    assert_eq!(outcome(&chain, id), Some(RunOutcome::Done { at: Uint64::new(chain.now()) }));
    assert_eq!(chain.status(id), Status::Executed);
    assert_eq!(chain.balance(&erin), before);
    assert_eq!(chain.solvency().held.u128(), 0);
}

#[test]
fn a_failing_message_undoes_those_before_it() {
    let mut chain = Chain::new();
    let erin = chain.account("erin");
    let before = chain.balance(&erin);
    let id = chain.propose(chain.calls(&[TWO_NOTES[0], r#"{"fail":{}}"#, TWO_NOTES[1]]));
    chain.pass(id);
    let response = chain.execute(id);
    assert_eq!(response.count("governance/execution_failed"), 1);
    assert!(chain.notes().is_empty());
    assert_eq!(chain.status(id), Status::ExecutionFailed);
    assert!(!failure(&chain, id).is_empty());
    // The deposit is back all the same.
    assert_eq!((chain.balance(&erin), chain.proposal(id).summary.deposit_state), (before, DepositState::Returned));
    let anyone = chain.account("anyone");
    let close = ExecuteMsg::Close { proposal_id: Uint64::new(id) };
    assert!(matches!(chain.refused(&anyone, &close), ContractError::AlreadyClosed { .. }));
}

/// Whoever chooses the moment, or the depth of the call, can make a run fail. It must not be the last word.
#[test]
fn a_failed_run_may_be_tried_again_until_it_expires() {
    let mut chain = Chain::new();
    let messages = [TWO_NOTES[0], r#"{"enter":{}}"#];
    let (id, late) = (chain.propose(chain.calls(&messages)), chain.propose(chain.calls(&messages)));
    chain.vote(late, "alice", VoteOption::Yes);
    chain.pass(id);
    // Somebody runs them while the governed contract is paused.
    let guardian = chain.account("guardian");
    let contracts = vec![chain.governed.to_string()];
    chain.send(&guardian, &ExecuteMsg::EmergencyPause { contracts, until: Uint64::new(chain.now() + 100) });
    chain.execute(id);
    chain.execute(id);
    chain.execute(late);
    assert!(matches!(outcome(&chain, id), Some(RunOutcome::Failed { attempts: 2, .. })));
    assert!(chain.notes().is_empty());
    // The reason goes away, and the proposal runs, once.
    chain.wait(100);
    chain.execute(id);
    assert_eq!((chain.status(id), chain.notes().len()), (Status::Executed, 1));
    let anyone = chain.account("anyone");
    assert!(matches!(chain.refused(&anyone, &execute(id)), ContractError::NotExecutable { .. }));
    // The other one waited too long.
    chain.wait(300);
    let error = chain.refused(&anyone, &execute(late));
    let status = Status::ExecutionFailed;
    assert_eq!(error, ContractError::NotExecutable { proposal_id: late, status, from: None });
}

#[test]
fn double_execution_is_refused() {
    let mut chain = Chain::new();
    let id = chain.propose(chain.calls(&TWO_NOTES));
    chain.pass(id);
    chain.execute(id);
    let anyone = chain.account("anyone");
    let error = chain.refused(&anyone, &execute(id));
    assert_eq!(error, ContractError::NotExecutable { proposal_id: id, status: Status::Executed, from: None });
    assert_eq!(chain.notes().len(), 2);
}

#[test]
fn execution_waits_for_the_timelock() {
    let mut chain = Chain::new();
    let id = chain.propose(chain.calls(&TWO_NOTES));
    chain.vote(id, "alice", VoteOption::Yes);
    let anyone = chain.account("anyone");
    let error = chain.refused(&anyone, &execute(id));
    assert_eq!(error, ContractError::NotExecutable { proposal_id: id, status: Status::Voting, from: None });
    chain.wait(799);
    let error = chain.refused(&anyone, &execute(id));
    let from = Some(chain.now() + 1);
    assert_eq!(error, ContractError::NotExecutable { proposal_id: id, status: Status::Timelocked, from });
    chain.wait(1);
    chain.execute(id);
}

#[test]
fn execution_after_expiry_is_refused() {
    let mut chain = Chain::new();
    let (id, late) = (chain.propose(chain.calls(&TWO_NOTES)), chain.propose(chain.calls(&TWO_NOTES)));
    chain.vote(id, "alice", VoteOption::Yes);
    chain.vote(late, "alice", VoteOption::Yes);
    chain.wait(1_199);
    chain.execute(id);
    chain.wait(1);
    let anyone = chain.account("anyone");
    let error = chain.refused(&anyone, &execute(late));
    assert_eq!(error, ContractError::NotExecutable { proposal_id: late, status: Status::Expired, from: None });
}

#[test]
fn what_did_not_pass_is_never_executed() {
    let mut chain = Chain::new();
    let votes = [VoteOption::No, VoteOption::Veto, VoteOption::Abstain];
    let ids: Vec<u64> = votes
        .iter()
        .map(|vote| {
            let id = chain.propose(chain.calls(&TWO_NOTES));
            chain.vote(id, "alice", *vote);
            id
        })
        .collect();
    let text = chain.propose(Action::Text {});
    chain.vote(text, "alice", VoteOption::Yes);
    chain.wait(800);
    let anyone = chain.account("anyone");
    for id in ids.into_iter().chain([text]) {
        assert!(matches!(chain.refused(&anyone, &execute(id)), ContractError::NotExecutable { from: None, .. }));
    }
}

/// The governed contract calls back during the run, as itself: neither vote, deposit, proposal nor second run gets in.
#[test]
fn execution_cannot_reenter() {
    let mut chain = Chain::new();
    let (governed, anyone) = (chain.governed.clone(), chain.account("anyone"));
    // The governed contract has power, money and an allowance, so that nothing but the run stands in its way.
    let message = stub_staking_power::Exec::SetPower { account: governed.to_string(), power: Uint128::new(5) };
    chain.app.execute_contract(anyone.clone(), chain.staking.clone(), &message, &[]).unwrap();
    chain.give(&governed, 10_000);
    chain.allow(&governed, 5_000);
    chain.wait(1);

    let passed = chain.propose(chain.calls(&TWO_NOTES));
    let (open, waiting) = (Uint64::new(passed + 10), Uint64::new(passed + 11));
    let as_json = |message: &dyn erased::Json| json(&message.text());
    let hook = to_json_binary(&ReceiveMsg::Deposit { proposal_id: waiting }).unwrap();
    let send = Cw20ExecuteMsg::Send { contract: chain.governance.to_string(), amount: Uint128::new(100), msg: hook };
    let governance = |message: ExecuteMsg| (chain.governance.to_string(), as_json(&message));
    let welcome = [
        governance(ExecuteMsg::Vote { proposal_id: open, vote: VoteOption::Yes }),
        governance(ExecuteMsg::Deposit { proposal_id: waiting, amount: Uint128::new(100) }),
        governance(ExecuteMsg::Propose { proposal: proposal(Action::Text {}), deposit: Uint128::new(400) }),
        governance(ExecuteMsg::Close { proposal_id: Uint64::new(passed) }),
        governance(ExecuteMsg::Execute { proposal_id: Uint64::new(passed) }),
        (chain.token.to_string(), as_json(&send)),
    ];
    let never = [
        governance(ExecuteMsg::RunProposal { proposal_id: Uint64::new(passed) }),
        governance(ExecuteMsg::EndRun {}),
        governance(ExecuteMsg::SetGuardians { guardians: vec![governed.to_string()] }),
    ];
    let call_back = |(contract, message): &(String, Json)| stub_governed::Exec::CallBack {
        contract: contract.clone(),
        message: message.clone(),
    };

    let all: Vec<_> = welcome.iter().chain(&never).collect();
    let ids: Vec<u64> = all
        .iter()
        .map(|call| {
            let message = as_json(&call_back(call)).to_string();
            let id = chain.propose(chain.calls(&[TWO_NOTES[0], &message]));
            chain.vote(id, "alice", VoteOption::Yes);
            id
        })
        .collect();
    chain.vote(passed, "alice", VoteOption::Yes);
    chain.wait(800);
    assert_eq!(chain.propose(Action::Text {}), open.u64());
    assert_eq!(chain.propose_with(proposal(Action::Text {}), 400), waiting.u64());
    let state = |chain: &Chain| [open, waiting, Uint64::new(passed)].map(|id| chain.proposal(id.u64()));
    let before = state(&chain);
    for id in ids {
        chain.execute(id);
        assert_eq!(chain.status(id), Status::ExecutionFailed, "{:?}", outcome(&chain, id));
        assert!(chain.notes().is_empty());
        assert_eq!(state(&chain), before);
    }
    // Outside a run the same calls of the same contract are taken: it was the run that kept them out.
    for call in &welcome {
        chain.app.execute_contract(anyone.clone(), governed.clone(), &call_back(call), &[]).unwrap();
    }
    assert_eq!(chain.proposal(open.u64()).summary.tally.yes.u128(), 5);
    assert_eq!(chain.proposal(waiting.u64()).summary.deposited.u128(), 600);
    assert_eq!(chain.status(passed), Status::Executed);
    for call in &never {
        assert!(chain.app.execute_contract(anyone.clone(), governed.clone(), &call_back(call), &[]).is_err());
    }
}

/// Anything that serialises, as JSON text.
mod erased {
    pub trait Json {
        fn text(&self) -> String;
    }
    impl<T: serde::Serialize> Json for T {
        fn text(&self) -> String {
            cosmwasm_std::to_json_string(self).unwrap()
        }
    }
}

/// What lies above the deposits is the treasury; a run can spend it to the last uopen and not one more.
#[test]
fn a_proposal_cannot_spend_deposits() {
    let mut chain = Chain::new();
    let governance = chain.governance.clone();
    chain.give(&governance, 700);
    let payee = chain.account("payee");
    let pay = |chain: &Chain, amount: u32| {
        let message = json(&format!(r#"{{"transfer":{{"recipient":"{payee}","amount":"{amount}"}}}}"#));
        Action::Messages { messages: vec![Call::Execute { contract: chain.token.to_string(), message }] }
    };
    let (fits, too_much) = (chain.propose(pay(&chain, 700)), chain.propose(pay(&chain, 701)));
    let other = chain.propose(Action::Text {});
    for id in [fits, too_much] {
        chain.vote(id, "alice", VoteOption::Yes);
    }
    chain.wait(800);
    chain.execute(too_much);
    assert_eq!((chain.status(too_much), chain.balance(&payee)), (Status::ExecutionFailed, 0));
    chain.execute(fits);
    assert_eq!((chain.status(fits), chain.balance(&payee)), (Status::Executed, 700));
    chain.close(other);
    assert_eq!(chain.solvency().held.u128(), 0);
}

#[test]
fn the_steps_of_a_run_are_for_the_contract_alone() {
    let mut chain = Chain::new();
    let id = chain.propose(chain.calls(&TWO_NOTES));
    chain.pass(id);
    for from in ["anyone", "alice", "guardian"] {
        let account = chain.account(from);
        for message in [ExecuteMsg::RunProposal { proposal_id: Uint64::new(id) }, ExecuteMsg::EndRun {}] {
            let error = chain.refused(&account, &message);
            assert!(matches!(error, ContractError::Kit(KitError::Unauthorized { .. })), "{error}");
        }
    }
}

#[test]
fn a_migration_runs_with_governance_as_admin() {
    let mut chain = Chain::new();
    let code = chain.app.store_code(stub_governed::contract());
    let migrate = |chain: &Chain, new_code_id: u64| Action::Messages {
        messages: vec![
            Call::Execute { contract: chain.governed.to_string(), message: json(TWO_NOTES[0]) },
            Call::Migrate {
                contract: chain.governed.to_string(),
                new_code_id: Uint64::new(new_code_id),
                message: json(r#"{"note":"moved"}"#),
            },
        ],
    };
    let (_, status) = chain.enact(migrate(&chain, 9_999));
    assert_eq!((status, chain.notes().len()), (Status::ExecutionFailed, 0));
    let (_, status) = chain.enact(migrate(&chain, code));
    assert_eq!(status, Status::Executed);
    assert_eq!(chain.notes(), ["moved"]);
    let info = chain.app.wrap().query_wasm_contract_info(&chain.governed).unwrap();
    assert_eq!(info.code_id, code);
}

#[test]
fn new_parameters_leave_open_proposals_alone() {
    let mut chain = Chain::new();
    let old = chain.propose(Action::Text {});
    let rules = chain.proposal(old).summary.rules;
    let changed = governance::msg::Params { voting_seconds: Uint64::new(900), ..crate::chain::params() };
    chain.enact_self(&ExecuteMsg::UpdateParams { params: changed });
    assert_eq!(chain.proposal(old).summary.rules, rules);
    let new = chain.propose(Action::Text {});
    assert_eq!(chain.proposal(new).summary.rules.voting_seconds.u64(), 900);
}
