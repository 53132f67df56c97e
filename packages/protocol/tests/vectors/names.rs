//! Names of errors in the vectors: the same in every language.

use openledger_protocol::{
    amount::AmountError, attribution::AttributionError, credits::CreditError, dot::DotError, fees::FeeError,
    merkle::MerkleError, shares::ShareError,
};

pub fn amount(error: &AmountError) -> &'static str {
    match error {
        AmountError::NotCanonical(_) => "not_canonical",
        AmountError::TooLarge(_) => "too_large",
        AmountError::Overflow => "overflow",
    }
}

pub fn merkle(error: &MerkleError) -> &'static str {
    match error {
        MerkleError::IndexOutOfRange { .. } => "index_out_of_range",
        MerkleError::WrongLength { .. } => "wrong_length",
        MerkleError::RootMismatch => "root_mismatch",
        MerkleError::SumOverflow => "sum_overflow",
        MerkleError::BadRange { .. } => "bad_range",
    }
}

pub fn share(error: &ShareError) -> &'static str {
    match error {
        ShareError::NoWeight => "no_weight",
        ShareError::Overflow => "overflow",
    }
}

pub fn fee(error: &FeeError) -> &'static str {
    match error {
        FeeError::TableSum(_) => "table_sum",
        FeeError::Overflow => "overflow",
        FeeError::Share(inner) => share(inner),
    }
}

pub fn attribution(error: &AttributionError) -> &'static str {
    match error {
        AttributionError::TooManyClusters(_) => "too_many_clusters",
        AttributionError::OutOfRange => "out_of_range",
        AttributionError::Share(inner) => share(inner),
    }
}

pub fn dot(error: &DotError) -> &'static str {
    match error {
        DotError::LengthMismatch { .. } => "length_mismatch",
        DotError::TooLong(_) => "too_long",
    }
}

pub fn credit(error: &CreditError) -> &'static str {
    match error {
        CreditError::NoAttribution => "no_attribution",
        CreditError::ClusterCount { .. } => "cluster_count",
        CreditError::ShareSum(_) => "share_sum",
        CreditError::WrongFee { .. } => "wrong_fee",
        CreditError::Amount(inner) => amount(inner),
        CreditError::Fee(inner) => fee(inner),
    }
}
