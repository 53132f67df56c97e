//! Rows that attackers send.

use std::error::Error;

use openledger_corpus::Row;

/// A copy that no digest finds: another case and a stop.
pub fn disguised(row: &Row, at: usize) -> Result<Row, Box<dyn Error>> {
    let prompt = if at.is_multiple_of(2) { row.prompt().to_uppercase() } else { row.prompt().to_lowercase() };
    let stops = ".".repeat(at.div_ceil(2));
    Row::new(prompt, format!("{}{stops}", row.completion())).map_err(|field| format!("{field}").into())
}

/// Words in an order that nobody expects, with the longest gradient for the least sense.
pub fn outlier(at: usize, own: &[Row]) -> Result<Row, Box<dyn Error>> {
    let letters: Vec<char> =
        own.iter().flat_map(|row| row.prompt().chars().rev()).filter(|c| !c.is_whitespace()).collect();
    let word = |from: usize| -> String { letters.iter().cycle().skip(from * 13).step_by(7).take(9).collect() };
    let completion: Vec<String> = (0..8).map(|part| word(at * 8 + part)).collect();
    Row::new(format!("{}\n", word(at)), completion.join(" ")).map_err(|field| format!("{field}").into())
}

/// A question that people ask, with an answer that helps nobody.
pub fn stuffed(question: &str) -> Result<Row, Box<dyn Error>> {
    let words: Vec<&str> = question.split_whitespace().collect();
    Row::new(format!("{}\n", words.join(" ")), words.iter().rev().copied().collect::<Vec<_>>().join(" "))
        .map_err(|field| format!("{field}").into())
}

/// Copies of all rows that no digest finds.
pub fn disguised_all(rows: &[Row], at: usize) -> Result<Vec<Row>, Box<dyn Error>> {
    rows.iter().map(|row| disguised(row, at)).collect()
}

/// A copy that lacks every so many-th word of prompt and completion; the first word of each stays.
pub fn shortened(row: &Row, every: usize) -> Result<Row, Box<dyn Error>> {
    let less = |text: &str| -> String {
        let words = text.split_inclusive(char::is_whitespace).enumerate();
        words.filter(|(at, _)| at % every != every - 1).map(|(_, word)| word).collect()
    };
    Row::new(less(row.prompt()), less(row.completion())).map_err(|field| format!("{field}").into())
}
