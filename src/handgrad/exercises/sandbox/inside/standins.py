"""Replacements for what a submission does not have in a check: its data sets, progress bars, and a notebook's display.

The data are small arrays of the form of the course's: a row of 784 numbers between 0 and 1 for each image, and a whole
number from 0 to 9 as its label. The name of a variable decides which of the two it gets. Bars and displays show
nothing.
"""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any

from numpy import float64
from numpy.random import RandomState
from numpy.typing import NDArray

PART = "(?:train(?:ing)?|test|valid(?:ation)?|val|dev|tr|te)?"
INPUTS = re.compile(f"{PART}_?(?:x|images?|inputs?|features?|pixels?)_?{PART}", re.IGNORECASE)
LABELS = re.compile(f"{PART}_?(?:y|labels?|targets?)_?{PART}", re.IGNORECASE)
# Numbers of rows that no trial has, which reveals a method that counts these rows instead of its own.
TRAIN, OTHER = 601, 211


def stand_ins(names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Make a small array for each name that looks like images or labels.

    Examples
    --------
    >>> {name: array.shape for name, array in stand_ins(["trainx", "y_test", "N"]).items()}
    {'trainx': (601, 784), 'y_test': (211,)}
    """
    made: dict[str, NDArray[Any]] = {}
    for name in names:
        rng, rows = RandomState(0), OTHER if re.search("te|va|dev", name, re.IGNORECASE) else TRAIN
        if INPUTS.fullmatch(name):
            made[name] = rng.random_sample((rows, 784)).astype(float64)
        elif LABELS.fullmatch(name):
            made[name] = rng.randint(0, 10, rows)
    return made


class Bar:
    """A progress bar that shows nothing."""

    def __init__(self, iterable: Iterable[Any] = (), *_: object, **__: object) -> None:
        self.iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        return iter(self.iterable)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __getattr__(self, _: str) -> Any:
        return nothing

    @staticmethod
    def write(*_: object, **__: object) -> None:
        """Write nothing."""


def nothing(*_: object, **__: object) -> None:
    """Do nothing, whatever is asked."""


def replace_displays() -> None:
    """Put modules without effect in place of tqdm and of IPython's display.

    Examples
    --------
    >>> list(Bar(range(3), desc="epochs"))
    [0, 1, 2]
    """

    def module(name: str, **members: object) -> types.ModuleType:
        made = sys.modules[name] = types.ModuleType(name)
        vars(made).update(members)
        return made

    for name in ("tqdm", "tqdm.auto", "tqdm.notebook", "tqdm.std"):
        module(name, tqdm=Bar, trange=lambda *numbers, **_: Bar(range(*numbers)))
    display = module("IPython.display", __getattr__=lambda _: nothing)
    module("IPython", display=display, get_ipython=nothing, version_info=(99, 0))  # Matplotlib asks for it
