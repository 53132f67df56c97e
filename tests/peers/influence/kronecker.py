"""EK-FAC (Grosse et al., 2023) by kronfluence, on the factors as linear layers."""

import tempfile
import time
from importlib.metadata import version

import torch
from kronfluence.analyzer import Analyzer, prepare_model
from kronfluence.arguments import FactorArguments, ScoreArguments
from kronfluence.task import Task as KronfluenceTask
from torch.utils.data import Dataset

from influence.task import padded

DAMPINGS = [1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, None]


class Padded(Dataset):
    """All rows padded to one length."""

    def __init__(self, some):
        ids, mask, counts = padded(some)
        self.items = [{"ids": i, "mask": m, "counts": c} for i, m, c in zip(ids, mask, counts)]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, at):
        return self.items[at]


class Answers(KronfluenceTask):
    """The training's loss, summed; the measurement is a question's loss."""

    def compute_train_loss(self, batch, model, sample=False):
        logits = model(input_ids=batch["ids"], attention_mask=batch["mask"]).logits[:, :-1].float()
        counts, labels = batch["counts"][:, 1:].bool(), batch["ids"][:, 1:]
        table = torch.log_softmax(logits, -1)
        if sample:
            with torch.no_grad():
                drawn = torch.multinomial(table.exp().reshape(-1, table.shape[-1]), 1)
            labels = drawn.reshape(labels.shape)
        return -(table.gather(-1, labels[..., None]).squeeze(-1) * counts).sum()

    def compute_measurement(self, batch, model):
        return self.compute_train_loss(batch, model)

    def get_influence_tracked_modules(self):
        return self.modules

    def get_attention_mask(self, batch):
        return batch["mask"]


def ekfac(task):
    """Factors once; scores for every damping."""
    model = task.checked_model()
    own = Answers()
    own.modules = [name for name, module in model.named_modules()
                   if ("lora_A" in name or "lora_B" in name) and isinstance(module, torch.nn.Linear)]
    rows, questions = Padded(task.rows), Padded(task.questions)
    model = prepare_model(model, own)
    with tempfile.TemporaryDirectory() as folder:
        analyzer = Analyzer("bench", model, own, cpu=True, disable_tqdm=True, output_dir=folder)
        started = time.perf_counter()
        analyzer.fit_all_factors("factors", rows, per_device_batch_size=32, factor_args=FactorArguments(strategy="ekfac"))
        built = time.perf_counter() - started
        variants, asked = [], None
        for at, damping in enumerate(DAMPINGS):
            started = time.perf_counter()
            analyzer.compute_pairwise_scores(
                f"scores{at}", "factors", questions, rows, per_device_query_batch_size=32,
                per_device_train_batch_size=32, score_args=ScoreArguments(damping_factor=damping))
            seconds = time.perf_counter() - started
            asked = seconds if asked is None else min(asked, seconds)
            scores = analyzer.load_pairwise_scores(f"scores{at}")["all_modules"]
            variants.append({"damping": "a tenth of the mean eigenvalue" if damping is None else damping,
                             "scores": scores.tolist()})
    settings = {"factors": "true Fisher", "modules": len(own.modules), "score_seconds": "all rows again for every batch of questions"}
    return {"package": "kronfluence", "version": version("kronfluence"), "settings": settings, "variants": variants,
            "questions": task.every_question, "build_seconds": built, "question_seconds": asked / len(task.questions),
            "bytes_per_row": None}
