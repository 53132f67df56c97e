//! What is measured.

use crate::spec::{Popularity, Way};

/// Who runs a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Ours(Way),
    Peft,
    Genai,
    Llama,
}

impl Side {
    /// As `tests/peers/run.py` calls it; `None` for ours.
    pub fn peer(self) -> Option<&'static str> {
        match self {
            Self::Ours(_) => None,
            Self::Peft => Some("peft"),
            Self::Genai => Some("genai"),
            Self::Llama => Some("llama"),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Ours(Way::Engine) => "OpenLedger, engine",
            Self::Ours(Way::Plain) => "OpenLedger, engine without LoRA sites",
            Self::Ours(Way::Paid) => "OpenLedger, gRPC, paid",
            Self::Ours(Way::Attributed) => "OpenLedger, gRPC, paid and attributed",
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
    /// Requests of each client before the clock starts.
    pub warmup: usize,
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
            warmup: 1,
            prompt_tokens: 64,
            new_tokens: 48,
            repeats: 5,
        }
    }
}

/// All cases, those that are compared beside each other.
pub fn all(quick: bool) -> Vec<Case> {
    use Popularity::{Base, Distinct, Identical, Zipf};
    use Side::{Genai, Llama, Ours, Peft};
    use Way::{Attributed, Engine, Paid, Plain};
    let small = |key, way, clients, popularity| Case::new(key, Ours(way), "135m", clients, popularity);
    // What is in memory is what was asked for before: as many requests again bring that about.
    let zipf = |key, registered| Case { registered, rounds: 6, warmup: 6, ..small(key, Engine, 32, Zipf) };
    // One request of each client: PEFT needs a minute for what takes the others seconds.
    let once = |case: Case| Case { rounds: 1, repeats: 3, ..case };
    let large = |key, side, clients, popularity| Case { repeats: 3, ..Case::new(key, side, "1b", clients, popularity) };
    let one = |key, side, popularity| Case { rounds: 3, ..large(key, side, 1, popularity) };
    let mut cases = vec![
        small("135m-32-plain", Plain, 32, Base),
        small("135m-32-base", Engine, 32, Base),
        small("135m-32x8", Engine, 32, Distinct),
        small("135m-32x8-paid", Paid, 32, Distinct),
        small("135m-32x8-attributed", Attributed, 32, Distinct),
        Case { repeats: 3, ..Case::new("135m-32-genai", Genai, "135m", 32, Base) },
        once(small("135m-32x8-once", Engine, 32, Distinct)),
        once(small("135m-32x8-once-paid", Paid, 32, Distinct)),
        once(Case::new("135m-32x8-peft", Peft, "135m", 32, Distinct)),
        small("135m-8-plain", Plain, 8, Base),
        small("135m-8-base", Engine, 8, Base),
        small("135m-8x8", Engine, 8, Distinct),
        small("135m-8x8-paid", Paid, 8, Distinct),
        zipf("135m-zipf-8", 8),
        zipf("135m-zipf-2000", 2000),
        large("1b-8-base", Ours(Engine), 8, Base),
        large("1b-8x8", Ours(Engine), 8, Distinct),
        large("1b-8x8-paid", Ours(Paid), 8, Distinct),
        large("1b-8x8-llama", Llama, 8, Distinct),
        one("1b-1-base", Ours(Engine), Base),
        one("1b-1-base-llama", Llama, Base),
        one("1b-1", Ours(Engine), Identical),
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
