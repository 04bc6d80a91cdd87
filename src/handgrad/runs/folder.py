"""A training's folder: what it was asked, how it went, and what came out of it.

::

    runs/digits-1/
      config.toml         all settings
      history.jsonl       one record a line, written as it happens
      summary.json        the final figures
      model.safetensors   the trained network
      curves.png, first_layer.png, confusion.png
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from handgrad import files
from handgrad.errors import RunError
from handgrad.model.model import Model
from handgrad.model.safetensors import load_model, parse_json, run_errors
from handgrad.reporting.records import to_json_line
from handgrad.training.loop import Record

CONFIG_FILE = "config.toml"
HISTORY_FILE = "history.jsonl"
SUMMARY_FILE = "summary.json"
MODEL_FILE = "model.safetensors"
CURVES_FILE = "curves.png"
FIRST_LAYER_FILE = "first_layer.png"
CONFUSION_FILE = "confusion.png"

RUNS = Path("runs")
_MAX_TEXT = 2**24  # bytes of a config or a summary
_LISTED = 8


def create_run(path: str | os.PathLike[str] | None, name: str) -> Path:
    """Make the folder of a new run; nothing that is there already is touched.

    Parameters
    ----------
    path : path or None
        The folder, which must be empty or not there yet. None makes ``runs/<name>-<n>``, with the next free number;
        two trainings that start at the same time get two folders.
    name : str
        Of the data, say; what does not belong into a file's name becomes a hyphen.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    RunError
        If the folder holds something already, or cannot be made.
    """
    try:
        if path is None:
            return _next_run(_file_name(name))
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise RunError(f"{folder} is not empty", "an empty or a new folder", "name another one, or remove it first")
        return folder
    except OSError as error:
        raise RunError(
            f"{path or RUNS} cannot be made ({error})", "a folder to write in", "name another one"
        ) from error


def write_config(run: Path, config: Mapping[str, Any]) -> None:
    """Write the settings of a run as TOML, whole or not at all; what is None is left out.

    Raises
    ------
    RunError
        If a value is of a kind that TOML has not, or the file cannot be written.
    """
    import tomli_w

    content = tomli_w.dumps(_plain(config))
    with run_errors(run / CONFIG_FILE), files.written(run / CONFIG_FILE) as file:
        file.write(content.encode())


def write_summary(run: Path, summary: Mapping[str, Any]) -> None:
    """Write the final figures of a run as JSON, whole or not at all; what is None, NaN or infinite is left out.

    Raises
    ------
    RunError
        If a value is of a kind that JSON has not, or the file cannot be written.
    """
    content = json.dumps(_plain(summary, finite=True), indent=2, allow_nan=False) + "\n"
    with run_errors(run / SUMMARY_FILE), files.written(run / SUMMARY_FILE) as file:
        file.write(content.encode())


def record_history(run: Path, records: Iterable[Record]) -> Iterator[Record]:
    """Pass records on, each after it has been added to the run's history.

    Each is one line of JSON, flushed at once: what has been passed on survives a kill. A line that an earlier kill cut
    off is removed first.

    Raises
    ------
    RunError
        If the file cannot be written.
    """
    path = run / HISTORY_FILE
    try:
        file = path.open("ab+")
    except OSError as error:
        raise _unwritable(path, error) from error
    with file:
        _drop_torn_line(file)
        for record in records:
            try:
                file.write(to_json_line(record).encode() + b"\n")
                file.flush()
            except OSError as error:
                raise _unwritable(path, error) from error
            yield record


def load_run(path: str | os.PathLike[str]) -> tuple[Model, dict[str, Any], dict[str, Any]]:
    """Load what a finished run left: its model, its summary and its settings.

    Parameters
    ----------
    path : path
        A run's folder; or a model file by itself, whose summary and settings are then empty.

    Returns
    -------
    model : Model
    summary, config : dict

    Raises
    ------
    RunError
        If something is missing or damaged; runs that are there are named.
    """
    path = Path(path)
    if path.is_file():
        return load_model(path), {}, {}
    if not path.is_dir():
        raise RunError(f"there is no run {path}", "a run's folder, or its model file", _name_runs(path))
    missing = [name for name in (MODEL_FILE, SUMMARY_FILE, CONFIG_FILE) if not (path / name).is_file()]
    if missing:
        unfinished = ": its training did not finish" if (path / CONFIG_FILE).is_file() else ""
        raise RunError(f"{path} lacks {', '.join(missing)}{unfinished}", "a finished run", _name_runs(path))
    summary = _read(path / SUMMARY_FILE, parse_json)
    config = _read(path / CONFIG_FILE, tomllib.loads)
    return load_model(path / MODEL_FILE), summary, config


def list_runs(root: str | os.PathLike[str] = RUNS) -> list[Path]:
    """List the finished runs in a folder, by name and then number.

    Examples
    --------
    >>> list_runs("no/such/folder")
    []
    """
    root = Path(root)
    found = root.glob(f"*/{MODEL_FILE}") if root.is_dir() else ()
    return sorted((model.parent for model in found), key=_name_and_number)


def _next_run(name: str) -> Path:
    """Make ``runs/<name>-<n>``, n above every number there is; mkdir itself decides who was first."""
    RUNS.mkdir(parents=True, exist_ok=True)
    taken = [_name_and_number(folder) for folder in RUNS.iterdir()]
    number = max((number for other, number in taken if other == name), default=0)
    while True:
        number += 1
        try:
            (RUNS / f"{name}-{number}").mkdir()
        except FileExistsError:
            continue
        return RUNS / f"{name}-{number}"


def _name_and_number(folder: Path) -> tuple[str, int]:
    """Split ``digits-12`` into ``digits`` and 12."""
    found = re.fullmatch(r"(.*)-([0-9]{1,9})", folder.name)
    return (found[1], int(found[2])) if found else (folder.name, 0)


def _file_name(name: str) -> str:
    """Keep letters, digits, dots, underscores and hyphens."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:64] or "run"


def _plain(value: Any, finite: bool = False) -> Any:
    """Turn a value into what TOML and JSON have; drop what they have not a word for."""
    if isinstance(value, Mapping):
        plain = {str(key): _plain(item, finite) for key, item in value.items()}
        return {key: item for key, item in plain.items() if item is not None}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [item for item in (_plain(item, finite) for item in value) if item is not None]
    if isinstance(value, float) and finite and not isfinite(value):
        return None
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise RunError(f"a value of type {type(value).__name__}", "text, numbers, lists and tables", "convert it first")


def _drop_torn_line(file: BinaryIO) -> None:
    """Cut a history back to its last whole line."""
    file.seek(0)
    content = file.read()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        file.truncate(whole)


def _read(path: Path, parse: Any) -> dict[str, Any]:
    """Read a text file of bounded size into a table."""
    with run_errors(path), files.opened(path) as file:
        files.refuse_size(path.stat().st_size, path, _MAX_TEXT)
        content = file.read()
    try:
        parsed = parse(content.decode())
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} cannot be read ({error})", "the file as it was written", "train again") from error
    if not isinstance(parsed, dict):
        raise RunError(f"{path} holds no table", "the file as it was written", "train again")
    return parsed


def _name_runs(path: Path) -> str:
    """Say which runs there are, near the path and in the usual place."""
    runs = list(dict.fromkeys([*list_runs(path), *list_runs(path.parent), *list_runs()]))
    if not runs:
        return "train one with `handgrad train`"
    more = f" and {len(runs) - _LISTED} more" if len(runs) > _LISTED else ""
    return f"name one of {', '.join(map(str, runs[:_LISTED]))}{more}"


def _unwritable(path: Path, error: OSError) -> RunError:
    return RunError(f"{path} cannot be written ({error})", "a folder that can be written to", "check it, and the disk")
