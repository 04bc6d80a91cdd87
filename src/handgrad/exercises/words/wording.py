"""The words of the checker, which lie beside this file: one TOML file for each subject and language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from handgrad.exercises.results import Language


@cache
def texts(name: str, language: Language) -> Mapping[str, Any]:
    """Read ``<name>.<language>.toml``.

    Examples
    --------
    >>> texts("diagnosis", "de")["and"]
    'und'
    """
    return tomllib.loads((resources.files(__package__) / f"{name}.{language}.toml").read_text(encoding="utf-8"))


def words(key: str, language: Language, **facts: object) -> str:
    """Look up a sentence and put the facts in.

    Examples
    --------
    >>> words("right", "en")
    'Right.'
    """
    sentence: str = texts("diagnosis", language)[key]
    return sentence.strip().format(**facts)
