"""Rebuild the torch base model from the committed ONNX file, without loss.

The ONNX initialisers hold the same fp32 values as the trained weights; projections are
stored as [in, out] and q, k, v side by side in one matrix.
"""

import onnx
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer
from transformers import AutoConfig, LlamaForCausalLM

import config


def _state(shape, folder):
    graph = onnx.load(folder / "model.onnx").graph
    stored = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
    q = shape.num_attention_heads * shape.head_dim
    kv = shape.num_key_value_heads * shape.head_dim
    embedding = stored["lm_head.MatMul.weight"].T
    last = f"model.layers.{shape.num_hidden_layers}.final_norm_layernorm.weight"
    state = {
        "model.embed_tokens.weight": embedding,
        "lm_head.weight": embedding,
        "model.norm.weight": stored[last],
    }
    for i in range(shape.num_hidden_layers):
        path = f"model.layers.{i}"
        packed = stored[f"{path}.attn.qkv_proj.MatMul.weight"].T.split((q, kv, kv))
        for name, part in zip(("q_proj", "k_proj", "v_proj"), packed):
            state[f"{path}.self_attn.{name}.weight"] = part
        state[f"{path}.self_attn.o_proj.weight"] = stored[f"{path}.attn.o_proj.MatMul.weight"].T
        for name in ("gate_proj", "up_proj", "down_proj"):
            state[f"{path}.mlp.{name}.weight"] = stored[f"{path}.mlp.{name}.MatMul.weight"].T
        for name in ("input_layernorm", "post_attention_layernorm"):
            state[f"{path}.{name}.weight"] = stored[f"{path}.{name}.weight"]
    return {k: v.contiguous() for k, v in state.items()}


def load_base(folder=config.MODEL):
    """The base as a frozen fp32 transformers model."""
    shape = AutoConfig.from_pretrained(folder)
    model = LlamaForCausalLM(shape)
    model.load_state_dict(_state(shape, folder))
    return model.eval().requires_grad_(False)


def load_tokenizer():
    """The committed tokenizer."""
    return Tokenizer.from_file(str(config.MODEL / "tokenizer.json"))
