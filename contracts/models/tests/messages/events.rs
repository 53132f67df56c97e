//! An indexer that knows nothing but the events and the time of their blocks, and what it knows in the end.

use std::collections::BTreeMap;

use cosmwasm_std::Uint64;
use models::msg::{Adapter, AdapterVersion, Base, Bond, Bonded, ExecuteMsg, QueryMsg};

use crate::{
    adapter_income::earning,
    suite::{adapter as of_adapter, base as of_base, promote, publish_msg, terms, Suite, Terms},
};

type Fields = BTreeMap<String, String>;

/// Records by kind and id, rebuilt from events.
#[derive(Default, Debug)]
pub struct Book {
    bases: BTreeMap<u64, Fields>,
    adapters: BTreeMap<u64, Fields>,
    versions: BTreeMap<(u64, u32), Fields>,
    bonds: BTreeMap<(bool, u64), Fields>,
}

fn fields<const N: usize>(pairs: [(&str, String); N]) -> Fields {
    pairs.into_iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key.to_owned(), value)).collect()
}

fn number<T: std::str::FromStr>(fields: &Fields, key: &str) -> T {
    fields.get(key).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{key} in {fields:?}"))
}

impl Book {
    /// Reads everything that happened on the chain so far.
    pub fn read(suite: &Suite) -> Self {
        let mut book = Self::default();
        for (time, event) in &suite.log {
            let Some(name) = event.ty.strip_prefix("wasm-models/") else { continue };
            let all = event.attributes.iter().filter(|attribute| attribute.key != "_contract_address");
            book.apply(name, &all.map(|found| (found.key.clone(), found.value.clone())).collect(), *time);
        }
        book
    }

    fn apply(&mut self, name: &str, told: &Fields, time: u64) {
        let mut now = told.clone();
        match name {
            "base_registered" => {
                now.extend(fields([("registered_at", time.to_string()), ("shared", "false".into())]));
                self.bases.insert(number(told, "base_id"), now);
            }
            "base_listed" | "base_withdrawn" => self.bases.get_mut(&number(told, "base_id")).unwrap().extend(now),
            "bond_paid" => drop(self.bonds.insert(bonded(told), now)),
            "bond_released" => self.bonds.get_mut(&bonded(told)).unwrap().extend(now),
            "bond_unlocked" => drop(self.bonds.remove(&bonded(told))),
            "adapter_registered" => {
                let developer = told["developer"].clone();
                let more = [("retired", "false"), ("earned", "0"), ("serving", "1")].map(|(k, v)| (k, v.to_owned()));
                now.extend(fields(more));
                now.extend(fields([("registered_at", time.to_string()), ("account", developer)]));
                self.adapters.insert(number(told, "adapter_id"), now);
            }
            "adapter_version_published" => {
                let (id, version) = (number(told, "adapter_id"), number(told, "version"));
                self.adapters.get_mut(&id).unwrap().insert("latest".into(), told["version"].clone());
                now.extend(fields([("published_at", time.to_string())]));
                self.versions.insert((id, version), now);
            }
            _ => self.change(name, told, time),
        }
    }

    fn change(&mut self, name: &str, told: &Fields, time: u64) {
        let Some(id) = told.get("adapter_id").and_then(|id| id.parse().ok()) else { return };
        let adapter = self.adapters.get_mut(&id).unwrap();
        let mut set = |key: &str, value: Option<&String>| match value {
            Some(value) => drop(adapter.insert(key.into(), value.clone())),
            None => drop(adapter.remove(key)),
        };
        match name {
            "adapter_promoted" => {
                set("serving", told.get("version"));
                set("previous", told.get("previous"));
            }
            "developer_proposed" => {
                set("proposed", told.get("account"));
                set("proposed_until", told.get("expires_at"));
            }
            "developer_changed" => {
                set("developer", told.get("to"));
                set("proposed", None);
                set("proposed_until", None);
            }
            "payout_set" => {
                if adapter.get("next_from").is_some_and(|from| time >= from.parse().unwrap()) {
                    let counted = adapter["next"].clone();
                    adapter.insert("account".into(), counted);
                }
                adapter.extend(fields([("next", told["account"].clone()), ("next_from", told["from"].clone())]));
            }
            "adapter_suspended" => {
                set("suspended_from", told.get("from"));
                set("suspended_until", told.get("until"));
            }
            "adapter_resumed" => set("suspended_until", told.get("at")),
            "adapter_retired" => set("retired", Some(&"true".to_owned())),
            "income_paid" if told["usage"] == "true" => {
                let earned = number::<u128>(adapter, "earned") + number::<u128>(told, "amount");
                adapter.insert("earned".into(), earned.to_string());
                let rebate: u128 = number(told, "rebate");
                if let Some(bond) = self.bonds.get_mut(&(false, id)) {
                    let left = number::<u128>(bond, "amount") - rebate;
                    bond.insert("amount".into(), left.to_string());
                    if left == 0 {
                        self.bonds.remove(&(false, id));
                    }
                }
            }
            "income_paid" => {}
            other => panic!("an event that this indexer does not know: {other}"),
        }
    }

    /// Compares with what the contract says.
    pub fn check(&self, suite: &Suite) {
        for (id, told) in &self.bases {
            let base: Base = suite.query(&QueryMsg::Base { id: Uint64::new(*id) }).unwrap();
            assert_eq!(*told, of_base_record(&base));
            self.check_bond(suite, (true, *id), of_base(*id));
        }
        for (id, told) in &self.adapters {
            let found = suite.adapter(*id);
            assert_eq!(*told, of_adapter_record(&found.adapter));
            for version in 1..=found.adapter.latest_version {
                assert_eq!(self.versions[&(*id, version)], of_version(&suite.version(*id, version)));
            }
            self.check_bond(suite, (false, *id), of_adapter(*id));
        }
    }

    fn check_bond(&self, suite: &Suite, key: (bool, u64), bonded: Bonded) {
        let bond = suite.bond(bonded);
        match self.bonds.get(&key) {
            None => assert_eq!(bond, Bond::default()),
            Some(told) => {
                let pairs = [
                    ("amount", bond.amount.to_string()),
                    ("rebate_bps", bond.rebate.to_string()),
                    ("unlocks_at", text(bond.unlocks_at)),
                ];
                let mut told = told.clone();
                told.retain(|key, _| !["base_id", "adapter_id", "from"].contains(&key.as_str()));
                assert_eq!(told, fields(pairs));
            }
        }
    }
}

/// Whether it is a base model's, and the id.
fn bonded(told: &Fields) -> (bool, u64) {
    match told.contains_key("base_id") {
        true => (true, number(told, "base_id")),
        false => (false, number(told, "adapter_id")),
    }
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn of_base_record(base: &Base) -> Fields {
    fields([
        ("base_id", base.id.to_string()),
        ("registrant", base.registrant.to_string()),
        ("name", base.name.to_string()),
        ("digest", base.digest.to_string()),
        ("tokenizer_digest", base.tokenizer_digest.to_string()),
        ("architecture", base.architecture.to_string()),
        ("licence", base.licence.to_string()),
        ("registered_at", base.registered_at.to_string()),
        ("shared", base.shared.to_string()),
        ("leaves_at", text(base.leaves_at)),
    ])
}

fn of_adapter_record(adapter: &Adapter) -> Fields {
    let (proposed, next) = (adapter.proposed.as_ref(), adapter.payout.next.as_ref());
    fields([
        ("adapter_id", adapter.id.to_string()),
        ("developer", adapter.developer.to_string()),
        ("proposed", text(proposed.map(|offer| &offer.account))),
        ("proposed_until", text(proposed.map(|offer| offer.expires_at))),
        ("account", adapter.payout.account.to_string()),
        ("next", text(next.map(|next| &next.account))),
        ("next_from", text(next.map(|next| next.from))),
        ("base_id", adapter.base_id.to_string()),
        ("name", adapter.name.to_string()),
        ("licence", adapter.licence.to_string()),
        ("datanet_id", adapter.datanet_id.to_string()),
        ("latest", adapter.latest_version.to_string()),
        ("serving", adapter.serving_version.to_string()),
        ("previous", text(adapter.previous_version)),
        ("retired", adapter.retired.to_string()),
        ("suspended_from", text(adapter.suspension.map(|suspension| suspension.from))),
        ("suspended_until", text(adapter.suspension.map(|suspension| suspension.until))),
        ("earned", adapter.earned.to_string()),
        ("registered_at", adapter.registered_at.to_string()),
    ])
}

fn of_version(version: &AdapterVersion) -> Fields {
    fields([
        ("adapter_id", version.adapter_id.to_string()),
        ("version", version.version.to_string()),
        ("datanet_version", version.datanet_version.to_string()),
        ("weights_digest", version.weights_digest.to_string()),
        ("family_digest", version.family_digest.to_string()),
        ("manifest_digest", text(version.manifest_digest)),
        ("transcript_root", text(version.transcript_root)),
        ("index_root", text(version.index.map(|index| index.root))),
        ("index_rows", text(version.index.map(|index| index.rows))),
        ("index_dimensions", text(version.index.map(|index| index.dimensions))),
        ("prompt_price", version.prompt_price.to_string()),
        ("response_price", version.response_price.to_string()),
        ("contributors_bps", version.split.contributors.to_string()),
        ("developer_bps", version.split.developer.to_string()),
        ("node_bps", version.split.node.to_string()),
        ("stakers_bps", version.split.stakers.to_string()),
        ("treasury_bps", version.split.treasury.to_string()),
        ("published_at", version.published_at.to_string()),
    ])
}

/// One whole life. The property test of `model.rs` asks the same after any sequence of messages.
#[test]
fn the_state_is_what_the_events_told() {
    let mut suite = earning();
    let id = Uint64::one();
    let account = suite.account("erin").into_string();
    let next = Terms { prompt_price: 11, index: Some(crate::suite::index()), ..terms() };
    let steps = [
        ("dave", publish_msg(1, next)),
        ("dave", ExecuteMsg::Rollback { adapter_id: id }),
        ("dave", promote(1, 2)),
        ("dave", ExecuteMsg::SetPayout { adapter_id: id, account: account.clone() }),
        ("admin", ExecuteMsg::Suspend { adapter_id: id, until: Uint64::new(suite.now() + 50) }),
        ("admin", ExecuteMsg::Resume { adapter_id: id }),
        ("dave", ExecuteMsg::ProposeDeveloper { adapter_id: id, account, expires_at: Uint64::new(suite.now() + 500) }),
        ("erin", ExecuteMsg::AcceptAdapter { adapter_id: id }),
        ("carol", ExecuteMsg::WithdrawBase { base_id: id }),
        ("admin", ExecuteMsg::DelistBase { base_id: id }),
        ("erin", ExecuteMsg::Retire { adapter_id: id }),
    ];
    for (who, msg) in steps {
        suite.wait(7);
        suite.exec(who, msg).unwrap();
        suite.income("settlement", 1, 1_000).unwrap();
        Book::read(&suite).check(&suite);
    }
    suite.wait(1_200);
    suite.exec("erin", ExecuteMsg::UnlockBond { bonded: of_adapter(1) }).unwrap();
    suite.exec("erin", ExecuteMsg::UnlockBond { bonded: of_base(1) }).unwrap();
    Book::read(&suite).check(&suite);
    assert_eq!(suite.bonded(), 0);
}
