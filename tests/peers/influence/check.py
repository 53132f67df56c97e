"""Exact unrolling against training itself: the ceiling of the benchmark must be right."""

import torch

from influence.unrolled import twice_differentiable, unroll

FARTHEST = 0.05  # of the way that the parameters went: rounding grows over the steps
WEIGHT = 0.1  # by which a row's weight is raised and lowered
TOLERANCE = 0.05  # of the largest derivative: what the cubic term of a weight may leave


def trained(run, task):
    """Distance of the run's end from the task's adapter, as a part of the way from the initial one."""
    end = run.train()
    start = run.states[0]["parameters"]
    theirs = torch.cat([parameter.detach().reshape(-1) for parameter in task.model().parameters() if parameter.requires_grad])
    return ((end - theirs).norm() / (theirs - start).norm()).item()


def check(task):
    """For one question, the rows of the largest and of the smallest derivative, each trained again with another weight."""
    question = task.task["questions_of_magic"][0]
    run = twice_differentiable(task)
    far = trained(run, task)
    if not far < FARTHEST:
        raise SystemExit(f"the training does not end at the adapter: {far} of the way from it; check order, rates and recipe")
    # `run` still holds the states of the training that `trained` made.
    derivatives = unroll(run, [question])[0]
    compared = []
    for row in (derivatives.argmax().item(), derivatives.argmin().item()):
        reached = []
        for change in (WEIGHT, -WEIGHT):
            weights = torch.ones(len(task.rows))
            weights[row] += change
            run.train(weights)
            reached.append(task.log_probs(run.model, [task.questions[question]]).item())
        compared.append({"row": row, "by_unrolling": derivatives[row].item(),
                         "by_training": (reached[0] - reached[1]) / (2 * WEIGHT)})
    scale = derivatives.abs().max().item()
    if any(not abs(one["by_unrolling"] - one["by_training"]) < TOLERANCE * scale for one in compared):
        raise SystemExit(f"unrolling is not the derivative of training: {compared}")
    return {"question": question, "distance_from_adapter": far, "compared": compared}
