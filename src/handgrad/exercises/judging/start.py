"""Judges the weights with which a new network starts.

The sheet draws them, and the biases, from N(0, 1). Another width, or biases of zero, costs nothing, and is remarked on;
what keeps a network from learning, or whoever makes it from choosing its weights, is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from handgrad import handout
from handgrad.exercises.calls import Answer
from handgrad.exercises.catalogue.comparing import Array
from handgrad.exercises.catalogue.layers import LAYERS
from handgrad.exercises.judging import diagnosis
from handgrad.exercises.judging.chance import SOME, another_width, normal, not_by_chance, strange
from handgrad.exercises.judging.independence import come_again, together, turned
from handgrad.exercises.judging.networks import Probe
from handgrad.exercises.judging.trials import SEEDS, Answers, Trials
from handgrad.exercises.results import Finding

WEIGHTS = tuple(layer.weights for layer in reversed(LAYERS))
BIASES = tuple(layer.bias for layer in reversed(LAYERS))
LARGE = 10.0  # times what the sheet draws

# How a matrix of weights shows each mistake. Columns belong to units.
MISTAKES: Mapping[str, Callable[[Array], bool]] = {
    "weights_start_alike": lambda W: not np.ptp(W),
    "units_start_alike": lambda W: not np.ptp(W, axis=1).any(),
    "weights_in_integers": lambda W: not np.mod(W, 1).any(),
    "weights_all_positive": lambda W: bool((W >= 0).all()),
    "weights_far_too_large": lambda W: bool(np.sqrt(np.mean(W**2)) > LARGE),
}


def first_weights(drawn: Trials, asked: Answers) -> Iterator[Finding]:
    """Report what is wrong with the weights of new networks, if anything is.

    Parameters
    ----------
    drawn : Trials
    asked : Answers

    Yields
    ------
    Finding
        At most one. A last layer that starts with zeros alone is none.
    """
    probes = drawn.probes
    new, *_ = made = [_weights(answer, probe) for answer, probe in zip(asked.full, probes, strict=True)]
    made += [_weights(asked.started[-1], drawn.large)]
    made += [_weights(asked.full[0], probes[0], BIASES), _weights(asked.started[-1], drawn.large, BIASES)]
    if infinite := {name: None for of in made for name, array in of.items() if not np.isfinite(array).all()}:
        yield _named("weights_not_finite", tuple(infinite))
        return
    for mistake, shows in MISTAKES.items():
        names = tuple(name for name, array in new.items() if shows(array))
        if names and not (names == WEIGHTS[2:] and mistake in ("weights_start_alike", "units_start_alike")):
            yield _named(mistake, names)
            return
    for probe, answer in zip(probes, asked.full, strict=True):
        for (name, array), (other, same) in combinations(_weights(answer, probe).items(), 2):
            if np.array_equal(array, same):
                yield _named("weights_same_in_two_layers", (name, other))
                return
    _, *small, large = asked.started
    for once, again in combinations([_weights(answer, probes[0]) for answer in small], 2):
        alike = tuple(name for name, array in once.items() if np.array_equal(array, again.get(name, ())))
        if alike and alike != WEIGHTS[2:]:
            yield _named("weights_ignore_rng", alike)
            return
    if found := not_by_chance(_weights(large, drawn.large), _weights(large, drawn.large, BIASES)):
        yield _named(*found)
        return
    if found := _not_one_by_one(drawn, asked):
        yield _named(*found)
        return
    if names := _scaled_when_large(drawn, small, large):
        yield _named("weights_other_when_large", names)
        return
    usual = _alike(_weights(asked.full[0], probes[0], BIASES))
    constant = _alike(_weights(large, drawn.large, BIASES))
    if names := tuple(name for name, value in constant.items() if usual.get(name) != value):
        yield _named("biases_start_alike", names)


def other_draws(drawn: Trials, asked: Answers) -> Iterator[Finding]:
    """Remark on first weights and biases of a network of the sheet's size that are not from N(0, 1).

    Parameters
    ----------
    drawn : Trials
    asked : Answers

    Yields
    ------
    Finding
        At most one for the biases that are all the same, one for those numbers that are drawn in another way, and one
        for those that do not follow from the generator as on the sheet.
    """
    numbers = _weights(asked.started[-1], drawn.large, (*WEIGHTS, *BIASES))
    if alike := tuple(name for name in _alike(numbers) if name in BIASES):
        yield _named("biases_start_alike", alike)
    other = {name: array for name, array in numbers.items() if another_width(array)}
    strange = tuple(name for name, array in other.items() if not normal(array))
    if strange:
        yield _named("weights_not_normal", strange)
    elif other:
        yield _named("weights_of_another_width", tuple(other))
    if found := _unlike_the_generator(drawn.probes[0], *asked.started[:2]):
        yield _named(*found)


def _not_one_by_one(drawn: Trials, asked: Answers) -> tuple[str, tuple[str, ...]] | None:
    """Name what shows that numbers of networks of any size were not each drawn by itself from N(0, 1)."""
    probe, small = drawn.probes[0], asked.started[1:-1]
    made = [
        *((probe, answer) for answer in small), (drawn.large, asked.started[-1]),
        *zip(drawn.probes, asked.full, strict=True), *zip(drawn.further, asked.further, strict=True),
    ]  # fmt: skip
    for size, answer in made:
        if names := together(_weights(answer, size, (*WEIGHTS, *BIASES))):
            return "weights_repeated", names
    networks = [_weights(answer, probe, WEIGHTS[:2]) for answer in small]  # the last layer may be the same
    if names := come_again(networks):
        return "weights_ignore_rng", names
    large = _weights(asked.started[-1], drawn.large)
    several = {
        name: [found[name] for answer in small if name in (found := _weights(answer, probe))] for name in WEIGHTS
    }
    as_wide = {name: arrays for name, arrays in several.items() if arrays and _as_on_the_sheet(*arrays)}
    as_wide_too = {name: [array] for name, array in large.items() if _as_on_the_sheet(array)}
    for of in (as_wide, as_wide_too):
        if names := tuple(name for name, arrays in of.items() if turned(arrays)):
            return "weights_repeated", names
    names = tuple(name for name, arrays in as_wide.items() if strange(np.concatenate(arrays, axis=None)))
    return ("weights_not_normal", names) if names else None


def _as_on_the_sheet(*arrays: Array) -> bool:
    """Tell whether there are enough numbers to say that they are spread as widely as those of N(0, 1)."""
    numbers = np.concatenate(arrays, axis=None)
    return numbers.size >= SOME and bool(np.isfinite(numbers).all() and np.ptp(numbers)) and not another_width(numbers)


def _scaled_when_large(drawn: Trials, small: Sequence[Answer], large: Answer) -> tuple[str, ...]:
    """Name the matrices of another width than N(0, 1), if small networks have no such ones: their size decides."""
    probe = drawn.probes[0]
    numbers = {
        name: np.concatenate([_weights(answer, probe).get(name, np.empty(0)).ravel() for answer in small])
        for name in WEIGHTS
    }
    other = tuple(name for name, array in _weights(large, drawn.large).items() if another_width(array))
    usual = [array.size >= SOME and np.ptp(array) > 0 and not another_width(array) for array in numbers.values()]
    return other if all(usual) else ()


def _unlike_the_generator(probe: Probe, once: Answer, again: Answer) -> tuple[str, tuple[str, ...]] | None:
    """Name what keeps the numbers of two networks with equal generators from being those that the sheet draws."""
    numbers, same = (_weights(answer, probe, (*WEIGHTS, *BIASES)) for answer in (once, again))
    if other := tuple(name for name, array in numbers.items() if not np.array_equal(array, same.get(name, array))):
        return "rng_not_used", other
    right = vars(handout.fcc(*probe.sizes, rng=np.random.RandomState(SEEDS[0])))
    if len(numbers) < len(WEIGHTS + BIASES):
        return None
    moved = tuple(name for name, array in numbers.items() if not np.array_equal(array, right[name]))
    drawn, due = (np.sort(np.concatenate([of[name].ravel() for name in numbers])) for of in (numbers, right))
    return ("drawn_in_another_order", moved) if moved and np.array_equal(drawn, due) else None


def _alike(numbers: Mapping[str, Array]) -> dict[str, float]:
    """Give the value of each array that has a single one."""
    return {name: float(array.flat[0]) for name, array in numbers.items() if array.size > 1 and not np.ptp(array)}


def _weights(answer: Answer, probe: Probe, names: tuple[str, ...] = WEIGHTS) -> dict[str, Array]:
    """Read the weights of a new network that have the sheet's shapes."""
    found = {name: answer.values.get(f"start:{name}") for name in names}
    return {
        name: array.astype(np.float64)
        for name, array in found.items()
        if array is not None and array.shape == probe.weights[name].shape
    }


def _named(mistake: str, names: tuple[str, ...]) -> Finding:
    return diagnosis.named(mistake, (), {"quantities": names})
