//! How tokens are drawn, as clients ask for it, as receipts commit to it and as the engine does it.

use openledger_engine::{Grammar, Penalties};
use openledger_protocol::Sampling;

use crate::{api::GenerateRequest, error::NodeError};

/// Delivered tokens when the request names no bound.
const DEFAULT_NEW_TOKENS: u32 = 48;
/// Most tokens that one answer may deliver.
const MAX_NEW_TOKENS: u32 = 256;
/// Most texts that end an answer.
const MAX_STOPS: usize = 4;
/// Longest of them, in bytes.
const MAX_STOP_BYTES: usize = 64;
/// Longest JSON schema or regular expression, in bytes.
const MAX_GRAMMAR_BYTES: usize = 16 * 1024;
/// Most candidates beside a token.
const MAX_CANDIDATES: u32 = 20;

/// Steps of a number that a receipt commits to.
const MILLION: f64 = 1_000_000.0;

/// Reads a request. Its numbers are rounded to millionths; what they mean is that of the rounded ones.
pub fn read(request: &GenerateRequest) -> Result<Sampling, NodeError> {
    if request.max_new_tokens > MAX_NEW_TOKENS {
        return Err(bad("max_new_tokens", "ask for at most 256 tokens"));
    }
    if request.stop.len() > MAX_STOPS {
        return Err(bad("stop", "give at most 4 texts"));
    }
    if request.stop.iter().any(|text| text.is_empty() || text.len() > MAX_STOP_BYTES) {
        return Err(bad("stop", "give texts of 1 to 64 bytes"));
    }
    let grammars = [("json_schema", &request.json_schema), ("regex", &request.regex)];
    if let Some((field, _)) = grammars.iter().find(|(_, text)| text.len() > MAX_GRAMMAR_BYTES) {
        return Err(bad(field, "give at most 16384 bytes"));
    }
    if grammars.iter().all(|(_, text)| !text.is_empty()) {
        return Err(bad("regex", "give it or json_schema, not both"));
    }
    let fits = grammars.iter().any(|(_, text)| !text.is_empty());
    // The models that nodes serve answer in one line.
    let line = request.stop.is_empty() && !fits;
    let stop = if line { vec!["\n".to_owned()] } else { request.stop.clone() };
    Ok(Sampling {
        temperature: millionths("temperature", request.temperature, 10)?,
        top_k: request.top_k,
        top_p: millionths("top_p", request.top_p, 1)?,
        min_p: millionths("min_p", request.min_p, 1)?,
        repetition_penalty: millionths("repetition_penalty", request.repetition_penalty, 10)?,
        presence_penalty: signed_millionths("presence_penalty", request.presence_penalty)?,
        frequency_penalty: signed_millionths("frequency_penalty", request.frequency_penalty)?,
        seed: request.seed,
        max_new_tokens: if request.max_new_tokens == 0 { DEFAULT_NEW_TOKENS } else { request.max_new_tokens },
        stop,
        json_schema: request.json_schema.clone(),
        regex: request.regex.clone(),
    })
}

/// Candidates that a request wants beside each token.
pub fn logprobs(request: &GenerateRequest) -> Result<Option<usize>, NodeError> {
    if request.logprobs > MAX_CANDIDATES {
        return Err(bad("logprobs", "ask for at most 20 candidates"));
    }
    Ok((request.logprobs > 0).then_some(request.logprobs as usize))
}

/// In the engine's words, where nothing is asked for by neutral numbers and not by zero.
pub fn of(sampling: &Sampling) -> openledger_engine::Sampling {
    let or_one = |millionths: u32| if millionths == 0 { 1.0 } else { part(millionths) };
    openledger_engine::Sampling {
        penalties: Penalties {
            repetition: or_one(sampling.repetition_penalty),
            presence: signed_part(sampling.presence_penalty),
            frequency: signed_part(sampling.frequency_penalty),
        },
        temperature: part(sampling.temperature),
        top_k: sampling.top_k as usize,
        min_p: part(sampling.min_p),
        top_p: or_one(sampling.top_p),
        seed: sampling.seed,
    }
}

/// What the answer has to fit.
pub fn grammar(sampling: &Sampling) -> Option<Grammar> {
    if !sampling.json_schema.is_empty() {
        return Some(Grammar::JsonSchema(sampling.json_schema.clone()));
    }
    (!sampling.regex.is_empty()).then(|| Grammar::Regex(sampling.regex.clone()))
}

fn part(millionths: u32) -> f32 {
    (f64::from(millionths) / MILLION) as f32
}

fn signed_part(millionths: i64) -> f32 {
    (millionths as f64 / MILLION) as f32
}

fn millionths(field: &'static str, value: f32, most: u32) -> Result<u32, NodeError> {
    let rounded = (f64::from(value) * MILLION).round();
    if !(0.0..=f64::from(most) * MILLION).contains(&rounded) {
        return Err(bad(field, &format!("give a number from 0 to {most}")));
    }
    // At most ten million.
    Ok(rounded as u32)
}

fn signed_millionths(field: &'static str, value: f32) -> Result<i64, NodeError> {
    let rounded = (f64::from(value) * MILLION).round();
    if !(-2.0 * MILLION..=2.0 * MILLION).contains(&rounded) {
        return Err(bad(field, "give a number from -2 to 2"));
    }
    Ok(rounded as i64)
}

fn bad(field: &'static str, problem: &str) -> NodeError {
    NodeError::BadRequest { field, problem: problem.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_request_is_greedy_and_ends_with_the_line() {
        let sampling = read(&GenerateRequest::default()).unwrap();
        let expected = Sampling { max_new_tokens: 48, stop: vec!["\n".into()], ..Sampling::default() };
        assert_eq!(sampling, expected);
        assert_eq!(of(&sampling), openledger_engine::Sampling::greedy());
    }

    #[test]
    fn what_has_to_fit_ends_by_itself() {
        let read = |json_schema: &str, regex: &str| {
            let (json_schema, regex) = (json_schema.to_owned(), regex.to_owned());
            let sampling = read(&GenerateRequest { json_schema, regex, ..GenerateRequest::default() }).unwrap();
            assert!(sampling.stop.is_empty());
            grammar(&sampling)
        };
        assert_eq!(read("{}", ""), Some(Grammar::JsonSchema("{}".into())));
        assert_eq!(read("", "a"), Some(Grammar::Regex("a".into())));
        assert_eq!(grammar(&Sampling::default()), None);
    }

    #[test]
    fn numbers_are_rounded_once_and_mean_the_same_to_who_replays() {
        let request = GenerateRequest {
            temperature: 0.7,
            top_k: 40,
            top_p: 0.95,
            min_p: 0.05,
            repetition_penalty: 1.1,
            presence_penalty: -0.5,
            frequency_penalty: 2.0,
            seed: 9,
            stop: vec!["END".into()],
            ..GenerateRequest::default()
        };
        let sampling = read(&request).unwrap();
        assert_eq!(
            (sampling.temperature, sampling.top_p, sampling.min_p, sampling.repetition_penalty),
            (700_000, 950_000, 50_000, 1_100_000)
        );
        assert_eq!((sampling.presence_penalty, sampling.frequency_penalty), (-500_000, 2_000_000));
        let engine = of(&sampling);
        assert_eq!((engine.temperature, engine.top_p, engine.min_p), (0.7, 0.95, 0.05));
        assert_eq!(engine.penalties, Penalties { repetition: 1.1, presence: -0.5, frequency: 2.0 });
        engine.check().unwrap();
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        let field = |change: fn(&mut GenerateRequest)| {
            let mut request = GenerateRequest::default();
            change(&mut request);
            match read(&request).and(logprobs(&request)) {
                Err(NodeError::BadRequest { field, .. }) => field,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(field(|request| request.temperature = 10.1), "temperature");
        assert_eq!(field(|request| request.temperature = f32::NAN), "temperature");
        assert_eq!(field(|request| request.top_p = -0.1), "top_p");
        assert_eq!(field(|request| request.min_p = 1.1), "min_p");
        assert_eq!(field(|request| request.repetition_penalty = f32::INFINITY), "repetition_penalty");
        assert_eq!(field(|request| request.presence_penalty = 2.1), "presence_penalty");
        assert_eq!(field(|request| request.frequency_penalty = -2.1), "frequency_penalty");
        assert_eq!(field(|request| request.max_new_tokens = 257), "max_new_tokens");
        assert_eq!(field(|request| request.stop = vec!["a".into(); 5]), "stop");
        assert_eq!(field(|request| request.stop = vec![String::new()]), "stop");
        assert_eq!(field(|request| request.stop = vec!["a".repeat(65)]), "stop");
        assert_eq!(field(|request| request.json_schema = "a".repeat(16_385)), "json_schema");
        assert_eq!(field(|request| request.regex = "a".repeat(16_385)), "regex");
        let both = |request: &mut GenerateRequest| {
            request.json_schema = "{}".into();
            request.regex = "a".into();
        };
        assert_eq!(field(both), "regex");
        assert_eq!(field(|request| request.logprobs = 21), "logprobs");
    }
}
