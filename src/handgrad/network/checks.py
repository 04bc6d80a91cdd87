"""Losses and activations of your own, checked with finite differences before anything is trained with them."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import SettingError, ShapeError
from handgrad.network.activations import Activation
from handgrad.network.finite_differences import EPSILON, Coordinate, gradcheck
from handgrad.network.losses import Criterion
from handgrad.network.parameters import Parameters


def check_activation(activation: Activation) -> None:
    """Refuse an activation whose derivative is not that of its function, at random arguments from about -10 to 10.

    Parameters
    ----------
    activation : Activation

    Raises
    ------
    ShapeError
        If the function or the derivative returns another shape than that of its argument.
    SettingError
        If a derivative differs from the one that is measured.

    Examples
    --------
    >>> check_activation(Activation(np.sin, lambda Z, H: np.cos(Z)))
    >>> check_activation(Activation(np.sin, lambda Z, H: H))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    handgrad.errors.SettingError: an activation whose derivative at 2.35193 is 0.710118; expected -0.704082, ...
    """
    for what, function, arguments in (
        ("an activation function", activation.function, "(Z)"),
        ("a derivative", activation.derivative, "(Z, H)"),
    ):
        if not callable(function):
            raise SettingError(f"{what} that is {function!r}", f"a function of {arguments}", "pass a function")
        require_arguments(what, function, arguments)
    rng = np.random.default_rng(0)
    Z, weight = 3 * rng.standard_normal((8, 8)), rng.uniform(0.5, 2, (8, 8))
    given = Z.copy()
    H = activation.function(given)
    if not np.array_equal(given, Z):
        found = "an activation whose function changes its argument"
        raise SettingError(found, "a new array", "compute with a copy: Z = Z + 0")
    _require_numbers("an activation function whose result", H, Z)
    _require_numbers("a derivative whose result", activation.derivative(Z.copy(), np.array(H)), Z)

    def objective(parameters: Parameters) -> tuple[float, Parameters]:
        Z = parameters.W[0]
        H = activation.function(Z.copy())
        return float((weight * H).sum()), _packed(weight * activation.derivative(Z.copy(), np.array(H)))

    report = gradcheck(objective, _packed(Z), coordinates=None)
    if not report.passed:
        place, factor = report.worst.index, weight[report.worst.index]
        raise SettingError(
            f"an activation whose derivative at {Z[place]:.6g} is {report.worst.claimed / factor:.6g}",
            f"{report.worst.measured / factor:.6g}, as finite differences of its function measure it",
            "correct the derivative, a function of (Z, H) with H = f(Z), or the function",
        )


def check_loss(loss: Criterion, y: NDArray[Any], outputs: int) -> None:
    """Refuse a loss that is not a mean over the examples, or whose gradient is not that of its value.

    Parameters
    ----------
    loss : Loss
    y : ndarray of shape (n,) or (n, k)
        A few targets of the kind that it takes, at least 2.
    outputs : int
        The number of outputs k.

    Raises
    ------
    ShapeError
        If the value is not one number, or the gradient does not have the shape of the outputs.
    SettingError
        If the loss of several examples is not the mean of their losses, weighted if there are weights, or an entry of
        the gradient differs from the one that is measured.

    Examples
    --------
    >>> from handgrad.network import Loss
    >>> def halved(outputs, y, sample_weight):
    ...     return np.average((outputs - y) ** 2, weights=sample_weight, axis=0).sum() / 2, (outputs - y) / len(y)
    >>> check_loss(Loss(halved), np.array([[0.0], [1.0]]), outputs=1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    handgrad.errors.SettingError: a loss whose gradient is ...; expected ...
    """
    rng = np.random.default_rng(0)
    n = len(y)
    Z, weight = 2 * rng.standard_normal((n, outputs)), rng.uniform(0.5, 2, n)
    if loss.targets == "numbers" and loss.out_activation == "identity":  # half near the targets, half further away
        Z = y.reshape(n, outputs) + Z * np.where(np.arange(n) % 2, 1.0, max(1.0, float(y.std())))[:, None]
    for w in (None, weight):
        value, dZ = _value_and_gradient(loss, Z, y, w)
        if np.shape(value) != ():
            raise ShapeError(f"a loss whose value has shape {np.shape(value)}", "one number", "return the mean")
        if not np.issubdtype(np.asarray(value).dtype, np.number):
            found = f"a loss whose value is {type(value).__name__}"
            raise SettingError(found, "a number", "return the mean loss and its gradient")
        _require_numbers("a loss whose gradient", dZ, Z)
        if not np.isfinite(float(value)):
            found = f"a loss of {float(value)} for outputs from {Z.min():.3g} to {Z.max():.3g}"
            raise SettingError(found, "a finite number", "keep it from overflowing, or scale the targets")
        of_each = [float(loss.function(Z[i : i + 1], y[i : i + 1], None)[0]) for i in range(n)]
        mean = float(np.average(of_each, weights=w))
        if not np.isclose(float(value), mean, rtol=1e-9, atol=1e-12):
            raise SettingError(
                f"a loss of {float(value):.6g} for {n} examples{'' if w is None else ' with weights'}",
                f"{mean:.6g}, the {'' if w is None else 'weighted '}mean of the losses of each",
                "divide by the number of examples, or by the sum of their weights where sample_weight is not None",
            )

        groups = 2 if n >= 4 else 1  # those near the targets and the others apart, for their sizes may differ
        for rows in (slice(first, None, groups) for first in range(groups)):
            _check_gradient(loss, Z[rows], y[rows], None if w is None else w[rows])


def _check_gradient(loss: Criterion, Z: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None) -> None:
    """Compare the gradient with differences around outputs, however large these are."""

    def objective(displacement: Parameters) -> tuple[float, Parameters]:
        value, dZ = loss.function(Z + displacement.W[0], y, weight)  # in a new array, which it may change
        return float(value), _packed(dZ)

    rounding = 10 * EPSILON ** (2 / 3) * float(np.abs(Z).max())  # of a displaced output, as a share of a small step
    report = gradcheck(
        objective, _packed(np.zeros_like(Z)), coordinates=None, directions=0, tolerance=max(1e-6, rounding)
    )
    if not report.passed:
        raise _wrong_gradient(report.worst, Z, y)


def _wrong_gradient(worst: Coordinate, Z: NDArray[Any], y: NDArray[Any]) -> SettingError:
    """Describe the entry of a gradient that is furthest from what was measured."""
    row, column = worst.index
    target = y[row] if y.ndim == 1 else y[row, column]
    return SettingError(
        f"a loss whose gradient is {worst.claimed:.6g} for the output {Z[row, column]:.6g} and the target {target:.6g}",
        f"{worst.measured:.6g}, as finite differences of its value measure it",
        "correct the gradient, which is that of the mean over the examples, or the value",
    )


def _packed(Z: NDArray[Any]) -> Parameters:
    """Put a matrix where the check of gradients looks for one."""
    return Parameters.pack([np.asarray(Z, np.float64)], [np.zeros(Z.shape[1])])


def _value_and_gradient(loss: Criterion, Z: NDArray[Any], y: NDArray[Any], weight: Any) -> tuple[Any, Any]:
    """Call a loss, and see that it takes three arguments and returns two results."""
    wanted, remedy = "(value, gradient)", "return the mean loss and its gradient with respect to the outputs"
    require_arguments("a loss", loss.function, "(outputs, y, sample_weight)")
    result = loss.function(Z.copy(), y, weight)
    if not isinstance(result, tuple) or len(result) != 2:
        raise SettingError(f"a loss that returns {type(result).__name__}", wanted, remedy)
    return result


def require_arguments(what: str, function: Callable[..., Any], arguments: str) -> None:
    """Refuse a function that does not take these arguments."""
    try:
        signature(function).bind(*arguments.split(","))
    except TypeError as error:
        found = f"{what} that cannot be called with {arguments}: {error}"
        raise SettingError(found, f"a function of {arguments}", "correct its arguments") from error
    except ValueError:  # a function without a signature, such as one of C
        pass


def _require_numbers(what: str, result: Any, Z: NDArray[Any]) -> None:
    """Refuse a result that is no array of finite numbers with the shape and the precision of its argument."""
    if not hasattr(result, "dtype"):
        kind = "None" if result is None else f"a {type(result).__name__}"
        raise SettingError(f"{what} is {kind}", "an array", "return an array like its first argument")
    found = f"{what} has"
    if np.shape(result) != Z.shape:
        wanted = f"{Z.shape}, that of its first argument"
        raise ShapeError(f"{found} shape {np.shape(result)}", wanted, "see that nothing is broadcast")
    if result.dtype != Z.dtype:
        raise SettingError(f"{found} dtype {result.dtype}", f"{Z.dtype}, that of its argument", "keep its precision")
    if not np.isfinite(result).all():
        place = Z[~np.isfinite(result)][0]
        raise SettingError(f"{found} {result[~np.isfinite(result)][0]} at {place:.6g}", "finite numbers", "correct it")
