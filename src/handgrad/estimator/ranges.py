"""The parameters of an estimator: their ranges, which are checked when it is fitted, and what we call them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from math import inf, isfinite
from typing import Any, NamedTuple, get_args

import numpy as np

from handgrad.errors import SettingError
from handgrad.estimator.rates import RATES
from handgrad.network.initialisers import INITIALISERS
from handgrad.network.normalisation import NORMALISATIONS
from handgrad.training.optimizers import OPTIMIZERS
from handgrad.training.schedules import SCHEDULES
from handgrad.training.settings import Engine


class Range(NamedTuple):
    """Which values a parameter may have, as a test and in words."""

    holds: Callable[[Any], bool]
    words: str


def is_whole(value: Any) -> bool:
    """Tell whether a value is a whole number of at least 1.

    Examples
    --------
    >>> is_whole(np.int64(3)), is_whole(True), is_whole(2.0)
    (True, False, False)
    """
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= 1


def _number(holds: Callable[[float], bool], words: str) -> Range:
    """Describe a range of finite numbers."""

    def within(value: Any) -> bool:
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        return number and isfinite(value) and holds(value)

    return Range(within, f"a number {words}")


def _one_of(names: Collection[str], itself: str, is_one: Callable[[Any], bool]) -> Range:
    """Describe names, in place of which the thing itself may be given."""

    def known(value: Any) -> bool:
        return value in names if isinstance(value, str) else not isinstance(value, type) and is_one(value)

    return Range(known, "one of " + ", ".join(dict.fromkeys(names)) + f", or {itself}")


def _is_optimizer(value: Any) -> bool:
    return hasattr(value, "update") and hasattr(value, "slots")


POSITIVE = _number(lambda value: value > 0, "above 0")
AT_LEAST_0 = _number(lambda value: value >= 0, "of at least 0")
SHARE = _number(lambda value: 0 <= value < 1, "in [0, 1)")
WHOLE = Range(is_whole, "a whole number of at least 1")
FLAG = Range(lambda value: isinstance(value, bool | np.bool_), "True or False")
RANGES: Mapping[str, Range] = {
    "solver": _one_of(("lbfgs", "sgd", "adam", *OPTIMIZERS), "an optimizer itself", _is_optimizer),
    "alpha": AT_LEAST_0,
    "l1": AT_LEAST_0,
    "max_norm": Range(lambda value: value is None or POSITIVE.holds(value), "a number above 0, or None"),
    "dropout": Range(
        lambda value: (
            SHARE.holds(value) or (isinstance(value, tuple) and len(value) == 2 and all(map(SHARE.holds, value)))
        ),
        "a number in [0, 1), or a tuple of two, for the inputs and the hidden units",
    ),
    "engine": Range(lambda value: value in get_args(Engine), "one of " + ", ".join(get_args(Engine))),
    "callbacks": Range(
        lambda value: callable(value) or (isinstance(value, list | tuple | None) and all(map(callable, value or ()))),
        "a function of a record, a list of them, or None",
    ),
    "normalisation": Range(
        lambda value: value is None or (isinstance(value, str) and value in NORMALISATIONS), "batch, layer, or None"
    ),
    "batch_size": Range(lambda value: is_whole(value) or value == "auto", "a whole number of at least 1, or 'auto'"),
    "learning_rate": _one_of((*RATES, *SCHEDULES), "a function of (step, total, peak)", callable),
    "learning_rate_init": POSITIVE,
    "power_t": AT_LEAST_0,
    "max_iter": WHOLE,
    "shuffle": FLAG,
    "verbose": Range(lambda value: FLAG.holds(value) or value == 0 or is_whole(value), "True, False or a whole number"),
    "warm_start": FLAG,
    "nesterovs_momentum": FLAG,
    "early_stopping": FLAG,
    "tol": AT_LEAST_0,
    "momentum": _number(lambda value: 0 <= value <= 1, "in [0, 1]"),
    "validation_fraction": SHARE,
    "beta_1": SHARE,
    "beta_2": SHARE,
    "epsilon": POSITIVE,
    "n_iter_no_change": Range(lambda value: is_whole(value) or value == inf, "a whole number of at least 1, or inf"),
    "max_fun": WHOLE,
    "label_smoothing": SHARE,
    "initialiser": _one_of(
        INITIALISERS, "a function of (rng, d_in, d_out), or None", lambda value: value is None or callable(value)
    ),
}


def check_ranges(parameters: Mapping[str, Any]) -> None:
    """Refuse parameters outside their ranges.

    Parameters
    ----------
    parameters : mapping of str to object
        Those that have no range here are left to others.

    Raises
    ------
    SettingError

    Examples
    --------
    >>> check_ranges({"alpha": -1.0})
    Traceback (most recent call last):
    handgrad.errors.SettingError: alpha is -1.0; expected a number of at least 0. Correct alpha.
    """
    for name, value in parameters.items():
        if name in RANGES and not RANGES[name].holds(value):
            raise SettingError(f"{name} is {value!r}", RANGES[name].words, remedy_for(name, value, RANGES[name].words))
    if parameters.get("solver") == "lbfgs":
        for name, neutral in (("dropout", 0.0), ("max_norm", None), ("callbacks", None)):
            if (value := parameters.get(name, neutral)) not in (neutral, (0.0, 0.0), [], ()):
                raise SettingError(f"{name} is {value!r} with the solver lbfgs", f"{neutral}", "use adam or sgd")


def remedy_for(name: str, value: Any, words: str) -> str:
    """Say how to correct a parameter: with the nearest of the names that are allowed, if there is one.

    Examples
    --------
    >>> remedy_for("solver", "adma", "one of lbfgs, sgd, adam"), remedy_for("solver", dict, "an optimizer itself")
    ("use 'adam'", 'use dict()')
    """
    if isinstance(value, type):
        return f"use {value.__name__}()"
    near = get_close_matches(value.lower(), re.findall(r"\w+", words), 1) if isinstance(value, str) else []
    return f"use {near[0]!r}" if near else f"correct {name}"


def hidden_sizes(value: Any) -> tuple[int, ...]:
    """Return the sizes of the hidden layers, given as a number or several.

    Raises
    ------
    SettingError
        If they are not whole numbers of at least 1.

    Examples
    --------
    >>> hidden_sizes(100), hidden_sizes([30, 20]), hidden_sizes(())
    ((100,), (30, 20), ())
    """
    sizes = tuple(value) if hasattr(value, "__iter__") else (value,)
    if not all(map(is_whole, sizes)):
        raise SettingError(f"hidden_layer_sizes is {value!r}", "whole numbers (each must be > 0)", "correct them")
    return tuple(int(size) for size in sizes)


def functions_of(callbacks: Any) -> list[Any]:
    """List the callbacks, which are given as None, one function or several.

    Examples
    --------
    >>> functions_of(None), functions_of(print), functions_of([print, repr])
    ([], [<built-in function print>], [<built-in function print>, <built-in function repr>])
    """
    if callbacks is None or callable(callbacks):
        return [] if callbacks is None else [callbacks]
    return list(callbacks)


def wants_to_stop(answer: Any) -> bool:
    """Return what a callback answers, which may be nothing.

    Raises
    ------
    SettingError
        If it is something else than True, False or None: a lambda returns whatever it computes.

    Examples
    --------
    >>> wants_to_stop(None), wants_to_stop(True)
    (False, True)
    """
    if answer is not None and not FLAG.holds(answer):
        raise SettingError(f"a callback has returned {answer!r}", "True to stop, or nothing", "return nothing else")
    return bool(answer)


def shares(dropout: float | tuple[float, float]) -> tuple[float, float]:
    """Return the shares of the inputs and of the hidden units that each step leaves out; one number is the latter.

    Examples
    --------
    >>> shares(0.5), shares((0.2, 0.5))
    ((0.0, 0.5), (0.2, 0.5))
    """
    return dropout if isinstance(dropout, tuple) else (0.0, dropout)
