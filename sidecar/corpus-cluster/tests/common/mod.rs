//! Rows with planted likeness, the same for every test.

use openledger_corpus::Row;

/// Words that rows are made of.
const WORDS: [&str; 24] = [
    "amber", "bread", "cloud", "dusty", "eagle", "frost", "glass", "honey", "island", "jolly", "kettle", "lemon",
    "marble", "needle", "orchid", "pepper", "quartz", "ribbon", "saddle", "timber", "umbrella", "velvet", "willow",
    "yonder",
];

/// So many rows. Of every eight, one repeats the row three before it in other spelling, one changes a word of the row
/// before it, and one changes a word of that again; every 97th says nothing but signs.
pub fn rows(count: u64) -> Vec<Row> {
    (0..count).map(row).collect()
}

fn row(index: u64) -> Row {
    if index % 97 == 96 {
        return Row::new("?", "!".repeat(1 + usize::try_from(index % 2).expect("small"))).expect("a row");
    }
    let mut words = words(index - index % 8);
    match index % 8 {
        0 => (),
        3 => return Row::new(words[..6].join("  ").to_uppercase(), words[6..].join(", ")).expect("a row"),
        4 => words[20] = "changed",
        5 => (words[20], words[12]) = ("changed", "again"),
        other => words = self::words(index * 8 + other),
    }
    Row::new(words[..6].join(" "), words[6..].join(" ")).expect("a row")
}

/// Thirty words, by a generator of Lehmer's.
fn words(seed: u64) -> Vec<&'static str> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        WORDS[usize::try_from(state >> 33).expect("31 bits") % WORDS.len()]
    };
    (0..30).map(|_| next()).collect()
}
