"""Folders and archives, as they are downloaded and unpacked: what is in them decides how they are read."""

from __future__ import annotations

import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from handgrad import files, limits
from handgrad.data.arrays.idx import FILES, find_idx_files, folder_name, read_idx_folder
from handgrad.data.arrays.layouts import find_sets, read_set
from handgrad.data.arrays.npy import read_named_arrays
from handgrad.data.arrays.parts import role_of
from handgrad.data.arrays.raw import dataset_from_raw
from handgrad.data.content import PACKERS
from handgrad.data.dataset import Dataset
from handgrad.data.folders.class_folders import ClassFolders, class_folders, read_class_folders
from handgrad.data.folders.joining import has_no_labels, join_frames, with_missing_label
from handgrad.data.folders.listing import list_files
from handgrad.data.folders.named_pictures import competing_table, read_named_pictures
from handgrad.data.pictures.images import is_example, is_picture_name
from handgrad.data.settings import TableOptions
from handgrad.data.tables.formats import kind_of, read_frame
from handgrad.data.tables.labels import listed
from handgrad.data.tables.table import table_dataset
from handgrad.data.text.libsvm import equally_wide
from handgrad.errors import DataError, FormatError

_DEPTH = 4
_TABLE = re.compile(r"\.(csv|tsv|tab|txt|data|dat|arff|parquet)(\.(gz|bz2|xz))?$")
_DOCUMENT = re.compile(
    r"(read.?me|licen[cs]e|copying|notes?|about|authors?|citation|credits|description|changes)\b.*txt$"
)
_SETS = {"train": re.compile(r"(^|[^a-z])train(ing)?([^a-z]|$)"), "test": re.compile(r"(^|[^a-z])test(ing)?([^a-z]|$)")}
Read = Callable[[Path], Dataset]


def read_folder(folder: Path, options: TableOptions, read_file: Read) -> Dataset:
    """Read a data set from a folder: IDX files, pictures in a folder for each class, tables, or arrays.

    Parameters
    ----------
    folder : Path
    options : TableOptions
        For a table; refused for anything else.
    read_file : callable
        Reads a data set from a single file.

    Raises
    ------
    DataError
        If nothing in the folder is a data set, or more than one thing is.
    """
    name = folder_name(folder)
    if all(find_idx_files(folder)):
        options.refuse_for(name)
        return read_idx_folder(folder)
    listing = list_files(folder, _DEPTH)
    paths, runs = listing.paths, listing.runs
    if runs and not paths:
        raise DataError(f"{folder} holds nothing but runs of handgrad", "a data set", "name the folder of the data")
    tables, pictures = _tables_among(paths), class_folders(folder, paths)
    competing = competing_table(folder, tables, pictures) if pictures.are_classes else None
    if competing and options.label is None:
        raise _ambiguous(folder, pictures, competing)
    named = () if pictures.are_classes and not competing else tables
    if data := read_named_pictures(folder, name, paths, named, options):
        return data.with_notes(*listing.notes)
    if data := _read_images(folder, name, paths, pictures):
        options.refuse_for(name)
        if tables and pictures.names:
            data = data.with_notes(f"not used: {listed(sorted({path.name for path in tables}))}")
    else:
        data = _read_tables(folder, name, tables, options)
        if data and len(tables) == 1 and (others := [path.name for path in paths if path != tables[0]]):
            data = data.with_notes(f"only {tables[0].name} is read, not {listed(others)}")
    if data is None and len(paths) == 1 and not is_example(paths[0]):
        data = read_file(paths[0])
    if data is None:
        raise _unknown(folder, paths)
    return data.with_notes(*listing.notes)


def _ambiguous(folder: Path, pictures: ClassFolders, table: Path) -> DataError:
    """Describe pictures whose labels may be the names of their folders, or those in a table."""
    return DataError(
        f"{folder} has pictures in {listed(list(pictures.training))}, and {table.name}, which names them and has other "
        "labels",
        "folders for the classes, or a table with the labels",
        f"name the column of labels in {table.name} with --label, or move that elsewhere if the folders are classes",
    )


def _read_images(folder: Path, name: str, paths: list[Path], pictures: ClassFolders) -> Dataset | None:
    """Read pictures in a folder for each class, IDX files or arrays; return None if there are none of them."""
    sets = find_sets(path for path in paths if not _is_other(path))
    if (pictures.are_classes or len(pictures.names) > 1) and not sets:
        arrays, notes = read_class_folders(folder, pictures)
        return dataset_from_raw(name, arrays).with_notes(*notes)
    if len(sets) == 1 and not pictures.are_classes:
        return read_set(next(iter(sets.values())), name)
    if sets:
        more = " and folders of pictures" if pictures.names else ""
        raise DataError(
            f"{folder} holds more than one data set: {', '.join(sorted(map(_called, sets))[:10])}{more}",
            "the files of one",
            f"name one file of the set that you want, such as {next(iter(sets.values()))[0].path}",
        )
    if len(alone := [path for path in paths if path.suffix == ".npy" and role_of(path.stem)]) > 1:
        arrays, notes = read_named_arrays(alone, folder)
        return dataset_from_raw(name, arrays).with_notes(*notes)
    return None


def read_one_set(path: Path) -> Dataset:
    """Read the data set to which one IDX file belongs."""
    for group in find_sets(other for other in list_files(path.parent, _DEPTH).paths if not _is_other(other)).values():
        if path in (file.path for file in group) or path.with_suffix("") in (file.path for file in group):
            return read_set(group, folder_name(path.parent))
    raise DataError(f"{path} is empty", "images or labels", "use another file")


def _tables_among(paths: Sequence[Path]) -> list[Path]:
    """List the tables: no documents, and no texts beside the only table in another form."""
    found = [path for path in paths if _TABLE.search(path.name.lower()) and not _DOCUMENT.match(path.name.lower())]
    others = [path for path in found if path.suffix.lower() != ".txt"]
    parts = any(pattern.search(path.name.lower()) for pattern in _SETS.values() for path in found)
    return others if len(others) == 1 and not parts else found


def _read_tables(folder: Path, name: str, tables: Sequence[Path], options: TableOptions | None) -> Dataset | None:
    """Read a table called train, and those called test if they have labels; or else the only table there is."""
    parts = {part: [path for path in tables if pattern.search(path.name.lower())] for part, pattern in _SETS.items()}
    if not parts["train"]:
        if len(tables) != 1:
            return None
        parts = {"train": list(tables), "test": []}
    frames = equally_wide([read_frame(path) for path in (*parts["train"], *parts["test"])])
    train, test = frames[: len(parts["train"])], frames[len(parts["train"]) :]
    options, notes = with_missing_label(train[0], test, options or TableOptions())
    bare = [frame for frame in test if has_no_labels(frame, train[0], options)]
    rest = [frame for frame in test if frame not in bare]
    frame = join_frames(folder, [*train, *rest], options)
    length = sum(len(one.table) for one in train) if rest else None
    notes += [f"{one.path.name} has no labels and is not used; try `handgrad predict`" for one in bare]
    notes += [f"ignored: {path.name}" for path in tables if path not in parts["train"] + parts["test"]]
    return table_dataset(frame, name, options, length).with_notes(*notes)


def _is_other(path: Path) -> bool:
    """Say whether a name excludes that a file is IDX."""
    return is_picture_name(path) or path.suffix.lower() in (
        ".csv",
        ".txt",
        ".py",
        ".md",
        ".json",
        ".npy",
        ".npz",
        ".parquet",
        ".pt",
        ".html",
    )


def _called(key: tuple[Path, str]) -> str:
    """Name a set of IDX files by what their names begin with, or by its folder."""
    folder, name = key
    return name or folder_name(folder)


def _unknown(folder: Path, paths: Sequence[Path]) -> DataError:
    """Describe a folder that is no data set."""
    if not paths:
        return DataError(f"{folder} is empty", "the files of a data set", "check the path")
    wanted = "a folder of pictures for each class, of two classes or more"
    if names := class_folders(folder, paths).names:
        only = f"{folder} has pictures in one folder only, {', '.join(names)}"
        return DataError(only, wanted, "add those of another class")
    readable = [path for path in paths if kind_of(path) in ("npz", "matlab", "pickle", "archive")]
    tables = _tables_among(paths)
    if len(tables) > 1 and not readable:
        return DataError(
            f"{folder} has {len(tables)} tables: {listed([path.name for path in tables])}",
            "one, or two that are called train and test",
            f"name one of them, such as {tables[0]}",
        )
    if any(map(is_example, paths)):
        return DataError(
            f"{folder} has pictures, but no folders for their classes",
            f"{wanted}, or a table with the name and the label of each picture",
            "move the pictures of each class into a folder of its name, or classify them with `handgrad predict`",
        )
    there = ", ".join(str(path.relative_to(folder)) for path in paths[:5]) + (", ..." if len(paths) > 5 else "")
    return DataError(
        f"{folder} contains {there}",
        f"the four files of MNIST ({', '.join(FILES)}), {wanted}, or tables called train and test",
        f"name one of its files, such as {readable[0]}"
        if readable
        else f"name the folder or file of a data set in place of {folder}",
    )


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Add a path to errors about what is in it, where they lack it."""
    try:
        yield
    except DataError as error:
        if str(path) in error.found:
            raise
        raise type(error)(f"{path}: {error.found}", error.wanted, error.remedy) from error


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Unpack a zip or tar archive into a temporary folder, nothing outside of it, within :mod:`handgrad.limits`."""
    with tempfile.TemporaryDirectory(prefix="handgrad-") as place, files.opened(path) as file:
        folder = Path(place) / re.sub(r"\.(zip|tar|tgz|gz|bz2|xz)", "", path.name)
        folder.mkdir()
        try:
            if zipfile.is_zipfile(file):
                with zipfile.ZipFile(file) as archive:
                    members = archive.infolist()
                    _refuse_many(len(members), path)
                    size = sum(info.file_size for info in members)
                    limits.refuse_bytes(size, path, limits.TEXTS)
                    limits.refuse_ratio(size, path.stat().st_size, path)
                    archive.extractall(folder)  # noqa: S202 - a zip archive stays inside its folder
            else:
                file.seek(0)
                _unpack_tar(file, path, folder)
        except (tarfile.TarError, *files.ZIP_ERRORS) as error:
            raise files.damaged(path, f"it cannot be unpacked ({error})") from error
        except OSError as error:  # which names the temporary folder
            raise DataError(
                f"{path} cannot be unpacked ({error.strerror})",
                "an archive that can be unpacked among the temporary files",
                "unpack it yourself, and name the folder",
            ) from error
        try:
            yield folder
        except DataError as error:
            raise _in_archive(error, path, folder) from error


def _in_archive(error: DataError, path: Path, folder: Path) -> DataError:
    """Name an archive in place of the temporary folder, of which the user knows nothing."""
    remedy = error.remedy.replace(str(folder), folder.name)
    if remedy != error.remedy:
        remedy = f"unpack {path.name}, and {remedy}"
    return type(error)(
        error.found.replace(str(folder), str(path)), error.wanted.replace(str(folder), str(path)), remedy
    )


def _refuse_many(count: int, path: Path) -> None:
    """Refuse an archive of more files than the limit."""
    if count > (limit := limits.most("files", limits.FILES)):
        raise FormatError(
            f"{path} holds more than {limit:,} files",
            f"at most {limit:,}",
            f"unpack it yourself, and name the folder, or set {limits.variable('files')}",
        )


def _unpack_tar(file: BinaryIO, path: Path, folder: Path) -> None:
    """Unpack the regular files of a tar archive, which may be compressed."""
    size, packed, start = 0, path.stat().st_size, file.read(6)
    file.seek(0)
    opener = next((module.open for mark, module in PACKERS.items() if start.startswith(mark)), None)
    stream: Any = limits.Bounded(file if opener is None else opener(file), path, packed)
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for count, member in enumerate(archive, 1):
            _refuse_many(count, path)
            size += member.size  # a sparse file may have more bytes than there are in the archive
            limits.refuse_bytes(size, path, limits.TEXTS)
            limits.refuse_ratio(size, packed, path)
            content = archive.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            target = (folder / member.name).resolve()  # Python 3.11.2 has no filter for what leads outside
            if not target.is_relative_to(folder.resolve()):
                raise tarfile.TarError(f"{member.name} leads outside")
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file)
