//! Bookkeeping of the key-value cache: which block belongs to whom, and which can be shared.

mod pool;
mod prefix;

pub(crate) use pool::BlockPool;
pub(crate) use prefix::{PrefixKey, PrefixKeys};
