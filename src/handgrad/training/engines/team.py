"""Threads that run compiled code together: started together, each on its own core, and stopped by Ctrl-C."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any

import numpy as np

from handgrad.compiled.barrier import GONE, sleep_address
from handgrad.compiled.context import Team as SharedByTeam


class Team:
    """Threads that run compiled calls together, and stop on Ctrl-C."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.stop, self.halted, self.counters = np.zeros(1, np.uint8), np.zeros(1, np.uint8), np.zeros(32, np.int64)
        self.executor = ThreadPoolExecutor(threads, "handgrad")

    @property
    def shared(self) -> SharedByTeam:
        """What compiled code needs to know of it."""
        return SharedByTeam(self.threads, self.counters, self.stop, self.halted, sleep_address())

    def run(self, call: Callable[[int], Any], threads: int | None = None) -> None:
        """Run a call in that many threads, while this one waits for them; on Ctrl-C it asks them to stop."""
        all_there, wanted, threads = Event(), [True], threads or self.threads
        futures: list[Future[Any]] = []

        def begin(thread: int) -> None:
            all_there.wait()  # no thread starts a step in which another would be missing
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
            # Further presses must not interrupt this, and a thread submitted just then, in no list yet, must not hang.
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
    """Pin a thread to a core if there are as many threads as cores.

    Threads that wait for one another look half idle to the scheduler, which would put two of them on one core for
    seconds if other processes are running.
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
    """Wait, one second at a time: not every system lets Ctrl-C interrupt a longer wait."""
    while wait(futures, timeout=1.0).not_done:
        pass
