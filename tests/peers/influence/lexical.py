"""Words in common."""

import time
from importlib.metadata import version

import bm25s
import numpy as np


def bm25(task):
    """Rows by BM25 against question and answer together."""
    started = time.perf_counter()
    texts = [f"{row['text_prompt']} {row['text_completion']}" for row in task.rows]
    index = bm25s.BM25()
    index.index(bm25s.tokenize(texts, stopwords=None, show_progress=False), show_progress=False)
    built = time.perf_counter() - started
    started = time.perf_counter()
    scores = []
    for question in task.questions:
        text = f"{question['text_prompt']} {question['text_completion']}"
        words = bm25s.tokenize([text], stopwords=None, show_progress=False, return_ids=False)[0]
        known = [word for word in words if word in index.vocab_dict]
        scores.append((index.get_scores(known) if known else np.zeros(len(texts))).tolist())
    asked = (time.perf_counter() - started) / len(task.questions)
    return {"package": "bm25s", "version": version("bm25s"), "settings": {"k1": 1.5, "b": 0.75, "text": "question and answer"},
            "scores": scores, "questions": task.every_question, "build_seconds": built, "question_seconds": asked,
            "bytes_per_row": None}
