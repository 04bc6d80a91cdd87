"""Names of columns as users write them on the command line, and as messages show them how to."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Iterable


def split_names(text: str) -> tuple[str, ...]:
    """Split a list of names; one with a comma in it is quoted as in CSV.

    Examples
    --------
    >>> split_names('Id, "Doe, Mr.",age')
    ('Id', 'Doe, Mr.', 'age')
    """
    return tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))


def joined_names(names: Iterable[str]) -> str:
    """Write a list of names for :func:`split_names`.

    Examples
    --------
    >>> joined_names(["Id", "Doe, Mr.", "none"])
    'Id,"Doe, Mr.","none"'
    """
    return ",".join(
        f'"{name.replace(chr(34), 2 * chr(34))}"' if name in ("", "none") or set(name) & set(',"\n\r') else name
        for name in names
    )


def flag(option: str, name: str) -> str:
    r"""Write an option that names columns as a shell and the command line take it.

    Examples
    --------
    >>> flag("--drop", "age"), flag("--drop", "-c"), flag("--drop", joined_names(["a b", "c,d"]))
    ('--drop age', '--drop=-c', '--drop \'a b,"c,d"\'')
    """
    return f"{option}{'=' if name.startswith('-') else ' '}{shlex.quote(name)}"


def dropping(name: str) -> str:
    """Write the option that leaves a column out.

    Examples
    --------
    >>> print(dropping("age"), dropping("my age"), dropping("none"), dropping("-c"))
    --drop age --drop 'my age' --drop '"none"' --drop=-c
    """
    return flag("--drop", joined_names([name]))
