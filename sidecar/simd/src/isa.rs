//! Sixteen lanes on each instruction set. The only module that knows vector instructions.
//!
//! Every set does the same arithmetic lane by lane, so that all give the same bits. The
//! instructions are called through `pulp`, whose tokens prove that the processor has them.

/// Lanes of every vector, whatever the registers hold.
pub const LANES: usize = 16;

/// An instruction set.
pub trait Isa: Copy {
    /// Sixteen 32-bit floats.
    type Lanes: Copy;

    /// The given values.
    fn load(self, values: &[f32; LANES]) -> Self::Lanes;
    /// The floats whose upper halves are these bits: bf16 widened, which is exact.
    fn widen(self, halves: &[u16; LANES]) -> Self::Lanes;
    /// One value in every lane.
    fn splat(self, value: f32) -> Self::Lanes;
    /// `left + right`.
    fn add(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes;
    /// `left * right`, rounded even where [`Isa::add`] follows: nothing fuses the two.
    fn multiply(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes;
    /// `left * right + sum`, rounded once.
    fn multiply_add(self, left: Self::Lanes, right: Self::Lanes, sum: Self::Lanes) -> Self::Lanes;
    /// The greater of two values; the right one when a value is no number.
    fn maximum(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes;
    /// The smaller of two values; the right one when a value is no number.
    fn minimum(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes;
    /// The floats whose sign and exponent are the lowest nine bits of the given ones.
    fn exponent_from_low_bits(self, lanes: Self::Lanes) -> Self::Lanes;
    /// The lanes as values in memory.
    fn store(self, lanes: Self::Lanes) -> [f32; LANES];
}

/// What the compiler makes of plain Rust for the architecture's baseline.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

impl Isa for Portable {
    type Lanes = [f32; LANES];

    #[inline(always)]
    fn load(self, values: &[f32; LANES]) -> Self::Lanes {
        *values
    }

    #[inline(always)]
    fn widen(self, halves: &[u16; LANES]) -> Self::Lanes {
        halves.map(|bits| f32::from_bits(u32::from(bits) << 16))
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Lanes {
        [value; LANES]
    }

    #[inline(always)]
    fn multiply_add(self, left: Self::Lanes, right: Self::Lanes, sum: Self::Lanes) -> Self::Lanes {
        std::array::from_fn(|lane| left[lane].mul_add(right[lane], sum[lane]))
    }

    #[inline(always)]
    fn add(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes {
        std::array::from_fn(|lane| left[lane] + right[lane])
    }

    #[inline(always)]
    fn multiply(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes {
        std::array::from_fn(|lane| left[lane] * right[lane])
    }

    #[inline(always)]
    fn maximum(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes {
        std::array::from_fn(|lane| if left[lane] > right[lane] { left[lane] } else { right[lane] })
    }

    #[inline(always)]
    fn minimum(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes {
        std::array::from_fn(|lane| if left[lane] < right[lane] { left[lane] } else { right[lane] })
    }

    #[inline(always)]
    fn exponent_from_low_bits(self, lanes: Self::Lanes) -> Self::Lanes {
        lanes.map(|value| f32::from_bits(value.to_bits() << 23))
    }

    #[inline(always)]
    fn store(self, lanes: Self::Lanes) -> [f32; LANES] {
        lanes
    }
}

/// Up to 15 values, followed by zeros.
#[inline(always)]
pub fn padded<V: Copy + Default>(values: &[V]) -> [V; LANES] {
    let mut lanes = [V::default(); LANES];
    for (lane, value) in lanes.iter_mut().zip(values) {
        *lane = *value;
    }
    lanes
}

/// Sum of the lanes as a tree: halves are added until one is left.
#[inline(always)]
pub fn total(mut lanes: [f32; LANES]) -> f32 {
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
    }
    lanes[0]
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::{__m128i, __m256, __m256i, __m512};

    use pulp::{
        bytemuck::cast,
        x86::{V3, V4},
    };

    use super::{Isa, LANES};

    impl Isa for V4 {
        type Lanes = __m512;

        #[inline(always)]
        fn load(self, values: &[f32; LANES]) -> Self::Lanes {
            cast(*values)
        }

        #[inline(always)]
        fn widen(self, halves: &[u16; LANES]) -> Self::Lanes {
            let halves: __m256i = cast(*halves);
            cast(self.avx512f._mm512_slli_epi32::<16>(self.avx512f._mm512_cvtepu16_epi32(halves)))
        }

        #[inline(always)]
        fn splat(self, value: f32) -> Self::Lanes {
            self.avx512f._mm512_set1_ps(value)
        }

        #[inline(always)]
        fn multiply_add(self, left: Self::Lanes, right: Self::Lanes, sum: Self::Lanes) -> Self::Lanes {
            self.avx512f._mm512_fmadd_ps(left, right, sum)
        }

        #[inline(always)]
        fn add(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes {
            self.avx512f._mm512_add_ps(left, right)
        }

        #[inline(always)]
        fn multiply(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes {
            self.avx512f._mm512_mul_ps(left, right)
        }

        #[inline(always)]
        fn maximum(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes {
            self.avx512f._mm512_max_ps(left, right)
        }

        #[inline(always)]
        fn minimum(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes {
            self.avx512f._mm512_min_ps(left, right)
        }

        #[inline(always)]
        fn exponent_from_low_bits(self, lanes: Self::Lanes) -> Self::Lanes {
            cast(self.avx512f._mm512_slli_epi32::<23>(cast(lanes)))
        }

        #[inline(always)]
        fn store(self, lanes: Self::Lanes) -> [f32; LANES] {
            cast(lanes)
        }
    }

    impl Isa for V3 {
        type Lanes = [__m256; 2];

        #[inline(always)]
        fn load(self, values: &[f32; LANES]) -> Self::Lanes {
            cast(*values)
        }

        #[inline(always)]
        fn widen(self, halves: &[u16; LANES]) -> Self::Lanes {
            let halves: [__m128i; 2] = cast(*halves);
            halves.map(|half| cast(self.avx2._mm256_slli_epi32::<16>(self.avx2._mm256_cvtepu16_epi32(half))))
        }

        #[inline(always)]
        fn splat(self, value: f32) -> Self::Lanes {
            [self.avx._mm256_set1_ps(value); 2]
        }

        #[inline(always)]
        fn multiply_add(self, left: Self::Lanes, right: Self::Lanes, sum: Self::Lanes) -> Self::Lanes {
            [0, 1].map(|half| self.fma._mm256_fmadd_ps(left[half], right[half], sum[half]))
        }

        #[inline(always)]
        fn add(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes {
            [0, 1].map(|half| self.avx._mm256_add_ps(left[half], right[half]))
        }

        #[inline(always)]
        fn multiply(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes {
            [0, 1].map(|half| self.avx._mm256_mul_ps(left[half], right[half]))
        }

        #[inline(always)]
        fn maximum(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes {
            [0, 1].map(|half| self.avx._mm256_max_ps(left[half], right[half]))
        }

        #[inline(always)]
        fn minimum(self, left: Self::Lanes, right: Self::Lanes) -> Self::Lanes {
            [0, 1].map(|half| self.avx._mm256_min_ps(left[half], right[half]))
        }

        #[inline(always)]
        fn exponent_from_low_bits(self, lanes: Self::Lanes) -> Self::Lanes {
            lanes.map(|half| cast(self.avx2._mm256_slli_epi32::<23>(cast(half))))
        }

        #[inline(always)]
        fn store(self, lanes: Self::Lanes) -> [f32; LANES] {
            cast(lanes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Isa, LANES};
    use crate::{Level, Operation};

    /// Squares minus their rounded values: what a fused multiply-add would find.
    struct Errors<'v>(&'v mut [[f32; LANES]]);

    impl Operation for Errors<'_> {
        #[inline(always)]
        fn run<I: Isa>(self, isa: I) {
            for lanes in self.0 {
                let x = isa.load(lanes);
                let rounded = isa.load(&lanes.map(|x| -(x * x)));
                *lanes = isa.store(isa.add(isa.multiply(x, x), rounded));
            }
        }
    }

    #[test]
    fn a_product_is_rounded_before_it_is_added() {
        let x = 1.0 + 1.0 / 4096.0 + 1.0 / 8192.0;
        assert_ne!(f32::mul_add(x, x, -(x * x)), 0.0, "its square has more bits than a float");
        for level in Level::available() {
            let mut values = [[x; LANES]; 3];
            level.run(Errors(&mut values));
            assert_eq!(values, [[0.0; LANES]; 3], "{}", level.name());
        }
    }
}
