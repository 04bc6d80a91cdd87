"""Continuing a run: what must be as it was, and what may change."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from handgrad.errors import RunError, SettingError
from handgrad.model.safetensors import MODEL_FILE
from handgrad.runs.checkpoint import Checkpoint, Origin, has_checkpoint, read_checkpoint
from handgrad.runs.config import TrainConfig, run_settings
from handgrad.runs.folder import CONFIG_FILE
from handgrad.runs.loading import divergence_of, loaded
from handgrad.training.schedules import OPEN_ENDED
from handgrad.training.settings import Engine as EngineName


def continued(config: TrainConfig, run: Path, tell: Callable[[str], None]) -> tuple[TrainConfig, Checkpoint | None]:
    """Return the settings with which a run continues, and where it stands; None if it must begin again.

    Parameters
    ----------
    config : TrainConfig
        The settings of the run, perhaps with more epochs.
    run : path
    tell : callable
        Called with what the user should know.

    Raises
    ------
    RunError, SettingError
        If there is no whole checkpoint, the training has diverged, or the number of epochs cannot be changed.
    """
    if end := divergence_of(run):
        raise RunError(f"{run} has diverged, and would do so again: {end.found}", "another training", end.remedy)
    epochs, before = config.training.epochs, run_settings(run).get("epochs", 0)
    schedule = config.training.schedule
    if epochs < before:
        raise SettingError(f"--epochs is {epochs}; the run has {before}", f"at least {before}", "leave it out")
    if epochs > before and schedule not in OPEN_ENDED:
        raise SettingError(
            f"--epochs is {epochs}; the run has {before}, and its schedule {schedule} depends on their number",
            f"{before} epochs, or the schedule {' or '.join(OPEN_ENDED)}",
            f"train a new run with --epochs {epochs}",
        )
    checkpoint = read_checkpoint(run, tell)
    if checkpoint is None:
        if _is_finished(run):  # to begin again would destroy it
            raise RunError(
                f"{run} is finished, and has no checkpoint to continue from",
                "a run with a checkpoint",
                f"train a new run with --config {run / CONFIG_FILE}",
            )
        tell(f"{run} has no checkpoint, so its training begins again")
        return config, None
    if epochs > before and checkpoint.best is not None and not checkpoint.best.left:
        raise SettingError(
            f"--epochs is {epochs}; {run} has stopped early, after {checkpoint.state.epoch} of {before} epochs",
            "a run whose validation loss was still falling",
            "train a new run with a larger --patience",
        )
    return replace(
        config, training=replace(config.training, engine=cast(EngineName, checkpoint.origin.engine))
    ), checkpoint


def compare(run: Path, before: Origin, now: Origin, tell: Callable[[str], None]) -> None:
    """Refuse to continue with other data or settings than at the beginning; say so if handgrad has another version.

    Raises
    ------
    RunError
        If data or settings differ.
    """
    earlier, settings = json.loads(before.settings), json.loads(now.settings)
    if others := [name for name in {**earlier, **settings} if earlier.get(name) != settings.get(name)]:
        found, begun = _listed(settings, others), _listed(earlier, others)
        raise RunError(
            f"{run / CONFIG_FILE} has {found}, and the run was begun with {begun}",
            "the settings of the beginning",
            f"write them back, or train a new run with --config {run / CONFIG_FILE}",
        )
    refuse_other_data(run, before.data, now.data)
    if before.version != now.version:
        tell(
            f"{run} was begun with handgrad {before.version}, and this is {now.version}: "
            "the weights may differ from those of a training without interruption"
        )


def how_to_repair(run: Path) -> str:
    """Say what to do about a run in which files could not be written, in words that follow "and"."""
    if has_checkpoint(run):
        return f"run `handgrad train --resume {run}`, which writes them"
    if _is_finished(run):
        return f"train again with --config {run / CONFIG_FILE}, because no checkpoint could be written"
    return f"run `handgrad train --resume {run}`, which trains again, because no checkpoint could be written"


def _is_finished(run: Path) -> bool:
    """Say whether a run has the model and the summary of a training that came to its end."""
    try:
        summary = loaded(run).summary if (run / MODEL_FILE).is_file() else {}
    except RunError:
        return False
    return bool(summary) and "stopped" not in summary


def refuse_other_data(run: Path, before: str | None, now: str | None) -> None:
    """Refuse data with another digest than those with which a run was begun."""
    if before != now:
        raise RunError(
            f"the data are not those with which {run} was begun",
            "the same rows and labels, in the same order",
            "restore the data, or train a new run",
        )


def _listed(settings: Mapping[str, Any], names: Sequence[str]) -> str:
    """Write some of the settings in a message."""
    return ", ".join(f"{name} = {settings[name]}" if name in settings else f"no {name}" for name in names)
