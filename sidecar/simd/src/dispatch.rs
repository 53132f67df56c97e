//! Choosing an instruction set at run time.

use crate::isa::{Isa, Portable};

/// What is compiled once for every instruction set.
pub trait Operation {
    /// Does it with the given instructions. Implementations are marked `#[inline(always)]`, or they
    /// would not be compiled for them.
    fn run<I: Isa>(self, isa: I);
}

/// An instruction set that this processor has. All of them give the same bits.
#[derive(Debug, Clone, Copy)]
pub enum Level {
    /// What every processor of this architecture has: on 64-bit ARM that includes NEON and fused
    /// multiply-add; on x86-64 fused multiply-add is computed in software, which is slow.
    Portable,
    /// AVX2 with FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    /// AVX-512 F, BW, CD, DQ and VL.
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
}

impl Level {
    /// Every level of this processor, the fastest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(pulp::x86::V4::try_new().map(Self::Avx512));
            levels.extend(pulp::x86::V3::try_new().map(Self::Avx2));
        }
        levels.push(Self::Portable);
        levels
    }

    /// The fastest level of this processor.
    #[must_use]
    pub fn best() -> Self {
        Self::available().first().copied().unwrap_or(Self::Portable)
    }

    /// For logs and reports, for example `AVX-512`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable if cfg!(target_arch = "aarch64") => "NEON",
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "AVX2+FMA",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "AVX-512",
        }
    }

    /// Runs an operation compiled for this level.
    #[inline]
    pub fn run<Op: Operation>(self, operation: Op) {
        match self {
            Self::Portable => operation.run(Portable),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(isa) => isa.vectorize(With { isa, operation }),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(isa) => isa.vectorize(With { isa, operation }),
        }
    }
}

/// An operation bound to an instruction set, in the form that `pulp` runs.
#[cfg(target_arch = "x86_64")]
struct With<I, Op> {
    isa: I,
    operation: Op,
}

#[cfg(target_arch = "x86_64")]
impl<I: Isa, Op: Operation> pulp::NullaryFnOnce for With<I, Op> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.operation.run(self.isa);
    }
}
