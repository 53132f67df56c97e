//! `openledger bond`.

use clap::{Args, Subcommand};
use comfy_table::{Table, presets::UTF8_BORDERS_ONLY};
use openledger_chain::{ChainClient, Signer, TxOutcome};
use serde_json::json;
use staking::msg::{OperatorResponse, ValidatorResponse};

use super::{Output, print};
use crate::{
    bonding::{Bonds, Profile},
    config::Config,
    error::NodeError,
    home::Home,
};

/// Bond OPEN as a validator or a node.
#[derive(Debug, Subcommand)]
pub enum Bond {
    /// Become a validator who signs with the home's BLS key.
    Validator(Pay),
    /// Become a node operator, which settlement asks of whoever submits batches.
    Node(Pay),
    /// Show this account's bonds and the OPEN it holds.
    Show,
}

/// What is bonded.
#[derive(Debug, Args)]
pub struct Pay {
    /// In uopen.
    #[arg(long)]
    amount: u128,
    /// A name for people; the account key's name when absent.
    #[arg(long, conflicts_with = "add")]
    moniker: Option<String>,
    /// Add to the bond that there is instead of registering.
    #[arg(long)]
    add: bool,
}

impl Bond {
    pub async fn run(self, home: &Home, output: Output) -> Result<(), NodeError> {
        let config = checked(home)?;
        let client = ChainClient::connect(&config.chain_grpc).await?;
        let account = client.signer(home.account()?);
        let bonds = Bonds::new(&account, &config.contracts);
        match self {
            Self::Validator(pay) => {
                let sent = if pay.add {
                    bonds.add_to_validator(pay.amount).await?
                } else {
                    let file = home.bls_file();
                    if !file.exists() {
                        let file = file.display();
                        return Err(NodeError::Config(format!("{file} is missing: openledger keys bls makes it")));
                    }
                    let profile = pay.profile(&account, &config);
                    bonds.register_validator(pay.amount, &home.bls_key()?, profile).await?
                };
                let bonded = bonds.validator().await?.map_or(0, |validator| validator.self_bond.u128());
                let next = "Set [validator] enabled = true; the next epoch set counts the bond";
                report(output, &account, &pay, &sent, "validator", bonded, next);
            }
            Self::Node(pay) => {
                let sent = if pay.add {
                    bonds.add_to_node(pay.amount).await?
                } else {
                    bonds.register_node(pay.amount, pay.profile(&account, &config)).await?
                };
                let bonded = bonds.node().await?.map_or(0, |node| node.bond.u128());
                report(output, &account, &pay, &sent, "node", bonded, "openledger start");
            }
            Self::Show => {
                let (validator, node) = (bonds.validator().await?, bonds.node().await?);
                show(output, &account, bonds.held().await?, validator.as_ref(), node.as_ref());
            }
        }
        Ok(())
    }
}

impl Pay {
    fn profile<'a>(&'a self, account: &'a Signer, config: &'a Config) -> Profile<'a> {
        Profile { endpoint: &config.public_url, moniker: self.moniker.as_deref().unwrap_or(account.key().name()) }
    }
}

/// The configuration, with the addresses that a bond needs.
fn checked(home: &Home) -> Result<Config, NodeError> {
    let config = home.config()?;
    let contracts = &config.contracts;
    for (name, address) in [("open_token", &contracts.open_token), ("staking", &contracts.staking)] {
        if address.is_empty() {
            let file = home.config_file();
            return Err(NodeError::Config(format!("{}: contracts.{name} is empty", file.display())));
        }
    }
    Ok(config)
}

fn report(output: Output, account: &Signer, pay: &Pay, sent: &TxOutcome, role: &str, bonded: u128, next: &str) {
    let (address, amount) = (account.address(), pay.amount);
    let done = if pay.add { "added" } else { "registered" };
    let text = format!(
        "{address} {} as {role}: {amount} uopen bonded, {bonded} in all.\n\
         Transaction {} at height {}, {} gas. Next: {next}.",
        if pay.add { "added to its bond" } else { "is registered" },
        sent.hash,
        sent.height,
        sent.gas_used
    );
    let json = json!({
        "address": address,
        "role": role,
        "action": done,
        "amount": amount.to_string(),
        "bonded": bonded.to_string(),
        "transaction": sent.hash,
        "height": sent.height,
        "gas_used": sent.gas_used,
    });
    print(output, &text, &json);
}

fn show(
    output: Output,
    account: &Signer,
    held: u128,
    validator: Option<&ValidatorResponse>,
    node: Option<&OperatorResponse>,
) {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header(["role", "bonded", "state", "endpoint", "moniker"]);
    if let Some(one) = validator {
        let bond = one.self_bond.to_string();
        table.add_row(["validator", &bond, &validator_state(one), one.endpoint.as_str(), one.moniker.as_str()]);
    }
    if let Some(one) = node {
        let bond = one.bond.to_string();
        table.add_row(["node", &bond, node_state(one), one.endpoint.as_str(), one.moniker.as_str()]);
    }
    let address = account.address();
    let bonds = if validator.is_none() && node.is_none() { "No bond.".to_owned() } else { table.to_string() };
    let json = json!({
        "address": address,
        "held": held.to_string(),
        "validator": validator.map(|one| json!({ "state": validator_state(one), "staking": one })),
        "node": node.map(|one| json!({ "state": node_state(one), "staking": one })),
    });
    print(output, &format!("{bonds}\n{address} holds {held} uopen."), &json);
}

fn validator_state(validator: &ValidatorResponse) -> String {
    match validator {
        one if one.tombstoned => "out for ever".into(),
        one if one.self_bond.is_zero() => "left".into(),
        one => one.jailed_until.map_or_else(|| "bonded".into(), |until| format!("jailed until {until}")),
    }
}

fn node_state(node: &OperatorResponse) -> &'static str {
    match node {
        one if one.barred => "barred",
        one if one.bond.is_zero() => "left",
        _ => "bonded",
    }
}
