"""Continuing a run: what must be as it was, and what may change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

from handgrad.errors import RunError, SettingError
from handgrad.runs.checkpoint import Checkpoint, Origin, read_checkpoint
from handgrad.runs.config import TrainConfig, run_settings
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
        If there is no whole checkpoint, or the number of epochs cannot be changed.
    """
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
        tell(f"{run} has no checkpoint, so its training begins again")
        return config, None
    return replace(
        config, training=replace(config.training, engine=cast(EngineName, checkpoint.origin.engine))
    ), checkpoint


def compare(run: Path, before: Origin, now: Origin, tell: Callable[[str], None]) -> None:
    """Refuse to continue with data that are not those of the beginning; say so if handgrad has another version.

    Raises
    ------
    RunError
        If the data differ.
    """
    if before.data != now.data:
        raise RunError(
            f"the data are not those with which {run} was begun",
            "the same rows and labels, in the same order",
            "restore the data, or train a new run",
        )
    if before.version != now.version:
        tell(
            f"{run} was begun with handgrad {before.version}, and this is {now.version}: "
            "the weights may differ from those of a training without interruption"
        )
