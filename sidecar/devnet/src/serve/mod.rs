//! The listeners.

pub mod grpc;
mod json;
mod params;
pub mod rest;
pub mod rpc;
mod search;

use tokio::sync::watch;

/// Completes when the simulation stops.
async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the handle is gone, which is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}
