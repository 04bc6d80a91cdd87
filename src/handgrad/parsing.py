"""JSON and TOML from files that are not trusted: whatever they contain, there is a value or a ValueError, and soon."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

DEEPEST = 100  # tables within tables in TOML, whose parser takes quadratic time for each
# A name in pieces: whole words, without a way back, so that the time grows with the length of a text and no faster.
_NESTED = re.compile(rf"""(?<![\w-])(?>(?>[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{DEEPEST}}}""")


def parse_json(text: str | bytes) -> Any:
    """Parse standard JSON: without NaN and infinity, and nested no deeper than Python's recursion limit.

    Raises
    ------
    ValueError
        If the text is anything else.

    Examples
    --------
    >>> parse_json('{"a": [1, null]}')
    {'a': [1, None]}
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML whose tables are not nested without end, and without the character NUL, which no path can have.

    Raises
    ------
    ValueError
        If the text is anything else.

    Examples
    --------
    >>> parse_toml("a.b = [1, 2]")
    {'a': {'b': [1, 2]}}
    """
    if _NESTED.search(text):
        raise ValueError(f"a name of more than {DEEPEST} parts")
    try:
        found = tomllib.loads(text)
        if _has_nul(found):
            raise tomllib.TOMLDecodeError("a text with the character NUL, which no name has")
        return found
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except ValueError as error:
        raise ValueError("a number of too many digits") from error


def _has_nul(value: Any) -> bool:
    """Say whether a text in a value from TOML has the character NUL."""
    if isinstance(value, dict):
        return any(map(_has_nul, (*value, *value.values())))
    if isinstance(value, list):
        return any(map(_has_nul, value))
    return isinstance(value, str) and "\0" in value


def kind_of(hint: Any) -> str:
    """Name the type of a setting.

    Examples
    --------
    >>> kind_of(float | str | None), kind_of(tuple[int, ...]), kind_of(bool)
    ('a number or a text', 'a list in which each is a whole number', 'true or false')
    """
    origin, names = get_origin(hint), {int: "a whole number", float: "a number", bool: "true or false"}
    if origin in (Union, UnionType):
        return " or ".join(kind_of(one) for one in get_args(hint) if one is not NoneType)
    if origin is tuple:
        return f"a list in which each is {kind_of(get_args(hint)[0])}"
    return names.get(hint, "a text")


def fits(value: Any, hint: Any) -> bool:
    """Say whether a value from a file has the type of a setting; whether a word is a known one is not looked at.

    Examples
    --------
    >>> fits(3, float | None), fits((3, 4), tuple[int, ...]), fits(True, int), fits("3", int)
    (True, True, False, False)
    """
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return any(fits(value, one) for one in get_args(hint))
    if origin is tuple:
        return isinstance(value, tuple) and all(fits(one, get_args(hint)[0]) for one in value)
    kinds = {int: int, float: int | float, bool: bool, Path: str | Path, NoneType: NoneType}
    return isinstance(value, kinds.get(hint, str)) and (hint is bool or not isinstance(value, bool))
