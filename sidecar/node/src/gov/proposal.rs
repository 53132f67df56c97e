//! A proposal of gov v1, in the JSON that `tx gov submit-proposal` of a chain's binary reads.

use openledger_chain::{ChainClient, ChainError, GovMessage, gov_authority};
use serde::Serialize;
use serde_json::{Value, json};

use super::change::{Change, merge};
use crate::error::NodeError;

/// Longest title that gov v1 takes, in characters.
const MAX_TITLE: usize = 255;
/// Longest summary that gov v1 takes by default, in characters.
const MAX_SUMMARY: usize = 10_200;

/// What a proposal would do to a contract.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Replaces parameters: `field=value` each.
    Params(Vec<String>),
    /// Stops what the contract's permission table marks as pausable, for so many seconds from the block that runs it.
    Pause {
        /// First second after the pause, in seconds since 1970.
        until: u64,
    },
    /// Ends a pause early.
    Unpause,
    /// Replaces the contract's owner, for a lost or stolen key.
    ReplaceOwner(String),
    /// Moves the contract to stored code.
    Migrate {
        /// Stored code.
        code_id: u64,
        /// Message for the migration.
        msg: Value,
    },
    /// Calls the contract as the gov account.
    Execute(Value),
}

/// A simulation that succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// As whom: the gov account, or the contract's owner.
    pub sender: String,
    /// Gas of the messages.
    pub gas: u64,
}

/// What every proposal says about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Cover {
    /// Shown in lists.
    pub title: String,
    /// What it does and why.
    pub summary: String,
    /// Coins that the proposer locks, for example `10000000ustake`.
    pub deposit: String,
    /// Whether it asks for the shorter vote with the higher threshold.
    pub expedited: bool,
}

/// A drafted proposal.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// What it says about itself.
    pub cover: Cover,
    /// What the gov account sends once it passes.
    pub messages: Vec<GovMessage>,
    /// Parameters that it changes.
    pub changes: Vec<Change>,
}

impl Proposal {
    /// Drafts a proposal about one contract. Parameters are read from the chain, so that only what was asked for differs.
    pub async fn draft(client: &ChainClient, contract: &str, kind: Kind, cover: Cover) -> Result<Self, NodeError> {
        cover.check()?;
        let sudo = |msg: Value| GovMessage::Sudo { contract: contract.to_owned(), msg };
        let mut changes = Vec::new();
        let message = match kind {
            Kind::Params(assignments) => {
                let config: Value = client.query_smart(contract, &json!({ "config": {} })).await?;
                let (params, changed) = merge(config.get("params").unwrap_or(&Value::Null), &assignments)?;
                changes = changed;
                sudo(json!({ "update_params": { "params": params } }))
            }
            Kind::Pause { until } => sudo(json!({ "pause": { "until": until.to_string() } })),
            Kind::Unpause => sudo(json!({ "unpause": {} })),
            Kind::ReplaceOwner(owner) => sudo(json!({ "replace_owner": { "owner": owner } })),
            Kind::Migrate { code_id, msg } => {
                // Two typed errors instead of one that only a passed proposal would show.
                client.code_info(code_id).await?;
                GovMessage::Migrate { contract: contract.to_owned(), code_id, msg }
            }
            Kind::Execute(msg) => GovMessage::Execute { contract: contract.to_owned(), msg },
        };
        Ok(Self { cover, messages: vec![message], changes })
    }

    /// Drafts a proposal that keeps codes compiled in every node's memory.
    pub async fn pin(client: &ChainClient, code_ids: Vec<u64>, cover: Cover) -> Result<Self, NodeError> {
        cover.check()?;
        for code_id in &code_ids {
            client.code_info(*code_id).await?;
        }
        Ok(Self { cover, messages: vec![GovMessage::PinCodes { code_ids }], changes: Vec::new() })
    }

    /// Asks the node whether the messages would succeed now; `None` where it cannot be known. Nodes that simulate nothing for
    /// module accounts are asked about the same call by the contract's owner, who passes the same checks.
    pub async fn simulate(&self, client: &ChainClient) -> Result<Option<Tried>, NodeError> {
        if let Some(gas) = client.simulate_governance(&self.messages).await? {
            return Ok(Some(Tried { sender: gov_authority()?, gas }));
        }
        let [GovMessage::Sudo { contract, msg }] = self.messages.as_slice() else { return Ok(None) };
        if msg.get("replace_owner").is_some() {
            return Ok(None);
        }
        let config: Value = client.query_smart(contract, &json!({ "config": {} })).await?;
        let Some(owner) = config.pointer("/ownership/owner").and_then(Value::as_str) else { return Ok(None) };
        match client.simulate_call(owner, contract, msg).await {
            Ok(gas) => Ok(Some(Tried { sender: owner.to_owned(), gas })),
            // A contract, or an account that never sent anything, owns it.
            Err(ChainError::UnknownAccount { .. } | ChainError::BadAnswer { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// As the chain's binary reads it.
    pub fn to_json(&self) -> Result<Value, NodeError> {
        let authority = gov_authority()?;
        Ok(json!({
            "messages": self.messages.iter().map(|message| message.to_json(&authority)).collect::<Vec<_>>(),
            "metadata": "",
            "deposit": self.cover.deposit,
            "title": self.cover.title,
            "summary": self.cover.summary,
            "expedited": self.cover.expedited,
        }))
    }
}

impl Cover {
    fn check(&self) -> Result<(), NodeError> {
        bound("title", &self.title, MAX_TITLE)?;
        bound("summary", &self.summary, MAX_SUMMARY)
    }
}

fn bound(field: &'static str, text: &str, max: usize) -> Result<(), NodeError> {
    let length = text.chars().count();
    if length == 0 || length > max {
        let problem = format!("has {length} characters, 1 to {max} are taken");
        return Err(NodeError::BadRequest { field, problem });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_what_chain_binaries_read() {
        let proposal = Proposal {
            cover: Cover { title: "t".into(), summary: "s".into(), deposit: "1ustake".into(), expedited: false },
            messages: vec![GovMessage::Sudo { contract: "wasm1c".into(), msg: json!({ "unpause": {} }) }],
            changes: vec![],
        };
        let file = proposal.to_json().unwrap();
        assert_eq!(file["messages"][0]["@type"], "/cosmwasm.wasm.v1.MsgSudoContract");
        assert_eq!(file["messages"][0]["authority"], gov_authority().unwrap());
        assert_eq!(file["messages"][0]["msg"], json!({ "unpause": {} }));
        assert_eq!(file["deposit"], "1ustake");
    }

    #[test]
    fn texts_are_bounded() {
        assert_eq!(bound("title", "", 3).unwrap_err().reason(), "BAD_REQUEST");
        assert!(bound("title", "abcd", 3).is_err());
        assert!(bound("title", "äöü", 3).is_ok());
    }
}
