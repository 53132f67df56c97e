"""Time LoRA training steps with transformers, PEFT and torch.optim.AdamW.

A peer for `cargo xtask bench train`, which starts this script and talks to it: the first line of
standard input is a JSON object with the model, the adapter and the batches (token ids and prompt
lengths); then every line asks for so many further steps, answered with the seconds they took.
"""

import json
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

import config
from base_model import load_base


def base(shape):
    """The example's base, or random weights of a shape."""
    if shape is None:
        return load_base()
    settings = LlamaConfig(
        vocab_size=shape["vocabulary"], hidden_size=shape["hidden"], num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"], num_key_value_heads=shape["kv_heads"], head_dim=shape["head_size"],
        intermediate_size=shape["feed_forward"], max_position_embeddings=512, tie_word_embeddings=False,
    )
    return LlamaForCausalLM(settings)


def tensors(batch):
    """Ids, mask and labels, padded on the right; -100 does not count."""
    width = max(len(row["tokens"]) for row in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for r, row in enumerate(batch):
        tokens = torch.tensor(row["tokens"])
        ids[r, : len(tokens)] = tokens
        mask[r, : len(tokens)] = 1
        labels[r, row["prompt"] : len(tokens)] = tokens[row["prompt"] :]
    return ids, mask, labels


def main():
    """Answer until standard input ends."""
    task = json.loads(sys.stdin.readline())
    torch.set_num_threads(task["threads"])
    settings = LoraConfig(task_type="CAUSAL_LM", r=task["rank"], lora_alpha=task["alpha"], lora_dropout=0.0,
                          target_modules=list(config.TARGETS))
    model = get_peft_model(base(task["shape"]), settings)
    model.train()
    factors = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(factors, lr=task["learning_rate"], weight_decay=0.0)
    batches, at = task["batches"], 0
    print("ready", torch.__version__, flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        for _ in range(int(line)):
            ids, mask, labels = tensors(batches[at % len(batches)])
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(factors, 1.0)
            optimiser.step()
            loss.item()
            at += 1
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
