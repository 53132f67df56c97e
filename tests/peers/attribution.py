"""One attribution method on one task of `cargo xtask bench attribution`; see README.md.

    python tests/peers/attribution.py ekfac TASK.json OUT.json
    python tests/peers/attribution.py --check TASK.json OUT.json

The second form holds `magic` against trainings with other weights, and fails where they differ.
"""

import importlib
import json
import sys
from pathlib import Path

import torch
from influence import lexical, plain, unrolled
from influence.task import Task

METHODS = {
    "bm25": lexical.bm25,
    "datainf": plain.datainf,
    "embedding": plain.embedding,
    "gradient": plain.gradient,
    "gradient-cosine": plain.gradient_cosine,
    "magic": unrolled.magic,
}


# Those with heavy packages are imported when they are asked for: method -> module of `influence` and function.
LATER = {
    "--check": ("check", "check"),
    "bergson-ekfac": ("bergson_methods", "ekfac"),
    "bergson-ekfac-cg": ("bergson_methods", "refined"),
    "ekfac": ("kronecker", "ekfac"),
    "infini-gram": ("longest", "infini_gram_longest"),
    "logra": ("projected", "logra"),
    "trackstar": ("bergson_methods", "trackstar"),
    "trak": ("projected", "trak"),
}


def method(name):
    """The function behind a name."""
    if name in METHODS:
        return METHODS[name]
    if name not in LATER:
        raise SystemExit(f"no method {name}; there are {', '.join(sorted([*METHODS, *LATER]))}")
    module, function = LATER[name]
    return getattr(importlib.import_module(f"influence.{module}"), function)


def main():
    """Read the task, run, write."""
    name, source, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    task = Task(json.loads(source.read_text(encoding="utf-8")))
    torch.set_num_threads(task.threads)
    found = method(name)(task)
    found["method"] = name
    out.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
