"""infini-gram (Liu et al., 2024), as OLMoTrace uses it: rows by the longest piece of the answer that they hold."""

import json
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import infini_gram.indexing
import numpy as np
from infini_gram.engine import InfiniGramEngine

SEPARATOR = 0xFFFF  # of rows; no token has this number
MOST_TOKENS = 0xFFFE


def write(rows, folder):
    """The rows' tokens and where each row begins, as the package's indexer reads them; its own tokenizers need a network."""
    with open(folder / "tokenized.0", "wb") as tokens, open(folder / "offset.0", "wb") as offsets:
        at = 0
        for row in rows:
            if max(row["tokens"]) >= MOST_TOKENS:
                raise SystemExit(f"a token above {MOST_TOKENS} does not fit 16 bits; index with 32")
            content = np.array([SEPARATOR, *row["tokens"]], dtype="<u2").tobytes()
            offsets.write(np.array([at], dtype="<u8").tobytes())
            tokens.write(content)
            at += len(content)


def index(folder):
    """The suffix array, by the package's program; tokens are there already, so it skips that step.

    One thread: with more, its parts of a text as small as this overlap and the table is wrong.
    """
    (folder / "empty").mkdir()
    subprocess.run(
        [sys.executable, infini_gram.indexing.__file__, "--data_dir", str(folder / "empty"), "--save_dir", str(folder),
         "--token_dtype", "u16", "--cpus", "1", "--mem", "1", "--ulimit", "1024"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def longest(engine, answer, rows):
    """Of every row, the number of tokens of the longest piece of the answer that it holds."""
    found = np.zeros(rows)
    for length in range(len(answer), 0, -1):
        for start in range(len(answer) - length + 1):
            piece = answer[start : start + length]
            for shard, (low, high) in enumerate(engine.find(piece)["segment_by_shard"]):
                for rank in range(low, high):
                    row = engine.get_doc_by_rank(s=shard, rank=rank, max_disp_len=1)["doc_ix"]
                    found[row] = max(found[row], length)
    return found


def infini_gram_longest(task):
    """Index once; every answer's pieces after that."""
    end = json.loads((Path(task.task["model"]) / "config.json").read_text(encoding="utf-8"))["eos_token_id"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = time.perf_counter()
        write(task.rows, folder)
        index(folder)
        built = time.perf_counter() - started
        size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
        engine = InfiniGramEngine(index_dir=name, eos_token_id=end, vocab_size=MOST_TOKENS, token_dtype="u16")
        started = time.perf_counter()
        scores = []
        for question in task.questions:
            # The token that ends every answer is in every row.
            answer = [token for token in question["tokens"][question["prompt"] :] if token != end]
            scores.append(longest(engine, answer, len(task.rows)).tolist())
        asked = (time.perf_counter() - started) / len(task.questions)
    return {"package": "infini-gram", "version": version("infini-gram"), "scores": scores,
            "settings": {"score": "tokens of the longest piece of the answer in the row", "text": "the rows' tokens"},
            "questions": task.every_question, "build_seconds": built, "question_seconds": asked,
            "bytes_per_row": size / len(task.rows)}
