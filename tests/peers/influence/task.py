"""What the benchmark asks, and the trained adapter in transformers and PEFT."""

import sys
from pathlib import Path

import torch

SCRIPTS = Path(__file__).resolve().parents[3] / "examples" / "scripts"


class Task:
    """Rows, questions and recipe; the model is loaded when a method needs it."""

    def __init__(self, task):
        self.task = task
        self.rows, self.questions = task["rows"], task["questions"]
        self.threads = task["threads"]
        self.every_question = list(range(len(self.questions)))

    def model(self, adapter="adapter"):
        """The base with an adapter whose factors can be differentiated; sane only if training lowered the rows' loss."""
        from peft import PeftModel

        sys.path.insert(0, str(SCRIPTS))
        from base_model import load_base

        model = PeftModel.from_pretrained(load_base(Path(self.task["model"])), self.task[adapter], is_trainable=True)
        # Without dropout, training mode changes nothing; evaluation mode is what the answer was made in.
        model.eval()
        return model

    def checked_model(self):
        """The trained adapter, refused unless it is better on the rows than the one before training."""
        before, after = ((-self.log_probs(self.model(name), self.rows[:64])).mean().item() for name in ("initial", "adapter"))
        if not after < before:
            raise SystemExit(f"the adapter was not trained: {after} nats a row after, {before} before")
        return self.model()

    def log_probs(self, model, some):
        """Log-probability of every answer, in nats."""
        with torch.no_grad():
            return sums(model, some)


def factors(model):
    """The LoRA factors of a PEFT model."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def padded(some):
    """Token ids, mask, and 1 where a token counts; padding on the right."""
    width = max(len(row["tokens"]) for row in some)
    ids, mask, counts = (torch.zeros(len(some), width, dtype=torch.long) for _ in range(3))
    for at, row in enumerate(some):
        length = len(row["tokens"])
        ids[at, :length] = torch.tensor(row["tokens"])
        mask[at, :length] = 1
        counts[at, row["prompt"] : length] = 1
    return ids, mask, counts


def sums(model, some):
    """Sum of the log-probabilities of the tokens that count, for every row."""
    ids, mask, counts = padded(some)
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
    chosen = torch.log_softmax(logits, -1).gather(-1, ids[:, 1:, None]).squeeze(-1)
    return (chosen * counts[:, 1:]).sum(-1)


def gradients(model, some):
    """Gradient of every row's log-probability by all factors, one after the other: [rows, parameters]."""
    own = factors(model)
    found = []
    for row in some:
        parts = torch.autograd.grad(sums(model, [row]).sum(), own)
        found.append(torch.cat([part.flatten() for part in parts]))
    return torch.stack(found)
