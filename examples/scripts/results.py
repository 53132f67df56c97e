"""Measure losses and recall, read the audits, and write RESULTS.md."""

import datetime
import json
import statistics

import config
from lab import Lab
from train_adapters import load_rows

ATTRIBUTION_COLUMNS = (
    "answers",
    "contributor of the row ranked first",
    "its delta above the noise floor",
    "median delta of the contributor",
    "median noise floor",
    "median absolute delta of the others",
    "other contributors above the noise floor",
)


def heldout_rows(name):
    """Rows of the same contributors that no adapter was trained on."""
    path = config.DATANETS / name / "heldout.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def loss(lab, variant, rows):
    """Mean loss per completion token, in nats."""
    total = tokens = 0
    for row in rows:
        values = lab.log_probs(variant, lab.prompt_ids(row["prompt"]), lab.answer_ids(row["completion"]))
        total -= float(values.sum())
        tokens += len(values)
    return total / tokens


def recall(lab, variant, rows):
    """Number of rows whose completion greedy decoding reproduces exactly."""
    hits = 0
    for row in rows:
        answer = lab.answer_ids(row["completion"])
        hits += lab.greedy(variant, lab.prompt_ids(row["prompt"]), len(answer)) == answer
    return hits


def loss_section(name, lab):
    """Table of losses and recall of one Datanet."""
    rows, heldout = load_rows(name), heldout_rows(name)
    lines = [
        f"### {name}: loss and recall",
        "",
        f"{len(rows)} training rows, {len(heldout)} held-out rows. Loss in nats per completion token.",
        "",
        "| model | training loss | held-out loss | training rows reproduced exactly |",
        "|---|---|---|---|",
    ]
    for label, variant in (("base", None), ("full", "full")):
        cells = (loss(lab, variant, rows), loss(lab, variant, heldout))
        hits = recall(lab, variant, rows)
        lines.append(f"| {label} | {cells[0]:.3f} | {cells[1]:.3f} | {hits} of {len(rows)} |")
    for placebo in lab.names("placebo"):
        cells = (loss(lab, placebo, rows), loss(lab, placebo, heldout))
        lines.append(f"| {placebo} | {cells[0]:.3f} | {cells[1]:.3f} | not run |")
    lines += [
        "",
        "The held-out loss of adapted models is above the base's: they memorise and do not generalise.",
        "",
        "What each counterfactual adapter still knows of the contributor it left out:",
        "",
        "| contributor | loss of its rows: base | full | without it | its rows reproduced: full | without it |",
        "|---|---|---|---|---|---|",
    ]
    for cid in config.CONTRIBUTORS[name]:
        own = [row for row in rows if row["contributor"] == cid]
        without = f"without-{cid}"
        values = [loss(lab, v, own) for v in (None, "full", without)]
        hits = [recall(lab, v, own) for v in ("full", without)]
        lines.append(
            f"| {cid} | {values[0]:.3f} | {values[1]:.3f} | {values[2]:.3f} "
            f"| {hits[0]} of {len(own)} | {hits[1]} of {len(own)} |"
        )
    return lines + [""]


def summary(label, audits):
    """One table row of attribution figures."""
    own = [a["deltas"][a["contributor"]] for a in audits]
    others = [abs(d) for a in audits for c, d in a["deltas"].items() if c != a["contributor"]]
    first = sum(a["top"] == a["contributor"] for a in audits)
    above = sum(a["deltas"][a["contributor"]] > a["noise_floor"] for a in audits)
    false = sum(d > a["noise_floor"] for a in audits for c, d in a["deltas"].items() if c != a["contributor"])
    floor = statistics.median(a["noise_floor"] for a in audits)
    return (
        f"| {label} | {first} of {len(audits)} ({100 * first / len(audits):.1f} %) "
        f"| {above} of {len(audits)} | {statistics.median(own):.2f} | {floor:.3f} "
        f"| {statistics.median(others):.3f} | {false} of {len(others)} |"
    )


def attribution_section(questions):
    """Audit-lane figures for the questions and for all rows."""
    golden = json.loads((config.GOLDEN / "audit.json").read_text(encoding="utf-8"))
    everything = json.loads((config.BUILD / "audit_rows.json").read_text(encoding="utf-8"))
    datanet = {q["id"]: q["datanet"] for q in questions}
    lines = [
        "The regime is the easy one on purpose: adapters that know their rows by heart, asked about",
        "those rows. It shows that adapters, counterfactuals and audit fit together. It does not show",
        "how attribution fares on paraphrases, on shared facts or on a large model.",
        "",
        "## Attribution by counterfactual adapters",
        "",
        "Answers are the greedy answers of `full`. Delta of a contributor: log-probability of the",
        "answer under `full` minus the one under the adapter trained without that contributor.",
        "Noise floor of an answer: the largest absolute difference between `full` and a placebo.",
        "",
        f"| {' | '.join(ATTRIBUTION_COLUMNS)} |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in config.CONTRIBUTORS:
        lines.append(summary(f"{name}: demo questions", [a for a in golden if datanet[a["id"]] == name]))
        lines.append(summary(f"{name}: all training rows", everything[name]))
        exact = [a for a in everything[name] if a["reproduced"]]
        lines.append(summary(f"{name}: rows that `full` reproduces exactly", exact))
    return lines + [""]


def answer_section(questions, labs):
    """Answers of the base and of `full` to every demo question."""
    lines = ["## Answers", "", "| question | base | full | top contributor | delta |", "|---|---|---|---|---|"]
    audits = {a["id"]: a for a in json.loads((config.GOLDEN / "audit.json").read_text(encoding="utf-8"))}
    for question in questions:
        lab, audit = labs[question["datanet"]], audits[question["id"]]
        base = lab.text(lab.greedy(None, audit["prompt_ids"], config.ANSWER_TOKENS // 2))
        right = "yes" if audit["answer_text"] == question["answer"] else "differs from the row"
        cells = (
            question["prompt"].strip(),
            base.strip(),
            f"{audit['answer_text'].strip()} ({right})",
            audit["top"] + ("" if audit["top"] == question["contributor"] else f" (row: {question['contributor']})"),
            f"{audit['deltas'][audit['top']]:.1f}",
        )
        lines.append("| " + " | ".join(c.replace("|", "/").replace("\n", " ") for c in cells) + " |")
    return lines + [""]


def main():
    """Write RESULTS.md."""
    questions = json.loads((config.EXAMPLES / "questions.json").read_text(encoding="utf-8"))
    labs = {name: Lab(name) for name in config.CONTRIBUTORS}
    lines = [
        "# Results",
        "",
        f"Measured on {datetime.date.today().isoformat()} from the committed weights, CPU only, with",
        "`python examples/scripts/build_all.py --measure`. The command rewrites this file.",
        "",
    ]
    lines += attribution_section(questions)
    lines += ["## Loss and recall", ""]
    for name, lab in labs.items():
        lines += loss_section(name, lab)
    lines += answer_section(questions, labs)
    (config.EXAMPLES / "RESULTS.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
