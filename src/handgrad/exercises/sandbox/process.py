"""The checker's end of an isolated process: it starts the process, asks it within time limits, and kills it."""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from handgrad.errors import ExerciseError
from handgrad.exercises.sandbox.inside.protocol import (
    MOST_BYTES,
    MOST_HEADER,
    PREFIX,
    SLACK,
    GarbageError,
    decode,
    encode,
)
from handgrad.exercises.sandbox.isolation import Limits, Sandbox, command, confinement, environment
from handgrad.exercises.submission.reading import Cell

Message = tuple[dict[str, Any], list[NDArray[Any]]]
LATE = "it did not answer in time"


class EndedError(Exception):
    """The process can no longer be used; the message says why. ``runner`` catches it, so users never see it."""

    status: Literal["killed", "too_slow"] = "killed"


class TooSlowError(EndedError):
    """It did not answer in time."""

    status = "too_slow"


class Process:
    """An isolated process.

    Raises
    ------
    ExerciseError
        If it does not start.
    """

    def __init__(self, sandbox: Sandbox, limits: Limits) -> None:
        self._limits = limits
        self._folder = tempfile.TemporaryDirectory(prefix="handgrad-", ignore_cleanup_errors=True)
        words, home = command(sandbox, Path(self._folder.name))
        try:
            self._process = subprocess.Popen(  # noqa: S603 - made by command
                words, env=environment(home), cwd="/", start_new_session=True, bufsize=0,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        except OSError as error:
            self._folder.cleanup()
            raise _not_started(str(error)) from error
        pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._pipes = tuple(pipe for pipe in pipes if pipe is not None)  # all three, as Popen was asked
        for pipe in self._pipes:
            os.set_blocking(pipe.fileno(), False)
        start = {"kind": "start", "confine": confinement(sandbox, limits), "home": home}
        try:
            reason = self.ask((start, []), limits.start)[0].get("failed")
        except EndedError as error:
            self._stop()
            said = self._pipes[2].read() or b""  # none of the submission's code has run yet
            reason = f"{error} {said.decode(errors='replace').strip()[-300:]}".strip()
        if reason is not None:
            self.kill()
            raise _not_started(reason)

    def load(self, cells: Sequence[Cell]) -> None:
        """Have the cells loaded, in order.

        Raises
        ------
        EndedError
            If one of them takes too long, or ends the process.
        """
        end = time.monotonic() + self._limits.load * SLACK
        for cell in cells:
            request = {"kind": "cell", "number": cell.number, "source": cell.source}
            try:
                self.ask((request, []), (end - time.monotonic()) / SLACK)
            except EndedError as error:
                raise type(error)(f"while cell {cell.number} was loaded: {error}") from None

    def ask(self, request: Message, seconds: float) -> Message:
        """Send a request and wait for its answer.

        The request carries a random word that the answer must repeat, so that nothing written in advance counts as an
        answer.

        Parameters
        ----------
        request : tuple of (dict, list of ndarray)
        seconds : float
            How long it may compute. If it sleeps, or the machine is busy, the answer may take `SLACK` times as long.

        Returns
        -------
        tuple of (dict, list of ndarray)
            A frame whose content has not been checked.

        Raises
        ------
        EndedError
            If there is no valid answer. The process can then no longer be used.
        """
        header, arrays = request
        nonce = secrets.token_hex(8)
        data = encode({**header, "nonce": nonce, "seconds": max(seconds, 0.001)}, arrays)
        try:
            answer, given = decode(*self._exchange(data, time.monotonic() + seconds * SLACK))
        except GarbageError as garbage:
            raise EndedError(f"it wrote {garbage} on the channel") from None
        if answer.get("nonce") != nonce:
            raise EndedError("it wrote an answer to something else on the channel")
        return answer, given

    def _exchange(self, request: bytes, end: float) -> tuple[bytes, bytes]:
        """Write a frame and read one, until a deadline."""
        requests, answers, _ = (pipe.fileno() for pipe in self._pipes)
        to_send, got = memoryview(request), bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(answers, selectors.EVENT_READ)
            selector.register(requests, selectors.EVENT_WRITE)
            while True:
                ready = {key.fd for key, _ in selector.select(max(0.0, end - time.monotonic()))}
                if time.monotonic() > end:
                    raise TooSlowError(LATE)
                if requests in ready:
                    try:
                        to_send = to_send[os.write(requests, to_send) :]
                    except BrokenPipeError:
                        to_send = to_send[:0]  # reading will find the end as well
                    if not to_send:
                        selector.unregister(requests)
                if answers in ready:
                    part = os.read(answers, 1 << 16)
                    if not part:
                        raise self._ended()
                    got += part
                if len(got) < PREFIX.size:
                    continue
                head, body = PREFIX.unpack_from(got)
                if head > MOST_HEADER or body > MOST_BYTES:
                    raise GarbageError("an answer that is too long")
                needed = PREFIX.size + head + body
                if len(got) > needed or (len(got) == needed and to_send):
                    raise GarbageError("more than an answer")
                if len(got) == needed:
                    return bytes(got[PREFIX.size : PREFIX.size + head]), bytes(got[PREFIX.size + head :])

    def _ended(self) -> EndedError:
        """Say why the channel was closed."""
        try:
            code = self._process.wait(1.0 * SLACK)
        except subprocess.TimeoutExpired:
            return EndedError("it closed the channel")
        number = -code if code < 0 else code - 128  # bubblewrap reports a signal as 128 plus its number
        if number == signal.SIGPROF:
            return TooSlowError(LATE)
        with contextlib.suppress(ValueError):
            return EndedError(f"it was ended by {signal.Signals(number).name}")
        return EndedError(f"it ended with exit code {code}")

    def kill(self) -> None:
        """End the process and everything that belongs to it, and delete its files."""
        self._stop()
        for pipe in self._pipes:
            pipe.close()
        self._folder.cleanup()

    def _stop(self) -> None:
        """Send the signal that no process can ignore. The whole namespace ends with the process killed here."""
        if self._process.poll() is None:  # otherwise its number may have been reused
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()


def _not_started(reason: object) -> ExerciseError:
    """Say that the isolated process did not start."""
    return ExerciseError(
        f"the isolated process did not start ({reason})", "a process that answers", "run `handgrad exercise doctor`"
    )
