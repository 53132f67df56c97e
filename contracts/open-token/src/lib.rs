//! OPEN: the cw20 standard with a fixed supply.

pub mod msg;
