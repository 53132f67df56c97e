"""Make the model folders of the engine's shape tests; see README.md."""

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import torch
import transformers
from onnx import numpy_helper
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "models"
# Those of 16 bits are apart: training, attribution and our own operators compute in 32.
GOLDEN_HALF = ROOT / "tests" / "golden" / "half"
TOKENIZER = ROOT / "sidecar" / "engine" / "tests" / "optimum" / "tokenizer.json"
VOCAB = 288
# The second prompt is longer than the attention window of Gemma.
PROMPTS = ([1, 40, 77, 9], [1, 200, 13, 33, 34, 35, 36, 37, 250, 251, 90, 91], [5])
LAST = 2
NEW_TOKENS = 8
# A golden choice between tokens must not hang on rounding: of 32 bits, or of the bits of the export.
MARGIN = {"fp16": 2e-2, "bf16": 5e-2}
MARGIN_32 = 1e-3
# What exports for CUDA are of.
HALF = {"fp16": torch.float16, "bf16": torch.bfloat16}
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    # Attention with rotary positions takes heads of a multiple of 16 numbers.
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": VOCAB,
    "max_position_embeddings": 128,
    "initializer_range": 0.25,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "attn_implementation": "eager",
}
PATTERNS = {
    "target_modules": ["q_proj", "v_proj", "down_proj"],
    "rank_pattern": {"layers.1.self_attn.q_proj": 6, "down_proj": 2},
    "alpha_pattern": {"v_proj": 5},
}
PHI_PATTERNS = {
    "target_modules": ["qkv_proj", "gate_up_proj", "down_proj"],
    "rank_pattern": {"layers.1.self_attn.qkv_proj": 6, "down_proj": 2},
    "alpha_pattern": {"gate_up_proj": 5},
}


@dataclass
class Shape:
    """One folder: a family, what its configuration adds, and how it is exported."""

    family: str
    config: dict = field(default_factory=dict)
    precision: str = "fp32"
    options: tuple = ()
    patterns: dict = field(default_factory=lambda: PATTERNS)


# Heads that together are wider than the hidden state.
WIDE = {"head_dim": 16, "num_attention_heads": 4, "num_key_value_heads": 2}
GEMMA = {
    # The builder rounds the scale of embeddings, sqrt(hidden), to two decimals.
    "hidden_size": 36,
    **WIDE,
    "sliding_window": 8,
    "query_pre_attn_scalar": 16,
    "attn_logit_softcapping": 5.0,
    "final_logit_softcapping": 8.0,
}
LEVEL_1 = "accuracy_level=1"
SHAPES = {
    "llama": Shape("Llama", {"tie_word_embeddings": True}),
    "llama-int4": Shape("Llama", {"tie_word_embeddings": True}, "int4", (LEVEL_1,)),
    "llama-int8": Shape("Llama", {}, "int8", (LEVEL_1, "block_size=16", "is_symmetric=false", "algo_config=rtn")),
    "qwen2": Shape("Qwen2", {"tie_word_embeddings": True}),
    # This quantiser cannot pack an odd number of blocks.
    "qwen2-int4": Shape("Qwen2", {"intermediate_size": 64}, "int4", ("algo_config=k_quant", "is_symmetric=false", "block_size=16")),
    "qwen3": Shape("Qwen3", WIDE | {"tie_word_embeddings": True}),
    "qwen3-int8": Shape("Qwen3", WIDE, "int8", (LEVEL_1,)),
    "gemma2": Shape("Gemma2", GEMMA, options=("windowed_kv_cache=false",)),
    "phi3": Shape("Phi3", {"original_max_position_embeddings": 128}, patterns=PHI_PATTERNS),
    "phi3-int4": Shape("Phi3", {"original_max_position_embeddings": 128}, "int4", (LEVEL_1,), PHI_PATTERNS),
    "llama-fused-mlp": Shape("Llama", {}, options=("fuse_mlp_gate_up=true", "disable_qkv_fusion=true")),
    # For CUDA, whose attention is of 16 bits only.
    "llama-fp16": Shape("Llama", {"tie_word_embeddings": True}, "fp16"),
    "llama-bf16": Shape("Llama", {"tie_word_embeddings": True}, "bf16"),
}


def build(shape, seed):
    """A model whose every weight matters: norms and biases too are random."""
    torch.manual_seed(seed)
    config = getattr(transformers, f"{shape.family}Config")(**(SIZES | shape.config))
    model = getattr(transformers, f"{shape.family}ForCausalLM")(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() == 1:
                weight.add_(torch.randn_like(weight) * 0.2)
    return model


def export(model, shape, folder):
    """What the builder makes of the model."""
    with tempfile.TemporaryDirectory() as scratch:
        model.save_pretrained(scratch)
        names = {"pad_token": "<pad>", "bos_token": "<bos>", "eos_token": "<eos>"}
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(TOKENIZER), **names)
        tokenizer.save_pretrained(scratch)
        builder = [sys.executable, "-m", "onnxruntime_genai.models.builder"]
        paths = ["-i", scratch, "-o", str(folder), "-c", f"{scratch}/cache"]
        options = ["--extra_options", *shape.options] if shape.options else []
        provider = "cuda" if shape.precision in HALF else "cpu"
        subprocess.run([*builder, *paths, "-p", shape.precision, "-e", provider, *options], check=True)
    # The builder loads and saves it as the family's own class, which may add tokens.
    tokenizer.save_pretrained(folder)


def unpacked(numbers, bits):
    """Bytes [.., count] as numbers [.., count * 8 / bits]; the low half of a byte comes first."""
    if bits == 8:
        return numbers.astype(np.float32)
    halves = np.stack([numbers & 15, numbers >> 4], axis=-1)
    return halves.reshape(*numbers.shape[:-1], -1).astype(np.float32)


def restored(node, constants):
    """The matrix [n, k] that the packed numbers of a MatMulNBits stand for."""
    sizes = {attribute.name: attribute.i for attribute in node.attribute}
    k, n, bits, block = (sizes[name] for name in ("K", "N", "bits", "block_size"))
    blocks = -(-k // block)
    numbers = unpacked(constants[node.input[1]].reshape(n, blocks, -1), bits).reshape(n, blocks, block)
    zero = np.float32(1 << (bits - 1))
    if len(node.input) > 3 and node.input[3]:
        zero = unpacked(constants[node.input[3]].reshape(n, -1), bits)[:, :blocks, None]
    scales = constants[node.input[2]].reshape(n, blocks, 1)
    return torch.from_numpy(((numbers - zero) * scales).reshape(n, -1)[:, :k].copy())


@torch.no_grad()
def take_over(model, folder):
    """Give the model the weights that the quantised export computes with. Returns how many it took."""
    graph = onnx.load(folder / "model.onnx").graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    taken = 0
    for node in graph.node:
        if node.op_type != "MatMulNBits":
            continue
        taken += 1
        matrix = restored(node, constants)
        parts = node.name.strip("/").split("/")
        if parts[0] == "lm_head":
            shared = any(other.op_type == "GatherBlockQuantized" for other in graph.node)
            model.lm_head.weight = torch.nn.Parameter(matrix)
            if shared:
                model.model.embed_tokens.weight = torch.nn.Parameter(matrix.clone())
            continue
        layer = model.model.layers[int(parts[1].removeprefix("layers."))]
        block = layer.self_attn if parts[2] == "attn" else layer.mlp
        put(block, parts[3], matrix)
    return taken


def put(block, module, matrix):
    """Set one module's weight, or parts of it where graph and model pack differently."""
    if hasattr(block, module):
        getattr(block, module).weight.copy_(matrix)
    elif module == "qkv_proj":
        rows = [getattr(block, name).weight.shape[0] for name in ("q_proj", "k_proj", "v_proj")]
        for name, part in zip(("q_proj", "k_proj", "v_proj"), matrix.split(rows), strict=True):
            getattr(block, name).weight.copy_(part)
    else:
        half = block.gate_up_proj.weight.shape[0] // 2
        first = 0 if module == "gate_proj" else half
        block.gate_up_proj.weight[first : first + half].copy_(matrix)


def adapters(shape):
    """Configurations of the two adapters."""
    return {
        "all-linear": LoraConfig(r=4, lora_alpha=8, target_modules="all-linear"),
        "patterns": LoraConfig(r=3, lora_alpha=6, use_rslora=True, **shape.patterns),
    }


@torch.no_grad()
def case(model, prompt, margin):
    """Logits after the last tokens of a prompt, and a greedy continuation that ends before a choice by less than a margin."""
    ids = list(prompt)
    logits = model(input_ids=torch.tensor([prompt])).logits[0, -LAST:].float()
    while len(ids) < len(prompt) + NEW_TOKENS and (len(ids) == len(prompt) or ids[-1] != 2):
        last = model(input_ids=torch.tensor([ids])).logits[0, -1]
        best = last.topk(2).values
        if float(best[0] - best[1]) < margin * float(last.abs().max()):
            break
        ids.append(int(last.argmax()))
    return logits.contiguous(), ids[len(prompt) :]


def make(name, shape):
    """Write one folder."""
    folder = (GOLDEN_HALF if shape.precision in HALF else GOLDEN) / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model = build(shape, 7)
    export(model, shape, folder)
    if half := HALF.get(shape.precision):
        # The golden numbers are of the rounded weights, computed in 32 bits.
        for weight in model.parameters():
            weight.data = weight.data.to(half).float()
    elif shape.precision != "fp32":
        assert take_over(model, folder) > 2 * 4
    logits, cases = {}, []
    for adapter in (None, *adapters(shape)):
        tuned = model
        if adapter:
            torch.manual_seed(len(adapter))
            tuned = get_peft_model(model, adapters(shape)[adapter])
            for parameter, weight in tuned.named_parameters():
                if "lora_" in parameter:
                    torch.nn.init.normal_(weight, std=0.2)
            tuned.eval()
            tuned.save_pretrained(folder / "adapters" / adapter)
            (folder / "adapters" / adapter / "README.md").unlink(missing_ok=True)
        for index, prompt in enumerate(PROMPTS):
            found, greedy = case(tuned, prompt, MARGIN.get(shape.precision, MARGIN_32))
            logits[f"{adapter or 'base'}/{index}"] = found
            cases.append({"adapter": adapter, "index": index, "prompt": prompt, "greedy": greedy})
        if adapter:
            model = tuned.unload()
    save_file(logits, folder / "logits.safetensors")
    (folder / "cases.json").write_text(json.dumps(cases) + "\n", encoding="utf-8")


def main():
    """Write the named folders, or all."""
    for name in sys.argv[1:] or SHAPES:
        make(name, SHAPES[name])


if __name__ == "__main__":
    main()
