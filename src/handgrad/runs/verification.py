"""A run repeated from what its folder records, to see whether the bits are the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from handgrad.data import Dataset
from handgrad.errors import RunError
from handgrad.runs.comparison import Difference, compare_runs
from handgrad.runs.config import RunSettings, TrainConfig
from handgrad.runs.environment import read_environment
from handgrad.runs.loading import divergence_of, load_run
from handgrad.runs.resume import refuse_other_data
from handgrad.runs.train import Show, train_run
from handgrad.training.settings import Engine as EngineName


def verify(run: Path, config: TrainConfig, data: Dataset, show: Show, tell: Callable[[str], None]) -> list[Difference]:
    """Train again, in a folder of its own, and list what differs; nothing if the bits agree.

    Parameters
    ----------
    run : path
    config : TrainConfig
        The settings of the run.
    data : Dataset
        The data that they name.
    show, tell : callable
        As for :func:`train_run`.

    Returns
    -------
    list of Difference
        The first record and the first array that differ, and, if there are any, what differs in the environment.

    Raises
    ------
    RunError
        If the run is not finished, or the data are others.
    """
    if end := divergence_of(run):
        raise RunError(f"{run} has diverged: {end.found}", "a finished run", end.remedy)
    _, summary, _ = load_run(run)
    if not summary or "stopped" in summary:
        raise RunError(f"{run} is not finished", "a finished run", f"continue it with `handgrad train --resume {run}`")
    before = read_environment(run)
    training = replace(config.training, engine=cast(EngineName, before.get("engine", config.training.engine)))
    with TemporaryDirectory() as folder:
        again = Path(folder) / "again"
        here = RunSettings(again, on_divergence=config.run.on_divergence, patience=config.run.patience)

        def checked(*arguments: object) -> object:
            """Look at the data before the first step."""
            now = read_environment(again)
            refuse_other_data(run, before.get("data"), now["data"])
            return show(*arguments)  # type: ignore[arg-type]

        try:
            train_run(replace(config, training=training, run=here), data, cast(Show, checked), tell)
        except KeyboardInterrupt:  # which would name the folder that is about to be removed
            raise KeyboardInterrupt(f"{run} is as it was, and has not been verified") from None
        found = [one for one in compare_runs(run, again) if not one.what.startswith("setting ")]
        now = read_environment(again)
    if not found:
        return []
    others = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return [*found, *(Difference(f"environment {name}", before.get(name, ""), now.get(name, "")) for name in others)]
