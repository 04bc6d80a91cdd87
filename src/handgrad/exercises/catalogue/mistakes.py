"""The catalogue of mistakes: which tasks each belongs to, and what is said to a learner who made it.

The words lie beside this file: every ``mistakes_*.en.toml`` has a table for each mistake, with its tasks, its equation,
and the four texts; the ``.de.toml`` of the same name has the four texts in German. How a mistake computes is not here
but with the judging modules, which find it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from handgrad.exercises.results import Language
from handgrad.exercises.words.wording import texts

WORDS = ("title", "message", "hint", "explanation")


@dataclass(frozen=True)
class Words:
    """What is said about a mistake in one language; in braces stand a submission's own numbers.

    Attributes
    ----------
    title : str
        A few words, for tables and plots.
    message : str
        What is wrong.
    hint : str
        A push in the right direction.
    explanation : str
        The whole story with the reason; never code.
    """

    title: str
    message: str
    hint: str
    explanation: str


@dataclass(frozen=True)
class Mistake:
    """One entry of the catalogue.

    Attributes
    ----------
    id : str
    tasks : tuple of str
        The tasks in which it is looked for.
    equation : str
        The sheet's number, or "" where there is none, or where it depends on the quantity.
    words : dict of Language to Words
    """

    id: str
    tasks: tuple[str, ...]
    equation: str
    words: Mapping[Language, Words]


@cache
def catalogue() -> Mapping[str, Mistake]:
    """Read all mistakes, by id.

    Examples
    --------
    >>> catalogue()["gradient_without_mean"].tasks
    ('backprop',)
    """
    english, german = _tables("en"), _tables("de")
    return {
        name: Mistake(
            name, tuple(table["tasks"]), table.get("equation", ""), {"en": _words(table), "de": _words(german[name])}
        )
        for name, table in english.items()
    }


def _tables(language: Language) -> dict[str, dict[str, Any]]:
    """Read the tables of all files of the catalogue."""
    ending = f".{language}.toml"
    files = sorted(file.name for file in resources.files("handgrad.exercises.words").iterdir())
    names = [file.removesuffix(ending) for file in files if file.startswith("mistakes_") and file.endswith(ending)]
    return {mistake: table for name in names for mistake, table in texts(name, language).items()}


def _words(table: Mapping[str, str]) -> Words:
    return Words(*(table[word].strip() for word in WORDS))
