"""Products of gradients and of hidden states, without curvature."""

import time

import torch

from influence.task import factors, gradients, padded


def answer(task, scores, built, asked, settings, width):
    """The common form."""
    return {"package": "torch", "version": torch.__version__, "settings": settings, "scores": scores.tolist(),
            "questions": task.every_question, "build_seconds": built, "question_seconds": asked / len(task.questions),
            "bytes_per_row": 4 * width}


def features(task, of):
    """A vector for every row and for every question, with the seconds of both."""
    model = task.checked_model()
    of(model, task.rows[:4])
    started = time.perf_counter()
    rows = of(model, task.rows)
    built = time.perf_counter() - started
    started = time.perf_counter()
    questions = of(model, task.questions)
    return rows, questions, built, time.perf_counter() - started


def gradient(task):
    """Dot products at the trained adapter: TracIn's last checkpoint."""
    rows, questions, built, asked = features(task, gradients)
    return answer(task, questions @ rows.T, built, asked, {"checkpoint": "last"}, rows.shape[1])


def gradient_cosine(task):
    """The same without lengths."""
    rows, questions, built, asked = features(task, gradients)
    normal = torch.nn.functional.normalize
    return answer(task, normal(questions) @ normal(rows).T, built, asked, {"checkpoint": "last"}, rows.shape[1])


def hidden(model, some):
    """Mean last hidden state of a row."""
    found = []
    with torch.no_grad():
        for row in some:
            ids, mask, _ = padded([row])
            states = model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states[-1]
            found.append(states[0].mean(0))
    return torch.stack(found)


def embedding(task):
    """Cosine of mean hidden states of the adapted model itself: there is no pretrained encoder at hand."""
    rows, questions, built, asked = features(task, hidden)
    normal = torch.nn.functional.normalize
    settings = {"encoder": "the adapted model, mean of its last hidden states"}
    return answer(task, normal(questions) @ normal(rows).T, built, asked, settings, rows.shape[1])


def datainf(task):
    """DataInf (Kwon et al., ICLR 2024): the average of inverses in place of the inverse of the average, for each factor."""
    rows, questions, built, asked = features(task, gradients)
    sizes = [parameter.numel() for parameter in factors(task.model())]
    variants = []
    for part in (1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0):
        scores = torch.zeros(len(questions), len(rows))
        for own, asks in zip(rows.split(sizes, 1), questions.split(sizes, 1)):
            damping = part * own.square().mean()
            products = own @ own.T
            shares = 1 / (damping + products.diagonal())
            # q' (1 / n) sum over i of (I - g_i g_i' / (damping + |g_i|^2)) / damping, times every row's gradient.
            along = asks @ own.T
            scores += (along - (along * shares) @ products / len(rows)) / damping
        variants.append({"damping": f"{part} of a factor's mean square", "scores": scores.tolist()})
    found = answer(task, torch.zeros(0), built, asked, {"implementation": "own, in torch, after the paper"}, rows.shape[1])
    return {**found, "scores": [], "variants": variants}
