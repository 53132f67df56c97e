//! One-step fraud proofs over whole batches and epochs: every forgery is found and shown, and nothing honest can be
//! challenged, whatever is opened.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that panics names the case that broke, which is all it needs to do"
)]

/// Asserts in a property that a value has a shape, and shows the value otherwise.
macro_rules! shape {
    ($value:expr, $($pattern:tt)+) => {
        let value = $value;
        proptest::prop_assert!(matches!(value, $($pattern)+), "{:?}", value);
    };
}

mod charge;
mod credit;
mod duplicate;
mod equivocation;
mod honest;
mod payout;
mod receipt;
mod score;
mod share;
mod sums;
mod world;
