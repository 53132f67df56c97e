"""LoGra (Choe et al., 2024) and TRAK (Park et al., 2023) by dattri, on the factors as linear layers."""

import contextlib
import io
import logging
import tempfile
import time
from importlib.metadata import version

import torch
from dattri.algorithm.logra import LoGraAttributor
from dattri.algorithm.trak import TRAKAttributor
from dattri.task import AttributionTask
from torch.utils.data import DataLoader

from influence.task import factors, padded

BATCH = 16
LOGRA_SIZE = 64  # 8 x 8 for every layer: the narrow side of a factor has 8 already
LOGRA_DAMPINGS = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]
TRAK_SIZE = 2048
TRAK_DAMPINGS = [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2]


def report(task, variants, settings, built, asked, width):
    """The common form."""
    return {"package": "dattri", "version": version("dattri"), "settings": settings, "variants": variants,
            "questions": task.every_question, "build_seconds": built, "question_seconds": asked / len(task.questions),
            "bytes_per_row": 4 * width}


@contextlib.contextmanager
def quiet():
    """dattri writes progress bars to standard error and has no switch for them."""
    with contextlib.redirect_stderr(io.StringIO()):
        yield


def token_loss(logits, labels):
    """Sum of the losses of the tokens whose label is not -100."""
    kept = labels[..., 1:]
    table = torch.log_softmax(logits[..., :-1, :].float(), -1)
    chosen = table.gather(-1, kept.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return -(chosen * (kept >= 0)).sum(-1)


def labelled(some):
    """Ids, mask and labels of every row, all of one width."""
    ids, mask, counts = padded(some)
    return ids, mask, torch.where(counts.bool(), ids, torch.full_like(ids, -100))


def logra(task):
    """Projected gradients of every layer with the inverse of their second moment."""
    logging.getLogger("dattri").setLevel(logging.ERROR)
    model = task.checked_model()
    layers = [name for name, module in model.named_modules()
              if ("lora_A" in name or "lora_B" in name) and isinstance(module, torch.nn.Linear)]

    def loss(model, batch, device):
        return token_loss(model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits,
                          batch["labels"]).sum()

    def loader(some):
        names = ("input_ids", "attention_mask", "labels")
        return DataLoader([dict(zip(names, one)) for one in zip(*labelled(some))], batch_size=BATCH, shuffle=False)

    attribution = AttributionTask(loss_func=loss, model=model, checkpoints=model.state_dict())
    torch.manual_seed(0)
    rows, questions = loader(task.rows), loader(task.questions)
    variants, built, asked = [], None, None
    # It writes what it knows of the batches into the working folder unless it has one of its own.
    with tempfile.TemporaryDirectory() as folder, quiet():
        own = LoGraAttributor(attribution, layer_names=layers, hessian="eFIM", damping=LOGRA_DAMPINGS[0],
                              proj_dim=LOGRA_SIZE, offload="none", cache_dir=folder)
        started = time.perf_counter()
        own.cache(rows)
        built = time.perf_counter() - started
        for at, damping in enumerate(LOGRA_DAMPINGS):
            if at:
                own.compute_preconditioners(damping=damping)
                own.compute_ifvp()
            started = time.perf_counter()
            # Loss against loss: a positive product lowers the question's loss.
            scores = own.attribute(train_dataloader=rows, test_dataloader=questions)
            seconds = time.perf_counter() - started
            asked = seconds if asked is None else min(asked, seconds)
            variants.append({"damping": damping, "scores": scores.detach().T.tolist()})
    settings = {"size_of_a_layer": LOGRA_SIZE, "layers": len(layers), "second_moment": "of the rows' own gradients"}
    return report(task, variants, settings, built, asked, LOGRA_SIZE * len(layers))


def trak(task):
    """One model; the paper averages several, but the benchmark attributes to the one that was trained."""
    model = task.checked_model()
    model.base_model.model.config._attn_implementation = "eager"
    count = sum(parameter.numel() for parameter in factors(model))

    def score(parameters, one):
        """Log odds of the row's mean token probability, TRAK's measurement for language models."""
        ids, mask, labels = (part.unsqueeze(0) for part in one)
        logits = torch.func.functional_call(model, parameters, args=(), kwargs={"input_ids": ids, "attention_mask": mask}).logits
        mean = token_loss(logits, labels).sum() / (labels[..., 1:] >= 0).sum()
        probability = torch.exp(-mean).clamp(1e-6, 1 - 1e-6)
        return torch.log(probability) - torch.log1p(-probability)

    def correct(parameters, one):
        ids, mask, labels = (part.unsqueeze(0) for part in one)
        logits = torch.func.functional_call(model, parameters, args=(), kwargs={"input_ids": ids, "attention_mask": mask}).logits
        return torch.exp(-token_loss(logits, labels).sum() / (labels[..., 1:] >= 0).sum())

    def loader(some):
        return DataLoader(list(zip(*labelled(some))), batch_size=BATCH, shuffle=False)

    return trak_of(task, model, count, score, correct, loader)


class Once:
    """A gradient function that keeps what it found, because dattri asks again for every ridge."""

    def __init__(self, function):
        self.function, self.kept = function, {}

    def __call__(self, parameters, batch):
        key = batch[0].numpy().tobytes()
        if key not in self.kept:
            self.kept[key] = self.function(parameters, batch).detach()
        # dattri scales what it gets in place.
        return self.kept[key].clone()


def trak_of(task, model, count, score, correct, loader):
    """Every ridge; the times are of the first, which computes the gradients."""
    rows, questions, variants = loader(task.rows), loader(task.questions), []
    attribution = AttributionTask(loss_func=score, model=model, checkpoints=model.state_dict())
    of_rows = of_questions = built = asked = None
    for damping in TRAK_DAMPINGS:
        own = TRAKAttributor(attribution, correct, projector_kwargs={"proj_dim": TRAK_SIZE, "proj_max_batch_size": BATCH},
                             regularization=damping)
        of_rows, of_questions = of_rows or Once(own.grad_loss_func), of_questions or Once(own.grad_target_func)
        own.grad_loss_func, own.grad_target_func = of_rows, of_questions
        with quiet():
            started = time.perf_counter()
            own.cache(rows)
            done = time.perf_counter()
            scores = own.attribute(questions)
        if built is None:
            built, asked = done - started, time.perf_counter() - done
        variants.append({"damping": damping, "scores": scores.detach().T.tolist()})
    settings = {"models": 1, "parameters": count, "projected": TRAK_SIZE, "measurement": "log odds of the mean token"}
    return report(task, variants, settings, built, asked, TRAK_SIZE)
