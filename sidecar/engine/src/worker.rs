//! The thread that owns the session.

use std::{
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Instant,
};

use tokio::sync::{mpsc, oneshot};

use crate::{
    AdapterInfo, EngineError, EngineStats, GenerateEvent, GenerateRequest, ScoreRow,
    scheduler::Scheduler,
    slots::{Generation, LoadOutcome, Prepared, Source},
};

/// Where an answer goes. The asker may have gone away, which is no error.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, EngineError>>;

/// What the handle asks of the thread.
pub(crate) enum Command {
    List {
        reply: Reply<Vec<AdapterInfo>>,
    },
    Load {
        id: String,
        prepared: Prepared,
        source: Source,
        reply: Reply<AdapterInfo>,
    },
    Replace {
        id: String,
        prepared: Prepared,
        source: Source,
        expected: Generation,
        reply: Reply<AdapterInfo>,
    },
    Pin {
        id: String,
        pinned: bool,
        reply: Reply<AdapterInfo>,
    },
    Unload {
        id: String,
        reply: Reply<()>,
    },
    Generate {
        request: GenerateRequest,
        reply: Reply<mpsc::Receiver<Result<GenerateEvent, EngineError>>>,
    },
    Score {
        rows: Vec<ScoreRow>,
        reply: Reply<Vec<f64>>,
    },
    PromptLogits {
        adapter: Option<String>,
        prompt: Vec<u32>,
        last: usize,
        reply: Reply<Vec<Vec<f32>>>,
    },
    Stats {
        reply: Reply<EngineStats>,
    },
    /// From the engine's own loader.
    Loaded {
        outcome: LoadOutcome,
    },
}

/// Serves commands between steps until the last handle is gone.
pub(crate) fn run(mut scheduler: Scheduler, mut commands: mpsc::Receiver<Command>) {
    loop {
        loop {
            match commands.try_recv() {
                Ok(command) => handle(&mut scheduler, command),
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => return scheduler.stop(),
            }
        }
        if !scheduler.step() {
            match receive(&mut commands, scheduler.next_deadline()) {
                Some(Some(command)) => handle(&mut scheduler, command),
                Some(None) => return scheduler.stop(),
                None => {}
            }
        }
    }
}

/// The next command, `Some(None)` when the last handle is gone, or `None` when `until` comes first.
fn receive(commands: &mut mpsc::Receiver<Command>, until: Option<Instant>) -> Option<Option<Command>> {
    let Some(until) = until else { return Some(commands.blocking_recv()) };
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(command) = commands.poll_recv(&mut context) {
            return Some(command);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

/// Wakes a thread that waits for a command or a point in time, whichever comes first.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn handle(scheduler: &mut Scheduler, command: Command) {
    match command {
        Command::Load { id, prepared, source, reply } => {
            let _ = reply.send(scheduler.slots.load(&id, prepared, source));
        }
        Command::Replace { id, prepared, source, expected, reply } => {
            let _ = reply.send(scheduler.slots.replace(&id, prepared, source, expected));
        }
        Command::Pin { id, pinned, reply } => {
            let _ = reply.send(scheduler.slots.pin(&id, pinned));
        }
        Command::Unload { id, reply } => {
            let _ = reply.send(scheduler.slots.unload(&id));
        }
        Command::List { reply } => {
            let _ = reply.send(Ok(scheduler.slots.list()));
        }
        Command::Generate { request, reply } => {
            let _ = reply.send(scheduler.generate(request));
        }
        Command::Score { rows, reply } => scheduler.score(&rows, reply),
        Command::PromptLogits { adapter, prompt, last, reply } => {
            scheduler.prompt_logits(adapter.as_deref(), prompt, last, reply);
        }
        Command::Stats { reply } => {
            let _ = reply.send(Ok(scheduler.stats()));
        }
        Command::Loaded { outcome } => scheduler.loaded(outcome),
    }
}
