//! The thread that owns the session.

use tokio::sync::{mpsc, oneshot};

use crate::{
    AdapterInfo, EngineError, GenerateEvent, GenerateRequest, ScoreRow, adapter::AdapterWeights, scheduler::Scheduler,
};

/// Where an answer goes. The asker may have gone away, which is no error.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, EngineError>>;

/// What the handle asks of the thread.
pub(crate) enum Command {
    List { reply: Reply<Vec<AdapterInfo>> },
    Load { id: String, weights: AdapterWeights, reply: Reply<AdapterInfo> },
    Unload { id: String, reply: Reply<()> },
    Generate { request: GenerateRequest, reply: Reply<mpsc::Receiver<Result<GenerateEvent, EngineError>>> },
    Score { rows: Vec<ScoreRow>, reply: Reply<Vec<f64>> },
    PromptLogits { adapter: Option<String>, prompt: Vec<u32>, last: usize, reply: Reply<Vec<Vec<f32>>> },
}

/// Serves commands between steps until the last handle is gone.
pub(crate) fn run(mut scheduler: Scheduler, mut commands: mpsc::Receiver<Command>) {
    loop {
        if scheduler.idle() {
            match commands.blocking_recv() {
                Some(command) => handle(&mut scheduler, command),
                None => return,
            }
        }
        loop {
            match commands.try_recv() {
                Ok(command) => handle(&mut scheduler, command),
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => return scheduler.stop(),
            }
        }
        scheduler.step();
    }
}

fn handle(scheduler: &mut Scheduler, command: Command) {
    match command {
        Command::Load { id, weights, reply } => {
            let _ = reply.send(scheduler.slots.load(&id, weights));
        }
        Command::Unload { id, reply } => {
            let _ = reply.send(scheduler.slots.unload(&id));
        }
        Command::List { reply } => {
            let _ = reply.send(Ok(scheduler.slots.list()));
        }
        Command::Generate { request, reply } => {
            let _ = reply.send(scheduler.submit(request));
        }
        Command::Score { rows, reply } => {
            let _ = reply.send(scheduler.score(&rows));
        }
        Command::PromptLogits { adapter, prompt, last, reply } => {
            let _ = reply.send(scheduler.prompt_logits(adapter.as_deref(), prompt, last));
        }
    }
}
