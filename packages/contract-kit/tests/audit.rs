//! Keeps `docs/audit.md` true: every line of the checklist has a row, every row names each contract, and what it names exists.

#![allow(clippy::unwrap_used)]

mod repository;

use std::collections::{BTreeMap, BTreeSet};

use repository::{path, read, sources, sources_of, CONTRACTS};

/// Every line of the checklist, in its order.
const IDS: [&str; 29] = [
    "access-caller-table",
    "access-receive-token",
    "access-self-call",
    "access-roles",
    "input-addresses",
    "input-bounds",
    "input-units",
    "funds-coins-refused",
    "funds-unexpected-balance",
    "funds-strange-tokens",
    "math-checked",
    "math-rounding",
    "loops-bounded",
    "loops-queues",
    "storage-prefixes",
    "storage-keys",
    "messages-replies",
    "messages-atomic",
    "time-order",
    "time-expiry",
    "signatures-domain",
    "signatures-keys",
    "escrow-solvent",
    "escrow-disputes",
    "governance-votes",
    "migrate-checked",
    "query-bounded",
    "events-rebuild",
    "advisories-std",
];

/// What a row says of one contract, or of the kit.
#[derive(Debug, PartialEq)]
enum Shown {
    /// Tests, as `file::function`.
    By(Vec<String>),
    /// Why the question does not arise.
    Not(String),
}

struct Row {
    id: String,
    cells: Vec<(String, Shown)>,
}

fn rows() -> Vec<Row> {
    parse(&read(&path("docs/audit.md")))
}

fn parse(document: &str) -> Vec<Row> {
    let table = document.lines().filter(|line| line.starts_with("| `"));
    table
        .map(|line| {
            let parts: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [id, asks, shown] = parts[..] else { panic!("three columns: {line}") };
            assert!(asks.ends_with('?'), "a row asks a question: {line}");
            Row { id: id.trim_matches('`').to_owned(), cells: shown.split("<br>").flat_map(cells).collect() }
        })
        .collect()
}

/// `**one, two** – reason`, or `**one** tests in backticks`.
fn cells(text: &str) -> Vec<(String, Shown)> {
    let (names, rest) = text
        .strip_prefix("**")
        .and_then(|text| text.split_once("** "))
        .unwrap_or_else(|| panic!("names first: {text}"));
    names
        .split(", ")
        .map(|name| {
            let shown = match rest.strip_prefix("– ") {
                Some(reason) => Shown::Not(reason.to_owned()),
                None => Shown::By(rest.split('`').skip(1).step_by(2).map(str::to_owned).collect()),
            };
            (name.to_owned(), shown)
        })
        .collect()
}

/// Tests of a contract or of the kit, as `file::function`, and the sources they are in.
fn tests_of(name: &str) -> BTreeSet<String> {
    let folder = if name == "kit" { path("packages/contract-kit") } else { path("contracts").join(name) };
    let mut found = BTreeSet::new();
    for (file, text) in ["src", "tests"].iter().flat_map(|part| sources(&folder.join(part))) {
        let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            if line == "#[test]" {
                is_test = true;
            } else if let Some(rest) = line.strip_prefix("fn ").filter(|_| is_test) {
                let function = rest.split('(').next().unwrap_or_default();
                found.insert(format!("{stem}::{function}"));
                is_test = false;
            }
        }
    }
    found
}

#[test]
fn every_line_of_the_checklist_has_one_row() {
    let found: Vec<String> = rows().into_iter().map(|row| row.id).collect();
    assert_eq!(found, IDS);
}

#[test]
fn every_row_says_something_of_every_contract() {
    for Row { id, cells } in rows() {
        let mut named: Vec<&str> = cells.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "kit").collect();
        named.sort_unstable();
        let mut expected = CONTRACTS;
        expected.sort_unstable();
        assert_eq!(named, expected, "{id}: each contract once");
        for (name, shown) in &cells {
            match shown {
                Shown::By(tests) => assert!(!tests.is_empty(), "{id}: {name} has neither test nor reason"),
                Shown::Not(reason) => assert!(reason.split(' ').count() >= 3, "{id}: {name} says not why"),
            }
        }
        assert!(cells.iter().any(|(_, shown)| matches!(shown, Shown::By(_))), "{id}: no test at all");
    }
}

#[test]
fn every_named_test_exists() {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut missing = Vec::new();
    for Row { id, cells } in rows() {
        for (name, shown) in cells {
            let Shown::By(tests) = shown else { continue };
            let exists = known.entry(name.clone()).or_insert_with(|| tests_of(&name));
            missing.extend(
                tests.iter().filter(|test| !exists.contains(*test)).map(|test| format!("{id}: {name}: {test}")),
            );
        }
    }
    assert!(missing.is_empty(), "docs/audit.md names tests that do not exist:\n{}", missing.join("\n"));
}

/// Tests in `audit.rs` are for a row: they begin with its id, and the row names them.
#[test]
fn tests_written_for_a_row_are_named_in_it() {
    let rows = rows();
    for contract in CONTRACTS {
        for test in tests_of(contract).iter().filter(|test| test.starts_with("audit::")) {
            let row = rows.iter().find(|row| {
                let prefix = format!("audit::{}_", row.id.replace('-', "_"));
                let names = |shown: &Shown| matches!(shown, Shown::By(tests) if tests.contains(test));
                test.starts_with(&prefix) && row.cells.iter().any(|(name, shown)| name == contract && names(shown))
            });
            assert!(row.is_some(), "{contract}: no row of its id names {test}");
        }
    }
}

/// A reason is worth something only while it is true.
#[test]
fn reasons_that_a_machine_can_check_are_true() {
    let traces: [(&str, &[&str]); 5] = [
        ("access-receive-token", &["ExecuteMsg::Receive("]),
        ("access-self-call", &["Permission::Role(Role::Execution)"]),
        ("messages-replies", &["pub fn reply(", "SubMsg::reply_"]),
        ("signatures-domain", &["_verify(", "bls12_381_", "quorum::"]),
        ("signatures-keys", &["_verify(", "bls12_381_", "quorum::"]),
    ];
    let rows = rows();
    for (id, traces) in traces {
        let row = rows.iter().find(|row| row.id == id).unwrap();
        for (contract, shown) in row.cells.iter().filter(|(name, _)| name != "kit") {
            let sources = sources_of(contract);
            let trace = traces.iter().find(|trace| sources.iter().any(|(_, text)| text.contains(*trace)));
            let says_not = matches!(shown, Shown::Not(_));
            assert_eq!(trace.is_none(), says_not, "{id}: {contract} has {trace:?}, the row says {shown:?}");
        }
    }
}

#[test]
fn rows_are_read_as_they_are_written() {
    let row = "| `an-id` | Is it so? | **shares, vesting** – nobody ever asks it<br>**kit** `page::limits`, `a::b` |";
    let parsed = parse(row);
    let reason = || Shown::Not("nobody ever asks it".to_owned());
    let tests = Shown::By(vec!["page::limits".to_owned(), "a::b".to_owned()]);
    let expected = vec![("shares".to_owned(), reason()), ("vesting".to_owned(), reason()), ("kit".to_owned(), tests)];
    assert_eq!((parsed.len(), parsed[0].id.as_str()), (1, "an-id"));
    assert_eq!(parsed[0].cells, expected);
    assert!(tests_of("kit").contains("page::limits") && !tests_of("kit").contains("audit::parse"));
}
