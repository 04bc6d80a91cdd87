"""Files that are not read: each is called what it is, and the advice is true."""

import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest

from handgrad.data import load_data
from handgrad.errors import FormatError

TABLE = pd.DataFrame({"a": np.arange(12.0), "label": ["x", "y"] * 6})


def write_zip(path, *names):
    """Write an archive of empty files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return path


OTHERS = {
    "set.h5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "is HDF5", "h5py"),
    "set.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "is an old Excel workbook", "as CSV"),
    "set.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(99), "is a 7z archive", "Unpack it"),
    "set.rar": (b"Rar!\x1a\x07\x01\x00" + bytes(99), "is a RAR archive", "Unpack it"),
    "set.csv.zst": (b"\x28\xb5\x2f\xfd" + bytes(99), "is compressed with Zstandard", "Unpack it"),
    "set.doc": (b"%PDF-1.7\n", "is a PDF", "Use the data set itself"),
    "set.html": (b"<!DOCTYPE html>\n<html>", "is a web page", "Download the data set itself"),
    "set.gz": (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer", "git lfs pull"),
    "set.ico": (b"\0\0\1\0\1\0" + bytes(99), "is an icon", "as PNG"),
    "set.tfrecord": (bytes(range(30)), "is a binary file of an unknown kind", "np.savez"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_called_what_they_are(refused, tmp_path, name):
    """A file is recognised whatever its name is, and no message advises renaming it."""
    content, kind, remedy = OTHERS[name]
    (tmp_path / name).write_bytes(content)
    with refused(FormatError, kind, remedy):
        load_data(tmp_path / name)
    (tmp_path / "set.csv").write_bytes(content)
    with pytest.raises(FormatError, match=kind) as caught:
        load_data(tmp_path / "set.csv")
    assert "rename" not in caught.value.remedy


def test_archives_of_other_programs(refused, tmp_path):
    """An Excel workbook and a file of PyTorch are zip archives, but no data sets."""
    with refused(FormatError, "is an Excel workbook", "Save its table as CSV"):
        load_data(write_zip(tmp_path / "set.xlsx", "[Content_Types].xml", "xl/workbook.xml"))
    with refused(FormatError, "is a PyTorch file", "torch.load"):
        load_data(write_zip(tmp_path / "set.pt", "archive/data.pkl", "archive/version", "archive/data/0"))


def test_one_array_alone_and_a_saved_dict(refused, tmp_path):
    """Examples without labels get the names of the two files; a dict of both is read without unpickling."""
    X, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
    np.save(tmp_path / "rows.npy", X)
    with refused(FormatError, "one array of dtype <f8", "as X.npy and y.npy"):
        load_data(tmp_path / "rows.npy")
    np.save(tmp_path / "dict.npy", {"X": X, "y": y}, allow_pickle=True)
    data = load_data(tmp_path / "dict.npy")
    assert (len(data.X_train), data.class_names) == (16, ("0", "1"))
    np.save(tmp_path / "dict.npy", np.array(None), allow_pickle=True)
    with refused(FormatError, "lacks x_train, y_train, x_test, y_test"):
        load_data(tmp_path / "dict.npy")


@pytest.mark.parametrize("content", [{"X": np.zeros(3)}, [1, 2], (np.zeros(3), 1), np.zeros(3)])
def test_pickles_of_the_oldest_protocol(refused, tmp_path, content):
    """They are text, but no tables."""
    (tmp_path / "set.pkl").write_bytes(pickle.dumps(content, 0))
    with refused(FormatError, "is a pickle of protocol 0", "protocol=4"):
        load_data(tmp_path / "set.pkl")


def follow(error, folder, monkeypatch):
    """Do what the advice says, in a folder, and return the file that it writes."""
    monkeypatch.chdir(folder)
    code = error.remedy.partition("pandas.")[2]
    eval("pd." + code)  # noqa: S307 - our own words
    return next(path for path in folder.iterdir() if path.stem == "table")


@pytest.mark.parametrize("kind", ["json", "jsonl", "feather"])
def test_the_advice_on_tables_is_true(tmp_path, monkeypatch, kind):
    """The command in the message converts the file into one that is read."""
    path = tmp_path / f"set.{kind}"
    if kind == "feather":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        TABLE.to_feather(path)
    else:
        TABLE.to_json(path, orient="records", lines=kind == "jsonl")
    with pytest.raises(FormatError) as caught:
        load_data(path)
    data = load_data(follow(caught.value, tmp_path, monkeypatch))
    assert (data.class_names, len(data.X_train)) == (("x", "y"), 10)
