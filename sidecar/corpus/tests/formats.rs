//! The same rows in every format, and files that lie about themselves.

use std::{fs, path::Path};

use openledger_corpus::{Contribution, CorpusError, Datanet, Format, Limits, Row, read_rows, read_text, write_rows};
use proptest::prelude::*;
use tempfile::tempdir;

fn row(prompt: &str, completion: &str) -> Row {
    Row::new(prompt, completion).expect("a row")
}

fn refused(folder: &Path, name: &str, content: &[u8], limits: &Limits) -> CorpusError {
    let file = folder.join(name);
    fs::write(&file, content).expect("write");
    read_rows(&file, limits).expect_err("must be refused")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_format_keeps_rows_and_roots(texts in prop::collection::hash_set(("\\PC*[a-z]\\s?\\PC*", "[\"',\r\n ]*[a-z]\\PC*"), 1..20)) {
        let rows: Vec<Row> = texts.iter().map(|(prompt, completion)| row(prompt, completion)).collect();
        let folder = tempdir().expect("folder");
        let expected = Contribution::from_rows("alice", rows.clone(), &Limits::default()).expect("rows");
        for format in Format::ALL {
            let file = folder.path().join(format!("alice.{}", format.extension()));
            write_rows(&file, &rows).expect("write");
            prop_assert_eq!(&Contribution::read(&file, &Limits::default()).expect("read"), &expected);
        }
    }

    #[test]
    fn a_broken_parquet_file_is_refused_or_read(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let folder = tempdir().expect("folder");
        let file = folder.path().join("alice.parquet");
        write_rows(&file, &[row("one", "two"), row("three", "four four four four four four")]).expect("write");
        let mut bytes = fs::read(&file).expect("read");
        for (index, value) in flips {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        fs::write(&file, bytes).expect("write");
        let _ = read_rows(&file, &Limits::default());
    }
}

#[test]
fn a_datanet_may_mix_formats() {
    let rows = [[row("a", "b"), row("c", "d")], [row("e", "f"), row("g", "h")]];
    let root = |names: [&str; 2]| {
        let folder = tempdir().expect("folder");
        for (name, rows) in names.iter().zip(&rows) {
            write_rows(&folder.path().join(name), rows).expect("write");
        }
        write_rows(&folder.path().join("heldout.parquet"), &[row("held", "out")]).expect("write");
        Datanet::load(folder.path()).expect("a Datanet").content_root()
    };
    assert_eq!(root(["a.jsonl", "a-b.jsonl"]), root(["a.csv", "a-b.parquet"]));
}

#[test]
fn two_files_of_one_contributor_are_refused() {
    let folder = tempdir().expect("folder");
    write_rows(&folder.path().join("alice.csv"), &[row("a", "b")]).expect("write");
    write_rows(&folder.path().join("alice.parquet"), &[row("c", "d")]).expect("write");
    assert!(matches!(Datanet::load(folder.path()), Err(CorpusError::TwoFiles { .. })));
}

#[test]
fn csv_is_checked() {
    let (folder, limits) = (tempdir().expect("folder"), Limits::default());
    let csv = |content: &str, limits: &Limits| refused(folder.path(), "a.csv", content.as_bytes(), limits);
    assert!(matches!(csv("completion,prompt\na,b\n", &limits), CorpusError::NotATableRow { line: 1, .. }));
    assert!(matches!(
        csv("prompt,completion\na,b\n\"x\ny\",z\nc\n", &limits),
        CorpusError::NotATableRow { line: 5, .. }
    ));
    assert!(matches!(csv("prompt,completion\na,b,c\n", &limits), CorpusError::NotATableRow { line: 2, .. }));
    assert!(matches!(csv("prompt,completion\na, \n", &limits), CorpusError::EmptyField { line: 2, .. }));
    assert!(matches!(csv("prompt,completion\n", &limits), CorpusError::NoRows { .. }));
    let small = Limits { rows: 1, line_bytes: 5, ..limits };
    assert!(matches!(csv("prompt,completion\na,b\nc,d\n", &small), CorpusError::TooManyRows { .. }));
    assert!(matches!(csv("prompt,completion\nabc,def\n", &small), CorpusError::LineTooLong { .. }));
    let latin = refused(folder.path(), "a.csv", b"prompt,completion\na,\xe9\n", &limits);
    assert!(matches!(latin, CorpusError::NotATableRow { line: 2, .. }), "{latin}");
    fs::write(folder.path().join("b.csv"), "\u{feff}prompt,completion\r\na,b\r\n").expect("write");
    assert_eq!(read_rows(&folder.path().join("b.csv"), &limits).expect("rows"), [row("a", "b")]);
}

#[test]
fn parquet_is_bounded_by_what_it_unpacks_to() {
    let folder = tempdir().expect("folder");
    let file = folder.path().join("a.parquet");
    let long = "a".repeat(60_000);
    let rows: Vec<Row> = (0..200).map(|number| row(&number.to_string(), &long)).collect();
    write_rows(&file, &rows).expect("write");
    let size = usize::try_from(fs::metadata(&file).expect("file").len()).expect("small");
    assert!(size < 100_000, "one text of a dictionary: {size} bytes");
    // The dictionary holds the text once; the rows hold it two hundred times.
    let limits = Limits { file_bytes: 1 << 20, ..Limits::default() };
    assert!(matches!(read_rows(&file, &limits), Err(CorpusError::FileTooLarge { .. })));
    assert!(matches!(
        read_rows(&file, &Limits { rows: 199, ..Limits::default() }),
        Err(CorpusError::TooManyRows { .. })
    ));
    let short = Limits { line_bytes: 1_000, ..Limits::default() };
    assert!(matches!(read_rows(&file, &short), Err(CorpusError::LineTooLong { line: 1, .. })));
    assert_eq!(read_rows(&file, &Limits::default()).expect("rows"), rows);
}

#[test]
fn what_is_no_parquet_is_refused() {
    let (folder, limits) = (tempdir().expect("folder"), Limits::default());
    for content in [&b""[..], b"PAR1", b"PAR1\xff\xff\xff\xffPAR1", b"{\"prompt\": \"a\", \"completion\": \"b\"}"] {
        assert!(matches!(refused(folder.path(), "a.parquet", content, &limits), CorpusError::BadParquet { .. }));
    }
    assert!(matches!(refused(folder.path(), "a.txt", b"words", &limits), CorpusError::UnknownFormat { .. }));
}

#[test]
fn text_is_divided_where_the_caller_says() {
    let folder = tempdir().expect("folder");
    let file = folder.path().join("a.txt");
    fs::write(&file, "  one two  three four\r\n\n five six seven\n").expect("write");
    let rows = read_text(&file, 2, &Limits::default()).expect("rows");
    assert_eq!(rows, [row("one two", "three four"), row("five six", "seven")]);
    assert!(matches!(read_text(&file, 3, &Limits::default()), Err(CorpusError::EmptyField { line: 3, .. })));
    assert!(matches!(read_text(&file, 0, &Limits::default()), Err(CorpusError::EmptyField { line: 1, .. })));
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempdir().expect("folder");
    let file = folder.path().join("a.csv");
    write_rows(&file, &[row("a", "b")]).expect("write");
    assert!(matches!(write_rows(&file, &[row("c", "d")]), Err(CorpusError::CannotWrite { .. })));
    assert_eq!(read_rows(&file, &Limits::default()).expect("rows"), [row("a", "b")]);
}
