//! Datanet rows: reading, validation, digests and roots.
