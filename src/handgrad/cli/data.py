"""The commands that work on data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from handgrad.cli.notices import download_progress, load
from handgrad.data.settings import DataSettings
from handgrad.runs.config import TableFlags

DataName = Annotated[str, Parameter(allow_leading_hyphen=True)]  # - is the standard input
Table = Annotated[TableFlags, Parameter(name="*")]
_AS_READ = TableFlags()

data_app = App(name="data", help="List, describe, download and convert data sets.")


@data_app.command(name="list")
def data_list() -> None:
    """List the named data sets, and where they are stored."""
    from handgrad.data import list_data

    for entry in list_data():
        print(f"{entry.name:<14} {entry.description}\n{'':<14} {entry.place}")


@data_app.command
def info(data: DataName, /, *, table: Table = _AS_READ) -> None:
    """Describe a data set.

    Parameters
    ----------
    data : str
        A name, a folder or a file, as for train --data.
    table : TableFlags
        What a table does not say itself.
    """
    from handgrad.data import describe, load_sets
    from handgrad.reporting import console

    dataset = load_sets(DataSettings(**vars(table), data=data), download_progress())  # the table has its notes
    console.summary_table(describe(dataset), dataset.name)


@data_app.command
def fetch(name: str, /) -> None:
    """Download a named data set into the cache, unless it is already there.

    Parameters
    ----------
    name : str
        mnist, fashion-mnist or kmnist.
    """
    from handgrad.data import fetch

    print(fetch(name, download_progress()))


@data_app.command
def convert(data: DataName, out: Path, /, *, table: Table = _AS_READ) -> None:
    """Write a data set as .npz, or as a folder of IDX files.

    Parameters
    ----------
    data : str
        A name, a folder or a file, as for train --data.
    out : path
        NAME.npz, or the name of a new folder.
    table : TableFlags
        What a table does not say itself.
    """
    from handgrad.data import convert

    print(convert(load(DataSettings(**vars(table), data=data)), out))
