//! Fraud: disputes and their bonds, proofs against nodes and validators, and where slashed money goes.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, ensure};
use cosmwasm_std::{Addr, HexBinary, Uint64, Uint128};
use disputes::msg::{
    BatchFraud, ExecuteMsg, LeafOpening, OneReceipt, QueryMsg, SignedStatement, SolvencyResponse, Verdict,
};
use openledger_contract_kit::Digest;
use openledger_protocol::{DisputeVerdict, EpochStatement, Signed, Verdict as Found, merkle};

use super::{
    sessions::{Sessions, Status, id},
    staking::{Member, Staking},
};
use crate::{
    books::Books,
    chance::Chance,
    keys,
    world::{BOND, LASTING_NODES, PEOPLE, REWARD, STEADY, World, disputes_params},
};

struct Dispute {
    challenger: Addr,
    batch: usize,
    receipt: u64,
    deadline: u64,
    open: bool,
}

/// The model of disputes.
#[derive(Default)]
pub struct Disputes {
    disputes: Vec<Dispute>,
    /// Batches that were proven false.
    proven: BTreeSet<usize>,
    /// Receipts with a dispute that is open or has its verdict.
    taken: BTreeSet<(usize, u64)>,
    equivocations: u64,
}

/// The parts that a verdict changes.
pub struct Others<'a> {
    /// Batches.
    pub sessions: &'a mut Sessions,
    /// Bonds.
    pub staking: &'a mut Staking,
}

impl Disputes {
    /// One action of challengers or validators.
    pub fn act(
        &mut self,
        mut others: Others<'_>,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        match chance.below(200) {
            0..=89 => self.open(others.sessions, world, books, chance),
            90..=139 => self.expire(world, books, chance),
            140..=179 => self.resolve(&mut others, world, books, chance),
            180..=198 => self.prove(&mut others, world, books, chance),
            _ => self.equivocate(others.staking, world, books, chance),
        }
    }

    fn open(&mut self, sessions: &Sessions, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let batch = Sessions::pick(sessions.batches.len(), chance);
        let receipt = chance.below(2);
        let challenger = world.people[chance.index(PEOPLE)].clone();
        let fits = sessions.voidable(batch, now).is_some()
            && !self.proven.contains(&batch)
            && !self.taken.contains(&(batch, receipt))
            && books.balance(&challenger) >= BOND;
        let message =
            ExecuteMsg::OpenDispute { batch_id: id(batch), receipt: opening(sessions, world, batch, receipt)? };
        let contract = world.disputes.clone();
        let done = world.expect(&challenger, &contract, &message, fits)?;
        if done {
            books.pay(&challenger, &contract, BOND)?;
            self.taken.insert((batch, receipt));
            let deadline = now + disputes_params()?.dispute_seconds.u64();
            self.disputes.push(Dispute { challenger, batch, receipt, deadline, open: true });
        }
        Ok(done)
    }

    fn expire(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let index = Sessions::pick(self.disputes.len(), chance);
        let now = world.now();
        let fits = self.disputes.get(index).is_some_and(|dispute| dispute.open && now >= dispute.deadline);
        let (contract, anyone) = (world.disputes.clone(), world.founder.clone());
        let done = world.expect(&anyone, &contract, &ExecuteMsg::ExpireDispute { dispute_id: id(index) }, fits)?;
        if let Some(dispute) = self.disputes.get_mut(index).filter(|_| done) {
            dispute.open = false;
            self.taken.remove(&(dispute.batch, dispute.receipt));
            books.pay(&contract, &dispute.challenger, BOND)?;
        }
        Ok(done)
    }

    /// The newest set says what it found. Nodes that must stay are always found honest.
    fn resolve(
        &mut self,
        others: &mut Others<'_>,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        let open = |index: &usize| self.disputes[*index].open;
        let waiting: Vec<usize> = (0..self.disputes.len()).filter(open).collect();
        let index = match chance.once_in(5) {
            true => chance.index(self.disputes.len()),
            false => waiting.get(chance.index(waiting.len())).copied().unwrap_or_default(),
        };
        let now = world.now();
        let Some(dispute) = self.disputes.get(index) else { return Ok(false) };
        let (batch, receipt, challenger) = (dispute.batch, dispute.receipt, dispute.challenger.clone());
        let node = others.sessions.batches[batch].node;
        let guilty = node >= LASTING_NODES && chance.once_in(4);
        let (verdict, found) = match guilty {
            true => (Verdict::Fraud, Found::Fraud),
            false => (Verdict::Honest, Found::Honest),
        };
        let set_id = others.staking.latest() - u64::from(chance.once_in(12));
        let members = others.staking.set(set_id).map(|set| set.1.as_slice()).unwrap_or_default();
        let away = if members.is_empty() { None } else { chance.once_in(3).then(|| chance.index(members.len())) };
        let present: Vec<_> = (0..members.len()).filter(|at| Some(*at) != away).map(|at| members[at]).collect();
        let signers: Vec<u8> = present.iter().map(|member| member.key).collect();
        if signers.is_empty() {
            return Ok(false);
        }
        let power: u128 = present.iter().map(|member| member.power).sum();
        let enough = power * 3 > members.iter().map(|member| member.power).sum::<u128>() * 2;
        let fits = dispute.open && now < dispute.deadline && enough && set_id == others.staking.latest();
        let leaf = others.sessions.receipt(world, batch, receipt);
        let statement = DisputeVerdict {
            scope: Some(world.scope(&world.disputes)),
            dispute_id: index as u64 + 1,
            set_id,
            receipt_id: leaf.digest().to_vec(),
            verdict: found.into(),
        };
        let message = ExecuteMsg::ResolveDispute {
            dispute_id: id(index),
            set_id: Uint64::new(set_id),
            verdict,
            absentees: away.map(u32::try_from).transpose()?.into_iter().collect(),
            signature: keys::attest(&statement.digest(), &signers),
        };
        let known = self.proven.contains(&batch);
        let (contract, anyone) = (world.disputes.clone(), world.founder.clone());
        let done = world.expect(&anyone, &contract, &message, fits)?;
        if !done {
            return Ok(false);
        }
        self.disputes[index].open = false;
        if guilty {
            books.pay(&contract, &challenger, BOND)?;
            let lives = matches!(others.sessions.batches[batch].status, Status::Pending | Status::Accepted);
            if !known && lives {
                self.judge(others, world, books, batch, &challenger)?;
            }
        } else {
            books.pay(&contract, &world.nodes[node], BOND / 2)?;
            books.pay(&contract, &world.staking, BOND - BOND / 2)?;
            others.staking.fund(world, BOND - BOND / 2);
        }
        Ok(true)
    }

    /// Shows that a receipt names an adapter that nobody registered, which all of them do; or that it is no receipt, which
    /// is not so.
    fn prove(
        &mut self,
        others: &mut Others<'_>,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        let index = Sessions::pick(others.sessions.batches.len(), chance);
        let batch = others.sessions.batches.get(index);
        let false_one = batch.is_some_and(|batch| batch.node >= LASTING_NODES) && chance.once_in(4);
        let challenger = world.people[chance.index(PEOPLE)].clone();
        let receipt = OneReceipt { receipt: opening(others.sessions, world, index, chance.below(2))? };
        let proof = if false_one { BatchFraud::Adapter(receipt) } else { BatchFraud::Receipt(receipt) };
        let lives = batch.is_some_and(|batch| matches!(batch.status, Status::Pending | Status::Accepted));
        let fits = false_one && lives && !self.proven.contains(&index);
        let contract = world.disputes.clone();
        let message = ExecuteMsg::ProveBatchFraud { batch_id: id(index), proof };
        let done = world.expect(&challenger, &contract, &message, fits)?;
        if done {
            self.judge(others, world, books, index, &challenger)?;
        }
        Ok(done)
    }

    /// A batch that can be undone is; else the slash makes its sessions whole. What is left rewards the challenger and ends.
    fn judge(
        &mut self,
        others: &mut Others<'_>,
        world: &World,
        books: &mut Books,
        index: usize,
        challenger: &Addr,
    ) -> Result<()> {
        let (now, Others { sessions, staking }) = (world.now(), others);
        self.proven.insert(index);
        let node = sessions.batches[index].node;
        let found = sessions.voidable(index, now);
        let missing: u128 = match found {
            Some(_) => 0,
            None => sessions.batches[index].charges.iter().map(|charge| charge.1 - charge.2).sum(),
        };
        if let Some(epoch) = found {
            sessions.undo(index, epoch, now);
        }
        sessions.nodes[node].barred = true;
        let points = u128::from(disputes_params()?.node_slash.points());
        let taken = staking.operators.takes(node, points, true);
        let restored = taken.min(missing);
        if restored > 0 {
            books.pay(&world.staking, &world.settlement, restored)?;
            sessions.restored(index, restored);
        }
        lost(world, books, challenger, taken - restored)
    }

    /// One of the validators that come and go signs two statements for one round.
    fn equivocate(
        &mut self,
        staking: &mut Staking,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        let set_id = staking.latest();
        let members = staking.set(set_id).map(|set| set.1.clone()).unwrap_or_default();
        let Some(at) = members.iter().position(|member| member.number >= STEADY) else { return Ok(false) };
        let Member { number: culprit, key, .. } = members[at];
        // The same round once more is known already.
        let again = self.equivocations > 0 && chance.once_in(4);
        let fits = !again;
        let epoch = 1_000_000 + self.equivocations + u64::from(fits);
        let absentees: Vec<u32> =
            (0u32..).zip(&members).filter(|(_, one)| one.number != culprit).map(|(at, _)| at).collect();
        let scope = world.scope(&world.settlement);
        if again {
            return Ok(false);
        }
        let signed = |root: u8| {
            let statement = EpochStatement {
                scope: Some(scope.clone()),
                epoch,
                set_id,
                batch_ids: vec![1],
                payout_root: vec![root; 32],
                payout_total: "1".into(),
                payout_count: 1,
                round: 0,
            };
            SignedStatement {
                epoch: Uint64::new(epoch),
                round: 0,
                set_id: Uint64::new(set_id),
                batch_ids: vec![Uint64::new(1)],
                payout_root: [root; 32].into(),
                payout_total: Uint128::new(1),
                payout_count: Uint64::new(1),
                absentees: absentees.clone(),
                signature: keys::attest(&statement.digest(), &[key]),
            }
        };
        let message = ExecuteMsg::ProveEquivocation { first: signed(1), second: signed(2) };
        let (contract, challenger) = (world.disputes.clone(), world.people[chance.index(PEOPLE)].clone());
        let done = world.expect(&challenger, &contract, &message, fits)?;
        if done {
            self.equivocations += 1;
            let points = disputes_params()?.validator_slash.points();
            let taken = staking.punish(world, &[culprit], set_id, points, true);
            lost(world, books, &challenger, taken)?;
        }
        Ok(done)
    }

    /// The contract holds the bonds of open disputes and nothing else.
    pub fn check(&self, world: &World, books: &Books) -> Result<()> {
        let bonds = self.disputes.iter().filter(|dispute| dispute.open).count() as u128 * BOND;
        let found: SolvencyResponse = world.query(&world.disputes, &QueryMsg::Solvency {})?;
        ensure!(found.solvent && found.bonds.u128() == bonds, "{found:?}, the model says {bonds}");
        ensure!(books.balance(&world.disputes) == bonds, "disputes hold something else than {bonds}");
        Ok(())
    }
}

/// Slashed money that restores nothing: a part for the challenger, the rest ends.
pub fn lost(world: &World, books: &mut Books, challenger: &Addr, amount: u128) -> Result<()> {
    let reward = amount * u128::from(REWARD) / 10_000;
    books.pay(&world.staking, challenger, reward)?;
    books.burn(&world.staking, amount - reward)
}

/// A receipt of a batch, as it is shown; of an unknown batch anything.
fn opening(sessions: &Sessions, world: &World, batch: usize, receipt: u64) -> Result<LeafOpening> {
    let leaves = sessions.leaves(world, batch);
    let siblings = merkle::proof(&leaves, receipt).map_err(|error| anyhow!("{error}"))?;
    Ok(LeafOpening {
        index: Uint64::new(receipt),
        leaf: HexBinary::from(leaves[usize::try_from(receipt)?].as_slice()),
        siblings: siblings.into_iter().map(Digest::new).collect(),
    })
}
