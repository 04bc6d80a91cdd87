"""The program of the isolated process: it reads requests, has the submission's code carry them out, and answers.

It imports the standard library, NumPy and the modules of its own folder; the rest of handgrad is hidden in the
sandbox. It knows no right answer, so a submission that takes over this process gains nothing: whatever it answers,
the checker compares with values that were never here.

``isolation`` starts it, as ``box.child``; ``process`` writes on its standard input and reads its standard output.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from numpy.typing import NDArray

# Relative imports, because in the sandbox the package of these files has a different name.
from .confine import confine
from .learner import Learner
from .protocol import PREFIX, decode, encode

alarm = signal.setitimer


def main() -> None:
    """Answer requests until there are no more."""
    channel = Channel()
    learner = Learner()
    while True:
        request, given = channel.read()
        alarm(signal.ITIMER_PROF, request["seconds"])  # its signal ends the process
        answer: dict[str, Any] = {}
        arrays: list[NDArray[Any]] = []
        match request["kind"]:
            case "start":
                try:
                    confine(**request["confine"])
                    os.chdir(request["home"])
                except OSError as error:
                    answer = {"failed": str(error)}
            case "cell":
                learner.load(request["number"], request["source"])
            case _:
                answer, arrays = learner.answer(request, given)
        alarm(signal.ITIMER_PROF, 0)
        channel.write({**answer, "nonce": request["nonce"]}, arrays)


class Channel:
    """The two pipes to the checker. Standard input and output are redirected to the null device."""

    def __init__(self) -> None:
        self._requests, self._answers = os.dup(0), os.dup(1)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nowhere, standard)
        os.close(nowhere)

    def read(self) -> tuple[dict[str, Any], list[NDArray[Any]]]:
        """Wait for a request; exit if there are no more."""
        head, body = PREFIX.unpack(self._exactly(PREFIX.size))
        return decode(self._exactly(head), self._exactly(body))

    def _exactly(self, size: int) -> bytes:
        """Read a number of bytes."""
        data = bytearray()
        while len(data) < size:
            part = os.read(self._requests, size - len(data))
            if not part:
                os._exit(0)
            data += part
        return bytes(data)

    def write(self, header: dict[str, Any], arrays: list[NDArray[Any]]) -> None:
        """Write an answer."""
        data = memoryview(encode(header, arrays))
        while data:
            data = data[os.write(self._answers, data) :]
