"""Parameters of an estimator in JSON: what JSON lacks, such as infinity, tuples and arrays, is written as a mapping.

Whoever gives an estimator parameters of a further kind adds them to ``OBJECTS``.
"""

from __future__ import annotations

from dataclasses import fields
from math import inf, isfinite, isnan, nan
from typing import Any

import numpy as np

from handgrad.errors import RunError
from handgrad.network.losses import Focal, Huber, Quantile
from handgrad.training.optimizers import OPTIMIZERS

# Frozen dataclasses whose fields can be encoded, by the names that they have in a file.
_KINDS = (*map(type, OPTIMIZERS.values()), Huber, Quantile, Focal)
OBJECTS: dict[str, type[Any]] = {kind.__name__: kind for kind in _KINDS}
DEEPEST = 20  # values within values
_INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
_NUMBERS = {name: np.dtype(name) for name in ("bool", *_INTEGERS, "float16", "float32", "float64")}
_ENDLESS = {"inf": inf, "-inf": -inf, "nan": nan}


def encoded(name: str, value: Any) -> Any:
    """Turn the value of a parameter into JSON.

    Parameters
    ----------
    name : str
        What the value is, for the message.
    value : object
        None, a number, a text, an array of numbers or text of one dimension, one of ``OBJECTS``, or a list, a tuple or
        a dictionary of these.

    Raises
    ------
    RunError
        If it is anything else, such as a function.

    Examples
    --------
    >>> encoded("n_iter_no_change", float("inf")), encoded("hidden_layer_sizes", (30, 20))
    ({'float': 'inf'}, {'tuple': [30, 20]})
    """
    if isinstance(value, np.ndarray) and value.ndim == 1:
        kind = _dtype_name(name, value)
        return {"array": [encoded(name, one) for one in value.tolist()], "dtype": kind}
    if isinstance(value, np.generic):
        return {"scalar": encoded(name, value.item()), "dtype": _dtype_name(name, np.asarray(value))}
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if isfinite(value) else {"float": "nan" if isnan(value) else str(value)}
    if type(value) is list:
        return [encoded(name, one) for one in value]
    if type(value) is tuple:
        return {"tuple": [encoded(name, one) for one in value]}
    if type(value) is dict:
        return {"dict": [[encoded(name, key), encoded(name, one)] for key, one in value.items()]}
    if OBJECTS.get(type(value).__name__) is type(value):
        plain = {field.name: getattr(value, field.name) for field in fields(value)}
        plain = {key: one.item() if isinstance(one, np.generic) else one for key, one in plain.items()}
        values = {key: encoded(name, one) for key, one in plain.items()}
        return {"object": type(value).__name__, "fields": values}
    raise RunError(
        f"{name} is {value!r}, which cannot be saved",
        "numbers, texts, and lists of these",
        "use to_onnx, or keep the estimator with pickle"
        if name in ("loss", "activation")  # the fitted network has it, too
        else f"replace it before you save, as with set_params({name}=...)",
    )


def _dtype_name(name: str, array: Any) -> str:
    """Name the dtype of an array, or of a scalar as one."""
    if array.dtype.name in _NUMBERS:
        return str(array.dtype.name)
    if array.dtype.kind == "U":
        return "str"
    if array.dtype.kind == "O" and all(type(one) is str for one in array.tolist()):
        return "object"
    raise RunError(
        f"{name} has the dtype {array.dtype}, which cannot be saved",
        "numbers, bool or str, or objects that are all str",
        "convert it, and fit again",
    )


def decoded(content: Any, depth: int = 0) -> Any:
    """Turn what :func:`encoded` returned into the value again; nothing is believed.

    Raises
    ------
    ValueError
        If the content is anything else.

    Examples
    --------
    >>> decoded({"array": [3, 5], "dtype": "int16"})
    array([3, 5], dtype=int16)
    >>> decoded({"object": "AdamW", "fields": {"weight_decay": 0.1}})
    AdamW(beta1=0.9, beta2=0.999, epsilon=1e-08, weight_decay=0.1)
    """
    if depth > DEEPEST:
        raise ValueError("values within values")
    if isinstance(content, list):
        return [decoded(one, depth + 1) for one in content]
    if not isinstance(content, dict):
        return content
    match content:
        case {"float": str(name), **more} if name in _ENDLESS and not more:
            return _ENDLESS[name]
        case {"tuple": list(items), **more} if not more:
            return tuple(decoded(items, depth + 1))
        case {"dict": list(pairs), **more} if not more and all(isinstance(one, list) for one in pairs):
            return _dictionary(pairs, depth)
        case {"array": list(items), "dtype": str(kind), **more} if not more:
            return _array(decoded(items, depth + 1), kind)
        case {"scalar": item, "dtype": str(kind), **more} if not more:
            return _array([decoded(item, depth + 1)], kind)[0]
        case {"object": str(name), "fields": dict(values), **more} if not more and name in OBJECTS:
            return _object(OBJECTS[name], {key: decoded(one, depth + 1) for key, one in values.items()})
    raise ValueError(f"a value {str(content)[:60]}")


def _dictionary(pairs: list[list[Any]], depth: int) -> dict[Any, Any]:
    """Build a dictionary, whose keys must be such as can be looked up."""
    found = {}
    for pair in pairs:
        key, value = (decoded(one, depth + 1) for one in pair)  # ValueError if they are not two
        if not isinstance(key, bool | int | float | str | np.generic | None):
            raise ValueError(f"a key {str(key)[:60]}")
        found[key] = value
    return found


def _array(items: list[Any], kind: str) -> Any:
    """Build an array of one dimension, if the items are such as its dtype says."""
    if kind in ("str", "object") and all(type(one) is str for one in items):
        return np.array(items, kind)
    dtype = _NUMBERS.get(kind)
    wanted = {"b": (bool,), "i": (int,), "u": (int,), "f": (float,)}.get(dtype.kind if dtype is not None else "", ())
    if dtype is None or not all(type(one) in wanted for one in items):
        raise ValueError(f"an array of {kind[:40]} with other items")
    if dtype.kind in "iu" and not all(np.iinfo(dtype).min <= one <= np.iinfo(dtype).max for one in items):
        raise ValueError(f"a number that {kind} does not have")
    with np.errstate(over="ignore"):
        return np.array(items, dtype)


def _object(kind: type[Any], values: dict[str, Any]) -> Any:
    """Build one of the known objects from plain numbers, texts and None, or tuples of them."""
    if set(values) - {field.name for field in fields(kind)}:
        raise ValueError(f"a field that {kind.__name__} does not have")
    flat = [part for one in values.values() for part in (one if isinstance(one, tuple) else (one,))]
    if not all(one is None or type(one) in (bool, int, float, str) for one in flat):
        raise ValueError(f"a field of {kind.__name__} that is not a number")
    return kind(**values)
