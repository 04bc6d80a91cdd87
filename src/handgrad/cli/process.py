"""What surrounds every command: output that cannot be written, requests to stop, and a system that refuses.

This module imports little, because it must be at work before anything slow is imported.
"""

from __future__ import annotations

import io
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from types import FrameType
from typing import Any, TextIO

HANGUP = getattr(signal, "SIGHUP", signal.SIGTERM)  # of a terminal that closes; Windows has no such signal
PATIENCE = 3.0  # seconds in which a further press of Ctrl-C changes nothing


def guarded(command: Callable[[], int]) -> int:
    """Run a command and return its exit code. What the system does to it becomes one line on stderr.

    A reader that has gone (``handgrad train | head``) stops nothing and is not mentioned. Output that is lost for
    another reason, such as a full disk, is mentioned at the end, and the exit code is 2.
    """
    with _tolerant("stdout") as lost, _tolerant("stderr"), _stoppable() as signals:
        try:
            code = command()
        except MemoryError as error:
            return _say(f"there is not enough memory ({error or 'no details'}). Use less data or a smaller network.")
        except OSError as error:
            return _say(f"the system refuses: {error}. Check the path, its permissions and the free space.")
        except BaseException as error:
            # Ctrl-C within an import may come out of a library as another error.
            if not (signals or isinstance(error, KeyboardInterrupt)):
                raise
            _end_at_once()
            kept = str(error) if isinstance(error, KeyboardInterrupt) else ""
            _say(f"stopped{'; ' if kept else ''}{kept}")
            return 128 + (signals[0] if signals else signal.SIGINT)
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        why = lost()
        if why is None or isinstance(why, BrokenPipeError):
            return code
        return _say(f"the output could not be written ({why.strerror})")


def _say(sentence: str) -> int:
    """Print a line on stderr, and return the exit code of an error that the user can correct."""
    # A path in it may have any character.
    text = "".join(one if one.isprintable() else repr(one)[1:-1] for one in sentence)
    print(f"handgrad: {text}", file=sys.stderr)
    return 2


class _Dropping(io.RawIOBase):
    """A stream that drops what cannot be written, and remembers why."""

    def __init__(self, raw: Any) -> None:
        self.raw, self.why = raw, None

    why: OSError | None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self.raw.fileno())

    def isatty(self) -> bool:
        return bool(self.raw.isatty())

    def write(self, data: Any) -> int | None:
        """Write, or say that everything has been written."""
        if self.why is None:
            try:
                return self.raw.write(data)  # type: ignore[no-any-return]
            except OSError as error:
                self.why = error
        return len(data)


@contextmanager
def _tolerant(name: str) -> Iterator[Callable[[], OSError | None]]:
    """Replace a standard stream by one that never raises; yield a function that says why output was lost, if it was.

    A stream that does not exist (``>&-``) becomes the null device. One that somebody has replaced is left alone.
    Characters that the encoding lacks are written as escapes.
    """
    stream: TextIO | None = getattr(sys, name)
    if stream is None:
        with open(os.devnull, "w", encoding="utf-8") as nothing:  # noqa: PTH123 - pathlib is not imported yet
            setattr(sys, name, nothing)
            yield lambda: None
            setattr(sys, name, None)
        return
    buffer = getattr(stream, "buffer", None)
    if stream is not getattr(sys, f"__{name}__") or buffer is None:
        yield lambda: None
        return
    dropping = _Dropping(getattr(buffer, "raw", buffer))
    replacement = io.TextIOWrapper(
        io.BufferedWriter(dropping),
        stream.encoding,
        "backslashreplace",
        line_buffering=getattr(stream, "line_buffering", False),
        write_through=getattr(stream, "write_through", False),
    )
    setattr(sys, name, replacement)
    try:
        yield lambda: dropping.why
    finally:
        replacement.flush()
        setattr(sys, name, stream)


@contextmanager
def _stoppable() -> Iterator[list[int]]:
    """Let a request to terminate end a command as Ctrl-C does; yield the list of the signals that have arrived.

    Impatient further presses do not disturb what is being saved, unless the first one was of no use for some seconds.
    What a parent has set to be ignored, as nohup and ``&`` do, stays ignored.
    """
    arrived: list[int] = []
    ours: dict[int, Any] = {signal.SIGINT: signal.default_int_handler}
    ours |= dict.fromkeys((signal.SIGTERM, HANGUP), signal.SIG_DFL)
    before = {number: signal.getsignal(number) for number in ours}
    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return

    heeded = -math.inf

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal heeded
        arrived.append(number)
        if monotonic() - heeded > PATIENCE:
            heeded = monotonic()
            raise KeyboardInterrupt

    ours = {number: usual for number, usual in ours.items() if before[number] is usual}
    for number in ours:
        signal.signal(number, stop)
    try:
        yield arrived
    finally:
        if not arrived:  # otherwise the process is about to end, and no further press must be in its way
            for number, usual in ours.items():
                signal.signal(number, usual)


def _end_at_once() -> None:
    """Let a further press of Ctrl-C end the process without a word."""
    with suppress(ValueError):  # not in the main thread
        if HANGUP != signal.SIGTERM:  # the kernel and the shell both say that a terminal closed: not a press of a key
            signal.signal(HANGUP, signal.SIG_IGN)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
