//! Audits: the adapters of a family measure finished answers, exactly, by forward passes.
//!
//! [`AuditEngine`] reads answers and says what measures them, [`Auditor`] measures. The same bits come out for the same
//! [`Instrument`](crate::Instrument) and answer, in whatever part and by whomever it is measured, on the same class of machine.

mod answers;
mod auditor;
mod measurements;

pub(crate) use answers::answers_digest;
pub use answers::{Answered, MAX_ANSWERS};
pub use auditor::{AuditEngine, Auditor};
pub(crate) use measurements::{MEASUREMENTS_FILE, write_measurements};
pub use measurements::{audit_digest, gather};
