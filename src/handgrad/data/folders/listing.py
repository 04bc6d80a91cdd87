"""The files below a folder that the user put there: none that are hidden, and no run of the program itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from handgrad.errors import DataError

MAX_FILES = 1_000_000
_HIDDEN = ("__MACOSX", "__pycache__")
RUN_FILES = ("config.toml", "history.jsonl")  # what every run has, also one whose training was killed


class Listing(NamedTuple):
    """The files below a folder.

    Attributes
    ----------
    paths : list of Path
        Those of one folder in the order of their names, before those of the folders in it.
    runs : list of Path
        The folders of runs, whose files are left out.
    links : list of str
        The names of symbolic links to folders, which are not followed.
    """

    paths: list[Path]
    runs: list[Path]
    links: list[str]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out."""
        found = {
            "left out, because the program wrote it: the run": [run.name for run in self.runs],
            "left out, because it is a symbolic link:": self.links,
        }
        return tuple(
            f"{what} {', '.join(names[:5])}" + (f" and {len(names) - 5} more" if len(names) > 5 else "")
            for what, names in found.items()
            if names
        )


def list_files(folder: Path, depth: int | None = None) -> Listing:
    """List the files below a folder, down to some depth.

    Hidden files and folders are left out, also those of Macs and of Python, and so are pipes, sockets and devices,
    which nobody means as data.

    Raises
    ------
    DataError
        If there are more than a million files, or the folder is that of a run.
    """
    paths: list[Path] = []
    runs: list[Path] = []
    links: list[str] = []
    for place, names, contents in os.walk(folder):
        here = Path(place)
        if set(RUN_FILES) <= set(contents):
            names.clear()
            runs.append(here)
            continue
        level = len(here.relative_to(folder).parts)
        links += [one for one in sorted(names) if (here / one).is_symlink()]
        names[:] = sorted(one for one in names if not _is_hidden(one) and (depth is None or level < depth))
        found = (here / one for one in sorted(contents) if not _is_hidden(one))
        paths += [path for path in found if path.is_file() or not path.exists()]
        if len(paths) > MAX_FILES:
            raise DataError(f"{folder} holds more than {MAX_FILES:,} files", "fewer", "name a folder in it")
    if runs == [folder]:
        raise DataError(f"{folder} is a run of handgrad", "a folder with data", "name the folder of the data")
    return Listing(paths, runs, links)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in _HIDDEN
