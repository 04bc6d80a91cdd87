"""The commands that look at runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from handgrad.cli.notices import load_again, tell
from handgrad.data.text.names import visible
from handgrad.runs.config import TrainConfig, run_settings

if TYPE_CHECKING:
    from handgrad.runs.overview import Overview

SortKey = Literal["name", "epochs", "best", "last", "seconds"]


def runs(folder: Path = Path("runs"), /, *, sort: SortKey = "name", json: bool = False) -> None:
    """List the runs in a folder: their progress, their accuracy, and whether they can be used or continued.

    Parameters
    ----------
    folder : path
        A folder with runs in it, or a run itself.
    sort : {"name", "epochs", "best", "last", "seconds"}
        What to sort by; numbers are sorted largest first.
    json : bool
        Print a list of objects in JSON.
    """
    from json import dumps

    from handgrad.reporting.text import columns
    from handgrad.runs.overview import overview

    found = overview(folder, sort)
    if json:
        print(dumps([asdict(one) for one in found], indent=2))
        return
    if not found:
        print(visible(f"there are no runs in {folder}"))
        return
    head = ("run", "state", "data", "layers", "epochs", "accuracy on", "best", "last", "seconds")
    print(columns([head, *map(_row, found)], right=(6, 7, 8)))


def diff(first: Path, second: Path, /) -> int:
    """Show which settings of two runs differ, and where history and weights first differ. The exit code is 1 if any do.

    Parameters
    ----------
    first, second : paths
        The folders of the runs.
    """
    from handgrad.reporting.text import columns
    from handgrad.runs.comparison import compare_runs

    found = compare_runs(first, second)
    if not found:
        print("the same settings, history and weights")
        return 0
    print(columns([("", str(first), str(second)), *((one.what, one.first, one.second) for one in found)]))
    return 1


def verify(run: Path, /) -> int:
    """Train a run again from what its folder records, and compare the bits. The exit code is 1 if they differ.

    Parameters
    ----------
    run : path
        The folder of a finished run.
    """
    from handgrad.reporting import console
    from handgrad.reporting.text import columns
    from handgrad.runs.verification import verify as verified

    config = TrainConfig.from_dict(run_settings(run))
    found = verified(run, config, load_again(run, config.data), console.show_training, tell)
    if not found:
        print(visible(f"{run}: the same history and weights"))
        return 0
    print(columns([("", str(run), "again"), *((one.what, one.first, one.second) for one in found)]))
    return 1


def _row(one: Overview) -> tuple[str, ...]:
    """Write a run as a line of the table."""
    from handgrad.reporting.text import percent

    scores = ("" if score is None else percent(score) for score in (one.best, one.last))
    layers, epochs = "-".join(map(str, one.layer_sizes)), f"{one.epochs} of {one.planned}" if one.planned else ""
    seconds = f"{one.seconds:.1f}" if one.seconds < 1e9 else f"{one.seconds:.3g}"
    return one.name, one.state, one.data, layers, epochs, one.measured_on, *scores, seconds
