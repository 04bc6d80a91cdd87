"""The words of the checker, which lie beside this file: one TOML file for each subject and language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from handgrad.errors import ExerciseError

LANGUAGES = ("en", "de")


@cache
def texts(subject: str, language: str) -> Mapping[str, Any]:
    """Read the words of a subject in a language.

    Raises
    ------
    ExerciseError
        If there is no such language.

    Examples
    --------
    >>> texts("feedback", "de")["and"], texts("report", "de")["status_right"]
    ('und', 'richtig')
    """
    if language not in LANGUAGES:
        raise ExerciseError(f"language {language!r}", "en or de", "name one of the two")
    return tomllib.loads((resources.files(__package__) / f"{subject}.{language}.toml").read_text(encoding="utf-8"))
