"""Which kind of table a file is, and the kinds that a library reads: Parquet, ARFF and libsvm."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from handgrad import files
from handgrad.data.content import PACKERS, STANDARD_INPUT, content_of
from handgrad.data.encodings import encoding_of
from handgrad.data.frames import HEAD, Frame, read_text
from handgrad.data.npy import is_npz
from handgrad.data.pictures import read_column
from handgrad.data.text import MISSING
from handgrad.errors import DataError, FormatError

_ALONE = (".npz", ".mat", ".pkl", ".gz", "ubyte", ".parquet", ".zip")  # no table, even if alone in a zip archive
# The first bytes of pictures: PNG, JPEG, GIF, BMP, TIFF, WebP, PPM.
_PICTURES = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF", b"P5\n", b"P6\n")


def is_table(path: str | os.PathLike[str]) -> bool:
    """Say whether a path is that of a table or another file that is read as one: no array, picture or folder."""
    path = Path(path).expanduser()
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
    if start.startswith(b"MATLAB"):
        return "matlab"
    if start.startswith(_PICTURES) or start[4:8] == b"ftyp":
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
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return "table"
    names = [name for name in names if not name.startswith("__")]
    if "[Content_Types].xml" in names or any(name.endswith("/data.pkl") for name in names):
        return "table"
    if len(names) == 1 and not names[0].lower().endswith(_ALONE):
        return "table"
    return "archive"


def read_frame(path: Path) -> Frame:
    """Read a table by what the file contains, whatever its name.

    Parameters
    ----------
    path : Path
        ``-`` is the standard input.

    Raises
    ------
    DataError
        If it cannot be read, or is no table.
    """
    if path.suffix.lower() == ".parquet" or _is_parquet(path):
        return read_parquet(path)
    content = content_of(path)
    if content.lstrip()[:1] in (b"%", b"@") and b"@relation" in content[:HEAD].lower():
        return _read_arff(path, content)
    if re.match(rb"[+-]?[\d.]+\s+(qid:\d+\s+)?\d+:\S", content):
        return _read_libsvm(path, content)
    return read_text(path, content)


def _is_parquet(path: Path) -> bool:
    """Recognise Parquet by its first bytes, so that a large file is read once only."""
    if path in STANDARD_INPUT:
        return False
    with files.opened(path) as file:
        return file.read(4) == b"PAR1"


def read_parquet(path: Path) -> Frame:
    """Read a table in Parquet; its columns have names.

    Raises
    ------
    DataError
        If pyarrow is not installed, or the file is not a table.
    """
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise DataError(
            f"{path}: Parquet needs pyarrow, which is not installed",
            "the extra `parquet`",
            "run `pip install 'handgrad[parquet]'`",
        ) from error
    with files.opened(path) as file:
        try:
            source = parquet.ParquetFile(file)
            cells = source.metadata.num_rows * len(source.schema_arrow.names)
            groups = map(source.metadata.row_group, range(source.metadata.num_row_groups))
            files.refuse_size(max(8 * cells, sum(group.total_byte_size for group in groups)), path)
            table = source.read()
        except (arrow.ArrowException, OSError, ValueError) as error:
            raise FormatError(
                f"{path} is not a Parquet file ({str(error)[:200]})", "a Parquet file", "write it again"
            ) from error
    import pandas as pd

    pictures = [i for i, field in enumerate(table.schema) if _holds_pictures(field.type)]
    columns = {str(name): _parquet_column(table.column(i)) for i, name in enumerate(table.column_names)}
    if len(pictures) == 1:
        del columns[str(table.column_names[pictures[0]])]
    others = {name: str(table.schema.field(name).type) for name, column in columns.items() if column is None}
    frame = pd.DataFrame(
        {name: np.full(len(table), None) if column is None else column for name, column in columns.items()}
    )
    frame = _with_class_names(frame, table.schema.metadata or {})
    if len(pictures) != 1:
        return Frame(path, frame, True, others=others)
    X, readable, notes = read_column(table.column(pictures[0]).to_pylist(), path)
    shape = (X.shape[1], X.shape[2])
    pixels = pd.DataFrame(X.reshape(len(X), -1), columns=[f"pixel{i}" for i in range(X[0].size)])
    frame = pd.concat([frame[readable].reset_index(drop=True), pixels], axis=1)
    return Frame(path, frame, True, notes, image_shape=shape, others=others)


def _holds_pictures(kind: Any) -> bool:
    """Recognise a column of pictures, as Hugging Face writes them: a struct of bytes and path, or bytes alone."""
    import pyarrow as arrow

    binary = arrow.types.is_binary, arrow.types.is_large_binary
    if arrow.types.is_struct(kind) and "bytes" in (names := [field.name for field in kind]):
        return bool(binary[0](kind[names.index("bytes")].type) or binary[1](kind[names.index("bytes")].type))
    return bool(binary[0](kind) or binary[1](kind))


def _with_class_names(frame: Any, metadata: dict[bytes, bytes]) -> Any:
    """Replace numbers of classes by the names that Hugging Face's metadata give them."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        named = {key: one["names"] for key, one in features.items() if one.get("_type") == "ClassLabel"}
    except (ValueError, KeyError, TypeError, AttributeError):
        return frame
    for key, names in named.items():
        if key in frame and frame[key].dtype.kind in "iu" and frame[key].between(0, len(names) - 1).all():
            frame[key] = np.array([str(name) for name in names], object)[frame[key].to_numpy()]
    return frame


def _parquet_column(column: Any) -> Any:
    """Convert a column to numbers or texts; return None if it holds anything else."""
    import pyarrow as arrow

    kind = column.type
    if arrow.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if arrow.types.is_decimal(kind):
        column, kind = column.cast(arrow.float64()), arrow.float64()
    if arrow.types.is_string(kind) or arrow.types.is_large_string(kind):
        texts = [None if text is None or text.strip() in MISSING else text.strip() for text in column.to_pylist()]
        return np.array(texts, object)
    if not (arrow.types.is_integer(kind) or arrow.types.is_floating(kind) or arrow.types.is_boolean(kind)):
        return None
    if column.null_count == 0:
        return column.to_numpy()
    return column.cast(arrow.float64()).to_pandas().to_numpy()


def _read_arff(path: Path, content: bytes) -> Frame:
    """Read Weka's format through SciPy."""
    import pandas as pd
    from scipy.io import arff

    try:
        rows, meta = arff.loadarff(io.StringIO(content.decode(encoding_of(content))))
    except (arff.ArffError, NotImplementedError, ValueError, StopIteration) as error:
        raise FormatError(f"{path}: {error}", "a table in ARFF", "convert it to CSV") from error
    table = pd.DataFrame(rows)
    for name, kind in zip(meta.names(), meta.types(), strict=True):
        if kind == "nominal":
            table[name] = [None if word == b"?" else word.decode() for word in table[name]]
    return Frame(path, table, True)


def _read_libsvm(path: Path, content: bytes) -> Frame:
    """Read lines of a label and pairs of an index and a value, through scikit-learn."""
    import pandas as pd
    from sklearn.datasets import load_svmlight_file

    try:
        X, y = load_svmlight_file(io.BytesIO(content))
    except ValueError as error:
        raise FormatError(f"{path}: {error}", "lines such as 1 3:0.5 7:2 (libsvm)", "correct the file") from error
    files.refuse_size(8 * X.shape[0] * X.shape[1], path)
    table = pd.DataFrame(X.toarray(), columns=[str(number) for number in range(1, X.shape[1] + 1)])
    table["label"] = y
    return Frame(path, table, named=True)
