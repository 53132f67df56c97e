"""Choose the demo questions: a seeded sample of training rows.

The only filter is on the question's words, not on how any model answers: intimate anatomy
stays in the Datanet but out of a demo.
"""

import json
import random
import re

import config
from train_adapters import load_rows

NOT_IN_A_DEMO = re.compile(r"\b(vagina|penis|rectum|anus|uterus|testis|scrotum|vulva|clitoris|buttocks?)\b")


def main():
    """Write questions.json, the same number of questions for every contributor."""
    out = []
    for name, contributors in config.CONTRIBUTORS.items():
        rows = load_rows(name)
        for cid in contributors:
            own = [row for row in rows if row["contributor"] == cid and not NOT_IN_A_DEMO.search(row["prompt"])]
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
