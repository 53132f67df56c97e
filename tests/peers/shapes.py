"""Make models of real shapes with random weights, and adapters for them, in the form of every peer.

    python tests/peers/shapes.py 135m target/peers/135m

Writes `hf/` (transformers), `onnx/` (the onnxruntime-genai builder, for CPU, or for CUDA in fp16), `model.gguf` (llama.cpp, not of fp16)
and `adapters/N/` (PEFT, and `lora.gguf`). Random weights say nothing about quality; they cost what trained ones cost.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

RANK = 16
MODULES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
# SmolLM2-135M, and Llama-3.2-1B with a smaller vocabulary.
SHAPES = {
    "135m": {
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "vocab_size": 49152,
        "precision": "fp32",
        "gguf": "F32",
    },
    "1b": {
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 32000,
        "precision": "int4",
        "gguf": "Q4_0",
    },
}
# The second for CUDA, which llama.cpp is not measured on.
SHAPES["1b-fp16"] = SHAPES["1b"] | {"precision": "fp16", "gguf": None}


def tokenizer(vocab):
    """One token per word `tN`."""
    words = {f"t{number}": number for number in range(vocab)}
    made = Tokenizer(models.WordLevel(words, unk_token="t0"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.decoder = decoders.Fuse()
    return made


def build(shape, out):
    sizes = {name: value for name, value in shape.items() if name not in ("precision", "gguf")}
    config = transformers.LlamaConfig(
        **sizes,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        rope_theta=10000.0,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    torch.manual_seed(7)
    with torch.device("cpu"):
        model = transformers.LlamaForCausalLM(config).eval()
    model.save_pretrained(out / "hf")
    own = tokenizer(shape["vocab_size"])
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_object=own, bos_token="t1", eos_token="t2", pad_token="t0", unk_token="t0"
    )
    wrapped.save_pretrained(out / "hf")
    return model, config, wrapped


def export(shape, out, wrapped):
    paths = ["-i", str(out / "hf"), "-o", str(out / "onnx"), "-c", str(out / "cache")]
    options = ["accuracy_level=4"] if shape["precision"] == "int4" else []
    extra = ["--extra_options", *options] if options else []
    provider = "cuda" if shape["precision"] == "fp16" else "cpu"
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder", *paths, "-p", shape["precision"], "-e", provider]
    subprocess.run([*command, *extra], check=True)
    wrapped.save_pretrained(out / "onnx")
    shutil.rmtree(out / "cache", ignore_errors=True)


def permuted(weight, heads):
    """llama.cpp turns pairs of neighbouring numbers, transformers halves of a head."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def to_gguf(name, module, weight, config):
    if module == "self_attn.q_proj":
        return permuted(weight, config.num_attention_heads)
    if module == "self_attn.k_proj":
        return permuted(weight, config.num_key_value_heads)
    return weight


def write_gguf(model, config, shape, path):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(2048)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"t{number}" for number in range(config.vocab_size)])
    writer.add_token_scores([0.0] * config.vocab_size)
    writer.add_token_types([gguf.TokenType.NORMAL] * config.vocab_size)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    kind = gguf.GGMLQuantizationType[shape["gguf"]]
    writer.add_file_type(gguf.LlamaFileType.ALL_F32 if shape["gguf"] == "F32" else gguf.LlamaFileType.MOSTLY_Q4_0)

    def add(name, array, quantise=True):
        array = np.ascontiguousarray(array, dtype=np.float32)
        if quantise and kind != gguf.GGMLQuantizationType.F32:
            writer.add_tensor(name, gguf.quants.quantize(array, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, array)

    state = {name: tensor.float().numpy() for name, tensor in model.state_dict().items()}
    add("token_embd.weight", state["model.embed_tokens.weight"])
    add("output_norm.weight", state["model.norm.weight"], quantise=False)
    for layer in range(config.num_hidden_layers):
        prefix = f"model.layers.{layer}"
        add(f"blk.{layer}.attn_norm.weight", state[f"{prefix}.input_layernorm.weight"], quantise=False)
        add(f"blk.{layer}.ffn_norm.weight", state[f"{prefix}.post_attention_layernorm.weight"], quantise=False)
        for module, short in MODULES.items():
            weight = to_gguf(short, module, state[f"{prefix}.{module}.weight"], config)
            add(f"blk.{layer}.{short}.weight", weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def widths(config, module):
    hidden, inner = config.hidden_size, config.intermediate_size
    head = hidden // config.num_attention_heads
    keys = config.num_key_value_heads * head
    return {
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.k_proj": (hidden, keys),
        "self_attn.v_proj": (hidden, keys),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (hidden, inner),
        "mlp.up_proj": (hidden, inner),
        "mlp.down_proj": (inner, hidden),
    }[module]


def write_adapter(config, seed, folder):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    tensors = {}
    writer = gguf.GGUFWriter(folder / "lora.gguf", "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 2.0 * RANK)
    for layer in range(config.num_hidden_layers):
        for module, short in MODULES.items():
            k, n = widths(config, module)
            # Numbers of 16 bits, as adapters are trained and stored.
            a = torch.from_numpy(random.standard_normal((RANK, k), dtype=np.float32) * 0.02).bfloat16()
            b = torch.from_numpy(random.standard_normal((n, RANK), dtype=np.float32) * 0.02).bfloat16()
            name = f"base_model.model.model.layers.{layer}.{module}"
            tensors[f"{name}.lora_A.weight"], tensors[f"{name}.lora_B.weight"] = a, b
            out = to_gguf(short, module, b.float().numpy(), config)
            writer.add_tensor(f"blk.{layer}.{short}.weight.lora_a", a.float().numpy())
            writer.add_tensor(f"blk.{layer}.{short}.weight.lora_b", np.ascontiguousarray(out))
    save_file(tensors, str(folder / "adapter_model.safetensors"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    names = sorted(module.split(".")[1] for module in MODULES)
    fields = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": RANK, "lora_alpha": 2 * RANK, "target_modules": names}
    fields |= {"lora_dropout": 0.0, "bias": "none", "fan_in_fan_out": False, "base_model_name_or_path": ""}
    (folder / "adapter_config.json").write_text(json.dumps(fields, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("out", type=Path)
    parser.add_argument("--adapters", type=int, default=8)
    arguments = parser.parse_args()
    shape, out = SHAPES[arguments.shape], arguments.out
    out.mkdir(parents=True, exist_ok=True)
    model, config, wrapped = build(shape, out)
    export(shape, out, wrapped)
    if shape["gguf"]:
        write_gguf(model, config, shape, out / "model.gguf")
    for seed in range(arguments.adapters):
        write_adapter(config, seed, out / "adapters" / str(seed))


if __name__ == "__main__":
    main()
