//! What another engine needs to find the same clusters: the pure functions of rows, and [`Links`] for what it found.

pub use super::{
    cosine::near_vectors,
    join::near,
    links::Links,
    minhash::{BANDS, Signed, Signer},
    text::normalised,
};
