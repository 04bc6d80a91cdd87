"""The paths in the configuration of a run, which can be used from anywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handgrad import files
from handgrad.data.published.addresses import PUBLISHED
from handgrad.data.settings import BALANCED, DIGITS, DataSettings
from handgrad.errors import DataError

PATHS = ("data", "test", "validation", "class_weight")  # settings that may be paths


def origin(settings: DataSettings, run: Path) -> dict[str, str]:
    """Say in a run's configuration where its relative paths count from, if it has any.

    Parameters
    ----------
    settings : DataSettings
    run : path
        The run's folder.

    Returns
    -------
    dict
        The key ``origin`` with the working directory, as seen from the run's folder: both can be moved together.
    """
    paths = (getattr(settings, name) for name in PATHS)
    if not any(is_path(path) and files.exists(Path(path)) and not Path(path).is_absolute() for path in paths):
        return {}
    here = Path.cwd()
    try:
        return {"origin": os.path.relpath(here, run.resolve())}
    except ValueError:  # on another drive of Windows
        return {"origin": str(here)}


def resolved(content: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the settings in a run's configuration so that its paths can be used from anywhere.

    Parameters
    ----------
    content : mapping
        The contents of a configuration file. Without an ``origin``, paths stay as they are; so does one that leads
        to something from here, but not from there.
    folder : path
        That of the file.
    """
    found = dict(content)
    begun = found.pop("origin", None)
    for name in PATHS:
        path = found.get(name)
        if not isinstance(path, str) or not is_path(path):
            continue
        found[name] = re.sub(r"\\udc([89a-f][0-9a-f])", lambda byte: chr(0xDC00 + int(byte[1], 16)), path)
        there = (folder.resolve() / begun / found[name]).resolve() if isinstance(begun, str) else None
        if there is not None and (files.exists(there) or not files.exists(files.expanded(found[name]))):
            found[name] = str(there.relative_to(Path.cwd()) if there.is_relative_to(Path.cwd()) else there)
    return found


def refuse_absent(run: Path, path: str | None, wanted: str, remedy: str) -> None:
    """Refuse to go on without the data of a run, if they are no longer where they were.

    Parameters
    ----------
    run : path
    path : str or None
        A setting of the run that may be a path, as :func:`resolved` gives it.
    wanted, remedy : str
        As in the error.

    Raises
    ------
    DataError
        If there is nothing at the path.
    """
    if is_path(path) and not files.exists(files.expanded(str(path))):
        raise DataError(f"the data of {run} were in {path}, which no longer exists", wanted, remedy)


def is_path(value: Any) -> bool:
    """Say whether the value of a setting is a path, and not a name or a number."""
    return isinstance(value, str) and value not in (DIGITS, *PUBLISHED, "-", BALANCED)
