//! Evidence against plain searches.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use openledger_corpus::{
    Contribution, Datanet, Limits, Row,
    evidence::{Evidence, MAX_QUERY_BYTES, Place, RowId},
};
use proptest::prelude::*;
use tempfile::TempDir;

fn datanet(contributions: &[(&str, Vec<(String, String)>)]) -> Datanet {
    let folder = TempDir::new().unwrap();
    for (name, rows) in contributions {
        let line = |(prompt, completion): &(String, String)| {
            serde_json::json!({ "prompt": prompt, "completion": completion }).to_string() + "\n"
        };
        std::fs::write(folder.path().join(format!("{name}.jsonl")), rows.iter().map(line).collect::<String>()).unwrap();
    }
    Datanet::load(folder.path()).unwrap()
}

fn rows(texts: &[(&str, &str)]) -> Vec<(String, String)> {
    texts.iter().map(|(prompt, completion)| ((*prompt).to_owned(), (*completion).to_owned())).collect()
}

#[test]
fn spans_are_the_longest_and_say_where_they_stand() {
    let datanet = datanet(&[
        ("ada", rows(&[("What is a termite?", "a whitish soft-bodied ant-like social insect that feeds on wood")])),
        ("bob", rows(&[("Which insects feed on wood?", "Termites: social insect that feeds on wood, and paper.")])),
    ]);
    let evidence = Evidence::of(&datanet).unwrap();
    let answer = "It is a social insect that feeds on wood, and papers cover rock";
    let spans = evidence.spans(answer, 3, 5).unwrap();
    assert_eq!(spans.len(), 1);
    // `papers` is another word than `paper`.
    assert_eq!(&answer[spans[0].bytes.clone()], "social insect that feeds on wood, and");
    assert_eq!((spans[0].words, spans[0].count), (7, 1));
    let place = Place { row: RowId { cluster: 1, row: 0 }, in_completion: true, offset: 10 };
    assert_eq!(spans[0].places, [place]);
    let both = evidence.spans("social insect that feeds on wood", 3, 5).unwrap();
    assert_eq!(both[0].count, 2);
    assert_eq!(evidence.spans("social insect that feeds on wood", 3, 1).unwrap()[0].places.len(), 1);
    // Nothing matches from one text into the next.
    assert!(evidence.spans("termite? a whitish", 3, 5).unwrap().is_empty());
    assert!(evidence.spans("", 1, 5).unwrap().is_empty());
    assert!(evidence.spans("a\0whitish", 2, 5).unwrap().is_empty());
    let long = "x".repeat(MAX_QUERY_BYTES + 1);
    assert!(evidence.spans(&long, 3, 5).is_err() && evidence.similar(&long, 5).is_err());
}

#[test]
fn similar_rows_are_found_whatever_their_order_of_words() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/datanets/wordnet");
    let datanet = Datanet::load(&examples).unwrap();
    let evidence = Evidence::of(&datanet).unwrap();
    let found = evidence.similar("an ant-like insect, social, whose food is wood: a termite?", 3).unwrap();
    let row = |id: RowId| &datanet.contributions[id.cluster].rows[id.row];
    assert!(row(found[0].row).prompt().contains("termite"), "{:?}", row(found[0].row));
    assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
    assert_eq!(evidence.similar("an ant-like insect, social, whose food is wood: a termite?", 3).unwrap(), found);
    assert!(evidence.similar("zzzzqqq", 3).unwrap().is_empty());
    // Every row finds itself.
    for (cluster, contribution) in datanet.contributions.iter().enumerate() {
        let text = contribution.rows[0].completion();
        let spans = evidence.spans(text, 1, usize::MAX).unwrap();
        let own = RowId { cluster, row: 0 };
        assert!(spans.iter().any(|span| span.places.iter().any(|place| place.row == own)), "{text}");
    }
}

/// All maximal runs of words of `text` that stand in a row, by looking everywhere.
fn slowly(texts: &[String], text: &str, least: usize) -> Vec<(usize, usize, usize)> {
    let words: Vec<(usize, usize)> = {
        let mut words: Vec<(usize, usize)> = Vec::new();
        for (at, letter) in text.char_indices().filter(|(_, letter)| letter.is_alphanumeric()) {
            match words.last_mut() {
                Some(word) if word.1 == at => word.1 = at + letter.len_utf8(),
                _ => words.push((at, at + letter.len_utf8())),
            }
        }
        words
    };
    let (mut found, mut covered) = (Vec::new(), 0);
    for first in 0..words.len() {
        let stands = |last: usize| texts.iter().any(|row| row.contains(&text[words[first].0..words[last].1]));
        let Some(last) = (first..words.len()).rev().find(|&last| stands(last)) else { continue };
        let (start, end, count) = (words[first].0, words[last].1, last - first + 1);
        if count >= least && end > covered {
            covered = end;
            let part = &text[start..end];
            let often = texts.iter().map(|row| {
                (0..row.len()).filter(|&at| row.is_char_boundary(at) && row[at..].starts_with(part)).count()
            });
            found.push((start, end, often.sum()));
        }
    }
    found
}

proptest! {
    #[test]
    fn spans_are_those_of_a_plain_search(
        rows in prop::collection::vec("[abé]{1,2}( [abé,]{1,2}){0,6}", 1..8),
        text in "[abé]{1,2}( [abé,]{1,2}){0,9}",
        least in 1..4_usize,
    ) {
        let mut seen = std::collections::HashSet::new();
        let own: Vec<Row> = rows.iter().filter(|row| seen.insert((*row).clone()))
            .map(|row| Row::new("q", row.clone()).unwrap()).collect();
        let texts: Vec<String> = own.iter().flat_map(|row| ["q".to_owned(), row.completion().to_owned()]).collect();
        let pairs = own.iter().map(|row| (row.prompt().to_owned(), row.completion().to_owned())).collect();
        let _ = Contribution::from_rows("x", own, &Limits::default()).unwrap();
        let evidence = Evidence::of(&datanet(&[("x", pairs)])).unwrap();
        let found: Vec<(usize, usize, usize)> = evidence.spans(&text, least, 3).unwrap().into_iter()
            .map(|span| (span.bytes.start, span.bytes.end, span.count)).collect();
        prop_assert_eq!(found, slowly(&texts, &text, least));
    }
}
