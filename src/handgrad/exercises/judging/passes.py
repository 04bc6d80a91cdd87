"""Passes through a learner's network: written as calls, and read from the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from handgrad import handout
from handgrad.exercises.calls import Answer, Step
from handgrad.exercises.catalogue.comparing import EXACT, TOLERANCE, Array, same
from handgrad.exercises.catalogue.layers import ACTIVATIONS
from handgrad.exercises.judging.chain import View
from handgrad.exercises.judging.networks import Probe, batch_of
from handgrad.exercises.tasks import BACKPROP, PARAMETERS

ROUGH = 1e-10  # of the largest entry: far above the rounding of float64, far below that of float32


def start(probe: Probe) -> tuple[Step, ...]:
    """Make the network, and read the parameters that it has from the start."""
    reads = (Step("read", name, label=f"start:{name}") for name in PARAMETERS)
    return Step("construct", arguments=probe.sizes), *reads


def unset_pass(probe: Probe) -> tuple[Step, ...]:
    """Run forward on the first batch, with the weights that the network has from the start."""
    forward = Step("call", "forward_propagation", (probe.batches[0].forward["X"],), "0:forward")
    return Step("construct", arguments=probe.sizes), forward


def begin(probe: Probe) -> list[Step]:
    """Make the network, with our weights."""
    return [Step("construct", arguments=probe.sizes), *given(probe.weights)]


def given(values: Mapping[str, Array]) -> list[Step]:
    """Set attributes."""
    return [Step("set", name, (array,)) for name, array in values.items()]


def passes(probe: Probe, forward: bool = True, rate: float = 0.0) -> tuple[Step, ...]:
    """Run forward and backward on each batch, or only backward, on the reference's forward values; read everything.

    With a rate, the network takes a step of its own before each further batch. Before the last of several batches, it
    only looks at another one, as an evaluation in the middle of a training does.
    """
    steps = [*start(probe), *given(probe.weights)]
    names = (*BACKPROP, *ACTIVATIONS, *PARAMETERS)
    for i, batch in enumerate(probe.batches):
        steps += given(batch.weights)
        if rate and i:
            steps.append(Step("call", "gradient_step", (rate,)))
        if forward and 0 < i == len(probe.batches) - 1:
            steps.append(Step("call", "forward_propagation", (probe.batches[1].forward["X"],), f"{i}:look"))
        if forward:
            steps.append(Step("call", "forward_propagation", (batch.forward["X"],), f"{i}:forward"))
        else:
            steps += given(batch.forward)
        steps += [Step("peek", name, label=f"{i}:before:{name}") for name in names]
        again = "forward_propagation" if forward else ""  # what one pass kept, a second one may use up
        steps.append(Step("call", "backprop", (batch.y,), f"{i}:backprop", batch.times, again))
        steps += [Step("read", name, label=f"{i}:{name}") for name in names]
    return tuple(steps)


def large_pass(probe: Probe) -> tuple[Step, ...]:
    """Run forward and backward on the first batch of a network so large that only the nine quantities are read."""
    (batch,) = probe.batches
    return (
        *begin(probe),
        Step("call", "forward_propagation", (batch.forward["X"],), "0:forward"),
        Step("call", "backprop", (batch.y,), "0:backprop"),
        *(Step("read", name, label=f"0:{name}") for name in BACKPROP),
    )


def canned(probe: Probe, turned: bool) -> dict[str, tuple[Array, ...]]:
    """Give what correct helper functions would; ``turned``, as if the derivative were asked for transposed values."""
    derivatives = [handout.del_sigmoid(batch.forward[name]) for batch in probe.batches for name in ("h2", "h1")]
    deltas = tuple(handout.delta_last_layer_easy_approach(batch.forward["out"], batch.y) for batch in probe.batches)
    return {
        "delta_last_layer": deltas,
        "delta_last_layer_easy_approach": deltas,
        "del_sigmoid": tuple(array.T for array in derivatives) if turned else tuple(derivatives),
    }


def done(answer: Answer, label: str) -> bool:
    """Tell whether a labelled call came to its end."""
    return label in answer.values or label in answer.left_out


def read(probe: Probe, answer: Answer, kept: bool = False) -> Iterator[View]:
    """Read the passes of one answer, up to the one in which it crashed.

    They are taken to start from the reference's forward values for the weights that the network has or, if ``kept``,
    from what the submission keeps of its own.
    """
    previous: dict[str, Array] = {}
    usual: Mapping[str, Array] = probe.weights
    values = answer.values
    single = any(array.dtype.name in ("float16", "float32") for array in values.values()) or _is_rough(probe, answer)
    for i, batch in enumerate(probe.batches):
        reached = done(answer, f"{i}:backprop")
        if not reached and i:
            return
        own = {name: values[f"{i}:{name}"] for name in BACKPROP if f"{i}:{name}" in values}
        if not reached:  # what is as before, or still zero, as before a loop, does not count
            before = {name: values.get(f"{i}:before:{name}") for name in own}
            own = {name: array for name, array in own.items() if np.any(array) and not same(array, before[name])}
        usual = batch.weights or usual
        weights = _found(values, f"{i}:before:", usual)
        forward = batch.forward
        if done(answer, f"{i}:forward") and not all(same(weights[name], usual[name]) for name in weights):
            forward = batch_of(weights, forward["X"], batch.y).forward
        if kept:
            forward = _found(values, f"{i}:before:", forward)
        others = {name for name in BACKPROP if answer.left_out.get(f"{i}:{name}", "NoneType") != "NoneType"}
        state: dict[str, Any] = {"n": len(batch.y), "y": batch.y, **weights, **forward}
        state["after"] = {name: values.get(f"{i}:{name}", array) for name, array in usual.items()}
        state["first"] = {**probe.weights, "n": len(probe.batches[0].y)}
        state["previous"] = {name: previous.get(name, 0.0) for name in BACKPROP}
        yield View(state, own, reached, TOLERANCE if single else EXACT, others)
        previous = own


def _is_rough(probe: Probe, answer: Answer) -> bool:
    """Tell whether forward values were computed in single precision somewhere, whatever type they have now."""
    return done(answer, "0:forward") and any(
        same(kept, right) and rough(kept, right)
        for name, right in probe.batches[0].forward.items()
        if (kept := answer.values.get(f"0:before:{name}")) is not None and kept.shape == right.shape
    )


def rough(found: Array, right: Array) -> bool:
    """Tell whether an array that is right was computed more roughly than float64 would allow."""
    return float(np.abs(found - right).max(initial=0)) > ROUGH * float(np.abs(right).max(initial=0))


def _found(values: Mapping[str, Array], prefix: str, expected: Mapping[str, Array]) -> dict[str, Array]:
    """Use each submitted array if its shape is right and its entries are finite; otherwise the expected one."""
    found = {name: values.get(f"{prefix}{name}", array) for name, array in expected.items()}
    return {
        name: array if array.shape == expected[name].shape and np.isfinite(array).all() else expected[name]
        for name, array in found.items()
    }
