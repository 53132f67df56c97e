//! A bound on how much one cluster can weigh.

use super::IndexError;

/// An index row may be this many times as long, for each row of its cluster, as that of the median cluster.
///
/// A cluster made to look extreme earns from every answer that it does not resemble, which is the known way to inflate
/// pay. The bound is on length alone: direction, and so sign, stay as measured. It grows with the cluster's rows, because
/// an honest contributor of many rows moves the adapter further than one of few.
pub const CAP_MULTIPLE: f64 = 2.0;

/// What the bound did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leverage {
    /// Longest length for each row of a cluster, in units of parameters.
    pub cap: f64,
    /// Clusters whose index row was shortened.
    pub capped: u32,
}

/// Shortens index rows beyond [`CAP_MULTIPLE`] times the median length for each row of a cluster. The median of an even number
/// is the lower one. Without any length, when most are zero, nothing is shortened: there is no usual length to compare with.
///
/// # Errors
/// [`IndexError::NotFinite`], [`IndexError::Length`] unless every cluster has a number of rows.
pub fn cap(rows: &mut [Vec<f64>], sizes: &[u32]) -> Result<Leverage, IndexError> {
    if sizes.len() != rows.len() {
        return Err(IndexError::Length { what: "the list of sizes", found: sizes.len(), expected: rows.len() });
    }
    let length = |row: &Vec<f64>| row.iter().map(|value| value * value).sum::<f64>().sqrt();
    let size = |size: &u32| f64::from((*size).max(1));
    let mut lengths: Vec<f64> = rows.iter().zip(sizes).map(|(row, own)| length(row) / size(own)).collect();
    if !lengths.iter().all(|length| length.is_finite()) {
        return Err(IndexError::NotFinite { what: "a row" });
    }
    lengths.sort_by(f64::total_cmp);
    let median = lengths.get(lengths.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
    let cap = CAP_MULTIPLE * median;
    let mut capped = 0_u32;
    if cap > 0.0 {
        for (row, own) in rows.iter_mut().zip(sizes) {
            let (own, most) = (length(row), cap * size(own));
            if own > most {
                row.iter_mut().for_each(|value| *value *= most / own);
                capped = capped.saturating_add(1);
            }
        }
    }
    Ok(Leverage { cap, capped })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_outliers_are_shortened_and_keep_their_direction() {
        let mut rows = vec![vec![3.0, 4.0], vec![0.0, -5.0], vec![60.0, -80.0], vec![5.0, 0.0]];
        let found = cap(&mut rows, &[1; 4]).unwrap();
        assert_eq!(found, Leverage { cap: 10.0, capped: 1 });
        assert_eq!(rows[0], [3.0, 4.0]);
        assert!((rows[2][0] - 6.0).abs() < 1e-12 && (rows[2][1] + 8.0).abs() < 1e-12);
    }

    #[test]
    fn rows_without_a_usual_length_stay() {
        let mut rows = vec![vec![0.0], vec![0.0], vec![9.0]];
        assert_eq!(cap(&mut rows, &[1; 3]).unwrap().capped, 0);
        assert_eq!(rows[2], [9.0]);
        assert_eq!(cap(&mut [], &[]).unwrap().cap, 0.0);
        assert!(cap(&mut [vec![f64::NAN]], &[1]).is_err());
        assert!(cap(&mut [vec![1.0]], &[]).is_err());
    }

    #[test]
    fn many_rows_may_move_the_adapter_further() {
        let rows = || vec![vec![1.0], vec![2.0], vec![30.0]];
        let mut large = rows();
        assert_eq!(cap(&mut large, &[1, 2, 15]).unwrap(), Leverage { cap: 2.0, capped: 0 });
        let mut few = rows();
        assert_eq!(cap(&mut few, &[1, 2, 4]).unwrap().capped, 1);
        assert_eq!(few, [[1.0], [2.0], [8.0]]);
    }
}
