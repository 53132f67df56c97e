//! What a session of scheduler, executor and whoever asks has in common: our functions beside those of DataFusion.

use std::num::NonZeroUsize;

use ballista_core::extension::SessionConfigExt;
use datafusion::{
    error::Result,
    execution::{FunctionRegistry, SessionState, SessionStateBuilder},
    prelude::SessionConfig,
};

use crate::functions;

/// Ballista's own configuration with so many parts per stage.
pub(crate) fn config(partitions: NonZeroUsize) -> SessionConfig {
    SessionConfig::new_with_ballista().with_target_partitions(partitions.get())
}

/// A state that knows our functions and runs plans where it is.
pub(crate) fn state(config: SessionConfig) -> Result<SessionState> {
    with_functions(SessionStateBuilder::new().with_default_features().with_config(config).build())
}

/// Ballista's state for scheduler and executors, which knows our functions.
#[cfg(feature = "servers")]
pub(crate) fn server(config: SessionConfig) -> Result<SessionState> {
    with_functions(ballista_core::utils::default_session_builder(config)?)
}

fn with_functions(mut state: SessionState) -> Result<SessionState> {
    for function in functions::all() {
        state.register_udf(function)?;
    }
    Ok(state)
}
