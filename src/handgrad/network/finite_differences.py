r"""A check of hand-derived gradients against finite differences of the value.

It takes central differences, :math:`(L(\theta + h e_i) - L(\theta - h e_i)) / 2h`, in float64, both for single
coordinates and along random directions. A direction involves every coordinate at once, so even a network with too many
parameters to check one by one is checked as a whole; a coordinate shows where a mistake is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from handgrad.errors import SettingError, ShapeError
from handgrad.network.parameters import Parameters

Objective = Callable[[Parameters], tuple[float, Parameters]]

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Coordinate:
    r"""One weight or bias, with its claimed derivative and the one measured by differences.

    Attributes
    ----------
    layer : int
        0 is the layer next to the inputs.
    kind : str
        "W" or "b", "g" for the gain of a normalisation, "mean" or "variance" for a running average.
    index : tuple of int
        (row, column) in ``W[layer]``, or (unit,) in ``b[layer]`` or the gains.
    claimed, measured : float
    error : float
        The difference of the two divided by the larger one, or by a floor that allows for the rounding error of the
        differences, whichever is greater.
    """

    layer: int
    kind: str
    index: tuple[int, ...]
    claimed: float
    measured: float
    error: float

    def __str__(self) -> str:
        place = f"{self.kind}[{self.layer}][{', '.join(map(str, self.index))}]"
        return f"{place}: claimed {self.claimed:.9g}, measured {self.measured:.9g}, relative error {self.error:.2g}"


@dataclass(frozen=True)
class GradientReport:
    """The result of :func:`gradcheck`.

    Attributes
    ----------
    passed : bool
        Whether every relative error, along coordinates and directions, is within the tolerance.
    worst : Coordinate
        The coordinate with the largest relative error.
    worst_direction : float
        The largest relative error along a random direction; 0 if no directions were checked.
    coordinates, parameters : int
        The number of coordinates checked, and the number of parameters.
    tolerance : float
    """

    passed: bool
    worst: Coordinate
    worst_direction: float
    coordinates: int
    parameters: int
    tolerance: float

    def __str__(self) -> str:
        verdict = "correct" if self.passed else "WRONG"
        return (
            f"gradient {verdict} to {self.tolerance:g} ({self.coordinates} of {self.parameters} coordinates checked)\n"
            f"worst coordinate  {self.worst}\n"
            f"worst direction   relative error {self.worst_direction:.2g}"
        )


def gradcheck(
    objective: Objective,
    parameters: Parameters,
    *,
    coordinates: int | None = 200,
    directions: int = 5,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> GradientReport:
    r"""Compare a claimed gradient with central differences of the value, and name the worst coordinate.

    The step is :math:`h = \epsilon^{1/3} \max(1, |\theta_i|)`, which balances truncation against rounding (Nocedal and
    Wright, Numerical Optimization, 2006, section 8.1). If claim and difference disagree, the difference is measured
    again with half the step and extrapolated, so a strongly curved loss causes no false alarm. Choose a point away from
    the kinks of ReLU and similar functions: a difference across a kink is the derivative on neither side.

    Parameters
    ----------
    objective : callable
        Takes :class:`Parameters` and returns ``(value, gradient)``, as ``MLP.value_and_gradient`` does. It must be
        deterministic, and needs at least two examples if it has a batch normalisation.
    parameters : Parameters
        The point at which to check, a NumPy vector in float64. It is not changed.
    coordinates : int or None, default 200
        About how many coordinates to check, drawn at random: an equal share of every array of parameters, but at least
        one and at most all of it. None checks all of them.
    directions : int, default 5
        The number of random directions to check.
    tolerance : float, default 1e-6
        The largest acceptable relative error.
    seed : int, default 0
        Seed for drawing the coordinates and the directions.

    Returns
    -------
    GradientReport
        Its ``passed`` is the verdict. Printing it gives three lines.

    Raises
    ------
    SettingError
        If the parameters are not float64, since differences in lower precision are too inaccurate.
    ShapeError
        If the layer sizes of the gradient differ from those of the parameters.

    Examples
    --------
    >>> from handgrad.network.mlp import MLP
    >>> network, rng = MLP((4, 5, 3), "tanh"), np.random.default_rng(0)
    >>> X, y = rng.standard_normal((8, 4)), rng.integers(0, 3, 8)
    >>> report = gradcheck(lambda p: network.value_and_gradient(p, X, y), network.initialise(seed=1))
    >>> report.passed, report.coordinates, report.parameters
    (True, 43, 43)
    """
    theta = parameters.vector
    if not isinstance(theta, np.ndarray) or theta.dtype != np.float64:
        raise SettingError(
            f"parameters of dtype {theta.dtype}",
            "a NumPy vector in float64",
            "initialise with dtype=np.float64, and convert the data to float64 too",
        )
    rng = np.random.default_rng(seed)
    value, gradient = objective(parameters)
    if gradient.shapes != parameters.shapes:
        raise ShapeError(
            f"a gradient with layer sizes {gradient.layer_sizes} and the arrays {', '.join(gradient.shapes)}",
            f"those of the parameters, {parameters.layer_sizes} and {', '.join(parameters.shapes)}",
            "give dW[l] the shape of W[l], and db[l] that of b[l]",
        )
    claimed = np.array(gradient.vector, dtype=np.float64)
    # Rounding alone changes a difference quotient by about epsilon |L| / h. For a derivative below `floor`, that noise
    # would look like a relative error near the tolerance, so errors are relative to `floor` at least.
    noise = 10 * EPSILON ** (2 / 3) * max(1.0, abs(float(value)))
    floor = noise / tolerance

    def slope(direction: np.ndarray, length: float) -> float:
        """Return the central difference quotient along a direction."""
        h = EPSILON ** (1 / 3) * length
        up, down = (float(objective(parameters.like(theta + s * h * direction))[0]) for s in (1, -1))
        return float((up - down) / (2 * h))

    def measure(claim: float, direction: np.ndarray, length: float) -> float:
        """Measure a slope; if it disagrees with the claim, remove the h^2 error term (Richardson, 1911)."""
        coarse = slope(direction, length)
        if error(claim, coarse) <= tolerance:
            return coarse
        return (4 * slope(direction, length / 2) - coarse) / 3

    def error(one: float, other: float) -> float:
        """Return the relative difference; infinite if either number is not finite."""
        difference = abs(one - other) / max(abs(one), abs(other), floor)
        return difference if np.isfinite(difference) else np.inf

    chosen = _choose(parameters, coordinates, rng)
    found = []
    for i in chosen:
        unit = np.zeros_like(theta)
        unit[i] = 1.0
        measured = measure(float(claimed[i]), unit, max(1.0, abs(float(theta[i]))))
        found.append((error(float(claimed[i]), measured), measured, int(i)))
    worst_error, measured, i = max(found)
    worst = Coordinate(*_place(parameters, i), float(claimed[i]), measured, worst_error)
    worst_direction = 0.0
    for _ in range(directions):
        direction = rng.standard_normal(theta.size)
        direction /= np.linalg.norm(direction)
        claim = float(claimed @ direction)
        worst_direction = max(worst_direction, error(claim, measure(claim, direction, 1.0)))
    return GradientReport(
        max(worst.error, worst_direction) <= tolerance, worst, worst_direction, len(chosen), theta.size, tolerance
    )


def _choose(parameters: Parameters, count: int | None, rng: np.random.Generator) -> np.ndarray:
    """Draw coordinates, as equally as possible from every array; None takes all of them."""
    size = parameters.vector.size
    if count is None or count >= size:
        return np.arange(size)
    edges = np.cumsum([0, *(array.size for array in parameters.named().values())])
    share = max(1, count // (len(edges) - 1))
    pieces = [np.arange(a, b) for a, b in pairwise(edges)]
    return np.concatenate([rng.choice(piece, min(share, piece.size), replace=False) for piece in pieces])


def _place(parameters: Parameters, i: int) -> tuple[int, str, tuple[int, ...]]:
    """Find the layer, the kind of array and the index of the i-th number of the flat vector."""
    for name, array in parameters.named().items():
        if i < array.size:
            kind, layer = name.split(".")
            return int(layer), kind, tuple(int(j) for j in np.unravel_index(i, array.shape))
        i -= array.size
    raise IndexError(i)
