"""Write questions about an example Datanet, in the form that the attribution benchmark reads.

    python3 of_datanet.py wordnet --out DIR

The rows are the Datanet's own. Half of the questions are rows with their answers, three of each contributor; the
others are held-out prompts, which the adapter answers itself. The same bytes every time.
"""

import argparse
import json
import shutil
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "datanets"
ROWS = 3
HELD_OUT = 18


def lines(path):
    """Rows of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def main():
    """Copy the rows and write the questions."""
    parser = argparse.ArgumentParser()
    parser.add_argument("datanet", choices=["sotu", "wordnet"])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    source = EXAMPLES / arguments.datanet
    files = sorted(path for path in source.glob("*.jsonl") if path.name != "heldout.jsonl")
    datanet = arguments.out / "datanet"
    datanet.mkdir(parents=True, exist_ok=True)
    told, first = [], 0
    for path in files:
        shutil.copy(path, datanet)
        rows = lines(path)
        for at in range(0, len(rows), -(-len(rows) // ROWS)):
            row = rows[at]
            told.append({"kind": "literal", "prompt": row["prompt"], "answer": row["completion"], "rows": [first + at]})
        first += len(rows)
    held_out = lines(source / "heldout.jsonl")
    every = max(1, len(held_out) // HELD_OUT)
    own = [{"kind": "own", "prompt": row["prompt"], "answer": None, "rows": []} for row in held_out[::every]]
    # In turn, so that every part of the list has both.
    questions = [question for pair in zip(told, own) for question in pair]
    text = "".join(json.dumps(question) + "\n" for question in questions)
    (arguments.out / "questions.jsonl").write_text(text, encoding="utf-8")
    (arguments.out / "planted.json").write_text(json.dumps({"wrong": []}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
