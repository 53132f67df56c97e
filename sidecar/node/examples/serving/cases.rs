//! What is measured.

use crate::spec::Popularity;

/// Who runs a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Ours,
    Peft,
    Genai,
    Llama,
}

impl Side {
    /// As `tests/peers/run.py` calls it; `None` for ours.
    pub fn peer(self) -> Option<&'static str> {
        match self {
            Self::Ours => None,
            Self::Peft => Some("peft"),
            Self::Genai => Some("genai"),
            Self::Llama => Some("llama"),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "OpenLedger",
            Self::Peft => "transformers + PEFT, mixed batch",
            Self::Genai => "onnxruntime-genai, base",
            Self::Llama => "llama.cpp server",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Case {
    pub key: &'static str,
    pub side: Side,
    pub shape: &'static str,
    pub popularity: Popularity,
    pub registered: usize,
    pub clients: usize,
    pub rounds: usize,
    pub prompt_tokens: usize,
    pub new_tokens: usize,
    pub repeats: usize,
}

const VOCABULARIES: [(&str, u32); 2] = [("135m", 49152), ("1b", 32000)];

impl Case {
    pub fn vocabulary(&self) -> u32 {
        VOCABULARIES.iter().find(|(shape, _)| *shape == self.shape).map_or(32000, |(_, vocabulary)| *vocabulary)
    }

    fn new(key: &'static str, side: Side, shape: &'static str, clients: usize, popularity: Popularity) -> Self {
        Self {
            key,
            side,
            shape,
            popularity,
            registered: if popularity == Popularity::Base { 0 } else { 8 },
            clients,
            rounds: 2,
            prompt_tokens: 64,
            new_tokens: 48,
            repeats: 3,
        }
    }
}

/// All cases, those that are compared beside each other.
pub fn all(quick: bool) -> Vec<Case> {
    use Popularity::{Base, Distinct, Identical, Zipf};
    use Side::{Genai, Llama, Ours, Peft};
    let one = |key, side, popularity| Case { rounds: 3, ..Case::new(key, side, "1b", 1, popularity) };
    // PEFT needs a minute for what takes the others seconds.
    let slow = |case: Case| Case { rounds: 1, repeats: 2, ..case };
    let zipf = |key, registered| Case { registered, rounds: 6, ..Case::new(key, Ours, "135m", 32, Zipf) };
    let mut cases = vec![
        Case::new("135m-32-base", Ours, "135m", 32, Base),
        Case::new("135m-32x8", Ours, "135m", 32, Distinct),
        Case::new("135m-32-genai", Genai, "135m", 32, Base),
        slow(Case::new("135m-32x8-once", Ours, "135m", 32, Distinct)),
        slow(Case::new("135m-32x8-peft", Peft, "135m", 32, Distinct)),
        Case::new("135m-8-base", Ours, "135m", 8, Base),
        Case::new("135m-8x8", Ours, "135m", 8, Distinct),
        zipf("135m-zipf-8", 8),
        zipf("135m-zipf-2000", 2000),
        Case::new("1b-8-base", Ours, "1b", 8, Base),
        Case::new("1b-8x8", Ours, "1b", 8, Distinct),
        Case::new("1b-8x8-llama", Llama, "1b", 8, Distinct),
        one("1b-1-base", Ours, Base),
        one("1b-1-base-llama", Llama, Base),
        one("1b-1", Ours, Identical),
        one("1b-1-llama", Llama, Identical),
    ];
    if quick {
        cases.retain(|case| case.shape == "135m" && case.clients == 8);
        for case in &mut cases {
            (case.rounds, case.repeats) = (1, 1);
        }
    }
    cases
}
