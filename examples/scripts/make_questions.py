"""Choose the demo questions: a seeded sample of training rows, never looked at first."""

import json
import random

import config
from train_adapters import load_rows


def main():
    """Write questions.json, the same number of questions for every contributor."""
    out = []
    for name, contributors in config.CONTRIBUTORS.items():
        rows = load_rows(name)
        for cid in contributors:
            own = [row for row in rows if row["contributor"] == cid]
            rng = random.Random(f"{config.QUESTION_SEED}:{name}:{cid}")
            for number, row in enumerate(rng.sample(own, config.QUESTIONS_PER_CONTRIBUTOR), start=1):
                out.append(
                    {
                        "id": f"{name}-{cid}-{number}",
                        "datanet": name,
                        "contributor": cid,
                        "prompt": row["prompt"],
                        "answer": row["completion"],
                    }
                )
    path = config.EXAMPLES / "questions.json"
    path.write_text(json.dumps(out, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(out)} questions")


if __name__ == "__main__":
    main()
