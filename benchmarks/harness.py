"""The contestants' processes, their turns, and the record of a contest.

Every contestant has its own process, started once per contest. They take turns, A B C A B C ..., and only one works at
a time. After a turn there is a pause, in which a library's waiting threads go to sleep (OpenMP and OpenBLAS let them
spin for some milliseconds). All contestants are idle then, so any busy core is doing other work, which would distort
the figures: two threads that wait for each other can be a hundred times slower if they share a core with another
process. That load is measured and recorded with the contest.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.contestants import CONTESTANTS
from benchmarks.contests import Contest, Task
from benchmarks.statistics import compare, summarise

ROOT = Path(__file__).parents[1]
PAUSE = 0.3  # seconds between two turns
PATIENCE = 900.0  # seconds that a process may take to answer
BASES = ("handgrad", "handgrad-numpy")  # what all are compared with: the first of them that has rounds

SETTLED = 1 / 3  # of a pause: after that no thread spins any more
QUIET = 0.15  # cores busy with other work, up to which figures can be trusted

Say = Callable[[str], None]


@dataclass(frozen=True)
class Setup:
    """What a whole run shares: the folder of the data, the threads, the rounds of a contest, and the pauses.

    With ``empty_caches`` nothing that was compiled earlier is used, so that cold starts are cold.
    """

    folder: Path
    threads: int
    rounds: int
    pause: float = PAUSE
    patience: float = PATIENCE
    empty_caches: bool = True


class Gone(Exception):  # noqa: N818 - it ends a contestant, not the run
    """Why a contestant has no more turns; ``status`` is "skipped" or "failed"."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Worker:
    """A contestant's process, asked one line at a time."""

    def __init__(self, name: str, task: Task, setup: Setup) -> None:
        self.patience = setup.patience
        self.errors = (setup.folder / f"{name}.err").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker"],
            cwd=ROOT,
            env=environment(setup),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is handled by the parent, which then ends its children
        )
        self.answers: queue.Queue[str] = queue.Queue()
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        fewer = setup.threads < machine.cores() and hasattr(os, "sched_getaffinity")
        cpus = sorted(os.sched_getaffinity(0))[: setup.threads] if fewer else []
        request = {
            "contestant": name,
            "task": asdict(task),
            "folder": str(setup.folder),
            "threads": setup.threads,
            "cpus": cpus,
        }
        self._send(request)

    def _listen(self) -> None:
        """Put the process's lines into a queue, and an empty line at the end."""
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe
        for line in self.process.stdout:
            self.answers.put(line)
        self.answers.put("")

    def _send(self, message: dict[str, Any]) -> None:
        """Write one line; the answer shows whether it arrived."""
        assert self.process.stdin is not None  # noqa: S101 - it is a pipe
        with suppress(OSError):
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """Wait for an answer.

        Raises
        ------
        Gone
            If the contestant cannot take part, failed, died or is too slow.
        """
        try:
            line = self.answers.get(timeout=self.patience)
        except queue.Empty:
            raise Gone("failed", f"no answer within {self.patience:g} seconds") from None
        if not line:
            raise Gone("failed", f"its process ended with {self.process.wait()}: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        for status in ("skipped", "failed"):
            if status in answer:
                raise Gone(status, answer[status])
        return answer

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        self._send(message)
        return self.receive()

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        self.listener.join(timeout=5.0)
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            with suppress(OSError):  # what the dead process has not read cannot be flushed
                if stream is not None:
                    stream.close()

    def _last_words(self) -> str:
        """Return the last line that it wrote to its standard error."""
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "no message"


def environment(setup: Setup) -> dict[str, str]:
    """Give all libraries the same number of threads, keep them on the CPU, and give them this run's caches."""
    threads, caches = str(setup.threads), setup.folder / "caches"
    folders = {"NUMBA_CACHE_DIR": str(caches / "numba"), "TORCHINDUCTOR_CACHE_DIR": str(caches / "inductor")}
    return {
        **os.environ,
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), threads),
        "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu",
        **(folders if setup.empty_caches else {}),
        "TORCHINDUCTOR_COMPILE_THREADS": "1",  # in the process itself: no helpers that outlive it
    }


@contextmanager
def started(name: str, task: Task, setup: Setup) -> Iterator[Worker]:
    """Start a contestant's process, and end it afterwards."""
    worker = Worker(name, task, setup)
    try:
        yield worker
    finally:
        worker.stop()


def run_contest(contest: Contest, setup: Setup, say: Say = lambda _: None) -> dict[str, Any]:
    """Run a contest; a contestant that fails drops out, and the others go on.

    Parameters
    ----------
    contest : Contest
    setup : Setup
        Its folder holds the data.
    say : callable
        Called with a line about what happens.

    Returns
    -------
    dict
        For JSON: the contest, and each contestant's status, rounds and figures.
    """
    began, before = time.perf_counter(), machine.load()
    results: dict[str, dict[str, Any]] = {}
    workers: dict[str, Worker] = {}
    strangers: list[float] = []
    with ExitStack() as stack:

        def attempt(name: str, turn: Callable[[], None]) -> None:
            try:
                turn()
            except Gone as gone:
                results[name] |= {"status": gone.status, "reason": str(gone)}
                if name in workers:
                    workers.pop(name).stop()
                say(f"{contest.name}: {CONTESTANTS[name].label} {gone.status}: {gone}")

        def start(name: str) -> None:
            say(f"{contest.name}: {CONTESTANTS[name].label} starts")
            workers[name] = stack.enter_context(started(name, contest.task, setup))
            results[name] |= workers[name].receive()

        def play(name: str, number: int) -> None:
            answer = workers[name].ask({"do": "round", "number": number})
            results[name]["rounds"].append(answer["seconds"])
            if answer["score"] is not None:
                results[name]["scores"].append(answer["score"])

        for name in contest.contestants:
            results[name] = {
                "contestant": name,
                "label": CONTESTANTS[name].label,
                "competes": CONTESTANTS[name].competes,
                "status": "ok",
                "reason": None,
                "rounds": [],
                "scores": [],
            }
            attempt(name, lambda: start(name))  # noqa: B023 - called at once
        for number in range(setup.rounds if contest.rounds is None else contest.rounds):
            say(f"{contest.name}: round {number + 1}")
            for name in list(workers):
                rest(setup.pause, strangers)
                attempt(name, lambda: play(name, number))  # noqa: B023 - called at once
        for name in list(workers):
            rest(setup.pause, strangers)
            attempt(name, lambda: results[name].update(workers[name].ask({"do": "finish"})))  # noqa: B023 - likewise
    if contest.restart:
        for name in workers:
            say(f"{contest.name}: {CONTESTANTS[name].label} starts again")
            results[name]["restart"] = _start_again(name, contest.task, setup)
    return {
        "name": contest.name,
        "group": contest.group,
        "title": contest.title,
        "unit": contest.unit,
        "measure": contest.measure,
        "target": contest.target,
        "task": asdict(contest.task),
        "load": {"before": before, "after": machine.load()},
        "other_work_cores": sum(strangers) / len(strangers) if strangers else None,
        "wall_seconds": time.perf_counter() - began,
        "results": with_figures(list(results.values())),
    }


def rest(pause: float, strangers: list[float]) -> None:
    """Pause, and note how many cores are busy once the last contestant's threads have gone to sleep."""
    time.sleep(pause * SETTLED)
    before = machine.ticks()
    time.sleep(pause * (1 - SETTLED))
    busy = machine.busy_cores(before, machine.ticks())
    if busy is not None:
        strangers.append(busy)


def _start_again(name: str, task: Task, setup: Setup) -> dict[str, float] | None:
    """Measure a second start, with the caches that the first one filled."""
    time.sleep(setup.pause)
    try:
        with started(name, task, setup) as worker:
            ready = worker.receive()
    except Gone:
        return None
    return {key: ready[key] for key in ("import_seconds", "build_seconds", "first_round_seconds", "peak_memory_mib")}


def with_figures(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add the figures to the rounds: their summary, the ratios to handgrad's, and the cold start."""
    rounds = {result["contestant"]: result["rounds"] for result in results}
    base = next((name for name in BASES if rounds.get(name)), None)
    for result in results:
        if not result["rounds"]:
            continue
        summary = summarise(result["rounds"])
        result["summary"] = asdict(summary)
        result["cold_seconds"] = cold(result, summary.median)
        if result.get("restart"):
            result["restart"]["cold_seconds"] = cold(result["restart"], summary.median)
        if base is not None:
            result["base"] = base
            result["ratio"] = asdict(compare(result["rounds"], rounds[base]))
    return results


def cold(start: dict[str, Any], median: float) -> float:
    """Compute what a start costs: import, building, and the extra time of the first round."""
    first = start["first_round_seconds"] - median
    return float(start["import_seconds"] + start["build_seconds"] + max(0.0, first))
