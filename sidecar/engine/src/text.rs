//! From token ids to text, piece by piece, and stop strings.

use std::sync::Arc;

use tokenizers::Tokenizer;

use crate::EngineError;

/// Turns tokens into text as they come. Pieces are whole characters, and their concatenation is
/// the text up to the first stop string.
pub(crate) struct TextStream {
    tokenizer: Arc<Tokenizer>,
    stops: Vec<String>,
    ids: Vec<u32>,
    /// Decoding starts here: enough context for tokenizers that glue words by their neighbours.
    window: usize,
    /// Tokens before this index are already text.
    done: usize,
    /// Text that may yet turn out to be the beginning of a stop string.
    held: String,
    text: String,
    stopped: bool,
}

impl TextStream {
    pub fn new(tokenizer: Arc<Tokenizer>, stops: Vec<String>) -> Self {
        Self {
            tokenizer,
            stops,
            ids: Vec::new(),
            window: 0,
            done: 0,
            held: String::new(),
            text: String::new(),
            stopped: false,
        }
    }

    /// Adds a token and returns the text that is now certain.
    ///
    /// # Errors
    /// [`EngineError::Tokenization`] from the tokenizer's decoder.
    pub fn push(&mut self, id: u32) -> Result<String, EngineError> {
        self.ids.push(id);
        let new = self.decode_new(false)?;
        Ok(self.accept(&new, false))
    }

    /// Returns what was held back. Bytes that never became a character appear as U+FFFD.
    ///
    /// # Errors
    /// As [`TextStream::push`].
    pub fn finish(&mut self) -> Result<String, EngineError> {
        let new = self.decode_new(true)?;
        Ok(self.accept(&new, true))
    }

    /// True once a stop string appeared.
    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// All text given out so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn decode_new(&mut self, last: bool) -> Result<String, EngineError> {
        let known = decode(&self.tokenizer, &self.ids[self.window..self.done])?;
        let whole = decode(&self.tokenizer, &self.ids[self.window..])?;
        if whole.ends_with('\u{FFFD}') && !last {
            return Ok(String::new());
        }
        let same: usize = known.chars().zip(whole.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
        if whole.len() > same {
            self.window = self.done;
            self.done = self.ids.len();
        }
        Ok(whole[same..].to_owned())
    }

    fn accept(&mut self, new: &str, last: bool) -> String {
        if self.stopped {
            return String::new();
        }
        self.held.push_str(new);
        let found = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min();
        let out = if let Some(at) = found {
            self.stopped = true;
            let out = self.held[..at].to_owned();
            self.held.clear();
            out
        } else {
            let keep = if last { 0 } else { self.possible_stop() };
            let rest = self.held.split_off(self.held.len() - keep);
            std::mem::replace(&mut self.held, rest)
        };
        self.text.push_str(&out);
        out
    }

    /// Length of the longest end of the held text that begins a stop string.
    fn possible_stop(&self) -> usize {
        self.held
            .char_indices()
            .map(|(at, _)| &self.held[at..])
            .find(|end| self.stops.iter().any(|stop| stop.starts_with(end)))
            .map_or(0, str::len)
    }
}

/// Text of token ids, special tokens left out.
pub(crate) fn decode(tokenizer: &Tokenizer, ids: &[u32]) -> Result<String, EngineError> {
    tokenizer.decode(ids, true).map_err(|error| EngineError::Tokenization { reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn tokenizer() -> Arc<Tokenizer> {
        static LOADED: std::sync::OnceLock<Arc<Tokenizer>> = std::sync::OnceLock::new();
        let load = || {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/model/tokenizer.json");
            Arc::new(Tokenizer::from_bytes(std::fs::read(path).expect("read")).expect("parse"))
        };
        Arc::clone(LOADED.get_or_init(load))
    }

    fn stream(ids: &[u32], stops: &[&str]) -> (Vec<String>, TextStream) {
        let mut stream = TextStream::new(tokenizer(), stops.iter().map(|&stop| stop.to_owned()).collect());
        let mut pieces = Vec::new();
        for &id in ids {
            pieces.push(stream.push(id).unwrap());
            if stream.stopped() {
                break;
            }
        }
        pieces.push(stream.finish().unwrap());
        (pieces, stream)
    }

    fn ids(text: &str) -> Vec<u32> {
        tokenizer().encode(text, false).unwrap().get_ids().to_vec()
    }

    #[test]
    fn characters_of_several_bytes_arrive_whole() {
        let text = "příliš 🐎 žluťoučký, 馬!";
        let ids = ids(text);
        assert!(ids.len() > 20, "the tokenizer splits these into bytes");
        let (pieces, _) = stream(&ids, &[]);
        assert!(pieces.iter().all(|piece| !piece.contains('\u{FFFD}')), "{pieces:?}");
        assert_eq!(pieces.concat(), text);
    }

    #[test]
    fn an_unfinished_character_is_replaced_at_the_end() {
        let mut ids = ids("a🐎");
        ids.pop();
        let (pieces, _) = stream(&ids, &[]);
        assert_eq!(pieces.concat(), "a\u{FFFD}");
    }

    #[test]
    fn a_stop_string_across_tokens_is_never_shown() {
        let (pieces, stream) = stream(&ids("one two END three"), &["two EN", "never"]);
        assert!(stream.stopped());
        assert_eq!(pieces.concat(), "one ");
        assert_eq!(stream.text(), "one ");
    }

    #[test]
    fn text_that_only_resembles_a_stop_string_is_shown() {
        let (pieces, stream) = stream(&ids("one two EN"), &["two END"]);
        assert!(!stream.stopped());
        assert_eq!(pieces.concat(), "one two EN");
    }

    proptest! {
        #[test]
        fn pieces_add_up_to_the_whole_text(ids in prop::collection::vec(0u32..2048, 0..60)) {
            let (pieces, _) = stream(&ids, &[]);
            prop_assert_eq!(pieces.concat(), decode(&tokenizer(), &ids).unwrap());
        }
    }
}
