use openledger_protocol::attribution::MAX_CLUSTERS;

/// Bounds on what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub file_bytes: usize,
    /// Bytes of one line, without its line feed.
    pub line_bytes: usize,
    /// Rows of one contribution.
    pub rows: usize,
    /// Contributions of one Datanet: one answer is attributed over no more clusters.
    pub contributions: usize,
}

impl Default for Limits {
    /// 64 MiB, 64 KiB, 100,000 rows, 4,096 contributions.
    fn default() -> Self {
        Self { file_bytes: 64 << 20, line_bytes: 64 << 10, rows: 100_000, contributions: MAX_CLUSTERS }
    }
}
