//! Checks that start from the stored text and know nothing of the makers.

mod fraud;
mod money;
mod signatures;
mod trees;
mod wire;
