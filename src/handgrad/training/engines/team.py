"""Threads that run compiled code together: begun together, each on a core, and stopped by Ctrl-C."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any

import numpy as np

from handgrad.compiled.meeting import GONE, sleep_address


class Team:
    """Some threads that run compiled calls together, and stop where Ctrl-C is pressed."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.stop, self.halted = np.zeros(1, np.uint8), np.zeros(1, np.uint8)
        self.executor = ThreadPoolExecutor(threads, "handgrad")

    @property
    def ends(self) -> tuple[Any, ...]:
        """The last arguments of a call whose threads meet."""
        return self.threads, self.stop, self.halted, sleep_address()

    def run(self, call: Callable[[int], Any], threads: int | None = None) -> None:
        """Run a call in as many threads, while this one waits for them, or for Ctrl-C, and then asks them to stop."""
        all_there, wanted, threads = Event(), [True], threads or self.threads
        futures: list[Future[Any]] = []

        def begin(thread: int) -> None:
            all_there.wait()  # nobody begins a step in which another would be missing
            try:
                if wanted and not self.stop[0]:
                    with _on_a_core_of_its_own(thread, threads):
                        call(thread)
            except BaseException:
                self.stop[0] = GONE
                raise

        try:
            futures.extend(self.executor.submit(begin, thread) for thread in range(threads))
            all_there.set()
            _wait(futures)
        except BaseException:
            self.stop[0] = 1
            if not all_there.is_set():
                wanted.clear()
            # Whatever else is pressed; and who was sent off just as it was pressed, and is in no list, must not wait.
            while not (all_there.is_set() and all(future.done() for future in futures)):
                with suppress(KeyboardInterrupt):
                    all_there.set()
                    _wait(futures)
            raise
        finally:
            self.stop[0] = 0
        for future in futures:
            future.result()


@contextmanager
def _on_a_core_of_its_own(thread: int, threads: int) -> Iterator[None]:
    """Keep a thread on one core, where there are as many threads as cores.

    Threads that wait for one another look half idle to the scheduler, which beside other work puts two of them on one
    core for seconds (an epoch took 2.3 s that way, and 1.2 s this way).
    """
    if threads == 1 or not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) != threads:
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [sorted(cores)[thread]])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _wait(futures: Sequence[Future[Any]]) -> None:
    """Wait, second by second: not every system lets Ctrl-C into a longer wait."""
    while wait(futures, timeout=1.0).not_done:
        pass
