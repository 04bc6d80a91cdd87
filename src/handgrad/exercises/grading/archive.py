"""Folders and ZIP archives as trees of the files that may be submissions.

An archive may be hostile. The names of its members are never used as paths: a member is unpacked under a number, and
only on demand. Its bytes are counted while it is unpacked, whatever size the archive declares.
"""

from __future__ import annotations

import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from handgrad import limits
from handgrad.exercises.submission.reading import MAXIMUM_BYTES
from handgrad.files import CHUNK, ZIP_ERRORS

KINDS = (".ipynb", ".py", ".zip")
DOCUMENTS = (".txt", ".pdf", ".doc", ".docx", ".odt", ".rtf", ".html", ".pages", ".rar", ".7z", ".tar", ".gz", ".tgz")
MAXIMUM_MEMBERS = 20_000  # of one archive
MAXIMUM_INNER = 20_000_000  # bytes of an archive within an archive or folder
MAXIMUM_UNPACKED = 2_000_000_000  # bytes from all archives together
MAXIMUM_DEPTH = 12  # folders within folders
_DAMAGED = (OSError, *ZIP_ERRORS)
SPECIAL = "it is not a regular file"  # but a pipe or a device, which might never come to an end
_LEFT_BEHIND = ("__MACOSX", "__pycache__")


class Refused(Exception):  # noqa: N818 - collect turns it into a reason
    """Why a file, folder or archive cannot be used."""


@dataclass(frozen=True)
class File:
    """A file that may be a submission, and how to get its content (or a :class:`Refused`)."""

    name: str
    content: Callable[[], Path]

    @property
    def kind(self) -> str:
        """The extension of its name, in lower case."""
        return PurePosixPath(self.name).suffix.lower()

    @property
    def stem(self) -> str:
        """Its name without the extension."""
        return PurePosixPath(self.name).stem


@dataclass
class Folder:
    """A folder, on disk or in an archive: files that may be submissions, and the names of mistaken ones."""

    files: list[File] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)
    documents: list[str] = field(default_factory=list)


def read_folder(path: Path, depth: int = 0) -> Folder:
    """Read a folder on disk. Links are refused, as they may lead to any file."""
    folder = Folder()
    try:
        entries = sorted(path.iterdir())
    except OSError as error:
        raise Refused(f"it cannot be read ({error.strerror})") from error
    for entry in entries:
        if _ignored(entry.name):
            continue
        if entry.is_symlink():
            if entry.suffix.lower() in KINDS:
                folder.files.append(File(entry.name, partial(_refuse, "it is a link, which may lead anywhere")))
        elif entry.is_dir():
            if depth < MAXIMUM_DEPTH:
                folder.folders[entry.name] = read_folder(entry, depth + 1)
        elif entry.suffix.lower() in KINDS:
            content = partial(Path, entry) if entry.is_file() else partial(_refuse, SPECIAL)
            folder.files.append(File(entry.name, content))
        elif entry.suffix.lower() in DOCUMENTS:
            folder.documents.append(entry.name)
    return folder


def _refuse(reason: str) -> Path:
    raise Refused(reason)


def _ignored(name: str) -> bool:
    """Recognise files that systems leave behind, such as ``.ipynb_checkpoints`` and ``._sheet.ipynb``."""
    if "_assignsubmission_onlinetext" in name:  # Moodle's own, next to the folder with the same learner's files
        return True
    return name in _LEFT_BEHIND or (name.startswith(".") and name not in (".", ".."))


def _named(member: zipfile.ZipInfo) -> str:
    """Read a name as UTF-8 even if the archive does not say so, as those of zip on Linux and of macOS do not."""
    if not member.flag_bits & 0x800:
        with suppress(UnicodeError):
            return member.filename.encode("cp437").decode("utf-8")
    return member.filename


class Unpacker:
    """Reads archives, and unpacks single members into a folder, within limits.

    ``wanted`` is the name of the sheet that is to be graded, which counts if the other one lies beside it.
    """

    def __init__(self, scratch: Path, wanted: str = "") -> None:
        self.scratch, self.wanted = scratch, wanted
        self.left = limits.most("bytes", MAXIMUM_UNPACKED)
        self.count = 0

    @contextmanager
    def look_into(self, path: Path) -> Iterator[Folder]:
        """Give an archive as a folder; its files are unpacked on demand within the block."""
        if not path.is_file():
            raise Refused(SPECIAL)
        try:
            archive = zipfile.ZipFile(path)
        except _DAMAGED as error:
            raise Refused(f"it is not a readable ZIP archive ({error})") from error
        with archive:
            yield self._tree(archive)

    def _tree(self, archive: zipfile.ZipFile) -> Folder:
        """Sort an archive's members into folders."""
        members = archive.infolist()
        if len(members) > (most := limits.most("files", MAXIMUM_MEMBERS)):
            raise Refused(f"the archive has {len(members):,} members; at most {most:,} are read")
        root, often = Folder(), Counter(member.filename for member in members)
        for member in {member.filename: member for member in members}.values():
            place = PurePosixPath(_named(member).replace("\\", "/"))
            parts = [part for part in place.parts if part not in ("..", "/")]
            if not parts or any(map(_ignored, parts)) or len(parts) > MAXIMUM_DEPTH:
                continue
            folder = root
            for part in parts if member.is_dir() else parts[:-1]:
                folder = folder.folders.setdefault(part, Folder())
            if not member.is_dir() and place.suffix.lower() in DOCUMENTS:
                folder.documents.append(parts[-1])
            if member.is_dir() or place.suffix.lower() not in KINDS:
                continue
            if place.is_absolute() or ".." in place.parts or ":" in parts[0]:
                content: Callable[[], Path] = partial(_refuse, "its path leads out of the archive")
            elif often[member.filename] > 1:
                content = partial(_refuse, "the archive has two files of this name")
            else:
                content = partial(self._unpack, archive, member)
            folder.files.append(File(parts[-1], content))
        return root

    def _unpack(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Path:
        """Write one member to a file, counting its bytes."""
        suffix = PurePosixPath(member.filename).suffix.lower()
        limit = min(self.left, MAXIMUM_INNER if suffix == ".zip" else MAXIMUM_BYTES)
        if member.flag_bits & 1:
            raise Refused("it is encrypted")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise Refused("it is a link, which may lead anywhere")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused("its compression method is not supported")
        self.count += 1
        target = self.scratch / str(self.count) / f"submission{suffix}"
        size = 0
        try:
            target.parent.mkdir()
            with archive.open(member) as source, target.open("xb") as file:
                while chunk := source.read(CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise Refused(f"it has over {limit:,} bytes")
                    file.write(chunk)
        except _DAMAGED as error:
            raise Refused(f"it cannot be unpacked ({error})") from error
        finally:
            self.left -= size
        return target
