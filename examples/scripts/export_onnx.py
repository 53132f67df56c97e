"""Export the trained base to ONNX and compare it with transformers.

The exporter is the model builder of onnxruntime-genai: fp32, CPU, fused attention.
"""

import shutil
import subprocess
import sys

import numpy as np
import onnxruntime as ort
import torch
from transformers import AutoModelForCausalLM

import config
from base_model import load_base

FROM_BUILDER = ("model.onnx", "model.onnx.data", "genai_config.json")
FROM_TRAINING = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
TOLERANCE = 1e-3


def export():
    """Run the builder, then copy the files that belong to the committed model."""
    scratch = config.BUILD / "onnx"
    shutil.rmtree(scratch, ignore_errors=True)
    builder = [sys.executable, "-m", "onnxruntime_genai.models.builder"]
    folders = ["-i", config.TORCH_BASE, "-o", scratch, "-c", config.BUILD / "cache"]
    subprocess.run(builder + folders + ["-p", "fp32", "-e", "cpu"], check=True, stdout=subprocess.DEVNULL)
    config.MODEL.mkdir(parents=True, exist_ok=True)
    for folder, names in ((scratch, FROM_BUILDER), (config.TORCH_BASE, FROM_TRAINING)):
        for name in names:
            shutil.copyfile(folder / name, config.MODEL / name)


def onnx_logits(session, ids):
    """Logits of one prompt, without a cache."""
    batch, length = ids.shape
    feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    empty = np.zeros((batch, config.KV_HEADS, 0, config.HIDDEN // config.HEADS), dtype=np.float32)
    for item in session.get_inputs():
        if item.name.startswith("past_key_values"):
            feeds[item.name] = empty
        elif item.name == "position_ids":
            feeds[item.name] = np.arange(length, dtype=np.int64)[None].repeat(batch, 0)
    return session.run(["logits"], feeds)[0]


def compare():
    """Largest logit difference between transformers and ONNX Runtime."""
    torch.set_num_threads(config.THREADS)
    model = AutoModelForCausalLM.from_pretrained(config.TORCH_BASE, dtype=torch.float32).eval()
    rebuilt = load_base().state_dict()
    if not all(torch.equal(rebuilt[k], v) for k, v in model.state_dict().items()):
        raise SystemExit("the weights read back from ONNX differ from the trained ones")
    session = ort.InferenceSession(config.MODEL / "model.onnx", providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    worst = 0.0
    for length in (1, 7, 64, 300):
        ids = rng.integers(3, config.VOCAB, size=(2, length), dtype=np.int64)
        with torch.no_grad():
            expected = model(input_ids=torch.from_numpy(ids)).logits.numpy()
        worst = max(worst, float(np.abs(expected - onnx_logits(session, ids)).max()))
    print(f"largest logit difference between transformers and ONNX Runtime: {worst:.2e}")
    if worst > TOLERANCE:
        raise SystemExit(f"above the tolerance {TOLERANCE}")


if __name__ == "__main__":
    export()
    compare()
