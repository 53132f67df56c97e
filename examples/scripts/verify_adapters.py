"""Check that PEFT and the batched trainer agree on the stored adapter weights."""

import torch
from safetensors.torch import load_file

import config
from base_model import load_base
from batched_lora import BatchedLora
from lab import Lab

TOLERANCE = 1e-3


def stored_model(name, variants):
    """A batched model that carries the stored weights of all variants."""
    model = BatchedLora(load_base(), len(variants))
    for index, variant in enumerate(variants):
        stored = load_file(config.ADAPTERS / name / variant["path"] / "adapter_model.safetensors")
        for key, target in model.factors(index).items():
            target.copy_(stored[key].float())
    return model


def main():
    """Compare logits of every adapter on a random sequence."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(3, config.VOCAB, (40,), generator=generator)
    for name in config.CONTRIBUTORS:
        lab = Lab(name)
        model = stored_model(name, lab.variants)
        with torch.no_grad():
            states = model.hidden(ids.expand(len(lab.variants), 1, -1))[:, 0]
            batched = states @ model.weights["lm_head.weight"].T
        worst = max(
            float((lab.logits(v["name"], ids.tolist()) - batched[i]).abs().max())
            for i, v in enumerate(lab.variants)
        )
        print(f"{name}: largest logit difference between PEFT and the batched trainer {worst:.2e}")
        if worst > TOLERANCE:
            raise SystemExit(f"above the tolerance {TOLERANCE}")


if __name__ == "__main__":
    main()
