//! A family that the workers of a queue train.

use std::{path::Path, sync::atomic::AtomicBool};

use openledger_jobs::{Ask, Places};
use openledger_trainer::{FamilyRecipe, Rows, Source};

use crate::{
    cli::{
        blocking,
        queue::{Ended, QueueArgs, for_workers},
    },
    error::NodeError,
};

/// Asks for a family and fetches it into its folder.
pub async fn train(
    queue: QueueArgs,
    family: &FamilyRecipe,
    source: &Source,
    out: &Path,
    stop: &AtomicBool,
) -> Result<Ended, NodeError> {
    let line = queue.open(out).await?;
    let ask = Ask::family(line.queue.clone(), line.results.clone(), family, &places(source)?)?;
    let ended = line.ask(&ask, stop).await?;
    if let Ended::Whole = ended {
        let folder = out.to_owned();
        if !blocking(move || Ok(ask.take(&folder)?)).await? {
            return Err(NodeError::Internal("the result is gone; give the same command again".into()));
        }
    }
    Ok(ended)
}

/// Base and rows under names that other processes can use.
fn places(source: &Source) -> Result<Places, NodeError> {
    let rows = match &source.rows {
        Rows::Datanet(folder) => Rows::Datanet(for_workers(folder)?),
        Rows::File(file) => Rows::File(for_workers(file)?),
    };
    Ok(Places { model: for_workers(&source.model)?, rows })
}
