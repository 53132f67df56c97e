//! The engine's figures for Prometheus, on a listener of their own.

use std::{net::SocketAddr, time::Duration};

use ::metrics::{counter, gauge, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use openledger_engine::{Engine, EngineStats};
use tokio_util::sync::CancellationToken;

use crate::error::NodeError;

/// How old a figure may be.
const EVERY: Duration = Duration::from_secs(1);

/// Serves the figures on `address` until `stop`.
///
/// # Errors
/// [`NodeError::Config`] when nothing can listen there.
pub fn serve(address: SocketAddr, engine: Engine, stop: CancellationToken) -> Result<(), NodeError> {
    let failed = |error: metrics_exporter_prometheus::BuildError| {
        NodeError::Config(format!("metrics cannot be served on {address}: {error}"))
    };
    let (recorder, listener) = PrometheusBuilder::new().with_http_listener(address).build().map_err(failed)?;
    let until = stop.clone();
    tokio::spawn(async move {
        if let Some(Err(error)) = until.run_until_cancelled(listener).await {
            tracing::warn!(?error, "metrics are no longer served");
        }
    });
    tokio::spawn(async move {
        // An engine that has stopped has no more figures.
        while let Ok(stats) = engine.stats().await {
            with_local_recorder(&recorder, || record(&stats));
            if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                return;
            }
        }
    });
    Ok(())
}

/// Names follow Prometheus: base units, `_total` for what only grows.
fn record(stats: &EngineStats) {
    let EngineStats { adapters, .. } = stats;
    for (name, value) in [
        ("openledger_engine_running_sequences", stats.running),
        ("openledger_engine_waiting_sequences", stats.waiting),
        ("openledger_engine_kv_bytes", stats.kv_bytes),
        ("openledger_engine_adapters_registered", adapters.registered),
        ("openledger_engine_adapters_resident", adapters.resident),
        ("openledger_engine_adapter_bytes", adapters.resident_bytes),
    ] {
        gauge!(name).set(value as f64);
    }
    let free = stats.kv_blocks.saturating_sub(stats.kv_blocks_used).saturating_sub(stats.kv_blocks_known);
    for (state, value) in [("used", stats.kv_blocks_used), ("known", stats.kv_blocks_known), ("free", free)] {
        gauge!("openledger_engine_kv_blocks", "state" => state).set(value as f64);
    }
    for (name, value) in [
        ("openledger_engine_steps_total", stats.steps),
        ("openledger_engine_prefill_tokens_total", stats.prefill_tokens),
        ("openledger_engine_decode_tokens_total", stats.decode_tokens),
        ("openledger_engine_shared_tokens_total", stats.shared_tokens),
        ("openledger_engine_adapter_hits_total", adapters.hits),
        ("openledger_engine_adapter_misses_total", adapters.misses),
        ("openledger_engine_adapter_loads_total", adapters.loads),
        ("openledger_engine_adapter_evictions_total", adapters.evictions),
    ] {
        counter!(name).absolute(value);
    }
    gauge!("openledger_engine_adapter_load_seconds_sum").set(adapters.load_time.as_secs_f64());
    gauge!("openledger_engine_adapter_load_seconds_max").set(adapters.slowest_load.as_secs_f64());
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use openledger_engine::{GenerateRequest, double::Double};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn scrape(address: SocketAddr) -> String {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn figures_of_the_engine_are_served() {
        let engine = Double::default().start().unwrap();
        let mut events = engine.generate(GenerateRequest::greedy(vec![1; 40], 3)).await.unwrap();
        while events.recv().await.is_some() {}
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let stop = CancellationToken::new();
        serve(address, engine.clone(), stop.clone()).unwrap();
        let mut text = String::new();
        for _ in 0..200 {
            text = scrape(address).await;
            if text.contains("openledger_engine_prefill_tokens_total 40") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for line in ["openledger_engine_prefill_tokens_total 40", "openledger_engine_kv_blocks{state=\"used\"} 0"] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        let taken = serve(address, engine, CancellationToken::new()).unwrap_err();
        assert!(taken.to_string().contains("metrics cannot be served"), "{taken}");
        stop.cancel();
    }
}
