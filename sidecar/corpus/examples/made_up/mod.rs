//! Rows drawn from a vocabulary of 5,000 made-up words; every tenth is a copy of the row before it with one word replaced.

use openledger_corpus::Row;
use openledger_protocol::digest::tagged;

/// Words of a row.
const WORDS: u64 = 40;

/// Row `index`; one in ten copies the row before it but for one word.
pub fn row(index: u64) -> Result<Row, String> {
    let copy = index % 10 == 9;
    let source = if copy { index - 1 } else { index };
    let words: Vec<String> = (0..WORDS).map(|at| word(source, if copy && at == 20 { WORDS } else { at })).collect();
    let (prompt, completion) = words.split_at(8);
    Row::new(prompt.join(" "), completion.join(" ")).map_err(|field| format!("{field} is empty"))
}

/// Word `at` of a row: three to nine letters.
fn word(row: u64, at: u64) -> String {
    let [high, low, ..] = tagged("example-place", &[row.to_be_bytes(), at.to_be_bytes()].concat());
    let spelled = tagged("example-word", &(u16::from_be_bytes([high, low]) % 5_000).to_be_bytes());
    let length = 3 + usize::from(spelled[31] % 7);
    spelled.iter().take(length).map(|byte| char::from(b'a' + byte % 26)).collect()
}
