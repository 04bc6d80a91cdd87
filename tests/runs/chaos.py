"""Trainings that are killed at random moments and continued, compared with one that is left alone.

``python -m tests.runs.chaos 1000`` kills a thousand times, and prints a table: how often, what was lost, and that the
weights, the history and the pictures are those of the training without interruption. The processes are forked from one
that has imported everything, so that a kill hits the training, and not the imports.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

# Imported once, and not in every process that is forked:
import matplotlib.backends.backend_agg
import matplotlib.figure
import matplotlib.ticker  # noqa: F401
import numpy as np

from handgrad.data import Dataset, load_data
from handgrad.runs.config import DataFlags, NetworkFlags, RunSettings, TrainConfig, TrainingFlags
from handgrad.runs.train import train_run
from handgrad.training import Record

FORKS = multiprocessing.get_context("forkserver")
PICTURES = ("curves.png", "first_layer.png", "confusion.png")
KINDS: Mapping[str, Mapping[str, Any]] = {
    "mini-batches": {"optimizer": "adam", "learning_rate": 0.01},
    "full batch": {"full_batch": True, "epochs": 40, "evaluate_every": 7},
    "dropout": {"optimizer": "momentum", "dropout": 0.3, "input_dropout": 0.1},
    "one cycle, two threads": {"optimizer": "adamw", "schedule": "one_cycle", "clip": 1.0, "threads": 2},
    "early stop": {"optimizer": "adam", "learning_rate": 0.1, "schedule": "constant", "patience": 2},
}


def passed_on(records: Iterable[Record], *_: Any) -> Iterable[Record]:
    """Show nothing."""
    return records


def configuration(folder: Path, dtype: Any = "float32", patience: int | None = None, **settings: Any) -> TrainConfig:
    """Describe a training of about a quarter of a second, with very many checkpoints."""
    training = TrainingFlags(**{"epochs": 12, "batch_size": 20, "log_every": 7, "engine": "numpy", **settings})
    run = RunSettings(folder, checkpoint_seconds=0.002, patience=patience)
    return TrainConfig(DataFlags(data="digits"), NetworkFlags((20,), dtype=dtype), training, run)


def some_digits() -> Dataset:
    """Return a third of the digits, with a sixth to validate on."""
    digits = load_data("digits")
    return replace(
        digits,
        X_train=digits.X_train[::3], y_train=digits.y_train[::3], X_test=digits.X_test[::3], y_test=digits.y_test[::3],
        X_validation=digits.X_train[1::6], y_validation=digits.y_train[1::6],
    )  # fmt: skip


VALIDATED = some_digits()
DATA = replace(VALIDATED, X_validation=None, y_validation=None)


def train_quietly(config: TrainConfig) -> None:
    """Train, or continue, in a process of its own."""
    with Path(os.devnull).open("w") as nothing, redirect_stderr(nothing):
        train_run(config, DATA if config.run.patience is None else VALIDATED, passed_on, lambda _: None)


@dataclass
class Count:
    """What has happened: kills, those within a save, and trainings that came to their end."""

    kills: int = 0
    in_a_save: int = 0
    finished: int = 0


def interrupted(config: TrainConfig, rng: np.random.Generator, longest: float, count: Count) -> None:
    """Train with a kill at random moments until the training is finished."""
    run = config.run.run
    assert run is not None
    while True:
        longest *= 1.1  # on a machine that has become slower, every training must come to its end
        again = (run / "config.toml").is_file()
        if not again and run.is_dir():  # killed before there was anything
            for path in run.iterdir():
                path.unlink()
        now = replace(config, run=replace(config.run, run=None, resume=run)) if again else config
        process = FORKS.Process(target=train_quietly, args=(now,))
        process.start()
        process.join(rng.uniform(0, longest))
        if process.exitcode is None:
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            process.join()
        if process.exitcode == 0:
            count.finished += 1
            return
        assert process.exitcode == -signal.SIGKILL, "the training ended with an error"
        count.kills += 1
        count.in_a_save += any(run.glob(".*.part"))


def traces(run: Path) -> dict[str, bytes]:
    """Return what must be the same for two trainings: weights, history without times, and pictures."""
    found = {name: (run / name).read_bytes() for name in ("model.safetensors", *PICTURES)}
    found["history"] = re.sub(rb'"train_seconds": [^,]+, ', b"", (run / "history.jsonl").read_bytes())
    return found


def differing(kind: str, dtype: str, folder: Path, kills: int, seed: int) -> tuple[list[str], Count]:
    """Kill trainings of one kind as often as asked, and name what differs at their ends."""
    FORKS.set_forkserver_preload(["runs.chaos"])
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # by which the server of forks finds it
    count, rng, differences = Count(), np.random.default_rng(seed), set[str]()
    whole = configuration(folder / "whole", dtype, **KINDS[kind])
    process = FORKS.Process(target=train_quietly, args=(whole,))
    process.start()
    process.join()
    began = time.perf_counter()
    process = FORKS.Process(target=train_quietly, args=(configuration(folder / "again", dtype, **KINDS[kind]),))
    process.start()
    while not (folder / "again" / "summary.json").exists():  # the pictures that follow take longer than the training
        time.sleep(0.001)
    longest = time.perf_counter() - began
    process.join()
    wanted = traces(folder / "whole")
    while count.kills < kills:
        run = folder / f"killed-{count.finished}"
        interrupted(configuration(run, dtype, **KINDS[kind]), rng, longest, count)
        differences |= {name for name, content in traces(run).items() if content != wanted[name]}
        assert not list(run.glob(".*.part")), "something was left behind"
    return sorted(differences), count


if __name__ == "__main__":
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    say = partial(print, flush=True)
    say("| training | dtype | kills | within a save | finished | differs |\n|---|---|---|---|---|---|")
    cases = [(kind, dtype) for kind in KINDS for dtype in ("float32", "float64")]
    for number, (kind, dtype) in enumerate(cases):
        with tempfile.TemporaryDirectory() as folder:
            found, count = differing(kind, dtype, Path(folder), -(-total // len(cases)), number)
        differs = ", ".join(found) or "nothing"
        say(f"| {kind} | {dtype} | {count.kills} | {count.in_a_save} | {count.finished} | {differs} |")
