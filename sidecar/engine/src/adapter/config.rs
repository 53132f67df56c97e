//! `adapter_config.json`: what the adapter asks for, and whether that can be honoured.

use std::path::Path;

use serde_json::{Map, Value};

use crate::{EngineError, bounded_file::read_bounded};

const MAX_BYTES: u64 = 1 << 20;

/// Fields that never change what a stored adapter computes.
const NEUTRAL: [&str; 14] = [
    "auto_mapping",
    "base_model_name_or_path",
    "corda_config",
    "eva_config",
    "inference_mode",
    "layers_pattern",
    "lora_dropout",
    "megatron_core",
    "peft_type",
    "peft_version",
    "qalora_group_size",
    "revision",
    "runtime_config",
    "task_type",
];
/// Fields that this module reads.
const HONOURED: [&str; 8] = [
    "alpha_pattern",
    "exclude_modules",
    "layers_to_transform",
    "lora_alpha",
    "r",
    "rank_pattern",
    "target_modules",
    "use_rslora",
];
/// Ways of initialising that leave the base weights alone.
const PLAIN_INITS: [&str; 3] = ["gaussian", "eva", "orthogonal"];

/// The part of the configuration that the weights need.
#[derive(Debug)]
pub(crate) struct PeftConfig {
    rank: usize,
    alpha: f64,
    rslora: bool,
    rank_pattern: Vec<(String, f64)>,
    alpha_pattern: Vec<(String, f64)>,
    /// Modules that must be present in every targeted layer; empty when a pattern selects them.
    pub modules: Vec<String>,
    /// Layers that must be present; `None` means all.
    pub layers: Option<Vec<usize>>,
}

impl PeftConfig {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`EngineError::AdapterBroken`] for an unreadable file, [`EngineError::AdapterUnsupported`]
    /// naming the first field that would not be honoured.
    pub fn read(path: &Path) -> Result<Self, EngineError> {
        let broken = |reason: String| EngineError::AdapterBroken { path: path.to_owned(), reason };
        let bytes = read_bounded(path, MAX_BYTES).map_err(broken)?;
        let fields: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
        refuse_unsupported(&fields)?;
        let rank = fields.get("r").and_then(Value::as_u64).filter(|&rank| rank > 0);
        let rank = rank
            .and_then(|rank| usize::try_from(rank).ok())
            .ok_or_else(|| broken("r is not a positive number".to_owned()))?;
        let alpha = fields.get("lora_alpha").and_then(Value::as_f64);
        let alpha =
            alpha.filter(|alpha| alpha.is_finite()).ok_or_else(|| broken("lora_alpha is not a number".to_owned()))?;
        Ok(Self {
            rank,
            alpha,
            rslora: fields.get("use_rslora").and_then(Value::as_bool).unwrap_or(false),
            rank_pattern: pattern(&fields, "rank_pattern")?,
            alpha_pattern: pattern(&fields, "alpha_pattern")?,
            modules: modules(&fields),
            layers: layers(&fields).ok_or_else(|| broken("layers_to_transform is no list of layers".to_owned()))?,
        })
    }

    /// Rank of a module given its full name, for example `model.layers.0.self_attn.q_proj`.
    pub fn rank_of(&self, module: &str) -> usize {
        match matching(&self.rank_pattern, module) {
            // Patterns were checked to be whole and positive.
            Some(rank) => rank as usize,
            None => self.rank,
        }
    }

    /// Checks that every key of the patterns means a module that the file has; `any` says whether one of
    /// its modules passes a test. PEFT ignores the others, but then the adapter is not what its author
    /// configured, or the key means more than a name.
    ///
    /// # Errors
    /// [`EngineError::AdapterUnsupported`] with the first key that means nothing.
    pub fn check_patterns(&self, any: impl Fn(&dyn Fn(&str) -> bool) -> bool) -> Result<(), EngineError> {
        for (name, pattern) in [("rank_pattern", &self.rank_pattern), ("alpha_pattern", &self.alpha_pattern)] {
            for (key, _) in pattern {
                if !any(&|module| ends_at_dot(module, key)) {
                    let feature = format!("{name} with the key {key:?}, which is none of its modules");
                    return Err(EngineError::AdapterUnsupported { feature });
                }
            }
        }
        Ok(())
    }

    /// Factor on `B A x`: alpha/r, or alpha/sqrt(r) for rank-stabilised LoRA.
    pub fn scale_of(&self, module: &str) -> f64 {
        let alpha = matching(&self.alpha_pattern, module).unwrap_or(self.alpha);
        let rank = self.rank_of(module) as f64;
        alpha / if self.rslora { rank.sqrt() } else { rank }
    }
}

fn refuse_unsupported(fields: &Map<String, Value>) -> Result<(), EngineError> {
    if fields.get("peft_type").and_then(Value::as_str) != Some("LORA") {
        return Err(unsupported("peft_type", fields.get("peft_type")));
    }
    for (name, value) in fields {
        let honoured = match name.as_str() {
            "bias" => value.is_null() || value == "none",
            // Read as true or false: another value would silently mean false.
            "use_rslora" => value.is_null() || value.is_boolean(),
            "init_lora_weights" => value.is_boolean() || value.as_str().is_some_and(|init| PLAIN_INITS.contains(&init)),
            known if HONOURED.contains(&known) || NEUTRAL.contains(&known) => true,
            // Anything else, known to PEFT today or not, may change the result when it is on.
            _ => is_off(value),
        };
        if !honoured {
            return Err(unsupported(name, Some(value)));
        }
    }
    Ok(())
}

fn is_off(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(on) => !on,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Number(_) | Value::String(_) => false,
    }
}

fn pattern(fields: &Map<String, Value>, name: &str) -> Result<Vec<(String, f64)>, EngineError> {
    let Some(Value::Object(entries)) = fields.get(name) else {
        return match fields.get(name) {
            Some(value) if !value.is_null() => Err(unsupported(name, Some(value))),
            _ => Ok(Vec::new()),
        };
    };
    // PEFT takes the first key that matches, in the order of the file, which this reader does not
    // know; where it would matter, nothing can be honoured.
    let ambiguous = entries.iter().any(|(key, value)| {
        entries.iter().any(|(other, another)| key != other && ends_at_dot(other, key) && value != another)
    });
    if ambiguous {
        return Err(unsupported(name, fields.get(name)));
    }
    entries
        .iter()
        .map(|(key, value)| {
            let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
            let number = value.as_f64().filter(|number| number.is_finite());
            let whole = name != "rank_pattern" || value.as_u64().is_some_and(|rank| (1..=1 << 20).contains(&rank));
            match number {
                Some(number) if plain && whole => Ok((key.clone(), number)),
                // PEFT reads keys as regular expressions; only plain names mean the same here.
                _ => Err(unsupported(name, fields.get(name))),
            }
        })
        .collect()
}

/// The first entry whose key is the whole name or its end at a dot.
fn matching(pattern: &[(String, f64)], module: &str) -> Option<f64> {
    pattern.iter().find(|(key, _)| ends_at_dot(module, key)).map(|(_, value)| *value)
}

/// Whether `end` is all of `name` or its end behind a dot.
fn ends_at_dot(name: &str, end: &str) -> bool {
    name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn modules(fields: &Map<String, Value>) -> Vec<String> {
    let excluded = fields.get("exclude_modules").is_some_and(|value| !is_off(value));
    match fields.get("target_modules") {
        Some(Value::Array(items)) if !excluded => {
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}

fn layers(fields: &Map<String, Value>) -> Option<Option<Vec<usize>>> {
    let index = |value: &Value| value.as_u64().and_then(|layer| usize::try_from(layer).ok());
    match fields.get("layers_to_transform") {
        None | Some(Value::Null) => Some(None),
        Some(Value::Array(items)) => items.iter().map(index).collect::<Option<Vec<_>>>().map(Some),
        Some(value) => index(value).map(|layer| Some(vec![layer])),
    }
}

fn unsupported(name: &str, value: Option<&Value>) -> EngineError {
    let mut shown = value.map_or_else(|| "nothing".to_owned(), Value::to_string);
    if shown.len() > 80 {
        let end = (0..=80).rev().find(|&end| shown.is_char_boundary(end)).unwrap_or(0);
        shown.truncate(end);
        shown.push('…');
    }
    EngineError::AdapterUnsupported { feature: format!("{name} = {shown}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<PeftConfig, EngineError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("adapter_config.json");
        std::fs::write(&path, value.to_string()).unwrap();
        PeftConfig::read(&path)
    }

    fn with(field: &str, value: Value) -> Value {
        let mut config = json!({ "peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"] });
        config[field] = value;
        config
    }

    #[test]
    fn scale_follows_rank_alpha_and_their_patterns() {
        let module = "model.layers.1.self_attn.q_proj";
        assert_eq!(read(&with("bias", json!("none"))).unwrap().scale_of(module), 2.0);
        assert_eq!(read(&with("use_rslora", json!(true))).unwrap().scale_of(module), 4.0);
        let ranked = read(&with("rank_pattern", json!({ "self_attn.q_proj": 16 }))).unwrap();
        assert_eq!((ranked.rank_of(module), ranked.scale_of(module)), (16, 0.5));
        assert_eq!(ranked.rank_of("model.layers.1.self_attn.k_proj"), 4);
        // A key matches whole names only.
        assert_eq!(ranked.rank_of("model.layers.1.other_self_attn.q_proj"), 4);
        let agreeing = read(&with("alpha_pattern", json!({ "q_proj": 2, "self_attn.q_proj": 2 }))).unwrap();
        assert_eq!(agreeing.scale_of(module), 0.5);
        let weighted = read(&with("alpha_pattern", json!({ "q_proj": 2 }))).unwrap();
        assert_eq!(weighted.scale_of(module), 0.5);
    }

    #[test]
    fn layers_and_modules_are_taken_from_their_lists() {
        let config = read(&with("layers_to_transform", json!([0, 2]))).unwrap();
        assert_eq!((config.modules.as_slice(), config.layers), (&["q_proj".to_owned()][..], Some(vec![0, 2])));
        assert_eq!(read(&with("layers_to_transform", json!(1))).unwrap().layers, Some(vec![1]));
        assert!(read(&with("target_modules", json!("all-linear"))).unwrap().modules.is_empty());
        assert!(read(&with("exclude_modules", json!(["k_proj"]))).unwrap().modules.is_empty());
    }

    #[test]
    fn what_would_not_be_honoured_is_named() {
        for (field, value) in [
            ("use_dora", json!(true)),
            ("bias", json!("all")),
            ("bias", json!("lora_only")),
            ("fan_in_fan_out", json!(true)),
            ("arrow_config", json!({ "top_k": 2 })),
            ("loftq_config", json!({ "loftq_bits": 4 })),
            ("use_bdlora", json!({ "nblocks": 2 })),
            ("lora_bias", json!(true)),
            ("modules_to_save", json!(["embed_tokens"])),
            ("trainable_token_indices", json!([1])),
            ("layer_replication", json!([[0, 2]])),
            ("target_parameters", json!(["experts"])),
            ("alora_invocation_tokens", json!([5])),
            ("init_lora_weights", json!("pissa_niter_4")),
            ("init_lora_weights", json!("pissa")),
            ("init_lora_weights", json!("olora")),
            ("init_lora_weights", json!("corda")),
            ("init_lora_weights", json!("loftq")),
            ("init_lora_weights", json!("lora_ga")),
            ("init_lora_weights", json!("mica")),
            ("megatron_config", json!({ "a": 1 })),
            ("rank_pattern", json!({ "^q": 1 })),
            ("rank_pattern", json!({ "q_proj": 0 })),
            ("alpha_pattern", json!({ "q_proj": "x" })),
            ("alpha_pattern", json!({ "q_proj": 2, "self_attn.q_proj": 4 })),
            ("rank_pattern", json!({ "layers.0.self_attn.q_proj": 8, "q_proj": 4 })),
            ("use_rslora", json!("yes")),
            ("lora_ga_config", json!({ "direction": "ArB2r" })),
            ("use_qalora", json!(true)),
        ] {
            let error = read(&with(field, value)).unwrap_err();
            assert_eq!(error.code(), "ADAPTER_UNSUPPORTED", "{field}");
            assert!(error.to_string().contains(field), "{error}");
        }
        for (field, value) in [("r", json!(-1)), ("lora_alpha", json!("8")), ("layers_to_transform", json!("all"))] {
            assert_eq!(read(&with(field, value)).unwrap_err().code(), "ADAPTER_BROKEN", "{field}");
        }
    }
}
