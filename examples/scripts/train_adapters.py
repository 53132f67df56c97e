"""Train all adapter variants of each Datanet at once and write PEFT folders.

Variants of one Datanet:

* `full`: every row.
* `without-<contributor>`: same initial factors, same row order, same batches; the loss
  weight of that contributor's rows is zero. The loss of a batch is divided by the token
  count of the *whole* batch in every variant, so the other rows weigh the same.
* `placebo-<k>`: an empty contributor removed, that is every row kept; same initial
  factors, but another row order. Its distance to `full` is the retraining noise that a
  counterfactual has to exceed.

Stored weights are bf16; everything measured later uses exactly the stored values.
"""

import hashlib
import json
import math
import random
import sys
import time

import torch
from peft import LoraConfig
from safetensors.torch import save_file

import config
from base_model import load_base, load_tokenizer
from batched_lora import BatchedLora

WARMUP_STEPS = 30


def load_rows(name):
    """Training rows of a Datanet with their contributor, in file order."""
    out = []
    for cid in config.CONTRIBUTORS[name]:
        path = config.DATANETS / name / f"{cid}.jsonl"
        out += [{**json.loads(line), "contributor": cid} for line in path.read_text().splitlines()]
    return out


def variants(name):
    """Descriptions of all variants: name, kind, contributor, order seed."""
    out = [{"name": "full", "kind": "full", "seed": config.ADAPTER_SEED}]
    for cid in config.CONTRIBUTORS[name]:
        entry = {"name": f"without-{cid}", "kind": "counterfactual", "contributor": cid}
        out.append({**entry, "seed": config.ADAPTER_SEED})
    for k, seed in enumerate(config.PLACEBO_SEEDS, start=1):
        out.append({"name": f"placebo-{k}", "kind": "placebo", "seed": seed})
    return out


def encode_rows(rows):
    """Token ids and loss mask of each row: bos, prompt, completion, eos."""
    tokenizer = load_tokenizer()
    out = []
    for row in rows:
        prompt = tokenizer.encode(row["prompt"]).ids
        answer = tokenizer.encode(row["completion"], add_special_tokens=False).ids
        answer = answer + [tokenizer.token_to_id("<eos>")]
        out.append((prompt + answer, [0.0] * len(prompt) + [1.0] * len(answer)))
    return out


def row_orders(seed, count):
    """One shuffled row order per epoch."""
    rng = random.Random(seed)
    return [rng.sample(range(count), count) for _ in range(config.ADAPTER_EPOCHS)]


def batch_tensors(encoded, rows, plans, picks):
    """Ids and loss weights [adapters, rows, tokens] for the rows each variant sees."""
    width = max(len(encoded[i][0]) for pick in picks for i in pick)
    ids = torch.zeros(len(picks), len(picks[0]), width, dtype=torch.long)
    weights = torch.zeros(len(picks), len(picks[0]), width)
    for e, (plan, pick) in enumerate(zip(plans, picks)):
        total = sum(sum(encoded[i][1]) for i in pick)
        for r, i in enumerate(pick):
            seq, mask = encoded[i]
            ids[e, r, : len(seq)] = torch.tensor(seq)
            if rows[i]["contributor"] != plan.get("contributor"):
                weights[e, r, : len(seq)] = torch.tensor(mask) / total
    return ids, weights


def clip_each(model):
    """Clip the gradient norm of every adapter separately."""
    grads = [p.grad for p in model.parameters()]
    norms = torch.sqrt(sum(g.pow(2).sum((1, 2)) for g in grads))
    scale = (config.ADAPTER_CLIP / (norms + 1e-6)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(scale[:, None, None])


def train(name, plans):
    """Train every variant of one Datanet; return the model."""
    rows = load_rows(name)
    encoded = encode_rows(rows)
    model = BatchedLora(load_base(), len(plans))
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=config.ADAPTER_LR, eps=config.ADAPTER_EPS, weight_decay=0.0
    )
    orders = [row_orders(plan["seed"], len(rows)) for plan in plans]
    size = config.ADAPTER_BATCH_ROWS
    steps = config.ADAPTER_EPOCHS * math.ceil(len(rows) / size)
    step, started = 0, time.time()
    for epoch in range(config.ADAPTER_EPOCHS):
        for start in range(0, len(rows), size):
            picks = [order[epoch][start : start + size] for order in orders]
            ids, weights = batch_tensors(encoded, rows, plans, picks)
            rate = min(1.0, (step + 1) / WARMUP_STEPS)
            rate *= 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps))
            optimiser.param_groups[0]["lr"] = config.ADAPTER_LR * rate
            losses = model.token_losses(ids, weights)
            optimiser.zero_grad()
            losses.sum().backward()
            clip_each(model)
            optimiser.step()
            step += 1
        if (epoch + 1) % 5 == 0:
            print(f"{name} epoch {epoch + 1} full {losses[0].item():.3f} {time.time() - started:.0f}s", flush=True)
    return model


def write_adapter(folder, tensors):
    """Write one PEFT folder; return the sha256 of its weights."""
    folder.mkdir(parents=True, exist_ok=True)
    LoraConfig(
        task_type="CAUSAL_LM",
        r=config.RANK,
        lora_alpha=config.ALPHA,
        lora_dropout=0.0,
        target_modules=sorted(config.TARGETS),
        base_model_name_or_path="examples/model",
        inference_mode=True,
    ).save_pretrained(folder)
    settings = json.loads((folder / "adapter_config.json").read_text())
    settings["target_modules"] = list(config.TARGETS)
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
    path = folder / "adapter_model.safetensors"
    stored = {k: v.to(torch.bfloat16).contiguous() for k, v in tensors.items()}
    save_file(stored, path, metadata={"format": "pt"})
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main():
    """Train and write one Datanet (first argument) or all of them."""
    torch.set_num_threads(config.THREADS)
    for name in sys.argv[1:] or config.CONTRIBUTORS:
        plans = variants(name)
        model = train(name, plans)
        listed = []
        for index, plan in enumerate(plans):
            folder = config.ADAPTERS / name / plan["name"]
            digest = write_adapter(folder, model.factors(index))
            entry = {"name": plan["name"], "kind": plan["kind"], "contributor": plan.get("contributor")}
            listed.append({**entry, "path": plan["name"], "order_seed": plan["seed"], "sha256": digest})
        index_file = {
            "datanet": name,
            "base": "examples/model",
            "rank": config.RANK,
            "alpha": config.ALPHA,
            "dtype": "bf16",
            # Found by `openledger index build --calibrate`: to be found again when the adapters change.
            "query_strength": 35,
            "variants": listed,
        }
        (config.ADAPTERS / name / "adapters.json").write_text(json.dumps(index_file, indent=2) + "\n")


if __name__ == "__main__":
    main()
