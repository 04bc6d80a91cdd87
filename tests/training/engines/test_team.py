"""Threads that are begun together end together, whenever Ctrl-C is pressed."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("numba", reason="numba is not installed")
team = pytest.importorskip("handgrad.training.engines.team")


class Interrupted(ThreadPoolExecutor):
    """Raises as Ctrl-C does, where it is pressed just after a thread was sent off."""

    pressed = False

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Send it off."""
        future = super().submit(function, *given, **named)
        if not self.pressed:
            self.pressed = True
            raise KeyboardInterrupt
        return future


@pytest.mark.parametrize("threads", [1, 2])
def test_a_thread_sent_off_as_ctrl_c_is_pressed_does_not_wait_for_ever(threads: int) -> None:
    """It does nothing and ends, so that the process can end; and the team can be used again."""
    workers, done = team.Team(threads), []
    workers.executor = Interrupted(threads)
    with pytest.raises(KeyboardInterrupt):
        workers.run(done.append)
    workers.executor.shutdown(wait=False)
    for thread in workers.executor._threads:
        thread.join(timeout=10)
        assert not thread.is_alive()
    assert done == []
    workers.executor = ThreadPoolExecutor(threads)
    workers.run(done.append)
    assert sorted(done) == list(range(threads))
