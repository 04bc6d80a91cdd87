"""Calls a submission's functions, whose parameters may have other names or be positional only."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable, Iterator
from inspect import Parameter
from typing import Any

Function = Callable[..., Any]
Way = tuple[list[Any], dict[str, Any]]  # arguments and keywords

SPARE = ("evaluate_every", "log_every", "rng")  # a function may do without these
TAKES_OTHERS = re.compile(r"unexpected keyword argument|positional arguments? but|multiple values for argument")


def call(function: Function, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """Call a function with the keywords that it takes, according to its signature or else by trial.

    Examples
    --------
    >>> call(lambda x, lr=0.1, n=5: (x, lr, n), [1], {"n": 2, "learning_rate": 0.5, "rng": None})
    (1, 0.5, 2)
    >>> call(lambda *args: args, [1], {"n": 2, "learning_rate": 0.5})
    (1, 2, 0.5)
    """
    first: TypeError | None = None
    for positional, named in ways(function, arguments, keywords):
        try:
            return function(*positional, **named)
        except TypeError as error:
            first = first or error
            if not TAKES_OTHERS.search(str(error)):
                break
    raise first or TypeError(f"{function} takes no arguments")


def ways(function: Function, arguments: list[Any], keywords: dict[str, Any]) -> Iterator[Way]:
    """List the ways to call a function, the most likely first."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        signature = inspect.signature(lambda *_, **__: None)
    parameters = list(signature.parameters.values())
    named, left = _by_name(parameters, len(arguments), keywords)
    kinds = {parameter.kind for parameter in parameters}
    fewer = [keywords]
    while (last := next(reversed(fewer[-1]), "")) in SPARE:
        fewer.append({name: value for name, value in fewer[-1].items() if name != last})
    for given in fewer:
        if left and Parameter.VAR_KEYWORD in kinds:
            yield arguments, {**named, **{name: given[name] for name in left if name in given}}
    for given in fewer:
        if not fewer[-1].keys().isdisjoint(left) and Parameter.VAR_POSITIONAL in kinds:
            yield [*arguments, *given.values()], {}
    yield arguments, named
    with contextlib.suppress(TypeError):  # a wrapper may take by position alone what it says
        bound = signature.bind_partial(*arguments, **named)
        bound.apply_defaults()
        yield list(bound.args), bound.kwargs


def _by_name(parameters: list[Parameter], taken: int, keywords: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Assign each keyword to the parameter of its name, and the others, in order, to the remaining parameters."""
    free = [p for p in parameters[:taken] if p.kind is Parameter.KEYWORD_ONLY]
    free += [p for p in parameters[taken:] if p.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)]
    named = {p.name: keywords[p.name] for p in free if p.name in keywords}
    left = [name for name in keywords if name not in named and name not in {p.name for p in parameters}]
    for parameter in free:
        wanted = [name for name in left if name not in SPARE or parameter.default is Parameter.empty]
        if parameter.name not in named and wanted:
            named[parameter.name] = keywords[wanted[0]]
            left.remove(wanted[0])
    return named, left
