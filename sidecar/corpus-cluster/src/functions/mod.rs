//! The functions of `openledger-corpus` under the names that plans call them by.

mod near;
mod near_vectors;
mod normalised;
mod signature;

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray},
        datatypes::Int64Type,
    },
    common::{Result, exec_err},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF},
};

/// All of them. Every machine must hold the same.
pub(crate) fn all() -> [Arc<ScalarUDF>; 4] {
    [
        Arc::new(ScalarUDF::from(normalised::Normalised::default())),
        Arc::new(ScalarUDF::from(signature::SignatureOf::default())),
        Arc::new(ScalarUDF::from(near::Near::default())),
        Arc::new(ScalarUDF::from(near_vectors::NearVectors::default())),
    ]
}

/// Exactly so many arguments, one array each of the batch's length.
fn arrays<const COUNT: usize>(name: &str, args: &ScalarFunctionArgs) -> Result<[ArrayRef; COUNT]> {
    let arrays = args.args.iter().map(|argument| argument.to_array(args.number_rows)).collect::<Result<Vec<_>>>()?;
    match <[ArrayRef; COUNT]>::try_from(arrays) {
        Ok(arrays) => Ok(arrays),
        Err(arrays) => exec_err!("{name} takes {COUNT} arguments and got {}", arrays.len()),
    }
}

/// A threshold in per cent, the same for the whole batch.
fn per_cent(name: &str, value: &ArrayRef) -> Result<u32> {
    let first = value.as_primitive_opt::<Int64Type>().filter(|value| !value.is_empty()).map(|value| value.value(0));
    match first.and_then(|value| u32::try_from(value).ok()) {
        Some(value) if value <= 100 => Ok(value),
        _ => exec_err!("{name} takes a threshold from 0 to 100 as its last argument"),
    }
}

/// The result as plans hand it on.
fn column(array: impl Array + 'static) -> ColumnarValue {
    ColumnarValue::Array(Arc::new(array))
}
