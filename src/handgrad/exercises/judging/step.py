"""Judges gradient_step, parameter by parameter: steps in a row, with gradients and rates that are given.

Who is right in that is tried further: with long arrays, in many steps, and in a training with the solution's own
backprop. The file is long, because the kinds of trials are drawn, judged and shown by what they have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handgrad.exercises.calls import Answer, Call, Step
from handgrad.exercises.catalogue.comparing import EXACT, TOLERANCE, Array, matching, outcome, same
from handgrad.exercises.catalogue.edits import formula, recognisers
from handgrad.exercises.catalogue.layers import GRADIENTS, LAYERS
from handgrad.exercises.judging import crashes, diagnosis
from handgrad.exercises.judging.multiples import LEAST, multiple, shares
from handgrad.exercises.judging.networks import Probe, draw, example
from handgrad.exercises.judging.passes import begin, done, given
from handgrad.exercises.judging.plan import Plan
from handgrad.exercises.results import Finding, Note, Picture, Status, TaskResult
from handgrad.exercises.tasks import PARAMETERS

WEIGHTS = tuple(name for name in PARAMETERS if name.startswith("W"))
KINDS = ("new", "given", "used")
RATES = (0.13, 1.7, 0.31, 0.83, 0.27, 0.042)
SHOWN = 0.5  # in the picture alone
FIRST, MANY = 3, 12  # trials that must be right before the further ones count, and steps of the last one
OFTEN = (700, 1000)  # more steps before its last one, which move nothing, as many as in a whole training
TINY = 1e-250  # their rate
BIASES = tuple(name for name in PARAMETERS if name.startswith("b"))


@dataclass(frozen=True)
class Trial:
    """A network, the gradients and the rate of each step, and how many steps that move nothing precede the last one."""

    probe: Probe
    gradients: tuple[dict[str, Array], ...]
    rates: tuple[float, ...]
    idle: int = 0


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
    has been given the values of a forward pass, and with one that has done a forward and a backward pass itself. The
    last call is a short training, in which the gradients and the first weights are the solution's own.

    Examples
    --------
    >>> [call.id for call in calls_for("gradient_step", np.random.default_rng(0)).calls]  # doctest: +ELLIPSIS
    ['gradient_step:new:0', 'gradient_step:new:1', 'gradient_step:new:2', ..., 'gradient_step:trained']
    """
    d, h1, h2, k, n = (int(size) for size in rng.permutation(np.arange(3, 8)))
    drawn = tuple(_trial(rng, draw(rng, sizes, n)) for sizes in ((d, h1, h2, k), (4, 4, 4, 4)))
    further = _trial(rng, draw(rng, (784, 130, 120, 10), 1), 1), _trial(rng, draw(rng, (3, 2, 3, 2), n), MANY)
    further = (further[0], replace(further[1], idle=int(rng.integers(*OFTEN))))
    trials = (*drawn, _small(), *further)
    calls = tuple(
        Call(f"{task}:{kind}:{i}", "network", "fcc", steps=_steps(trial, kind))
        for kind in KINDS
        for i, trial in enumerate(trials)
    )
    calls += (Call(f"{task}:trained", "network", "fcc", steps=_steps(trials[-1], "trained")),)
    return Plan(task, calls, trials)


def _trial(rng: np.random.Generator, probe: Probe, steps: int = 2) -> Trial:
    gradients = tuple(
        {GRADIENTS[name]: rng.standard_normal(array.shape) for name, array in probe.weights.items()}
        for _ in range(steps)
    )
    return Trial(probe, gradients, tuple(map(float, np.resize(rng.permutation(RATES), steps))))


def _small() -> Trial:
    """Make the trial of the picture, a single step."""
    probe = example()
    gradients = {GRADIENTS[name]: np.round(np.cos(10 * array), 1) for name, array in probe.weights.items()}
    return Trial(probe, (gradients,), (SHOWN,))


def _steps(trial: Trial, kind: str) -> tuple[Step, ...]:
    batch, steps = trial.probe.batches[0], begin(trial.probe)
    if kind == "trained":
        steps = [Step("construct", arguments=trial.probe.sizes)]
    if kind == "given":
        steps += given(batch.forward)
    if kind == "used":
        steps.append(Step("call", "forward_propagation", (batch.forward["X"],), "forward"))
        steps.append(Step("call", "backprop", (batch.y,), "backprop"))
        steps += given(trial.probe.weights)
    for i, (gradients, rate) in enumerate(zip(trial.gradients, trial.rates, strict=True)):
        if kind == "trained":
            steps.append(Step("call", "forward_propagation", (batch.forward["X"],), "forward"))
            steps.append(Step("call", "backprop", (batch.y,), "backprop"))
            steps += [Step("peek", name, label=f"{i}:before:{name}") for name in (*PARAMETERS, *GRADIENTS.values())]
        elif trial.idle and i == len(trial.rates) - 1:  # each step may use up its gradients
            steps += given(gradients)
            steps.append(Step("call", "gradient_step", (TINY,), times=trial.idle, again="set"))
            steps += given(gradients)
        else:
            steps += given(gradients)
        steps.append(Step("call", "gradient_step", (rate,), f"{i}:step"))
        steps += [Step("read", name, label=f"{i}:{name}") for name in (*PARAMETERS, *GRADIENTS.values())]
    return tuple(steps)


def judge(plan: Plan[Trials], answers: Sequence[Answer]) -> TaskResult:
    """Say whether the step is right, and if not, which parameters move wrongly; remark on a right one."""
    trials = plan.drawn
    kinds = [answers[i : i + len(trials)] for i in range(0, len(answers) - 1, len(trials))]
    results = [_judged(plan.task, trials[:FIRST], kind[:FIRST]) for kind in kinds]
    order = ("right", "wrong", "crashed", "too_slow", "not_attempted")
    result, kind = min(
        zip(results, kinds, strict=True), key=lambda pair: (order.index(pair[0].status), -pair[0].credit)
    )
    if result.status == "right":
        result = _judged(plan.task, trials, kind)
    unnamed = any(found.mistake is None for found in result.findings)
    if (result.status == "right" or (result.status == "wrong" and unnamed)) and answers[-1].status == "ok":
        trained = _judged(plan.task, trials[-1:], answers[-1:])
        known = trained.status == "wrong" and all(found.mistake for found in trained.findings)
        # What a solution keeps of its own arrays, only its own backprop leaves as it is.
        return trained if known or (result.status == "right" and trained.status != "right") else result
    return result


def fails(plan: Plan[Trials], index: int, answer: Answer) -> bool:
    """Tell whether a parameter is wrong after one of the steps of a call."""
    trials = plan.drawn
    if index == len(KINDS) * len(trials):  # the short training
        return False
    index %= len(trials)
    return answer.status != "ok" or any(
        _is_wrong(name, step) for step in _moves(trials[index], answer) for name in PARAMETERS
    )


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
        if any(_is_wrong(name, step) for step in reached):
            wrong[name] = matching(recognisers(name), [(step.state,) for step in reached], found)
            wrong[name] = wrong[name] or _with_number(name, [step.state for step in reached], found)
    if not wrong and not crash:
        remarks = () if all(step.gradients_kept for step in steps) else ("gradient_changed_by_step",)
        named = tuple(diagnosis.named(mistake, ()) for mistake in remarks)
        return TaskResult(task, "right", named, (Note("right"),), credit=1.0)
    findings = _findings(wrong, reached)
    notes = (crashes.crashed(crash),) if crash else ()
    credit = 0.0 if crash else 1 - len(wrong) / len(PARAMETERS)
    status: Status = "crashed" if crash else "wrong"
    picture = _picture(findings[0].quantities[0], steps) if findings else None
    unseen = tuple(name for name in PARAMETERS if crash and name not in wrong)
    return TaskResult(task, status, tuple(findings), notes, (), unseen, crash, picture, credit)


def _with_number(name: str, states: Sequence[Mapping[str, Any]], found: Sequence[Array | None]) -> str | None:
    """Name the mistake that adds to a step something times an unknown number."""
    right = [outcome(formula(name), state) for state in states]
    steps = [-state["rate"] * state[GRADIENTS[name]] for state in states]
    unscaled = [-1.0 * state[GRADIENTS[name]] for state in states]
    if (multiple(found, [state[name] for state in states], unscaled) or 0.0) > 0:
        return "step_at_fixed_rate"
    added = {
        "step_scaled": [steps],
        "weight_decay": [[-state["rate"] * state[name] for state in states], [-1.0 * state[name] for state in states]],
        "momentum": _earlier(name, states),
    }
    for what, ways in added.items():
        for way in ways:
            number = multiple(found, right, way) or 0.0
            if what == "step_scaled":
                if number > -1 and number:
                    return what
            elif what == "weight_decay":
                if 0 < abs(number) < 1:
                    return "step_with_weight_decay" if number > 0 else "weight_decay_sign"
            elif 0 < number < 1 + TOLERANCE:
                return "step_with_momentum" if number < 1 - TOLERANCE else "step_with_old_gradient"
    pairs = list(zip(found, right, strict=True))
    if any(a is None or b is None or a.dtype.kind not in "buif" or a.shape != b.shape for a, b in pairs):
        return None
    moved = [np.asarray(array) - state[name] for array, state in zip(found, states, strict=True)]
    later = [i for i, state in enumerate(states) if np.any(state["moved"][name])]
    for way in _earlier(name, states) if later else ():  # the first step may be the gradient itself, or a share of it
        both = shares([moved[i] for i in later], [(steps[i], way[i]) for i in later])
        if both and both[0] > 0 and LEAST < both[1] < 1 + TOLERANCE:
            return "step_with_momentum"
    return None


def _earlier(name: str, states: Sequence[Mapping[str, Any]]) -> list[list[Array]]:
    """Give the movement before each step as it was, and as it would have been at the present rate."""
    rates = [state["rate"] / state["rate_before"] for state in states]
    return [
        [state["moved"][name] * share for state, share in zip(states, of, strict=True)]
        for of in ([1.0] * len(states), rates)
    ]


def _moves(trial: Trial, answer: Answer) -> list[Moved]:
    """Read the steps of an answer; each begins where the one before it ended, or where it was read to begin."""
    moves = []
    weights = trial.probe.weights
    previous: dict[str, Any] = dict.fromkeys(GRADIENTS.values(), 0.0)
    moved, rate_before = {name: np.zeros(array.shape) for name, array in weights.items()}, 1.0
    for i, (drawn, rate) in enumerate(zip(trial.gradients, trial.rates, strict=True)):
        own = _read(answer, f"{i}:", PARAMETERS)
        begun = _read(answer, f"{i}:before:", (*weights, *drawn))
        usual = {**weights, **drawn}
        fit = not begun or all(name in begun and begun[name].shape == array.shape for name, array in usual.items())
        reached = done(answer, f"{i}:step") and fit
        state: dict[str, Any] = {
            **usual,
            **(begun if fit else {}),
            "rate": rate,
            "n": len(trial.probe.batches[0].y),
            "previous": previous,
        }
        state |= {"moved": moved, "rate_before": rate_before}
        gradients: dict[str, Array] = {name: begun.get(name, array) for name, array in drawn.items()}
        kept = all(same(answer.values.get(f"{i}:{name}", array), array) for name, array in gradients.items())
        moves.append(Moved(state, own if reached else {}, reached, kept))
        weights = {
            name: own[name] if name in own and own[name].shape == array.shape else array
            for name, array in weights.items()
        }
        with np.errstate(all="ignore"):
            moved = {name: (weights[name] + 0.0) - state[name] for name in weights}
        previous, rate_before = gradients, rate
    return moves


def _read(answer: Answer, prefix: str, names: Iterable[str]) -> dict[str, Array]:
    """Read those of some attributes that are there."""
    return {name: answer.values[f"{prefix}{name}"] for name in names if f"{prefix}{name}" in answer.values}


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
    expected, sizes = outcome(formula(names[0]), shown.state), {"n": shown.state["n"]}
    if expected is None:  # parameters of whole numbers have no step
        expected = np.asarray(shown.state[names[0]])
    told = diagnosis.finding(mistake, names, shown.own.get(names[0]), expected, sizes)
    return replace(told, facts={**told.facts, "rate": float(shown.state["rate"])}) if mistake else told


def _is_wrong(name: str, step: Moved) -> bool:
    """Tell whether a parameter is not what it should be, as exactly as its type allows."""
    used = (step.own.get(name), step.state[name], step.state[GRADIENTS[name]])
    single = any(array is not None and array.dtype.name in ("float16", "float32") for array in used)
    expected = outcome(formula(name), step.state)
    return not same(step.own.get(name), expected, TOLERANCE if single else EXACT)


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


def _picture(name: str, steps: Sequence[Moved]) -> Picture | None:
    """Show the first wrong parameter of the small network."""
    step = next((step for step in steps if step.state["rate"] == SHOWN), None)
    if step is None or name not in step.own or not _is_wrong(name, step):
        return None
    caption = Note("picture_gradient_step", {"quantity": name, "rate": float(step.state["rate"])})
    expected = outcome(formula(name), step.state)
    return None if expected is None else diagnosis.picture(caption, expected, step.own[name])
