"""A network as a list of steps, each a linear layer or an activation: the form that other libraries have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import SettingError
from handgrad.network import ACTIVATIONS, MLP, Parameters
from handgrad.network.normalisation import EPSILON

_KNOWN = ("layer_sizes", "activation", "loss")


class Linear(NamedTuple):
    """The linear part of a layer, ``H @ W + b``."""

    W: NDArray[Any]
    b: NDArray[Any]


Step = Linear | str  # or the name of an activation, "softmax" among them


def steps_of(network: MLP, parameters: Parameters) -> list[Step]:
    """List what a network computes, from its input to its predictions.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
        NumPy.

    Returns
    -------
    list of Linear and str
        The identity is left out. The arrays are views into the parameters, except where a batch normalisation becomes
        part of them.

    Raises
    ------
    SettingError
        If the network has anything but linear layers, activations and a loss that are known here.

    Examples
    --------
    >>> network = MLP((3, 2, 1), "tanh", "binary_cross_entropy")
    >>> [step if isinstance(step, str) else step.W.shape for step in steps_of(network, Parameters((3, 2, 1)))]
    [(3, 2), 'tanh', (2, 1), 'sigmoid']
    """
    if own := [activation for activation in network.activations if not isinstance(activation, str)]:
        raise SettingError(f"the activation {own[0]}", "one of " + ", ".join(ACTIVATIONS), "use a network of these")
    for field in fields(network):
        value, known = (
            getattr(network, field.name),
            (None, "batch") if field.name == "normalisation" else (field.default,),
        )
        if field.name not in _KNOWN and value not in known:
            raise SettingError(
                f"a network whose {field.name} is {value!r}", "linear layers and activations", "use a network of these"
            )
    vector = parameters.vector
    if not isinstance(vector, np.ndarray) or vector.size != network.parameter_count:
        raise SettingError(
            f"parameters of type {type(vector).__name__} and shape {tuple(vector.shape)}",
            f"a NumPy array of {network.parameter_count} numbers",
            "pass the parameters of this network",
        )
    names = (*network.activations, network.criterion.out_activation)
    steps: list[Step] = []
    for layer, name in enumerate(names):
        linear = _linear(parameters, layer, network.normalisation is not None and layer < len(names) - 1)
        steps += [linear] if name == "identity" else [linear, str(name)]
    return steps


def _linear(parameters: Parameters, layer: int, normalised: bool) -> Linear:
    """Return a layer's weights and biases, with its batch normalisation, which is linear in prediction, in them."""
    W, b = parameters.W[layer], parameters.b[layer]
    if not normalised:
        return Linear(W, b)
    gain, mean, variance = (parameters.more[f"{kind}.{layer}"] for kind in ("g", "mean", "variance"))
    slope = gain / np.sqrt(variance + EPSILON)
    return Linear(W * slope, b - mean * slope)


def assembled(steps: Sequence[Step], logits: bool = False) -> tuple[MLP, Parameters]:
    """Build the network that computes these steps.

    Parameters
    ----------
    steps : sequence of Linear and str
        "log_softmax" at the end stands for a softmax: the network predicts probabilities.
    logits : bool, default False
        Whether the outputs of a network that ends without an activation are logits rather than numbers: one for each
        class, or a single one for the second of two.

    Returns
    -------
    network : MLP
        Its loss suits the outputs.
    parameters : Parameters
        A copy.

    Raises
    ------
    SettingError
        If no network does that.

    Examples
    --------
    >>> network, _ = assembled([Linear(np.ones((3, 2)), np.zeros(2)), "softmax"])
    >>> network.layer_sizes, network.loss
    ((3, 2), 'cross_entropy')
    """
    layers: list[Linear] = []
    after: list[str] = []  # the activation of each layer
    for step in steps:
        if isinstance(step, Linear):
            layers.append(step)
            after.append("identity")
        elif not after or after[-1] != "identity":
            raise _no_network(f"the activation {step} {'after ' + after[-1] if after else 'at the beginning'}")
        else:
            after[-1] = step
    if not layers:
        raise _no_network("no linear layer")
    *hidden, last = after
    if wrong := next((name for name in hidden if name not in ACTIVATIONS), None):
        raise _no_network(f"a {wrong} before the end")
    sizes = (layers[0].W.shape[0], *(layer.W.shape[1] for layer in layers))
    for (_, ends), layer in zip(pairwise(sizes), layers[1:], strict=False):
        if layer.W.shape[0] != ends:
            raise _no_network(f"a layer of {layer.W.shape[0]} inputs after one of {ends} outputs")
    activation = tuple(hidden) if len(set(hidden)) > 1 else hidden[0] if hidden else "relu"
    network = MLP(sizes, activation, _loss(last, sizes[-1], logits))
    return network, Parameters.pack(*_checked(layers))


def _loss(last: str, outputs: int, logits: bool) -> str:
    """Choose the loss whose predictions are those of a last activation."""
    if last in ("softmax", "log_softmax") and outputs > 1:
        return "cross_entropy"
    if last == "sigmoid":
        return "binary_cross_entropy"
    if last == "identity":
        return "squared_error" if not logits else "cross_entropy" if outputs > 1 else "binary_cross_entropy"
    raise _no_network(f"a {last} at the end, of {outputs} numbers")


def _checked(layers: Sequence[Linear]) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """Return weights and biases, all of one floating dtype and finite."""
    dtypes = sorted({str(array.dtype) for layer in layers for array in layer})
    if dtypes not in (["float32"], ["float64"]):
        raise _no_network(f"weights of {' and '.join(dtypes)}", "float32 or float64 for all")
    if not all(np.isfinite(array).all() for layer in layers for array in layer):
        raise _no_network("weights with NaN or infinity", "finite numbers")
    return [layer.W for layer in layers], [layer.b for layer in layers]


def _no_network(found: str, wanted: str = "linear layers, each with at most one activation") -> SettingError:
    return SettingError(found, wanted, "convert a network of this kind")


@contextmanager
def needed(library: str, install: str) -> Iterator[None]:
    """Tell, where a library that is imported in this block is missing, how to install it.

    Examples
    --------
    >>> with needed("no_such_library", "pip install it"):
    ...     import no_such_library
    Traceback (most recent call last):
    handgrad.errors.SettingError: no_such_library is not installed; expected that library. Run `pip install it`.
    """
    try:
        yield
    except ImportError as error:
        raise SettingError(f"{library} is not installed", "that library", f"run `{install}`") from error
