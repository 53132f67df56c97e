//! The handle that everybody else holds.

use std::{
    path::Path,
    sync::Arc,
    thread::{Builder, JoinHandle},
};

use openledger_onnx_graph::{LoraForm, LoraSite, choose_logits};
use tokenizers::Tokenizer;
use tokio::sync::{mpsc, oneshot};

use crate::{
    AdapterInfo, AttentionForm, ChatMessage, ChatOptions, EngineConfig, EngineError, EngineStats, GenerateEvent,
    GenerateRequest, Limits, ModelInfo, Provider, ScoreRow,
    backend::{Backend, Forward, PagedForward, PagedSetup, StockBackend},
    interface::Attention,
    kv::BlockPool,
    lora::{self, CurrentStep},
    model_folder::{Chat, ModelFolder},
    runtime::Runtime,
    scheduler::Scheduler,
    slots::{Loader, Prepared, SlotTable, Source},
    text::decode,
    worker::{self, Command, Reply},
};

/// Longest text that is tokenised, in bytes.
const MAX_TEXT_BYTES: usize = 1 << 20;
const MAX_ID_BYTES: usize = 256;

/// A running engine. Clones share it; when the last one is dropped it stops, and streams that are
/// still open end with [`EngineError::Stopped`].
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    /// `None` only while the handle is being dropped.
    commands: Option<mpsc::Sender<Command>>,
    thread: Option<JoinHandle<()>>,
    tokenizer: Arc<Tokenizer>,
    chat: Chat,
    info: Arc<ModelInfo>,
    sites: Arc<[LoraSite]>,
    form: LoraForm,
    limits: Limits,
}

fn bounded(limits: Limits) -> Limits {
    Limits { max_batch: limits.max_batch.max(1), block_tokens: limits.block_tokens.max(1), ..limits }
}

/// Our operators run on the processor only. What was asked for is never exchanged for something else in silence.
fn check_forms(config: &EngineConfig) -> Result<(), EngineError> {
    let refused = |form, instead| Err(EngineError::FormUnsupported { form, provider: config.provider, instead });
    match config.provider {
        Provider::Cpu => Ok(()),
        Provider::Cuda { .. } if config.lora == Some(LoraForm::Operator) => {
            refused("the LoRA operator (lora = \"operator\")", "lora = \"standard\"")
        }
        Provider::Cuda { .. } if config.attention == AttentionForm::Paged => {
            refused("paged attention (attention = \"paged\")", "attention = \"stock\"")
        }
        Provider::Cuda { .. } => Ok(()),
    }
}

/// Blocks that the memory of the cache holds.
fn blocks(limits: &Limits, token_bytes: usize) -> usize {
    limits.kv_bytes / token_bytes.saturating_mul(limits.block_tokens).max(1)
}

/// What an engine is made of.
pub(crate) struct Parts {
    pub backend: Box<dyn Backend>,
    /// Bytes of keys and values of one token.
    pub token_bytes: usize,
    pub sites: Arc<[LoraSite]>,
    pub form: LoraForm,
    pub tokenizer: Tokenizer,
    pub chat: Chat,
    pub info: ModelInfo,
    pub limits: Limits,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // The session must be gone before the process tears ONNX Runtime down.
            let _ = thread.join();
        }
    }
}

impl Engine {
    /// Loads the runtime and the model and starts the thread that owns them. Blocks until the
    /// model can answer.
    ///
    /// # Errors
    /// [`EngineError::Runtime`], [`EngineError::Provider`], [`EngineError::FormUnsupported`] and all errors of models and tokenizers.
    pub fn start(config: EngineConfig) -> Result<Self, EngineError> {
        check_forms(&config)?;
        let runtime = Runtime::load(config.ort_library.as_deref())?;
        runtime.check(config.provider)?;
        let folder = ModelFolder::read(&config.model_dir, config.lora, &runtime.version)?;
        let sites: Arc<[LoraSite]> = folder.sites.into();
        let token_bytes = folder.interface.token_bytes();
        let limits = bounded(config.limits);
        let paged = config.attention == AttentionForm::Paged && folder.interface.attention == Attention::Grouped;
        let backend: Box<dyn Backend> = if paged {
            folder.interface.expect_32_bits()?;
            let setup = PagedSetup {
                attention: folder.attention,
                threads: config.threads,
                block_tokens: limits.block_tokens,
                blocks: blocks(&limits, token_bytes),
                vocab: folder.info.vocab_size,
            };
            Box::new(PagedForward::start(&runtime, folder.model, &folder.interface, Arc::clone(&sites), &setup)?)
        } else {
            folder.interface.expect_attention_on(config.provider)?;
            let mut model = folder.model;
            // On a card the logits of a whole prompt would have to come over the bus; not every graph has a head that is found.
            let chooses =
                config.provider != Provider::Cpu && choose_logits(&mut model, &folder.interface.logits).is_ok();
            let step = Arc::new(CurrentStep::default());
            let session = match config.lora {
                Some(LoraForm::Operator) => {
                    let operators = lora::operators(&step, config.threads)?;
                    runtime.session(&model, config.threads, Some(operators))?
                }
                None | Some(LoraForm::Standard) => runtime.session_on(config.provider, &model, config.threads)?,
            };
            let vocab = folder.info.vocab_size;
            let forward = Forward::new(session, folder.interface, Arc::clone(&sites), step, vocab);
            let forward = if chooses { forward.choosing_logits() } else { forward };
            Box::new(StockBackend::new(match config.provider {
                Provider::Cpu => forward,
                card @ Provider::Cuda { .. } => forward.kept_on(&runtime, card)?,
            }))
        };
        let (tokenizer, chat, info) = (folder.tokenizer, folder.chat, folder.info);
        // Without sites there is nothing to hold, in whatever form.
        let form = config.lora.unwrap_or(LoraForm::Operator);
        let parts = Parts { backend, token_bytes, sites, form, tokenizer, chat, info, limits };
        Self::assemble(parts)
    }

    /// Starts the threads around a backend.
    pub(crate) fn assemble(parts: Parts) -> Result<Self, EngineError> {
        let Parts { backend, token_bytes, sites, form, tokenizer, chat, info, limits } = parts;
        let limits = bounded(limits);
        let (info, tokenizer) = (Arc::new(info), Arc::new(tokenizer));
        let (commands, receiver) = mpsc::channel(limits.max_queue.clamp(16, 4096));
        let slots = SlotTable::new(Arc::clone(&sites), &limits, form);
        let loader = Loader::start(commands.downgrade(), Arc::clone(&sites), limits.clone(), form)?;
        let pool = BlockPool::new(limits.block_tokens, blocks(&limits, token_bytes));
        let scheduler =
            Scheduler::new(backend, slots, loader, pool, Arc::clone(&tokenizer), Arc::clone(&info), limits.clone());
        let thread = Builder::new()
            .name("openledger-engine".to_owned())
            .spawn(move || worker::run(scheduler, receiver))
            .map_err(|error| EngineError::Runtime { reason: error.to_string() })?;
        let inner =
            Inner { commands: Some(commands), thread: Some(thread), tokenizer, chat, info, sites, form, limits };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What is known about the model.
    #[must_use]
    pub fn model(&self) -> &ModelInfo {
        &self.inner.info
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Token ids of a prompt, with the special tokens the tokenizer puts around one.
    ///
    /// # Errors
    /// [`EngineError::RequestLimit`] for an oversized text, [`EngineError::Tokenization`].
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        self.tokens(text, true)
    }

    /// Token ids of a text that continues a prompt: no special tokens are added.
    ///
    /// # Errors
    /// As [`Engine::encode`].
    pub fn encode_completion(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        self.tokens(text, false)
    }

    /// Token ids of a conversation, up to the beginning of the next answer, in the form of the model's default chat
    /// template.
    ///
    /// # Errors
    /// As [`Engine::chat_prompt_with`].
    pub fn chat_prompt(&self, messages: &[ChatMessage]) -> Result<Vec<u32>, EngineError> {
        self.chat_prompt_with(messages, &ChatOptions::default())
    }

    /// Token ids of a conversation. The template writes the special tokens itself; the tokenizer adds none.
    ///
    /// # Errors
    /// [`EngineError::ChatTemplateMissing`]; [`EngineError::ChatTemplate`] for a template that is broken or fails;
    /// [`EngineError::RequestInvalid`] for messages that the template refuses or a template that the model does not
    /// have; [`EngineError::RequestLimit`] and [`EngineError::Tokenization`] as for a prompt.
    pub fn chat_prompt_with(&self, messages: &[ChatMessage], options: &ChatOptions) -> Result<Vec<u32>, EngineError> {
        self.tokens(&self.chat_text(messages, options)?, false)
    }

    /// The text of a conversation before it becomes tokens.
    ///
    /// # Errors
    /// As [`Engine::chat_prompt_with`].
    pub fn chat_text(&self, messages: &[ChatMessage], options: &ChatOptions) -> Result<String, EngineError> {
        match &self.inner.chat {
            Ok(Some(templates)) => templates.render(messages, options),
            Ok(None) => Err(EngineError::ChatTemplateMissing),
            Err(reason) => Err(EngineError::ChatTemplate { reason: reason.clone() }),
        }
    }

    /// Text of token ids, special tokens left out.
    ///
    /// # Errors
    /// [`EngineError::Tokenization`].
    pub fn decode(&self, ids: &[u32]) -> Result<String, EngineError> {
        decode(&self.inner.tokenizer, ids)
    }

    /// Reads a PEFT adapter folder and makes it available under `id`. Loading the same weights
    /// under the same id again is allowed and changes only the folder. The folder must stay: an adapter that was not used for long
    /// may have to be read again.
    ///
    /// # Errors
    /// All errors of adapters; nothing is loaded then.
    pub async fn load_adapter(
        &self,
        id: &str,
        dir: &Path,
        expected_digest: Option<[u8; 32]>,
    ) -> Result<AdapterInfo, EngineError> {
        let (id, source, prepared) = self.prepare(id, dir, expected_digest).await?;
        self.ask(|reply| Command::Load { id, prepared, source, reply }).await
    }

    /// Gives `id` another adapter, if it still has the generation `expected`: of two who replace at once, one learns that it came
    /// too late. Requests under way keep the adapter that they began with.
    ///
    /// # Errors
    /// As [`Engine::load_adapter`]; [`EngineError::AdapterUnknown`], [`EngineError::AdapterConflict`].
    pub async fn replace_adapter(
        &self,
        id: &str,
        dir: &Path,
        expected_digest: Option<[u8; 32]>,
        expected: [u8; 32],
    ) -> Result<AdapterInfo, EngineError> {
        let (id, source, prepared) = self.prepare(id, dir, expected_digest).await?;
        self.ask(|reply| Command::Replace { id, prepared, source, expected, reply }).await
    }

    /// Keeps an adapter in memory, or lets it make room for others again.
    ///
    /// # Errors
    /// [`EngineError::AdapterUnknown`], [`EngineError::AdapterLimit`].
    pub async fn pin_adapter(&self, id: &str, pinned: bool) -> Result<AdapterInfo, EngineError> {
        let id = id.to_owned();
        self.ask(|reply| Command::Pin { id, pinned, reply }).await
    }

    /// What the engine has done and what it holds.
    ///
    /// # Errors
    /// [`EngineError::Stopped`].
    pub async fn stats(&self) -> Result<EngineStats, EngineError> {
        self.ask(|reply| Command::Stats { reply }).await
    }

    /// Makes an adapter unavailable. Requests that already use it end undisturbed.
    ///
    /// # Errors
    /// [`EngineError::AdapterUnknown`].
    pub async fn unload_adapter(&self, id: &str) -> Result<(), EngineError> {
        let id = id.to_owned();
        self.ask(|reply| Command::Unload { id, reply }).await
    }

    /// The adapters that requests can name, sorted by id.
    ///
    /// # Errors
    /// [`EngineError::Stopped`].
    pub async fn adapters(&self) -> Result<Vec<AdapterInfo>, EngineError> {
        self.ask(|reply| Command::List { reply }).await
    }

    /// Accepts a request and returns its events. Dropping the receiver cancels the request.
    ///
    /// # Errors
    /// Errors of requests, [`EngineError::AdapterUnknown`], [`EngineError::QueueFull`]; later
    /// failures are the last event.
    pub async fn generate(
        &self,
        request: GenerateRequest,
    ) -> Result<mpsc::Receiver<Result<GenerateEvent, EngineError>>, EngineError> {
        self.ask(|reply| Command::Generate { request, reply }).await
    }

    /// Log-probability in nats of each row's completion given its prompt, in the order of the rows. The rows wait in line and run
    /// beside what is generated.
    ///
    /// # Errors
    /// Errors of requests, [`EngineError::AdapterUnknown`], [`EngineError::Inference`].
    pub async fn score(&self, rows: Vec<ScoreRow>) -> Result<Vec<f64>, EngineError> {
        self.ask(|reply| Command::Score { rows, reply }).await
    }

    /// Logits [last, vocabulary] after each of the last `last` prompt tokens, for comparing this
    /// engine with others.
    ///
    /// # Errors
    /// As [`Engine::score`].
    pub async fn prompt_logits(
        &self,
        adapter: Option<&str>,
        prompt: Vec<u32>,
        last: usize,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        let adapter = adapter.map(str::to_owned);
        self.ask(|reply| Command::PromptLogits { adapter, prompt, last, reply }).await
    }

    /// Reads and checks an adapter beside the engine's own thread.
    async fn prepare(
        &self,
        id: &str,
        dir: &Path,
        expected_digest: Option<[u8; 32]>,
    ) -> Result<(String, Source, Prepared), EngineError> {
        if id.is_empty() || id.len() > MAX_ID_BYTES {
            return Err(EngineError::RequestInvalid { reason: format!("an adapter id has 1 to {MAX_ID_BYTES} bytes") });
        }
        let (folder, inner) = (dir.to_owned(), Arc::clone(&self.inner));
        let read = move || {
            let source = Source::of(&folder);
            let prepared = Prepared::read(&folder, expected_digest, None, &inner.sites, &inner.limits, inner.form)?;
            Ok::<_, EngineError>((source, prepared))
        };
        let (source, prepared) = match tokio::runtime::Handle::try_current() {
            Ok(runtime) => runtime.spawn_blocking(read).await.map_err(|_| EngineError::Stopped)??,
            // Another executor: reading a file is short enough.
            Err(_) => read()?,
        };
        Ok((id.to_owned(), source, prepared))
    }

    fn tokens(&self, text: &str, special: bool) -> Result<Vec<u32>, EngineError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(EngineError::RequestLimit { what: "bytes of text", value: text.len(), limit: MAX_TEXT_BYTES });
        }
        self.inner
            .tokenizer
            .encode(text, special)
            .map(|encoding| encoding.get_ids().to_vec())
            .map_err(|error| EngineError::Tokenization { reason: error.to_string() })
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, EngineError> {
        let (reply, answer) = oneshot::channel();
        let commands = self.inner.commands.as_ref().ok_or(EngineError::Stopped)?;
        let sent = commands.send(command(reply)).await;
        sent.map_err(|_| EngineError::Stopped)?;
        answer.await.map_err(|_| EngineError::Stopped)?
    }
}
