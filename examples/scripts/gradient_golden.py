"""Write reference gradients for other implementations of the backward pass.

All values come from torch autograd through transformers and PEFT in fp32 on the stored weights:
the gradient of the answer's log-probability by PEFT's own A and B of every module. Whole gradients
would be megabytes; `cases.json` has, per matrix in row-major order, its norm, its product with
cos(0.37 (i + 1)) over all elements i, and the elements at SAMPLES evenly spaced places.
"""

import json

import torch

import config
from audit import compact
from lab import Lab

SAMPLES = 6
FREQUENCY = 0.37

# (Datanet, variant, question ids)
PLAN = (
    ("wordnet", "full", ("wordnet-animal-1", "wordnet-plant-1")),
    ("wordnet", "without-animal", ("wordnet-animal-1",)),
    ("sotu", "full", ("sotu-lincoln-1", "sotu-kennedy-1")),
)


def digest(gradient):
    """What is kept of one matrix."""
    flat = gradient.double().flatten()
    wave = torch.cos(FREQUENCY * torch.arange(1, len(flat) + 1, dtype=torch.float64))
    places = [i * (len(flat) - 1) // (SAMPLES - 1) for i in range(SAMPLES)]
    return {
        "shape": list(gradient.shape),
        "norm": float(flat.norm()),
        "wave": float(flat @ wave),
        "samples": [float(flat[i]) for i in places],
    }


def case(lab, name, variant, question):
    """One golden entry."""
    prompt = lab.prompt_ids(question["prompt"])
    answer = lab.answer_ids(question["answer"])
    lab.model.set_adapter(variant)
    factors = {key: p for key, p in lab.model.named_parameters() if f".{variant}." in key}
    for parameter in factors.values():
        parameter.requires_grad_(True)
    batch = torch.tensor([prompt + answer])
    logits = lab.model(input_ids=batch, use_cache=False).logits[0, len(prompt) - 1 : -1]
    table = torch.log_softmax(logits, dim=-1)
    log_probs = table[torch.arange(len(answer)), torch.tensor(answer)]
    gradients = torch.autograd.grad(log_probs.sum(), list(factors.values()))
    return {
        "id": f"{name}/{variant}:{question['id']}",
        "adapter": f"{name}/{variant}",
        "prompt_ids": prompt,
        "answer_ids": answer,
        "log_probs": log_probs.tolist(),
        "gradients": {
            key.replace(f".{variant}", ""): digest(gradient)
            for key, gradient in zip(factors, gradients, strict=True)
        },
    }


def main():
    """Write the golden file."""
    listed = json.loads((config.EXAMPLES / "questions.json").read_text(encoding="utf-8"))
    questions = {q["id"]: q for q in listed}
    entries = []
    for name, variant, ids in PLAN:
        lab = Lab(name)
        entries += [case(lab, name, variant, questions[qid]) for qid in ids]
    folder = config.GOLDEN.parent / "gradients"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cases.json").write_text(compact(entries), encoding="utf-8")


if __name__ == "__main__":
    main()
