//! Settlement: sessions, batches, epochs, rounds, refunds and claims.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, ensure};
use cosmwasm_std::{Addr, Uint64, Uint128};
use openledger_protocol::{Credit, EpochStatement, Receipt, Signed, merkle, payouts::Payouts};
use prost::Message;
use settlement::msg::{
    Charge, Digest, ExecuteMsg, NodeResponse, PayoutProof, QueryMsg, SessionResponse, SolvencyResponse, SumNode,
};

use super::{datanets::Datanets, identities::Identities, models::Models, staking::Staking};
use crate::{
    books::Books,
    chance::Chance,
    keys,
    world::{NODES, PEOPLE, World, settlement_params},
};

pub struct Session {
    person: usize,
    pub available: u128,
    charged: u128,
    sequence: u64,
    expires_at: u64,
    settles_at: u64,
    settled: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Status {
    Pending,
    Accepted,
    Refunded,
    Voided,
}

pub struct Batch {
    pub node: usize,
    sequence: u64,
    /// Session, charge, and what came back of it from outside.
    pub charges: Vec<(usize, u128, u128)>,
    pub total: u128,
    submitted_at: u64,
    pub deadline: u64,
    pub status: Status,
}

pub struct Epoch {
    pub claimable_at: u64,
    /// All payouts up to it.
    payouts: Payouts,
    pub batches: Vec<usize>,
    pub round: u32,
}

/// What the contract knows of a node.
#[derive(Default)]
pub struct Node {
    sequence: u64,
    pub pending: u128,
    pub barred: bool,
}

/// Whom payouts reach.
pub struct Payees<'a> {
    /// Rewards, sets and bonds.
    pub staking: &'a mut Staking,
    /// Contributors.
    pub identities: &'a Identities,
    /// Commons.
    pub datanets: &'a Datanets,
    /// Developers.
    pub models: &'a mut Models,
}

/// The model of settlement.
#[derive(Default)]
pub struct Sessions {
    pub sessions: Vec<Session>,
    pub batches: Vec<Batch>,
    pub epochs: Vec<Epoch>,
    pub nodes: [Node; NODES],
    claimed: BTreeMap<String, u128>,
    /// Number of the present round of the next epoch, and when it began.
    pub round: (u32, u64),
    /// First round of an epoch that was voided before.
    pub first_rounds: BTreeMap<usize, u32>,
}

impl Sessions {
    /// One action of buyers, the node, validators or payees.
    pub fn act(
        &mut self,
        payees: Payees<'_>,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        let staking = &*payees.staking;
        match chance.below(26) {
            24..=25 => self.arbitrate(world, books, chance),
            0..=4 => self.open(world, books, chance),
            5 => self.close(world, chance),
            6..=8 => self.settle(world, books, chance),
            9..=15 => self.submit(staking, world, chance),
            16..=17 => self.accept(staking, world, chance),
            18 => self.advance(world),
            19..=20 => self.refund(world, chance),
            _ => self.claim(payees, world, books, chance),
        }
    }

    /// Recent sessions, batches and epochs are picked most, or histories would end in things that are long over.
    pub fn pick(len: usize, chance: &mut Chance) -> usize {
        match chance.once_in(8) {
            true => chance.index(len),
            false => len.saturating_sub(1 + chance.index(12)),
        }
    }

    /// A receipt of a batch.
    pub fn receipt(&self, world: &World, batch: usize, receipt: u64) -> Receipt {
        let (node, sequence) = self.batches.get(batch).map_or((0, 0), |batch| (batch.node, batch.sequence));
        let [first, second] = receipts(world, node, sequence);
        if receipt == 0 { first } else { second }
    }

    /// Both receipts of a batch as leaves of their tree.
    pub fn leaves(&self, world: &World, batch: usize) -> [Vec<u8>; 2] {
        [0, 1].map(|receipt| self.receipt(world, batch, receipt).encode_to_vec())
    }

    /// Who earns: people, stakers, and identities, Datanets and adapters that may not exist yet.
    fn payee(world: &World, chance: &mut Chance) -> String {
        match chance.below(16) {
            0 => world.staking.to_string(),
            1..=4 => format!("identity:{}", 1 + chance.below(PEOPLE as u64 + 1)),
            5 => format!("datanet:{}", 1 + chance.below(6)),
            6..=7 => format!("adapter:{}", 1 + chance.below(8)),
            _ => world.people[chance.index(PEOPLE)].to_string(),
        }
    }

    fn open(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let person = chance.index(PEOPLE);
        let account = world.people[person].clone();
        let amount = chance.amount(2_000_000);
        let seconds = chance.below(11_000);
        let now = world.now();
        let fits = amount > 0 && amount <= books.balance(&account) && (1..=10_000).contains(&seconds);
        let message = ExecuteMsg::OpenSession {
            amount: Uint128::new(amount),
            session_public_key: keys::session_public(person),
            adapter_id: None,
            node: None,
            max_prompt_price: Uint128::new(10),
            max_response_price: Uint128::new(20),
            expires_at: Uint64::new(now + seconds),
        };
        let settlement = world.settlement.clone();
        let done = world.expect(&account, &settlement, &message, fits)?;
        if done {
            books.pay(&account, &settlement, amount)?;
            let grace = settlement_params().settle_grace_seconds.u64();
            let (expires_at, settles_at) = (now + seconds, now + seconds + grace);
            let (charged, sequence, settled) = (0, 0, false);
            let session = Session { person, available: amount, charged, sequence, expires_at, settles_at, settled };
            self.sessions.push(session);
        }
        Ok(done)
    }

    fn close(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let index = Self::pick(self.sessions.len(), chance);
        let now = world.now();
        let stranger = chance.once_in(6);
        let owner = self.sessions.get(index).map_or(0, |session| session.person);
        let sender = world.people[(owner + usize::from(stranger)) % PEOPLE].clone();
        let fits = !stranger && self.sessions.get(index).is_some_and(|session| now < session.expires_at);
        let message = ExecuteMsg::CloseSession { session_id: id(index) };
        let settlement = world.settlement.clone();
        let done = world.expect(&sender, &settlement, &message, fits)?;
        if let Some(session) = self.sessions.get_mut(index).filter(|_| done) {
            session.settles_at -= session.expires_at - now;
            session.expires_at = now;
        }
        Ok(done)
    }

    fn settle(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let index = Self::pick(self.sessions.len(), chance);
        let now = world.now();
        let due = |session: &Session| now >= session.settles_at && (!session.settled || session.available > 0);
        let fits = self.sessions.get(index).is_some_and(due);
        let (settlement, anyone) = (world.settlement.clone(), world.founder.clone());
        let done = world.expect(&anyone, &settlement, &ExecuteMsg::SettleSession { session_id: id(index) }, fits)?;
        if let Some(session) = self.sessions.get_mut(index).filter(|_| done) {
            books.pay(&settlement, &world.people[session.person], session.available)?;
            (session.available, session.settled) = (0, true);
        }
        Ok(done)
    }

    /// Charges one or two sessions a part of what the poorer of them holds, sometimes too much.
    fn submit(&mut self, staking: &Staking, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let mut picked = vec![Self::pick(self.sessions.len(), chance), Self::pick(self.sessions.len(), chance)];
        picked.sort_unstable();
        picked.dedup();
        let poorest =
            picked.iter().filter_map(|index| self.sessions.get(*index)).map(|session| session.available).min();
        let amount = poorest.unwrap_or(100) * u128::from(chance.below(1_050)) / 1_000;
        let replay = chance.once_in(30);
        let node = if chance.once_in(3) { chance.index(NODES) } else { 0 };
        let total = amount * picked.len() as u128;
        let standing = &self.nodes[node];
        let covered = staking.operators.covers(node, settlement_params().exposure_factor);
        let mut fits = amount > 0 && !replay && !standing.barred && standing.pending + total <= covered;
        let scope = world.scope(&world.settlement);
        let mut charges = Vec::new();
        for index in &picked {
            let known = self.sessions.get(*index);
            let (person, charged, sequence) = known.map_or((0, 0, 0), |s| (s.person, s.charged, s.sequence));
            fits &= known.is_some_and(|s| !s.settled && now < s.settles_at && amount <= s.available);
            let (fee, sequence) = (charged + amount, sequence + u64::from(!replay));
            charges.push(Charge {
                session_id: id(*index),
                cumulative_fee: Uint128::new(fee),
                voucher_amount: Uint128::new(fee),
                voucher_sequence: Uint64::new(sequence),
                voucher_signature: keys::voucher(person, scope.clone(), *index as u64 + 1, fee, sequence),
            });
        }
        let leaves = receipts(world, node, standing.sequence + 1).map(|receipt| receipt.encode_to_vec());
        let message = ExecuteMsg::SubmitBatch {
            sequence: Uint64::new(standing.sequence + 1),
            receipts_root: merkle::root(&leaves).into(),
            receipt_count: Uint64::new(2),
            credits_root: [2; 32].into(),
            credit_count: Uint64::new(5),
            total: Uint128::new(total),
            charges,
        };
        let (settlement, sender) = (world.settlement.clone(), world.nodes[node].clone());
        let done = world.expect(&sender, &settlement, &message, fits)?;
        if done {
            self.nodes[node].sequence += 1;
            self.nodes[node].pending += total;
            let mut charges = Vec::new();
            for index in picked {
                if let Some(session) = self.sessions.get_mut(index) {
                    session.available -= amount;
                    session.charged += amount;
                    session.sequence += 1;
                }
                charges.push((index, amount, 0));
            }
            let deadline = now + settlement_params().attestation_deadline_seconds.u64();
            let sequence = self.nodes[node].sequence;
            self.batches.push(Batch {
                node,
                sequence,
                charges,
                total,
                submitted_at: now,
                deadline,
                status: Status::Pending,
            });
        }
        Ok(done)
    }

    /// Accepts batches that wait, or any; signed by three or four of four, or by two, which is not enough.
    fn accept(&mut self, staking: &Staking, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let params = settlement_params();
        let waits = |batch: &Batch| batch.status == Status::Pending && now < batch.deadline;
        let blind = chance.once_in(8);
        let first = self.batches.len().saturating_sub(40);
        let known: Vec<usize> =
            (first..self.batches.len()).filter(|index| blind || waits(&self.batches[*index])).collect();
        let skipped = if chance.once_in(4) { chance.index(known.len()) } else { 0 };
        let most = 1 + chance.index(params.max_batches_per_epoch as usize);
        let mut named: Vec<usize> = known.into_iter().skip(skipped).take(most).collect();
        if named.is_empty() {
            named.push(self.batches.len());
        }
        let open = self.epochs.iter().rev().take_while(|epoch| now < epoch.claimable_at).count();
        let mut fits = open < params.max_open_epochs as usize;
        fits &= named.iter().all(|index| self.batches.get(*index).is_some_and(waits));

        let mut payouts = self.epochs.last().map_or_else(Payouts::default, |epoch| epoch.payouts.clone());
        for batch in named.iter().filter_map(|index| self.batches.get(*index)) {
            let mut left = batch.total;
            for _ in 0..3 {
                let part = u128::from(chance.below(u64::try_from(left)? + 1));
                let payee = Self::payee(world, chance);
                left -= part;
                credit(&mut payouts, payee, part)?;
            }
            credit(&mut payouts, world.staking.to_string(), left)?;
        }
        let scope = world.scope(&world.settlement);
        let root = payouts.root(&scope).map_err(|error| anyhow!("{error}"))?;
        let round = self.round.0 + u32::from(chance.once_in(25));
        fits &= round == self.round.0;
        let set_id = match chance.below(24) {
            0 => staking.latest() + 1,
            1 => staking.latest() - 1,
            2..=5 if staking.latest() > 2 => staking.latest() - 1,
            _ => staking.latest(),
        };
        let set = staking.set(set_id);
        let members = set.map(|set| set.1.as_slice()).unwrap_or_default();
        // The world's model begins with its second set; a set counts a while after the next one was made.
        let overlaps = |(made_at, _): &(u64, _)| now < made_at + params.set_overlap_seconds.u64();
        fits &= set.is_some() && staking.set(set_id + 1).is_none_or(overlaps);
        let statement = EpochStatement {
            scope: Some(scope),
            epoch: self.epochs.len() as u64 + 1,
            set_id,
            batch_ids: named.iter().map(|index| *index as u64 + 1).collect(),
            payout_root: root.hash.to_vec(),
            payout_total: root.sum.to_string(),
            payout_count: payouts.count(),
            round,
        };
        let away = [0, 0, 0, 1, 1, 1, 1, 2][chance.index(8)];
        let start = chance.index(members.len());
        let mut absentees: Vec<usize> = (0..away.min(members.len())).map(|at| (start + at) % members.len()).collect();
        absentees.sort_unstable();
        absentees.dedup();
        let present: Vec<_> =
            members.iter().enumerate().filter(|(at, _)| !absentees.contains(at)).map(|(_, member)| member).collect();
        let power: u128 = present.iter().map(|member| member.power).sum();
        fits &= power * 3 > members.iter().map(|member| member.power).sum::<u128>() * 2;
        let mut signers: Vec<u8> = present.iter().map(|member| member.key).collect();
        if signers.is_empty() {
            signers.push(0);
        }
        let message = ExecuteMsg::AcceptEpoch {
            epoch: Uint64::new(statement.epoch),
            round,
            set_id: Uint64::new(set_id),
            batch_ids: named.iter().map(|index| id(*index)).collect(),
            payout_root: Digest::new(root.hash),
            payout_total: Uint128::new(root.sum),
            payout_count: Uint64::new(payouts.count()),
            absentees: absentees.into_iter().map(u32::try_from).collect::<Result<_, _>>()?,
            signature: keys::attest(&statement.digest(), &signers),
        };
        let (settlement, anyone) = (world.settlement.clone(), world.founder.clone());
        let done = world.expect(&anyone, &settlement, &message, fits)?;
        if done {
            for index in &named {
                let batch = &mut self.batches[*index];
                batch.status = Status::Accepted;
                self.nodes[batch.node].pending -= batch.total;
            }
            let claimable_at = now + params.challenge_window_seconds.u64();
            self.epochs.push(Epoch { claimable_at, payouts, batches: named, round });
            self.round = (self.first_rounds.get(&self.epochs.len()).copied().unwrap_or_default(), now);
        }
        Ok(done)
    }

    /// Anybody ends a round in which a batch has waited long enough.
    fn advance(&mut self, world: &mut World) -> Result<bool> {
        let now = world.now();
        let oldest = self.batches.iter().find(|batch| batch.status == Status::Pending).map(|batch| batch.submitted_at);
        let length = settlement_params().round_seconds.u64();
        let fits = oldest.is_some_and(|submitted_at| now >= submitted_at.max(self.round.1) + length);
        let (settlement, anyone) = (world.settlement.clone(), world.founder.clone());
        let done = world.expect(&anyone, &settlement, &ExecuteMsg::AdvanceRound {}, fits)?;
        if done {
            self.round = (self.round.0 + 1, now);
        }
        Ok(done)
    }

    fn refund(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let overdue = |batch: &Batch| batch.status == Status::Pending && now >= batch.deadline;
        let index = match self.batches.iter().position(overdue) {
            Some(index) if chance.once_in(2) => index,
            _ => Self::pick(self.batches.len(), chance),
        };
        let fits = self.batches.get(index).is_some_and(overdue);
        let (settlement, anyone) = (world.settlement.clone(), world.founder.clone());
        let done = world.expect(&anyone, &settlement, &ExecuteMsg::RefundBatch { batch_id: id(index) }, fits)?;
        if done {
            self.give_back(index, Status::Refunded);
        }
        Ok(done)
    }

    fn claim(&mut self, payees: Payees<'_>, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let Payees { staking, identities, datanets, models } = payees;
        let now = world.now();
        let payee = Self::payee(world, chance);
        let Some(Epoch { payouts, .. }) = self.epochs.iter().rev().find(|epoch| epoch.claimable_at <= now) else {
            return Ok(false);
        };
        let scope = world.scope(&world.settlement);
        let found = payouts.proof(&scope, &payee).map_err(|error| anyhow!("{error}"))?;
        let Some((earned, proof)) = found else { return Ok(false) };
        let before = self.claimed.get(&payee).copied().unwrap_or(0);
        let greedy = u128::from(chance.once_in(15));
        let node = |node: &openledger_protocol::merkle_sum::Node| SumNode {
            sum: Uint128::new(node.sum),
            hash: Digest::new(node.hash),
        };
        let message = ExecuteMsg::Claim {
            payee: payee.clone(),
            cumulative_amount: Uint128::new(earned + greedy),
            proof: PayoutProof { index: Uint64::new(proof.index), siblings: proof.siblings.iter().map(node).collect() },
        };
        let (settlement, anyone) = (world.settlement.clone(), world.founder.clone());
        let (kind, number) = payee.split_once(':').unwrap_or(("account", "0"));
        let number = number.parse::<u64>()?;
        let account = match kind {
            "identity" => identities.payout(number, now).cloned(),
            "datanet" => datanets.commons(number).cloned(),
            "adapter" => Some(world.models.clone()).filter(|_| models.has(number)),
            _ => Some(Addr::unchecked(&payee)),
        };
        let fits = greedy == 0 && earned > before && account.is_some();
        let done = world.expect(&anyone, &settlement, &message, fits)?;
        if let Some(mut account) = account.filter(|_| done) {
            if kind == "adapter" {
                // It passes the income on, with a part of the developer's bond.
                if let Some((developer, rebate)) = models.earns(number, earned - before, now)? {
                    books.pay(&account, &developer, rebate)?;
                    account = developer;
                }
            }
            books.pay(&settlement, &account, earned - before)?;
            if account == world.staking {
                staking.fund(world, earned - before);
            }
            self.claimed.insert(payee, earned);
        }
        Ok(done)
    }

    /// The four books are those of the model, and together they are exactly what the contract holds.
    pub fn check(&self, world: &World, books: &Books) -> Result<()> {
        let open = |settled: bool| -> u128 {
            self.sessions.iter().filter(|session| session.settled == settled).map(|session| session.available).sum()
        };
        let batches = |status: Status| -> u128 {
            self.batches.iter().filter(|batch| batch.status == status).map(|batch| batch.total).sum()
        };
        let claimed: u128 = self.claimed.values().sum();
        let expected = [open(false), batches(Status::Pending), batches(Status::Accepted) - claimed, open(true)];
        for (account, node) in world.nodes.iter().zip(&self.nodes) {
            let question = QueryMsg::Node { address: account.to_string() };
            let found: NodeResponse = world.query(&world.settlement, &question)?;
            let same = (found.last_sequence.u64(), found.pending.u128(), found.barred);
            ensure!(same == (node.sequence, node.pending, node.barred), "{}: {found:?}", world.name(account));
        }
        let found: SolvencyResponse = world.query(&world.settlement, &QueryMsg::Solvency {})?;
        let parts = [found.sessions, found.pending, found.unclaimed, found.refunds].map(|part| part.u128());
        ensure!(found.solvent, "{found:?}");
        ensure!(parts == expected, "sessions, pending, unclaimed, refunds are {parts:?}, the model says {expected:?}");
        ensure!(parts.iter().sum::<u128>() == books.balance(&world.settlement), "settlement holds something else");
        for (index, session) in self.sessions.iter().enumerate().rev().take(8) {
            let found: SessionResponse =
                world.query(&world.settlement, &QueryMsg::Session { session_id: id(index) })?;
            ensure!(
                (found.available.u128(), found.settled) == (session.available, session.settled),
                "session {}: {found:?}, the model says {}",
                index + 1,
                session.available
            );
        }
        Ok(())
    }
}

/// The two receipts of a node's batch. They name an adapter that nobody ever registered.
fn receipts(world: &World, node: usize, sequence: u64) -> [Receipt; 2] {
    [1, 2].map(|voucher_sequence| Receipt {
        scope: Some(world.scope(&world.settlement)),
        node: world.nodes[node].to_string(),
        session_id: sequence,
        voucher_sequence,
        ..Receipt::default()
    })
}

pub fn id(index: usize) -> Uint64 {
    Uint64::new(index as u64 + 1)
}

fn credit(payouts: &mut Payouts, payee: String, amount: u128) -> Result<()> {
    if amount == 0 {
        return Ok(());
    }
    let credit = Credit { payee, amount: amount.to_string(), ..Credit::default() };
    payouts.add([&credit]).map_err(|error| anyhow!("{error}"))
}
