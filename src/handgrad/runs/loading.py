"""What can be used of a run: its trained network, or where its training stood last."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data.digests import read_digests
from handgrad.errors import RunError
from handgrad.model.model import Model
from handgrad.model.safetensors import MODEL_FILE, load_attached, load_model
from handgrad.parsing import parse_json, parse_toml
from handgrad.runs.checkpoint import has_checkpoint, read_checkpoint
from handgrad.runs.folder import CONFIG_FILE, ROWS_FILE, RUNS, SUMMARY_FILE, name_and_number, read_table
from handgrad.training.state import TrainingState

_LISTED = 8


def _in_silence(_: str) -> None:
    """Say nothing."""


class Divergence(NamedTuple):
    """How a training ended whose numbers were no longer finite.

    Attributes
    ----------
    found, remedy : str
        As in the error.
    """

    found: str
    remedy: str


class Loaded(NamedTuple):
    """What can be used of a run.

    Attributes
    ----------
    model : Model
    summary, config : dict
        Empty for a model file; the summary also for a training that did not come to its end.
    state : TrainingState or None
        That of the checkpoint, if the model is its.
    """

    model: Model
    summary: dict[str, Any]
    config: dict[str, Any]
    state: TrainingState | None = None


def load_run(
    path: str | os.PathLike[str], tell: Callable[[str], None] = _in_silence
) -> tuple[Model, dict[str, Any], dict[str, Any]]:
    """Load the model, the summary and the settings of a run.

    Parameters
    ----------
    path : path
        The folder of a run, or a model file, for which summary and settings are empty. Of a run that was killed or
        diverged, the model is that of its last checkpoint, and the summary is empty.
    tell : callable, optional
        Called with a sentence about a run that did not come to its end.

    Returns
    -------
    model : Model
    summary, config : dict

    Raises
    ------
    RunError
        If something is missing or damaged; the message says how to continue the run, or lists the runs that exist.
    """
    return loaded(path, tell)[:3]


def loaded(path: str | os.PathLike[str], tell: Callable[[str], None] = _in_silence) -> Loaded:
    """Load a run, as :func:`load_run` does, and say whether its last checkpoint serves."""
    path = Path(path)
    if path.is_file():
        return Loaded(_of_file(path), {}, {})
    if not path.is_dir():
        raise RunError(f"there is no run {path}", "a run folder or a model file", _name_runs(path))
    missing, end = _missing(path), divergence_of(path)
    if CONFIG_FILE not in missing and (missing or end):
        if has_checkpoint(path):
            return of_checkpoint(path, tell)
        if end:
            raise RunError(f"{path} diverged before its first checkpoint: {end.found}", "a finished run", end.remedy)
        found = f"{path} lacks {', '.join(missing)}: its training did not finish"
        raise RunError(found, "a finished run", f"continue it with `handgrad train --resume {path}`")
    if missing:
        raise RunError(f"{path} lacks {', '.join(missing)}", "a finished run", _name_runs(path))
    config = read_table(path / CONFIG_FILE, parse_toml)
    try:
        return Loaded(load_model(path / MODEL_FILE), read_table(path / SUMMARY_FILE, parse_json), config)
    except RunError as error:
        if not has_checkpoint(path):
            raise
        remedy = f"write it again with `handgrad train --resume {path}`"
        raise RunError(error.found, error.wanted, remedy) from error


def _of_file(path: Path) -> Model:
    """Load a model from its file, with the columns that an estimator was fitted to."""
    model, attached = load_attached(path)
    if attached is None or "estimator" not in attached.facts:
        return model
    from handgrad.estimator.saving import with_columns  # it brings scikit-learn

    return with_columns(path, model, attached.facts)


def of_checkpoint(run: Path, tell: Callable[[str], None] = _in_silence) -> Loaded:
    """Load what the last checkpoint of a run has, and tell how far that is."""
    found = read_checkpoint(run, tell)
    if found is None:
        raise RunError(f"{run} has no checkpoint", "a run with a checkpoint", "train again")
    why = "diverged" if divergence_of(run) else "did not finish"
    tell(f"{run}: the training {why}; these are its weights after {found.state.step:,} steps")
    return Loaded(found.model, {}, read_table(run / CONFIG_FILE, parse_toml), found.state)


def divergence_of(run: Path) -> Divergence | None:
    """Read how the training of a run diverged; None if it did not, or if its summary cannot be read."""
    if not (run / SUMMARY_FILE).is_file():
        return None
    try:
        summary = read_table(run / SUMMARY_FILE, parse_json)
    except RunError:
        return None
    found, remedy = summary.get("diverged"), summary.get("remedy")
    return Divergence(found, remedy) if isinstance(found, str) and isinstance(remedy, str) else None


def training_rows(path: str | os.PathLike[str]) -> NDArray[np.uint64] | None:
    """Read the digests of the rows that a model was trained on; None if there are none beside it.

    Parameters
    ----------
    path : path
        The folder of a run, or a model file in it.
    """
    path = Path(path)
    beside = (path if path.is_dir() else path.parent) / ROWS_FILE
    if not beside.is_file():
        return None
    with files.run_errors(beside):
        return read_digests(beside)


def list_runs(root: str | os.PathLike[str] = RUNS) -> list[Path]:
    """List the finished runs in a folder, by name and then number.

    Examples
    --------
    >>> list_runs("no/such/folder")
    []
    """
    root = Path(root)
    found = root.glob(f"*/{MODEL_FILE}") if root.is_dir() else ()
    return sorted((model.parent for model in found if not _missing(model.parent)), key=name_and_number)


def _missing(path: Path) -> list[str]:
    """List what the folder of a finished run needs and this one lacks."""
    return [name for name in (MODEL_FILE, SUMMARY_FILE, CONFIG_FILE) if not (path / name).is_file()]


def _name_runs(path: Path) -> str:
    """Suggest the runs that exist near the path and in the usual place."""
    runs = list(dict.fromkeys([*list_runs(path), *list_runs(path.parent), *list_runs()]))
    if not runs:
        return "train a network with `handgrad train`"
    more = f" and {len(runs) - _LISTED} more" if len(runs) > _LISTED else ""
    return f"choose one of {', '.join(map(str, runs[:_LISTED]))}{more}"
