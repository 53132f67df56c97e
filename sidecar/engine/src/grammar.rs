//! Answers that have to fit a JSON schema or a regular expression: which tokens may come next (Willard and Louf 2023), by
//! llguidance.

use std::{cell::OnceCell, sync::Arc};

use llguidance::{
    JsonCompileOptions, Matcher, ParserFactory,
    api::TopLevelGrammar,
    toktrie::{ApproximateTokEnv, SimpleVob, TokEnv, TokRxInfo, TokTrie},
};
use tokenizers::Tokenizer;

use crate::{EngineError, model_folder::ModelInfo};

/// Longest grammar, in bytes.
const MAX_GRAMMAR_BYTES: usize = 16 * 1024;

/// What an answer has to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grammar {
    /// A JSON schema, as JSON.
    JsonSchema(String),
    /// A regular expression of the whole answer, in the syntax of the regex crate, without look-around and back-references.
    Regex(String),
}

/// Compiles grammars for one vocabulary. The vocabulary's trie is made for the first of them.
pub(crate) struct Grammars {
    tokenizer: Arc<Tokenizer>,
    info: Arc<ModelInfo>,
    factory: OnceCell<ParserFactory>,
}

impl Grammars {
    pub fn new(tokenizer: Arc<Tokenizer>, info: Arc<ModelInfo>) -> Self {
        Self { tokenizer, info, factory: OnceCell::new() }
    }

    /// The beginning of an answer that has to fit `grammar`.
    ///
    /// # Errors
    /// [`EngineError::RequestInvalid`] for a grammar that is too long, does not parse, asks for what is not supported, or costs too
    /// much; [`EngineError::Tokenization`] for a tokenizer whose tokens have no bytes of their own.
    pub fn start(&self, grammar: &Grammar) -> Result<Constraint, EngineError> {
        let (Grammar::JsonSchema(text) | Grammar::Regex(text)) = grammar;
        if text.len() > MAX_GRAMMAR_BYTES {
            return Err(invalid(&format!("it has {} bytes, more than {MAX_GRAMMAR_BYTES}", text.len())));
        }
        let grammar = match grammar {
            Grammar::JsonSchema(text) => TopLevelGrammar::from_json_schema(schema(text)?),
            Grammar::Regex(text) => TopLevelGrammar::from_regex(text),
        };
        let mut matcher = Matcher::new(self.factory()?.create_parser(grammar));
        // What does not compile is an error of the first mask.
        matcher.compute_mask().map_err(|error| invalid(&error.to_string()))?;
        Ok(Constraint(matcher))
    }

    fn factory(&self) -> Result<&ParserFactory, EngineError> {
        if let Some(factory) = self.factory.get() {
            return Ok(factory);
        }
        let environment: TokEnv = Arc::new(ApproximateTokEnv::new(self.trie()?));
        let mut factory = ParserFactory::new_simple(&environment).map_err(|error| tokenization(&error.to_string()))?;
        factory.quiet();
        // Grammars come from strangers: errors name no state, and nobody makes the thread that serves everybody wait long.
        factory.limits_mut().verbose_errors = false;
        factory.limits_mut().max_lexer_states = 50_000;
        Ok(self.factory.get_or_init(|| factory))
    }

    /// Bytes of every token, by prefix. Ids of the model that the tokenizer does not know are never allowed.
    fn trie(&self) -> Result<TokTrie, EngineError> {
        let json = self.tokenizer.to_string(false).map_err(|error| tokenization(&error.to_string()))?;
        let json = serde_json::from_str(&json).map_err(|error| tokenization(&error.to_string()))?;
        let mut words =
            llguidance::token_bytes_from_tokenizer_json(&json).map_err(|error| tokenization(&error.to_string()))?;
        words.resize(self.info.vocab_size, Vec::new());
        let count = u32::try_from(words.len()).map_err(|_| tokenization("its vocabulary is too large"))?;
        let ends = ends(&self.info.eos_token_ids, count)?;
        Ok(TokTrie::from(&TokRxInfo::new(count, ends[0]), &words).with_eos_tokens(&ends))
    }
}

/// An answer on its way through a grammar.
pub(crate) struct Constraint(Matcher);

impl Constraint {
    /// Tokens that may come next; at a complete answer that allows no more, those that end it.
    ///
    /// # Errors
    /// [`EngineError::RequestInvalid`] for a grammar that costs too much to follow further: its author chose it, and a client must
    /// not be able to make an answer fail as if the engine had.
    pub fn allowed(&mut self) -> Result<SimpleVob, EngineError> {
        self.0.compute_mask_or_eos().map_err(|error| invalid(&error.to_string()))
    }

    /// Goes on by a token that was allowed.
    ///
    /// # Errors
    /// As [`Constraint::allowed`].
    pub fn accept(&mut self, token: u32) -> Result<(), EngineError> {
        if self.0.is_stopped() {
            return Ok(());
        }
        self.0.consume_token(token).map_err(|error| invalid(&error.to_string()))
    }
}

/// Tokens that end an answer, at least one. A configuration may name ids that the model does not have; llguidance takes none.
fn ends(eos: &[u32], vocabulary: u32) -> Result<Vec<u32>, EngineError> {
    let known: Vec<u32> = eos.iter().copied().filter(|&id| id < vocabulary).collect();
    if known.is_empty() {
        return Err(tokenization("the model has no token that ends an answer"));
    }
    Ok(known)
}

/// Reads a schema. Answers have no white space between values: a model would rather go on making some than end.
fn schema(text: &str) -> Result<serde_json::Value, EngineError> {
    let mut schema = serde_json::from_str(text).map_err(|error| invalid(&error.to_string()))?;
    let serde_json::Value::Object(_) = schema else { return Err(invalid("a JSON schema is an object")) };
    JsonCompileOptions { whitespace_flexible: false, ..JsonCompileOptions::default() }.apply_to(&mut schema);
    Ok(schema)
}

fn invalid(reason: &str) -> EngineError {
    EngineError::RequestInvalid { reason: format!("the grammar cannot be used: {reason}") }
}

fn tokenization(reason: &str) -> EngineError {
    EngineError::Tokenization { reason: reason.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::ends;

    #[test]
    fn only_tokens_that_the_model_has_end_an_answer() {
        assert_eq!(ends(&[2, 90, 7], 8).unwrap(), [2, 7]);
        for none in [&[][..], &[8]] {
            assert_eq!(ends(none, 8).unwrap_err().code(), "TOKENIZATION_FAILED");
        }
    }
}
