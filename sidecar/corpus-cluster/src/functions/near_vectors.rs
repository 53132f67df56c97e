use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray},
        datatypes::DataType,
    },
    common::{Result, exec_datafusion_err},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};
use openledger_corpus::clusters::parts;

use super::{arrays, column, per_cent};

/// `openledger_near_vectors(vectors, vectors, per_cent)`: whether any row of one text is near any row of the other.
///
/// A vector is a binary string of signed bytes.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct NearVectors {
    signature: Signature,
}

impl Default for NearVectors {
    fn default() -> Self {
        Self { signature: Signature::any(3, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for NearVectors {
    fn name(&self) -> &str {
        "openledger_near_vectors"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right, threshold] = arrays(self.name(), &args)?;
        if args.number_rows == 0 {
            return Ok(column(BooleanArray::from(Vec::<bool>::new())));
        }
        let threshold = per_cent(self.name(), &threshold)?;
        let mut near = Vec::with_capacity(args.number_rows);
        for row in 0..args.number_rows {
            let (left, right) = (vectors(&left, row)?, vectors(&right, row)?);
            near.push(left.iter().any(|left| right.iter().any(|right| parts::near_vectors(left, right, threshold))));
        }
        Ok(column(BooleanArray::from(near)))
    }
}

/// The vectors of one text's rows.
fn vectors(column: &ArrayRef, row: usize) -> Result<Vec<Vec<i8>>> {
    let wrong =
        || exec_datafusion_err!("openledger_near_vectors compares lists of binary, and got {}", column.data_type());
    let list = column.as_list_opt::<i32>().filter(|list| row < list.len()).ok_or_else(wrong)?.value(row);
    let list: &BinaryArray = list.as_binary_opt::<i32>().ok_or_else(wrong)?;
    Ok(list.iter().flatten().map(|vector| vector.iter().map(|byte| byte.cast_signed()).collect()).collect())
}
