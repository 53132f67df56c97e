//! Checks that start from the stored text and know nothing of the makers.

mod money;
mod signatures;
mod trees;
mod wire;
