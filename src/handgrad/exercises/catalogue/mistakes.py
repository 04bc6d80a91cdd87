"""The catalogue of mistakes. Each is one table in one of the TOML files beside this module.

``forward.toml`` has the mistakes of sheet 3, ``network.toml`` those of the constructor and the forward pass, which
sheet 4 gives, ``backward.toml`` those of the backward pass and of the step, ``routines.toml`` those of the training
routines, and ``common.toml`` those of several functions. :class:`Mistake` describes the fields of a table; CONTRIBUTING
has a recipe for adding one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from handgrad.errors import ExerciseError
from handgrad.exercises.results import Language
from handgrad.exercises.tasks import TASKS

FILES = ("backward", "common", "forward", "network", "routines")
LANGUAGES: tuple[Language, ...] = ("en", "de")
WORDS = ("title", "message", "hint", "explanation")
Code = str | Mapping[str, str]


@dataclass(frozen=True)
class Words:
    """What is said about a mistake in one language; the submission's own numbers replace the names in braces.

    Attributes
    ----------
    title : str
        A few words, for tables and plots.
    message : str
        What is wrong.
    hint : str
        A question or a pointer in the right direction.
    explanation : str
        The whole story, with the reason; never code.
    """

    title: str
    message: str
    hint: str
    explanation: str


@dataclass(frozen=True)
class Mistake:
    """One table of the catalogue.

    Attributes
    ----------
    id : str
        The name of the table.
    tasks : tuple of str
        The tasks in which it can be made.
    equation : str
        The sheet's number, or "" if there is none or if it depends on the quantity.
    words : mapping of Language to Words
        The tables ``en`` and ``de``.
    code : tuple of str or mapping
        Ways to make the mistake, each an edit of the reference solution in :mod:`handgrad.handout`, from which the
        mistake is recognised. A string is the body of the function, for each task that is a function. A table says what
        replaces what: the line of one quantity or parameter, or of all of one kind (see
        :mod:`handgrad.exercises.catalogue.edits`), or lines of a training routine (see
        :mod:`handgrad.exercises.catalogue.routines`).
    sign : str
        How a judge recognises it other than by what ``code`` computes, or "": ``overflow`` (only extreme arrays show
        it), ``float32``, ``integers``, ``rounded``, ``crash``, ``arguments`` (something is overwritten), ``nothing
        returned``, ``not set``, ``parameters`` (which of them are wrong), ``factor`` (some number, the same in all
        trials), ``record`` (of what a routine returns), ``floats`` (what labels become on the way to backprop),
        ``results`` (of losses, accuracies or outputs: who trains depends on them),
        ``differences`` (it was measured), ``forward`` (it is made before backprop, in the class;
        ``written`` has its lines), ``calls`` (it is right in one call and wrong in another one like it), ``sheet``
        (what is trained is right, but not what the sheet says besides), or ``signature`` (calls like the sheet's show
        it; ``written`` has lines of the sheet).
    numbered : tuple of str or mapping
        Bodies of functions, like those of ``code``, that contain an unknown ``number``; it is found from the results.
    written : tuple of str or mapping
        Ways to make it from which it is not recognised. They serve as tests, like ``code``; in a table, a function is
        replaced under its own name.
    """

    id: str
    tasks: tuple[str, ...]
    equation: str
    words: Mapping[Language, Words]
    code: tuple[Code, ...] = ()
    sign: str = ""
    numbered: tuple[Code, ...] = ()
    written: tuple[Code, ...] = ()


SIGNS = (
    "",
    "overflow",
    "float32",
    "integers",
    "rounded",
    "crash",
    "arguments",
    "nothing returned",
    "not set",
    "parameters",
    "factor",
    "record",
    "floats",
    "results",
    "calls",
    "differences",
    "forward",
    "sheet",
    "signature",
)


@cache
def catalogue() -> Mapping[str, Mistake]:
    """Read all mistakes, by id.

    Raises
    ------
    ExerciseError
        If a table is not as described, or an id is used twice.

    Examples
    --------
    >>> catalogue()["gradient_without_mean"].tasks
    ('backprop',)
    """
    found: dict[str, Mistake] = {}
    for file in FILES:
        twice = found.keys() & mistakes(file).keys()
        if twice:
            raise ExerciseError(
                f"{file}.toml: {min(twice)} is also the id of another mistake", "ids that differ", "Rename it"
            )
        found |= mistakes(file)
    return found


@cache
def mistakes(file: str) -> Mapping[str, Mistake]:
    """Read one file of the catalogue.

    Examples
    --------
    >>> mistakes("forward")["softmax_twice"].tasks
    ('softmax',)
    """
    text = (resources.files(__package__) / f"{file}.toml").read_text(encoding="utf-8")
    return {name: parsed(f"{file}.toml", name, table) for name, table in tomllib.loads(text).items()}


def with_code(task: str) -> Mapping[str, Mistake]:
    """Read the mistakes of a task that are recognised by what they compute; only the files of that task are read.

    Examples
    --------
    >>> "softmax_twice" in with_code("softmax"), "softmax_overflows" in with_code("softmax")
    (True, False)
    """
    chapter = "forward" if TASKS[task].sheet == 3 else "backward"
    files = {"function": (chapter, "common"), "method": ("backward", "network"), "routine": ("routines",)}
    read = (mistake for file in files[TASKS[task].kind] for mistake in mistakes(file).values())
    return {mistake.id: mistake for mistake in read if task in mistake.tasks and (mistake.code or mistake.numbered)}


def parsed(file: str, name: str, table: Mapping[str, Any]) -> Mistake:
    """Read one table.

    Raises
    ------
    ExerciseError
        If a field is missing, unknown, or of another type; it names the file, the id and the field.

    Examples
    --------
    >>> parsed("new.toml", "step_sign", {"tasks": "gradient_step"})
    Traceback (most recent call last):
        ...
    handgrad.errors.ExerciseError: new.toml: step_sign: tasks is 'gradient_step'; expected a list of tasks. Correct it.
    """

    def broken(field: str, expected: str) -> ExerciseError:
        return ExerciseError(f"{file}: {name}: {field} is {table.get(field)!r}", expected, "Correct it")

    tasks = table.get("tasks")
    if not (isinstance(tasks, list) and tasks and all(task in TASKS for task in tasks)):
        raise broken("tasks", "a list of tasks")
    for field in sorted(table.keys() - {"tasks", "equation", "code", "sign", "numbered", "written", *LANGUAGES}):
        raise broken(field, "no such field")
    if not isinstance(table.get("equation", ""), str):
        raise broken("equation", "a string")
    if table.get("sign", "") not in SIGNS:
        raise broken("sign", f"one of {', '.join(SIGNS[1:])}")
    for field in ("code", "numbered", "written"):
        entries = table.get(field, [])
        if not (isinstance(entries, list) and all(map(_is_code, entries))):
            raise broken(field, "a list of strings, and of tables of strings")
    if not (table.get("code") or table.get("sign")):
        raise broken("code", "at least one entry, or a sign")
    for language in LANGUAGES:
        texts = table.get(language)
        if not (isinstance(texts, dict) and texts.keys() == set(WORDS) and all(map(_is_text, texts.values()))):
            raise broken(language, f"a table with the texts {', '.join(WORDS)}")
    words = {language: Words(*(table[language][word].strip() for word in WORDS)) for language in LANGUAGES}
    code, numbered, written = (tuple(table.get(field, ())) for field in ("code", "numbered", "written"))
    return Mistake(name, tuple(tasks), table.get("equation", ""), words, code, table.get("sign", ""), numbered, written)


def _is_code(entry: object) -> bool:
    return _is_text(entry) or (isinstance(entry, dict) and bool(entry) and all(map(_is_text, entry.values())))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
