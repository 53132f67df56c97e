//! Where a proposal stands. Computed from what is stored and the time, so that nobody has to send a message for it.
//!
//! Every end is exclusive: at the very second that an end names, the stretch is over.

use cosmwasm_std::{StdResult, Uint128, Uint256, Uint64};

use crate::{
    msg::{ActionKind, Bps, Rules, RunOutcome, Status, Tally, VoteOption},
    state::Proposal,
};

/// Status and the times that follow from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub status: Status,
    /// Whether the expedited majority and times hold.
    pub expedited: bool,
    /// First moment at which no vote counts.
    pub voting_ends_at: Option<Uint64>,
    /// First moment of execution.
    pub executable_at: Option<Uint64>,
    /// First moment at which it can no longer be executed.
    pub expires_at: Option<Uint64>,
}

/// How the votes came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Too few voted.
    QuorumMissed,
    /// Too many called it an abuse.
    Vetoed,
    /// Too few said yes.
    Rejected,
    /// It passed.
    Passed,
}

impl Tally {
    /// The power of one answer.
    pub fn of(&mut self, vote: VoteOption) -> &mut Uint128 {
        match vote {
            VoteOption::Yes => &mut self.yes,
            VoteOption::No => &mut self.no,
            VoteOption::Abstain => &mut self.abstain,
            VoteOption::Veto => &mut self.veto,
        }
    }

    /// Counts the votes: first the quorum, of which abstentions are part; then vetoes among all votes; then yes among those
    /// that are no abstentions. The quorum counts when it is met exactly, the two majorities when they are exceeded.
    pub fn verdict(&self, total: Uint128, rules: &Rules, threshold: Bps) -> StdResult<Verdict> {
        let wide = |value: Uint128| Uint256::from(value);
        let decisive = wide(self.yes).checked_add(wide(self.no))?.checked_add(wide(self.veto))?;
        let cast = decisive.checked_add(wide(self.abstain))?;
        let whole = Uint256::from(u128::from(Bps::ONE));
        let part = |bps: Bps, of: Uint256| of.checked_mul(Uint256::from(u128::from(bps.points())));

        if cast.is_zero() || cast.checked_mul(whole)? < part(rules.quorum, wide(total))? {
            return Ok(Verdict::QuorumMissed);
        }
        if wide(self.veto).checked_mul(whole)? > part(rules.veto_threshold, cast)? {
            return Ok(Verdict::Vetoed);
        }
        if wide(self.yes).checked_mul(whole)? > part(threshold, decisive)? {
            return Ok(Verdict::Passed);
        }
        Ok(Verdict::Rejected)
    }
}

impl Proposal {
    /// Where it stands at this time.
    pub fn standing(&self, now: u64) -> StdResult<Standing> {
        let Some(start) = self.voting_starts_at else {
            let open = now < self.deposit_ends_at.u64();
            let status = if open { Status::DepositPeriod } else { Status::DepositMissed };
            return Ok(self.at(status, None));
        };
        if self.expedited {
            let end = start.saturating_add(self.rules.expedited_voting_seconds);
            if now < end.u64() {
                return Ok(self.at(Status::Voting, Some(end)));
            }
            // The first vote after this end clears `expedited`, so the tally is still the one of the end.
            let verdict = self.tally.verdict(self.total_power, &self.rules, self.rules.expedited_threshold)?;
            if verdict == Verdict::Passed {
                return Ok(self.passed(now, end, self.rules.expedited_timelock_seconds, true));
            }
        }
        let end = start.saturating_add(self.rules.voting_seconds);
        let ordinary = |status| Standing { expedited: false, ..self.at(status, Some(end)) };
        if now < end.u64() {
            return Ok(ordinary(Status::Voting));
        }
        Ok(match self.tally.verdict(self.total_power, &self.rules, self.rules.threshold)? {
            Verdict::QuorumMissed => ordinary(Status::QuorumMissed),
            Verdict::Vetoed => ordinary(Status::Vetoed),
            Verdict::Rejected => ordinary(Status::Rejected),
            Verdict::Passed => self.passed(now, end, self.rules.timelock_seconds, false),
        })
    }

    fn at(&self, status: Status, voting_ends_at: Option<Uint64>) -> Standing {
        Standing { status, expedited: self.expedited, voting_ends_at, executable_at: None, expires_at: None }
    }

    fn passed(&self, now: u64, voting_end: Uint64, timelock: Uint64, expedited: bool) -> Standing {
        if self.kind == ActionKind::Text {
            return Standing { expedited, ..self.at(Status::Passed, Some(voting_end)) };
        }
        let executable_at = voting_end.saturating_add(timelock);
        let expires_at = executable_at.saturating_add(self.rules.execution_seconds);
        let status = match &self.outcome {
            Some(RunOutcome::Done { .. }) => Status::Executed,
            Some(RunOutcome::Failed { .. }) => Status::ExecutionFailed,
            None if now < executable_at.u64() => Status::Timelocked,
            None if now < expires_at.u64() => Status::Executable,
            None => Status::Expired,
        };
        Standing {
            status,
            expedited,
            voting_ends_at: Some(voting_end),
            executable_at: Some(executable_at),
            expires_at: Some(expires_at),
        }
    }
}

impl Standing {
    /// Whether a run may begin now.
    pub fn may_run(&self, now: u64) -> bool {
        let in_time = self.expires_at.is_some_and(|end| now < end.u64());
        in_time && matches!(self.status, Status::Executable | Status::ExecutionFailed)
    }
}

#[cfg(test)]
// A test that overflows fails, which is all it needs to do.
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules() -> Rules {
        let part = |points| Bps::new(points).unwrap();
        Rules {
            min_deposit: Uint128::one(),
            voting_seconds: Uint64::new(100),
            expedited_voting_seconds: Uint64::new(50),
            timelock_seconds: Uint64::new(20),
            expedited_timelock_seconds: Uint64::new(5),
            execution_seconds: Uint64::new(30),
            quorum: part(4_000),
            threshold: part(5_000),
            expedited_threshold: part(6_700),
            veto_threshold: part(3_300),
        }
    }

    fn verdict(votes: [u128; 4], total: u128) -> Verdict {
        let [yes, no, abstain, veto] = votes.map(Uint128::new);
        let tally = Tally { yes, no, abstain, veto };
        tally.verdict(Uint128::new(total), &rules(), rules().threshold).unwrap()
    }

    #[test]
    fn quorum_is_met_exactly_and_counts_abstentions() {
        assert_eq!(verdict([1, 0, 38, 0], 100), Verdict::QuorumMissed);
        assert_eq!(verdict([1, 0, 39, 0], 100), Verdict::Passed);
        assert_eq!(verdict([399, 0, 0, 0], 1_000), Verdict::QuorumMissed);
    }

    #[test]
    fn abstentions_alone_never_pass() {
        assert_eq!(verdict([0, 0, 100, 0], 100), Verdict::Rejected);
        assert_eq!(verdict([0, 0, 0, 0], 0), Verdict::QuorumMissed);
    }

    #[test]
    fn half_is_no_majority() {
        assert_eq!(verdict([50, 50, 0, 0], 100), Verdict::Rejected);
        assert_eq!(verdict([51, 50, 0, 0], 101), Verdict::Passed);
        assert_eq!(verdict([34, 0, 33, 33], 100), Verdict::Passed);
    }

    #[test]
    fn a_veto_needs_more_than_its_part_of_all_votes_and_a_quorum() {
        assert_eq!(verdict([67, 0, 0, 33], 100), Verdict::Passed);
        assert_eq!(verdict([66, 0, 0, 34], 100), Verdict::Vetoed);
        assert_eq!(verdict([0, 0, 0, 39], 100), Verdict::QuorumMissed);
        assert_eq!(verdict([0, 0, 0, 40], 100), Verdict::Vetoed);
    }

    proptest! {
        /// The largest sums do not overflow, and the verdict is the one of plain arithmetic on small ones.
        #[test]
        fn verdicts_scale(yes in 0u64..1_000, no in 0u64..1_000, abstain in 0u64..1_000, veto in 0u64..1_000, rest in 0u64..1_000) {
            let votes = [yes, no, abstain, veto].map(u128::from);
            let cast: u128 = votes.iter().sum();
            let total = cast.checked_add(rest.into()).unwrap();
            let expected = if cast == 0 || cast * 10 < total * 4 {
                Verdict::QuorumMissed
            } else if votes[3] * 100 > cast * 33 {
                Verdict::Vetoed
            } else if votes[0] * 2 > votes[0] + votes[1] + votes[3] {
                Verdict::Passed
            } else {
                Verdict::Rejected
            };
            prop_assert_eq!(verdict(votes, total), expected);
            let huge = 1u128 << 112;
            prop_assert_eq!(verdict(votes.map(|part| part * huge), total * huge), expected);
        }
    }
}
