//! What the names of an adapter's tensors and targets mean.

/// A tensor of a LoRA module.
pub(super) struct TensorName<'n> {
    /// Full module name, for example `model.layers.0.self_attn.q_proj`.
    pub module: &'n str,
    pub matrix: Matrix,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Matrix {
    A,
    B,
}

/// A module of a decoder layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LayerModule<'n> {
    pub layer: usize,
    /// `q_proj`, or `qkv_proj` where the model computes several at once.
    pub short: &'n str,
}

/// Module and matrix of `base_model.model.<module>.lora_A.weight`.
pub(super) fn tensor(name: &str) -> Option<TensorName<'_>> {
    let rest = name.strip_prefix("base_model.model.")?.strip_suffix(".weight")?;
    let rest = rest.strip_suffix(".default").unwrap_or(rest);
    rest.strip_suffix(".lora_A")
        .map(|module| TensorName { module, matrix: Matrix::A })
        .or_else(|| rest.strip_suffix(".lora_B").map(|module| TensorName { module, matrix: Matrix::B }))
}

/// Layer and short name of `model.layers.3.self_attn.q_proj`.
pub(super) fn layer_module(module: &str) -> Option<LayerModule<'_>> {
    let rest = module.strip_prefix("model.").unwrap_or(module).strip_prefix("layers.")?;
    let mut parts = rest.split('.');
    let layer = parts.next()?.parse().ok()?;
    let (block, short) = (parts.next()?, parts.next()?);
    let expected = match short {
        "q_proj" | "k_proj" | "v_proj" | "o_proj" | "qkv_proj" => block == "self_attn" || block == "attn",
        _ => block == "mlp",
    };
    (expected && parts.next().is_none()).then_some(LayerModule { layer, short })
}

/// The modules whose output columns a module of the model has, in this order, when it computes
/// several at once, as Phi-3 does; otherwise itself.
pub(super) fn parts(short: &str) -> Vec<&str> {
    match short {
        "qkv_proj" => vec!["q_proj", "k_proj", "v_proj"],
        "gate_up_proj" => vec!["gate_proj", "up_proj"],
        other => vec![other],
    }
}

/// What a tensor that is no LoRA matrix of a layer is, when it is known and cannot be honoured.
pub(super) fn unsupported(name: &str) -> Option<String> {
    let ends = |end: &str| name.ends_with(end);
    let has = |part: &str| name.contains(part);
    let embedding = || ["embed_tokens", "lm_head", "wte"].into_iter().find(|&part| has(part));
    let what = if has("lora_magnitude_vector") {
        "DoRA (lora_magnitude_vector)".to_owned()
    } else if has("lora_embedding_") || (has(".base_layer.") && embedding().is_some()) {
        format!("LoRA on {}", embedding().unwrap_or("embeddings"))
    } else if has("trainable_tokens") {
        "trained tokens (trainable_tokens)".to_owned()
    } else if has(".lora_A.") || has(".lora_B.") {
        match embedding() {
            Some(module) => format!("LoRA on {module}"),
            None if ends(".bias") => "biases (lora_bias)".to_owned(),
            None => return None,
        }
    } else if let Some(module) = embedding() {
        format!("whole weights of {module} (modules_to_save, or an extended vocabulary)")
    } else if ends(".bias") {
        "biases (bias)".to_owned()
    } else if has("modules_to_save") {
        "whole weights (modules_to_save)".to_owned()
    } else {
        return None;
    };
    Some(format!("{what} in {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_layers_have_a_layer_and_a_short_name() {
        let found = layer_module("model.layers.3.self_attn.qkv_proj").unwrap();
        assert_eq!((found.layer, found.short), (3, "qkv_proj"));
        assert_eq!(layer_module("layers.0.mlp.up_proj").unwrap().short, "up_proj");
        for other in ["model.layers.3.mlp.q_proj", "model.layers.x.mlp.up_proj", "lm_head", "model.layers.3.mlp.a.b"] {
            assert_eq!(layer_module(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_lora_of_a_layer_is_named() {
        let name = |rest: &str| unsupported(&format!("base_model.model.{rest}"));
        let layer = "model.layers.0.self_attn.q_proj";
        for (rest, what) in [
            (format!("{layer}.lora_magnitude_vector.weight"), "DoRA"),
            (format!("{layer}.lora_B.bias"), "lora_bias"),
            (format!("{layer}.bias"), "biases"),
            ("model.embed_tokens.lora_embedding_A".to_owned(), "LoRA on embed_tokens"),
            ("lm_head.lora_A.weight".to_owned(), "LoRA on lm_head"),
            ("lm_head.base_layer.weight".to_owned(), "LoRA on lm_head"),
            ("lm_head.weight".to_owned(), "extended vocabulary"),
            ("model.norm.modules_to_save.weight".to_owned(), "modules_to_save"),
            ("model.embed_tokens.token_adapter.trainable_tokens_delta".to_owned(), "trained tokens"),
        ] {
            assert!(name(&rest).unwrap().contains(what), "{rest}");
        }
        assert_eq!(name(&format!("{layer}.lora_A.weight")), None);
        assert_eq!(name("model.something.else"), None);
    }
}
