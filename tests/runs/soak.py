"""Trainings one after the other and several at once, in one process, to see whether anything grows.

``python -m tests.runs.soak 3600`` works for an hour and prints a table of the memory, the open files and the threads of
the process. Each round trains four runs at once, in threads, with both engines, stops and continues one, evaluates and
predicts, and reads a table of its own making.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.data import load_data
from handgrad.runs.config import RunSettings, TrainConfig
from handgrad.runs.evaluate import evaluate_run
from handgrad.runs.train import train_run
from handgrad.runs.use import predict_inputs
from handgrad.training import Record

from .chaos import DATA, configuration, passed_on, traces

WARM_UP = 15  # rounds, after which caches are filled and the memory pools of all threads have been made


@dataclass(frozen=True)
class Sample:
    """What a process has after a number of rounds."""

    rounds: int
    seconds: float
    mebibytes: float
    files: int
    threads: int


def sample(rounds: int, seconds: float) -> Sample:
    """Measure this process, from what Linux tells of it."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Sample(
        rounds,
        seconds,
        pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        sum(1 for _ in Path("/proc/self/fd").iterdir()) - 1,  # without the one that lists them
        threading.active_count(),
    )


def soak(seconds: float) -> Iterator[Sample]:
    """Work for a time, and yield a sample after each round that follows the warm-up.

    Raises
    ------
    AssertionError
        If a training ends with other bits than the first one with its settings.
    """
    began, rounds, first = time.monotonic(), 0, list[dict[str, bytes]]()
    while rounds <= WARM_UP or time.monotonic() - began < seconds:
        with tempfile.TemporaryDirectory() as folder:
            found = one_round(Path(folder))
        first = first or found
        assert found == first, "a training ended with other bits"
        rounds += 1
        if rounds > WARM_UP:
            yield sample(rounds, time.monotonic() - began)


def one_round(folder: Path) -> list[dict[str, bytes]]:
    """Train, stop, continue, evaluate and predict; return what the trainings left."""
    configs = [
        configuration(folder / f"{engine}-{seed}", epochs=3, engine=engine, seed=seed)
        for engine in ("numpy", "compiled")
        for seed in (0, 1)
    ]
    with ThreadPoolExecutor(len(configs)) as pool:
        runs = [done.run for done in pool.map(trained, configs)]
    runs.append(stopped_and_continued(configuration(folder / "stopped", epochs=3)))
    for run in runs:
        evaluate_run(run, None, lambda _: None)
        np.save(folder / "rows.npy", DATA.X_test[:20] * 16)
        predict_inputs(run, [folder / "rows.npy"], lambda _: None)
    table = folder / "table.csv"
    table.write_text("a,b,kind\n" + "".join(f"{i % 7},{i % 5},{'xy'[i % 2]}\n" for i in range(2000)))
    load_data(str(table))
    return [traces(run) for run in runs]


def trained(config: TrainConfig) -> Any:
    """Train silently."""
    return train_run(config, DATA, passed_on, lambda _: None)


def stopped_and_continued(config: TrainConfig) -> Path:
    """Train until Ctrl-C, and then the rest."""

    def show(records: Iterable[Record], *_: Any) -> Iterator[Record]:
        for record in records:
            yield record
            if record.step == 14:
                signal.raise_signal(signal.SIGINT)

    run = config.run.run
    assert run is not None
    try:
        train_run(config, DATA, show, lambda _: None)
    except KeyboardInterrupt:
        trained(replace(config, run=RunSettings(resume=run)))
    return run


def growth(samples: list[Sample]) -> tuple[float, int, int]:
    """Compare the last quarter with the first: memory (ratio of the medians), most files and most threads (more by)."""
    quarter = max(1, len(samples) // 4)
    first, last = samples[:quarter], samples[-quarter:]
    memory = float(np.median([one.mebibytes for one in last]) / np.median([one.mebibytes for one in first]))
    files = max(one.files for one in last) - max(one.files for one in first)
    threads = max(one.threads for one in last) - max(one.threads for one in first)
    return memory, files, threads


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    say = partial(print, flush=True)
    say("| minutes | rounds | memory, MiB | open files | threads |\n|---|---|---|---|---|")
    collected, due = list[Sample](), 0.0
    for one in soak(float(sys.argv[1]) if len(sys.argv) > 1 else 3600):
        collected.append(one)
        if one.seconds >= due:
            say(f"| {one.seconds / 60:.1f} | {one.rounds} | {one.mebibytes:.0f} | {one.files} | {one.threads} |")
            due = one.seconds + 300
    memory, files, threads = growth(collected)
    say(f"last quarter compared with the first: memory {memory:.3f} times, files {files:+}, threads {threads:+}")
