//! `openledger start`.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    error::NodeError,
    home::Home,
    process::{self, Process},
};

pub async fn run(home: &Home) -> Result<(), NodeError> {
    let config = home.config()?;
    let engine = tokio::task::spawn_blocking(move || process::engine(&config))
        .await
        .map_err(|error| NodeError::Config(format!("the engine did not start: {error}")))??;
    let process = Process::prepare(home, engine, None).await?;
    println!("listening on http://{}", process.address()?);
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone())?);
    process.run(stop).await
}

/// Completes a token on SIGINT or SIGTERM.
pub fn stop_on_signal(stop: CancellationToken) -> Result<impl Future<Output = ()>, NodeError> {
    let failed = |error: std::io::Error| NodeError::Config(format!("cannot watch signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.cancel();
    })
}
