//! Syntax of licences and media types, and bounds of review terms. Whether a licence exists or fits is for the Datanet's people to judge.

use cosmwasm_std::Uint128;

use crate::{
    msg::{Licence, MediaType, ReviewTerms},
    params::{MAX_AMOUNT, MAX_DELAY_SECONDS},
    ContractError,
};

/// Characters of SPDX expressions: identifiers, `AND`/`OR`/`WITH`, parentheses, `LicenseRef-` and `DocumentRef-…:`.
pub fn check_licence(licence: &Licence) -> Result<(), ContractError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-.+:() ".contains(&b);
    if licence.bytes().all(allowed) && licence.bytes().any(|b| b.is_ascii_alphabetic()) {
        return Ok(());
    }
    Err(ContractError::Licence { found: licence.to_string() })
}

/// `type/subtype` in the characters of RFC 6838, without parameters.
pub fn check_media_type(media_type: &MediaType) -> Result<(), ContractError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
    let part = |text: &str| !text.is_empty() && text.bytes().all(allowed);
    match media_type.split_once('/') {
        Some((left, right)) if part(left) && part(right) => Ok(()),
        _ => Err(ContractError::MediaType { found: media_type.to_string() }),
    }
}

/// Every bound that the fields' comments name.
pub fn check_review(terms: &ReviewTerms) -> Result<(), ContractError> {
    let seconds = |seconds: u64| (1..=MAX_DELAY_SECONDS).contains(&seconds);
    let amount = |amount: Uint128| amount <= Uint128::from(MAX_AMOUNT);
    let rules = [
        ([3, 5, 7].contains(&terms.reviewers), "reviewers must be 3, 5 or 7"),
        (amount(terms.bond), "bond must be at most 10^15"),
        (seconds(terms.vote_seconds.u64()), "vote_seconds must be 1 to 2592000"),
        (seconds(terms.appeal_seconds.u64()), "appeal_seconds must be 1 to 2592000"),
        (amount(terms.appeal_deposit), "appeal_deposit must be at most 10^15"),
    ];
    match rules.iter().find(|rule| !rule.0) {
        Some((_, rule)) => Err(ContractError::ReviewTerms(rule)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn licences() {
        for good in ["CC-BY-4.0", "MIT OR Apache-2.0", "(MIT AND BSD-3-Clause)", "LicenseRef-own", "CC0-1.0"] {
            assert!(check_licence(&Licence::new(good).unwrap()).is_ok(), "{good}");
        }
        for bad in ["CC_BY", "MIT/Apache", "lizenz ü", "()", "1.0"] {
            assert!(check_licence(&Licence::new(bad).unwrap()).is_err(), "{bad}");
        }
    }

    #[test]
    fn media_types() {
        for good in ["application/vnd.apache.parquet", "text/plain", "application/ld+json"] {
            assert!(check_media_type(&MediaType::new(good).unwrap()).is_ok(), "{good}");
        }
        for bad in ["parquet", "/x", "x/", "a/b/c", "text/plain; charset=utf-8", "text/pl ain"] {
            assert!(check_media_type(&MediaType::new(bad).unwrap()).is_err(), "{bad}");
        }
    }
}
