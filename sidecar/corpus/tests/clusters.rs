//! Near-duplicate clusters against brute force, under attack and in any order.

use std::{collections::HashSet, num::NonZeroUsize, path::Path};

use openledger_corpus::{
    CorpusError, Datanet, Row,
    clusters::{Clusters, Gradients, Settings},
};
use proptest::prelude::*;

const SENTENCE: &str = "the river carries cold water from the northern hills past the old mill and down to the harbour \
    where fishermen mend their nets every morning before the market opens";

fn row(prompt: &str, completion: &str) -> Row {
    Row::new(prompt, completion).expect("a row")
}

fn find(rows: &[Row], settings: &Settings) -> Clusters {
    Clusters::of(&rows.iter().collect::<Vec<_>>(), settings, None).expect("clusters")
}

/// An independent, quadratic count; the rows it sees are lower case words with single spaces.
fn jaccard(a: &Row, b: &Row) -> f64 {
    let shingles = |row: &Row| -> HashSet<String> {
        let text: Vec<char> = format!("{} {}", row.prompt(), row.completion()).chars().collect();
        text.windows(5).map(|part| part.iter().collect()).collect()
    };
    let (a, b) = (shingles(a), shingles(b));
    a.intersection(&b).count() as f64 / a.union(&b).count() as f64
}

fn brute_force(rows: &[Row], threshold: f64) -> Vec<u32> {
    let mut of_row: Vec<u32> = (0..).take(rows.len()).collect();
    for a in 0..rows.len() {
        for b in 0..a {
            if jaccard(&rows[a], &rows[b]) >= threshold {
                let (old, new) = (of_row[a].max(of_row[b]), of_row[a].min(of_row[b]));
                of_row.iter_mut().filter(|cluster| **cluster == old).for_each(|cluster| *cluster = new);
            }
        }
    }
    let mut seen = Vec::new();
    for cluster in &mut of_row {
        let number = seen.iter().position(|known| known == cluster).unwrap_or_else(|| {
            seen.push(*cluster);
            seen.len() - 1
        });
        *cluster = u32::try_from(number).expect("few rows");
    }
    of_row
}

/// Words of a small vocabulary with a few of them replaced: similarities of every size.
fn corpus() -> impl Strategy<Value = Vec<Row>> {
    let edit = (0_usize..4, prop::collection::vec((0_usize..28, 0_usize..8), 0..6));
    prop::collection::vec(edit, 1..24).prop_map(|edits| {
        let words: Vec<&str> = SENTENCE.split(' ').collect();
        let others = ["amber", "bread", "cloud", "dusty", "eagle", "frost", "glass", "honey"];
        let row_of = |(start, changes): (usize, Vec<(usize, usize)>)| {
            let mut words = words.clone();
            words.rotate_left(start * 7);
            for (at, other) in changes {
                if let Some(word) = words.get_mut(at) {
                    *word = others[other];
                }
            }
            row(&words[..6].join(" "), &words[6..].join(" "))
        };
        edits.into_iter().map(row_of).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn equals_brute_force(rows in corpus()) {
        prop_assert_eq!(find(&rows, &Settings::default()).of_row, brute_force(&rows, 0.8));
    }

    #[test]
    fn threads_change_nothing(rows in corpus()) {
        let one = find(&rows, &Settings::default());
        for threads in [2, 7] {
            let threads = NonZeroUsize::new(threads).expect("not zero");
            prop_assert_eq!(&find(&rows, &Settings { threads, ..Settings::default() }), &one);
        }
    }

    #[test]
    fn order_changes_only_the_order(rows in corpus(), turn in 0_usize..24) {
        let turn = turn % rows.len();
        let mut turned = rows.clone();
        turned.rotate_left(turn);
        let (found, again) = (find(&rows, &Settings::default()), find(&turned, &Settings::default()));
        for a in 0..rows.len() {
            for b in 0..rows.len() {
                let at = |index: usize| again.of_row[(index + rows.len() - turn) % rows.len()];
                prop_assert_eq!(found.of_row[a] == found.of_row[b], at(a) == at(b));
            }
        }
    }
}

#[test]
fn sixteen_copies_are_one_cluster_of_whoever_came_first() {
    let mut rows = vec![row("where does the river go", SENTENCE)];
    let spaced = SENTENCE.replace(' ', "  \u{a0}\t");
    let hidden: String = SENTENCE.chars().flat_map(|sign| [sign, '\u{200b}']).collect();
    let wide: String = SENTENCE.chars().map(|sign| if sign == 'a' { '\u{ff41}' } else { sign }).collect();
    for changed in [
        SENTENCE.to_uppercase(),
        spaced,
        hidden,
        wide,
        SENTENCE.replace(' ', ", "),
        format!("«{SENTENCE}»!!!"),
        SENTENCE.replace("river", "RIVER"),
        SENTENCE.replace("cold", "cool"),
        SENTENCE.replace("old mill", "ancient mill"),
        SENTENCE.replace("harbour", "port"),
        SENTENCE.replace("every morning", "each morning"),
        SENTENCE.replace("opens", "starts"),
        SENTENCE.replace("past", "by"),
        SENTENCE.replace("hills", "slopes"),
        SENTENCE.replace("mend", "repair"),
        SENTENCE.replace("market", "fair"),
    ] {
        rows.push(row("Where does the river go?", &changed));
    }
    rows.push(row("who wrote the play", "nobody remembers the name of the author any more, sad as it is"));
    let found = find(&rows, &Settings::default());
    assert_eq!(found.rows, [(0..17).collect::<Vec<u32>>(), vec![17]]);
}

#[test]
fn text_moved_between_the_fields_is_the_same_text() {
    let found = find(&[row("one two", "three four"), row("one", "two three four")], &Settings::default());
    assert_eq!(found.of_row, [0, 0]);
}

#[test]
fn signs_alone_are_not_all_the_same() {
    assert_eq!(find(&[row("?", "→"), row("!", "←"), row(" ?", "→ ")], &Settings::default()).of_row, [0, 1, 0]);
}

#[test]
fn no_rows_make_no_clusters() {
    assert!(find(&[], &Settings::default()).rows.is_empty());
}

#[test]
fn a_planted_copy_is_found_in_an_example() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/datanets/sotu");
    let datanet = Datanet::load(&folder).expect("an example");
    let mut rows: Vec<Row> = datanet.contributions.iter().flat_map(|part| part.rows.clone()).collect();
    let honest = find(&rows, &Settings::default());
    let source = rows.len() / 2;
    rows.push(row(&rows[source].prompt().to_uppercase(), &rows[source].completion().replace(' ', " - ")));
    let planted = find(&rows, &Settings::default());
    assert_eq!(planted.of_row.last(), planted.of_row.get(source));
    assert_eq!(planted.of_row[..rows.len() - 1], honest.of_row);
    assert_ne!(planted.root, honest.root);
}

#[test]
fn gradients_join_candidates_only() {
    let other = SENTENCE
        .replace("northern hills", "southern plains")
        .replace("fishermen mend", "sailors dry")
        .replace("every morning", "at noon");
    let rows = [row("where", SENTENCE), row("where", &other), row("who", "nobody remembers the author of this play")];
    let refs: Vec<&Row> = rows.iter().collect();
    assert!((0.4..0.8).contains(&jaccard(&rows[0], &rows[1])), "{}", jaccard(&rows[0], &rows[1]));
    let near = vec![vec![100, 2, -3], vec![99, 1, -3], vec![100, 2, -3]];
    let far = vec![vec![100, 2, -3], vec![-99, 1, -3], vec![100, 2, -3]];
    let of = |vectors: &[Vec<i8>]| {
        Clusters::of(&refs, &Settings::default(), Some(&Gradients { vectors, threshold: 95 })).expect("clusters").of_row
    };
    assert_eq!(of(&near), [0, 0, 1]);
    assert_eq!(of(&far), [0, 1, 2]);
}

#[test]
fn bounds_hold() {
    let rows = [row("where", SENTENCE), row("when", SENTENCE), row("why", SENTENCE)];
    let refs: Vec<&Row> = rows.iter().collect();
    let refused = |settings: Settings| Clusters::of(&refs, &settings, None).expect_err("out of bounds");
    let default = Settings::default();
    assert!(matches!(refused(Settings { threshold: 64, ..default }), CorpusError::BadThreshold { .. }));
    assert!(matches!(refused(Settings { threshold: 101, ..default }), CorpusError::BadThreshold { .. }));
    assert!(matches!(refused(Settings { pairs: 1, ..default }), CorpusError::TooManyPairs { .. }));
    assert!(matches!(refused(Settings { text_bytes: 9, ..default }), CorpusError::TooMuchText { .. }));
    let short = Gradients { vectors: &[vec![1]], threshold: 90 };
    assert!(matches!(Clusters::of(&refs, &default, Some(&short)), Err(CorpusError::BadGradients { .. })));
}
