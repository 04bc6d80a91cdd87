"""Reads, checks and judges submissions in worker processes, each submission within limits.

A submission's code runs in the sandbox, but its file and its answers are read and judged here, and must not stop the
grading of a class. A worker that needs too much time or memory is ended. Its submission gets a reason instead of
points, and a new worker takes the next one.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path

from handgrad.errors import HandgradError
from handgrad.exercises.check import check_submission
from handgrad.exercises.grading.collect import Found
from handgrad.exercises.report.feedback import own_text
from handgrad.exercises.results import Checked, Language
from handgrad.exercises.sandbox.inside.confine import PR_SET_PDEATHSIG
from handgrad.exercises.sandbox.isolation import ONE_THREAD, Sandbox
from handgrad.exercises.submission.reading import Submission, read_submission
from handgrad.exercises.tasks import TASKS

SERVE = "from handgrad.exercises.grading.workers import serve; serve()"


@dataclass(frozen=True)
class Job:
    """A submission to check, and how; ``tasks`` are those that count."""

    found: Found
    tasks: tuple[str, ...]
    sandbox: Sandbox
    language: Language


@dataclass(frozen=True)
class Bounds:
    """What one submission may use outside the sandbox.

    Attributes
    ----------
    deadline : float
        Seconds until it is read, has run and is judged.
    judging : int
        Seconds of computing time, without that of its code.
    memory : int
        Bytes of address space.
    """

    deadline: float = 180.0
    judging: int = 20
    memory: int = 3 << 30


BOUNDS = Bounds()


def check_all(
    jobs: Sequence[Job], workers: int, scratch: Path, bounds: Bounds = BOUNDS
) -> Generator[tuple[int, Checked | str], None, None]:
    """Check submissions, several at a time.

    Parameters
    ----------
    jobs : sequence of Job
    workers : int
        The number of processes. They end when the iterator is closed or this process ends.
    scratch : Path
        An existing folder for their temporary files.
    bounds : Bounds, optional

    Yields
    ------
    index : int
        That of the job; jobs come in the order in which they are finished.
    checked : Checked or str
        A text says why the submission could not be checked.
    """
    left = list(enumerate(jobs))[::-1]
    idle: list[Worker] = []
    busy: dict[Worker, tuple[int, float]] = {}
    try:
        while left or busy:
            while left and len(busy) < workers:
                worker = idle.pop() if idle else Worker(scratch, bounds)
                index, job = left.pop()
                busy[worker] = index, time.monotonic() + bounds.deadline
                worker.give(job)
            first = min(end for _, end in busy.values())
            ready = wait([worker.link for worker in busy], max(0.0, first - time.monotonic()))
            for worker, (index, end) in list(busy.items()):
                if worker.link in ready:
                    found, lives = worker.take()
                elif time.monotonic() > end:
                    found, lives = f"checking it took over {bounds.deadline:g} seconds", False
                else:
                    continue
                del busy[worker]
                if lives:
                    idle.append(worker)
                else:
                    worker.kill()
                yield index, found
    finally:
        for worker in (*busy, *idle):
            worker.kill()


class Worker:
    """A process that checks one submission after another."""

    def __init__(self, scratch: Path, bounds: Bounds) -> None:
        self.link, there = Pipe()
        with there:
            # With a session of its own, so that Ctrl-C is left to this process; -P: nothing comes from this folder.
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-c", SERVE, str(there.fileno()), str(bounds.judging), str(bounds.memory)],
                env={**os.environ, **ONE_THREAD, "TMPDIR": str(scratch)},
                pass_fds=[there.fileno()], start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip

    def give(self, job: Job) -> None:
        """Have a submission checked."""
        with contextlib.suppress(OSError):  # if the process has ended, nothing will come back
            self.link.send(job)

    def take(self) -> tuple[Checked | str, bool]:
        """Receive what was found, or why nothing was, and whether the process can go on."""
        try:
            found: Checked | str = self.link.recv()
        except (EOFError, OSError):
            code = self._process.wait()
            if code == -signal.SIGXCPU:
                return "judging it took too long", False
            return f"the check itself ended with exit code {code}; please report this", False
        return found, True

    def kill(self) -> None:
        """End the process, and with it the sandbox."""
        self.link.close()
        self._process.kill()
        self._process.wait()


def serve() -> None:
    """Check submissions within limits, until there are no more: the program of a worker."""
    import resource  # which is missing on Windows, where isolation.find_sandbox says what to do

    def limit(kind: int, most: int) -> None:
        _, hard = resource.getrlimit(kind)
        with contextlib.suppress(OSError, ValueError):  # some systems do not support all of them
            resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))

    number, judging, memory = map(int, sys.argv[1:])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # end with who started it
    limit(resource.RLIMIT_AS, memory)
    limit(resource.RLIMIT_CORE, 0)
    with Connection(number) as link:
        while True:
            try:
                job = link.recv()
            except EOFError:
                return
            limit(resource.RLIMIT_CPU, int(time.process_time()) + 1 + judging)
            link.send(checked(job))


def checked(job: Job) -> Checked | str:
    """Read and check one submission, under its learner's name; or say why that is impossible."""
    if job.found.file is None:
        return job.found.reason
    try:
        submission = replace(read_submission(job.found.file), name=job.found.name)
        if other := _another_sheet(submission, job.tasks):
            return other
        found = check_submission(submission, job.sandbox, language=job.language, tasks=job.tasks)
        failed = [result for result in found.tasks if result.status == "not_judged"]
        return f"{failed[0].task}: {own_text(failed[0], 'en')}" if failed else found  # no points, not even zero
    except HandgradError as error:
        return str(error)
    except MemoryError:
        return "checking it took too much memory"
    except Exception as error:
        return f"the check itself failed ({type(error).__name__}: {error}); please report this"


def _another_sheet(submission: Submission, tasks: Sequence[str]) -> str:
    """Say that a submission has the tasks of another sheet than the one that counts, and no others, if that is so."""
    text = "\n".join(cell.source for cell in submission.cells)
    sheets = {task.sheet for task in TASKS.values() if re.search(rf"^[ \t]*def {task.name}\b", text, re.MULTILINE)}
    if len(sheets) != 1 or not sheets.isdisjoint(TASKS[task].sheet for task in tasks):
        return ""
    (sheet,) = sheets
    return (
        f"it has the tasks of sheet {sheet} only, and none of them counts here; to grade it, pass --rubric with what "
        f"`handgrad exercise rubric --sheet {sheet}` prints"
    )
