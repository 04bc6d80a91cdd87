"""Answers that no honest process would give: a judge may call them wrong, but it must come to an end."""

from dataclasses import replace

import numpy as np
import pytest
from in_process import network_answer
from reports import said
from sampling import sampled

from handgrad import handout
from handgrad.exercises.calls import Answer, Crash
from handgrad.exercises.judging import backward, functions, step
from handgrad.exercises.tasks import TASKS

JUDGES = {"backprop": backward, "gradient_step": step} | {
    name: functions for name, task in TASKS.items() if task.kind == "function"
}
TYPES = ("f8", "f4", "f2", "i8", "u1", "b1")


def garbage(rng):
    """Make an array of a random shape and type, with values of all kinds."""
    shape = tuple(rng.integers(0, 6, rng.integers(0, 4)))
    values = rng.choice([0.0, 1.0, -1.0, 1e300, -1e300, 1e-300, np.nan, np.inf, -np.inf, rng.standard_normal()], shape)
    with np.errstate(all="ignore"):
        return np.asarray(values).astype(rng.choice(TYPES))


@pytest.mark.filterwarnings("default:invalid value encountered in cast")
@pytest.mark.parametrize("task", sorted(JUDGES))
@pytest.mark.parametrize("seed", sampled(range(15), 5))
def test_garbage_is_wrong_and_breaks_nothing(task, seed):
    """Whatever arrays come back, crashed or not, there is a verdict with a message and no full marks."""
    rng = np.random.default_rng(seed)
    plan = JUDGES[task].calls_for(task, rng)
    given = []
    for call in plan.calls:
        labels = ["return", "argument0", *(step.label or step.name for step in call.steps if step.kind != "set")]
        values = {label: garbage(rng) for label in labels if rng.random() < 0.9}
        crashed = rng.random() < 0.3
        crash = Crash("ValueError", "", 1, 1, "") if crashed else None
        given.append(Answer(call.id, "crashed" if crashed else "ok", values, crash=crash))
    result = JUDGES[task].judge(plan, given)
    assert result.status in ("wrong", "crashed")
    assert said(result, "en")
    assert said(result, "de")
    assert 0 <= result.credit < 1


@pytest.mark.filterwarnings("default:invalid value encountered in cast")
@pytest.mark.parametrize("seed", sampled(range(40), 10))
def test_first_weights_of_all_kinds_are_judged(seed):
    """A new network may hold any numbers in the right shapes: the verdict may be wrong, but there is one."""
    rng = np.random.default_rng(seed)
    plan = backward.calls_for("backprop", rng)
    given = []
    for answer in (network_answer(call, handout.fcc) for call in plan.calls):
        values = dict(answer.values)
        for label in [name for name in values if name.startswith("start:") and rng.random() < 0.7]:
            kind = rng.choice([np.nan, np.inf, -1e300, 1e-300, 0.0, 1.0])
            numbers = np.array(values[label], float)
            values[label] = np.where(rng.random(numbers.shape) < rng.choice([0.01, 0.5, 1.0]), kind, numbers)
        given.append(replace(answer, values=values))
    result = backward.judge(plan, given)
    assert result.status in ("right", "wrong")
    assert result.status == "right" or said(result, "en")
