"""EK-FAC, EK-FAC refined by conjugate gradients (ASTRA; Wang et al., 2025) and TrackStar (Chang et al., 2024) by bergson."""

import contextlib
import io
import sys
import tempfile
import time
from copy import deepcopy
from importlib.metadata import version
from pathlib import Path

import numpy as np
from bergson.config.config import (
    AstraConfig,
    DataConfig,
    HessianConfig,
    HessianPipelineConfig,
    IndexConfig,
    InversionConfig,
    PreprocessConfig,
    QuerySetConfig,
    ScoreConfig,
    TrackstarConfig,
)
from bergson.data import load_scores
from bergson.hessians import astra as refining
from datasets import Dataset

from influence.task import SCRIPTS

DAMPINGS = [1e-2, 1e-1, 1.0, 10.0]  # parts of a layer's mean eigenvalue; 0.1 is the package's own
REFINED_DAMPINGS = [1.0, 10.0, 100.0]
REFINING_STEPS = 10
REFINING_ROWS = 128  # of a product with the Gauss-Newton matrix: all of them cost an hour
PROJECTION = 8  # 8 x 8 for every layer: the narrow side of a factor has 8 already
TOKENS = 512  # the most that the example model takes, and so the package's largest batch


def saved(task, folder, chosen):
    """Base, tokenizer and adapter in the form that bergson reads; rows and questions with labels where tokens count."""
    from peft import PeftModel
    from transformers import PreTrainedTokenizerFast

    task.checked_model()
    sys.path.insert(0, str(SCRIPTS))
    from base_model import load_base, load_tokenizer

    base = load_base(Path(task.task["model"]))
    base.save_pretrained(folder / "base")
    model = PeftModel.from_pretrained(base, task.task["adapter"])
    model.peft_config["default"].base_model_name_or_path = str(folder / "base")
    model.save_pretrained(folder / "adapter")
    PreTrainedTokenizerFast(tokenizer_object=load_tokenizer()).save_pretrained(folder / "adapter")
    for name, some in (("rows", task.rows), ("questions", [task.questions[question] for question in chosen])):
        Dataset.from_list([
            {"input_ids": one["tokens"], "length": len(one["tokens"]),
             "labels": [-100] * one["prompt"] + one["tokens"][one["prompt"] :]}
            for one in some
        ]).save_to_disk(folder / name)


def index(folder, run, **more):
    """The common part of every command's configuration."""
    return IndexConfig(run_path=str(folder / run), model=str(folder / "adapter"), tokenizer=str(folder / "adapter"),
                       data=DataConfig(dataset=str(folder / "rows")), token_batch_size=TOKENS, overwrite=True,
                       force_math_sdp=True, **more)


def scores(folder, run):
    """[questions, rows]; higher is better in the runs made here."""
    return np.asarray(load_scores(folder / run / "scores")[:], dtype=np.float64).T.tolist()


@contextlib.contextmanager
def quiet():
    """The package prints every step and its progress."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def answer(chosen, variants, settings, built, asked):
    """The common form; the package keeps factors and no rows."""
    return {"package": "bergson", "version": version("bergson"), "settings": settings, "variants": variants,
            "questions": chosen, "build_seconds": built, "question_seconds": asked / len(chosen), "bytes_per_row": None}


def kronecker(task, chosen, dampings, astra, settings):
    """The first run fits the factors, and scores once without refining; the others take its factors over."""
    from bergson.hessians.pipeline import hessian_pipeline

    variants, first, asked = [], None, None
    with tempfile.TemporaryDirectory() as name, quiet():
        folder = Path(name)
        saved(task, folder, chosen)
        query = QuerySetConfig(dataset=str(folder / "questions"))
        for damping in [dampings[0], *dampings]:
            run = f"run-{len(variants)}" if first is not None else "first"
            if first is not None:
                (folder / run).mkdir()
                (folder / run / "hessian").symlink_to(folder / "first" / "hessian")
            started = time.perf_counter()
            hessian_pipeline(
                index(folder, run), HessianConfig(method="kfac", ev_correction=True), ScoreConfig(), PreprocessConfig(),
                HessianPipelineConfig(query=query, inversion_cfg=InversionConfig(damping_factor=damping), resume=first is not None,
                                      astra=AstraConfig() if first is None else deepcopy(astra)))
            seconds = time.perf_counter() - started
            if first is None:
                first = seconds
                continue
            asked = seconds if asked is None else min(asked, seconds)
            variants.append({"damping": f"{damping} of the mean eigenvalue", "scores": scores(folder, run)})
    return answer(chosen, variants, {**settings, "build_seconds": "one scoring inside"}, first, asked)


def ekfac(task):
    """EK-FAC with sampled labels."""
    settings = {"factors": "true Fisher", "question_seconds": "all rows again, loading of the model inside"}
    return kronecker(task, task.every_question, DAMPINGS, AstraConfig(), settings)


@contextlib.contextmanager
def copies():
    """On a CPU bergson 2.5.1 refines a read-only map of a file in place, and dies; a copy is what it means."""
    theirs = refining.numpy_to_tensor
    refining.numpy_to_tensor = lambda array: theirs(array).clone()
    try:
        yield
    finally:
        refining.numpy_to_tensor = theirs


def refined(task):
    """The same, then conjugate gradients on the Gauss-Newton matrix of some rows, preconditioned by EK-FAC: minutes a question."""
    chosen, rows = task.task["questions_of_magic"], min(REFINING_ROWS, len(task.rows))
    astra = AstraConfig(num_steps=REFINING_STEPS, solver="cg", batch_size=rows, micro_batch_size=32)
    settings = {"steps": REFINING_STEPS, "rows_of_a_product": rows, "question_seconds": "loading of the model inside"}
    with copies():
        return kronecker(task, chosen, REFINED_DAMPINGS, astra, settings)


def trackstar(task):
    """Random projections of every layer, second moments mixed from rows and questions, unit length."""
    from bergson.cli.trackstar import trackstar as pipeline

    variants, first, asked = [], None, None
    with tempfile.TemporaryDirectory() as name, quiet():
        folder = Path(name)
        saved(task, folder, task.every_question)
        for damping in DAMPINGS:
            run = f"run-{len(variants)}"
            preprocess = PreprocessConfig(unit_normalize=True, inversion_cfg=InversionConfig(damping_factor=damping))
            (folder / run).mkdir()
            for step in ("value_hessian", "query_hessian", "mixed_hessian", "query") if variants else ():
                (folder / run / step).symlink_to(folder / "run-0" / step)
            started = time.perf_counter()
            pipeline(index(folder, run, projection_dim=PROJECTION),
                     TrackstarConfig(query=QuerySetConfig(dataset=str(folder / "questions")), preprocess_cfg=preprocess,
                                     resume=bool(variants)))
            seconds = time.perf_counter() - started
            first = first or seconds
            asked = seconds if asked is None else min(asked, seconds)
            variants.append({"damping": f"{damping} of the mean eigenvalue", "scores": scores(folder, run)})
    settings = {"projection": PROJECTION, "optimizer_state": None, "question_seconds": "all rows again, loading inside"}
    return answer(task.every_question, variants, settings, max(first - asked, 0.0), asked)
