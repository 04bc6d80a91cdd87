"""The commands that work on data sets."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from handgrad.cli.notices import download_progress, load

data_app = App(name="data", help="List, describe, download and convert data sets.")


@data_app.command(name="list")
def data_list() -> None:
    """List the named data sets, and where they are stored."""
    from handgrad.data import list_data

    for entry in list_data():
        print(f"{entry.name:<14} {entry.description}\n{'':<14} {entry.place}")


@data_app.command
def info(data: str, /) -> None:
    """Describe a data set.

    Parameters
    ----------
    data : str
        A name, a folder or a file, as for train --data.
    """
    from handgrad.data import describe
    from handgrad.reporting import console

    dataset = load(data)
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
def convert(data: str, out: Path, /) -> None:
    """Write a data set as .npz, or as a folder of IDX files.

    Parameters
    ----------
    data : str
        A name, a folder or a file, as for train --data.
    out : path
        NAME.npz, or the name of a new folder.
    """
    from handgrad.data import convert

    print(convert(load(data), out))
