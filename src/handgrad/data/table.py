"""Tables with one row for each example and one column for the label: CSV, and Parquet through pyarrow."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data.dataset import MAX_CLASSES, Dataset, Scaling
from handgrad.data.splits import stratified_split
from handgrad.errors import DataError, FormatError

LABELS = ("label", "class", "target", "y")
MAX_CSV_BYTES = 2**28
MAX_COLUMNS = 100_000


def read_csv(path: str | os.PathLike[str]) -> Dataset:
    r"""Read a table in CSV, UTF-8, separated by commas, semicolons or tabs, with a header or without.

    The label column is the first of ``label``, ``class``, ``target``, ``y`` in the header, and otherwise the last
    column. Labels are words or whole numbers, and become classes in sorted order. All other columns must be numeric. A
    fixed fifth of each class is the test set; the scaling is fitted on the rest.

    The first row is a header if a feature in it is not a number, or if it contains one of those four names.

    Raises
    ------
    FormatError
        If a row has the wrong length or a field is not a number; the message gives the line.
    DataError
        If the rows are not a data set.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "toy.csv").write_text("size,label\n" + "1,small\n" * 5 + "9,big\n" * 5)
    ...     data = read_csv(Path(folder) / "toy.csv")
    >>> data.class_names, data.X_train.shape, data.X_test.shape
    (('big', 'small'), (8, 1), (2, 1))
    """
    path = Path(path)
    with files.opened(path) as file:
        files.refuse_size(path.stat().st_size, path, MAX_CSV_BYTES)
        first = re.sub(rb'"[^"]*"', b"", file.readline(files.CHUNK))
        file.seek(0)
        delimiter = max(",;\t", key=lambda mark: first.count(mark.encode()))
        with io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
            try:
                X, words, label = _read_rows(csv.reader(text, delimiter=delimiter, strict=True), path)
            except (csv.Error, UnicodeDecodeError) as error:
                raise FormatError(f"{path}: {error}", "CSV in UTF-8", "save the table as CSV in UTF-8") from error
    return _dataset(path, X, words, label)


def _read_rows(reader: Any, path: Path) -> tuple[NDArray[np.float64], list[str], str]:
    """Read all rows: the numbers (n, d), the labels as words, and the name of their column."""
    lines: Iterator[tuple[int, list[str]]] = ((reader.line_num, row) for row in reader if row)
    first_line, first = next(lines, (0, []))
    if not 2 <= len(first) <= MAX_COLUMNS:
        raise FormatError(
            f"{path}: its first row has {len(first)} columns", "numbers and a label", "separate the columns by commas"
        )
    is_header = _is_header(first)
    column = _label_column(first, path) if is_header else len(first) - 1
    names = first if is_header else [f"column {number}" for number in range(1, len(first) + 1)]
    numbers: array[float] = array("d")
    words: list[str] = []
    if not is_header:
        _refuse_counted_names(first, path)
        lines = chain([(first_line, first)], lines)
    for line, row in lines:
        if len(row) != len(names):
            raise FormatError(
                f"{path}, line {line}: {len(row)} fields",
                f"{len(names)}, as in the first row",
                "complete or drop the row",
            )
        word, fields = row[column].strip(), row[:column] + row[column + 1 :]
        if not word:
            raise FormatError(f"{path}, line {line}: an empty label", "a label in every row", "fill or drop the row")
        words.append(word)
        try:
            numbers.extend(map(float, fields))
        except ValueError:
            place = next(place for place, field in enumerate(fields) if not _is_number(field))
            raise FormatError(
                f"{path}, line {line}, {names[place + (place >= column)]}: {fields[place][:40]!r} is not a number",
                "a number in every column except the label's",
                "fill, encode or drop the column",
            ) from None
    if is_header and _numbers_but(first, column) and first[column].strip() in words:
        raise FormatError(
            f"{path}: its first row may be a header or an example, because {first[column].strip()!r} is also a label",
            "a header that cannot be an example",
            "name the columns with words in the first row",
        )
    return np.array(numbers, np.float64).reshape(len(words), len(first) - 1), words, names[column]


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _numbers_but(row: Sequence[str], column: int) -> bool:
    """Check that all fields except one are numbers."""
    return all(_is_number(field) for place, field in enumerate(row) if place != column)


def _is_header(row: Sequence[str]) -> bool:
    """Recognise a header by a feature that is not a number, or by the name of a label column."""
    return not _numbers_but(row, len(row) - 1) or any(field.strip().lower() in LABELS for field in row)


def _label_column(header: Sequence[str], path: Path) -> int:
    """Find the label column by its name, or use the last column."""
    names = [name.strip().lower() for name in header]
    if "" in names:
        raise FormatError(
            f"{path}: column {names.index('') + 1} has no name, like the index of a data frame",
            "a name for every column",
            "drop the index (in pandas: to_csv(path, index=False)), or name the column",
        )
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise FormatError(f"{path}: two columns are called {double!r}", "different names", "rename one of them")
    return next((names.index(label) for label in LABELS if label in names), len(names) - 1)


def _refuse_counted_names(first: Sequence[str], path: Path) -> None:
    """Refuse a first row of 0, 1, 2, ..., which may be pandas' names for unnamed columns."""
    if len(first) > 2 and [field.strip() for field in first] == [str(number) for number in range(len(first))]:
        raise FormatError(
            f"{path}: its first row counts 0, 1, 2, ..., which may be names or an example",
            "columns named with words, or no header",
            "name the label's column 'label' (in pandas: to_csv(path, header=False) writes no header)",
        )


def read_parquet(path: str | os.PathLike[str]) -> Dataset:
    """Read a table in Parquet by the rules of :func:`read_csv`; its columns always have names.

    Raises
    ------
    DataError
        If pyarrow is not installed, or the file is not a table of numbers with a label.
    """
    path = Path(path)
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
    names = list(map(str, table.column_names))
    if len(names) < 2 or table.num_rows == 0:
        raise FormatError(f"{path}: {table.num_rows} rows of {len(names)} columns", "numbers and a label", "add them")
    column = _label_column(names, path)
    X = [_parquet_column(table.column(place), names[place], path) for place in range(len(names)) if place != column]
    words = [str(value).strip() if value is not None else "" for value in table.column(column).to_pylist()]
    if "" in words:
        raise FormatError(
            f"{path}, row {words.index('') + 1}: an empty label", "a label in every row", "fill or drop it"
        )
    return _dataset(path, np.column_stack(X), words, names[column])


def _parquet_column(column: Any, name: str, path: Path) -> NDArray[np.float64]:
    """Convert a column of numbers to float64."""
    import pyarrow as arrow

    kind = column.type
    if column.null_count or not (
        arrow.types.is_integer(kind) or arrow.types.is_floating(kind) or arrow.types.is_boolean(kind)
    ):
        raise FormatError(
            f"{path}: column {name!r} of type {kind} with {column.null_count} empty fields",
            "a number in every field of every column except the label's",
            "fill, encode or drop the column",
        )
    return np.asarray(column.to_numpy()).astype(np.float64)


def _dataset(path: Path, X: NDArray[np.float64], words: list[str], label: str) -> Dataset:
    """Build a data set: number the classes, split, fit the scaling on the training set, and scale."""
    if not words:
        raise FormatError(f"{path} has no examples", "rows of numbers and a label", "add them")
    if not np.isfinite(X).all():
        row, column = (int(index) for index in np.argwhere(~np.isfinite(X))[0])
        raise DataError(
            f"{path}: {X[row, column]} in example {row + 1}, feature {column + 1}",
            "finite numbers",
            "fill or drop that row",
        )
    class_names, y = _classes(words, path)
    train, test = stratified_split(y)
    if len(test) == 0:
        raise DataError(
            f"{path}: no class has two examples", "classes with several examples each", "check the label column"
        )
    scaling = Scaling.fit(X[train])
    notes = () if label.strip().lower() in LABELS else (f"using the last column, {label}, as the label",)
    return Dataset(
        path.stem, scaling.apply(X[train]), y[train], scaling.apply(X[test]), y[test], class_names, None, scaling, notes
    )


def _classes(words: list[str], path: Path) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Name the classes, in numerical order if all labels are whole numbers, and otherwise in alphabetical order."""
    names: list[str] = sorted(set(words))
    if all(_is_number(name) and math.isfinite(float(name)) for name in names):
        if any(float(name) != int(float(name)) for name in names):
            raise DataError(
                f"{path}: labels that are not whole numbers, such as {next(n for n in names if float(n) % 1)}",
                "classes, as words or whole numbers",
                "check which column is the label; handgrad classifies, and does not predict quantities from tables",
            )
        words = [str(int(float(word))) for word in words]
        names = sorted(set(words), key=int)
    if not 2 <= len(names) <= MAX_CLASSES:
        raise DataError(
            f"{path}: {len(names)} different labels", f"2 to {MAX_CLASSES} classes", "check the label column"
        )
    number = {name: index for index, name in enumerate(names)}
    return tuple(names), np.array([number[word] for word in words], np.int64)
