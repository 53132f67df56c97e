//! OPEN: the cw20 standard, fixed supply, burnable.
