"""One process at a time on the folder of a run."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from handgrad import files
from handgrad.errors import HandgradError, RunError
from handgrad.parsing import parse_json

LOCK_FILE = ".lock"  # held by the operating system: it ends with its process, however that ends
OWNER_FILE = ".owner.json"  # who holds it
_MAX = 1000  # bytes of the latter


@contextmanager
def locked(run: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Keep other processes away from the folder of a run.

    Parameters
    ----------
    run : path
    tell : callable
        Called with the name of an earlier owner that ended without giving the folder back.

    Raises
    ------
    RunError
        If another process has the folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, locked(Path(folder), print):
    ...     is_locked(Path(folder))
    True
    """
    from filelock import FileLock, Timeout

    lock, owner = FileLock(run / LOCK_FILE, timeout=0), run / OWNER_FILE
    try:
        lock.acquire()
    except Timeout:
        raise RunError(
            f"{run} is in use by {_named(owner)}",
            "a run that no other process trains",
            "wait until that process has ended, or stop it",
        ) from None
    except (OSError, NotImplementedError) as error:
        tell(f"{run} cannot be locked ({error}): let no other process train in it")
        yield
        return
    try:
        if owner.exists():
            tell(f"{run} is taken over from {_named(owner)}, which is gone")
        with suppress(HandgradError), files.written(owner) as file:  # a name, without which the lock holds all the same
            file.write(json.dumps(_ourselves()).encode())
        yield
    finally:
        with suppress(OSError):
            owner.unlink()
        lock.release()


def is_locked(run: Path) -> bool:
    """Tell whether a process has the folder of a run."""
    from filelock import FileLock, Timeout

    try:
        if not (run / LOCK_FILE).exists():
            return False
        with FileLock(run / LOCK_FILE, timeout=0, is_singleton=False):
            return False
    except Timeout:
        return True
    except (OSError, NotImplementedError):  # such as in a folder of somebody else's
        return False


def _ourselves() -> dict[str, str | int]:
    """Describe this process."""
    now = datetime.now(UTC).astimezone()
    return {"process": os.getpid(), "machine": platform.node(), "since": now.isoformat(timespec="seconds")}


def _named(owner: Path) -> str:
    """Name the process that an owner's file describes."""
    try:
        found = parse_json(files.read_text(owner, _MAX))
        process, machine, since = int(found["process"]), str(found["machine"])[:80], str(found["since"])[:40]
    except (HandgradError, OSError, ArithmeticError, ValueError, KeyError, TypeError):
        return "another process"
    return f"process {process} on {machine} (since {since})"
