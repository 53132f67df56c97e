//! What a story came to, for people and for scripts.

use std::fmt::Write;

use comfy_table::{Table, presets::UTF8_BORDERS_ONLY};
use openledger_protocol::{Attribution, CreditRole, amount, attribution::POLICY_DOT_PRODUCT, shares::SHARE_ONE};
use serde_json::{Value, json};

use super::{Stage, accounts::Accounts, ask::Answered, examples::Examples, settle::Settled};
use crate::error::NodeError;

/// The outcome of a story.
pub struct Report {
    rows: Vec<Row>,
    payees: Vec<(String, u128)>,
    fee_total: u128,
    paid_total: u128,
    unattributed_total: u128,
    signers: Vec<(String, u32)>,
    absentees: Vec<String>,
    conserved: bool,
    chain_id: String,
    simulation: bool,
    places: Vec<(String, String)>,
}

/// One answer.
struct Row {
    question: String,
    answer: String,
    adapter: String,
    fee: u128,
    /// Contributor, part of the contributor fee in ppb, amount.
    contributors: Vec<(String, u64, u128)>,
    unattributed: u64,
    /// By which lane, and its figures where they are in nats.
    measured: String,
    expected: String,
    id: String,
}

impl Report {
    /// Puts together what happened.
    pub fn new(stage: &Stage, answers: Vec<Answered>, settled: Settled, node_url: &str) -> Result<Self, NodeError> {
        let Stage { chain, accounts, contracts, examples, .. } = stage;
        let rows =
            answers.iter().map(|answer| row(answer, examples, accounts, &settled)).collect::<Result<Vec<_>, _>>()?;
        let fee_total = rows.iter().fold(0u128, |sum, row| sum.saturating_add(row.fee));
        let mut payees: Vec<(String, u128)> = settled
            .claims
            .iter()
            .map(|(payee, paid)| {
                let staked = *payee == contracts.staking;
                let name = if staked { "stakers" } else { accounts.name(settled.recipient(payee)) };
                (name.to_owned(), *paid)
            })
            .collect();
        payees.sort_by(|a, b| a.0.cmp(&b.0));
        let mut places =
            vec![("node gRPC".to_owned(), node_url.to_owned()), ("chain gRPC".into(), chain.grpc_url.clone())];
        places.extend(chain.rpc_url.clone().map(|url| ("chain RPC".to_owned(), url)));
        places.extend(chain.rest_url.clone().map(|url| ("chain REST".to_owned(), url)));
        places.push(("settlement".into(), contracts.settlement.clone()));
        Ok(Self {
            fee_total,
            paid_total: settled.paid(),
            unattributed_total: settled.unattributed()?,
            conserved: settled.conserved(fee_total),
            signers: settled
                .epoch
                .signers
                .iter()
                .map(|(who, reexecuted)| (accounts.name(who).to_owned(), *reexecuted))
                .collect(),
            absentees: settled.epoch.absentees.iter().map(|(who, _)| accounts.name(who).to_owned()).collect(),
            chain_id: chain.client.chain_id().to_owned(),
            simulation: chain.is_simulation(),
            rows,
            payees,
            places,
        })
    }

    /// Whether every unit is accounted for.
    pub fn conserved(&self) -> bool {
        self.conserved
    }

    /// For scripts.
    pub fn json(&self) -> Value {
        let answers: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let shares: Vec<Value> = row
                    .contributors
                    .iter()
                    .map(|(who, share, paid)| json!({ "contributor": who, "share_ppb": share, "amount": paid.to_string() }))
                    .collect();
                json!({
                    "question": row.question, "answer": row.answer, "adapter": row.adapter, "receipt": row.id,
                    "fee": row.fee.to_string(), "shares": shares, "unattributed_ppb": row.unattributed,
                })
            })
            .collect();
        let payouts: Value = self
            .payees
            .iter()
            .map(|(name, paid)| (name.clone(), Value::from(paid.to_string())))
            .collect::<serde_json::Map<_, _>>()
            .into();
        json!({
            "chain_id": self.chain_id,
            "simulation": self.simulation,
            "fee_total": self.fee_total.to_string(),
            "paid_total": self.paid_total.to_string(),
            "unattributed_total": self.unattributed_total.to_string(),
            "receipts": self.rows.len(),
            "signers": self.signers.len(),
            "claims": self.payees.len(),
            "conserved": self.conserved,
            "answers": answers,
            "payouts": payouts,
        })
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let kind = if self.simulation { "a development simulation" } else { "a CosmWasm node" };
        _ = writeln!(out, "Chain {} ({kind})\n", self.chain_id);
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        table.set_header(["question", "answer", "adapter", "fee", "who got what", "why"]);
        for row in &self.rows {
            let who: Vec<String> = row.contributors.iter().map(|(who, _, paid)| format!("{who} {paid}")).collect();
            let explained = percent(SHARE_ONE.saturating_sub(row.unattributed));
            table.add_row([
                row.question.clone(),
                row.answer.clone(),
                row.adapter.clone(),
                row.fee.to_string(),
                if who.is_empty() { "commons only".into() } else { who.join(", ") },
                format!("asked of {}; {explained} explained, {}", row.expected, row.measured),
            ]);
        }
        _ = writeln!(out, "{table}\n");
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        table.set_header(["payee", "claimed (uopen)"]);
        for (name, paid) in &self.payees {
            table.add_row([name.clone(), paid.to_string()]);
        }
        _ = writeln!(out, "{table}\n");
        let signers: Vec<String> =
            self.signers.iter().map(|(who, count)| format!("{who} ({count} answers executed again)")).collect();
        _ = writeln!(out, "Epoch signed by {}; absent: {}.", signers.join(", "), self.absentees.join(", "));
        _ = writeln!(
            out,
            "Fees {} = paid {} uopen, of which {} unattributed to the commons. Conserved: {}.",
            self.fee_total, self.paid_total, self.unattributed_total, self.conserved
        );
        out
    }

    /// Where everything listens.
    pub fn addresses(&self) -> String {
        let mut out = String::new();
        for (name, url) in &self.places {
            _ = writeln!(out, "{name:>11}: {url}");
        }
        if let Some((_, url)) = self.places.first() {
            let host = url.trim_start_matches("http://");
            _ = writeln!(out, "Try: grpcurl -plaintext {host} list");
            _ = writeln!(out, "     grpcurl -plaintext {host} openledger.sidecar.v1.InferenceService/ListModels");
        }
        out
    }
}

fn row(answer: &Answered, examples: &Examples, accounts: &Accounts, settled: &Settled) -> Result<Row, NodeError> {
    let missing = || NodeError::Config("a receipt of the story is incomplete".into());
    let receipt = answer.receipt.receipt.as_ref().ok_or_else(missing)?;
    let attribution = receipt.attribution.as_ref().ok_or_else(missing)?;
    let role = i32::from(CreditRole::Contributor);
    let contributors = settled
        .credits
        .iter()
        .filter(|credit| credit.receipt_id == answer.receipt.id && credit.role == role)
        .map(|credit| {
            let index = usize::try_from(credit.cluster).unwrap_or(usize::MAX);
            let share = attribution.shares.get(index).copied().unwrap_or(0);
            Ok((accounts.name(settled.recipient(&credit.payee)).to_owned(), share, amount::parse(&credit.amount)?))
        })
        .collect::<Result<Vec<_>, NodeError>>()?;
    let adapter = examples
        .datanets
        .iter()
        .find(|datanet| datanet.name == answer.question.datanet)
        .map_or("?", |datanet| datanet.name.as_str());
    Ok(Row {
        question: answer.question.prompt.trim().to_owned(),
        answer: answer.text.trim().to_owned(),
        adapter: adapter.to_owned(),
        fee: amount::parse(&receipt.fee)?,
        contributors,
        unattributed: attribution.unattributed,
        measured: measured(attribution),
        expected: answer.question.contributor.clone(),
        id: hex::encode(&answer.receipt.id),
    })
}

/// The unit of an index's products stands in the query, which only validators see.
fn measured(attribution: &Attribution) -> String {
    if attribution.policy == POLICY_DOT_PRODUCT {
        return "by the index".to_owned();
    }
    let floor = nats(i64::try_from(attribution.floor).unwrap_or(i64::MAX));
    format!("by the audit lane: lift {:.2} nats, noise floor {floor:.2}", nats(attribution.lift))
}

fn percent(ppb: u64) -> String {
    format!("{}.{} %", ppb / 10_000_000, ppb / 1_000_000 % 10)
}

#[allow(clippy::cast_precision_loss)] // for people's eyes only
fn nats(micro: i64) -> f64 {
    micro as f64 / 1e6
}
