"""Networks to and from PyTorch and Keras: the same layers and activations, with copies of the weights.

The modules of the libraries are named in one table each, with the settings in which they compute what ours do. Modules
with other settings, and all that are not named, are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from handgrad.errors import SettingError
from handgrad.model.steps import Linear, Step, assembled, needed, steps_of
from handgrad.network import MLP, Parameters
from handgrad.network.activations import LEAK

Table = dict[str, tuple[str, dict[str, Any]]]
TORCH: Table = {
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "relu": ("ReLU", {}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": LEAK}),
    "elu": ("ELU", {"alpha": 1.0}),
    "gelu": ("GELU", {"approximate": "none"}),
    "silu": ("SiLU", {}),
    "softplus": ("Softplus", {"beta": 1.0}),
    "softmax": ("Softmax", {"dim": 1}),
    "log_softmax": ("LogSoftmax", {"dim": 1}),
}
KERAS: Table = {
    "relu": ("ReLU", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": LEAK}),
    "elu": ("ELU", {"alpha": 1.0}),
    "softmax": ("Softmax", {"axis": -1}),
}
# Those that Keras knows by name alone; its leaky_relu has another slope than ours.
KERAS_NAMES = ("sigmoid", "tanh", "relu", "elu", "gelu", "silu", "softplus", "softmax", "log_softmax")
WITHOUT_EFFECT = ("Dropout", "Identity")  # on predictions


def to_torch(network: MLP, parameters: Parameters) -> Any:
    """Convert a network to PyTorch.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
        NumPy.

    Returns
    -------
    torch.nn.Sequential
        It computes what ``network.predict`` does: its last module is a Softmax or Sigmoid if the outputs are
        probabilities, so that ``[:-1]`` gives logits.

    Raises
    ------
    SettingError
        If PyTorch is not installed, or the network has something that is not known here.
    """
    with needed("PyTorch", "pip install torch"):
        import torch
    modules = []
    for step in steps_of(network, parameters):
        if isinstance(step, Linear):
            weight, bias = torch.from_numpy(step.W.T.copy()), torch.from_numpy(step.b.copy())
            module = torch.nn.utils.skip_init(torch.nn.Linear, *step.W.shape, dtype=weight.dtype)
            module.load_state_dict({"weight": weight, "bias": bias})
        else:
            kind, settings = _module(TORCH, step)
            module = getattr(torch.nn, kind)(**settings)
        modules.append(module)
    return torch.nn.Sequential(*modules)


def from_torch(module: Any, logits: bool = False) -> tuple[MLP, Parameters]:
    """Read a network from PyTorch.

    Parameters
    ----------
    module : torch.nn.Sequential
        Of Linear and the activations that we have, also in a Sequential within; Dropout is left out.
    logits : bool, default False
        As for :func:`handgrad.model.steps.assembled`.

    Returns
    -------
    network : MLP
    parameters : Parameters
        A copy, in the precision of the module.

    Raises
    ------
    SettingError
        If PyTorch is not installed, or the module contains anything else.
    """
    with needed("PyTorch", "pip install torch"):
        import torch

    def steps(modules: Any) -> Iterator[Step]:
        for one in modules:
            kind = type(one).__name__
            if type(one) is not getattr(torch.nn, kind, None):
                raise _unknown(one)
            if kind == "Sequential":
                yield from steps(one)
            elif kind == "Linear":
                W = _numbers(one.weight).T
                yield Linear(W, np.zeros(W.shape[1], W.dtype) if one.bias is None else _numbers(one.bias))
            elif kind not in WITHOUT_EFFECT:
                yield _named(TORCH, one)

    return assembled(list(steps([module])), logits)


def _numbers(tensor: Any) -> Any:
    """Return a tensor in NumPy; a precision of PyTorch's that NumPy lacks becomes float16, and is refused later."""
    if hasattr(tensor, "detach"):  # PyTorch's, which Keras may have as well
        tensor = tensor.detach().cpu()
        tensor = tensor.half() if str(tensor.dtype) == "torch.bfloat16" else tensor
    return np.asarray(tensor)


def to_keras(network: MLP, parameters: Parameters) -> Any:
    """Convert a network to Keras.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
        NumPy.

    Returns
    -------
    keras.Sequential
        Of Dense layers. It computes what ``network.predict`` does.

    Raises
    ------
    SettingError
        If Keras is not installed, or the network has something that is not known here.
    """
    with needed("Keras", "pip install keras"):
        import keras
    dtype = parameters.vector.dtype.name
    layers, weights = [keras.Input((network.layer_sizes[0],), dtype=dtype)], []
    for step in steps_of(network, parameters):
        if isinstance(step, Linear):
            layers.append(keras.layers.Dense(step.W.shape[1], dtype=dtype))
            weights += [step.W, step.b]
        elif step in KERAS_NAMES:
            layers[-1].activation = keras.activations.get(step)
        else:
            kind, settings = _module(KERAS, step)
            layers.append(getattr(keras.layers, kind)(**settings, dtype=dtype))
    model = keras.Sequential(layers)
    model.set_weights(weights)
    return model


def from_keras(model: Any, logits: bool = False) -> tuple[MLP, Parameters]:
    """Read a network from Keras.

    Parameters
    ----------
    model : keras.Sequential
        Of Dense layers and the activations that we have; Dropout is left out.
    logits : bool, default False
        As for :func:`handgrad.model.steps.assembled`.

    Returns
    -------
    network : MLP
    parameters : Parameters
        A copy, in the precision of the model.

    Raises
    ------
    SettingError
        If Keras is not installed, or the model contains anything else, or has no weights yet.
    """
    with needed("Keras", "pip install keras"):
        import keras
    if type(model) is not keras.Sequential:
        raise _unknown(model)
    steps: list[Step] = []
    for layer in model.layers:
        kind = type(layer).__name__
        if type(layer) is not getattr(keras.layers, kind, None):
            raise _unknown(layer)
        if kind == "Dense":
            if not layer.built:
                raise SettingError("a Keras model without weights", "a built one", "give it an Input, or call it once")
            W, *bias = (_numbers(weight.value) for weight in layer.weights)
            steps.append(Linear(W, bias[0] if bias else np.zeros(W.shape[1], W.dtype)))
        if kind in ("Dense", "Activation"):
            known = {keras.activations.get(name): name for name in ("linear", *KERAS_NAMES)}
            if layer.activation not in known:
                name = getattr(layer.activation, "__name__", layer.activation)
                raise _unknown(f"the activation {name} of the layer {layer.name}")
            steps += [name for name in (known[layer.activation],) if name != "linear"]
        elif kind not in WITHOUT_EFFECT:
            steps.append(_named(KERAS, layer))
    return assembled(steps, logits)


def _module(table: Table, name: str) -> tuple[str, dict[str, Any]]:
    """Return another library's name of an activation of ours, and its settings."""
    if name not in table:
        raise SettingError(f"the activation {name}", "one of " + ", ".join(table), "use to_onnx, or another activation")
    return table[name]


def _named(table: Table, module: Any) -> str:
    """Return our name of an activation of another library's."""
    for name, (kind, settings) in table.items():
        found = {setting: getattr(module, setting, None) for setting in settings}
        last = {"dim": -1, "axis": 1}  # of two axes, 1 and -1 are the same
        if type(module).__name__ == kind and all(
            found[setting] == value or found[setting] == last.get(setting, value) for setting, value in settings.items()
        ):
            return name
    raise _unknown(module)


def _unknown(module: Any) -> SettingError:
    return SettingError(
        f"{module}, which has no counterpart here",
        "a Sequential of linear layers and of activations that handgrad has, with the same settings",
        "leave it out, or train a network without it",
    )
