"""Networks and batches to try backprop on: drawn, written as calls, and read from the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from handgrad import handout
from handgrad.exercises.calls import Answer, Step
from handgrad.exercises.catalogue.comparing import EXACT, TOLERANCE, Array, same
from handgrad.exercises.catalogue.layers import ACTIVATIONS
from handgrad.exercises.judging.chain import View
from handgrad.exercises.tasks import BACKPROP, PARAMETERS

ROUGH = 1e-10  # of the largest entry: far above the rounding of float64, far below that of float32
CLEAR = 0.95  # probability of a class in a network that has learnt


@dataclass(frozen=True)
class Batch:
    """Examples, their labels, and what the reference's forward pass makes of them.

    ``weights`` are those that the network is given before; if there are none, it keeps what it has.
    """

    y: Array
    forward: dict[str, Array]
    weights: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Probe:
    """A network, and the batches that it sees one after the other.

    ``sizes`` are those of its layers: d, h1, h2, k.
    """

    sizes: tuple[int, int, int, int]
    weights: dict[str, Array]
    batches: tuple[Batch, ...]


def draw(rng: np.random.Generator, sizes: tuple[int, int, int, int], *examples: int) -> Probe:
    """Draw a network with moderate activations, and batches of the given numbers of examples.

    Examples
    --------
    >>> draw(np.random.default_rng(0), (5, 4, 6, 3), 7).batches[0].forward["out"].shape
    (7, 3)
    """
    shapes = dict(zip(PARAMETERS, _shapes(sizes), strict=True))
    weights = {
        name: rng.standard_normal(shape) * (1.5 / np.sqrt(shape[0]) if len(shape) == 2 else 0.5)
        for name, shape in shapes.items()
    }
    # The last class never occurs, so that labels shifted by one do not only crash.
    batches = tuple(
        _batch(weights, rng.standard_normal((n, sizes[0])), rng.permutation(np.resize(np.arange(sizes[3] - 1), n)))
        for n in examples
    )
    return Probe(sizes, weights, batches)


def relabelled(probe: Probe) -> Probe:
    """Count the classes from the other end, so that the last one occurs, and the first one never does."""
    k = probe.sizes[-1]
    return replace(probe, batches=tuple(replace(batch, y=k - 1 - batch.y) for batch in probe.batches))


def steeper(probe: Probe, times: float = 8.0) -> Probe:
    """Make the weights behind the first layer larger, and with them the gradients."""
    weights = {**probe.weights, **{name: times * probe.weights[name] for name in ("W_h1_h2", "W_h2_o")}}
    return Probe(probe.sizes, weights, tuple(_batch(weights, batch.forward["X"], batch.y) for batch in probe.batches))


def confident(probe: Probe) -> Probe:
    """Make the outputs of a network that has learnt: clear decisions, right but for every third example.

    Examples
    --------
    >>> probe = confident(draw(np.random.default_rng(0), (5, 4, 6, 3), 30))
    >>> [int((batch.forward["out"].argmax(axis=1) == batch.y).sum()) for batch in probe.batches]
    [20]
    """
    for times in 2.0 ** np.arange(1, 8):
        weights = {**probe.weights, "W_h2_o": times * probe.weights["W_h2_o"]}
        batches = tuple(_batch(weights, batch.forward["X"], batch.y) for batch in probe.batches)
        if all(np.median(batch.forward["out"].max(axis=1)) > CLEAR for batch in batches):
            break
    wrong = [np.arange(len(batch.y)) % 3 == 0 for batch in batches]
    labels = [
        (b.forward["out"].argmax(axis=1) + those) % probe.sizes[-1] for b, those in zip(batches, wrong, strict=True)
    ]
    return Probe(probe.sizes, weights, tuple(replace(batch, y=y) for batch, y in zip(batches, labels, strict=True)))


def scaled(probe: Probe, scale: float = 1e10) -> Probe:
    """Measure the inputs in a far smaller unit, with first weights that make up for it.

    Formulas notice nothing of that. Differences of the loss for slightly changed weights do: no small change is small
    enough for such inputs.

    Examples
    --------
    >>> probe = draw(np.random.default_rng(0), (3, 4, 5, 3), 2)
    >>> np.allclose(scaled(probe).batches[0].forward["h1"], probe.batches[0].forward["h1"])
    True
    """
    weights = {**probe.weights, "W_i_h1": probe.weights["W_i_h1"] / scale}
    return Probe(
        probe.sizes, weights, tuple(_batch(weights, batch.forward["X"] * scale, batch.y) for batch in probe.batches)
    )


def level(probe: Probe) -> Probe:
    """Divide the weights of the second layer so that sums of many terms do not saturate its units.

    Examples
    --------
    >>> probe = draw(np.random.default_rng(0), (1, 100, 2, 3), 2)
    >>> np.allclose(10 * level(probe).weights["W_h1_h2"], probe.weights["W_h1_h2"])
    True
    """
    W = probe.weights["W_h1_h2"]
    weights = {**probe.weights, "W_h1_h2": W / np.sqrt(len(W))}
    return Probe(probe.sizes, weights, tuple(_batch(weights, batch.forward["X"], batch.y) for batch in probe.batches))


def learning(rng: np.random.Generator, probe: Probe) -> Probe:
    """Show every batch once more after the weights have moved; at last the first one, moved back and moved again.

    What is remembered of examples is then out of date.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> probe = learning(rng, draw(rng, (3, 4, 5, 3), 2, 2))
    >>> [bool(batch.weights) for batch in probe.batches], probe.batches[2].forward["X"] is probe.batches[0].forward["X"]
    ([False, False, True, False, True, True], True)
    """
    moved = {name: array + 0.5 * rng.standard_normal(array.shape) for name, array in probe.weights.items()}
    first, *others = (_batch(moved, batch.forward["X"], batch.y) for batch in probe.batches)
    first, back = replace(first, weights=moved), replace(probe.batches[0], weights=probe.weights)
    return replace(probe, batches=(*probe.batches, first, *others, back, first))


def nudged(rng: np.random.Generator, probe: Probe) -> Probe:
    """Show the only batch again after the weights have moved by little, have changed places, and in one number alone.

    Whoever looks at the weights only at a glance takes them for the old ones.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> probe = nudged(rng, draw(rng, (3, 4, 5, 3), 2))
    >>> sums = [np.abs((batch.weights or probe.weights)["W_h1_h2"]).sum() for batch in probe.batches]
    >>> len(sums), bool(abs(sums[1] / sums[0] - 1) < 1e-3), bool(np.isclose(sums[1], sums[2]))
    (5, True, True)
    """
    little = {name: array * (1 + 2e-4 * rng.standard_normal(array.shape)) for name, array in probe.weights.items()}
    places = {name: -array[::-1] for name, array in little.items()}
    one = {**places, "W_h2_o": places["W_h2_o"].copy()}
    one["W_h2_o"][1, 1] += 0.1
    biases = {**one, "b_h1": one["b_h1"][::-1].copy()}
    (first,) = probe.batches
    later = [
        replace(_batch(weights, first.forward["X"], first.y), weights=weights)
        for weights in (little, places, one, biases)
    ]
    return replace(probe, batches=(first, *later))


def _shapes(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for before, after in pairwise(sizes):
        yield from ((before, after), (after,))


def _batch(weights: dict[str, Array], X: Array, y: Array) -> Batch:
    h1 = handout.fcc_one_layer(X, weights["W_i_h1"], weights["b_h1"], handout.sigmoid)
    h2 = handout.fcc_one_layer(h1, weights["W_h1_h2"], weights["b_h2"], handout.sigmoid)
    out = handout.fcc_one_layer(h2, weights["W_h2_o"], weights["b_out"], handout.softmax)
    return Batch(y, {"X": X, "h1": h1, "h2": h2, "out": out})


def example() -> Probe:
    """Make the small network of the picture."""
    weights = {
        "W_i_h1": np.array([[0.5, -1.0, 0.0], [0.25, 0.5, 1.0]]), "b_h1": np.array([0.1, 0.2, -0.3]),
        "W_h1_h2": np.array([[1.0, 0.0, -0.5], [0.5, -1.0, 0.25], [0.0, 0.75, 1.0]]),
        "b_h2": np.array([0.0, 0.1, -0.1]),
        "W_h2_o": np.array([[1.0, -1.0], [0.5, 0.0], [-0.25, 0.75]]), "b_out": np.array([0.2, -0.2]),
    }  # fmt: skip
    return Probe((2, 3, 3, 2), weights, (_batch(weights, np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([1, 0])),))


def start(probe: Probe) -> tuple[Step, ...]:
    """Make the network, and read the parameters that it has from the start."""
    reads = (Step("read", name, label=f"start:{name}") for name in PARAMETERS)
    return Step("construct", arguments=probe.sizes), *reads


def begin(probe: Probe) -> list[Step]:
    """Make the network, with our weights."""
    return [Step("construct", arguments=probe.sizes), *given(probe.weights)]


def given(values: Mapping[str, Array]) -> list[Step]:
    """Set attributes."""
    return [Step("set", name, (array,)) for name, array in values.items()]


def passes(probe: Probe, forward: bool = True, rate: float = 0.0) -> tuple[Step, ...]:
    """Run forward and backward on each batch, or only backward, on the reference's forward values; read everything.

    With a rate, the network takes a step of its own before each further batch.
    """
    steps = [*start(probe), *given(probe.weights)]
    names = (*BACKPROP, *ACTIVATIONS, *PARAMETERS)
    for i, batch in enumerate(probe.batches):
        steps += given(batch.weights)
        if rate and i:
            steps.append(Step("call", "gradient_step", (rate,)))
        if forward:
            steps.append(Step("call", "forward_propagation", (batch.forward["X"],), f"{i}:forward"))
        else:
            steps += given(batch.forward)
        steps += [Step("peek", name, label=f"{i}:before:{name}") for name in names]
        steps.append(Step("call", "backprop", (batch.y,), f"{i}:backprop"))
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
        # Where it crashed, what is as before was not reached.
        own = {
            name: values[f"{i}:{name}"]
            for name in BACKPROP
            if f"{i}:{name}" in values
            and (reached or not same(values[f"{i}:{name}"], values.get(f"{i}:before:{name}")))
        }
        usual = batch.weights or usual
        weights = _found(values, f"{i}:before:", usual)
        forward = batch.forward
        if done(answer, f"{i}:forward") and not all(same(weights[name], usual[name]) for name in weights):
            forward = _batch(weights, forward["X"], batch.y).forward
        if kept:
            forward = _found(values, f"{i}:before:", forward)
        state: dict[str, Any] = {"n": len(batch.y), "y": batch.y, **weights, **forward}
        state["after"] = {name: values.get(f"{i}:{name}", array) for name, array in usual.items()}
        state["previous"] = {name: previous.get(name, 0.0) for name in BACKPROP}
        yield View(state, own, reached, TOLERANCE if single else EXACT)
        previous = own


def _is_rough(probe: Probe, answer: Answer) -> bool:
    """Tell whether forward values were computed in single precision somewhere, whatever type they have now."""
    return done(answer, "0:forward") and any(
        same(kept, right) and float(np.abs(kept - right).max(initial=0)) > ROUGH * float(np.abs(right).max(initial=0))
        for name, right in probe.batches[0].forward.items()
        if (kept := answer.values.get(f"0:before:{name}")) is not None and kept.shape == right.shape
    )


def _found(values: Mapping[str, Array], prefix: str, expected: Mapping[str, Array]) -> dict[str, Array]:
    """Use each submitted array if its shape is right and its entries are finite; otherwise the expected one."""
    found = {name: values.get(f"{prefix}{name}", array) for name, array in expected.items()}
    return {
        name: array if array.shape == expected[name].shape and np.isfinite(array).all() else expected[name]
        for name, array in found.items()
    }
