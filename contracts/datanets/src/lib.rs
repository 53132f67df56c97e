//! Datanets: membership, contributions, review, versions.

pub mod msg;
