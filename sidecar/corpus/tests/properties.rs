//! What holds for all rows.
#![allow(clippy::unwrap_used, reason = "a test that panics says what broke, which is all it needs to do")]

use std::collections::BTreeSet;

use openledger_corpus::{Contribution, Datanet, Limits, Row, content_root, read_rows};
use openledger_protocol::merkle;
use proptest::prelude::*;

fn texts() -> impl Strategy<Value = BTreeSet<(String, String)>> {
    prop::collection::btree_set(("\\PC{0,12}[a-z]", "[a-z]\\PC{0,12}"), 1..24)
}

fn rows(texts: &BTreeSet<(String, String)>) -> Vec<Row> {
    texts.iter().map(|(prompt, completion)| Row::new(prompt.as_str(), completion.as_str()).unwrap()).collect()
}

fn lines(rows: &[Row]) -> String {
    let line =
        |row: &Row| serde_json::json!({ "prompt": row.prompt(), "completion": row.completion() }).to_string() + "\n";
    rows.iter().map(line).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(texts in texts()) {
        let rows = rows(&texts);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ann.jsonl");
        std::fs::write(&file, lines(&rows)).unwrap();
        prop_assert_eq!(&read_rows(&file, &Limits::default()).unwrap(), &rows);
        let read = Contribution::read(&file, &Limits::default()).unwrap();
        prop_assert_eq!(read, Contribution::from_rows("ann", rows, &Limits::default()).unwrap());
    }

    #[test]
    fn every_row_is_proved_under_the_rows_root(texts in texts(), pick: prop::sample::Index) {
        let part = Contribution::from_rows("ann", rows(&texts), &Limits::default()).unwrap();
        let digests: Vec<_> = part.rows.iter().map(Row::digest).collect();
        let index = pick.index(digests.len());
        let (place, size) = (index as u64, digests.len() as u64);
        let proof = merkle::proof(&digests, place).unwrap();
        prop_assert_eq!(merkle::verify(&part.rows_root, &digests[index], place, size, &proof), Ok(()));
    }

    #[test]
    fn another_row_or_order_has_other_roots(texts in texts(), name in "[a-z0-9_-]{1,64}") {
        let rows = rows(&texts);
        let part = Contribution::from_rows(&name, rows.clone(), &Limits::default()).unwrap();
        let mut more = rows.clone();
        more.push(Row::new("a row that is not among them", "x").unwrap());
        let more = Contribution::from_rows(&name, more, &Limits::default()).unwrap();
        prop_assert_ne!(part.rows_root, more.rows_root);
        prop_assert_ne!(part.manifest_digest, more.manifest_digest);
        if rows.len() > 1 {
            let mut turned = rows;
            turned.rotate_left(1);
            let turned = Contribution::from_rows(&name, turned, &Limits::default()).unwrap();
            prop_assert_ne!(part.rows_root, turned.rows_root);
        }
    }

    #[test]
    fn text_cannot_move_between_the_fields(prompt in "[a-z]{2,20}", completion in "[a-z]{1,20}", cut in 1usize..20) {
        let cut = cut.min(prompt.len() - 1);
        let (left, right) = prompt.split_at(cut);
        let moved = Row::new(left, format!("{right}{completion}")).unwrap();
        prop_assert_ne!(moved.digest(), Row::new(prompt.as_str(), completion).unwrap().digest());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ann.jsonl");
        std::fs::write(&file, &bytes).unwrap();
        let _ = Contribution::read(&file, &Limits::default());
        let _ = Datanet::load(folder.path());
    }

    #[test]
    fn a_folder_is_read_in_the_order_of_its_names(names in prop::collection::btree_set("[a-z0-9_-]{1,8}", 1..8)) {
        prop_assume!(!names.contains("heldout"));
        let folder = tempfile::tempdir().unwrap();
        for name in names.iter().rev() {
            let row = Row::new(name.as_str(), "x").unwrap();
            std::fs::write(folder.path().join(format!("{name}.jsonl")), lines(&[row])).unwrap();
        }
        let datanet = Datanet::load(folder.path()).unwrap();
        let mut expected: Vec<String> = names.iter().map(|name| format!("{name}.jsonl")).collect();
        expected.sort();
        let found: Vec<String> =
            datanet.contributions.iter().map(|part| format!("{}.jsonl", part.contributor)).collect();
        prop_assert_eq!(found, expected);
        let roots: Vec<_> = datanet.contributions.iter().map(|part| part.rows_root).collect();
        prop_assert_eq!(datanet.content_root(), merkle::root(&roots));
        prop_assert_eq!(datanet.content_root(), content_root(roots));
    }
}
