"""The program: all commands, and one message for every error that the user can correct, with exit code 2 or 3."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import fields
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import cyclopts
from cyclopts import App, Parameter

import handgrad
from handgrad.cli.data import data_app
from handgrad.cli.exercise import check, exercise_app, grade
from handgrad.cli.notices import tell
from handgrad.cli.runs import diff, runs, verify
from handgrad.cli.train import compile_, evaluate, fill_training, predict, reproduce, train
from handgrad.data.text.words import plain
from handgrad.errors import DivergenceError, HandgradError, SettingError
from handgrad.runs.config import DataFlags, NetworkFlags, RunSettings, TrainingFlags

if TYPE_CHECKING:
    from cyclopts import ArgumentCollection, Token

_SETTINGS = {field.name for kind in (DataFlags, NetworkFlags, RunSettings, TrainingFlags) for field in fields(kind)}
_SWITCHES = {  # which take no value
    f"--{no}{name.replace('_', '-')}"
    for kind in (NetworkFlags, RunSettings, TrainingFlags)
    for name, hint in get_type_hints(kind).items()
    for no in ("", "no-")
    if hint is bool
}
DIVERGED = 3  # the exit code of a training whose numbers are no longer finite
# What a flag needs, and how to write one that the parser would take for another flag.
_VALUE = "one after it, which does not begin with a hyphen", "write ./ before a path that does"
_ALIKE = 0.7  # words that are less alike are no misspellings of each other
_CALLED_ELSEWHERE = {  # settings of ``train``, as other libraries call them
    "alpha": "--l2",
    "hidden-layer-sizes": "--hidden",
    "layers": "--hidden",
    "learning-rate-init": "--lr",
    "max-iter": "--epochs",
    "n-iter-no-change": "--patience",
    "random-state": "--seed",
    "solver": "--optimizer",
    "validation-fraction": "--validation",
    "validation-split": "--validation",
    "weight-decay": "--l2, or --optimizer adamw",
}


def _from_files(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Add settings from files; refuse fractions where the parser would round them, and options taken for paths.

    One of several words may be written in capitals or without its underscore, such as ReLU.
    """
    _respell(arguments)
    if commands == ("train",):
        fill_training(app, commands, arguments)
        _respell(arguments)
    for argument in arguments:
        for token in argument.tokens:
            if token.keyword is None and token.value.startswith("-") and token.value != "-":
                _refuse_option(token, arguments)
            if argument.hint in (int, int | None) and "." in token.value:
                raise SettingError(f"{argument.name} is {token.value}", "a whole number", "remove the fraction")


def _respell(arguments: ArgumentCollection) -> None:
    """Write each word, or each of a list, as the list of choices has it."""
    for argument in arguments:
        if words := {plain(word): word for word in _choices(argument.hint)}:
            argument.tokens[:] = [
                token.evolve(value=",".join(words.get(plain(word), word) for word in token.value.split(",")))
                for token in argument.tokens
            ]


def _choices(hint: Any) -> tuple[str, ...]:
    """List the words that a type allows."""
    if get_origin(hint) is Literal:
        return tuple(word for word in get_args(hint) if isinstance(word, str))
    return tuple(word for part in get_args(hint) for word in _choices(part))


def _refuse_option(token: Token, arguments: ArgumentCollection) -> None:
    """Refuse what begins like an option in the place of a path: only a hyphen alone, the standard input, is one."""
    if os.path.lexists(token.value):
        raise SettingError(
            f"{token.value} begins with a hyphen, as options do", "another path", f"write ./{token.value}"
        )
    raise cyclopts.UnknownOptionError(token=token, argument_collection=arguments)


app = App(
    name="handgrad",
    help="Fully connected networks whose gradients are derived by hand.",
    version=handgrad.__version__,
    config=_from_files,
    default_parameter=Parameter(negative=()),
    print_error=False,
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
for command in (train, evaluate, predict, runs, diff, verify, reproduce, data_app, exercise_app, check, grade):
    app.command(command)
app.command(compile_, name="compile")


def run(arguments: Sequence[str] | None) -> int:
    """Run a command; describe an error that the user can correct in one message, with exit code 2."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of temporary folders, where there is no home
    try:
        result = app(_with_standard_input(sys.argv[1:] if arguments is None else arguments))
    except (HandgradError, cyclopts.CycloptsError) as error:
        tell(f"handgrad: {_unwrapped(error)}")
        return DIVERGED if isinstance(error, DivergenceError) else 2
    return result if isinstance(result, int) else 0


def _with_standard_input(arguments: Sequence[str]) -> list[str]:
    """Write ``train -`` as ``train --data -``: the parser takes a hyphen alone for a flag that does not exist."""
    found = list(arguments)
    if found[:1] == ["train"]:
        for place in range(1, len(found)):
            if found[place] == "-" and (found[place - 1] in _SWITCHES or not found[place - 1].startswith("--")):
                return [*found[:place], "--data", *found[place:]]
    return found


def _unwrapped(error: BaseException) -> str:
    """Return the message of an error, which the argument parser may have wrapped in an error of its own."""
    if isinstance(error, cyclopts.UnusedCliTokensError):
        return str(_too_many(" ".join(error.unused_tokens or ()), " ".join(error.command_chain or ())))
    if isinstance(error, cyclopts.MissingArgumentError) and error.keyword:
        return str(SettingError(f"{error.keyword} without a value", *_VALUE))
    if isinstance(error, cyclopts.UnknownOptionError) and error.token.value == "-":
        command = " ".join(error.command_chain or ())
        return str(SettingError(f"`handgrad {command} -`", "a path", f"see `handgrad {command} --help`"))
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, HandgradError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, SettingError):
        return str(_in_flags(cause))
    text = str(cause or error).strip()
    if isinstance(error, cyclopts.UnknownOptionError) and tuple(error.command_chain or ()) == ("train",):
        name = str(error.token.keyword or error.token.value)
        if flag := _CALLED_ELSEWHERE.get(name.lstrip("-").replace("_", "-")):
            return f"Unknown option: {name}. Did you mean {flag}?"
    guess = re.fullmatch(r"(Invalid value \"(.*)\" for .*|Unknown option: (.*)\.) Did you mean \"?(.*?)\"?\?", text)
    return guess[1] if guess and SequenceMatcher(None, guess[2] or guess[3], guess[4]).ratio() < _ALIKE else text


def _in_flags(error: SettingError) -> SettingError:
    """Call a setting in an error by its flag."""
    name = error.found.partition(" is ")[0]
    if name not in _SETTINGS:
        return error
    flag = "--lr" if name == "learning_rate" else f"--{name.replace('_', '-')}"
    remedy = re.sub(rf"(?<![-\w]){name}\b", flag, error.remedy)
    return SettingError(error.found.replace(name, flag, 1), error.wanted, remedy)


def _too_many(words: str, command: str) -> SettingError:
    """Describe arguments that a command has no use for."""
    found = f"`handgrad {command}` does not accept {words}"
    if command == "train":
        return SettingError(found, "one file or set", f"write --test {words} if that is the test set")
    if command == "evaluate":
        return SettingError(found, "one run", f"write --data {words} if those are the data")
    return SettingError(found, "fewer arguments", f"see `handgrad {command} --help`")
