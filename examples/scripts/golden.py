"""Write reference numbers for other implementations of the PEFT forward pass.

All values come from transformers and PEFT in fp32 on the stored weights. `cases.json`
has one entry per adapter and question; `logits.safetensors` has, under the same id, the
logits [3, vocabulary] of the last three prompt positions.
"""

import json

from safetensors.torch import save_file

import config
from audit import compact
from lab import Lab

GREEDY_TOKENS = 24
POSITIONS = 3

# (adapter, Datanet it is loaded with, variant, question ids)
PLAN = (
    ("base", "wordnet", None, ("wordnet-animal-1", "wordnet-food-1", "sotu-lincoln-1")),
    ("wordnet/full", "wordnet", "full", ("wordnet-animal-1", "wordnet-body-1", "wordnet-plant-1")),
    ("wordnet/without-animal", "wordnet", "without-animal",
     ("wordnet-animal-1", "wordnet-animal-2", "wordnet-artifact-1")),
    ("sotu/full", "sotu", "full", ("sotu-lincoln-1", "sotu-kennedy-1", "sotu-washington-1")),
)


def case(lab, adapter, variant, question):
    """One golden entry and its logits."""
    prompt = lab.prompt_ids(question["prompt"])
    answer = lab.answer_ids(question["answer"])
    greedy = lab.greedy(variant, prompt, GREEDY_TOKENS, stop=False)
    top = lab.logits(variant, prompt + greedy)[len(prompt) - 1 : -1].topk(2).values
    logits = lab.logits(variant, prompt)[-POSITIONS:].contiguous()
    entry = {
        "id": f"{adapter}:{question['id']}",
        "adapter": adapter,
        "prompt": question["prompt"],
        "prompt_ids": prompt,
        "greedy_ids": greedy,
        "greedy_text": lab.text(greedy),
        "greedy_smallest_margin": float((top[:, 0] - top[:, 1]).min()),
        "answer": question["answer"],
        "answer_ids": answer,
        "answer_log_prob": float(lab.log_probs(variant, prompt, answer).sum()),
    }
    return entry, logits


def main():
    """Write both golden files."""
    listed = json.loads((config.EXAMPLES / "questions.json").read_text(encoding="utf-8"))
    questions = {q["id"]: q for q in listed}
    labs = {name: Lab(name) for name in config.CONTRIBUTORS}
    entries, tensors = [], {}
    for adapter, name, variant, ids in PLAN:
        for qid in ids:
            entry, logits = case(labs[name], adapter, variant, questions[qid])
            entries.append(entry)
            tensors[entry["id"]] = logits
    config.GOLDEN.mkdir(parents=True, exist_ok=True)
    (config.GOLDEN / "cases.json").write_text(compact(entries), encoding="utf-8")
    save_file(tensors, config.GOLDEN / "logits.safetensors")


if __name__ == "__main__":
    main()
