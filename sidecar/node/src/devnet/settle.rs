//! From receipts to money: batch, epoch, window, claims, and the books.

use std::collections::BTreeMap;

use cosmwasm_std::{Uint64, Uint128};
use openledger_chain::contracts::Settlement;
use openledger_protocol::{Credit, CreditRole, amount, merkle_sum::Proof};
use settlement::msg::{Digest, ExecuteMsg, PayoutProof, SessionResponse, SolvencyResponse, SumNode};

use super::{Stage, accounts::Accounts, ask::Session, chain::Chain};
use crate::{
    error::NodeError,
    network::Contracts,
    operator::{AcceptedEpoch, Operator},
};

/// What the settlement came to.
pub struct Settled {
    /// Batch on chain.
    pub batch_id: u64,
    /// The accepted epoch.
    pub epoch: AcceptedEpoch,
    /// Credits of the batch.
    pub credits: Vec<Credit>,
    /// Paid by claims, by payee, in uopen.
    pub claims: BTreeMap<String, u128>,
    /// Accounts that the payees' money went to.
    recipients: BTreeMap<String, String>,
    /// Charged to the session, in uopen.
    pub charged: u128,
    /// What settlement owes and holds at the end.
    pub solvency: SolvencyResponse,
    /// Whether every payee's balance grew by exactly its claim.
    pub balances_agree: bool,
}

/// Commits, attests, waits for the window and claims for everybody.
pub async fn settle(stage: &Stage, operator: &Operator, session: &Session) -> Result<Settled, NodeError> {
    let Stage { chain, accounts, contracts, .. } = stage;
    let batch_id = operator
        .commit_batch()
        .await?
        .ok_or_else(|| NodeError::NotFound { kind: "receipt", id: "for a batch".into() })?;
    let epoch = operator
        .close_epoch()
        .await?
        .ok_or_else(|| NodeError::NotFound { kind: "batch", id: "for an epoch".into() })?;
    super::step("waiting for the challenge window; everybody claims");
    let on_chain = operator.network.epoch(epoch.statement.epoch).await?;
    chain.reach(on_chain.claimable_at.u64()).await?;

    let settlement = Settlement::new(chain.client.clone(), &contracts.settlement);
    let books = Books { chain, accounts, contracts, settlement };
    let payouts = operator.payouts(epoch.statement.epoch).await?;
    let (mut claims, mut recipients) = (BTreeMap::new(), BTreeMap::new());
    let mut balances_agree = true;
    let scope = operator.network.scope();
    for (payee, earned) in payouts.iter() {
        let proof = payouts
            .proof(&scope, payee)
            .map_err(|error| NodeError::Config(error.to_string()))?
            .map(|(_, proof)| proof)
            .ok_or_else(|| NodeError::NotFound { kind: "payee", id: payee.into() })?;
        let recipient = operator.network.recipient(payee).await?;
        let before = books.balance(&recipient).await?;
        books.claim(payee, earned, proof).await?;
        let paid = books.claimed(payee).await?;
        balances_agree &= books.balance(&recipient).await? == before.saturating_add(paid) && paid == earned;
        claims.insert(payee.to_owned(), paid);
        recipients.insert(payee.to_owned(), recipient);
    }
    let sent_back = books.settle_session(session).await?;
    let solvency = books.settlement.solvency().await?;
    Ok(Settled {
        batch_id,
        epoch,
        credits: operator.credits(batch_id).await?,
        claims,
        recipients,
        charged: sent_back.charged.u128(),
        solvency,
        balances_agree,
    })
}

impl Settled {
    /// Sum of what went to commons because nobody explains it, in uopen.
    pub fn unattributed(&self) -> Result<u128, NodeError> {
        let commons = i32::from(CreditRole::Commons);
        let amounts =
            self.credits.iter().filter(|credit| credit.role == commons).map(|credit| amount::parse(&credit.amount));
        Ok(amount::sum(amounts.collect::<Result<Vec<_>, _>>()?)?)
    }

    /// The account that a payee's money went to.
    pub fn recipient<'a>(&'a self, payee: &'a str) -> &'a str {
        self.recipients.get(payee).map_or(payee, String::as_str)
    }

    /// Sum of what was paid, in uopen.
    pub fn paid(&self) -> u128 {
        self.claims.values().fold(0, |sum, paid| sum.saturating_add(*paid))
    }

    /// Whether every unit is accounted for: what the session was charged was credited, attested and paid, and nothing is
    /// left with or missing from the contract.
    pub fn conserved(&self, fees: u128) -> bool {
        let solvency = &self.solvency;
        let left = [solvency.sessions, solvency.pending, solvency.unclaimed, solvency.refunds];
        self.charged == fees
            && self.paid() == fees
            && self.epoch.statement.payout_total == amount::format(fees)
            && self.balances_agree
            && solvency.solvent
            && left.iter().all(|amount| amount.is_zero())
            && solvency.held.is_zero()
    }
}

struct Books<'a> {
    chain: &'a Chain,
    accounts: &'a Accounts,
    contracts: &'a Contracts,
    settlement: Settlement,
}

impl Books<'_> {
    /// Anyone may claim for a payee; the founder does it for all.
    async fn claim(&self, payee: &str, earned: u128, proof: Proof) -> Result<(), NodeError> {
        let siblings = proof
            .siblings
            .iter()
            .map(|node| SumNode { sum: Uint128::new(node.sum), hash: Digest::new(node.hash) })
            .collect();
        let claim = ExecuteMsg::Claim {
            payee: payee.into(),
            cumulative_amount: Uint128::new(earned),
            proof: PayoutProof { index: Uint64::new(proof.index), siblings },
        };
        self.accounts.founder.execute(&self.contracts.settlement, &claim, vec![]).await?;
        Ok(())
    }

    async fn claimed(&self, payee: &str) -> Result<u128, NodeError> {
        Ok(self.settlement.claimed(payee.into()).await?.claimed.u128())
    }

    async fn balance(&self, address: &str) -> Result<u128, NodeError> {
        let query = cw20::Cw20QueryMsg::Balance { address: address.into() };
        let answer: cw20::BalanceResponse = self.chain.client.query_smart(&self.contracts.open_token, &query).await?;
        Ok(answer.balance.u128())
    }

    /// Ends the session and sends what is left back to the user.
    async fn settle_session(&self, session: &Session) -> Result<SessionResponse, NodeError> {
        let session_id = Uint64::new(session.session_id);
        let close = ExecuteMsg::CloseSession { session_id };
        self.accounts.user.execute(&self.contracts.settlement, &close, vec![]).await?;
        let closed = self.settlement.session(session_id).await?;
        self.chain.reach(closed.settles_at.u64()).await?;
        let settle = ExecuteMsg::SettleSession { session_id };
        self.accounts.founder.execute(&self.contracts.settlement, &settle, vec![]).await?;
        Ok(self.settlement.session(session_id).await?)
    }
}
