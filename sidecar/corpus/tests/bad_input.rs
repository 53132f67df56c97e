//! Every refusal, with the place that it names.
#![allow(clippy::unwrap_used, reason = "a test that panics says what broke, which is all it needs to do")]

use std::{fs, path::Path};

use openledger_corpus::{CARD_FILE, Contribution, CorpusError, Datanet, Field, HELD_OUT_FILE, Limits, Row, read_rows};
use tempfile::TempDir;

const GOOD: &str = "{\"prompt\": \"a\", \"completion\": \"b\"}\n";

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

/// Reads one file with small limits and returns the refusal.
fn refusal(content: &[u8]) -> CorpusError {
    let folder = folder(&[("ann.jsonl", content)]);
    let limits = Limits { file_bytes: 400, line_bytes: 80, rows: 3, contributions: 2 };
    let error = Contribution::read(&folder.path().join("ann.jsonl"), &limits).unwrap_err();
    assert!(error.to_string().contains("ann.jsonl"), "{error} must name the file");
    assert!(error.to_string().contains(';') || error.to_string().contains(','), "{error} must say what to do");
    error
}

#[test]
fn a_good_file_is_read_with_and_without_a_last_line_feed() {
    for content in [GOOD, GOOD.trim_end(), &GOOD.replace('\n', "\r\n")] {
        let folder = folder(&[("ann.jsonl", content.as_bytes())]);
        let rows = read_rows(&folder.path().join("ann.jsonl"), &Limits::default()).unwrap();
        assert_eq!(rows, [Row::new("a", "b").unwrap()]);
    }
}

#[test]
fn lines_that_are_no_rows() {
    for (line, why) in [
        ("{", "cut off"),
        ("[\"a\", \"b\"]", "array"),
        ("\"a\"", "text"),
        ("{\"prompt\": \"a\"}", "field missing"),
        ("{\"prompt\": \"a\", \"completion\": 1}", "wrong type"),
        ("{\"prompt\": \"a\", \"completion\": null}", "null"),
        ("{\"prompt\": \"a\", \"completion\": \"b\", \"x\": 1}", "unknown field"),
        ("{\"prompt\": \"a\", \"prompt\": \"c\", \"completion\": \"b\"}", "field twice"),
        ("{\"prompt\": \"a\", \"completion\": \"b\"} {}", "two values"),
        ("{\"prompt\": \"\\ud800\", \"completion\": \"b\"}", "lone surrogate"),
        ("\u{feff}{\"prompt\": \"a\", \"completion\": \"b\"}", "byte order mark"),
    ] {
        let error = refusal(format!("{GOOD}{line}\n").as_bytes());
        assert!(matches!(error, CorpusError::NotARow { line: 2, .. }), "{why}: {error}");
    }
}

#[test]
fn blank_lines_and_empty_fields() {
    assert!(matches!(refusal(format!("{GOOD}\n{GOOD}").as_bytes()), CorpusError::BlankLine { line: 2, .. }));
    assert!(matches!(refusal(format!("{GOOD}\n").as_bytes()), CorpusError::BlankLine { line: 2, .. }));
    assert!(matches!(refusal(format!("{GOOD} \t\r\n").as_bytes()), CorpusError::BlankLine { line: 2, .. }));
    assert!(matches!(refusal(b"\n"), CorpusError::BlankLine { line: 1, .. }));
    let empty = refusal(b"{\"prompt\": \"\", \"completion\": \"b\"}");
    assert!(matches!(empty, CorpusError::EmptyField { line: 1, field: Field::Prompt, .. }));
    let blank = refusal(b"{\"prompt\": \"a\", \"completion\": \" \\n\\u00a0\"}");
    assert!(matches!(blank, CorpusError::EmptyField { line: 1, field: Field::Completion, .. }));
}

#[test]
fn bytes_that_are_no_text() {
    let mut content = GOOD.as_bytes().to_vec();
    content.extend_from_slice(b"{\"prompt\": \"\xff\", \"completion\": \"b\"}");
    assert!(matches!(refusal(&content), CorpusError::NotUtf8 { line: 2, byte: 12, .. }));
    assert!(matches!(refusal(&[0xff, 0xfe, 0, 0]), CorpusError::NotUtf8 { line: 1, byte: 0, .. }));
}

#[test]
fn sizes() {
    assert!(matches!(refusal(b""), CorpusError::NoRows { .. }));
    assert!(matches!(refusal(&[b'x'; 401]), CorpusError::FileTooLarge { limit: 400, .. }));
    assert!(matches!(refusal(&[b'x'; 81]), CorpusError::LineTooLong { line: 1, bytes: 81, limit: 80, .. }));
    let rows: String = (0..4).map(|row| format!("{{\"prompt\": \"{row}\", \"completion\": \"b\"}}\n")).collect();
    assert!(matches!(refusal(rows.as_bytes()), CorpusError::TooManyRows { limit: 3, .. }));
}

#[test]
fn the_same_row_twice() {
    let respelled = "{\"completion\":\"b\",\"prompt\":\"\\u0061\"}";
    let other = "{\"prompt\": \"a\", \"completion\": \"c\"}\n";
    let error = refusal(format!("{GOOD}{other}{respelled}").as_bytes());
    assert!(matches!(error, CorpusError::DuplicateRow { line: 3, first_line: 1, .. }), "{error}");

    let folder = folder(&[("ann.jsonl", GOOD.as_bytes()), ("bob.jsonl", format!("{other}{GOOD}").as_bytes())]);
    let error = Datanet::load(folder.path()).unwrap_err();
    let CorpusError::DuplicateRow { file, line: 2, first_file, first_line: 1 } = error else { panic!("{error}") };
    assert!(file.ends_with("bob.jsonl") && first_file.ends_with("ann.jsonl"));
}

#[test]
fn names_of_contributors() {
    for name in ["Ann.jsonl", ".jsonl", "a b.jsonl", "é.jsonl", &format!("{}.jsonl", "a".repeat(65)), "a.b.jsonl"] {
        let folder = folder(&[(name, GOOD.as_bytes())]);
        let file = folder.path().join(name);
        assert!(matches!(Contribution::read(&file, &Limits::default()), Err(CorpusError::BadName { .. })), "{name}");
    }
    let rows = vec![Row::new("a", "b").unwrap()];
    for name in ["", "../up", "A"] {
        let refused = Contribution::from_rows(name, rows.clone(), &Limits::default());
        assert!(matches!(refused, Err(CorpusError::BadName { .. })), "{name}");
    }
}

#[test]
fn folders() {
    assert!(matches!(Datanet::load(Path::new("/nowhere/at/all")), Err(CorpusError::Io { .. })));
    let nothing = folder(&[(HELD_OUT_FILE, GOOD.as_bytes()), ("README.md", b"rows")]);
    assert!(matches!(Datanet::load(nothing.path()), Err(CorpusError::NoContributions { .. })));
    let nested = tempfile::tempdir().unwrap();
    fs::create_dir(nested.path().join("ann.jsonl")).unwrap();
    assert!(matches!(Datanet::load(nested.path()), Err(CorpusError::NotAFile { .. })));
    let many = folder(&[("a.jsonl", b"x"), ("b.jsonl", b"x"), ("c.jsonl", b"x")]);
    let limits = Limits { contributions: 2, ..Limits::default() };
    let refused = Datanet::load_within(many.path(), &limits);
    assert!(matches!(refused, Err(CorpusError::TooManyContributions { limit: 2, .. })));
}

/// SHA-256 of [`GOOD`].
const GOOD_SHA256: &str = "000693b3a77e54a3159f9beedf4a3d906bd5c550b760a13fa624723e1857a5eb";

fn card(entries: &str) -> String {
    format!("{{\"name\": \"n\", \"title\": \"t\", \"licence\": \"for people\", \"contributors\": [{entries}]}}")
}

fn entry(id: &str, file: &str, rows: usize, sha256: &str) -> String {
    format!("{{\"id\":\"{id}\",\"name\":\"{id}\",\"file\":\"{file}\",\"rows\":{rows},\"sha256\":\"{sha256}\"}}")
}

#[test]
fn a_card_that_agrees() {
    let card = card(&entry("ann", "ann.jsonl", 1, GOOD_SHA256));
    let folder = folder(&[("ann.jsonl", GOOD.as_bytes()), (CARD_FILE, card.as_bytes())]);
    assert_eq!(Datanet::load(folder.path()).unwrap().card.unwrap().title, "t");
}

#[test]
fn a_card_that_disagrees() {
    let good = entry("ann", "ann.jsonl", 1, GOOD_SHA256);
    for (entries, why) in [
        (String::new(), "does not list"),
        (entry("ann", "../ann.jsonl", 1, GOOD_SHA256), "gives the file as"),
        (entry("ann", "ann.jsonl", 2, GOOD_SHA256), "2 rows in the card, 1 in the file"),
        (entry("ann", "ann.jsonl", 1, &"0".repeat(64)), "SHA-256"),
        (format!("{good},{}", entry("bob", "bob.jsonl", 1, GOOD_SHA256)), "does not hold"),
    ] {
        let folder = folder(&[("ann.jsonl", GOOD.as_bytes()), (CARD_FILE, card(&entries).as_bytes())]);
        let error = Datanet::load(folder.path()).unwrap_err();
        assert!(matches!(error, CorpusError::CardMismatch { .. }) && error.to_string().contains(why), "{why}: {error}");
    }
    let folder = folder(&[("ann.jsonl", GOOD.as_bytes()), (CARD_FILE, b"{}")]);
    let error = Datanet::load(folder.path()).unwrap_err();
    assert_eq!(error.code(), "CORPUS_BAD_CARD");
}

#[test]
fn messages_stay_short_whatever_the_input() {
    let field = "x".repeat(60_000);
    let content = format!("{{\"{field}\": 1}}");
    let folder = folder(&[("ann.jsonl", content.as_bytes())]);
    let error = Datanet::load(folder.path()).unwrap_err();
    assert!(matches!(error, CorpusError::NotARow { .. }));
    assert!(error.to_string().len() < 1_000, "{} bytes", error.to_string().len());
}
