"""One contestant's process: it reads requests as JSON lines from its input and answers each with one line.

The first line names the contestant and the task. Then every ``round`` is timed here, and ``finish`` asks for the score.
Between two requests the process waits, blocked on the pipe.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any, TextIO

import numpy as np

from benchmarks.contestants import CONTESTANTS, Runner, Unable
from benchmarks.contests import Task, task_from
from benchmarks.data import Data, order_of, rates_of, read
from benchmarks.machine import memory_mib, versions

CHUNK = 2000  # rows scored at a time


def main() -> None:
    """Answer requests until there are no more; a failure is an answer too."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    try:
        serve(json.loads(sys.stdin.readline()), channel)
    except (Unable, ImportError) as reason:
        answer(channel, {"skipped": str(reason)})
    except Exception as error:
        traceback.print_exc()
        answer(channel, {"failed": f"{type(error).__name__}: {str(error).strip().splitlines()[:1]}"})
    finally:
        channel.flush()
        os._exit(0)  # some libraries' threads would keep the process alive, or crash it at exit


def answer(channel: TextIO, message: dict[str, Any]) -> None:
    """Write one line."""
    channel.write(json.dumps(message) + "\n")
    channel.flush()


def serve(request: dict[str, Any], channel: TextIO) -> None:
    """Build the contestant, play its first round, then do as asked."""
    if request["cpus"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, request["cpus"])
    contestant, task = CONTESTANTS[request["contestant"]], task_from(request["task"])
    began = perf_counter()
    module = import_module(f"benchmarks.contestants.{contestant.module}")
    import_seconds = perf_counter() - began
    folder = Path(request["folder"])
    train = read(folder, task, "train", module.DTYPE)
    test = cache(lambda: read(folder, task, "test", module.DTYPE))  # not in memory until it is needed
    memory = memory_mib("VmRSS")
    began = perf_counter()
    runner = module.build(task, train, request["threads"], **contestant.options)
    build_seconds = perf_counter() - began
    del train  # the runner keeps what it needs, perhaps in another form
    gc.collect()
    answer(
        channel,
        {
            "import_seconds": import_seconds,
            "build_seconds": build_seconds,
            "first_round_seconds": play(runner, task, test, -1),
            "memory_before_mib": memory,
            "peak_memory_mib": memory_mib("VmHWM"),
            "versions": versions(module.VERSIONS),
            "pools": _pools(),
        },
    )
    for line in sys.stdin:
        message = json.loads(line)
        if message["do"] == "round":
            seconds = play(runner, task, test, message["number"])
            answer(channel, {"seconds": seconds, "score": score(runner, task, test()) if task.afresh else None})
        else:
            peak = memory_mib("VmHWM")
            extras = runner.extras() if hasattr(runner, "extras") else {}
            competes = contestant.competes and task.kind != "predict"
            final = score(runner, task, test()) if competes else None
            answer(channel, {"peak_memory_mib": peak, "score": final, "extras": extras})


def play(runner: Runner, task: Task, test: Callable[[], Data], number: int) -> float:
    """Time one round; what all contestants need is prepared before the clock starts."""
    if task.kind == "predict":
        given = test().X
        X = np.ascontiguousarray(np.resize(given, (task.rows, given.shape[1])))
        began = perf_counter()
        for _ in range(task.repeats):
            predicted = runner.predict(X)
        seconds = perf_counter() - began
        if predicted.shape != (task.rows, task.sizes[-1]) or not np.allclose(predicted.sum(axis=1), 1, atol=1e-3):
            raise ValueError(f"predict gave {predicted.shape}, or rows that do not sum to 1")
        return seconds / task.divisor
    order, rates = order_of(task, number), rates_of(task)
    if task.afresh:
        runner.reset(number + 1)
    began = perf_counter()
    runner.steps(order, rates)
    return (perf_counter() - began) / task.divisor


def score(runner: Runner, task: Task, test: Data) -> float:
    """Compute the test accuracy, or for regression the coefficient of determination."""
    parts = [runner.predict(test.X[start : start + CHUNK]) for start in range(0, len(test.X), CHUNK)]
    predicted = np.concatenate(parts)
    if task.loss == "cross_entropy":
        return float(np.mean(predicted.argmax(axis=1) == test.y))
    residual = predicted.reshape(test.y.shape) - test.y
    return float(1 - np.mean(residual**2) / np.var(test.y))


def _pools() -> list[dict[str, Any]]:
    """List the thread pools of the libraries in this process, without the paths of their files."""
    from threadpoolctl import threadpool_info

    keep = ("user_api", "internal_api", "version", "num_threads", "threading_layer", "architecture")
    return [{key: pool[key] for key in keep if key in pool} for pool in threadpool_info()]


if __name__ == "__main__":
    main()
