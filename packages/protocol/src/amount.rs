//! Amounts of uopen (10⁻⁶ OPEN) as decimal strings, with exactly one spelling per value.

use alloc::string::{String, ToString};

/// Why a string is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Empty, signed, padded, or with a character that is no digit.
    #[error("amount {0:?} is not canonical: write decimal digits without sign or leading zeros")]
    NotCanonical(String),
    /// Above 2¹²⁸ - 1.
    #[error("amount {0:?} does not fit 128 bits")]
    TooLarge(String),
    /// A sum above 2¹²⁸ - 1.
    #[error("a sum of amounts does not fit 128 bits")]
    Overflow,
}

/// The one spelling of `value`.
pub fn format(value: u128) -> String {
    value.to_string()
}

/// Reads an amount and refuses any other spelling of it, so that equal amounts have equal bytes.
pub fn parse(text: &str) -> Result<u128, AmountError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        return Err(AmountError::NotCanonical(shorten(text)));
    }
    text.parse().map_err(|_| AmountError::TooLarge(shorten(text)))
}

/// Sums amounts, refusing overflow.
pub fn sum(values: impl IntoIterator<Item = u128>) -> Result<u128, AmountError> {
    values.into_iter().try_fold(0u128, |total, value| total.checked_add(value)).ok_or(AmountError::Overflow)
}

/// Keeps error messages bounded whatever the input was.
fn shorten(text: &str) -> String {
    text.chars().take(48).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_one_spelling_is_accepted() {
        for bad in ["", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "0x1", "١"] {
            assert!(matches!(parse(bad), Err(AmountError::NotCanonical(_))), "{bad:?}");
        }
        assert_eq!(parse("0"), Ok(0));
        assert!(matches!(parse("340282366920938463463374607431768211456"), Err(AmountError::TooLarge(_))));
    }

    proptest! {
        #[test]
        fn round_trip(value: u128) {
            prop_assert_eq!(parse(&format(value)), Ok(value));
        }
    }
}
