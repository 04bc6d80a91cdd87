import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from crafted import course_npy, four_arrays, write_folder
from sklearn.datasets import load_digits

from handgrad.data import fetch, list_data, load_data
from handgrad.data.arrays.idx import write_idx
from handgrad.data.published.addresses import PUBLISHED
from handgrad.errors import DataError, DownloadError, FormatError


@pytest.fixture
def no_mirror(cache, monkeypatch):
    """Let every published set have one mirror, at which nobody answers."""
    for name, published in PUBLISHED.items():
        monkeypatch.setitem(PUBLISHED, name, replace(published, mirrors=("http://127.0.0.1:9/",)))
    return cache


def test_importing_brings_no_heavy_library():
    """Libraries that only some sets or files need are imported when they are needed."""
    heavy = ("sklearn", "pooch", "requests", "pyarrow", "PIL")
    code = f"import sys, handgrad.data; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_loading_the_digits_brings_no_heavy_library():
    """The digits are read from scikit-learn's file without the library, which takes longer than the training."""
    code = "import sys, handgrad.data as data; data.load_data('digits'); print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_digits_are_those_of_scikit_learn():
    """Both sets together hold each of its examples once, with its label."""
    data = load_data("digits")
    X = np.vstack([data.X_train, data.X_test]) * 16
    found = np.column_stack([X, np.concatenate([data.y_train, data.y_test])])
    expected = np.column_stack(load_digits(return_X_y=True))
    np.testing.assert_array_equal(found[np.lexsort(found.T)], expected[np.lexsort(expected.T)])


@pytest.mark.parametrize("published", PUBLISHED.values(), ids=PUBLISHED)
def test_digests_are_whole(published):
    """Every digest has as many characters as its algorithm gives, and no two files share one."""
    digests = [file.digest for file in published.files]
    assert len(set(digests)) == 4
    assert {len(digest) for digest in digests} == {64 if published.files[0].algorithm == "sha256" else 32}
    assert all(set(digest) <= set("0123456789abcdef") for digest in digests)
    assert len(published.class_names) == 10


def test_every_kind_of_file_is_loaded(tmp_path):
    """A folder, .npz, .npy and .csv, given as text or path, in small letters or capitals."""
    arrays = four_arrays()
    write_folder(tmp_path / "folder", four_arrays(flat=False))
    np.savez(tmp_path / "a.npz", x_train=arrays[0], y_train=arrays[1], x_test=arrays[2], y_test=arrays[3])
    (tmp_path / "mnist.npy").write_bytes(course_npy(arrays))
    for name in ("folder", "a.npz", "mnist.npy"):
        data = load_data(str(tmp_path / name))
        np.testing.assert_array_equal(data.X_train * np.float32(255), arrays[0])
    (tmp_path / "T.CSV").write_text("1,a\n2,b\n" * 4)
    assert load_data(tmp_path / "T.CSV").class_names == ("a", "b")


def test_nonsense_is_answered_with_what_is_known(refused, tmp_path):
    """The known sets, the kinds of file and the likeliest name meant are in the message."""
    with refused(DataError, "'nonsense'", "digits, mnist, fashion-mnist, kmnist", "a table in CSV"):
        load_data("nonsense")
    with refused(DataError, "Use 'fashion-mnist' if that is what you mean"):
        load_data("Fashion_MNIST")
    with refused(DataError, "Use 'mnist'"):
        fetch("mnits")
    with refused(DataError, "'' is neither a known data set nor a path"):
        load_data("")
    with refused(DataError, f"{tmp_path} is empty", "the files of a data set"):
        load_data(tmp_path)
    (tmp_path / "a.dat").write_bytes(b"\0\1\2")
    with refused(FormatError, "a.dat is a binary file"):
        load_data(tmp_path / "a.dat")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with refused(DataError, "a.png is a picture"):
        load_data(tmp_path / "a.png")


def test_without_a_network_the_message_says_what_to_do(no_mirror, refused):
    """Every address that was tried, and the three ways out."""
    pieces = (
        "http://127.0.0.1:9/train-images-idx3-ubyte.gz could not be reached",
        "--data FOLDER",
        "HANDGRAD_DATA=ROOT",
    )
    with refused(DownloadError, *pieces, "`handgrad data fetch kmnist`"):
        load_data("kmnist")
    assert not [path for path in no_mirror.rglob("*") if path.is_file()]
    assert {entry.name: entry.place for entry in list_data()}["kmnist"] == "not downloaded"


@pytest.mark.usefixtures("cache")
def test_a_set_that_is_incomplete_hides_no_other(tmp_path, monkeypatch):
    """The list says which one it is, and where the others are."""
    folder = write_folder(tmp_path / "own" / "mnist", four_arrays(flat=False))
    (tmp_path / "own" / "kmnist").mkdir()
    (folder / "t10k-labels-idx1-ubyte.gz").rename(tmp_path / "own" / "kmnist" / "t10k-labels-idx1-ubyte.gz")
    write_folder(tmp_path / "own" / "fashion-mnist", four_arrays(flat=False))
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path / "own"))
    places = {entry.name: entry.place for entry in list_data()}
    assert places["mnist"] == f"cannot be used: {folder} lacks t10k-labels-idx1-ubyte"
    assert places["kmnist"].endswith("lacks train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte")
    assert places["fashion-mnist"] == str(tmp_path / "own" / "fashion-mnist")


@pytest.mark.usefixtures("no_mirror")
def test_the_users_own_folder_comes_first(refused, tmp_path, monkeypatch):
    """A set under HANDGRAD_DATA is used without a network; that it is not the published one is noted."""
    folder = write_folder(tmp_path / "own" / "fashion-mnist", four_arrays(flat=False))
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path / "own"))
    data = load_data("fashion-mnist")
    assert data.class_names[0] == "T-shirt"
    assert "may differ from the published ones" in data.notes[-1]
    assert fetch("fashion-mnist") == folder
    assert {entry.name: entry.place for entry in list_data()}["fashion-mnist"] == str(folder)
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with refused(DataError, "lacks t10k-labels-idx1-ubyte", "unset HANDGRAD_DATA"):
        load_data("fashion-mnist")


def test_a_damaged_file_in_the_cache_is_never_used(no_mirror, refused):
    """Four readable files of other content in the cache are not the set."""
    write_folder(no_mirror / "mnist", four_arrays(flat=False))
    with refused(DownloadError, "train-images-idx3-ubyte.gz of mnist cannot be downloaded"):
        load_data("mnist")


def test_the_real_mnist_is_the_published_one(mnist_root, refused, cache, monkeypatch):
    """The real files match the digests, from the user's folder and the cache, and no other file there is used."""
    monkeypatch.setenv("HANDGRAD_DATA", str(mnist_root))
    data = load_data("mnist")
    assert (data.name, len(data.notes), data.class_names) == ("mnist", 1, tuple("0123456789"))
    monkeypatch.delenv("HANDGRAD_DATA")
    copy = Path(shutil.copytree(mnist_root / "mnist", cache / "mnist", copy_function=shutil.copyfile))
    copy.chmod(0o755)
    assert load_data("mnist").notes == data.notes
    write_idx(copy / "t10k-labels-idx1-ubyte", 9 - data.y_test.astype(np.uint8))
    with refused(DataError, "contains files other than the published ones"):
        load_data("mnist")


COUNT_OPENED = """
import collections, sys
opened = collections.Counter()
sys.addaudithook(lambda event, args: opened.update([str(args[0])]) if event == "open" else None)
from handgrad.data import load_data
load_data("mnist")
print({count for path, count in opened.items() if "ubyte" in path}, sum("ubyte" in path for path in opened))
"""


@pytest.mark.usefixtures("no_mirror")
def test_a_wrong_place_for_data_is_mentioned(monkeypatch, tmp_path, refused):
    """A HANDGRAD_DATA that is no folder, is a set's own folder, or lacks the set, is named with what is wrong."""
    write_folder(tmp_path / "root" / "mnist", four_arrays(flat=False))
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path / "nowhere"))
    with refused(DataError, f"HANDGRAD_DATA is {tmp_path / 'nowhere'}, which is not a folder"):
        load_data("mnist")
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path / "root" / "mnist"))
    with refused(DataError, "which contains the files of a set", "a folder mnist", "or name this one with --data"):
        load_data("mnist")
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path / "root"))
    with refused(DownloadError, f"HANDGRAD_DATA ({tmp_path / 'root'}) contains no folder kmnist"):
        load_data("kmnist")


@pytest.mark.parametrize("variable", ["HANDGRAD_DATA", "HANDGRAD_CACHE"])
def test_each_file_of_a_set_is_opened_once(variable, mnist_root, tmp_path):
    """One pass over each file reads, decompresses and verifies it, in the user's folder and in the cache."""
    others = {name: value for name, value in os.environ.items() if name not in ("HANDGRAD_DATA", "HANDGRAD_CACHE")}
    shutil.copytree(mnist_root / "mnist", tmp_path / "mnist", copy_function=shutil.copyfile)
    command = [sys.executable, "-c", COUNT_OPENED]
    environment = {**others, variable: str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{1} 4"
