//! Families trained in parts and answers audited in parts, by any number of workers on any number of hosts.
//!
//! A family's adapters are trained in the parts that share runs anyway ([`openledger_trainer::shards`]), and the tangents of its tail in
//! parts that its recipe says, so a part has the same bits wherever and with whomever it is made, and the index that is built from them
//! has the same root for any number of workers. The answers of an audit are measured one by one, by all adapters of a family, so their
//! parts have the same bits likewise, and the audit has the same digest.
//!
//! - A [`Job`] is a part of a family or its assembly with the index ([`TrainingJob`]), or some answers of an audit ([`AuditJob`]). Its id
//!   is the digest of everything that decides its result, so asking twice is one job. Where its inputs lie is no part of the id: a worker
//!   compares what lies there with the digests.
//! - The [`Queue`] is [apalis](https://docs.rs/apalis) over SQLite, or over PostgreSQL for many hosts: it gives a job to one worker,
//!   and to another one when that worker's heartbeats stop.
//! - [`Results`] is a folder that all of them see. A result appears under its job's id whole or not at all.
//! - [`work`] takes jobs; [`Ask`] puts the jobs of a family or an audit into the queue and follows them.
//!
//! The queue may lose or repeat a job without harm: what was made is known by the results alone, and making it again gives the same.

mod ask;
mod audit;
mod error;
mod job;
mod perform;
mod queue;
mod results;
mod work;

pub use ask::{Ask, Standing};
pub use audit::{Answered, AuditEngine, Auditor, MAX_ANSWERS, audit_digest, gather};
pub use error::JobsError;
pub use job::{AuditJob, AuditPlaces, Instrument, Job, PART_ANSWERS, Part, Places, TrainingJob};
pub use perform::{Bench, Outcome, Progress, index_beside};
pub use queue::{Queue, State, without_secrets};
pub use results::{Contents, Made, Results};
pub use work::{Tally, WorkOptions, work};
