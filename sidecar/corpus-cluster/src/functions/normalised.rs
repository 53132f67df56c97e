use datafusion::{
    arrow::{
        array::{AsArray, StringBuilder},
        datatypes::DataType,
    },
    common::Result,
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};
use openledger_corpus::clusters::parts;

use super::{arrays, column};

/// `openledger_normalised(prompt, completion)`: the text that rows are compared by.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Normalised {
    signature: Signature,
}

impl Default for Normalised {
    fn default() -> Self {
        Self { signature: Signature::exact(vec![DataType::Utf8, DataType::Utf8], Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Normalised {
    fn name(&self) -> &str {
        "openledger_normalised"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [prompts, completions] = arrays(self.name(), &args)?;
        let (prompts, completions) = (prompts.as_string::<i32>(), completions.as_string::<i32>());
        let mut texts = StringBuilder::new();
        for pair in prompts.iter().zip(completions) {
            match pair {
                (Some(prompt), Some(completion)) => texts.append_value(parts::normalised(prompt, completion)),
                _ => texts.append_null(),
            }
        }
        Ok(column(texts.finish()))
    }
}
