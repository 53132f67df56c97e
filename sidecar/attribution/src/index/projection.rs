//! The subspace in which queries and rows are compared.

use super::{IndexError, eigen, exact::dot};

/// Eigenvalues below this part of the largest are rounding noise of 32-bit factors, not directions.
const SMALLEST_PART: f64 = 1e-10;

/// An orthonormal basis of directions in parameter space.
///
/// It is data-aware: the directions are the principal ones of the secants. With as many dimensions as there are
/// independent secants it keeps every product of a gradient with a secant, up to rounding; with fewer it keeps the
/// directions in which the secants are longest.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    parameters: usize,
    /// One direction after the other.
    basis: Vec<f32>,
}

impl Projection {
    /// Principal directions of some vectors, at most `dimensions`. Placebos belong to the vectors too: in the span of the
    /// clusters alone they would seem smaller than they are, and so would the noise.
    ///
    /// # Errors
    /// [`IndexError::Size`] for no dimensions, [`IndexError::Length`], [`IndexError::NotFinite`], and
    /// [`IndexError::NoDirections`] when all vectors are zero.
    pub fn principal<'v>(vectors: impl IntoIterator<Item = &'v [f32]>, dimensions: usize) -> Result<Self, IndexError> {
        let limit = super::MAX_DIMENSIONS;
        if dimensions == 0 || dimensions > limit {
            return Err(IndexError::Size { what: "dimensions", value: dimensions, limit });
        }
        let vectors: Vec<&[f32]> = vectors.into_iter().collect();
        let parameters = vectors.first().map_or(0, |vector| vector.len());
        if let Some(odd) = vectors.iter().find(|vector| vector.len() != parameters) {
            return Err(IndexError::Length { what: "a secant", found: odd.len(), expected: parameters });
        }
        let gram: Vec<Vec<f64>> =
            vectors.iter().map(|left| vectors.iter().map(|right| dot(left, right)).collect()).collect();
        if !gram.iter().flatten().all(|value| value.is_finite()) {
            return Err(IndexError::NotFinite { what: "a secant" });
        }
        let eigen = eigen::symmetric(gram);
        let smallest = eigen.values.first().copied().unwrap_or(0.0) * SMALLEST_PART;
        let mut basis = Vec::new();
        for (value, coefficients) in eigen.values.iter().zip(&eigen.vectors).take(dimensions) {
            if *value <= smallest {
                break;
            }
            let mut direction = vec![0.0_f64; parameters];
            for (coefficient, vector) in coefficients.iter().zip(&vectors) {
                let factor = coefficient / value.sqrt();
                direction.iter_mut().zip(*vector).for_each(|(sum, element)| *sum += factor * f64::from(*element));
            }
            basis.extend(direction.into_iter().map(|element| element as f32));
        }
        if basis.is_empty() {
            return Err(IndexError::NoDirections);
        }
        Ok(Self { parameters, basis })
    }

    /// Takes a stored basis, one direction after the other. It is not checked to be orthonormal.
    ///
    /// # Errors
    /// [`IndexError::Length`] unless it holds whole directions and at least one, [`IndexError::NotFinite`].
    pub fn from_basis(parameters: usize, basis: Vec<f32>) -> Result<Self, IndexError> {
        if parameters == 0 || basis.is_empty() || !basis.len().is_multiple_of(parameters) {
            return Err(IndexError::Length { what: "the basis", found: basis.len(), expected: parameters });
        }
        if !basis.iter().all(|element| element.is_finite()) {
            return Err(IndexError::NotFinite { what: "the basis" });
        }
        Ok(Self { parameters, basis })
    }

    /// Number of directions.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.basis.len().checked_div(self.parameters).unwrap_or(0)
    }

    /// Length of the vectors that are projected.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// All directions, one after the other.
    #[must_use]
    pub fn basis(&self) -> &[f32] {
        &self.basis
    }

    /// The vector that has these coordinates: directions are summed in their order.
    ///
    /// # Errors
    /// [`IndexError::Length`].
    pub fn lift(&self, coordinates: &[f64]) -> Result<Vec<f32>, IndexError> {
        if coordinates.len() != self.dimensions() {
            let (found, expected) = (coordinates.len(), self.dimensions());
            return Err(IndexError::Length { what: "coordinates", found, expected });
        }
        let mut vector = vec![0.0_f64; self.parameters];
        for (coordinate, direction) in coordinates.iter().zip(self.basis.chunks_exact(self.parameters)) {
            vector.iter_mut().zip(direction).for_each(|(sum, element)| *sum += coordinate * f64::from(*element));
        }
        Ok(vector.into_iter().map(|element| element as f32).collect())
    }

    /// Coordinates of a vector.
    ///
    /// # Errors
    /// [`IndexError::Length`], [`IndexError::NotFinite`].
    pub fn project(&self, vector: &[f32]) -> Result<Vec<f64>, IndexError> {
        if vector.len() != self.parameters {
            return Err(IndexError::Length { what: "a vector", found: vector.len(), expected: self.parameters });
        }
        let coordinates: Vec<f64> =
            self.basis.chunks_exact(self.parameters).map(|direction| dot(direction, vector)).collect();
        if coordinates.iter().all(|value| value.is_finite()) {
            Ok(coordinates)
        } else {
            Err(IndexError::NotFinite { what: "a vector" })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Vec<Vec<f32>> {
        let element = |vector: usize, at: usize| ((vector * 37 + at * 11 + vector * at * 5) % 23) as f32 - 11.0;
        (1..6).map(|vector| (0..40).map(|at| element(vector, at)).collect()).collect()
    }

    #[test]
    fn products_with_the_vectors_survive() {
        let mut vectors = vectors();
        vectors.push(vectors[0].iter().map(|value| value * 2.0).collect());
        let projection = Projection::principal(vectors.iter().map(Vec::as_slice), 64).unwrap();
        assert_eq!(projection.dimensions(), 5, "a multiple adds no direction");
        let query: Vec<f32> = (0..40).map(|at| (at as f32 * 0.7).sin()).collect();
        let short = projection.project(&query).unwrap();
        for vector in &vectors {
            let row = projection.project(vector).unwrap();
            let found: f64 = short.iter().zip(&row).map(|(left, right)| left * right).sum();
            assert!((found - dot(&query, vector)).abs() < 1e-4, "{found}");
        }
        let kept: f64 = short.iter().map(|value| value * value).sum();
        assert!(kept < dot(&query, &query), "a projection is never longer");
    }

    #[test]
    fn coordinates_of_a_principal_vector_give_it_back() {
        let vectors = vectors();
        let projection = Projection::principal(vectors.iter().map(Vec::as_slice), 64).unwrap();
        for vector in &vectors {
            let back = projection.lift(&projection.project(vector).unwrap()).unwrap();
            assert!(back.iter().zip(vector).all(|(back, own)| (back - own).abs() < 1e-4));
        }
        assert_eq!(projection.lift(&[0.0]).unwrap_err().code(), "INDEX_LENGTH_MISMATCH");
    }

    #[test]
    fn fewer_dimensions_are_the_first_of_more() {
        let vectors = vectors();
        let of = |dimensions| Projection::principal(vectors.iter().map(Vec::as_slice), dimensions).unwrap();
        let (two, five) = (of(2), of(5));
        assert_eq!(two.dimensions(), 2);
        assert_eq!(five.basis()[..two.basis().len()], *two.basis());
    }

    #[test]
    fn what_has_no_directions_is_refused() {
        let code = |vectors: &[Vec<f32>], dimensions| {
            Projection::principal(vectors.iter().map(Vec::as_slice), dimensions).unwrap_err().code()
        };
        assert_eq!(code(&[vec![0.0; 4]], 2), "INDEX_NO_DIRECTIONS");
        assert_eq!(code(&[], 2), "INDEX_NO_DIRECTIONS");
        assert_eq!(code(&vectors(), 0), "INDEX_OVER_LIMIT");
        assert_eq!(code(&vectors(), 131_072), "INDEX_OVER_LIMIT");
        assert_eq!(code(&[vec![1.0], vec![1.0, 2.0]], 2), "INDEX_LENGTH_MISMATCH");
        assert_eq!(code(&[vec![f32::NAN]], 2), "INDEX_NOT_FINITE");
        assert!(Projection::from_basis(3, vec![1.0; 4]).is_err());
        assert!(Projection::from_basis(2, vec![1.0, f32::INFINITY]).is_err());
    }
}
