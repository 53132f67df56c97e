"""Write reference losses for other implementations of the training loop.

A short LoRA training with transformers, PEFT and torch.optim.AdamW in fp32 on rows of the
wordnet Datanet: initial factors as PEFT draws them, file order without shuffling, completion
tokens only, mean over the tokens of a batch, norm clipping, linear rise and cosine. Keeps the
losses of every step, the initial factors, and digests of the final ones.
"""

import json
import math

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

import config
from base_model import load_base, load_tokenizer
from gradient_golden import digest

ROWS_PER_CONTRIBUTOR = 8
EPOCHS = 4
BATCH = 8
RANK = 4
ALPHA = 8
RATE = 4e-3
WARMUP = 5
FLOOR = 0.02
DECAY = 0.01
CLIP = 1.0
EPS = 1e-8


def rows():
    """The first rows of every contributor, in cluster order (names sorted)."""
    out = []
    for cid in sorted(config.CONTRIBUTORS["wordnet"]):
        lines = (config.DATANETS / "wordnet" / f"{cid}.jsonl").read_text(encoding="utf-8").splitlines()
        out += [json.loads(line) for line in lines[:ROWS_PER_CONTRIBUTOR]]
    return out


def encode(tokenizer, row):
    """Ids of prompt and of completion with end-of-text."""
    prompt = tokenizer.encode(row["prompt"]).ids
    answer = tokenizer.encode(row["completion"], add_special_tokens=False).ids
    return prompt, answer + [tokenizer.token_to_id("<eos>")]


def batch_tensors(chosen):
    """Ids, mask and labels, padded on the right; -100 does not count."""
    width = max(len(p) + len(a) for p, a in chosen)
    ids = torch.zeros(len(chosen), width, dtype=torch.long)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for r, (prompt, answer) in enumerate(chosen):
        end = len(prompt) + len(answer)
        ids[r, :end] = torch.tensor(prompt + answer)
        mask[r, :end] = 1
        labels[r, len(prompt) : end] = torch.tensor(answer)
    return ids, mask, labels


def rate(step, steps):
    """Learning rate of a step, from 0."""
    fall = FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * step / steps))
    return RATE * min(1.0, (step + 1) / WARMUP) * fall


def adapted():
    """The base with a fresh adapter on every linear layer."""
    torch.manual_seed(config.ADAPTER_SEED)
    settings = LoraConfig(task_type="CAUSAL_LM", r=RANK, lora_alpha=ALPHA, lora_dropout=0.0,
                          target_modules=list(config.TARGETS))
    return get_peft_model(load_base(), settings)


def named(model):
    """Factors under the names of a PEFT file."""
    return {n.replace(".default", ""): p for n, p in model.named_parameters() if p.requires_grad}


def main():
    """Train and write the golden files."""
    torch.set_num_threads(1)
    tokenizer, model = load_tokenizer(), adapted()
    encoded = [encode(tokenizer, row) for row in rows()]
    folder = config.GOLDEN.parent / "training"
    folder.mkdir(parents=True, exist_ok=True)
    save_file({n: p.detach().contiguous() for n, p in named(model).items() if ".lora_A." in n},
              folder / "initial.safetensors")
    optimiser = torch.optim.AdamW(named(model).values(), lr=RATE, eps=EPS, weight_decay=DECAY)
    per_epoch = math.ceil(len(encoded) / BATCH)
    losses, norms = [], []
    for step in range(EPOCHS * per_epoch):
        start = (step % per_epoch) * BATCH
        ids, mask, labels = batch_tensors(encoded[start : start + BATCH])
        optimiser.param_groups[0]["lr"] = rate(step, EPOCHS * per_epoch)
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(named(model).values(), CLIP)))
        optimiser.step()
        losses.append(float(loss.detach()))
    entry = {
        "rows_per_contributor": ROWS_PER_CONTRIBUTOR, "epochs": EPOCHS, "batch_rows": BATCH,
        "rank": RANK, "alpha": ALPHA, "learning_rate": RATE, "warmup_steps": WARMUP, "floor": FLOOR,
        "weight_decay": DECAY, "max_gradient_norm": CLIP, "epsilon": EPS,
        "losses": losses, "norms": norms,
        "final": {n: digest(p.detach()) for n, p in named(model).items()},
    }
    (folder / "run.json").write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
