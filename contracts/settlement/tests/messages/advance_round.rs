use cosmwasm_std::Uint64;
use settlement::{
    msg::{ExecuteMsg, QueryMsg, RoundResponse},
    ContractError,
};
use staking::quorum::QuorumError;

use crate::chain::Chain;

const ADVANCE: ExecuteMsg = ExecuteMsg::AdvanceRound {};

fn round(chain: &Chain) -> RoundResponse {
    chain.query(&QueryMsg::Round {})
}

fn numbers(chain: &Chain) -> (u64, u32) {
    let round = round(chain);
    (round.epoch.u64(), round.round)
}

#[test]
fn a_round_ends_when_a_batch_has_waited_through_it_and_not_before() {
    let mut chain = Chain::new();
    let anyone = chain.account("anyone");
    assert_eq!(round(&chain).advances_at, None);
    assert_eq!(chain.refused(&anyone, &ADVANCE), ContractError::NothingWaits { epoch: 1 });

    // However long nothing was there to sign: the round ends only after the first batch has waited.
    chain.wait(10_000);
    chain.with_batch();
    let advances_at = chain.now() + 50;
    assert_eq!(round(&chain).advances_at, Some(Uint64::new(advances_at)));
    chain.wait(49);
    assert_eq!(chain.refused(&anyone, &ADVANCE), ContractError::RoundTooSoon { epoch: 1, round: 0, advances_at });
    chain.wait(1);
    chain.send(&anyone, &ADVANCE);
    assert_eq!(numbers(&chain), (1, 1));

    // Rounds cannot be rushed through.
    let advances_at = chain.now() + 50;
    assert_eq!(chain.refused(&anyone, &ADVANCE), ContractError::RoundTooSoon { epoch: 1, round: 1, advances_at });
    chain.wait(50);
    chain.send(&anyone, &ADVANCE);
    assert_eq!(numbers(&chain), (1, 2));
}

#[test]
fn a_statement_counts_in_its_own_round_only() {
    let mut chain = Chain::new();
    chain.with_batch();
    let anyone = chain.account("anyone");
    let of = |chain: &Chain, round| {
        let mut statement = chain.statement(1, 1, &[1]);
        statement.round = round;
        chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![])
    };
    let (first, second) = (of(&chain, 0), of(&chain, 1));
    assert_eq!(chain.refused(&anyone, &second), ContractError::OtherRound { epoch: 1, given: 1, present: 0 });
    chain.wait(50);
    chain.send(&anyone, &ADVANCE);
    assert_eq!(chain.refused(&anyone, &first), ContractError::OtherRound { epoch: 1, given: 0, present: 1 });

    // The signature covers the round: one for another round does not pass under this one's number.
    let mut renamed = first;
    if let ExecuteMsg::AcceptEpoch { round, .. } = &mut renamed {
        *round = 1;
    }
    assert_eq!(chain.refused(&anyone, &renamed), ContractError::Quorum(QuorumError::SignatureMismatch { set_id: 1 }));

    chain.send(&anyone, &second);
    assert_eq!(numbers(&chain), (2, 0));
    assert_eq!(round(&chain).began_at.u64(), chain.now());
}

#[test]
fn an_epoch_whose_signed_batches_expired_is_not_stuck() {
    let mut chain = Chain::new();
    chain.with_batch();
    let anyone = chain.account("anyone");
    // Validators sign batch 1, and whoever collected the signatures keeps them to itself until the batch is refunded.
    let withheld = chain.statement(1, 1, &[1]);
    let withheld = chain.epoch_msg(&withheld, &[0, 1, 2, 3], vec![]);
    chain.wait(1_000);
    chain.send(&anyone, &ExecuteMsg::RefundBatch { batch_id: Uint64::new(1) });
    chain.refused(&anyone, &withheld);

    // The same epoch goes on with other batches in the next round.
    let charge = chain.charge(0, 1, 1_200, 2);
    chain.submit(2, 600, charge);
    chain.wait(50);
    chain.send(&anyone, &ADVANCE);
    let mut statement = chain.statement(1, 1, &[2]);
    statement.round = 1;
    let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
    chain.send(&anyone, &message);
    assert_eq!(numbers(&chain), (2, 0));
}
