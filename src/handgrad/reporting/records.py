"""The history of a training run as data: one line of JSON per record."""

from __future__ import annotations

import json
import os
from math import isfinite
from pathlib import Path
from typing import Any

from handgrad import files, limits
from handgrad.errors import RunError
from handgrad.training.loop import Record

_KINDS = ("evaluation", "batch", "divergence")
_WHOLE = ("epoch", "step")
_LONGEST = 2**20  # bytes of a line
_REQUIRED = ("kind", *_WHOLE, "learning_rate", "train_seconds")  # every other key is a figure


def to_json_line(record: Record) -> str:
    """Write a record as one line of JSON, without its line end; figures that are not finite are left out.

    Parameters
    ----------
    record : Record

    Returns
    -------
    str
        ASCII; each number has enough digits to give back the same float.

    Raises
    ------
    RunError
        If the learning rate or the time is not finite.

    Examples
    --------
    >>> to_json_line(Record("batch", 0, 7, 0.1, 0.5, {"batch_loss": 2.25}))
    '{"kind": "batch", "epoch": 0, "step": 7, "learning_rate": 0.1, "train_seconds": 0.5, "batch_loss": 2.25}'
    """
    numbers = {"learning_rate": record.learning_rate, "train_seconds": record.train_seconds}
    for name, value in numbers.items():
        if not isfinite(value):
            raise RunError(f"a record whose {name} is {value}", "a finite number", "correct whatever made the record")
    numbers |= {name: value for name, value in record.figures.items() if isfinite(value)}
    whole: dict[str, str | int] = {"kind": record.kind, "epoch": int(record.epoch), "step": int(record.step)}
    return json.dumps(whole | {name: float(value) for name, value in numbers.items()})


def read_history(path: str | os.PathLike[str], length: int | None = None) -> list[Record]:
    r"""Read the records of a history file.

    A last line that is incomplete, because the training was killed while writing it, is dropped.

    Parameters
    ----------
    path : path
    length : int, optional
        How many bytes of the file count; by default, all of them.

    Returns
    -------
    list of Record

    Raises
    ------
    RunError
        If the file cannot be read, or a line is not a record; the message has the line number.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "history.jsonl"
    ...     _ = path.write_text(to_json_line(Record("evaluation", 0, 0, 0.1, 0.0, {"train_loss": 2.5})) + "\n")
    ...     read_history(path)[0].figures["train_loss"]
    2.5
    """
    path = Path(path)
    records: list[Record] = []
    place = 0
    with files.run_errors(path), files.opened(path) as file:
        limits.refuse_bytes(path.stat().st_size, path)
        lines = limits.Bounded(file, path, usual=limits.ARRAYS)
        for number, line in enumerate(iter(lambda: lines.readline(_LONGEST), b""), start=1):
            place += len(line)
            if length is not None and place > length:
                break
            try:
                records.append(_parse(line))
            except ValueError as error:
                if len(line) < _LONGEST and not line.endswith(b"\n"):
                    break
                raise RunError(
                    f"{path}, line {number}: {error}", "a record as JSON", "remove that line, or train again"
                ) from error
    return records


def _parse(line: bytes) -> Record:
    """Turn a line into a record; for anything else raise a ValueError that says why."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON ({error})") from error
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")
    for name in _REQUIRED:
        if name not in content:
            raise ValueError(f"no {name}")
    values = {name: _value(name, value) for name, value in content.items()}
    required = {name: values.pop(name) for name in _REQUIRED}
    return Record(**required, figures=values)


def _value(name: str, value: Any) -> Any:
    """Check one value's type."""
    if name == "kind" and value in _KINDS:
        return value
    if name in _WHOLE and type(value) is int and 0 <= value < 2**62:
        return value
    if name != "kind" and name not in _WHOLE and type(value) in (int, float) and -1e308 <= value <= 1e308:
        return float(value)
    raise ValueError(f"{name[:40]} is {str(value)[:40]}")
