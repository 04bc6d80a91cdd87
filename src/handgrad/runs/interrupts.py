"""Requests to stop, which a training heeds when it can: Ctrl-C, SIGTERM, and SIGHUP of a terminal that closes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

HANGUP = getattr(signal, "SIGHUP", signal.SIGTERM)  # Windows has no such signal


@dataclass
class Requests:
    """The signals that have arrived.

    Attributes
    ----------
    patient : bool
        Whether the first one only joins the list. Any other takes effect at once, as it would elsewhere.
    arrived : list of int

    Examples
    --------
    >>> before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    >>> requests = Requests(patient=True)
    >>> with requests.collected():
    ...     signal.raise_signal(signal.SIGTERM)
    >>> requests.arrived
    [15]
    >>> _ = signal.signal(signal.SIGTERM, before)
    """

    patient: bool = False
    arrived: list[int] = field(default_factory=list)
    _before: dict[int, Any] = field(default_factory=dict)

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Collect what arrives. Signals that are ignored, or end the process anyway, stay as they are."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        for number in (signal.SIGINT, signal.SIGTERM, HANGUP):
            before = signal.getsignal(number)
            if callable(before):
                self._before[number] = before
                signal.signal(number, self._arrive)
        try:
            yield
        finally:
            for of, before in self._before.items():
                signal.signal(of, before)

    def heed(self) -> None:
        """Do what the first request would have done at once: raise a KeyboardInterrupt, as a rule."""
        for number in self.arrived:
            self._before[number](number, None)

    def _arrive(self, number: int, frame: FrameType | None) -> None:
        again = number == HANGUP and number in self.arrived  # the kernel and the shell both say that a terminal closed
        if again or (self.patient and not self.arrived):
            self.arrived.append(number)
        else:
            self._before[number](number, frame)
