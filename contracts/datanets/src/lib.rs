//! Datanets: membership, contributions, review, versions.
