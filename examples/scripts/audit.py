"""Audit-lane attribution: how much less likely an answer is without one contributor.

For the greedy answer y of `full` to a prompt x, the delta of contributor c is
log p_full(y|x) - log p_without_c(y|x). The noise floor of the question is the largest
|log p_full(y|x) - log p_placebo(y|x)| over the placebos. Results for the demo questions
are golden data for other implementations; results for all rows are for RESULTS.md.
"""

import json

import config
from lab import Lab
from train_adapters import load_rows


def audit(lab, row):
    """Answer, log-probabilities under every variant, deltas and noise floor of one row."""
    prompt = lab.prompt_ids(row["prompt"])
    answer = lab.greedy("full", prompt, config.ANSWER_TOKENS)
    log_probs = {
        v["name"]: float(lab.log_probs(v["name"], prompt, answer).sum()) for v in lab.variants
    }
    full = log_probs["full"]
    deltas = {
        v["contributor"]: full - log_probs[v["name"]]
        for v in lab.variants
        if v["kind"] == "counterfactual"
    }
    return {
        "prompt_ids": prompt,
        "answer_ids": answer,
        "answer_text": lab.text(answer),
        "log_probs": log_probs,
        "deltas": deltas,
        "noise_floor": max(abs(full - log_probs[n]) for n in lab.names("placebo")),
        "top": max(deltas, key=deltas.get),
    }


def audit_rows(lab, rows):
    """Audit many rows, each with its contributor and whether the answer is the stored one."""
    out = []
    for row in rows:
        result = audit(lab, row)
        result["contributor"] = row["contributor"]
        result["reproduced"] = result["answer_ids"] == lab.answer_ids(row["completion"])
        out.append(result)
    return out


def main():
    """Audit the questions into the golden folder and all rows into the build folder."""
    questions = json.loads((config.EXAMPLES / "questions.json").read_text(encoding="utf-8"))
    golden, everything = [], {}
    for name in config.CONTRIBUTORS:
        lab = Lab(name)
        asked = [q for q in questions if q["datanet"] == name]
        for question in asked:
            golden.append({"id": question["id"], "contributor": question["contributor"], **audit(lab, question)})
        everything[name] = audit_rows(lab, load_rows(name))
        hits = sum(r["top"] == r["contributor"] for r in everything[name])
        print(f"{name}: contributor ranked first for {hits} of {len(everything[name])} rows", flush=True)
    config.GOLDEN.mkdir(parents=True, exist_ok=True)
    (config.GOLDEN / "audit.json").write_text(compact(golden), encoding="utf-8")
    (config.BUILD / "audit_rows.json").write_text(json.dumps(everything), encoding="utf-8")


def compact(items):
    """JSON with one item per line."""
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in items)
    return f"[\n{lines}\n]\n"


if __name__ == "__main__":
    main()
