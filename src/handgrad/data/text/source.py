"""The text of a table, how it is written, and how pandas reads it."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handgrad.data.text.dialects import Dialect
from handgrad.data.text.words import MISSING
from handgrad.errors import FormatError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Source:
    """A text table's content in UTF-8 with plain lines, how it is written, and its columns."""

    path: Path
    content: bytes
    dialect: Dialect
    names: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """The number of fields in a row, those that are left out included."""
        return self.dialect.width + self.dialect.row_names + self.dialect.empty_last

    def _body(self) -> io.BytesIO:
        """Return the content from the first row on."""
        body = io.BytesIO(self.content)
        for _ in range(self.dialect.skipped):
            body.readline()
        return body

    def parse(self, **options: Any) -> pd.DataFrame:
        """Parse all rows, with pandas; the columns are numbered from 0.

        Raises
        ------
        FormatError
            If pandas cannot.
        """
        import pandas as pd

        written = self.dialect
        with warnings.catch_warnings(), _own_errors(self):
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows that are longer than the others
            found: pd.DataFrame = pd.read_csv(
                self._body(),
                **{
                    "sep": r"\s+" if written.separator == " " else written.separator,
                    "decimal": written.marks.decimal,
                    "header": None,
                    "names": range(self.width),
                    "index_col": False,
                    "na_values": list(MISSING),
                    "keep_default_na": False,
                    "skipinitialspace": True,
                    "low_memory": False,
                    **options,
                },
            )
        return found

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Read the rows with the numbers of their lines, slowly, for a message."""
        text, written = io.TextIOWrapper(self._body(), "utf-8", newline="\n"), self.dialect
        lines = (" ".join(line.split()) if written.separator == " " else line for line in text)
        reader = csv.reader(lines, delimiter=written.separator, skipinitialspace=True)
        line = written.skipped + 1
        try:
            for row in reader:
                if row not in ([], [""]):
                    yield line, row
                line = written.skipped + reader.line_num + 1
        except csv.Error as error:
            raise FormatError(
                f"{self.path}, line {line}: {error}", "rows whose fields can be separated", "correct that line"
            ) from error


@contextmanager
def _own_errors(source: Source) -> Iterator[None]:
    """Turn whatever pandas says of a table into a :class:`FormatError`."""
    try:
        yield
    except (ValueError, OverflowError, Warning) as error:  # pandas' own errors are ValueErrors
        if "EOF inside string" in str(error):
            *_, (line, _) = source.rows()
            raise FormatError(
                f"{source.path}, line {line}: a quotation mark that begins a field and is never closed",
                'fields such as "a, b" or a, with a mark at both ends or at neither',
                "add the mark that is missing, or remove the one that is there",
            ) from error
        raise FormatError(f"{source.path}: {str(error)[:200]}", "rows of fields", "check the file") from error
