"""Judges what backprop starts from: the weights of a new network, and what a forward pass keeps and returns.

The sheet gives both, so neither is a task with points of its own. If a learner has changed or rewritten them, mistakes
in them are reported with backprop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from handgrad.exercises.calls import Answer, Crash
from handgrad.exercises.catalogue.comparing import EXACT, Array, matching, rounded, same
from handgrad.exercises.catalogue.edits import recognisers
from handgrad.exercises.catalogue.layers import ACTIVATIONS, LAYERS, Layer
from handgrad.exercises.judging import crashes, diagnosis
from handgrad.exercises.judging.chain import View
from handgrad.exercises.judging.networks import Probe
from handgrad.exercises.judging.passes import done, read
from handgrad.exercises.judging.start import first_weights, other_draws
from handgrad.exercises.judging.trials import Answers, Trials, forward_helpers
from handgrad.exercises.results import Finding
from handgrad.exercises.tasks import PARAMETERS

_BEFORE = tuple(f"before:{name}" for name in PARAMETERS)
Values = Mapping[str, Any]  # of the reference's forward pass, with the parameters


def findings(
    drawn: Trials, asked: Answers, works: bool, further: tuple[Probe, Answer] | None = None
) -> tuple[Finding, ...]:
    """Say what is wrong with the constructor and the forward pass.

    Parameters
    ----------
    drawn : Trials
    asked : Answers
    works : bool
        Whether the gradients are right; then it does not matter under which names forward values are kept.
    further : tuple of Probe and Answer, optional
        The passes to judge in place of the first ones.

    Returns
    -------
    tuple of Finding
        They name no quantities, since these do not belong to backprop. If sigmoid, softmax or fcc_one_layer is wrong,
        the values are not judged, since those are tasks of their own.
    """
    if misshapen := _misshapen(drawn.probes[0], asked.full[0], works):
        return (misshapen,)
    with np.errstate(over="ignore", invalid="ignore"):  # weights may be huge or infinite
        found = list(first_weights(drawn, asked))
    if not _helpers_right(drawn, asked):
        return tuple(found)
    passes = passed(*(([one] for one in further) if further else (drawn.probes, asked.full)))
    no_array = [answer.left_out.get(f"{i}:forward") for answer, i, _ in passes]
    if no_array and set(no_array) == {"NoneType"}:
        found.append(diagnosis.named("forward_returns_nothing", (), {"quantities": ("forward_propagation",)}))
    if "tuple" in no_array:  # where all parts have the same shape, it may pass for an array
        several = diagnosis.named("forward_returns_several", (), {"quantities": ("forward_propagation",)})
        return (*found, several)
    states = [view.state for _, _, view in passes]
    for layer in () if works else reversed(LAYERS):
        kept = [_kept(answer, i, layer.activation) for answer, i, _ in passes]
        if any(_differs(array, state[layer.activation]) for array, state in zip(kept, states, strict=True)):
            wrong = _wrong(layer, states, kept, asked.full[0])
            outputs = [_kept(answer, i, "out") for answer, i, _ in passes]
            goes_on = not any(_differs(array, state["out"]) for array, state in zip(outputs, states, strict=True))
            if wrong.mistake == "forward_leaves_out_a_layer" and goes_on:
                wrong = replace(wrong, mistake="forward_keeps_another_layer")
            return (*found, wrong)
    returned = [answer.values.get(f"{i}:forward") for answer, i, _ in passes]
    if any(_differs(array, state["out"], strict=True) for array, state in zip(returned, states, strict=True)):
        found.append(_wrong(LAYERS[0], states, returned, asked.full[0]))
    elif _random(asked.full[0], "forward"):
        found.append(diagnosis.named("forward_random", (), {"quantities": ("out",)}, "(3.4)"))
    elif rounded([(f, state["out"]) for f, state in zip(returned, states, strict=True)]):
        found.append(diagnosis.named("forward_rounded", (), {"quantities": ("out",)}, "(3.4)"))
    return tuple(found)


def remarks(drawn: Trials, asked: Answers, changed: tuple[str, ...]) -> tuple[Finding, ...]:
    """Remark on what costs nothing: how a network's numbers are drawn, and the forward values that backprop changed."""
    of_backprop = [diagnosis.named("forward_values_changed", (), {"quantities": changed})] if changed else []
    with np.errstate(over="ignore", invalid="ignore"):
        return (*other_draws(drawn, asked), *of_backprop)


def crash(drawn: Trials, asked: Answers) -> Crash | None:
    """Find a crash that is the forward pass's own: not of a helper, nor of arguments that the routines may give."""
    # Where it works with our weights, it must work with its own; else it may be made for the sheet's size alone.
    answer = asked.unset if done(asked.full[0], "0:forward") else asked.further[-1]
    found = None if done(answer, "0:forward") else crashes.first([answer])
    if found is None or crashes.crashed(found).id in ("crash_arguments", "crash_self"):
        return None
    own = all(answer.status == "ok" for answer in asked.forward_helpers) and _helpers_right(drawn, asked)
    return found if own else None


def _helpers_right(drawn: Trials, asked: Answers) -> bool:
    """Tell whether sigmoid, softmax and fcc_one_layer are right, as far as the submission has them."""
    helpers = zip(forward_helpers(drawn.probes[0]), asked.forward_helpers, strict=True)
    return all(one.status == "missing" or same(one.values.get("return"), right) for (*_, right), one in helpers)


def starts_wrong(probes: Sequence[Probe], answers: Sequence[Answer]) -> bool:
    """Tell whether backprop starts from wrong forward values."""
    return any(
        _differs(_kept(answer, i, name), view.state[name])
        for answer, i, view in passed(probes, answers)
        for name in ACTIVATIONS
    )


def passed(probes: Sequence[Probe], answers: Sequence[Answer]) -> list[tuple[Answer, int, View]]:
    """List the forward passes that finished, with the values that they should give."""
    return [
        (answer, i, view)
        for probe, answer in zip(probes, answers, strict=True)
        for i, view in enumerate(read(probe, answer))
        if done(answer, f"{i}:forward")
    ]


def _misshapen(probe: Probe, answer: Answer, works: bool) -> Finding | None:
    """Report the parameters of a new network that have another shape than on the sheet.

    If all is right with the sheet's own numbers, a bias may have an axis of length 1; else the first one may be turned.
    """
    found = {name: answer.values.get(f"start:{name}") for name in probe.weights}
    other = {
        name: array
        for name, array in found.items()
        if array is not None and array.size and array.shape != probe.weights[name].shape
    }
    if works:
        other = {
            name: array
            for name, array in other.items()
            if array.squeeze().shape != probe.weights[name].shape or array.ndim > probe.weights["W_i_h1"].ndim
        }
    if not other:
        return None
    names, first, sizes = list(other), next(iter(other)), {"n": len(probe.batches[0].y)}
    right = probe.weights[first]
    if works or other[first].size != right.size:
        return replace(diagnosis.finding("parameters_misshapen", names, other[first], right, sizes), quantities=())
    return replace(diagnosis.finding(None, [first], other[first], right, sizes), quantities=())


def _kept(answer: Answer, i: int, name: str) -> Array | None:
    return answer.values.get(f"{i}:before:{name}")


def _differs(found: Array | None, right: Array, strict: bool = False) -> bool:
    """Tell whether a forward value is wrong; not judged is one that is missing or, unless strict, of another shape."""
    if found is None or (found.shape != right.shape and not strict):
        return False
    return not same(found, right) and not same(found.T, right)


def _wrong(layer: Layer, states: Sequence[Values], found: Sequence[Array | None], first: Answer) -> Finding:
    """Report the first layer that is wrong, by its mistake if that gives the same on every pass."""
    name = layer.activation
    right = [state[name] for state in states]
    shown = next(i for i, array in enumerate(found) if _differs(array, right[i], strict=True))
    kept = [i for i, array in enumerate(found) if array is not None]
    mistake = matching(recognisers(name), [(states[i],) for i in kept], [found[i] for i in kept])
    if mistake is None and rounded(list(zip(found, right, strict=True))):
        mistake = "forward_rounded"
    elif mistake is None and _random(first, f"before:{name}"):
        mistake = "forward_random"
    elif mistake is None and _kept_from_before(states, found, right):
        mistake = "forward_kept_from_before"
    told = diagnosis.finding(mistake, [name], found[shown], right[shown], {"n": len(right[shown])})
    return replace(told, quantities=(), equation="(3.4)")


def _kept_from_before(states: Sequence[Values], found: Sequence[Array | None], right: Sequence[Array]) -> bool:
    """Tell whether every wrong value is that of an earlier pass with the same inputs, whose weights were others."""
    wrong = [i for i, array in enumerate(found) if array is not None and not same(array, right[i], EXACT)]
    return bool(wrong) and all(
        any(same(found[i], right[j], EXACT) and np.array_equal(states[i]["X"], states[j]["X"]) for j in range(i))
        for i in wrong
    )


def _random(answer: Answer, label: str) -> bool:
    """Tell whether a value differs between a network's first pass and its last, which has the same inputs."""

    def value(i: int, name: str) -> Array:
        return answer.values.get(f"{i}:{name}", np.empty(0))

    if not all(np.array_equal(value(0, name), value(4, name)) for name in _BEFORE):  # other weights, if only rounded
        return False
    once, again = value(0, label), value(4, label)
    if once.shape != again.shape:
        return False
    return not np.allclose(once, again, 1e-5 if once.dtype.itemsize < 8 else 1e-9, 0, equal_nan=True)
