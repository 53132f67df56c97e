//! What two rows have in common when only spelling differs.

use unicode_normalization::UnicodeNormalization;

/// Prompt and completion without what is cheap to change: compatibility forms, case, punctuation, white space, and the
/// place where the prompt ends. Text without any letter or digit keeps its signs, or all such rows would be the same.
pub fn normalised(prompt: &str, completion: &str) -> String {
    let both = [prompt, completion].join(" ");
    let words = words(&both, char::is_alphanumeric);
    if words.is_empty() { self::words(&both, |sign| !sign.is_whitespace()) } else { words }
}

fn words(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    // Lower case first undoes what NFKC cannot; a second NFKC composes what lower case took apart.
    for sign in text.nfkc().flat_map(char::to_lowercase).nfkc() {
        if keep(sign) {
            if gap && !out.is_empty() {
                out.push(' ');
            }
            out.push(sign);
            gap = false;
        } else if !ignorable(sign) {
            gap = true;
        }
    }
    out
}

/// Signs that nobody sees; inside a word they must not divide it.
fn ignorable(sign: char) -> bool {
    matches!(sign, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}
