"""MAGIC (Ilyas and Engstrom, 2025): the exact derivative of an answer by every row's weight, in reverse through the training."""

import time

import torch

from influence.task import factors, padded, sums


class Run:
    """The training again, with the state before every step."""

    def __init__(self, task):
        self.task, self.settings = task, task.task
        self.model = task.model("initial")
        self.own = factors(self.model)
        self.initial = self.flat(self.own).detach().clone()
        self.states = []

    def flat(self, parts):
        return torch.cat([part.reshape(-1) for part in parts])

    def put(self, flat):
        """Puts flat parameters into the model."""
        at = 0
        with torch.no_grad():
            for parameter in self.own:
                parameter.copy_(flat[at : at + parameter.numel()].view_as(parameter))
                at += parameter.numel()

    def loss(self, step, weights):
        """Loss of a step with a weight for every row."""
        some = [self.task.rows[row] for row in step]
        counted = padded(some)[2][:, 1:].sum()
        return -(sums(self.model, some) * weights).sum() / counted

    def moments(self, state, gradient, number):
        """Both moments after a step and what the update divides by."""
        beta1, beta2 = self.settings["betas"]
        first = beta1 * state["first"] + (1 - beta1) * gradient
        second = beta2 * state["second"] + (1 - beta2) * gradient**2
        corrections = 1 - beta1**number, 1 - beta2**number
        root = (second / corrections[1]).sqrt()
        return first, second, root, corrections

    def train(self, weights=None):
        """Every step, with a weight for every row of the task (one, unless given); returns the trained parameters."""
        weights = torch.ones(len(self.task.rows)) if weights is None else weights
        self.states = []
        zeros = torch.zeros_like(self.initial)
        state = {"parameters": self.initial, "first": zeros, "second": zeros.clone()}
        for number, (step, rate) in enumerate(zip(self.settings["steps"], self.settings["rates"]), 1):
            self.put(state["parameters"])
            gradient = self.flat(torch.autograd.grad(self.loss(step, weights[torch.tensor(step)]), self.own))
            state["gradient"] = gradient
            self.states.append(state)
            first, second, root, (one, _) = self.moments(state, gradient, number)
            keep = 1 - rate * self.settings["weight_decay"]
            moved = keep * state["parameters"] - rate * (first / one) / (root + self.settings["epsilon"])
            state = {"parameters": moved, "first": first, "second": second}
        self.put(state["parameters"])
        return state["parameters"]

    def back(self, adjoints):
        """From adjoints of the trained parameters [questions, parameters] to those of the rows' weights."""
        beta1, beta2 = self.settings["betas"]
        by_first, by_second = torch.zeros_like(adjoints), torch.zeros_like(adjoints)
        found = torch.zeros(len(adjoints), len(self.task.rows))
        for number in range(len(self.states), 0, -1):
            step, rate = self.settings["steps"][number - 1], self.settings["rates"][number - 1]
            state = self.states[number - 1]
            gradient = state["gradient"]
            first, _, root, (one, two) = self.moments(state, gradient, number)
            divisor = root + self.settings["epsilon"]
            bent = rate * (first / one) / (2 * root.clamp(min=1e-12) * divisor**2 * two)
            by_first = by_first - adjoints * rate / (one * divisor)
            by_second = by_second + adjoints * bent
            by_gradient = by_first * (1 - beta1) + by_second * (2 * (1 - beta2) * gradient)
            self.put(state["parameters"])
            weights = torch.ones(len(step), requires_grad=True)
            parts = torch.autograd.grad(self.loss(step, weights), self.own, create_graph=True)
            flat = self.flat(parts)
            adjoints = adjoints * (1 - rate * self.settings["weight_decay"])
            for question in range(len(adjoints)):
                *by_own, by_weights = torch.autograd.grad(flat @ by_gradient[question], [*self.own, weights], retain_graph=True)
                adjoints[question] += self.flat(by_own)
                found[question, torch.tensor(step)] += by_weights
            by_first, by_second = by_first * beta1, by_second * beta2
        return found


def twice_differentiable(task):
    """A run whose model can be differentiated twice: fused attention cannot."""
    run = Run(task)
    run.model.base_model.model.config._attn_implementation = "eager"
    return run


def unroll(run, chosen):
    """After a training, back from some questions: [chosen questions, rows]."""
    some = [run.task.questions[question] for question in chosen]
    return run.back(torch.stack([
        run.flat(torch.autograd.grad(sums(run.model, [question]).sum(), run.own)) for question in some
    ]))


def magic(task):
    """Exact unrolling for a part of the questions: it costs minutes for each handful of them."""
    chosen = task.task["questions_of_magic"]
    run = twice_differentiable(task)
    started = time.perf_counter()
    run.train()
    built = time.perf_counter() - started
    started = time.perf_counter()
    scores = unroll(run, chosen)
    asked = (time.perf_counter() - started) / len(chosen)
    settings = {"implementation": "own, in torch, after the paper: reverse mode through every AdamW step",
                "build_seconds": "the training again, with its states kept"}
    return {"package": "torch", "version": torch.__version__, "settings": settings, "scores": scores.tolist(),
            "questions": chosen, "build_seconds": built, "question_seconds": asked,
            "bytes_per_row": 4 * 4 * len(run.states) * len(run.initial) / len(task.rows)}
