"""The folder of a run: its settings, its history and its results.

::

    runs/digits-1/
      config.toml         all settings
      environment.json    data, libraries and machine, on which the bits depend
      history.jsonl       one record per line, written during the training
      checkpoint.safetensors, checkpoint-earlier.safetensors
                          where the training stands, and where it stood before
      summary.json        the final figures, or why the training diverged
      model.safetensors   the trained network
      training_rows.npy   digests of the training set, by which an evaluation recognises its rows
      curves.png, first_layer.png, confusion.png
      gradients.png       with --log-layers: the gradient of each layer
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from handgrad import files
from handgrad.data.folders.listing import RUN_FILES
from handgrad.errors import RunError
from handgrad.parsing import parse_toml

CONFIG_FILE, HISTORY_FILE = RUN_FILES
SUMMARY_FILE = "summary.json"
ROWS_FILE = "training_rows.npy"
CURVES_FILE = "curves.png"
FIRST_LAYER_FILE = "first_layer.png"
CONFUSION_FILE = "confusion.png"
GRADIENTS_FILE = "gradients.png"

RUNS = Path("runs")
_MAX_TEXT = 2**24  # bytes of a config or a summary


def create_run(path: str | os.PathLike[str] | None, name: str) -> Path:
    """Create the folder of a new run; existing files are never touched.

    Parameters
    ----------
    path : path or None
        The folder, which must be empty or new. None creates ``runs/<name>-<n>``, with the next free number; two runs
        that start at the same time get two folders.
    name : str
        For example, that of the data. Characters that are not allowed in a file name become hyphens.

    Raises
    ------
    RunError
        If the folder is not empty, or cannot be created.
    """
    try:
        if path is None:
            return _next_run(_file_name(name))
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) or not _is_first(folder):
            raise RunError(
                f"{folder} is not empty", "an empty or a new folder", "choose another one, or remove it first"
            )
        return folder
    except OSError as error:
        raise RunError(
            f"{path or RUNS} cannot be created ({error})", "a writable folder", "choose another one"
        ) from error


def write_config(run: Path, config: Mapping[str, Any]) -> None:
    """Write the settings of a run as TOML, completely or not at all; values of None are left out.

    Raises
    ------
    RunError
        If TOML cannot represent a value, or the file cannot be written.
    """
    import tomli_w

    content = tomli_w.dumps(_plain(config))
    with files.run_errors(run / CONFIG_FILE), files.written(run / CONFIG_FILE) as file:
        file.write(content.encode())


def change_config(run: Path, changes: Mapping[str, Any]) -> None:
    """Change some settings in the file of a run, and leave it alone if they are as given."""
    found = read_table(run / CONFIG_FILE, parse_toml)
    if found | dict(changes) != found:
        write_config(run, found | dict(changes))


def write_summary(run: Path, summary: Mapping[str, Any]) -> None:
    """Write the final figures of a run as JSON, completely or not at all; values of None, NaN or infinity are left out.

    Raises
    ------
    RunError
        If JSON cannot represent a value, or the file cannot be written.
    """
    content = json.dumps(_plain(summary, finite=True), indent=2, allow_nan=False) + "\n"
    with files.run_errors(run / SUMMARY_FILE), files.written(run / SUMMARY_FILE) as file:
        file.write(content.encode())


def _is_first(folder: Path) -> bool:
    """Begin the history of a run; whoever does so first has the folder, if two runs are given the same one at once."""
    try:
        (folder / HISTORY_FILE).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _next_run(name: str) -> Path:
    """Create ``runs/<name>-<n>``, with n above all existing numbers; mkdir decides which of two processes is first."""
    RUNS.mkdir(parents=True, exist_ok=True)
    taken = [name_and_number(folder) for folder in RUNS.iterdir()]
    number = max((number for other, number in taken if other == name), default=0)
    while True:
        number += 1
        try:
            (RUNS / f"{name}-{number}").mkdir()
        except FileExistsError:
            continue
        return RUNS / f"{name}-{number}"


def name_and_number(folder: Path) -> tuple[str, int]:
    """Split ``digits-12`` into ``digits`` and 12."""
    found = re.fullmatch(r"(.*)-([0-9]{1,9})", folder.name)
    return (found[1], int(found[2])) if found else (folder.name, 0)


def _file_name(name: str) -> str:
    """Keep letters, digits, dots, underscores and hyphens."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:64] or "run"


def _plain(value: Any, finite: bool = False) -> Any:
    """Convert a value to types that TOML and JSON can represent; drop None, and escape what is not text."""
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
        value = os.fspath(value)
    if isinstance(value, str):
        return files.as_text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise RunError(f"a value of type {type(value).__name__}", "text, numbers, lists or tables", "convert it first")


def read_table(path: Path, parse: Callable[[str], Any]) -> dict[str, Any]:
    """Read a text file of bounded size into a table."""
    with files.run_errors(path):
        content = files.read_text(path, _MAX_TEXT)
    try:
        parsed = parse(content)
    except ValueError as error:
        raise RunError(f"{path} cannot be read ({error})", "an unchanged file", "train again") from error
    if not isinstance(parsed, dict):
        raise RunError(f"{path} contains no table", "an unchanged file", "train again")
    return parsed
