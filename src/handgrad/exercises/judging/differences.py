"""Recognises a gradient that was measured from the loss of slightly changed weights instead of computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from handgrad import handout
from handgrad.exercises.catalogue.comparing import Array, same

CHANGES = (*(10.0**-i for i in range(2, 11)), float(np.sqrt(np.finfo(float).eps)), float(np.cbrt(np.finfo(float).eps)))


def by_differences(found: Array, state: Mapping[str, Any]) -> bool:
    """Tell whether a gradient of the first weights is a quotient of differences, for one of the usual changes.

    Parameters
    ----------
    found : ndarray
        The submission's ``dW_i_h1``, for inputs so large that no such change is small.
    state : mapping
        What the pass started from: ``X``, ``y`` and the parameters.

    Examples
    --------
    >>> net = handout.fcc(3, 4, 4, 2, rng=np.random.RandomState(0))
    >>> X, y = np.eye(3), np.array([0, 1, 1])
    >>> _ = net.forward_propagation(X)
    >>> net.backprop(y)
    >>> by_differences(1.5 * net.dW_i_h1, {**vars(net), "y": y})
    False
    """
    if found.shape != state["W_i_h1"].shape:
        return False
    here = _loss(state, state["W_i_h1"])
    for change in CHANGES:
        up, down = np.empty(found.shape), np.empty(found.shape)
        for place in np.ndindex(*found.shape):
            for values, way in ((up, change), (down, -change)):
                weights = state["W_i_h1"].copy()
                weights[place] += way
                values[place] = _loss(state, weights)
        if same(found, (up - down) / (2 * change)) or same(found, (up - here) / change):
            return True
    return False


def _loss(state: Mapping[str, Any], weights: Array) -> float:
    h1 = handout.fcc_one_layer(state["X"], weights, state["b_h1"], handout.sigmoid)
    h2 = handout.fcc_one_layer(h1, state["W_h1_h2"], state["b_h2"], handout.sigmoid)
    return handout.cross_entropy(
        handout.fcc_one_layer(h2, state["W_h2_o"], state["b_out"], handout.softmax), state["y"]
    )
