"""The named data sets, and :func:`load_data`, which loads them and files of every supported type."""

from __future__ import annotations

import difflib
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data.arrays.idx import find_idx_files
from handgrad.data.arrays.matlab import read_matlab
from handgrad.data.arrays.npy import read_npy, read_npz
from handgrad.data.arrays.objects import read_pickle
from handgrad.data.arrays.raw import dataset_from_raw
from handgrad.data.content import STANDARD_INPUT
from handgrad.data.dataset import Dataset, Scaling
from handgrad.data.folders.reading import naming, read_folder, read_one_set, unpacked
from handgrad.data.pictures.images import ENDINGS
from handgrad.data.published import download
from handgrad.data.published.addresses import PUBLISHED, TEN
from handgrad.data.published.download import Progress
from handgrad.data.published.local import local_folder, not_local
from handgrad.data.settings import DIGITS, TableOptions
from handgrad.data.splits import HeldOut, stratified_split
from handgrad.data.tables.formats import kind_of
from handgrad.data.tables.table import read_table
from handgrad.errors import DataError, DownloadError


class DataEntry(NamedTuple):
    """One entry of :func:`list_data`."""

    name: str
    place: str
    description: str


def load_data(
    name_or_path: str | os.PathLike[str],
    progress: Progress | None = None,
    options: TableOptions | None = None,
    held_out: HeldOut | None = None,
) -> Dataset:
    """Load a named data set, or one from a file, a folder or an archive; the contents tell of which kind it is.

    A named set is looked for in ``$HANDGRAD_DATA/<name>/``, then in the cache folder, and otherwise downloaded. A name
    takes precedence over a folder of the same name; write ``./digits`` for the folder.

    Parameters
    ----------
    name_or_path : str or path
        ``digits`` (part of scikit-learn, needs no network), ``mnist``, ``fashion-mnist``, ``kmnist``, or a path.
    progress : callable, optional
        Called as ``progress(file_name, bytes_done, bytes_in_all)`` during a download.
    options : TableOptions, optional
        What a table does not say itself, such as which column is the label.
    held_out : HeldOut, optional
        What is held out of a table, if not a fifth of each class for the test set.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If there is no such data set, or it cannot be read.
    DownloadError
        If the set cannot be downloaded.
    SettingError
        If there are options of tables, and the data are no table.

    Examples
    --------
    >>> data = load_data("digits")
    >>> data.X_train.shape, data.X_test.shape
    ((1438, 64), (359, 64))
    """
    options = options or TableOptions()
    if isinstance(name_or_path, str) and name_or_path in (DIGITS, *PUBLISHED):
        options.refuse_for(name_or_path)
        return _load_digits() if name_or_path == DIGITS else _load_published(name_or_path, progress)
    path = files.expanded(name_or_path)
    if path in STANDARD_INPUT:
        return read_table(path, options, held_out)
    if not str(name_or_path) or not files.exists(path):
        raise _unknown(str(name_or_path))
    with naming(path):
        if path.is_dir():
            return read_folder(path, options, lambda file: load_data(file, progress, options))
        kind = kind_of(path)
        if kind == "picture" or path.suffix.lower() in ENDINGS:
            raise DataError(f"{path} is a picture", "a data set", "classify it with `handgrad predict RUN PICTURE`")
        if kind == "table":
            return read_table(path, options, held_out)
        if kind == "archive":
            with unpacked(path) as folder:
                return read_folder(folder, options, lambda file: load_data(file, progress, options))
        options.refuse_for(str(path))
        readers = {"npy": read_npy, "npz": read_npz, "idx": read_one_set, "matlab": read_matlab, "pickle": read_pickle}
        return readers[kind](path)


def list_data() -> list[DataEntry]:
    """List the named data sets, and where they are stored.

    Returns
    -------
    list of DataEntry

    Examples
    --------
    >>> [entry.name for entry in list_data()]
    ['digits', 'mnist', 'fashion-mnist', 'kmnist']
    """
    entries = [DataEntry(DIGITS, "with scikit-learn", "1,797 handwritten digits of 8x8 (Alpaydin and Kaynak)")]
    for name, published in PUBLISHED.items():
        entries.append(DataEntry(name, _place(name), published.description))
    return entries


def _place(name: str) -> str:
    """Say where a published set is, or what is wrong with it."""
    try:
        return str(local_folder(name) or _cached(name) or "not downloaded")
    except DataError as error:
        return f"cannot be used: {error.found}"


def fetch(name: str, progress: Progress | None = None) -> Path:
    """Download a named data set, unless it is on this machine, and return its folder.

    A set under ``HANDGRAD_DATA`` is used as it is. A set in the cache folder (``HANDGRAD_CACHE``, or the system's) is
    compared with its published digests, and damaged files are downloaded again.

    Parameters
    ----------
    name : str
    progress : callable, optional
        Called as ``progress(file_name, bytes_done, bytes_in_all)``.

    Returns
    -------
    pathlib.Path
        The folder of the set.

    Raises
    ------
    DataError
        If there is no set of that name.
    DownloadError
        If it cannot be downloaded.

    Examples
    --------
    >>> fetch("digits").name
    'data'
    """
    if name == DIGITS:
        return _digits_folder()
    if name not in PUBLISHED:
        raise _unknown(name, only_names=True)
    if local := local_folder(name):
        return local
    _fetched(name, progress)
    return download.cache_folder() / name


def _digits_folder() -> Path:
    """Find the data sets in scikit-learn without importing it, which takes several times as long as reading them."""
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise DataError("scikit-learn is missing", "the digits, which it contains", "run pip install scikit-learn")
    return Path(spec.origin).parent / "datasets" / "data"


def _load_digits() -> Dataset:
    """Load scikit-learn's 8x8 digits, with a fixed split into training and test sets."""
    scaling, table = Scaling(0, 16), np.loadtxt(_digits_folder() / "digits.csv.gz", delimiter=",")
    X, y = scaling.apply(table[:, :-1]), table[:, -1].astype(np.int_)
    train, test = stratified_split(y)
    return Dataset(DIGITS, X[train], y[train], X[test], y[test], TEN, (8, 8), scaling)


def _load_published(name: str, progress: Progress | None) -> Dataset:
    """Load a published set, reading each file once; add a note if a user's own files differ from the published ones."""
    published, notes = PUBLISHED[name], []
    if local := local_folder(name):
        paths = [path for path in find_idx_files(local) if path is not None]
        found = [download.read_published(path, file) for path, file in zip(paths, published.files, strict=True)]
        arrays = [array for array, _ in found]
        if not all(is_published for _, is_published in found):
            notes.append(f"the files in {local} may differ from the published ones")
    else:
        absent = not_local(name)
        try:
            arrays = _fetched(name, progress)
        except DownloadError as error:
            raise DownloadError(error.found + f", and {absent}" * bool(absent), error.wanted, error.remedy) from error
        if absent:
            notes.append(f"{absent}; using the files in the cache")
    X_train, y_train, X_test, y_test = arrays
    data = dataset_from_raw(name, (X_train, y_train, X_test, y_test), published.class_names)
    return data.with_notes(*notes)


def _fetched(name: str, progress: Progress | None) -> list[NDArray[Any]]:
    """Read a set's files from the cache folder, after downloading them if necessary; refuse other files there."""
    published, folder = PUBLISHED[name], download.cache_folder() / name
    arrays = download.fetch_set(name, published.files, published.mirrors, folder, progress)
    if find_idx_files(folder) != [folder / file.name for file in published.files]:
        raise DataError(
            f"{folder} contains files other than the published ones",
            "only those",
            "remove the files whose names do not end in .gz",
        )
    return arrays


def _cached(name: str) -> Path | None:
    """Return the folder of a set that has been downloaded."""
    folder = download.cache_folder() / name
    return folder if all((folder / file.name).is_file() for file in PUBLISHED[name].files) else None


def _unknown(name: str, only_names: bool = False) -> DataError:
    """Describe a name that is neither a data set nor a path, with the closest match."""
    known = [DIGITS, *PUBLISHED]
    close = difflib.get_close_matches(name.lower(), known, n=1)
    wanted = f"one of {', '.join(known)}"
    remedy = f"use {close[0]!r} if that is what you mean" if close else "check the name or the path"
    if only_names:
        return DataError(f"there is no data set {name!r}", wanted, remedy)
    wanted += ", a folder of IDX files or pictures, a NumPy file, or a table in CSV, Parquet or ARFF"
    return DataError(f"{name!r} is neither a known data set nor a path", wanted, remedy)
