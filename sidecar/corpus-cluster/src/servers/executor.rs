use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, sync::Arc, time::Duration};

use ballista_core::{config::TaskSchedulingPolicy, registry::BallistaFunctionRegistry};
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};

use crate::{error::ClusterError, session};

/// Seconds that an executor waits for its scheduler.
const CONNECT_SECONDS: u16 = 30;

/// Runs parts of stages, and keeps what they pass on until the question is over.
#[derive(Debug, Clone)]
pub struct Executor {
    /// Address to listen at, for other executors and for whoever asks.
    pub bind: SocketAddr,
    /// Name under which others reach that address, where it is another.
    pub external_host: Option<String>,
    /// The scheduler's host.
    pub scheduler_host: String,
    /// The scheduler's port.
    pub scheduler_port: u16,
    /// Parts that run at the same time.
    pub cores: NonZeroUsize,
    /// Folder for what stages pass on. It holds text of rows.
    pub work: PathBuf,
    /// Memory of all parts together, in bytes; sorts that need more go to disk. 70 % of the machine's where none is given.
    pub memory_bytes: Option<u64>,
    /// Age at which left-overs of questions are removed.
    pub keep: Duration,
}

impl Executor {
    /// Serves until the process is told to stop.
    ///
    /// # Errors
    ///
    /// An address that is taken, or no scheduler within half a minute.
    pub async fn serve(&self) -> Result<(), ClusterError> {
        let failed = |reason: String| ClusterError::Server { server: "executor", reason };
        // Ballista's own default leaves out the functions of lists.
        let state = session::server(session::config(self.cores)).map_err(|error| failed(error.to_string()))?;
        let functions = BallistaFunctionRegistry::from(&state);
        let config = ExecutorProcessConfig {
            bind_host: self.bind.ip().to_string(),
            port: self.bind.port(),
            external_host: Some(self.external_host.clone().unwrap_or_else(|| self.bind.ip().to_string())),
            scheduler_host: self.scheduler_host.clone(),
            scheduler_port: self.scheduler_port,
            scheduler_connect_timeout_seconds: CONNECT_SECONDS,
            vcores: self.cores.get(),
            task_scheduling_policy: TaskSchedulingPolicy::PullStaged,
            work_dir: Some(self.work.to_string_lossy().into_owned()),
            job_data_ttl_seconds: self.keep.as_secs(),
            job_data_clean_up_interval_seconds: (self.keep.as_secs() / 4).max(1),
            memory_pool_size: self.memory_bytes,
            override_function_registry: Some(Arc::new(functions)),
            override_config_producer: Some(Arc::new({
                let cores = self.cores;
                move || session::config(cores)
            })),
            ..ExecutorProcessConfig::default()
        };
        start_executor_process(Arc::new(config)).await.map_err(|error| failed(error.to_string()))
    }
}
