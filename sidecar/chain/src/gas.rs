//! Prices of gas and the fees they make.

use std::{fmt, str::FromStr};

use cosmwasm_std::Coin;

use crate::error::ChainError;

/// Parts of a unit a price is kept in.
const SCALE: u128 = 1_000_000_000_000;
const DECIMALS: usize = 12;

/// The price of one unit of gas, exact to twelve decimals: `0.025ustake`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GasPrice {
    scaled: u128,
    denom: String,
}

impl GasPrice {
    /// The fee for a gas limit, rounded up as nodes demand.
    #[must_use]
    pub fn fee(&self, gas: u64) -> Coin {
        let amount = u128::from(gas).saturating_mul(self.scaled).div_ceil(SCALE);
        Coin::new(amount, &self.denom)
    }

    /// The denomination fees are paid in.
    #[must_use]
    pub fn denom(&self) -> &str {
        &self.denom
    }
}

impl Default for GasPrice {
    /// `0.025ustake`: what local nodes and the development simulation ask for.
    fn default() -> Self {
        Self { scaled: 25 * SCALE / 1000, denom: "ustake".to_owned() }
    }
}

impl FromStr for GasPrice {
    type Err = ChainError;

    fn from_str(text: &str) -> Result<Self, ChainError> {
        let invalid = |reason: &str| ChainError::Invalid {
            what: "gas price",
            value: text.chars().take(64).collect(),
            reason: reason.to_owned(),
        };
        let split = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(|| invalid("a denomination must follow the number, as in 0.025ustake"))?;
        let (number, denom) = text.split_at(split);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.contains('.') {
            return Err(invalid("the number must look like 0.025"));
        }
        if whole.len() > DECIMALS || fraction.len() > DECIMALS {
            return Err(invalid("at most twelve digits on either side of the point"));
        }
        if !is_denom(denom) {
            return Err(invalid("the denomination must be 3 to 128 of a-z A-Z 0-9 / : . _ -"));
        }
        let digits = format!("{whole}{fraction:0<DECIMALS$}");
        let scaled = digits.parse().map_err(|_| invalid("the number must look like 0.025"))?;
        Ok(Self { scaled, denom: denom.to_owned() })
    }
}

impl fmt::Display for GasPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:012}", self.scaled % SCALE);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{}{point}{fraction}{}", self.scaled / SCALE, self.denom)
    }
}

/// Whether a text may name a native denomination (SDK rules).
fn is_denom(text: &str) -> bool {
    (3..=128).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/:._-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_prices_and_rounds_fees_up() {
        let price: GasPrice = "0.025ustake".parse().expect("a usual price");
        assert_eq!(price, GasPrice::default());
        assert_eq!(price.fee(100_000), Coin::new(2_500u128, "ustake"));
        assert_eq!(price.fee(100_001), Coin::new(2_501u128, "ustake"));
        assert_eq!(price.to_string(), "0.025ustake");
        assert_eq!("3uatom".parse::<GasPrice>().expect("whole").to_string(), "3uatom");
    }

    #[test]
    fn refuses_what_is_no_price() {
        for text in ["", "1", "ustake", ".5ustake", "1.2.3ustake", "1u", "-1ustake", "1us take"] {
            let error = text.parse::<GasPrice>().expect_err(text);
            assert_eq!(error.code(), "CHAIN_INVALID_VALUE", "{text}");
        }
    }
}
