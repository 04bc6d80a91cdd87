"""The runs in a folder: how far they are, how good, and whether they are whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from handgrad.data.folders.listing import RUN_FILES
from handgrad.errors import HandgradError, RunError
from handgrad.model.safetensors import MODEL_FILE
from handgrad.reporting.records import read_history
from handgrad.runs.checkpoint import has_checkpoint
from handgrad.runs.config import run_settings
from handgrad.runs.folder import RUNS
from handgrad.runs.loading import Loaded, divergence_of, loaded, of_checkpoint
from handgrad.runs.lock import is_locked
from handgrad.training.loop import Record

State = Literal["finished", "stopped", "diverged", "running", "broken"]
_SETS = ("validation", "test", "train")  # the accuracy on the first that a history has one of


@dataclass(frozen=True)
class Overview:
    """One run in short.

    Attributes
    ----------
    name : str
        The path of its folder.
    state : {"finished", "stopped", "diverged", "running", "broken"}
        stopped: it can be continued, whether it was stopped or killed. diverged: its last checkpoint can be used, but
        not continued. broken: nothing can be done with it.
    data : str
    layer_sizes : tuple of int
        Empty if they are not known.
    epochs, planned : int
        Those that are complete in what can be used or continued, and those of the whole training. Of a training that is
        running, those that have been evaluated.
    measured_on : {"validation", "test", "train", ""}
        The set on which ``best`` and ``last`` were measured: the first of these that was evaluated.
    best, last : float or None
        Accuracies up to there; the last is that of the weights that are kept.
    seconds : float
        Time spent in training steps up to there.
    """

    name: str
    state: State
    data: str = ""
    layer_sizes: tuple[int, ...] = ()
    epochs: int = 0
    planned: int = 0
    measured_on: str = ""
    best: float | None = None
    last: float | None = None
    seconds: float = 0.0


def overview(
    folder: Path = RUNS, sort: Literal["name", "epochs", "best", "last", "seconds"] = "name"
) -> list[Overview]:
    """Describe the runs in a folder.

    Parameters
    ----------
    folder : path
        One with runs in it, or a run itself.
    sort : {"name", "epochs", "best", "last", "seconds"}
        Numbers are sorted with the largest first.

    Raises
    ------
    RunError
        If there is no such folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as empty:
    ...     overview(Path(empty))
    []
    """
    if not folder.is_dir():
        raise RunError(f"there is no folder {folder}", "a folder with runs", "train a network with `handgrad train`")
    runs = [folder] if _is_run(folder) else sorted(filter(_is_run, folder.iterdir()))
    found = [_described(run) for run in runs]
    return found if sort == "name" else sorted(found, key=lambda one: -(getattr(one, sort) or 0.0))


def _is_run(folder: Path) -> bool:
    """Say whether a folder is a run; one that cannot be looked into may be."""
    try:
        return any((folder / name).is_file() for name in RUN_FILES)
    except OSError:
        return True


def _described(run: Path) -> Overview:
    """Describe one run."""
    running = is_locked(run)
    try:
        settings = run_settings(run)
        if type(planned := settings.get("epochs")) is not int or "data" not in settings:
            raise RunError(f"{run} lacks the settings of a training", "an unchanged config.toml", "train again")
        history = run / RUN_FILES[1]
        evaluations = [one for one in read_history(history) if one.kind == "evaluation"] if history.exists() else []
        state: State = "stopped"
        found = None
        if has_checkpoint(run) or (run / MODEL_FILE).is_file():  # otherwise it was killed before there was anything
            found = _usable(run)
            last = _last(run, found)
            ended = last.epoch >= planned or "stopped_early" in found.summary
            if found.summary and "stopped" not in found.summary and ended:
                state = "finished"
        if divergence_of(run):
            state = "diverged"
    except (HandgradError, OSError):
        return Overview(str(run), "running" if running else "broken")
    if running or found is None:
        last = evaluations[-1] if evaluations else Record("evaluation", 0, 0, 0.0, 0.0)
    measured_on, scores = _scores([*(one for one in evaluations if one.step <= last.step), last])
    return Overview(
        str(run),
        "running" if running else state,
        str(settings["data"]),
        found.model.network.layer_sizes if found else (),
        last.epoch,
        planned,
        measured_on,
        max(scores, default=None),
        scores[-1] if scores else None,
        last.train_seconds,
    )


def _usable(run: Path) -> Loaded:
    """Load what can be used of a run, or else continued."""
    try:
        return loaded(run)
    except RunError:
        if not has_checkpoint(run):
            raise
        return of_checkpoint(run)


def _last(run: Path, found: Loaded) -> Record:
    """Say where the training of a network stood, and how good it was, if its summary knows."""
    if found.state is not None:
        return Record("evaluation", found.state.epoch, found.state.step, 0.0, found.state.seconds)
    numbers = {name: value for name, value in found.summary.items() if type(value) in (int, float)}
    if not {"epochs", "steps", "train_seconds"} <= set(numbers):
        raise RunError(f"the summary of {run} lacks its figures", "an unchanged summary.json", "train again")
    figures = {name: value for name, value in numbers.items() if name in map(_accuracy, _SETS)}
    return Record("evaluation", numbers["epochs"], numbers["steps"], 0.0, numbers["train_seconds"], figures)


def _scores(evaluations: Sequence[Record]) -> tuple[str, list[float]]:
    """Return the set whose accuracies count, and the accuracies."""
    for name in _SETS:
        if scores := [one.figures[_accuracy(name)] for one in evaluations if _accuracy(name) in one.figures]:
            return name, scores
    return "", []


def _accuracy(name: str) -> str:
    """Name the accuracy on a set as records do."""
    return f"{name}_accuracy"
