"""Files that may not be writable now: the training goes on, and tries again later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from handgrad.errors import HandgradError


@dataclass
class Attempts:
    """Writes files, says once of each that it could not be written, and knows which are missing.

    Parameters
    ----------
    tell : callable
        Called with the reason.

    Examples
    --------
    >>> def write():
    ...     raise OSError("no room")
    >>> attempts = Attempts(print)
    >>> attempts("note.txt", write), attempts("note.txt", write)
    warning: note.txt could not be written: no room
    (False, False)
    >>> list(attempts.missing)
    ['note.txt']
    >>> attempts("note.txt", lambda: None)
    note.txt could be written now
    True
    """

    tell: Callable[[str], None]
    missing: dict[str, Callable[[], object]] = field(default_factory=dict)

    def __call__(self, name: str, write: Callable[[], object]) -> bool:
        """Write a file, and return whether that was possible."""
        try:
            write()
        except Exception as error:  # whatever the disk or a library has against it
            if name not in self.missing:
                found = error.found if isinstance(error, HandgradError) else str(error) or type(error).__name__
                self.tell(f"warning: {name} could not be written: {found}")
            self.missing[name] = write
            return False
        if name in self.missing:
            del self.missing[name]
            self.tell(f"{name} could be written now")
        return True

    def again(self) -> None:
        """Try once more to write what is missing."""
        for name, write in list(self.missing.items()):
            self(name, write)
