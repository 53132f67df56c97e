//! Chat templates: from messages to the text that the model was trained to answer.
//!
//! The template comes with the model and is a Jinja program of its author. It runs with the names that
//! transformers gives it, in a budget of work and memory, and sees nothing but the messages, the model's special
//! tokens and the clock.
//!
//! The budget is for templates that go wrong, and for long conversations. Lists that a template adds to themselves again
//! and again cost no fuel, so a rendering also has a bounded time, on a thread of its own. It cannot be stopped from
//! outside: until one that took too long ends, no other begins. The memory of such lists is not bounded: who can write
//! that into a model folder can write it into the model's graph too. Messages cannot reach it.

mod json;
mod source;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError, Weak, mpsc},
    thread::Builder,
    time::{Duration, SystemTime},
};

use jiff::{Timestamp, ZonedDateTime, fmt::strtime, tz::TimeZone};
use minijinja::{Environment, Error, ErrorKind, Value, context, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

use crate::EngineError;

/// Budget of one rendering: about as many instructions, and 64 bytes of data for each.
const FUEL: u64 = 1 << 20;
/// Longest rendering. The fuel lasts for a small part of it.
const MAX_TIME: Duration = Duration::from_secs(5);
/// Stack of a rendering, in bytes: enough for [`MAX_DEPTH`] in a build that is not optimised.
const STACK_BYTES: usize = 8 << 20;
/// Most messages of one conversation.
const MAX_MESSAGES: usize = 4096;
/// Most bytes of roles and contents together, and of the rendered text.
pub(crate) const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting of calls in a template.
const MAX_DEPTH: usize = 100;
/// Name of the template that is used unless another one is asked for.
const DEFAULT: &str = "default";

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChatMessage {
    /// Who speaks: `system`, `user` or `assistant` in most templates.
    pub role: String,
    /// What is said. Control tokens in it are control tokens to the model, as in transformers.
    pub content: String,
}

/// How a conversation is rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatOptions {
    /// Which of the model's named templates; `None` is its default one.
    pub template: Option<String>,
    /// Whether the text ends where the assistant's answer begins.
    pub add_generation_prompt: bool,
    /// What the template takes for the present, in UTC.
    pub now: SystemTime,
}

impl Default for ChatOptions {
    /// The default template, up to the beginning of an answer, now.
    fn default() -> Self {
        Self { template: None, add_generation_prompt: true, now: SystemTime::now() }
    }
}

/// The chat templates of a model, parsed.
#[derive(Debug)]
pub(crate) struct ChatTemplates {
    environment: Arc<Environment<'static>>,
    /// Renderings that took too long, for as long as they go on.
    late: Mutex<Vec<Weak<()>>>,
    /// `bos_token` and its like, by the names that templates use.
    special_tokens: BTreeMap<String, String>,
}

/// A template's own refusal of a conversation.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refusal(String);

impl ChatTemplates {
    /// Reads the templates of a model folder; `None` when it has none.
    ///
    /// # Errors
    /// [`EngineError::ChatTemplate`] for an unreadable file or a template that is no program.
    pub fn read(folder: &Path) -> Result<Option<Self>, EngineError> {
        let found = source::read(folder)?;
        if found.templates.is_empty() {
            return Ok(None);
        }
        let mut environment = environment()?;
        for (name, text) in found.templates {
            environment.add_template_owned(name, text).map_err(broken)?;
        }
        let (environment, late) = (Arc::new(environment), Mutex::default());
        Ok(Some(Self { environment, late, special_tokens: found.special_tokens }))
    }

    /// Names of the templates, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.environment.templates().map(|(name, _)| name.to_owned()).collect();
        names.sort();
        names
    }

    /// The text of a conversation.
    ///
    /// # Errors
    /// [`EngineError::RequestInvalid`] for no messages, a template that the model does not have, and whatever the
    /// template refuses; [`EngineError::RequestLimit`] for too much; [`EngineError::ChatTemplate`] when the template
    /// itself fails.
    pub fn render(&self, messages: &[ChatMessage], options: &ChatOptions) -> Result<String, EngineError> {
        check(messages)?;
        let name = options.template.as_deref().unwrap_or(DEFAULT);
        if self.environment.get_template(name).is_err() {
            let reason = format!("the model has no chat template {name:?}, it has {:?}", self.names());
            return Err(EngineError::RequestInvalid { reason });
        }
        let clock = clock(options.now)?;
        let strftime_now = move |format: String| {
            strtime::format(&format, &clock)
                .map_err(|error| Error::new(ErrorKind::InvalidOperation, format!("strftime_now: {error}")))
        };
        let conversation = context! {
            messages => Value::from(Serde(messages)),
            add_generation_prompt => options.add_generation_prompt,
            tools => (),
            documents => (),
            strftime_now => Value::from_function(strftime_now),
            ..Value::from(Serde(&self.special_tokens))
        };
        self.in_time(name.to_owned(), conversation)
    }

    /// Renders on a thread of its own and waits no longer than [`MAX_TIME`].
    fn in_time(&self, name: String, conversation: Value) -> Result<String, EngineError> {
        let template = |reason: String| EngineError::ChatTemplate { reason };
        let late = || {
            let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
            late.retain(|rendering| rendering.strong_count() > 0);
            late
        };
        if !late().is_empty() {
            return Err(template("a rendering that took too long still goes on".to_owned()));
        }
        let (environment, goes_on) = (Arc::clone(&self.environment), Arc::new(()));
        let rendering = Arc::downgrade(&goes_on);
        let (sender, rendered) = mpsc::channel();
        let work = move || {
            let _goes_on = goes_on;
            // Whoever asked may have stopped waiting.
            let _ = sender.send(render(&environment, &name, conversation));
        };
        let thread = Builder::new().name("openledger-chat".to_owned()).stack_size(STACK_BYTES);
        thread.spawn(work).map_err(|error| template(format!("it has no thread: {error}")))?;
        rendered.recv_timeout(MAX_TIME).unwrap_or_else(|_| {
            late().push(rendering);
            Err(template(format!("it did not end within {} seconds", MAX_TIME.as_secs())))
        })
    }
}

fn render(environment: &Environment<'_>, name: &str, conversation: Value) -> Result<String, EngineError> {
    let mut text = Bounded(Vec::new());
    let template = environment.get_template(name).map_err(broken)?;
    template.render_captured_to(conversation, &mut text).map_err(failed)?;
    String::from_utf8(text.0).map_err(|error| EngineError::ChatTemplate { reason: error.to_string() })
}

fn check(messages: &[ChatMessage]) -> Result<(), EngineError> {
    if messages.is_empty() {
        return Err(EngineError::RequestInvalid { reason: "a conversation has at least one message".to_owned() });
    }
    let bytes = messages.iter().map(|message| message.role.len().saturating_add(message.content.len()));
    let bytes = bytes.fold(0_usize, usize::saturating_add);
    for (what, value, limit) in [("messages", messages.len(), MAX_MESSAGES), ("bytes of messages", bytes, MAX_BYTES)] {
        if value > limit {
            return Err(EngineError::RequestLimit { what, value, limit });
        }
    }
    Ok(())
}

/// What templates written for transformers expect of their environment.
fn environment() -> Result<Environment<'static>, EngineError> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(broken)?);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(MAX_DEPTH);
    environment.add_filter("tojson", json::to_json);
    environment.add_function("raise_exception", |message: String| -> Result<(), Error> {
        let refused = Error::new(ErrorKind::InvalidOperation, "raise_exception");
        Err(refused.with_source(Refusal(message)))
    });
    Ok(environment)
}

/// The clock of a rendering.
fn clock(now: SystemTime) -> Result<ZonedDateTime, EngineError> {
    let now = Timestamp::try_from(now)
        .map_err(|error| EngineError::RequestInvalid { reason: format!("the time cannot be shown: {error}") })?;
    Ok(now.to_zoned_datetime(TimeZone::UTC))
}

/// A buffer that does not grow past the limit.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > MAX_BYTES {
            return Err(io::Error::other(format!("the text is longer than {MAX_BYTES} bytes")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn broken(error: Error) -> EngineError {
    EngineError::ChatTemplate { reason: error.to_string() }
}

/// What a failed rendering means: the conversation was refused, or the template is at fault.
fn failed(error: Error) -> EngineError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = cause {
        if let Some(Refusal(message)) = current.downcast_ref() {
            return EngineError::RequestInvalid { reason: format!("the chat template refuses it: {message}") };
        }
        if let Some(limit) = current.downcast_ref::<io::Error>() {
            return EngineError::ChatTemplate { reason: limit.to_string() };
        }
        cause = current.source();
    }
    broken(error)
}
