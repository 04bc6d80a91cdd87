"""Tables in Parquet: columns of numbers, words and pictures, and what pandas and Hugging Face say of them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from handgrad import limits
from handgrad.data.pictures.images import begins_as_picture
from handgrad.data.pictures.many import read_column
from handgrad.data.text.frames import Frame, refuse_double
from handgrad.data.text.words import EMPTY, LABELS, plain
from handgrad.errors import DataError, FormatError

PARQUET = b"PAR1"  # the first bytes of a file
_CONTROL = re.compile(r"[\0-\x08\x0e-\x1f]")  # characters of no text


def read_parquet(path: Path, file: BinaryIO) -> Frame:
    """Read a table in Parquet; its columns have names.

    Parameters
    ----------
    path : Path
        For messages.
    file : binary file

    Raises
    ------
    DataError
        If pyarrow is not installed, or the file is not a table.
    """
    import pandas as pd

    table, notes = _without_index(_arrow_table(path, file))
    import pyarrow as arrow

    refuse_double(path, names := [str(name) for name in table.column_names])
    columns: dict[str, Any] = {}
    others: dict[str, str] = {}
    pictures: dict[str, list[bytes | None]] = {}
    for name, column in zip(names, table.columns, strict=True):
        if arrow.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if _holds_bytes(column.type):
            cells = [cell["bytes"] if isinstance(cell, dict) else cell for cell in column.to_pylist()]
            columns[name] = _decoded(cells)
            if columns[name] is None and any(map(begins_as_picture, filter(None, cells))):
                pictures[name] = cells
        else:
            columns[name] = _numbers_or_texts(column)
        if columns[name] is None:
            others[name] = str(column.type)
    if len(pictures) == 1:
        (name,) = pictures
        del columns[name], others[name]
    frame = pd.DataFrame(
        {name: np.full(len(table), None) if column is None else column for name, column in columns.items()}
    )
    frame = _with_class_names(frame, table.schema.metadata or {})
    if len(pictures) != 1:
        return Frame(path, frame, True, notes, others=others)
    X, readable, more = read_column(pictures[name], path)
    shape = (X.shape[1], X.shape[2])
    pixels = pd.DataFrame(X.reshape(len(X), -1), columns=[f"pixel{i}" for i in range(X[0].size)])
    frame = pd.concat([frame[readable].reset_index(drop=True), pixels], axis=1)
    return Frame(path, frame, True, (*notes, *more), image_shape=shape, others=others)


def _arrow_table(path: Path, file: BinaryIO) -> Any:
    """Read a file through pyarrow, unless it is too large."""
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise DataError(
            f"{path}: Parquet needs pyarrow, which is not installed",
            "the extra `parquet`",
            "run `pip install 'handgrad[parquet]'`",
        ) from error
    try:
        source = parquet.ParquetFile(file)
        cells = source.metadata.num_rows * len(source.schema_arrow.names)
        groups = map(source.metadata.row_group, range(source.metadata.num_row_groups))
        limits.refuse_bytes(max(8 * cells, sum(group.total_byte_size for group in groups)), path)
        leaves = [source.schema.column(place) for place in range(len(source.schema))]
        texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY" and leaf.path == leaf.name]
        table = parquet.ParquetFile(file, read_dictionary=texts).read()  # a text that is repeated is kept once
        limits.refuse_bytes(sum(map(_whole_size, table.columns)), path)
        return table
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise FormatError(
            f"{path} is not a Parquet file ({str(error)[:200]})", "a Parquet file", "write it again"
        ) from error


def _whole_size(column: Any) -> int:
    """Count the bytes of all texts in a column, of which each different one is kept once."""
    import pyarrow.compute as compute

    kind = column.type
    if not (hasattr(kind, "value_type") and hasattr(kind, "index_type")) or kind.value_type.num_buffers != 3:
        return 0
    lengths = (compute.take(compute.binary_length(one.dictionary), one.indices) for one in column.chunks)
    return sum(compute.sum(one).as_py() or 0 for one in lengths)


def _without_index(table: Any) -> tuple[Any, tuple[str, ...]]:
    """Leave out the index of a pandas table, which numbers or names the rows, unless it is called as labels are."""
    try:
        index = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))["index_columns"]
        names = [name for name in index if name in table.column_names and plain(name) not in LABELS]
    except (ValueError, KeyError, TypeError):
        return table, ()
    if not names:
        return table, ()
    note = f"the index that pandas wrote, {', '.join(names)}, is not a feature; left out"
    return table.drop_columns(names), (note,)


def _holds_bytes(kind: Any) -> bool:
    """Recognise bytes, alone or, as Hugging Face writes pictures, in a struct of bytes and path."""
    import pyarrow as arrow

    if arrow.types.is_struct(kind) and "bytes" in (names := [field.name for field in kind]):
        return _holds_bytes(kind[names.index("bytes")].type)
    return bool(
        arrow.types.is_binary(kind) or arrow.types.is_large_binary(kind) or arrow.types.is_fixed_size_binary(kind)
    )


def _decoded(cells: Sequence[bytes | None]) -> Any:
    """Return bytes as texts, as TensorFlow writes them; None if they are something else."""
    try:
        texts = [None if cell is None else cell.decode() for cell in cells]
    except UnicodeDecodeError:
        return None
    if not any(texts) or any(_CONTROL.search(text) for text in texts if text):
        return None
    return _texts(texts)


def _texts(cells: Sequence[str | None]) -> Any:
    texts = [None if cell is None or cell.strip() in EMPTY else cell.strip() for cell in cells]
    return np.array(texts, object)


def _numbers_or_texts(column: Any) -> Any:
    """Convert a column to numbers or texts; return None if it holds anything else."""
    import pandas as pd
    import pyarrow as arrow

    kind = column.type
    if arrow.types.is_string(kind) or arrow.types.is_large_string(kind):
        return _texts(column.to_pylist())
    if arrow.types.is_decimal(kind):
        column, kind = column.cast(arrow.float64()), arrow.float64()
    if not (arrow.types.is_integer(kind) or arrow.types.is_floating(kind) or arrow.types.is_boolean(kind)):
        return None
    if column.null_count == 0:
        return column.to_numpy()
    try:
        return column.cast(arrow.float64()).to_numpy()
    except arrow.ArrowInvalid:  # whole numbers above 2**53, which would be rounded
        return pd.arrays.IntegerArray(column.fill_null(0).to_numpy(), column.is_null().to_numpy())


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
