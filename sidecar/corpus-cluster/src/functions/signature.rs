use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{AsArray, ListArray, ListBuilder, PrimitiveBuilder, StructArray},
        datatypes::{ArrowPrimitiveType, DataType, Field, Fields, UInt8Type, UInt64Type},
    },
    common::Result,
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};
use openledger_corpus::clusters::parts::{BANDS, Signer};

use super::{arrays, column};

/// `openledger_signature(text)`: shingles, band keys, and the numbers of the bands, so that both lists unnest together.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct SignatureOf {
    signature: Signature,
    signer: Signer,
}

impl Default for SignatureOf {
    fn default() -> Self {
        let signature = Signature::exact(vec![DataType::Utf8], Volatility::Immutable);
        Self { signature, signer: Signer::default() }
    }
}

impl ScalarUDFImpl for SignatureOf {
    fn name(&self) -> &str {
        "openledger_signature"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(fields()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [texts] = arrays(self.name(), &args)?;
        let mut shingles = list::<UInt64Type>();
        let mut bands = list::<UInt64Type>();
        let mut numbers = list::<UInt8Type>();
        for text in texts.as_string::<i32>() {
            // No text has no null; a row that had one would share no band.
            if let Some(text) = text {
                let signed = self.signer.one(text);
                shingles.values().append_slice(&signed.shingles);
                bands.values().append_slice(&signed.bands);
                numbers.values().extend((0..).take(BANDS).map(Some));
            }
            shingles.append(true);
            bands.append(true);
            numbers.append(true);
        }
        let lists: [ListArray; 3] = [shingles.finish(), bands.finish(), numbers.finish()];
        let lists = lists.map(|list| Arc::new(list) as _).to_vec();
        Ok(column(StructArray::try_new(fields(), lists, None)?))
    }
}

fn fields() -> Fields {
    [("shingles", DataType::UInt64), ("bands", DataType::UInt64), ("numbers", DataType::UInt8)]
        .map(|(name, of)| Field::new(name, DataType::List(item(of)), false))
        .to_vec()
        .into()
}

fn item(of: DataType) -> Arc<Field> {
    Arc::new(Field::new_list_field(of, false))
}

fn list<T: ArrowPrimitiveType>() -> ListBuilder<PrimitiveBuilder<T>> {
    ListBuilder::new(PrimitiveBuilder::new()).with_field(item(T::DATA_TYPE))
}
