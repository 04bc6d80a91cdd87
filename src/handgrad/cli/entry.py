"""Where the command ``handgrad`` begins: before anything slow is imported."""

from __future__ import annotations

from collections.abc import Sequence

from handgrad.cli.process import guarded


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default, those of the process.

    Returns
    -------
    int
        0: success. 1: a check found mistakes, or some pictures were left out. 2: an error that the user can correct,
        described in one message on stderr. 130: stopped by Ctrl-C; 143: by a request to terminate; 129: by a terminal
        that closed.

    Examples
    --------
    >>> main(["--version"])
    0.1.0
    0
    """

    def command() -> int:
        from handgrad.cli.program import run  # here, so that Ctrl-C during the imports is heeded as well

        return run(arguments)

    return guarded(command)
