use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, BooleanArray},
        datatypes::{DataType, UInt64Type},
    },
    common::{Result, exec_err},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};
use openledger_corpus::clusters::parts;

use super::{arrays, column, per_cent};

/// `openledger_near(shingles, shingles, per_cent)`: the integer test of two texts.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Near {
    signature: Signature,
}

impl Default for Near {
    /// Lists name their items as their file does, so that the types are checked in the call.
    fn default() -> Self {
        Self { signature: Signature::any(3, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Near {
    fn name(&self) -> &str {
        "openledger_near"
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
        let (left, right) = (Shingles::of(&left)?, Shingles::of(&right)?);
        let near = (0..args.number_rows).map(|row| {
            let pair = left.at(row).zip(right.at(row));
            pair.is_some_and(|(left, right)| parts::near(left, right, threshold))
        });
        Ok(column(near.collect::<Vec<bool>>().into_iter().map(Some).collect::<BooleanArray>()))
    }
}

/// A column of lists of 64 bits.
struct Shingles<'s> {
    offsets: &'s [i32],
    values: &'s [u64],
}

impl<'s> Shingles<'s> {
    fn of(column: &'s ArrayRef) -> Result<Self> {
        let list = column.as_list_opt::<i32>();
        let values = list.and_then(|list| list.values().as_primitive_opt::<UInt64Type>());
        match (list, values) {
            (Some(list), Some(values)) if list.null_count() == 0 && values.null_count() == 0 => {
                Ok(Self { offsets: list.value_offsets(), values: values.values() })
            }
            _ => exec_err!("openledger_near compares lists of unsigned 64 bits, and got {}", column.data_type()),
        }
    }

    fn at(&self, row: usize) -> Option<&'s [u64]> {
        let from = usize::try_from(*self.offsets.get(row)?).ok()?;
        let to = usize::try_from(*self.offsets.get(row + 1)?).ok()?;
        self.values.get(from..to)
    }
}
