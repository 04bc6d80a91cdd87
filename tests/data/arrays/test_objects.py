"""Data sets in pickles and in MATLAB's files."""

import gzip
import io
import pickle
import struct
import warnings
import zipfile
import zlib
from contextlib import suppress

import numpy as np
import pytest
from crafted import four_arrays, python_2_pickle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat
from scipy.sparse import csr_matrix

from handgrad.data import load_data
from handgrad.data.arrays.matlab import read_matlab
from handgrad.data.arrays.objects import read_pickle
from handgrad.data.splits import stratified_split
from handgrad.errors import DataError, FormatError

X, y, X_TEST, Y_TEST = four_arrays()
PAIRS = ((X[:20], y[:20]), (X[20:], y[20:]), (X_TEST, Y_TEST))


def assert_is_the_set(data):
    """Compare a data set with the four arrays."""
    for ours, theirs in ((data.X_train, X), (data.X_test, X_TEST)):
        np.testing.assert_array_equal(ours * np.float32(255), theirs)
    assert (data.y_train.tolist(), data.y_test.tolist()) == (y.tolist(), Y_TEST.tolist())
    assert (data.image_shape, data.class_names) == ((28, 28), tuple("0123456789"))


def test_the_file_of_pythons_second_age(tmp_path):
    """``mnist.pkl.gz``: float32 in 0..1 in three pairs; the validation set is part of the training set, and noted."""
    pairs = [((part / 255).astype("<f4"), labels.astype("<i8")) for part, labels in PAIRS]
    content = python_2_pickle(pairs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the file says numpy.core
        for ours, theirs in zip(pickle.loads(content, encoding="latin1"), pairs, strict=True):
            np.testing.assert_array_equal(ours[0], theirs[0])
    (tmp_path / "mnist.pkl.gz").write_bytes(gzip.compress(content))
    data = load_data(tmp_path / "mnist.pkl.gz")
    np.testing.assert_array_equal(data.X_train, (X / 255).astype(np.float32))
    assert (data.y_train.tolist(), data.y_test.tolist()) == (y.tolist(), Y_TEST.tolist())
    assert (data.name, data.scaling.maximum) == ("mnist", 1)
    assert data.notes[-1] == "the 10 validation examples are part of the training set"


TREES = {
    "three pairs": PAIRS,
    "two pairs": ((X, y), (X_TEST, Y_TEST)),
    "lists": [[X, y], [X_TEST, Y_TEST]],
    "four arrays": (X, y, X_TEST, Y_TEST),
    "as sklearn splits": (X, X_TEST, y, Y_TEST),
    "a flat dict": {"train_img": X, "train_label": y, "test_img": X_TEST, "test_label": Y_TEST},
    "a nested dict": {
        "Train": {"Features": X, "Labels": y},
        "Test": {"Features": X_TEST, "Labels": Y_TEST},
    },
    "a dict of pairs": {"train": (X, y), "test": (X_TEST, Y_TEST)},
}


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_tuples_and_dicts_of_arrays(tmp_path, name, protocol):
    """The usual ways to nest the four arrays, in every protocol, are read."""
    (tmp_path / "set.pickle").write_bytes(pickle.dumps(TREES[name], protocol))
    assert_is_the_set(load_data(tmp_path / "set.pickle"))


def test_one_pair_is_split(tmp_path):
    """Without a test set a fixed fifth becomes one."""
    (tmp_path / "set.pkl").write_bytes(pickle.dumps((X, y)))
    assert load_data(tmp_path / "set.pkl").y_test.tolist() == y[stratified_split(y)[1]].tolist()


def test_other_pickles_are_refused_and_nothing_is_executed(refused, tmp_path):
    """A call, a list of numbers and a dict within itself are told apart."""
    path = tmp_path / "set.pkl"
    path.write_bytes(b"\x80\x02cos\nsystem\nU\x04trueq\x00\x85R.")
    with refused(FormatError, "asks for a call of 'os.system' (nothing was executed)"):
        load_data(path)
    for content in ([1, 2, 3], {"weights": X}):
        path.write_bytes(pickle.dumps(content))
        with refused(FormatError, "lacks x_train, y_train, x_test, y_test"):
            load_data(path)
    circle: dict = {"x": X}
    circle["y"] = circle
    path.write_bytes(pickle.dumps(circle))
    with refused(FormatError, "nested more than 4 deep"):
        load_data(path)
    path.write_bytes(pickle.dumps((X, y))[:-50])
    with refused(FormatError, "its pickle is broken"):
        read_pickle(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data(), kind=st.sampled_from(["pickle", "matlab", "zip"]))
def test_a_corrupted_file_raises_nothing_but_a_data_error(tmp_path, data, kind):
    """Changed and cut bytes end in a data set or a DataError, never in anything else."""
    path = tmp_path / "set"
    if kind == "pickle":
        path.write_bytes(pickle.dumps({"train": (X[:4, :3], y[:4]), "test": (X[:4, :3], y[:4])}))
    elif kind == "matlab":
        savemat(target := io.BytesIO(), {"X": X[:4, :3], "y": y[:4]}, do_compression=data.draw(st.booleans()))
        path.write_bytes(target.getvalue())
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("train.csv", "a,label\n" + "1,x\n2,y\n" * 3)
            archive.writestr("test.csv", "a,label\n" + "1,x\n2,y\n" * 3)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with suppress(DataError):
        load_data(path)


def test_a_variable_for_each_class(tmp_path):
    """``mnist_all.mat``: train0 to train9 and test0 to test9; the examples come class by class."""
    content = {
        f"{part}{label}": A[b == label]
        for part, A, b in (("train", X, y), ("test", X_TEST, Y_TEST))
        for label in range(10)
    }
    savemat(tmp_path / "mnist_all.mat", content)
    data, order = load_data(tmp_path / "mnist_all.mat"), np.argsort(y, kind="stable")
    np.testing.assert_array_equal(data.X_train * np.float32(255), X[order])
    assert (data.y_train.tolist(), data.y_test.tolist()) == (y[order].tolist(), sorted(Y_TEST.tolist()))


def test_examples_in_columns(tmp_path):
    """``mnist-original.mat``: data (784, n) and label (1, n) as doubles; a fifth becomes the test set."""
    savemat(
        tmp_path / "mnist-original.mat",
        {"data": X.T, "label": y[None].astype(float), "mldata_descr_ordering": ["label", "data"]},
    )
    data, (train, test) = load_data(tmp_path / "mnist-original.mat"), stratified_split(y)
    np.testing.assert_array_equal(data.X_train * np.float32(255), X[train])
    assert (data.y_train.tolist(), data.y_test.tolist()) == (y[train].tolist(), y[test].tolist())


def test_a_struct_of_emnist(tmp_path):
    """``emnist-letters.mat``: a struct with rows of transposed images, and labels from 1 that are letters."""
    turned = X.reshape(-1, 28, 28).transpose(0, 2, 1).reshape(-1, 784)
    labels = np.arange(30)[:, None] % 26 + 1
    part = {"images": turned, "labels": labels, "writers": labels}
    savemat(tmp_path / "emnist-letters.mat", {"dataset": {"train": part, "test": part, "mapping": np.zeros((26, 3))}})
    data = load_data(tmp_path / "emnist-letters.mat")
    np.testing.assert_array_equal(data.X_train * np.float32(255), X)
    assert "".join(data.class_names) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert data.y_train.tolist() == (labels[:, 0] - 1).tolist()


def test_a_matlab_file_that_cannot_be_read_is_refused(refused, tmp_path):
    """HDF5 in disguise gets the command that converts it; a cut file and unknown variables are named."""
    path = tmp_path / "set.mat"
    path.write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\x02IM" + bytes(400))
    with refused(FormatError, "version 7.3, which is HDF5", "save(..., '-v7')"):
        load_data(path)
    savemat(path, {"weights": X})
    with refused(FormatError, "it contains 'weights'"):
        load_data(path)
    savemat(path, {"X": X, "y": y})
    path.write_bytes(path.read_bytes()[:5000])
    with refused(FormatError, "its elements are broken"):
        read_matlab(path)


def in_matlab(*elements: bytes) -> bytes:
    """Return a MATLAB file of these elements."""
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + b"".join(elements)


def element(kind: int, content: bytes) -> bytes:
    """Return an element of a MATLAB file."""
    return struct.pack("<II", kind, len(content)) + content.ljust(-(-len(content) // 8) * 8, b"\0")


def matlab_array(*more: bytes, kind: int = 6, flags: int = 0) -> bytes:
    """Return an array of 1x1 called X: of a class, with further flags, and with its numbers or arrays."""
    start = (
        element(6, struct.pack("<II", kind | flags << 8, 0)) + element(5, struct.pack("<ii", 1, 1)) + element(1, b"X")
    )
    return element(14, start + b"".join(more))


def nested(depth: int) -> bytes:
    """Return cells within cells."""
    content = matlab_array(element(9, bytes(8)))
    for _ in range(depth):
        content = matlab_array(content, kind=1)
    return content


HOSTILE_MATLAB = {
    "unknown type": (matlab_array(element(0xFFFF, bytes(8))), "an element of type 65535"),
    "type without numbers": (matlab_array(element(8, bytes(8))), "an element of type 8"),
    "array for numbers": (matlab_array(matlab_array(element(9, bytes(8)))), "an element of type 14"),
    "no numbers": (matlab_array() + matlab_array(element(9, bytes(8))), "an array without numbers"),
    "half of complex": (matlab_array(element(9, bytes(8)), flags=8) + nested(0), "an array without numbers"),
    "half of sparse": (matlab_array(element(5, bytes(8)), kind=5) + nested(0), "an array without numbers"),
    "no flags": (element(14, element(9, bytes(8))), "an array without flags"),
    "outside": (matlab_array(struct.pack("<II", 9, 2**31)), "ends outside of its array"),
    "small but long": (matlab_array(struct.pack("<HHI", 9, 9, 0)), "a small element of 9 bytes"),
    "nested": (nested(1_000), "more than 20 deep"),
    "not packed": (element(15, bytes(16)), "its elements are broken"),
    "bomb": (element(15, zlib.compress(struct.pack("<II", 14, 2**27) + bytes(2**27))), "HANDGRAD_MAX_RATIO"),
}


@pytest.mark.parametrize("name", HOSTILE_MATLAB)
def test_a_matlab_file_that_would_crash_its_reader_is_refused(refused, tmp_path, name):
    """SciPy's reader ends the process for some of these, and fills the memory for another."""
    content, piece = HOSTILE_MATLAB[name]
    (tmp_path / "set.mat").write_bytes(in_matlab(content))
    with refused(FormatError, piece):
        load_data(tmp_path / "set.mat")


@pytest.mark.parametrize("compressed", [False, True])
def test_every_kind_of_matlab_array_passes(tmp_path, compressed):
    """Cells, structs, complex and sparse numbers, texts and empty arrays may lie beside the examples and labels."""
    cells = np.empty((2, 2), object)
    cells[:] = [[X, "text"], [np.array([1 + 2j]), np.eye(2)]]
    more = {"c": cells, "s": {"a": cells, "b": {"c": X}}, "sparse": csr_matrix(np.eye(4)), "e": np.zeros((0, 3))}
    more |= {
        "z": np.array([[1 + 2j]]),
        "text": ["ab", "cd"],
        "flags": np.array([True, False]),
        "i": np.arange(3, dtype="i1"),
    }
    savemat(tmp_path / "set.mat", {"X": X, "y": y, **more}, do_compression=compressed)
    assert len(load_data(tmp_path / "set.mat").X_train) == 20
