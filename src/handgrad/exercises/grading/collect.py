"""Finds the submissions in what a course system exports: notebooks, modules, folders and ZIP archives of these.

What cannot be used is not an error but a submission with a reason, so that one learner's file never stops the others'.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, count
from pathlib import Path

from handgrad.errors import ExerciseError
from handgrad.exercises.grading.archive import (
    KINDS,
    MAXIMUM_INNER,
    File,
    Folder,
    Refused,
    Unpacker,
    as_it_is,
    read_folder,
)
from handgrad.exercises.sheet.writing import STEMS

SHEETS = frozenset(STEMS.values())  # a file of this name says nothing about whose it is
# Moodle: "Müller Anna_12345_assignsubmission_file_"; Canvas: "mulleranna_LATE_123_4567_sheet-1.ipynb".
_MOODLE = re.compile(r"(?P<name>[^_].*?)_(?P<id>\d+)_assignsubmission_.*", re.DOTALL)
_CANVAS = re.compile(r"(?P<name>[^\W_]+)_(LATE_)?(?P<id>\d+)_\d+_.+", re.DOTALL)


@dataclass(frozen=True)
class Found:
    """One submission: a file to read, or the reason why there is none.

    Attributes
    ----------
    name : str
        The learner's, as far as file and folder tell.
    id : str
        The number that the course system put into the name, or "".
    file : Path or None
    reason : str
        Empty where there is a file.
    """

    name: str
    id: str
    file: Path | None
    reason: str = ""


def find_submissions(paths: Sequence[Path], scratch: Path) -> tuple[Found, ...]:
    """Find all submissions in files, folders and archives.

    A notebook, module or archive that lies directly in a folder or archive is a submission. Each folder in it is one,
    too, wherever in that the file lies; but a folder that only sorts several others gives one for each of them. Of
    several files in a folder the one notebook counts, or the one that is named like the sheet. An archive that is a
    submission is looked into like a folder, archives in that are not.

    Parameters
    ----------
    paths : sequence of Path
    scratch : Path
        An empty folder for what is unpacked; it has to stay until the files have been read.

    Returns
    -------
    tuple of Found
        Sorted by name; no two have the same.

    Raises
    ------
    ExerciseError
        If a path is not there, or there is no submission at all.

    Examples
    --------
    >>> import tempfile
    >>> folder, scratch = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
    >>> _ = (folder / "anna.py").write_text("x = 1")
    >>> (folder / "Bo Li_7_assignsubmission_file_").mkdir()
    >>> [(found.name, found.id, found.reason) for found in find_submissions([folder], scratch)]
    [('anna', '', ''), ('Bo Li', '7', 'no .ipynb or .py file')]
    """
    found: list[tuple[str, Found]] = []
    unpacker = Unpacker(scratch)
    for path in paths:
        if not path.exists():
            raise ExerciseError(f"there is no {path}", "notebooks, modules, folders or archives", "check the path")
        home = path.resolve()
        try:
            if path.is_dir():
                found += _class(home.name, read_folder(home), unpacker)
            elif path.suffix.lower() == ".zip":
                with unpacker.look_into(path) as folder:
                    found += _class(home.stem, folder, unpacker)
            else:
                file = File(path.name, partial(as_it_is, path))
                found.append((home.parent.name, _single(file, home.parent.name, unpacker)))
        except Refused as refused:
            found.append((home.parent.name, Found(path.name, "", None, str(refused))))
    if not found:
        names = ", ".join(map(str, paths)) or "nothing"
        raise ExerciseError(f"no submission in {names}", "at least one .ipynb or .py file", "check the paths")
    return tuple(sorted(_distinct(found), key=lambda one: (one.name.casefold(), one.name)))


def _class(name: str, folder: Folder, unpacker: Unpacker) -> Iterator[tuple[str, Found]]:
    """Find the submissions in a folder or archive named on the command line, each with what else to call it."""
    while not folder.files and len(folder.folders) == 1:
        (inner_name, inner), *_ = folder.folders.items()
        if _MOODLE.fullmatch(inner_name) or len(inner.files) == 1:
            break
        name, folder = inner_name, inner
    if _MOODLE.fullmatch(name) or any(file.stem in SHEETS for file in folder.files):
        yield name, _learner(name, folder, unpacker)
        return
    for file in folder.files:
        yield name, _single(file, name, unpacker)
    yield from _folders(name, folder, unpacker)


def _folders(name: str, folder: Folder, unpacker: Unpacker) -> Iterator[tuple[str, Found]]:
    """Find the submissions in a folder's folders: one in each, but in one that only sorts others, those of these."""
    for inner_name, inner in folder.folders.items():
        if inner.files or _MOODLE.fullmatch(inner_name) or len(_levels(inner)) < 2:
            yield name, _learner(inner_name, inner, unpacker)
        else:
            yield from _folders(inner_name, inner, unpacker)


def _single(file: File, folder_name: str, unpacker: Unpacker) -> Found:
    """Take one file as a submission, named after itself, or after its folder where its own name says nothing."""
    return _resolved(folder_name if file.stem in SHEETS else file.stem, file, unpacker)


def _learner(name: str, folder: Folder, unpacker: Unpacker) -> Found:
    """Choose the one file that counts in a learner's folder."""
    try:
        return _resolved(name, _chosen(folder), unpacker)
    except Refused as refused:
        return replace(_owner(name), reason=str(refused))


def _resolved(name: str, file: File, unpacker: Unpacker) -> Found:
    """Get at the content of a file; of an archive, at that of the file in it."""
    try:
        content = file.content()
        if file.kind == ".zip":
            if content.stat().st_size > MAXIMUM_INNER:
                raise Refused(f"the archive has over {MAXIMUM_INNER:,} bytes")
            with unpacker.look_into(content) as folder:
                inner = _chosen(folder)
                if inner.kind == ".zip":
                    raise Refused("an archive within an archive is not opened")
                content = inner.content()
        elif file.kind not in KINDS:
            raise Refused(f"{file.name} is no .ipynb or .py file")
        return replace(_owner(name), file=content)
    except Refused as refused:
        return replace(_owner(name), reason=f"{file.name}: {refused}")


def _levels(folder: Folder) -> list[File]:
    """List the files of the uppermost level that has any."""
    level = [folder]
    while level:
        if files := [file for one in level for file in one.files]:
            return files
        level = [inner for one in level for inner in one.folders.values()]
    return []


def _chosen(folder: Folder) -> File:
    """Choose a notebook before a module before an archive, and of several the one that is named like the sheet."""
    files = _levels(folder)
    for kind in KINDS:
        candidates = [file for file in files if file.kind == kind]
        if len(candidates) > 1:
            sheets = [file for file in candidates if file.stem in SHEETS]
            if len(sheets) != 1:
                names = ", ".join(sorted(file.name for file in candidates)[:5])
                raise Refused(f"{len(candidates)} files of one kind ({names}), and no telling which one counts")
            return sheets[0]
        if candidates:
            return candidates[0]
    raise Refused("no .ipynb or .py file")


def _owner(name: str) -> Found:
    """Read the learner's name and number from the name that a course system gave to a file or folder."""
    match = _MOODLE.fullmatch(name) or _CANVAS.fullmatch(name)
    return Found(match["name"], match["id"], None) if match else Found(name, "", None)


def _distinct(found: Iterable[tuple[str, Found]]) -> Iterator[Found]:
    """Tell apart those of one name: by their folders, and where that does not do, by numbers."""
    found = list(found)
    often = Counter(one.name for _, one in found)
    taken: set[str] = set()
    for folder, one in found:
        wanted = f"{folder}/{one.name}" if often[one.name] > 1 else one.name
        numbered = (f"{wanted} ({number})" for number in count(2))
        name = next(name for name in chain([wanted], numbered) if name not in taken)
        taken.add(name)
        yield replace(one, name=name)
