"""Which kind of table a file is."""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import os
import re
import zipfile
import zlib
from pathlib import Path

from handgrad import files
from handgrad.data.arrays.npy import is_npz
from handgrad.data.content import PACKERS, STANDARD_INPUT, content_of
from handgrad.data.pictures.images import begins_as_picture
from handgrad.data.tables.parquet import PARQUET, read_parquet
from handgrad.data.text.arff import is_arff, read_arff
from handgrad.data.text.frames import Frame, read_text
from handgrad.data.text.libsvm import is_libsvm, read_libsvm
from handgrad.data.text.written import with_numbers

_ALONE = (".npz", ".mat", ".pkl", ".gz", "ubyte", ".parquet", ".zip")  # no table, even if alone in a zip archive


def is_table(path: str | os.PathLike[str]) -> bool:
    """Say whether a path is that of a table or another file that is read as one: no array, picture or folder."""
    path = files.expanded(path)
    return path in STANDARD_INPUT or (path.is_file() and kind_of(path) == "table")


def kind_of(path: Path) -> str:
    """Tell what a file is by its contents: npy, npz, idx, pickle, matlab, archive, picture, or else table.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    with files.opened(path) as file:
        start = file.read(512)
        packer = next((module for mark, module in PACKERS.items() if start.startswith(mark)), None)
        if packer is not None:
            file.seek(0)
            try:
                start = packer.open(file).read(512)
            except (EOFError, OSError, zlib.error, lzma.LZMAError):
                start = b""
    if start[257:262] == b"ustar":
        return "archive"
    if packer not in (None, gzip):
        return "table"
    if start.startswith(b"\x93NUMPY"):
        return "npy"
    if re.match(rb"\0\0[\x08\x09\x0b-\x0e][\x01-\x08]", start):
        return "idx"
    if re.match(rb"\x80[\x02-\x05]", start):
        return "pickle"
    if start.startswith(b"MATLAB") and start[126:128] in (b"IM", b"MI"):
        return "matlab"
    if begins_as_picture(start):
        return "picture"
    if start.startswith(b"PK") or path.suffix.lower() == ".npz":
        return _kind_of_zip(path)
    return "table"


def _kind_of_zip(path: Path) -> str:
    """Tell what a zip archive holds: arrays, one table, or a folder; Office's files count as tables."""
    if is_npz(path):
        return "npz"
    try:
        with files.opened(path) as file, zipfile.ZipFile(file) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except files.ZIP_ERRORS:
        return "table"
    names = [name for name in names if not name.startswith("__")]
    if "[Content_Types].xml" in names or any(name.endswith("/data.pkl") for name in names):
        return "table"
    if len(names) == 1 and not names[0].lower().endswith(_ALONE):
        return "table"
    return "archive"


def read_frame(path: Path, headed: bool = True) -> Frame:
    """Read a table by what the file contains, whatever its name.

    Parameters
    ----------
    path : Path
        ``-`` is the standard input.
    headed : bool, default True
        Whether the first row of a text may be a header.

    Raises
    ------
    DataError
        If it cannot be read, or is no table.
    """
    if _is_parquet(path):
        with files.opened(path) as file:
            return read_parquet(path, file)
    content = content_of(path).removeprefix(codecs.BOM_UTF8)
    if content.startswith(PARQUET):  # from the standard input, or compressed once more
        return read_parquet(path, io.BytesIO(content))
    if is_arff(content):
        return read_arff(path, content)
    if is_libsvm(content):
        return read_libsvm(path, content)
    frame = read_text(path, content, headed)
    return with_numbers(frame, frame.names)


def _is_parquet(path: Path) -> bool:
    """Recognise Parquet by its first bytes, so that a large file is read once only."""
    if path in STANDARD_INPUT:
        return False
    with files.opened(path) as file:
        return path.suffix.lower() == ".parquet" or file.read(4) == PARQUET
