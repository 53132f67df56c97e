//! What a worker is asked to do, and what it is known by.

mod audit;
mod ticket;
mod training;

pub use audit::{AuditJob, AuditPlaces, Instrument, PART_ANSWERS};
pub(crate) use ticket::Ticket;
pub use training::{Part, Places, TrainingJob};

use openledger_protocol::Hash;

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub enum Job {
    /// A part of a family's training, or its assembly with the index.
    Training(Box<TrainingJob>),
    /// Some answers of an audit.
    Audit(Box<AuditJob>),
}

impl Job {
    /// Digest of everything that decides the result.
    #[must_use]
    pub fn id(&self) -> Hash {
        match self {
            Self::Training(job) => job.id(),
            Self::Audit(job) => job.id(),
        }
    }

    /// For people: which part of what.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Training(job) => job.name(),
            Self::Audit(job) => job.name(),
        }
    }
}

impl From<TrainingJob> for Job {
    fn from(job: TrainingJob) -> Self {
        Self::Training(Box::new(job))
    }
}

impl From<AuditJob> for Job {
    fn from(job: AuditJob) -> Self {
        Self::Audit(Box::new(job))
    }
}

/// The beginning of a digest, for people.
fn short(digest: &Hash) -> String {
    let mut digits = hex::encode(digest);
    digits.truncate(12);
    digits
}
