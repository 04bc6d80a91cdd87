"""Two runs compared: their settings, and where histories and weights first differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.data.folders.listing import RUN_FILES
from handgrad.model.model import Model
from handgrad.reporting.records import read_history
from handgrad.runs.config import run_settings
from handgrad.runs.loading import load_run
from handgrad.training.loop import Record


@dataclass(frozen=True)
class Difference:
    """Something in which two runs differ.

    Attributes
    ----------
    what : str
    first, second : str
        What each has; empty if it has nothing.
    """

    what: str
    first: str
    second: str


def compare_runs(first: Path, second: Path) -> list[Difference]:
    """List the settings that differ, and the first record and the first array of weights that do.

    Times and folders do not count.

    Parameters
    ----------
    first, second : path
        The folders of runs.

    Returns
    -------
    list of Difference
        Empty if both had the same settings and the same bits.

    Raises
    ------
    HandgradError
        If a run cannot be read.
    """
    settings = [run_settings(run) for run in (first, second)]
    histories = [read_history(run / RUN_FILES[1]) for run in (first, second)]
    models = [load_run(run)[0] for run in (first, second)]
    return [*_settings(*settings), *_first_record(*histories), *_first_array(*models)]


def _settings(first: dict[str, Any], second: dict[str, Any]) -> Iterator[Difference]:
    """Compare settings."""
    for name in sorted({*first, *second}):
        if first.get(name) != second.get(name):
            yield Difference(f"setting {name}", *(str(one.get(name, "")) for one in (first, second)))


def _first_record(first: Sequence[Record], second: Sequence[Record]) -> Iterator[Difference]:
    """Find the first record that differs, and what differs in it."""
    for one, other in zip_longest(first, second):
        if one is None or other is None:
            yield Difference("history ends", *("" if each is None else _place(each) for each in (one, other)))
            return
        if _place(one) != _place(other):
            yield Difference("history", _place(one), _place(other))
            return
        numbers = [{**record.figures, "learning_rate": record.learning_rate} for record in (one, other)]
        for name in sorted({*numbers[0], *numbers[1]}):
            if numbers[0].get(name) != numbers[1].get(name):
                values = (str(each.get(name, "")) for each in numbers)
                yield Difference(f"history, {_place(one)}: {name}", *values)
                return


def _place(record: Record) -> str:
    """Say where in a training a record belongs."""
    return f"{record.kind} at step {record.step:,}"


def _first_array(first: Model, second: Model) -> Iterator[Difference]:
    """Find the first layer whose weights or biases differ, and by how much."""
    sizes = [model.network.layer_sizes for model in (first, second)]
    if sizes[0] != sizes[1]:
        yield Difference("layer sizes", *("-".join(map(str, size)) for size in sizes))
        return
    layers = zip(first.parameters.W, first.parameters.b, second.parameters.W, second.parameters.b, strict=True)
    for layer, (W, b, other_W, other_b) in enumerate(layers, start=1):
        for name, one, other in (("weights", W, other_W), ("biases", b, other_b)):
            if one.dtype != other.dtype or one.tobytes() != other.tobytes():
                place = np.unravel_index(int(np.argmax(np.abs(np.asarray(one - other)))), one.shape)
                yield Difference(f"{name} of layer {layer}", repr(one[place].item()), repr(other[place].item()))
                return
