use crate::error::CorpusError;

/// Gradient vectors of the rows: the third way to be near, for candidates whose words differ too much.
#[derive(Debug, Clone, Copy)]
pub struct Gradients<'g> {
    /// One vector per row, in the rows' order, all of one length.
    pub vectors: &'g [Vec<i8>],
    /// Least cosine, in per cent, from 1 to 100.
    pub threshold: u32,
}

/// Longest vector: products of three such sums stay far below 128 bits.
const MAX_LENGTH: usize = 1 << 20;

impl Gradients<'_> {
    /// Refuses vectors that do not fit that many rows.
    ///
    /// # Errors
    ///
    /// [`CorpusError::BadGradients`].
    pub fn check(&self, rows: usize) -> Result<(), CorpusError> {
        let length = self.vectors.first().map_or(0, Vec::len);
        let fits = self.vectors.len() == rows
            && length <= MAX_LENGTH
            && (1..=100).contains(&self.threshold)
            && self.vectors.iter().all(|vector| vector.len() == length);
        if fits { Ok(()) } else { Err(CorpusError::BadGradients { rows }) }
    }

    pub(super) fn near(&self, a: u32, b: u32) -> bool {
        let (Some(a), Some(b)) = (self.vectors.get(a as usize), self.vectors.get(b as usize)) else { return false };
        near_vectors(a, b, self.threshold)
    }
}

/// `cos(a, b) >= threshold` in per cent, squared so that integers decide. A vector of zeros is near nothing.
pub fn near_vectors(a: &[i8], b: &[i8], threshold: u32) -> bool {
    let dot = product(a, b);
    let threshold = i128::from(threshold);
    dot > 0 && dot * dot * 10_000 >= threshold * threshold * product(a, a) * product(b, b)
}

fn product(a: &[i8], b: &[i8]) -> i128 {
    a.iter().zip(b).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum::<i64>().into()
}
