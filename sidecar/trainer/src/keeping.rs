//! When a part under way is written.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use openledger_protocol::Hash;

use crate::{TrainError, TrainState, progress::write_progress};

/// How a part under way is kept, so that it goes on where it was interrupted, with the same bits.
#[derive(Debug, Clone, Copy)]
pub struct Keeping<'a> {
    /// The file; three times the size of the part's adapters in 32 bits.
    pub place: &'a Path,
    /// Whose it is: states of another part are passed over.
    pub of: Hash,
    /// Time between two writings. What was done is also written when the observer stops the training.
    pub every: Duration,
}

/// When states under way are written.
pub(crate) struct Clock<'a> {
    keeping: Keeping<'a>,
    written: Instant,
}

impl<'a> Clock<'a> {
    pub fn start(keeping: Keeping<'a>) -> Self {
        Self { keeping, written: Instant::now() }
    }

    /// Writes states that are due, or all at the end.
    ///
    /// # Errors
    /// [`TrainError::File`].
    pub fn keep(&mut self, states: &[TrainState], ends: bool) -> Result<(), TrainError> {
        let Keeping { place, of, every } = self.keeping;
        if ends || self.written.elapsed() >= every {
            write_progress(place, &of, states)?;
            self.written = Instant::now();
        }
        Ok(())
    }
}
