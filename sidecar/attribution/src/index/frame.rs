//! Coordinates spread over more integers than there are directions, so that rounding costs less.
//!
//! All rows share one power of two, and principal coordinates are uneven: the first are long, the last a few steps. A row of
//! a Walsh–Hadamard matrix meets every coordinate with the same weight, so each of the `N` integers carries an even part of
//! all of them, and the errors of `N` roundings average out over `d` directions.

use super::IndexError;

/// Integers that are wanted for each direction: rounding noise falls with the root of it.
pub const SPREAD: usize = 8;

/// Bits of an odd number far from any pattern; times a place, modulo a power of two, it moves every place to one of its own.
const STRIDE: usize = 0x9E37_79B1;

/// `N` integers for up to `N` directions: the columns of a Walsh–Hadamard matrix, orthogonal and of ±1, one for each
/// direction.
///
/// Products survive: a query is spread by ±1 and a row by ±1/`N`, and `N` is a power of two, so nothing is rounded by the
/// scale. Sums have a fixed order, so every processor gives the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    dimensions: usize,
}

impl Frame {
    /// Takes a number of integers.
    ///
    /// # Errors
    /// [`IndexError::Frame`] unless it is a power of two.
    pub fn new(dimensions: usize) -> Result<Self, IndexError> {
        if dimensions.is_power_of_two() { Ok(Self { dimensions }) } else { Err(IndexError::Frame { dimensions }) }
    }

    /// The frame for some directions: [`SPREAD`] integers for each of them, or as many as `most` allows.
    ///
    /// # Errors
    /// [`IndexError::Length`] for more directions than [`Frame::widest`] has integers.
    pub fn of(directions: usize, most: usize) -> Result<Self, IndexError> {
        let widest = Self::widest(most);
        if directions > widest.dimensions {
            return Err(IndexError::Length { what: "the basis", found: directions, expected: widest.dimensions });
        }
        // Beyond this every pattern of signs of the directions is there, and more integers only repeat each other.
        let patterns = u32::try_from(directions.saturating_sub(1)).ok().and_then(|bits| 1_usize.checked_shl(bits));
        let wanted = directions.saturating_mul(SPREAD).min(patterns.unwrap_or(usize::MAX)).max(directions);
        Ok(Self { dimensions: wanted.checked_next_power_of_two().unwrap_or(usize::MAX).min(widest.dimensions) })
    }

    /// The largest frame of at most so many integers, and at least one.
    #[must_use]
    pub fn widest(most: usize) -> Self {
        Self { dimensions: most.max(1).checked_ilog2().map_or(1, |power| 1 << power) }
    }

    /// Integers of a row or query.
    #[must_use]
    pub fn dimensions(self) -> usize {
        self.dimensions
    }

    /// Spreads a query's coordinates.
    ///
    /// # Errors
    /// [`IndexError::Length`] for more coordinates than there are integers.
    pub fn query(self, coordinates: &[f64]) -> Result<Vec<f64>, IndexError> {
        let mut spread = vec![0.0; self.dimensions];
        for (at, coordinate) in coordinates.iter().enumerate() {
            let place = at.wrapping_mul(STRIDE) & self.dimensions.wrapping_sub(1);
            let free = spread.get_mut(place).filter(|_| at < self.dimensions);
            let too_many = IndexError::Length { what: "a vector", found: coordinates.len(), expected: self.dimensions };
            *free.ok_or(too_many)? = sign(at) * coordinate;
        }
        transform(&mut spread);
        Ok(spread)
    }

    /// Spreads a row's coordinates, so that its product with a spread query is that of the coordinates.
    ///
    /// # Errors
    /// As [`Frame::query`].
    pub fn row(self, coordinates: &[f64]) -> Result<Vec<f64>, IndexError> {
        let mut spread = self.query(coordinates)?;
        spread.iter_mut().for_each(|value| *value /= self.dimensions as f64);
        Ok(spread)
    }

    /// The first `directions` coordinates of a spread row: undoes [`Frame::row`].
    ///
    /// # Errors
    /// [`IndexError::Length`] for a row of another length, or more directions than it has integers.
    pub fn coordinates(self, mut row: Vec<f64>, directions: usize) -> Result<Vec<f64>, IndexError> {
        if row.len() != self.dimensions || directions > self.dimensions {
            let found = row.len().max(directions);
            return Err(IndexError::Length { what: "a row", found, expected: self.dimensions });
        }
        // The transform is its own inverse but for the number of integers, which rows were divided by.
        transform(&mut row);
        let (last, value) = (self.dimensions.wrapping_sub(1), |place: usize| row.get(place).copied().unwrap_or(0.0));
        Ok((0..directions).map(|at| sign(at) * value(at.wrapping_mul(STRIDE) & last)).collect())
    }
}

/// Signs without a pattern of their own (Rudin and Shapiro's): coordinates of one size do not gather in one integer.
fn sign(at: usize) -> f64 {
    if (at & (at >> 1)).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// The Walsh–Hadamard transform in place: sums and differences of halves, then of their halves.
fn transform(values: &mut [f64]) {
    let mut half = values.len() / 2;
    while half > 0 {
        for block in values.chunks_exact_mut(half.saturating_mul(2)) {
            let (left, right) = block.split_at_mut(half);
            for (left, right) in left.iter_mut().zip(right) {
                (*left, *right) = (*left + *right, *left - *right);
            }
        }
        half /= 2;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::index::quantise;

    fn product(left: &[f64], right: &[f64]) -> f64 {
        left.iter().zip(right).map(|(left, right)| left * right).sum()
    }

    /// A generator that needs no seed to be kept.
    fn values(count: usize, mut state: u64) -> Vec<f64> {
        let mut next = || {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn sizes_follow_the_directions() {
        let of = |directions, most| Frame::of(directions, most).unwrap().dimensions();
        assert_eq!([of(35, 1024), of(35, 1000), of(35, 100), of(35, 64), of(520, 1024)], [512, 512, 64, 64, 1024]);
        assert_eq!([of(1, 1024), of(2, 1024), of(5, 1024), of(8, 1024)], [1, 2, 16, 64]);
        assert_eq!(Frame::of(35, 63).unwrap_err().code(), "INDEX_LENGTH_MISMATCH");
        let short = Frame::new(4).unwrap();
        assert_eq!(short.coordinates(vec![0.0; 3], 3).unwrap_err().code(), "INDEX_LENGTH_MISMATCH");
        assert_eq!(short.coordinates(vec![0.0; 4], 5).unwrap_err().code(), "INDEX_LENGTH_MISMATCH");
        assert_eq!(Frame::new(48).unwrap_err().code(), "INDEX_FRAME_INVALID");
        assert_eq!(Frame::new(0).unwrap_err().code(), "INDEX_FRAME_INVALID");
        assert_eq!(Frame::new(4).unwrap().row(&[0.0; 5]).unwrap_err().code(), "INDEX_LENGTH_MISMATCH");
    }

    #[test]
    fn every_direction_has_a_column_of_ones_orthogonal_to_all_others() {
        for (directions, dimensions) in [(1, 1), (2, 2), (8, 64), (33, 512), (512, 512)] {
            let frame = Frame::new(dimensions).unwrap();
            let column = |at: usize| -> Vec<f64> {
                let unit: Vec<f64> = (0..directions).map(|other| f64::from(other == at)).collect();
                frame.query(&unit).unwrap()
            };
            let columns: Vec<Vec<f64>> = (0..directions).map(column).collect();
            for (at, left) in columns.iter().enumerate() {
                assert!(left.iter().all(|value| value.abs() == 1.0));
                for right in &columns[..at] {
                    assert_eq!(product(left, right), 0.0);
                }
            }
        }
    }

    #[test]
    fn integers_do_not_repeat_each_other() {
        // Were they few patterns again and again, their roundings would err alike and average nothing.
        let spread = Frame::new(512).unwrap().query(&values(33, 7)).unwrap();
        let mut sizes: Vec<u64> = spread.iter().map(|value| value.abs().to_bits()).collect();
        sizes.sort_unstable();
        sizes.dedup();
        assert!(sizes.len() > 500, "{}", sizes.len());
    }

    #[test]
    fn rounded_products_are_closer_than_without_a_frame() {
        let error = |frame: Option<Frame>| -> f64 {
            let uneven = |at: usize| 0.9_f64.powi(i32::try_from(at).unwrap());
            let of = |seed: u64| values(33, seed).iter().enumerate().map(|(at, value)| value * uneven(at)).collect();
            let rows: Vec<Vec<f64>> = (1..40).map(of).collect();
            let query: Vec<f64> = of(99);
            let spread_rows: Vec<Vec<f64>> =
                rows.iter().map(|row| frame.map_or_else(|| row.clone(), |frame| frame.row(row).unwrap())).collect();
            let spread_query = frame.map_or_else(|| query.clone(), |frame| frame.query(&query).unwrap());
            let rounded = |values: &[f64], exponent: i32| -> Vec<f64> {
                let steps = quantise::steps(values, exponent).into_iter();
                steps.map(|step| f64::from(step) * quantise::power_of_two(exponent)).collect()
            };
            let rows_exponent = quantise::exponent_of(spread_rows.iter().flatten(), "a row").unwrap();
            let query_exponent = quantise::exponent_of(&spread_query, "a query").unwrap();
            let asked = rounded(&spread_query, query_exponent);
            let apart = rows
                .iter()
                .zip(&spread_rows)
                .map(|(row, spread)| (product(row, &query) - product(&rounded(spread, rows_exponent), &asked)).powi(2));
            (apart.sum::<f64>() / rows.len() as f64).sqrt()
        };
        let (plain, spread) = (error(None), error(Some(Frame::new(512).unwrap())));
        println!("root of the mean squared error: {plain:.5} plain, {spread:.5} spread");
        assert!(spread < plain / 2.0, "{spread} and {plain}");
    }

    proptest! {
        #[test]
        fn products_survive(directions in 1_usize..70, wider in 0_u32..4, left: u64, right: u64) {
            let frame = Frame::new(directions.next_power_of_two() << wider).unwrap();
            let (query, row) = (values(directions, left), values(directions, right));
            let found = product(&frame.query(&query).unwrap(), &frame.row(&row).unwrap());
            prop_assert!((found - product(&query, &row)).abs() < 1e-12);
            let back = frame.coordinates(frame.row(&row).unwrap(), directions).unwrap();
            prop_assert!(back.iter().zip(&row).all(|(back, row)| (back - row).abs() < 1e-12));
        }
    }
}
