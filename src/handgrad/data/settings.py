"""Which data to train on, and what a table does not say itself."""

import re
from dataclasses import dataclass, fields
from typing import Literal

from handgrad.errors import SettingError

BALANCED = "balanced"
DIGITS = "digits"  # the set that is always there
_PER_CENT = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*%\s*")
Missing = Literal["error", "drop", "mean"]


@dataclass(frozen=True)
class TableOptions:
    """What a table does not say itself.

    Parameters
    ----------
    label : str, optional
        The label's column, by name or number (from 1), or the names of several one-hot columns, separated by
        commas.
    drop : tuple of str
        Columns to leave out, by name, separated by commas; quote a name that contains a comma.
    missing : {"error", "drop", "mean"}, default "error"
        What to do about an empty field: stop, leave out its row, or put the column's mean in its place.
    """

    label: str | None = None
    drop: tuple[str, ...] = ()
    missing: Missing = "error"

    def refuse_for(self, data: str) -> None:
        """Refuse these options for data that are no table.

        Raises
        ------
        SettingError
            If one of them is given.
        """
        if given := self._given():
            raise SettingError(
                f"{' and '.join(given)}: {data} is not a table", "a table, or none of these options", "leave them out"
            )

    def _given(self) -> list[str]:
        """List the flags of the options that differ from their defaults."""
        default = TableOptions()
        return [
            f"--{one.name}" for one in fields(TableOptions) if getattr(self, one.name) != getattr(default, one.name)
        ]


@dataclass(frozen=True)
class DataSettings(TableOptions):
    """Which data to train on.

    Parameters
    ----------
    data : str, default "digits"
        The name of a data set (digits, mnist, fashion-mnist, kmnist), a file of arrays (.npz,
        .npy, .pkl.gz, .mat), a table in text (CSV and its relatives), Parquet, ARFF or libsvm, or a folder or archive
        of IDX files, pictures or tables; - reads a table from the standard input.
    test : str, optional
        Another file or set to test on, in any form that --data accepts: its test set, or all of it if it has none. Then
        all rows of a table given as --data are for training.
    validation : float or str, optional
        Share of the training set to hold out, between 0 and 1, or another file or set, as for --test. Its figures are
        reported beside the others.
    class_weight : str, optional
        Weight of each class in the training loss: balanced (rarer classes weigh more), or a CSV file of lines such as
        CLASS,2.5.
    label : str, optional
        The label's column in a table, by name or number (from 1), or the names of several one-hot columns,
        separated by commas.
    drop : tuple of str
        Columns of a table to leave out, by name, separated by commas; quote a name that contains a comma.
    missing : {"error", "drop", "mean"}, default "error"
        What to do about an empty field in a table: stop, leave out its row, or put the column's mean in its place.
    """

    data: str = DIGITS
    test: str | None = None
    validation: float | str | None = None
    class_weight: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.validation, int | float) and not 0 < self.validation < 1:
            raise SettingError(
                f"validation is {self.validation:g}",
                "a share of the training set between 0 and 1, or the path of a file",
                "try 0.1, or write ./ before the name of a file",
            )
        if isinstance(self.validation, str) and (share := _PER_CENT.fullmatch(self.validation)):
            raise SettingError(
                f"validation is {self.validation}",
                "a share of the training set between 0 and 1, or the path of a file",
                f"write {float(share[1].replace(',', '.')) / 100:g}",
            )
        if [self.data, self.test, self.validation].count("-") > 1:
            raise SettingError("two sets from the standard input", "one at most", "save one of them as a file")

    def _given(self) -> list[str]:
        """Leave out what may be meant for a table to test on."""
        elsewhere = self.test is not None or isinstance(self.validation, str)
        return [flag for flag in super()._given() if not (elsewhere and flag == "--missing")]
