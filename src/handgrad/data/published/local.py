"""The user's own place for published data sets, which ``HANDGRAD_DATA`` names."""

from __future__ import annotations

import os
from pathlib import Path

from handgrad import files
from handgrad.data.arrays.idx import FILES, find_idx_files
from handgrad.errors import DataError


def local_folder(name: str) -> Path | None:
    """Return the user's own folder of a set, if there is one.

    Raises
    ------
    DataError
        If it has only some of the four files, or ``HANDGRAD_DATA`` cannot be meant.
    """
    root = os.environ.get("HANDGRAD_DATA")
    if not root:
        return None
    folder = files.expanded(root) / name
    found = find_idx_files(folder)
    if not any(found):
        _refuse_wrong(root, name)
        return None
    missing = [file for file, path in zip(FILES, found, strict=True) if path is None]
    if missing:
        raise DataError(
            f"{folder} lacks {', '.join(missing)}",
            "all four files, or none",
            "add the missing files, or unset HANDGRAD_DATA to download the set",
        )
    return folder


def not_local(name: str) -> str:
    """Say that a set was looked for in vain in the user's own place; empty if there is no such place."""
    root = os.environ.get("HANDGRAD_DATA")
    return f"HANDGRAD_DATA ({root}) contains no folder {name} with the four files" if root else ""


def _refuse_wrong(root: str, name: str) -> None:
    """Refuse a root that is no folder, or is the folder of a set itself."""
    folder = files.expanded(root)
    if not folder.is_dir():
        what, remedy = "is not a folder", "correct or unset it"
    elif any(find_idx_files(folder)):
        what, remedy = "contains the files of a set", "set it to the folder above, or name this one with --data"
    else:
        return
    raise DataError(f"HANDGRAD_DATA is {root}, which {what}", f"a folder that contains a folder {name}", remedy)
