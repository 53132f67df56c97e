use std::{net::SocketAddr, sync::Arc, time::Duration};

use ballista_core::config::TaskSchedulingPolicy;
use ballista_scheduler::{
    cluster::BallistaCluster,
    config::{SchedulerConfig, TaskDistributionPolicy},
    scheduler_process::start_server,
};

use crate::{error::ClusterError, session};

/// Divides questions into stages and hands them to executors that ask for work.
#[derive(Debug, Clone)]
pub struct Scheduler {
    /// Address to listen at.
    pub bind: SocketAddr,
    /// Silence after which an executor counts as lost and its work is given to others. Executors call twenty times a
    /// second when idle, and every five seconds when busy.
    pub executor_timeout: Duration,
}

impl Scheduler {
    /// Serves until the future is dropped.
    ///
    /// # Errors
    ///
    /// An address that is taken.
    pub async fn serve(&self) -> Result<(), ClusterError> {
        let failed = |reason: String| ClusterError::Server { server: "scheduler", reason };
        let mut config = SchedulerConfig::default()
            .with_hostname(self.bind.ip().to_string())
            .with_port(self.bind.port())
            .with_scheduler_policy(TaskSchedulingPolicy::PullStaged)
            .with_task_distribution(TaskDistributionPolicy::RoundRobin)
            .with_no_executors_grace_period_seconds(self.executor_timeout.as_secs())
            .with_override_session_builder(Arc::new(session::server));
        config.executor_timeout_seconds = self.executor_timeout.as_secs();
        config.expire_dead_executor_interval_seconds = (self.executor_timeout.as_secs() / 4).max(1);
        let cluster = BallistaCluster::new_from_config(&config).await.map_err(|error| failed(error.to_string()))?;
        start_server(cluster, self.bind, Arc::new(config)).await.map_err(|error| failed(error.to_string()))
    }
}
