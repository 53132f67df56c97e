//! The people of the story, each with an own key.

use std::collections::BTreeMap;

use cosmwasm_std::{Uint128, coin};
use cw20::Cw20ExecuteMsg;
use openledger_chain::{Key, Signer};

use super::{
    chain::{Chain, FEE_DENOM},
    examples::Examples,
};
use crate::{error::NodeError, network::Contracts};

/// Validators of the story.
pub const VALIDATORS: usize = 4;
/// Native coins for fees, each.
const FEE_COINS: u128 = 2_000_000_000;
/// OPEN for whoever bonds or pays, in uopen.
const OPEN: u128 = 10_000_000_000;

/// Signers by part.
pub struct Accounts {
    /// Instantiates the contracts and holds the supply.
    pub founder: Signer,
    /// Asks.
    pub user: Signer,
    /// Runs the node.
    pub node: Signer,
    /// Sign epochs.
    pub validators: Vec<Signer>,
    /// Own the adapters, by Datanet.
    pub developers: BTreeMap<String, Signer>,
    /// Own the Datanets, by Datanet.
    pub owners: BTreeMap<String, Signer>,
    /// Own the rows, by Datanet and contributor.
    pub contributors: BTreeMap<(String, String), Signer>,
    /// Receives the treasury's part.
    pub treasury: String,
    /// Receive unattributed parts, by Datanet.
    pub commons: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
}

impl Accounts {
    /// Makes the keys and gives everybody who sends transactions coins for fees.
    pub async fn create(chain: &Chain, examples: &Examples) -> Result<Self, NodeError> {
        let mut names = BTreeMap::new();
        let mut make = |name: String| -> Result<Signer, NodeError> {
            let key = Key::generate(&name)?;
            names.insert(key.address().to_owned(), name);
            Ok(chain.client.signer(key))
        };
        let founder = make("founder".into())?;
        let user = make("user".into())?;
        let node = make("node".into())?;
        let validators =
            (1..=VALIDATORS).map(|index| make(format!("validator-{index}"))).collect::<Result<Vec<_>, _>>()?;
        let treasury = make("treasury".into())?.address().to_owned();
        let mut developers = BTreeMap::new();
        let mut owners = BTreeMap::new();
        let mut commons = BTreeMap::new();
        let mut contributors = BTreeMap::new();
        for datanet in &examples.datanets {
            let name = &datanet.name;
            developers.insert(name.clone(), make(format!("{name} developer"))?);
            owners.insert(name.clone(), make(format!("{name} owner"))?);
            commons.insert(name.clone(), make(format!("{name} commons"))?.address().to_owned());
            for contribution in &datanet.rows.contributions {
                let who = &contribution.contributor;
                contributors.insert((name.clone(), who.clone()), make(format!("{name}/{who}"))?);
            }
        }
        let accounts =
            Self { founder, user, node, validators, developers, owners, contributors, treasury, commons, names };
        let recipients: Vec<&str> = accounts.senders().map(Signer::address).collect();
        chain.faucet.send_many(&recipients, &[coin(FEE_COINS, FEE_DENOM)]).await?;
        Ok(accounts)
    }

    /// Everybody who sends transactions.
    fn senders(&self) -> impl Iterator<Item = &Signer> {
        [&self.founder, &self.user, &self.node]
            .into_iter()
            .chain(&self.validators)
            .chain(self.developers.values())
            .chain(self.owners.values())
            .chain(self.contributors.values())
    }

    /// Gives OPEN to the user, and to the node and the validators for their bonds.
    pub async fn hand_out_open(&self, contracts: &Contracts) -> Result<(), NodeError> {
        let transfer =
            |to: &Signer| Cw20ExecuteMsg::Transfer { recipient: to.address().into(), amount: Uint128::new(OPEN) };
        let calls: Vec<_> = [&self.user, &self.node]
            .into_iter()
            .chain(&self.validators)
            .map(|to| (contracts.open_token.as_str(), transfer(to), vec![]))
            .collect();
        self.founder.execute_many(&calls).await?;
        Ok(())
    }

    /// What a person calls an address.
    pub fn name<'a>(&'a self, address: &'a str) -> &'a str {
        self.names.get(address).map_or(address, String::as_str)
    }
}
