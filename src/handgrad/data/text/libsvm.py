"""The format of libsvm: a label in each line, and the features that are not zero, each behind its number."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from handgrad import limits
from handgrad.data.text.frames import HEAD, MAX_COLUMNS, Frame
from handgrad.errors import FormatError

_LABEL = "label"
_LINES = re.compile(  # comments and labels alone, and then a whole line with at least one feature
    rb"(?:[ \t]*(?:[+-]?[\d.]+[ \t]*)?(?:#[^\r\n]*)?[\r\n])*+"
    rb"[ \t]*[+-]?[\d.]+(?:e[+-]?\d+)?(?:[ \t]+qid:\d+)?(?:[ \t]+\d+:[^\s:#]+)+[ \t]*(?:#|[\r\n]|\Z)",
    re.IGNORECASE,
)
_TOLD = re.compile(rb"^#[ \t]*Column indices are (zero|one)-based", re.IGNORECASE | re.MULTILINE)  # as scikit-learn


def is_libsvm(content: bytes) -> bool:
    """Recognise the format by its first lines.

    Examples
    --------
    >>> is_libsvm(b"1 3:0.5 7:2"), is_libsvm(b"1 0:30:00 0")
    (True, False)
    """
    return _LINES.match(content, 0, HEAD) is not None


def read_libsvm(path: Path, content: bytes) -> Frame:
    """Read all lines through scikit-learn; each column is called by its number in the file.

    Raises
    ------
    FormatError
        If a line has anything else in it, or a number is too large.
    """
    import pandas as pd
    from sklearn.datasets import load_svmlight_file

    try:
        X, y = load_svmlight_file(io.BytesIO(content), zero_based=True)
    except (ValueError, OverflowError) as error:
        found = "the number of a feature is too large" if isinstance(error, OverflowError) else error
        raise FormatError(f"{path}: {found}", "lines such as 1 3:0.5 7:2 (libsvm)", "correct the file") from error
    if X.shape[1] > MAX_COLUMNS:
        raise FormatError(
            f"{path} has a feature {X.shape[1] - 1:,}", f"at most {MAX_COLUMNS:,} features", "use fewer of them"
        )
    limits.refuse_bytes(8 * X.shape[0] * X.shape[1], path)
    table = pd.DataFrame(X.toarray(), columns=[str(number) for number in range(X.shape[1])])
    told, counted_from_0 = _TOLD.search(content, 0, HEAD), X[:, 0].nnz > 0
    if not counted_from_0 and (told is None or told[1].lower() == b"one"):  # most programs count from 1
        table = table.drop(columns="0")
    table[_LABEL] = y
    return Frame(path, table, named=True, sparse=True, counted=counted_from_0 or told is not None)


def with_pixels(frame: Frame, width: int) -> Frame:
    """Return a sparse table with a column for each pixel of an image; any other table stays as it is.

    Raises
    ------
    FormatError
        If the table has a feature beyond these, or may count from 0 and from 1: all pixels would be shifted by one.
    """
    if not frame.sparse:
        return frame
    last = max((int(name) for name in frame.names if name != _LABEL), default=0)
    if not frame.counted and last < width:
        raise FormatError(
            f"{frame.path} has no feature 0 and no feature {width}, and may count its features from 0 or from 1",
            "a line at the top that says which, as dump_svmlight_file(..., comment='pixels') of scikit-learn writes",
            "write '# Column indices are zero-based' there if the first pixel is feature 0, or else '# Column indices "
            "are one-based'",
        )
    first = int("0" not in frame.names)
    return with_zeros(frame, [str(number) for number in range(first, first + width)])


def with_zeros(frame: Frame, names: Sequence[str]) -> Frame:
    """Return a sparse table with columns of zeros for the features that it lacks; any other table stays as it is.

    Parameters
    ----------
    frame : Frame
    names : sequence of str
        Those of all features.

    Raises
    ------
    FormatError
        If the table has a feature beyond these.
    """
    if not frame.sparse or not all(name.isdecimal() for name in names):
        return frame
    last, largest = (max(map(int, some), default=0) for some in (names, [n for n in frame.names if n != _LABEL]))
    if "0" in frame.names and "0" not in names:
        raise FormatError(
            f"{frame.path} numbers its features from 0, and the training set has no feature 0",
            "features that are numbered as in the training set",
            "add 1 to the numbers of its features if the training set counts from 1; otherwise train on both files",
        )
    if largest > last:
        raise FormatError(
            f"{frame.path} has a feature {largest}",
            f"features up to {last}, as in the training set",
            "use the model that was trained on such data, or train on both files",
        )
    if not frame.counted and largest < last:
        first = "0" if "0" in names else "1"
        frame = frame.with_notes(f"its features are taken to count from {first}, as those of the training set")
    columns = dict.fromkeys((*names, *frame.names))
    return replace(frame, table=frame.table.reindex(columns=list(columns), fill_value=0.0))


def equally_wide(frames: Sequence[Frame]) -> list[Frame]:
    """Give all sparse tables of one data set the features that any of them has."""
    names = sorted({name for frame in frames if frame.sparse for name in frame.names} - {_LABEL}, key=int)
    return [replace(with_zeros(frame, names), notes=frame.notes) for frame in frames]
