use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

use ballista::prelude::SessionContextExt;
use datafusion::{execution::SessionState, logical_expr::ScalarUDF, prelude::SessionContext};
use openledger_corpus::{
    Row,
    clusters::{Clusters, Gradients, Settings, parts::Links},
};
use tempfile::TempDir;

use crate::{error::ClusterError, functions, session, staging, steps::Steps};

/// Where plans run: in this process, or on a cluster.
///
/// The clusters are those that [`Clusters::of`] finds in the same rows under the same settings.
pub struct Engine {
    state: SessionState,
    scheduler: Option<String>,
    folder: PathBuf,
    partitions: NonZeroUsize,
    deadline: Duration,
}

impl Engine {
    /// DataFusion in this process, which keeps what it writes below a folder while it works.
    ///
    /// # Errors
    ///
    /// DataFusion's own, when it cannot start.
    pub fn local(folder: &Path, partitions: NonZeroUsize) -> Result<Self, ClusterError> {
        let state = session::state(session::config(partitions)).map_err(ClusterError::at("starting DataFusion"))?;
        let (scheduler, deadline) = (None, Duration::MAX);
        Ok(Self { state, scheduler, folder: folder.into(), partitions, deadline })
    }

    /// A Ballista cluster whose scheduler listens at `df://HOST:PORT` (50050 where no port is given).
    ///
    /// Scheduler, executors and this process must see `folder` under the same path and be allowed to read what any of
    /// them writes there. A question that takes longer than `deadline` is given up: a cluster without executors
    /// answers never.
    ///
    /// # Errors
    ///
    /// An address that is none. Whether somebody listens there shows with the first question.
    pub fn cluster(
        scheduler: &str,
        folder: &Path,
        partitions: NonZeroUsize,
        deadline: Duration,
    ) -> Result<Self, ClusterError> {
        let state = session::state(session::config(partitions)).map_err(ClusterError::at("starting DataFusion"))?;
        Ok(Self { state, scheduler: Some(scheduler.into()), folder: folder.into(), partitions, deadline })
    }

    /// Finds the clusters of rows that stand in order of registration, earliest first.
    ///
    /// Of the settings, `threads` has no meaning here. With vectors, `pairs` bounds the pairs of texts and, apart from
    /// them, the pairs of rows whose vectors might be compared; in process those that are joined already do not count.
    ///
    /// # Errors
    ///
    /// What [`Clusters::of`] refuses, a folder that cannot be written to, and a cluster that fails, is late or answers
    /// something else.
    pub async fn clusters(
        &self,
        rows: &[&Row],
        settings: &Settings,
        gradients: Option<&Gradients<'_>>,
    ) -> Result<Clusters, ClusterError> {
        settings.check(rows.len(), rows.iter().fold(0, |sum: u64, row| sum.saturating_add(row.text_bytes())))?;
        if let Some(gradients) = gradients {
            gradients.check(rows.len())?;
        }
        let mut links = Links::new(rows.len());
        if !rows.is_empty() {
            let folder = self.stage(rows, gradients)?;
            let steps = Steps::new(self.context().await?, folder.path(), rows.len(), self.deadline);
            steps.sign(gradients.is_some()).await?;
            steps.join_copies(&mut links).await?;
            steps.bound_pairs(settings.pairs, gradients.is_some()).await?;
            steps.join_near(&mut links, settings.threshold, gradients.map(|gradients| gradients.threshold)).await?;
        }
        Ok(links.clusters(|row| rows.get(row as usize).map(|row| row.digest())))
    }

    /// A session of its own for every question, so that nothing of one shows in another.
    async fn context(&self) -> Result<SessionContext, ClusterError> {
        let Some(scheduler) = &self.scheduler else { return Ok(SessionContext::new_with_state(self.state.clone())) };
        let context = SessionContext::remote_with_state(scheduler, self.state.clone()).await;
        let context = context
            .map_err(|source| ClusterError::BadAddress { address: scheduler.clone(), source: Box::new(source) })?;
        // Ballista puts its own functions in the place of those that the state had.
        for function in functions::all() {
            context.register_udf(ScalarUDF::clone(&function));
        }
        Ok(context)
    }

    /// Everything that a question writes lies in one folder, which goes with it.
    fn stage(&self, rows: &[&Row], gradients: Option<&Gradients<'_>>) -> Result<TempDir, ClusterError> {
        let refused = |source| ClusterError::Folder { folder: self.folder.clone(), source };
        // Plans name files by their whole path.
        let shared = self.folder.canonicalize().map_err(refused)?;
        let folder = tempfile::Builder::new().prefix("openledger-clusters-").tempdir_in(shared).map_err(refused)?;
        let rows_folder = folder.path().join("rows");
        std::fs::create_dir(&rows_folder).map_err(refused)?;
        staging::write(&rows_folder, rows, gradients, self.partitions).map_err(refused)?;
        Ok(folder)
    }
}
