"""Measure adapters with transformers and PEFT on the stored weights, in fp32."""

import json

import torch
from peft import PeftModel

import config
from base_model import load_base, load_tokenizer

EOS = 2


class Lab:
    """The base with every adapter of one Datanet loaded; `None` selects the base alone."""

    def __init__(self, name):
        torch.set_num_threads(config.THREADS)
        self.tokenizer = load_tokenizer()
        listed = json.loads((config.ADAPTERS / name / "adapters.json").read_text())
        self.variants = listed["variants"]
        self.model = None
        for variant in self.variants:
            folder = str(config.ADAPTERS / name / variant["path"])
            if self.model is None:
                self.model = PeftModel.from_pretrained(load_base(), folder, adapter_name=variant["name"])
            else:
                self.model.load_adapter(folder, adapter_name=variant["name"])
        self.model.eval()

    def names(self, kind):
        """Names of all variants of one kind."""
        return [v["name"] for v in self.variants if v["kind"] == kind]

    def prompt_ids(self, prompt):
        """Token ids of a prompt, begin-of-text included."""
        return self.tokenizer.encode(prompt).ids

    def answer_ids(self, text):
        """Token ids of a completion, end-of-text included."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids + [EOS]

    def text(self, ids):
        """Text of token ids, special tokens dropped."""
        return self.tokenizer.decode(ids, skip_special_tokens=True)

    @torch.no_grad()
    def logits(self, variant, ids):
        """Logits [tokens, vocabulary] of one sequence under one variant."""
        batch = torch.tensor([ids])
        if variant is None:
            with self.model.disable_adapter():
                return self.model(input_ids=batch, use_cache=False).logits[0]
        self.model.set_adapter(variant)
        return self.model(input_ids=batch, use_cache=False).logits[0]

    def log_probs(self, variant, prompt, answer):
        """Log-probability of each answer token given the prompt and the tokens before."""
        logits = self.logits(variant, prompt + answer)[len(prompt) - 1 : -1]
        table = torch.log_softmax(logits.double(), dim=-1)
        return table[torch.arange(len(answer)), torch.tensor(answer)]

    def greedy(self, variant, prompt, limit, stop=True):
        """Greedy continuation; ends with end-of-text when `stop` and it is reached."""
        ids = list(prompt)
        while len(ids) < len(prompt) + limit:
            ids.append(int(self.logits(variant, ids)[-1].argmax()))
            if stop and ids[-1] == EOS:
                break
        return ids[len(prompt) :]
