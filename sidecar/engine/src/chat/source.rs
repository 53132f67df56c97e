//! Where a model folder keeps its chat templates.
//!
//! `chat_template.jinja` holds the default one and `additional_chat_templates/NAME.jinja` others. Older folders have
//! them in `tokenizer_config.json`: one text, or a list of names and texts. A file wins over the older place, as in
//! transformers.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value};

use super::DEFAULT;
use crate::{EngineError, bounded_file::read_bounded};

/// Longest template, in bytes.
const MAX_TEMPLATE_BYTES: u64 = 1 << 20;
const MAX_CONFIG_BYTES: u64 = 16 << 20;
/// Most named templates.
const MAX_TEMPLATES: usize = 64;
/// The tokens that templates know by name.
const TOKEN_NAMES: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Texts by name.
    pub templates: BTreeMap<String, String>,
    /// Texts of special tokens by name, those of [`TOKEN_NAMES`] that the model has.
    pub special_tokens: BTreeMap<String, String>,
}

/// Reads a folder; without any of the files there are no templates.
///
/// # Errors
/// [`EngineError::ChatTemplate`] for a file that is unreadable or not what it should be.
pub(super) fn read(folder: &Path) -> Result<Source, EngineError> {
    let mut source = Source::default();
    let config = folder.join("tokenizer_config.json");
    if config.exists() {
        let bytes = read_bounded(&config, MAX_CONFIG_BYTES).map_err(|reason| broken(&config, &reason))?;
        let fields: Map<String, Value> =
            serde_json::from_slice(&bytes).map_err(|error| broken(&config, &error.to_string()))?;
        source.special_tokens = special_tokens(&fields);
        if let Some(value) = fields.get("chat_template").filter(|value| !value.is_null()) {
            source.templates = in_config(value)
                .ok_or_else(|| broken(&config, "chat_template is neither a text nor a list of names and texts"))?;
        }
    }
    let default = folder.join("chat_template.jinja");
    if default.exists() {
        // What is left in the older place belongs to an older export.
        source.templates = BTreeMap::from([(DEFAULT.to_owned(), text(&default)?)]);
        additional(&folder.join("additional_chat_templates"), &mut source.templates)?;
    }
    if source.templates.len() > MAX_TEMPLATES {
        return Err(broken(folder, &format!("it has more than {MAX_TEMPLATES} chat templates")));
    }
    for template in source.templates.values_mut() {
        *template = without_generation_marks(template);
    }
    Ok(source)
}

fn special_tokens(fields: &Map<String, Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        // An added token with its properties.
        Value::Object(token) => token.get("content")?.as_str().map(str::to_owned),
        _ => None,
    };
    TOKEN_NAMES.into_iter().filter_map(|name| Some((name.to_owned(), text(fields.get(name)?)?))).collect()
}

fn in_config(value: &Value) -> Option<BTreeMap<String, String>> {
    match value {
        Value::String(text) => Some(BTreeMap::from([(DEFAULT.to_owned(), text.clone())])),
        Value::Array(entries) => {
            let entry = |entry: &Value| {
                let field = |name: &str| entry.get(name)?.as_str().map(str::to_owned);
                Some((field("name")?, field("template")?))
            };
            entries.iter().map(entry).collect()
        }
        _ => None,
    }
}

fn additional(folder: &Path, templates: &mut BTreeMap<String, String>) -> Result<(), EngineError> {
    if !folder.is_dir() {
        return Ok(());
    }
    let entries = std::fs::read_dir(folder).map_err(|error| broken(folder, &error.to_string()))?;
    for entry in entries.take(MAX_TEMPLATES + 1) {
        let path = entry.map_err(|error| broken(folder, &error.to_string()))?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        if let (Some(name), true) = (name, path.extension().is_some_and(|end| end == "jinja")) {
            templates.insert(name.to_owned(), text(&path)?);
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<String, EngineError> {
    let bytes = read_bounded(path, MAX_TEMPLATE_BYTES).map_err(|reason| broken(path, &reason))?;
    String::from_utf8(bytes).map_err(|error| broken(path, &error.to_string()))
}

/// Templates mark the assistant's own words for training with `{% generation %}`, a tag of transformers. For
/// rendering it means nothing; a condition that always holds keeps the tag's control of the space around it.
fn without_generation_marks(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("{%") {
        let (before, tag) = rest.split_at(start);
        out.push_str(before);
        let Some(end) = tag.find("%}") else {
            rest = tag;
            break;
        };
        let (inner, after) = (&tag[2..end], &tag[end + 2..]);
        let sign = |c: char| c == '-' || c == '+';
        let word = inner.trim_start_matches(sign).trim_end_matches(sign).trim();
        match word {
            "generation" => out.push_str(&tag[..end + 2].replace(word, "if true")),
            "endgeneration" => out.push_str(&tag[..end + 2].replace(word, "endif")),
            _ => out.push_str(&tag[..end + 2]),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn broken(path: &Path, reason: &str) -> EngineError {
    EngineError::ChatTemplate { reason: format!("{}: {reason}", path.display()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_for_training_become_conditions_that_hold() {
        let marked = "a {%- generation -%} b {% endgeneration %}{% if generation %}{{ '{%' }}";
        assert_eq!(without_generation_marks(marked), "a {%- if true -%} b {% endif %}{% if generation %}{{ '{%' }}");
    }

    #[test]
    fn files_win_over_the_configuration_and_have_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert!(read(folder.path()).unwrap().templates.is_empty());
        let config = json!({
            "bos_token": "<s>", "eos_token": { "content": "</s>" }, "unk_token": null,
            "chat_template": [{ "name": "default", "template": "old" }, { "name": "tool_use", "template": "tools" }],
        });
        std::fs::write(path("tokenizer_config.json"), config.to_string()).unwrap();
        let found = read(folder.path()).unwrap();
        assert_eq!(found.templates.keys().collect::<Vec<_>>(), ["default", "tool_use"]);
        let tokens =
            [("bos_token", "<s>"), ("eos_token", "</s>")].map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(found.special_tokens, BTreeMap::from(tokens));
        std::fs::write(path("chat_template.jinja"), "new").unwrap();
        std::fs::create_dir(path("additional_chat_templates")).unwrap();
        std::fs::write(path("additional_chat_templates/rag.jinja"), "rag").unwrap();
        let found = read(folder.path()).unwrap();
        let texts: Vec<_> = found.templates.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(texts, [("default", "new"), ("rag", "rag")]);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("tokenizer_config.json");
        for text in ["{", r#"{"chat_template": 3}"#, r#"{"chat_template": [{"name": "default"}]}"#] {
            std::fs::write(&config, text).unwrap();
            assert_eq!(read(folder.path()).unwrap_err().code(), "CHAT_TEMPLATE_FAILED", "{text}");
        }
        std::fs::remove_file(&config).unwrap();
        std::fs::write(folder.path().join("chat_template.jinja"), b"\xff").unwrap();
        assert_eq!(read(folder.path()).unwrap_err().code(), "CHAT_TEMPLATE_FAILED");
    }
}
