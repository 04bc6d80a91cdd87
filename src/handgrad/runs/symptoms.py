"""What the layers, the inputs and the labels of a training show, in sentences for a learner.

Each sentence says what was seen, what it means, and one thing to try. The limits lie between what healthy trainings
show and what failing ones do; ``docs/training.md`` has both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt

import numpy as np

from handgrad.data import Dataset
from handgrad.data.neighbours import agreement
from handgrad.data.ranges import DISTINCT, NARROW, SCALES
from handgrad.data.tables.labels import listed
from handgrad.network import MLP
from handgrad.training.health import BOUNDED, ROWS, LayerHealth

IDLE = 0.5  # of a layer's units: healthy trainings have up to 0.2
SATURATED_AT_FIRST = 0.25  # of a layer's outputs: 0.004 with usual weights, 0.6 with those of the exercise
SATURATED_AT_LAST = 0.9  # in trainings that have failed; large steps that did no harm end with up to 0.83
VANISHING = 0.05  # the gradient of the first hidden layer as a share of the last one's: from 0.09 where all goes well
VANISHING_FOR_ADAM = 0.003  # which divides each gradient by its own size
EXPLODING = 5.0
LARGER_THAN_WEIGHTS = 1.0  # the gradient of a hidden layer: healthy trainings begin with up to 0.5
CLEARLY = 0.2  # between two shares of rows that agree with their neighbours
FEW = 50  # labels, from which chance can be told apart from a relation


def at_first(
    network: MLP, layers: Sequence[LayerHealth], smaller: str, rectified: str, adaptive: bool
) -> Iterator[str]:
    """Say what is wrong with the layers before the first step.

    Parameters
    ----------
    network : MLP
    layers : sequence of LayerHealth
    smaller, rectified : str
        The flags for smaller weights, and for rectifiers.
    adaptive : bool
        Whether the optimizer divides each gradient by its size.
    """
    if found := [(layer.saturated or 0, number) for number, layer in enumerate(layers, start=1)]:
        share, number = max(found)
        if share > SATURATED_AT_FIRST:
            yield (
                f"{share:.0%} of the outputs of layer {number} are saturated before the first step: there "
                f"{network.activations[number - 1]} is nearly flat and passes on next to no gradient; try {smaller}"
            )
    yield from _gradients(layers, smaller, rectified, VANISHING_FOR_ADAM if adaptive else VANISHING)


def at_last(network: MLP, layers: Sequence[LayerHealth], rows: int, lower: str) -> Iterator[str]:
    """Say what has become of the layers.

    Parameters
    ----------
    network : MLP
    layers : sequence of LayerHealth
    rows : int
        The number of examples that they were measured on.
    lower : str
        Advises a lower learning rate.
    """
    hidden = list(zip(network.activations, layers, strict=False))
    idle = {
        number: layer.idle or 0.0
        for number, (name, layer) in enumerate(hidden, start=1)
        if name not in BOUNDED and (layer.idle or 0) > IDLE
    }
    if idle:
        yield (
            f"{_shares(idle, 'units')} never fire: for each of {rows} training examples, their activation is flat, so "
            f"that they no longer learn; {lower}"
        )
    flat = {
        number: layer.saturated or 0.0
        for number, (_, layer) in enumerate(hidden, start=1)
        if (layer.saturated or 0) > SATURATED_AT_LAST
    }
    if flat:
        yield (
            f"{_shares(flat, 'outputs')} have become saturated: there the activation is nearly flat, and learning "
            f"stops; {lower}"
        )


def of_inputs(data: Dataset) -> Iterator[str]:
    """Say so if all rows are alike, or if columns of arrays lie in a tiny part of the range of the others.

    Tables have a note of their own.
    """
    step = max(1, len(data.X_train) // ROWS)
    some = data.X_train[::step]
    if not (np.ptp(some, axis=0).any() or np.ptp(data.X_train, axis=0).any()):
        yield (
            f"all {len(data.X_train):,} rows of the training set have the same inputs, so that nothing tells the "
            "classes apart; check how the inputs were made"
        )
    if data.image_shape is not None or data.columns is not None:
        return
    low, high = np.quantile(some, [0.01, 0.99], axis=0)
    close = np.flatnonzero((high > low) & (high - low < NARROW)).tolist()
    inner = {i: some[(some[:, i] >= low[i]) & (some[:, i] <= high[i]), i] for i in close}
    narrow = [i for i in close if len(np.unique(inner[i])) >= DISTINCT]
    if not narrow:
        return
    width = max(float(high[i] - low[i]) for i in narrow)
    whole = max(float(np.ptp(data.X_train[:, i])) for i in narrow)
    remedy = "correct or leave out those rows" if whole > 2 * NARROW else "give all columns the same range"
    why = "a few extreme values set their scale" if whole > 2 * NARROW else "they were taken as they are"
    yield (
        f"{SCALES}: 98% of the values of {listed([f'column {i + 1}' for i in narrow])} lie "
        f"within {width:.1g} of the range 0..1, because {why}, so that the network hardly sees them; {remedy}"
    )


def of_labels(data: Dataset) -> Iterator[str]:
    """Say so if labels do not follow the rows: asked only where a network has learnt nothing that holds elsewhere."""
    X, y = data.X_train, data.y_train
    if len(y) < FEW:
        return
    found = agreement(X, y)
    for shift, where, way in ((1, "after", "up"), (-1, "before", "down")):
        moved = agreement(X, y, shift=shift)
        if moved.share > found.share + CLEARLY and not moved.by_chance:
            yield (
                f"the labels look shifted by one row: {moved.share:.0%} of the rows agree with the most similar row if "
                f"each takes the label of the row {where} it, and only {found.share:.0%} as they are; move all labels "
                f"{way} by one row"
            )
            return
    if not found.by_chance:
        if len(data.y_test) < FEW:
            return
        tests = agreement(X, y, (data.X_test, data.y_test))
        if tests.by_chance and found.share > tests.share + CLEARLY:
            yield (
                f"the labels of the test set look shuffled: {tests.share:.0%} of its rows have the label of the most "
                f"similar training row ({tests.chance:.0%} by chance), but {found.share:.0%} of the training rows do; "
                "check that its rows and labels are in the same order"
            )
        return
    yield (
        f"the labels look shuffled: only {found.share:.0%} of the rows have the label of the most similar row, as by "
        f"chance ({found.chance:.0%}), so that there is nothing to learn but the rows themselves; check that rows and "
        "labels are in the same order"
    )


def _shares(found: Mapping[int, float], what: str) -> str:
    """List the share of each layer, or the smallest of many."""
    if len(found) < 3:
        return " and ".join(f"{share:.0%} of the {what} of layer {number}" for number, share in found.items())
    return f"{min(found.values()):.0%} or more of the {what} of the layers {listed([str(number) for number in found])}"


def _gradients(layers: Sequence[LayerHealth], smaller: str, rectified: str, vanishing: float) -> Iterator[str]:
    """Compare the gradients of the hidden layers with each other and with the weights; the output's follows the loss.

    A layer of few inputs has a small gradient because it has few weights. So both the norm and the mean square are
    compared, and what both say counts.
    """
    relative = [layer.gradient / layer.weights if layer.weights else 0.0 for layer in layers[:-1]]
    if not relative or not np.isfinite(relative).all() or not layers[-2].gradient:
        return
    (one, other), count = (layers[0], layers[-2]), len(relative)
    ratios = [one.gradient / other.gradient * factor for factor in (1.0, sqrt(other.count / one.count))]
    largest = max(range(count), key=relative.__getitem__)
    if max(ratios) < vanishing:
        times = f"{1 / max(ratios):,.0f} times" if max(ratios) else "infinitely"
        yield (
            f"the gradients vanish: before the first step, that of layer 1 is {times} smaller than that of layer "
            f"{count}, so that the first layers hardly learn; try {rectified}"
        )
    elif min(ratios) > EXPLODING or relative[largest] > LARGER_THAN_WEIGHTS:
        yield (
            f"the gradients explode: before the first step, that of layer {largest + 1} is {relative[largest]:.2g} "
            f"times as large as its weights, and that of layer {count} {relative[-1]:.2g} times, so that steps "
            f"overshoot; try {smaller}"
        )
