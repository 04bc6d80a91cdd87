"""Finds the submissions in what a course system exports: notebooks, modules, folders and ZIP archives of these.

A file that cannot be used is not an error but a submission with a reason, so it never stops the others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, count
from pathlib import Path, PurePath

from handgrad.errors import ExerciseError
from handgrad.exercises.grading.archive import KINDS, MAXIMUM_INNER, File, Folder, Refused, Unpacker, read_folder
from handgrad.exercises.sheet.writing import STEMS

_PARTS = {"src", "source", "code", "notebook", "notebooks", "test", "tests", "data", "docs"}  # of one project
SHEETS = frozenset(STEMS.values())  # a file with this name does not say whose it is
# Moodle: "Müller Anna_12345_assignsubmission_file_"; Canvas: "mulleranna_LATE_123_4567_sheet-1.ipynb".
_MOODLE = re.compile(r"(?P<name>[^_].*?)_(?P<id>\d+)_assignsubmission_.*", re.DOTALL)
_CANVAS = re.compile(r"(?P<name>[^\W_]+)_(LATE_)?(?P<id>\d{3,})_\d{4,}_.+", re.DOTALL)


@dataclass(frozen=True)
class Found:
    """A submission: a file to read, or the reason why there is none.

    Attributes
    ----------
    name : str
        The learner's name, as far as the file and folder tell it.
    id : str
        The number that the course system put into the name, or "".
    file : Path or None
    reason : str
        Empty if there is a file.
    """

    name: str
    id: str
    file: Path | None
    reason: str = ""


def find_submissions(paths: Sequence[Path], scratch: Path, wanted: str = "") -> tuple[Found, ...]:
    """Find all submissions in files, folders and archives.

    A notebook, module or archive directly in a folder or archive is a submission. So is each subfolder, however deep
    its file is; but a folder that only groups others gives one submission for each of them. Of several files in a
    subfolder, the only notebook counts, or the one with the name of the sheet. An archive that is a submission is
    opened like a folder; archives within it are not. A document beside several, such as a PDF file, is one that cannot
    be used.

    Parameters
    ----------
    paths : sequence of Path
    scratch : Path
        An empty folder for unpacked files. It must exist until the files have been read.
    wanted : str, optional
        The name of the sheet that is to be graded (of ``STEMS``), if a learner has both sheets in one folder.

    Returns
    -------
    tuple of Found
        Sorted by name; names are distinct.

    Raises
    ------
    ExerciseError
        If a path does not exist, or if none of the files can be a submission.

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
    unpacker = Unpacker(scratch, wanted)
    for path in paths:
        if not path.exists():
            raise ExerciseError(f"{path} does not exist", "notebooks, modules, folders or archives", "check the path")
        home = path.resolve()
        try:
            if path.is_dir():
                found += _class(home.name, read_folder(home), unpacker)
            elif path.suffix.lower() == ".zip":
                with unpacker.look_into(path) as folder:
                    found += _class(home.stem, folder, unpacker)
            else:
                file = File(path.name, partial(Path, path))
                found.append((home.parent.name, _single(file, home.parent.name, unpacker)))
        except Refused as refused:
            found.append((home.parent.name, Found(path.name, "", None, str(refused))))
    if not found or not any(path.is_dir() or path.suffix.lower() in KINDS for path in paths):
        names = ", ".join(map(str, paths)) or "nothing"
        raise ExerciseError(
            f"there is no submission in {names}",
            "at least one .ipynb or .py file",
            "check the paths and the file names",
        )
    return tuple(sorted(_distinct(found), key=lambda one: (one.name.casefold(), one.name)))


def _class(name: str, folder: Folder, unpacker: Unpacker) -> Iterator[tuple[str, Found]]:
    """Find the submissions in a folder or archive given on the command line, each with an alternative name."""
    documents = list(folder.documents)
    while not folder.files and len(folder.folders) == 1:
        (inner_name, inner), *_ = folder.folders.items()
        if _MOODLE.fullmatch(inner_name) or len(inner.files) == 1:
            break
        name, folder = inner_name, inner
        documents += folder.documents
    if _MOODLE.fullmatch(name) or _is_learners(folder):
        yield name, _learner(name, folder, unpacker)
        return
    for file in folder.files:
        yield name, _single(file, name, unpacker)
    for document in documents if len(folder.files) + len(folder.folders) > 1 else ():  # else it belongs to that one
        owner = _owner(PurePath(document).stem)
        yield name, replace(owner, reason=f"{document} is not an .ipynb or .py file")
    yield from _folders(name, folder, unpacker)


def _is_learners(folder: Folder) -> bool:
    """Tell whether a folder with a sheet in it is one learner's: no other notebook, archive or sheet is there."""
    named = [file for file in folder.files if file.stem in SHEETS]
    others = [file for file in folder.files if file.kind != ".py" and file not in named]
    deeper = [file for inner in folder.folders.values() for file in _levels(inner)]
    return bool(named) and not others and all(file.kind == ".py" and file.stem not in SHEETS for file in deeper)


def _folders(name: str, folder: Folder, unpacker: Unpacker) -> Iterator[tuple[str, Found]]:
    """Find the submissions in subfolders: one in each, or several in one that only groups others."""
    for inner_name, inner in folder.folders.items():
        parts = _PARTS & {part.lower() for part in inner.folders}
        if inner.files or parts or _MOODLE.fullmatch(inner_name) or len(_levels(inner)) < 2:
            yield name, _learner(inner_name, inner, unpacker)
        else:
            yield from _folders(inner_name, inner, unpacker)


def _single(file: File, folder_name: str, unpacker: Unpacker) -> Found:
    """Take a file as a submission, named after the file, or after its folder if the file is named like the sheet."""
    return _resolved(folder_name if file.stem in SHEETS else file.stem, file, unpacker)


def _learner(name: str, folder: Folder, unpacker: Unpacker) -> Found:
    """Choose the file that counts in a learner's folder."""
    try:
        return _resolved(name, _chosen(folder, unpacker.wanted), unpacker)
    except Refused as refused:
        return replace(_owner(name), reason=str(refused))


def _resolved(name: str, file: File, unpacker: Unpacker) -> Found:
    """Get the content of a file, or of the file in an archive."""
    try:
        content = file.content()
        if file.kind == ".zip":
            if content.stat().st_size > MAXIMUM_INNER:
                raise Refused(f"the archive has over {MAXIMUM_INNER:,} bytes")
            with unpacker.look_into(content) as folder:
                inner = _chosen(folder, unpacker.wanted)
                if inner.kind == ".zip":
                    raise Refused("it is an archive within an archive")
                content = inner.content()
        elif file.kind not in KINDS:
            raise Refused(f"{file.name} is not an .ipynb or .py file")
        return replace(_owner(name), file=content)
    except Refused as refused:
        return replace(_owner(name), reason=f"{file.name}: {refused}")


def _levels(folder: Folder) -> list[File]:
    """List the files of the top level that has any."""
    level = [folder]
    while level:
        if files := [file for one in level for file in one.files]:
            return files
        level = [inner for one in level for inner in one.folders.values()]
    return []


def _chosen(folder: Folder, wanted: str) -> File:
    """Prefer a notebook to a module to an archive, and among several the one with the name of the (wanted) sheet."""
    files = _levels(folder)
    for kind in KINDS:
        candidates = [file for file in files if file.kind == kind]
        if len(candidates) > 1:
            sheets = [file for file in candidates if file.stem in SHEETS]
            sheets = [file for file in sheets if file.stem == wanted] or sheets
            if len(sheets) != 1:
                names = ", ".join(sorted(file.name for file in candidates)[:5])
                raise Refused(f"{len(candidates)} files of one type ({names}), and it is not clear which one counts")
            return sheets[0]
        if candidates:
            return candidates[0]
    raise Refused("no .ipynb or .py file")


def _owner(name: str) -> Found:
    """Read the learner's name and number from the name that a course system gave to a file or folder."""
    match = _MOODLE.fullmatch(name) or _CANVAS.fullmatch(name)
    return Found(match["name"], match["id"], None) if match else Found(name, "", None)


def _distinct(found: Iterable[tuple[str, Found]]) -> Iterator[Found]:
    """Make names distinct: by their folders, or else by numbers."""
    found = list(found)
    often = Counter(one.name for _, one in found)
    taken: set[str] = set()
    for folder, one in found:
        wanted = f"{folder}/{one.name}" if often[one.name] > 1 else one.name
        numbered = (f"{wanted} ({number})" for number in count(2))
        name = next(name for name in chain([wanted], numbered) if name not in taken)
        taken.add(name)
        yield replace(one, name=name)
