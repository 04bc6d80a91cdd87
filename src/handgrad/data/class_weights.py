"""A file of class weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data.text.encodings import as_utf8
from handgrad.data.text.words import is_number
from handgrad.errors import FormatError

_MAX_BYTES = 2**22
_LARGEST = 1e6  # weights are relative; larger ones leave nothing of the other classes, and overflow in the end
_WEIGHT = f"a number from 0 to {_LARGEST:,.0f} after the last comma"


def read_class_weights(path: Path, class_names: Sequence[str]) -> NDArray[np.float64]:
    r"""Read the weights of classes: lines of a class and a number, separated by a comma; a heading is allowed.

    Parameters
    ----------
    path : Path
    class_names : sequence of k str

    Returns
    -------
    array of shape (k,)
        1 for a class that the file does not name.

    Raises
    ------
    DataError
        If the file cannot be read, or a line is anything else; the message has the line.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "weights.csv"
    ...     _ = path.write_text("class,weight\nrare,25\n")
    ...     read_class_weights(path, ["common", "rare"])
    array([ 1., 25.])
    """
    with files.opened(path) as file:
        files.refuse_size(path.stat().st_size, path, _MAX_BYTES)
        text = as_utf8(file.read())[0].decode("utf-8", "replace")
    weights, number = np.ones(len(class_names)), {name: i for i, name in enumerate(class_names)}
    seen: set[str] = set()
    for line, content in enumerate(text.splitlines(), start=1):
        name, _, value = (part.strip().strip("\"'") for part in content.rpartition(","))
        heading = line == 1 and "," in content and name not in number and not is_number(value)
        if not content.strip() or heading:
            continue
        weight = _number(value)
        if weight is None:
            raise _wrong(path, line, f"{value[:40]!r} is not a weight", _WEIGHT)
        if name not in number or name in seen:
            what = "is named twice" if name in seen else "is not a class of the training set"
            raise _wrong(path, line, f"{name[:40]!r} {what}", f"one of {', '.join(class_names[:20])}")
        seen.add(name)
        weights[number[name]] = weight
    if not seen:
        raise FormatError(
            f"{path} has no weights", "lines such as CLASS,2.5", "add them, or use --class-weight balanced"
        )
    return weights


def _number(text: str) -> float | None:
    """Return a number that may be a weight; None for any other text."""
    return float(text) if is_number(text) and 0 <= float(text) <= _LARGEST else None


def _wrong(path: Path, line: int, found: str, wanted: str) -> FormatError:
    return FormatError(f"{path}, line {line}: {found}", wanted, "correct that line")
