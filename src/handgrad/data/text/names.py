"""Names of columns as users write them on the command line, and as messages show them how to."""

from __future__ import annotations

import csv
import re
import shlex
from collections.abc import Collection, Iterable, Sequence

_NUMBER = re.compile(r"\d{1,9}")
_CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""Write control characters as escapes: names from a file may have some, which a terminal would obey.

    Examples
    --------
    >>> print(visible("the column a\x1b[2J"))
    the column a\x1b[2J
    """
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def as_named(asked: str, names: Collection[str]) -> str:
    r"""Find the name that is meant by one that was copied from a message, with escapes for control characters.

    Examples
    --------
    >>> as_named(r"a\tb", ["a\tb", "c"]) == "a\tb", as_named("other", ["a\tb", "c"])
    (True, 'other')
    """
    return asked if asked in names else next((name for name in names if visible(name) == asked), asked)


def split_names(text: str) -> tuple[str, ...]:
    """Split a list of names; one with a comma in it is quoted as in CSV.

    Examples
    --------
    >>> split_names('Id, "Doe, Mr.",age')
    ('Id', 'Doe, Mr.', 'age')
    """
    try:
        return tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))
    except csv.Error:  # a line end: it is a single name
        return (text,)


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


def in_order(names: Sequence[str]) -> list[int]:
    """Sort the places of names that differ in their numbers only: pixel2 comes before pixel10.

    Examples
    --------
    >>> in_order(["pixel0", "pixel1", "pixel10", "pixel2"]), in_order(["b", "a"])
    ([0, 1, 3, 2], [0, 1])
    """
    places = list(range(len(names)))
    if len({_NUMBER.sub("#", name) for name in names}) > 1:
        return places
    return sorted(places, key=lambda place: [int(number) for number in _NUMBER.findall(names[place])])


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
