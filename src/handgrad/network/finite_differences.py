r"""Is a gradient derived by hand the gradient of the value? Ask the value itself.

Central differences, :math:`(L(\theta + h e_i) - L(\theta - h e_i)) / 2h`, in float64, one coordinate at a time and
along random directions. The directions see every coordinate at once, so that a network too large for all its
coordinates is still checked whole; the coordinates say where a mistake sits.
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
    r"""One weight or bias, the derivative that was claimed for it and the one that differences gave.

    Attributes
    ----------
    layer : int
        0 for the layer next to the inputs.
    kind : str
        "W" or "b".
    index : tuple of int
        (row, column) in ``W[layer]``, or (unit,) in ``b[layer]``.
    claimed, measured : float
    error : float
        The difference of the two over the larger one, or over a floor that the differences' own rounding sets where
        that is larger still.
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
    """What :func:`gradcheck` found.

    Attributes
    ----------
    passed : bool
        Whether every relative error, of coordinates and of directions, is at most the tolerance.
    worst : Coordinate
        The coordinate with the largest relative error.
    worst_direction : float
        The largest relative error along a random direction; 0 where none was asked for.
    coordinates, parameters : int
        How many coordinates were checked, out of how many.
    tolerance : float
    """

    passed: bool
    worst: Coordinate
    worst_direction: float
    coordinates: int
    parameters: int
    tolerance: float

    def __str__(self) -> str:
        verdict = "right" if self.passed else "WRONG"
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
    Wright, Numerical Optimization, 2006, section 8.1). Where claim and difference disagree, the difference is measured
    again with half the step and extrapolated, so that a strongly curved loss raises no alarm. Choose a point away from
    the kinks of ReLU and the like: differences across a kink measure neither side.

    Parameters
    ----------
    objective : callable
        Takes :class:`Parameters` and returns ``(value, gradient)``, as ``MLP.value_and_gradient`` does. It must be
        deterministic.
    parameters : Parameters
        The point to check at, float64, NumPy. It is not changed.
    coordinates : int or None, default 200
        How many coordinates to check, drawn at random, some from every W and b; None checks all.
    directions : int, default 5
        How many random directions to check.
    tolerance : float, default 1e-6
        The largest relative error that passes.
    seed : int, default 0
        Draws the coordinates and the directions.

    Returns
    -------
    GradientReport
        Its ``passed`` is the verdict; printed, it is three lines.

    Raises
    ------
    SettingError
        If the parameters are not float64, in which differences mean something.
    ShapeError
        If the gradient has other layer sizes than the parameters.

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
            "initialise with dtype=np.float64, and give the data in float64 too",
        )
    rng = np.random.default_rng(seed)
    value, gradient = objective(parameters)
    if gradient.layer_sizes != parameters.layer_sizes:
        raise ShapeError(
            f"a gradient of layer sizes {gradient.layer_sizes}",
            f"{parameters.layer_sizes}, those of the parameters",
            "give dW[l] the shape of W[l], and db[l] that of b[l]",
        )
    claimed = np.array(gradient.vector, dtype=np.float64)
    # Rounding alone moves a difference quotient by about epsilon |L| / h. Below `floor` that noise would be read as a
    # relative error near the tolerance, so errors are taken relative to at least `floor`.
    noise = 10 * EPSILON ** (2 / 3) * max(1.0, abs(float(value)))
    floor = noise / tolerance

    def slope(direction: np.ndarray, length: float) -> float:
        """Central difference quotient along a direction."""
        h = EPSILON ** (1 / 3) * length
        up, down = (float(objective(Parameters(parameters.layer_sizes, theta + s * h * direction))[0]) for s in (1, -1))
        return float((up - down) / (2 * h))

    def measure(claim: float, direction: np.ndarray, length: float) -> float:
        """Measure a slope; where it does not agree, once more without the h^2 of truncation (Richardson, 1911)."""
        coarse = slope(direction, length)
        if error(claim, coarse) <= tolerance:
            return coarse
        return (4 * slope(direction, length / 2) - coarse) / 3

    def error(one: float, other: float) -> float:
        """Relative difference; infinite where one of the two is no number."""
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
    """Draw coordinates, an equal number from every W and b as far as they go round; all of them for None."""
    size = parameters.vector.size
    if count is None or count >= size:
        return np.arange(size)
    edges = np.cumsum([0, *(array.size for layer in zip(parameters.W, parameters.b, strict=True) for array in layer)])
    share = max(1, count // (len(edges) - 1))
    pieces = [np.arange(a, b) for a, b in pairwise(edges)]
    return np.concatenate([rng.choice(piece, min(share, piece.size), replace=False) for piece in pieces])


def _place(parameters: Parameters, i: int) -> tuple[int, str, tuple[int, ...]]:
    """Say where in which W or b the i-th number of the flat vector sits."""
    for layer, (W, b) in enumerate(zip(parameters.W, parameters.b, strict=True)):
        for kind, array in (("W", W), ("b", b)):
            if i < array.size:
                return layer, kind, tuple(int(j) for j in np.unravel_index(i, array.shape))
            i -= array.size
    raise IndexError(i)
