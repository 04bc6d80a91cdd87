"""Judges gradient_step, parameter by parameter: two steps in a row, with gradients and rates that are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handgrad.exercises.calls import Answer, Call, Step
from handgrad.exercises.catalogue.comparing import Array, matching, outcome, same
from handgrad.exercises.catalogue.edits import formula, recognisers
from handgrad.exercises.catalogue.layers import GRADIENTS, LAYERS
from handgrad.exercises.judging import crashes, diagnosis
from handgrad.exercises.judging.passes import Probe, begin, done, draw, example, given
from handgrad.exercises.judging.plan import Plan
from handgrad.exercises.results import Finding, Note, Picture, Status, TaskResult
from handgrad.exercises.tasks import PARAMETERS

WEIGHTS = tuple(name for name in PARAMETERS if name.startswith("W"))
KINDS = ("new", "given", "used")
BIASES = tuple(name for name in PARAMETERS if name.startswith("b"))


@dataclass(frozen=True)
class Trial:
    """A network, and the gradients and the rate of each step."""

    probe: Probe
    gradients: tuple[dict[str, Array], ...]
    rates: tuple[float, ...]


@dataclass(frozen=True)
class Moved:
    """One step: the weights and gradients before it, and the weights and gradients after it."""

    state: dict[str, Any]
    own: dict[str, Array]
    reached: bool
    gradients_kept: bool


Trials = tuple[Trial, ...]


def calls_for(task: str, rng: np.random.Generator) -> Plan[Trials]:
    """Draw networks, gradients and rates.

    Every trial is made three times, for solutions that need more than the gradients: with a new network, with one that
    has been given the values of a forward pass, and with one that has done a forward and a backward pass itself.

    Examples
    --------
    >>> [call.id for call in calls_for("gradient_step", np.random.default_rng(0)).calls]  # doctest: +ELLIPSIS
    ['gradient_step:new:0', 'gradient_step:new:1', 'gradient_step:new:2', ..., 'gradient_step:used:2']
    """
    d, h1, h2, k, n = (int(size) for size in rng.permutation(np.arange(3, 8)))
    drawn = tuple(_trial(rng, draw(rng, sizes, n)) for sizes in ((d, h1, h2, k), (4, 4, 4, 4)))
    trials = (*drawn, _small())
    calls = tuple(
        Call(f"{task}:{kind}:{i}", "network", "fcc", steps=_steps(trial, kind))
        for kind in KINDS
        for i, trial in enumerate(trials)
    )
    return Plan(task, calls, trials)


def _trial(rng: np.random.Generator, probe: Probe) -> Trial:
    gradients = tuple(
        {GRADIENTS[name]: rng.standard_normal(array.shape) for name, array in probe.weights.items()} for _ in range(2)
    )
    return Trial(
        probe, gradients, tuple(round(float(rate), 3) for rate in rng.choice([0.13, 0.27, 0.31, 0.42], 2, False))
    )


def _small() -> Trial:
    """Make the trial of the picture, a single step."""
    probe = example()
    gradients = {GRADIENTS[name]: np.round(np.cos(10 * array), 1) for name, array in probe.weights.items()}
    return Trial(probe, (gradients,), (0.5,))


def _steps(trial: Trial, kind: str) -> tuple[Step, ...]:
    batch, steps = trial.probe.batches[0], begin(trial.probe)
    if kind == "given":
        steps += given(batch.forward)
    if kind == "used":
        steps.append(Step("call", "forward_propagation", (batch.forward["X"],), "forward"))
        steps.append(Step("call", "backprop", (batch.y,), "backprop"))
        steps += given(trial.probe.weights)
    for i, (gradients, rate) in enumerate(zip(trial.gradients, trial.rates, strict=True)):
        steps += given(gradients)
        steps.append(Step("call", "gradient_step", (rate,), f"{i}:step"))
        steps += [Step("read", name, label=f"{i}:{name}") for name in (*PARAMETERS, *GRADIENTS.values())]
    return tuple(steps)


def judge(plan: Plan[Trials], answers: Sequence[Answer]) -> TaskResult:
    """Say whether the step is right, and if not, which parameters move wrongly; remark on a right one."""
    trials = plan.drawn
    kinds = [answers[i : i + len(trials)] for i in range(0, len(answers), len(trials))]
    results = [_judged(plan.task, trials, kind) for kind in kinds]
    order = ("right", "wrong", "crashed", "too_slow", "not_attempted")
    return min(results, key=lambda result: (order.index(result.status), -result.credit))


def _judged(task: str, trials: Trials, answers: Sequence[Answer]) -> TaskResult:
    """Judge the trials of one kind."""
    if early := diagnosis.unanswered(task, answers):
        return early
    steps = [step for trial, answer in zip(trials, answers, strict=True) for step in _moves(trial, answer)]
    crash = crashes.first(answers)
    wrong: dict[str, str | None] = {}
    reached = [step for step in steps if step.reached]
    for name in PARAMETERS if reached else ():
        found = [step.own.get(name) for step in reached]
        expected = [outcome(formula(name), step.state) for step in reached]
        if not all(map(same, found, expected)):
            wrong[name] = matching(recognisers(name), [(step.state,) for step in reached], found)
    if not wrong and not crash:
        remarks = () if all(step.gradients_kept for step in steps) else ("gradient_changed_by_step",)
        named = tuple(diagnosis.named(mistake, ()) for mistake in remarks)
        return TaskResult(task, "right", named, (Note("right"),), credit=1.0)
    findings = _findings(wrong, reached)
    notes = (crashes.crashed(crash),) if crash else ()
    credit = 0.0 if crash else 1 - len(wrong) / len(PARAMETERS)
    status: Status = "crashed" if crash else "wrong"
    picture = _picture(findings[0].quantities[0], steps[-1]) if findings else None
    unseen = tuple(name for name in PARAMETERS if crash and name not in wrong)
    return TaskResult(task, status, tuple(findings), notes, (), unseen, crash, picture, credit)


def _moves(trial: Trial, answer: Answer) -> list[Moved]:
    """Read the steps of an answer; each begins where the one before it ended."""
    moves = []
    weights = trial.probe.weights
    previous: dict[str, Any] = dict.fromkeys(GRADIENTS.values(), 0.0)
    for i, (gradients, rate) in enumerate(zip(trial.gradients, trial.rates, strict=True)):
        own = {name: answer.values[f"{i}:{name}"] for name in PARAMETERS if f"{i}:{name}" in answer.values}
        reached = done(answer, f"{i}:step")
        state = {**weights, **gradients, "rate": rate, "n": len(trial.probe.batches[0].y), "previous": previous}
        kept = all(same(answer.values.get(f"{i}:{name}", array), array) for name, array in gradients.items())
        moves.append(Moved(state, own if reached else {}, reached, kept))
        weights = {
            name: own[name] if name in own and own[name].shape == array.shape else array
            for name, array in weights.items()
        }
        previous = gradients
    return moves


def _findings(wrong: dict[str, str | None], steps: Sequence[Moved]) -> list[Finding]:
    """Make one finding of each mistake, named by which parameters have it."""
    findings = []
    for mistake in dict.fromkeys(wrong.values()):
        names = [name for name in wrong if wrong[name] == mistake]
        if mistake is None:
            findings += [
                _finding(None, [name], next(step for step in steps if _is_wrong(name, step))) for name in names
            ]
        else:
            findings.append(_finding(_of_group(mistake, names), names, steps[0]))
    return findings


def _finding(mistake: str | None, names: Sequence[str], shown: Moved) -> Finding:
    """Report the parameters that have a mistake, or the one whose mistake is not known."""
    expected, sizes = np.asarray(formula(names[0])(shown.state)), {"n": shown.state["n"]}
    told = diagnosis.finding(mistake, names, shown.own.get(names[0]), expected, sizes)
    return replace(told, facts={**told.facts, "rate": float(shown.state["rate"])}) if mistake else told


def _is_wrong(name: str, step: Moved) -> bool:
    return not same(step.own.get(name), np.asarray(formula(name)(step.state)))


def _of_group(mistake: str, names: Sequence[str]) -> str:
    """Name a mistake more exactly by the parameters that have it."""
    if mistake == "parameter_not_updated":
        pairs = [{layer.weights, layer.bias} for layer in LAYERS]
        special = {
            "nothing_updated": set(names) == set(PARAMETERS),
            "biases_not_updated": set(names) == set(BIASES),
            "weights_not_updated": set(names) == set(WEIGHTS),
            "layer_not_updated": set(names) in pairs,
        }
        return next((group for group, holds in special.items() if holds), mistake)
    if mistake == "learning_rate_missing" and set(names) == set(BIASES):
        return "learning_rate_on_weights_only"
    return mistake


def _picture(name: str, step: Moved) -> Picture | None:
    """Show the first wrong parameter of the small network."""
    if name not in step.own:
        return None
    caption = Note("picture_gradient_step", {"quantity": name, "rate": float(step.state["rate"])})
    return diagnosis.picture(caption, formula(name)(step.state), step.own[name])
