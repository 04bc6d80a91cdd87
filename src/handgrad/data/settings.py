"""Which data to train on, and what a table does not say itself."""

from dataclasses import dataclass
from typing import Literal

Missing = Literal["error", "drop", "mean"]


@dataclass(frozen=True)
class TableOptions:
    """What a table does not say itself.

    Parameters
    ----------
    label : str, optional
        The label's column, by its name or its number from 1.
    drop : tuple of str
        Columns to leave out, by name, separated by commas.
    missing : {"error", "drop", "mean"}, default "error"
        What to do about an empty field: stop, leave out its row, or put the column's mean in its place.
    """

    label: str | None = None
    drop: tuple[str, ...] = ()
    missing: Missing = "error"


@dataclass(frozen=True)
class DataSettings(TableOptions):
    """Which data to train on.

    Parameters
    ----------
    data : str, default "digits"
        The name of a data set (digits, mnist, fashion-mnist, kmnist), a file of arrays (.npz,
        .npy, .pkl.gz, .mat), a table in text (CSV and its relatives), Parquet, ARFF or libsvm, or a folder or archive
        of IDX files, pictures or tables; - reads a table from the standard input.
    label : str, optional
        The label's column in a table, by its name or its number from 1.
    drop : tuple of str
        Columns of a table to leave out, by name, separated by commas.
    missing : {"error", "drop", "mean"}, default "error"
        What to do about an empty field in a table: stop, leave out its row, or put the column's mean in its place.
    """

    data: str = "digits"
