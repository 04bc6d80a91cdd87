"""Judges what backprop starts from: the weights of a new network, and what a forward pass keeps and returns.

The sheet gives both, so neither is a task with points of its own. If a learner has changed or rewritten them, mistakes
in them are reported with backprop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from handgrad import handout
from handgrad.exercises.calls import Answer
from handgrad.exercises.catalogue.comparing import Array, outcome, same
from handgrad.exercises.catalogue.layers import ACTIVATIONS, LAYERS, Layer
from handgrad.exercises.judging import diagnosis
from handgrad.exercises.judging.chain import View
from handgrad.exercises.judging.passes import Probe, done, read
from handgrad.exercises.judging.trials import Answers, Trials, forward_helpers
from handgrad.exercises.results import Finding

Values = Mapping[str, Any]  # of the reference's forward pass, with the parameters


def findings(drawn: Trials, asked: Answers, works: bool) -> tuple[Finding, ...]:
    """Say what is wrong with the constructor and the forward pass.

    Parameters
    ----------
    drawn : Trials
    asked : Answers
    works : bool
        Whether the gradients are right; then it does not matter under which names forward values are kept.

    Returns
    -------
    tuple of Finding
        They name no quantities, since these do not belong to backprop. If sigmoid, softmax or fcc_one_layer is wrong,
        the values are not judged, since those are tasks of their own.
    """
    if not works and (misshapen := _misshapen(drawn.probes[0], asked.full[0])):
        return (misshapen,)
    found = [*_alike(asked.full[0])]
    helpers = zip(forward_helpers(drawn.probes[0]), asked.forward_helpers, strict=True)
    if any(one.status != "missing" and not same(one.values.get("return"), right) for (*_, right), one in helpers):
        return tuple(found)
    passes = passed(drawn.probes, asked.full)
    if passes and all(answer.left_out.get(f"{i}:forward") == "NoneType" for answer, i, _ in passes):
        found.append(diagnosis.named("forward_returns_nothing", (), {"quantities": ("forward_propagation",)}))
    states = [view.state for _, _, view in passes]
    for layer in () if works else reversed(LAYERS):
        kept = [_kept(answer, i, layer.activation) for answer, i, _ in passes]
        if any(_differs(array, state[layer.activation]) for array, state in zip(kept, states, strict=True)):
            return (*found, _wrong(layer, states, kept, asked.full[0]))
    returned = [answer.values.get(f"{i}:forward") for answer, i, _ in passes]
    if any(_differs(array, state["out"]) for array, state in zip(returned, states, strict=True)):
        found.append(_wrong(LAYERS[0], states, returned, asked.full[0]))
    return tuple(found)


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


def _misshapen(probe: Probe, answer: Answer) -> Finding | None:
    """Report the first parameter of a new network that has another shape than on the sheet."""
    for name, right in probe.weights.items():
        array = answer.values.get(f"start:{name}")
        if array is not None and array.shape != right.shape:
            sizes = {"n": len(probe.batches[0].y)}
            return replace(diagnosis.finding(None, [name], array, right, sizes), quantities=())
    return None


def _alike(answer: Answer) -> Iterator[Finding]:
    """Report weights that all start with the same value."""
    weights = [answer.values.get(f"start:{layer.weights}") for layer in LAYERS]
    if all(array is not None and array.size > 1 and np.ptp(array) == 0 for array in weights):
        names = tuple(layer.weights for layer in reversed(LAYERS))
        yield diagnosis.named("weights_start_alike", (), {"quantities": names})


def _kept(answer: Answer, i: int, name: str) -> Array | None:
    return answer.values.get(f"{i}:before:{name}")


def _differs(found: Array | None, right: Array) -> bool:
    """Tell whether a forward value is wrong; one that is missing or has additional units is not judged."""
    return found is not None and found.shape == right.shape and not same(found, right) and not same(found.T, right)


def _wrong(layer: Layer, states: Sequence[Values], found: Sequence[Array | None], first: Answer) -> Finding:
    """Report the first layer that is wrong, by its mistake if that gives the same on every pass."""
    name = layer.activation
    right = [state[name] for state in states]
    shown = next(i for i, array in enumerate(found) if _differs(array, right[i]))
    sizes = {"n": len(right[shown])}
    mistake = next(
        (
            mistake
            for mistake, compute in MISTAKES.items()
            if all(
                array is None or same(array, outcome(compute, layer, state))
                for array, state in zip(found, states, strict=True)
            )
        ),
        None,
    )
    # The last batch of the first network is its first one again.
    once, again = (_kept(first, i, name) for i in (0, 4))
    if mistake is None and once is not None and again is not None and once.shape == again.shape:
        mistake = None if same(once, again) else "forward_random"
    told = diagnosis.finding(mistake, [name], found[shown], right[shown], sizes)
    return replace(told, quantities=(), equation="(3.4)")


def _sums(layer: Layer, state: Values) -> Array:
    """Compute the pre-activations of a layer."""
    return np.asarray(np.matmul(state[layer.below], state[layer.weights]) + state[layer.bias])


def _activated(layer: Layer, sums: Array) -> Array:
    return handout.softmax(sums) if layer.activation == "out" else handout.sigmoid(sums)


def _on_preactivation(layer: Layer, state: Values) -> Array | None:
    """Compute a layer from the pre-activations of the one below."""
    below = next((one for one in LAYERS if one.activation == layer.below), None)
    if below is None:
        return None
    return _activated(layer, _sums(layer, {**state, layer.below: _sums(below, state)}))


MISTAKES: dict[str, Callable[[Layer, Values], Array | None]] = {
    "forward_on_preactivation": _on_preactivation,
    "forward_sigmoid_output": lambda layer, state: handout.sigmoid(_sums(layer, state)),
    "forward_without_activation": _sums,
    "forward_without_bias": lambda layer, state: _activated(layer, _sums(layer, state) - state[layer.bias]),
}
