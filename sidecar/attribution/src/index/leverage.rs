//! A bound on how much one cluster can weigh.

use super::IndexError;

/// A row may be this many times as long as the median row.
///
/// A cluster made to look extreme earns from every answer that it does not resemble, which is the known way to inflate
/// pay. The bound is on length alone: direction, and so sign, stay as measured.
pub const CAP_MULTIPLE: f64 = 3.0;

/// What the bound did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leverage {
    /// Longest length that a row may have, in units of parameters.
    pub cap: f64,
    /// Rows that were shortened to it.
    pub capped: u32,
}

/// Shortens rows beyond [`CAP_MULTIPLE`] times the median length. The median of an even number is the lower one. Without
/// any length, when most rows are zero, nothing is shortened: there is no usual length to compare with.
///
/// # Errors
/// [`IndexError::NotFinite`].
pub fn cap(rows: &mut [Vec<f64>]) -> Result<Leverage, IndexError> {
    let length = |row: &Vec<f64>| row.iter().map(|value| value * value).sum::<f64>().sqrt();
    let mut lengths: Vec<f64> = rows.iter().map(length).collect();
    if !lengths.iter().all(|length| length.is_finite()) {
        return Err(IndexError::NotFinite { what: "a row" });
    }
    lengths.sort_by(f64::total_cmp);
    let median = lengths.get(lengths.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
    let cap = CAP_MULTIPLE * median;
    let mut capped = 0_u32;
    if cap > 0.0 {
        for row in rows.iter_mut() {
            let own = length(row);
            if own > cap {
                row.iter_mut().for_each(|value| *value *= cap / own);
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
        let found = cap(&mut rows).unwrap();
        assert_eq!(found, Leverage { cap: 15.0, capped: 1 });
        assert_eq!(rows[0], [3.0, 4.0]);
        assert!((rows[2][0] - 9.0).abs() < 1e-12 && (rows[2][1] + 12.0).abs() < 1e-12);
    }

    #[test]
    fn rows_without_a_usual_length_stay() {
        let mut rows = vec![vec![0.0], vec![0.0], vec![9.0]];
        assert_eq!(cap(&mut rows).unwrap().capped, 0);
        assert_eq!(rows[2], [9.0]);
        assert_eq!(cap(&mut []).unwrap().cap, 0.0);
        assert!(cap(&mut [vec![f64::NAN]]).is_err());
    }
}
