"""Rebuild everything under examples/ and the golden files, in order, with timings.

`--measure` keeps the committed weights and repeats only the measurements. Of the large base (see `config.py`) only tokenizer,
base and export are made.
"""

import subprocess
import sys
import time
from pathlib import Path

import config

HERE = Path(__file__).resolve().parent
TRAIN = (
    (("sources.py",),),
    (("build_datanets.py",),),
    (("train_tokenizer.py",),),
    (("train_base.py",),),
    (("export_onnx.py",),),
    tuple(("train_adapters.py", name) for name in config.CONTRIBUTORS),
    (("verify_adapters.py",),),
    (("make_questions.py",),),
)
LARGE = ((("sources.py",),), (("train_tokenizer.py",),), (("train_base.py",),), (("export_onnx.py",),))
MEASURE = ((("audit.py",),), (("golden.py",), ("gradient_golden.py",), ("train_golden.py",)), (("results.py",),))


def run_together(commands):
    """Run the scripts of one stage side by side; stop at the first failure."""
    started = time.time()
    label = ", ".join(" ".join(c) for c in commands)
    running = [subprocess.Popen([sys.executable, HERE / c[0], *c[1:]]) for c in commands]
    codes = [process.wait() for process in running]
    if any(codes):
        raise SystemExit(f"{label} failed")
    print(f"== {label}: {time.time() - started:.0f} s", flush=True)


def main():
    """Run the chosen stages."""
    config.BUILD.mkdir(parents=True, exist_ok=True)
    measure = "--measure" in sys.argv[1:]
    if config.LARGE and measure:
        raise SystemExit("the large base has no measurements of its own: leave out --measure")
    stages = LARGE if config.LARGE else MEASURE if measure else TRAIN + MEASURE
    for commands in stages:
        run_together(commands)


if __name__ == "__main__":
    main()
