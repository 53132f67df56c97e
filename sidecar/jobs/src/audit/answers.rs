//! Finished answers in a file, one a line.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    ops::Range,
    path::Path,
};

use openledger_engine::Engine;
use openledger_protocol::{Hash, digest::tagged};
use serde::Deserialize;

use crate::JobsError;

/// Most answers of one audit: two thousand jobs.
pub const MAX_ANSWERS: usize = 1 << 16;
/// Longest line, in bytes: as much text as the engine takes.
const MAX_LINE_BYTES: usize = 1 << 20;
/// Largest file, in bytes. Its tokens are in memory at once: four bytes each, and seldom more of them than bytes of text.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// A finished answer as the model read and wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Token ids of what was asked, at least one.
    pub prompt: Vec<u32>,
    /// Token ids of what was answered, at least one.
    pub response: Vec<u32>,
}

/// Digest of answers in their order: `tagged("audit-answers", …)` over prompt and response of each, both with the number of their
/// tokens before them, everything as 4 bytes, big-endian.
pub(crate) fn answers_digest(answers: &[Answered]) -> Hash {
    let mut bytes = Vec::new();
    for tokens in answers.iter().flat_map(|answer| [&answer.prompt, &answer.response]) {
        // No line has so many.
        bytes.extend(u32::try_from(tokens.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(tokens.iter().flat_map(|token| token.to_be_bytes()));
    }
    tagged("audit-answers", &bytes)
}

/// A line: texts or tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    prompt: Option<String>,
    answer: Option<String>,
    prompt_tokens: Option<Vec<u32>>,
    answer_tokens: Option<Vec<u32>>,
}

/// Reads the answers on some lines of a file, counted from 0; those that the file does not have are left out. Texts become tokens as
/// in a request: the tokenizer's special tokens stand around the prompt and none in the answer.
///
/// # Errors
/// [`JobsError::File`]; [`JobsError::Answer`] for a line that is no answer, or none that the model can have given.
pub(super) fn read(path: &Path, engine: &Engine, lines: Range<usize>) -> Result<Vec<Answered>, JobsError> {
    let fail = |error: std::io::Error| JobsError::file(path, error);
    let mut file = BufReader::new(File::open(path).map_err(fail)?.take(MAX_FILE_BYTES.saturating_add(1)));
    let mut answers = Vec::new();
    let mut read = 0_u64;
    let mut line = Vec::new();
    for number in 0..lines.end {
        line.clear();
        let limit = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        let bytes = file.by_ref().take(limit).read_until(b'\n', &mut line).map_err(fail)?;
        if bytes == 0 {
            break;
        }
        read = read.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if read > MAX_FILE_BYTES {
            return Err(JobsError::file(path, format!("it has more than {MAX_FILE_BYTES} bytes; audit parts of it")));
        }
        let answer = if bytes > MAX_LINE_BYTES {
            Err(format!("it has more than {MAX_LINE_BYTES} bytes"))
        } else if lines.contains(&number) {
            parse(&line, engine).map(Some)
        } else {
            Ok(None)
        };
        let refuse = |reason| JobsError::Answer { path: path.to_owned(), line: number.saturating_add(1), reason };
        answers.extend(answer.map_err(refuse)?);
    }
    Ok(answers)
}

fn parse(line: &[u8], engine: &Engine) -> Result<Answered, String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let answer = match line {
        Line { prompt: Some(prompt), answer: Some(answer), prompt_tokens: None, answer_tokens: None } => Answered {
            prompt: engine.encode(&prompt).map_err(|error| error.to_string())?,
            response: engine.encode_completion(&answer).map_err(|error| error.to_string())?,
        },
        Line { prompt: None, answer: None, prompt_tokens: Some(prompt), answer_tokens: Some(response) } => {
            Answered { prompt, response }
        }
        _ => return Err("it has neither a prompt and an answer nor the tokens of both alone".to_owned()),
    };
    check(&answer, engine)?;
    Ok(answer)
}

/// What the engine would refuse is refused here, where it has a line.
fn check(answer: &Answered, engine: &Engine) -> Result<(), String> {
    let model = engine.model();
    if answer.prompt.is_empty() || answer.response.is_empty() {
        return Err("its prompt or answer has no token".to_owned());
    }
    let (total, most) = (answer.prompt.len().saturating_add(answer.response.len()), model.context_length);
    if total > most {
        return Err(format!("it has {total} tokens, the model reads {most}"));
    }
    let known = |id: &u32| usize::try_from(*id).is_ok_and(|id| id < model.vocab_size);
    match answer.prompt.iter().chain(&answer.response).find(|id| !known(id)) {
        Some(id) => Err(format!("token id {id} is not in the model's vocabulary")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use openledger_engine::EngineConfig;

    use super::*;

    fn engine() -> Engine {
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/model");
        Engine::start(EngineConfig::new(model)).unwrap()
    }

    #[test]
    fn texts_and_tokens_are_the_same_answers() {
        let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
        let file = folder.path().join("answers.jsonl");
        let (prompt, response) = (engine.encode("Who?\n").unwrap(), engine.encode_completion("Nobody.").unwrap());
        let text = serde_json::json!({ "prompt": "Who?\n", "answer": "Nobody." });
        let tokens = serde_json::json!({ "prompt_tokens": prompt, "answer_tokens": response });
        // The last line may end without a newline.
        fs::write(&file, format!("{text}\n{tokens}\nno answer\n{text}")).unwrap();
        let expected = Answered { prompt, response };
        assert_eq!(read(&file, &engine, 0..2).unwrap(), [expected.clone(), expected.clone()]);
        assert_eq!(
            read(&file, &engine, 3..9).unwrap(),
            std::slice::from_ref(&expected),
            "lines before the wanted ones are not read"
        );
        assert!(read(&file, &engine, 4..9).unwrap().is_empty());
        let twice = [expected.clone(), expected.clone()];
        assert_ne!(answers_digest(&twice), answers_digest(std::slice::from_ref(&expected)));
        let Answered { prompt, response } = expected.clone();
        let shifted = Answered { prompt: [&prompt[..], &response[..1]].concat(), response: response[1..].to_vec() };
        assert_ne!(answers_digest(&[shifted]), answers_digest(&[expected]));
    }

    #[test]
    fn a_line_that_is_no_answer_is_refused_with_its_number() {
        let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
        let file = folder.path().join("answers.jsonl");
        let good = r#"{"prompt":"a","answer":"b"}"#;
        let vocabulary = engine.model().vocab_size;
        let long = vec![1_u32; engine.model().context_length];
        let lines = [
            String::new(),
            "{".to_owned(),
            "[]".to_owned(),
            r#"{"prompt":"a"}"#.to_owned(),
            r#"{"prompt":"a","answer":""}"#.to_owned(),
            r#"{"prompt":"a","answer":"b","answer_tokens":[1]}"#.to_owned(),
            r#"{"prompt":"a","answer":"b","note":"c"}"#.to_owned(),
            r#"{"prompt_tokens":[],"answer_tokens":[1]}"#.to_owned(),
            r#"{"prompt_tokens":[-1],"answer_tokens":[1]}"#.to_owned(),
            format!(r#"{{"prompt_tokens":[{vocabulary}],"answer_tokens":[1]}}"#),
            serde_json::json!({ "prompt_tokens": long, "answer_tokens": [1] }).to_string(),
            format!(r#"{{"prompt":"a","answer":"{}"}}"#, "b".repeat(MAX_LINE_BYTES)),
        ];
        for line in lines {
            fs::write(&file, format!("{good}\n{line}\n{good}\n")).unwrap();
            let error = read(&file, &engine, 0..9).unwrap_err();
            assert!(matches!(error, JobsError::Answer { line: 2, .. }), "{error}");
            assert_eq!(error.code(), "JOBS_ANSWER_INVALID");
        }
        let missing = read(&folder.path().join("none"), &engine, 0..9).unwrap_err();
        assert_eq!(missing.code(), "JOBS_FILE");
    }
}
