use cosmwasm_std::Uint64;
use cw_multi_test::Executor;
use governance::{
    msg::{Action, ExecuteMsg, GuardiansResponse, QueryMsg, Status, VoteOption},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::{
    chain::{proposal, Attributes, Chain},
    stub_governed::Exec,
};

fn pause(chain: &Chain, seconds: u64) -> ExecuteMsg {
    let contracts = vec![chain.governed.to_string()];
    ExecuteMsg::EmergencyPause { contracts, until: Uint64::new(chain.now() + seconds) }
}

fn end(chain: &Chain) -> ExecuteMsg {
    ExecuteMsg::EndEmergencyPause { contracts: vec![chain.governed.to_string()] }
}

fn works(chain: &mut Chain, message: &Exec) -> bool {
    let (anyone, governed) = (chain.account("anyone"), chain.governed.clone());
    chain.app.execute_contract(anyone, governed, message, &[]).is_ok()
}

#[test]
fn a_guardians_pause_ends_by_itself_and_stops_no_exit() {
    let mut chain = Chain::new();
    let guardian = chain.account("guardian");
    let message = pause(&chain, 300);
    let response = chain.send(&guardian, &message);
    assert_eq!(response.custom_attrs_of("governance/paused", "by"), guardian.to_string());
    assert!(!works(&mut chain, &Exec::Enter {}));
    assert!(works(&mut chain, &Exec::Exit {}));
    chain.wait(299);
    assert!(!works(&mut chain, &Exec::Enter {}));
    chain.wait(1);
    assert!(works(&mut chain, &Exec::Enter {}));
}

/// The paused contract's own bounds hold: pauses cannot be chained, nor be longer than it allows.
#[test]
fn a_pause_cannot_be_chained_or_stretched() {
    let mut chain = Chain::new();
    let (guardian, governance) = (chain.account("guardian"), chain.governance.clone());
    for (seconds, found) in [(0, 0), (601, 601)] {
        let message = pause(&chain, seconds);
        assert_eq!(chain.refused(&guardian, &message), ContractError::PauseLength { found, max: 600 });
    }
    let message = pause(&chain, 501);
    chain.refused_raw(&guardian, &governance, &message);
    let message = pause(&chain, 400);
    chain.send(&guardian, &message);
    chain.wait(400);
    let message = pause(&chain, 1);
    chain.refused_raw(&guardian, &governance, &message);
    chain.wait(400);
    let message = pause(&chain, 1);
    chain.send(&guardian, &message);
}

#[test]
fn a_guardian_ends_a_pause_early() {
    let mut chain = Chain::new();
    let guardian = chain.account("guardian");
    let message = pause(&chain, 300);
    chain.send(&guardian, &message);
    let message = end(&chain);
    let response = chain.send(&guardian, &message);
    assert_eq!(response.count("governance/pause_ended"), 1);
    assert!(works(&mut chain, &Exec::Enter {}));
}

#[test]
fn a_guardians_power_ends_with_its_term_unless_renewed() {
    let mut chain = Chain::new();
    let guardian = chain.account("guardian");
    let found: GuardiansResponse = chain.query(&QueryMsg::Guardians {});
    let left = found.guardians[0].term_ends_at.u64() - chain.now();
    chain.wait(left);
    for message in [pause(&chain, 10), end(&chain)] {
        let error = chain.refused(&guardian, &message);
        assert!(matches!(error, ContractError::Kit(KitError::Unauthorized { .. })));
    }
    chain.enact_self(&ExecuteMsg::SetGuardians { guardians: vec![guardian.to_string()] });
    let message = pause(&chain, 10);
    chain.send(&guardian, &message);
}

#[test]
fn only_guardians_pause() {
    let mut chain = Chain::new();
    for name in ["alice", "anyone", "deployer"] {
        let account = chain.account(name);
        for message in [pause(&chain, 10), end(&chain)] {
            let error = chain.refused(&account, &message);
            assert!(matches!(error, ContractError::Kit(KitError::Unauthorized { .. })));
        }
    }
}

#[test]
fn only_pausable_contracts_of_the_registry_are_called() {
    let mut chain = Chain::new();
    let guardian = chain.account("guardian");
    let (token, staking, governed) = (chain.token.clone(), chain.staking.clone(), chain.governed.to_string());
    let until = Uint64::new(chain.now() + 10);
    let refused = |chain: &mut Chain, contracts: Vec<String>| {
        chain.refused(&guardian, &ExecuteMsg::EmergencyPause { contracts, until })
    };
    assert_eq!(refused(&mut chain, vec![token.to_string()]), ContractError::NotRegistered { contract: token });
    let error = refused(&mut chain, vec![staking.to_string()]);
    assert_eq!(error, ContractError::NotPausable { contract: staking });
    assert_eq!(refused(&mut chain, vec![]), ContractError::Empty { what: "contracts" });
    let error = refused(&mut chain, vec![governed.clone(), governed.clone()]);
    assert_eq!(error, ContractError::Duplicate { what: "contracts", entry: governed.clone() });
    assert!(matches!(refused(&mut chain, vec![governed; 9]), ContractError::Kit(KitError::TooMany { .. })));
}

fn emergency(chain: &Chain, seconds: u64) -> Action {
    Action::EmergencyPause { contracts: vec![chain.governed.to_string()], seconds: Uint64::new(seconds) }
}

/// Always expedited, without a timelock: the length counts from the execution.
#[test]
fn a_supermajority_pauses_without_a_guardian() {
    let mut chain = Chain::new();
    let id = chain.propose_with(proposal(emergency(&chain, 100)), 3_200);
    chain.vote(id, "alice", VoteOption::Yes);
    chain.vote(id, "bob", VoteOption::Yes);
    chain.wait(200);
    assert_eq!(chain.status(id), Status::Executable);
    let response = chain.execute(id);
    assert_eq!(chain.status(id), Status::Executed);
    assert_eq!(response.custom_attrs_of("governance/paused", "until"), (chain.now() + 100).to_string());
    assert!(!works(&mut chain, &Exec::Enter {}));
    assert!(works(&mut chain, &Exec::Exit {}));
    chain.wait(100);
    assert!(works(&mut chain, &Exec::Enter {}));
}

#[test]
fn a_proposed_pause_is_bounded() {
    let mut chain = Chain::new();
    for seconds in [0, 601] {
        let error = chain.propose_refused(proposal(emergency(&chain, seconds)));
        assert_eq!(error, ContractError::PauseLength { found: seconds, max: 600 });
    }
    let staking = chain.staking.clone();
    let action = Action::EmergencyPause { contracts: vec![staking.to_string()], seconds: Uint64::new(5) };
    assert_eq!(chain.propose_refused(proposal(action)), ContractError::NotPausable { contract: staking });
}
