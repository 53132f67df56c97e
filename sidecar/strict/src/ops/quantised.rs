//! Embeddings of quantised tables.

use super::{Kernel, Source, gather::positions, one};
use crate::{
    Fault,
    tensor::{self, Tensor, elements},
};

/// `GatherBlockQuantized` as the onnxruntime-genai builder writes it: rows of a table of unsigned bytes, one number of
/// 8 bits or two of 4 in each, the low one first, with scales per block of a row and no zero points.
pub(super) fn gather(source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let attributes = &mut source.attributes;
    let mut exactly = |name: &str, default: i64, allowed: &[i64]| {
        let value = attributes.int(name)?.unwrap_or(default);
        allowed.contains(&value).then_some(value).ok_or_else(|| Fault::Attribute(name.to_owned()))
    };
    let bits = exactly("bits", 4, &[4, 8])?;
    exactly("gather_axis", 0, &[0])?;
    exactly("quantize_axis", 1, &[1])?;
    let block = tensor::size(exactly("block_size", 128, &[16, 32, 64, 128, 256, 512])?)?;
    Ok(one(move |inputs, _| {
        let (table, indices, scales) = (inputs.get(0)?, inputs.get(1)?, inputs.get(2)?);
        let wrong = || Fault::Shapes([table, scales].map(|tensor| tensor.shape().to_vec()).to_vec());
        let (&[rows, stored], &[scaled_rows, blocks]) = (table.shape(), scales.shape()) else { return Err(wrong()) };
        let each = if bits == 4 { 2 } else { 1 };
        let width = stored * each;
        if rows != scaled_rows || width.div_ceil(block) != blocks {
            return Err(wrong());
        }
        let shape = [indices.shape(), &[width]].concat();
        let mut all = Vec::with_capacity(elements(&shape)?);
        let (table, scales) = (table.raw()?, scales.floats()?);
        for row in positions(indices.integers()?, rows)? {
            let (bytes, scales) = (&table[row * stored..(row + 1) * stored], &scales[row * blocks..(row + 1) * blocks]);
            all.extend((0..width).map(|at| {
                let byte = bytes[at / each];
                let number = match (bits, at % 2) {
                    (8, _) => f32::from(byte) - 128.0,
                    (_, 0) => f32::from(byte & 15) - 8.0,
                    _ => f32::from(byte >> 4) - 8.0,
                };
                number * scales[at / block]
            }));
        }
        Tensor::new(shape, all)
    }))
}
