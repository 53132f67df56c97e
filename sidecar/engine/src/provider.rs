//! What runs a model's operators: the processor, or a card.

use std::{fmt, str::FromStr};

/// What runs a model's operators.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Provider {
    /// The processor, for which our own operators are made.
    #[default]
    Cpu,
    /// A card of NVIDIA's, through ONNX Runtime's CUDA provider: standard operators, and the model's own attention. Nothing falls
    /// back to the processor when the card or a library is missing.
    Cuda {
        /// Number of the card, as `nvidia-smi` counts.
        device: u32,
    },
}

/// A provider's name that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no provider; write \"cpu\", \"cuda\" or \"cuda:N\" with the number of a card")]
pub struct UnknownProvider {
    name: String,
}

impl fmt::Display for Provider {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => out.write_str("cpu"),
            Self::Cuda { device } => write!(out, "cuda:{device}"),
        }
    }
}

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(name: &str) -> Result<Self, UnknownProvider> {
        let unknown = || UnknownProvider { name: name.to_owned() };
        match name.split_once(':') {
            None if name == "cpu" => Ok(Self::Cpu),
            None if name == "cuda" => Ok(Self::Cuda { device: 0 }),
            // The runtime takes the number as a signed one.
            Some(("cuda", number)) => match number.parse::<u32>() {
                Ok(device) if i32::try_from(device).is_ok() => Ok(Self::Cuda { device }),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for provider in [Provider::Cpu, Provider::Cuda { device: 0 }, Provider::Cuda { device: 7 }] {
            assert_eq!(provider.to_string().parse(), Ok(provider));
        }
        assert_eq!("cuda".parse(), Ok(Provider::Cuda { device: 0 }));
        for name in ["", "gpu", "CUDA", "cpu:0", "cuda:", "cuda:-1", "cuda:4294967295", "cuda:1:2"] {
            assert!(name.parse::<Provider>().unwrap_err().to_string().contains("cuda:N"), "{name}");
        }
    }
}
