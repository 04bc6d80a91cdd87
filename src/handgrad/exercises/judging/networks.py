"""Networks and batches to try a learner's methods on, drawn so that nothing but the right formulas fits them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from handgrad import handout
from handgrad.exercises.catalogue.comparing import Array
from handgrad.exercises.tasks import PARAMETERS

CLEAR = 0.95  # probability of a class in a network that has learnt


@dataclass(frozen=True)
class Batch:
    """Examples, their labels, and what the reference's forward pass makes of them.

    ``weights`` are those that the network is given before; if there are none, it keeps what it has. The passes are made
    several ``times``, as in a training.
    """

    y: Array
    forward: dict[str, Array]
    weights: Mapping[str, Array] = field(default_factory=dict)
    times: int = 1


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
        batch_of(weights, rng.standard_normal((n, sizes[0])), rng.permutation(np.resize(np.arange(sizes[3] - 1), n)))
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
    return Probe(probe.sizes, weights, tuple(batch_of(weights, batch.forward["X"], batch.y) for batch in probe.batches))


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
        batches = tuple(batch_of(weights, batch.forward["X"], batch.y) for batch in probe.batches)
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
        probe.sizes, weights, tuple(batch_of(weights, batch.forward["X"] * scale, batch.y) for batch in probe.batches)
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
    return Probe(probe.sizes, weights, tuple(batch_of(weights, batch.forward["X"], batch.y) for batch in probe.batches))


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
    first, *others = (batch_of(moved, batch.forward["X"], batch.y) for batch in probe.batches)
    first, back = replace(first, weights=moved), replace(probe.batches[0], weights=probe.weights)
    return replace(probe, batches=(*probe.batches, first, *others, back, first))


def nudged(rng: np.random.Generator, probe: Probe) -> Probe:
    """Show the only batch again after weights have moved by little, changed signs, then places, then one number alone.

    Whoever looks at the weights only at a glance takes them for the old ones.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> probe = nudged(rng, draw(rng, (3, 4, 5, 3), 2))
    >>> sums = [np.abs((batch.weights or probe.weights)["W_h1_h2"]).sum() for batch in probe.batches]
    >>> len(sums), bool(abs(sums[1] / sums[0] - 1) < 1e-3), bool(sums[1] == sums[2])
    (6, True, True)
    """
    little = {name: array * (1 + 2e-4 * rng.standard_normal(array.shape)) for name, array in probe.weights.items()}
    signs = {name: -array for name, array in little.items()}
    places = {name: array[::-1] for name, array in signs.items()}
    one = {**places, "W_h2_o": places["W_h2_o"].copy()}
    one["W_h2_o"][1, 1] += 0.1
    biases = {**one, "b_h1": one["b_h1"][::-1].copy()}
    (first,) = probe.batches
    later = [
        replace(batch_of(weights, first.forward["X"], first.y), weights=weights)
        for weights in (little, signs, places, one, biases)
    ]
    return replace(probe, batches=(first, *later))


def _shapes(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for before, after in pairwise(sizes):
        yield from ((before, after), (after,))


def batch_of(weights: dict[str, Array], X: Array, y: Array) -> Batch:
    """Let the reference pass examples forward."""
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
    return Probe((2, 3, 3, 2), weights, (batch_of(weights, np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([1, 0])),))
