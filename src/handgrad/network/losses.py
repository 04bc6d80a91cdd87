r"""The losses by name: each returns its value and its gradient together.

Every loss has the form :math:`L = \sum_m w_m \, l_m / \sum_m w_m`, a mean over the examples m, weighted if weights are
given, and returns ``(L, dZ)``, where ``dZ = dL/dZ`` has the shape of Z, the logits or raw outputs. The number reported
is the number differentiated. The code uses only the array API standard; results have the dtype of Z.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from handgrad.network.classification import binary_cross_entropy, cross_entropy
from handgrad.network.parameters import Array
from handgrad.network.regression import absolute_error, huber, squared_error


@dataclass(frozen=True)
class Loss:
    """A loss and the kind of its targets: one class number per row, yes-or-no answers, or real numbers."""

    function: Callable[..., tuple[Array, Array]]
    targets: Literal["classes", "answers", "numbers"]


LOSSES: dict[str, Loss] = {
    "cross_entropy": Loss(cross_entropy, "classes"),
    "binary_cross_entropy": Loss(binary_cross_entropy, "answers"),
    "squared_error": Loss(squared_error, "numbers"),
    "absolute_error": Loss(absolute_error, "numbers"),
    "huber": Loss(huber, "numbers"),
}
