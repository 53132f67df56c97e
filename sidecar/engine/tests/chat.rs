//! Conversations in the forms of chat templates, against what transformers renders (`tests/models/chat.py`).

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use openledger_engine::{ChatMessage, ChatOptions, Engine, EngineError};
use serde::Deserialize;
use support::{copy_of, repository};

#[derive(Deserialize)]
struct Golden {
    /// Seconds since 1970.
    now: u64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    conversation: String,
    messages: Vec<Message>,
    add_generation_prompt: bool,
    text: Option<String>,
    refused: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: String,
}

fn message(role: &str, content: &str) -> ChatMessage {
    ChatMessage { role: role.to_owned(), content: content.to_owned() }
}

/// An engine on a small model with the given files in its folder.
fn engine(write: impl FnOnce(&Path)) -> Engine {
    let copy = copy_of(&repository().join("tests/golden/models/llama"));
    write(copy.path());
    Engine::start(support::config(copy.path().to_owned())).unwrap()
}

fn with_template(template: &str) -> Engine {
    engine(|folder| std::fs::write(folder.join("chat_template.jinja"), template).unwrap())
}

fn at(seconds: u64) -> ChatOptions {
    ChatOptions { now: UNIX_EPOCH + Duration::from_secs(seconds), ..ChatOptions::default() }
}

#[test]
fn texts_are_those_of_transformers() {
    let mut checked = 0;
    for entry in std::fs::read_dir(repository().join("tests/golden/chat")).unwrap() {
        let folder = entry.unwrap().path();
        let engine = engine(|copy| {
            for file in ["chat_template.jinja", "tokenizer_config.json"] {
                std::fs::copy(folder.join(file), copy.join(file)).unwrap();
            }
        });
        let golden: Golden = serde_json::from_slice(&std::fs::read(folder.join("cases.json")).unwrap()).unwrap();
        for case in golden.cases {
            let name = format!("{} of {}", case.conversation, folder.display());
            let messages: Vec<_> = case.messages.iter().map(|turn| message(&turn.role, &turn.content)).collect();
            let options = ChatOptions { add_generation_prompt: case.add_generation_prompt, ..at(golden.now) };
            let found = engine.chat_text(&messages, &options);
            match (case.text, case.refused) {
                (Some(text), None) => assert_eq!(found.unwrap(), text, "{name}"),
                (None, Some(refusal)) => {
                    let error = found.unwrap_err();
                    assert_eq!(error.code(), "REQUEST_INVALID", "{name}: {error}");
                    assert!(error.to_string().contains(&refusal), "{name}: {error}");
                }
                _ => panic!("{name} has neither a text nor a refusal"),
            }
            checked += 1;
        }
    }
    assert_eq!(checked, 7 * 8);
}

#[test]
fn the_template_alone_writes_special_tokens() {
    let engine = with_template("{{ bos_token }}{{ messages[0].content }}{{ eos_token }}");
    let [bos, eos] = ["<bos>", "<eos>"].map(|token| engine.encode_completion(token).unwrap()[0]);
    assert_eq!((bos, eos), (1, 2));
    let ids = engine.chat_prompt(&[message("user", "the ledger")]).unwrap();
    let inner = engine.encode_completion("the ledger").unwrap();
    assert_eq!(ids, [&[bos], inner.as_slice(), &[eos]].concat());
}

#[test]
fn named_templates_are_chosen_by_name() {
    let engine = engine(|folder| {
        let config =
            r#"{"chat_template": [{"name": "default", "template": "plain"}, {"name": "rag", "template": "rag"}]}"#;
        std::fs::write(folder.join("tokenizer_config.json"), config).unwrap();
    });
    let text = |template: Option<&str>| {
        let options = ChatOptions { template: template.map(str::to_owned), ..at(0) };
        engine.chat_text(&[message("user", "")], &options)
    };
    assert_eq!((text(None).unwrap(), text(Some("rag")).unwrap()), ("plain".to_owned(), "rag".to_owned()));
    let error = text(Some("tool_use")).unwrap_err();
    assert!(matches!(&error, EngineError::RequestInvalid { reason } if reason.contains("rag")), "{error}");
}

#[test]
fn a_model_without_a_template_answers_prompts_only() {
    let engine = engine(|_| ());
    assert_eq!(engine.chat_prompt(&[message("user", "hi")]).unwrap_err().code(), "CHAT_TEMPLATE_MISSING");
    assert!(!engine.encode("hi").unwrap().is_empty());
}

#[test]
fn a_broken_template_does_not_keep_a_model_from_prompts() {
    for template in ["{% if %}", "{{ nothing.at.all }}", "{{ messages | no_such_filter }}", "{{ no_such_function() }}"]
    {
        let engine = with_template(template);
        let error = engine.chat_prompt(&[message("user", "hi")]).unwrap_err();
        assert_eq!(error.code(), "CHAT_TEMPLATE_FAILED", "{template}: {error}");
        assert!(!engine.encode("hi").unwrap().is_empty());
    }
}

#[test]
fn work_and_memory_of_a_template_are_bounded() {
    for template in [
        // Long loops, doubled strings, deep calls, long texts.
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(s='x') %}{% for a in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{{ 'x' * 100000000 }}",
        "{{ 'x' * 1048577 }}",
        "{% set ns = namespace(s='x') %}{% for a in range(60) %}{% set ns.s = ns.s.replace('x', 'xx') %}{% endfor %}",
    ] {
        let engine = with_template(template);
        let started = std::time::Instant::now();
        let error = engine.chat_text(&[message("user", "hi")], &at(0)).unwrap_err();
        assert_eq!(error.code(), "CHAT_TEMPLATE_FAILED", "{template}: {error}");
        // Two orders of magnitude above what it takes; without a bound it would not end.
        assert!(started.elapsed() < Duration::from_secs(20), "{template}");
    }
}

/// Lists that are added to themselves cost no fuel: only time bounds them.
#[test]
fn a_template_that_does_not_end_holds_nobody_up() {
    // Looking through the list once takes ten seconds and more, and it is looked through a hundred times.
    let engine = with_template(concat!(
        "{% if messages[0].content == 'go' %}{% set ns = namespace(x=range(50) | list) %}",
        "{% for i in range(30) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% for i in range(100) %}{{ ns.x | max }}{% endfor %}{% endif %}fine",
    ));
    let text = |content: &str| engine.chat_text(&[message("user", content)], &at(0));
    assert_eq!(text("hi").unwrap(), "fine");
    let started = std::time::Instant::now();
    let error = text("go").unwrap_err();
    assert_eq!(error.code(), "CHAT_TEMPLATE_FAILED");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    // The list may be refused for its size before the time is over. If it was not, the rendering goes on, because it cannot be
    // stopped from outside, and no second one begins meanwhile.
    if error.to_string().contains("did not end") {
        let error = text("hi").unwrap_err();
        assert!(error.to_string().contains("still"), "{error}");
    }
}

#[test]
fn conversations_are_bounded() {
    let engine = with_template("{{ messages | length }}");
    let refused = |messages: &[ChatMessage]| engine.chat_prompt(messages).unwrap_err().code();
    assert_eq!(refused(&[]), "REQUEST_INVALID");
    assert_eq!(refused(&vec![message("user", ""); 4097]), "REQUEST_OVER_LIMIT");
    assert_eq!(refused(&[message("user", &"x".repeat(1 << 20))]), "REQUEST_OVER_LIMIT");
    assert!(engine.chat_prompt(&vec![message("user", ""); 4096]).is_ok());
}
