use openledger_protocol::{
    EpochStatement, Scope, Signed,
    fraud::{Culprit, Fraud, Rejected, equivocation},
};

use crate::world::scope;

fn statement() -> EpochStatement {
    EpochStatement {
        scope: Some(scope()),
        epoch: 3,
        set_id: 4,
        batch_ids: vec![7, 9],
        payout_root: vec![1; 32],
        payout_total: "500".into(),
        payout_count: 6,
        round: 1,
    }
}

fn variants() -> Vec<EpochStatement> {
    vec![
        EpochStatement { set_id: 5, ..statement() },
        EpochStatement { batch_ids: vec![7], ..statement() },
        EpochStatement { payout_root: vec![2; 32], ..statement() },
        EpochStatement { payout_total: "501".into(), ..statement() },
        EpochStatement { payout_count: 7, ..statement() },
    ]
}

#[test]
fn two_statements_for_one_round_are_shown_with_their_digests() {
    for other in variants() {
        let fraud = equivocation::check(&scope(), &statement(), &other).unwrap();
        assert_eq!(
            fraud,
            Fraud::Equivocation {
                epoch: 3,
                round: 1,
                first_set: 4,
                second_set: other.set_id,
                first: statement().digest(),
                second: other.digest(),
            }
        );
        assert_eq!(fraud.culprit(), Culprit::Validators);
        let signed = [EpochStatement { round: 0, ..statement() }, statement(), statement(), other.clone()];
        assert_eq!(equivocation::prove(&scope(), &signed), Some((&signed[1], &signed[3])));
    }
}

#[test]
fn statements_that_may_both_be_signed_are_left_alone() {
    let check = |other: &EpochStatement| equivocation::check(&scope(), &statement(), other);
    assert_eq!(check(&statement()), Err(Rejected::Honest));
    for other in variants() {
        let next = EpochStatement { epoch: 4, ..other.clone() };
        assert_eq!(check(&next), Err(Rejected::UnrelatedStatements));
        let again = EpochStatement { round: 2, ..other.clone() };
        assert_eq!(check(&again), Err(Rejected::UnrelatedStatements));
        let elsewhere = Scope { contract: "wasm1other".into(), ..scope() };
        let foreign = EpochStatement { scope: Some(elsewhere.clone()), ..other.clone() };
        assert_eq!(check(&foreign), Err(Rejected::ForeignStatement));
        // Two of another contract say nothing here either.
        let own = EpochStatement { scope: Some(elsewhere), ..statement() };
        assert_eq!(equivocation::check(&scope(), &own, &foreign), Err(Rejected::ForeignStatement));
        let nowhere = EpochStatement { scope: None, ..other };
        assert_eq!(check(&nowhere), Err(Rejected::ForeignStatement));
    }
    let honest = [statement(), EpochStatement { epoch: 4, ..statement() }, EpochStatement { round: 2, ..statement() }];
    assert_eq!(equivocation::prove(&scope(), &honest), None);
}
