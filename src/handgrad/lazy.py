"""Packages whose public names are imported when they are first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_demand(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : str
        Its name.
    homes : mapping of str to str
        The module that defines each name.

    Examples
    --------
    >>> find, names = on_demand("numbers", {"pi": "math"})
    >>> find("pi"), {"pi", "Integral"} <= set(names())
    (3.141592653589793, True)
    """

    def find(name: str) -> Any:
        if name in homes:
            return getattr(import_module(homes[name]), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name)

    return find, lambda: sorted({*vars(sys.modules[package]), *homes})
