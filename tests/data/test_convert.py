import numpy as np
import pytest
from crafted import four_arrays, write_folder

from handgrad.data import Dataset, Scaling, convert, describe, load_data
from handgrad.data.arrays.raw import dataset_from_raw
from handgrad.data.tables.table import read_table
from handgrad.errors import DataError

PARTS = ("X_train", "y_train", "X_test", "y_test")


def assert_same(ours: Dataset, theirs: Dataset) -> None:
    """Compare everything but the name, the scaling and the notes."""
    for part in PARTS:
        np.testing.assert_array_equal(getattr(ours, part), getattr(theirs, part))
    assert (ours.class_names, ours.image_shape) == (theirs.class_names, theirs.image_shape)


@pytest.fixture(params=["pixels", "digits", "named", "table"])
def dataset(request, tmp_path):
    """Each kind of data set in turn: bytes, other images, images with named classes, a table."""
    if request.param == "digits":
        return load_data("digits")
    if request.param == "table":
        rng = np.random.default_rng(0)
        lines = [f"{a},{b},{'yes' if i % 2 else 'no'}" for i, (a, b) in enumerate(rng.normal(size=(20, 2)).tolist())]
        (tmp_path / "t.csv").write_text("\n".join(lines))
        return read_table(tmp_path / "t.csv")
    names = tuple(map("Nr. {}ß".format, range(10))) if request.param == "named" else None
    return dataset_from_raw("pixels", four_arrays(flat=False), names)


def test_an_npz_file_brings_back_the_same(dataset, tmp_path):
    """Numbers, labels, names, shape and scaling survive .npz bit by bit."""
    read = load_data(convert(dataset, tmp_path / "out.npz"))
    assert_same(read, dataset)
    assert read.scaling == dataset.scaling


def test_a_folder_brings_back_the_same(dataset, refused, tmp_path):
    """Numbers, labels, names and shape survive a folder of IDX files; a table is refused."""
    if dataset.image_shape is None:
        with refused(DataError, "Write .npz instead"):
            convert(dataset, tmp_path / "out")
        assert not (tmp_path / "out").exists()
    else:
        assert_same(load_data(convert(dataset, tmp_path / "out")), dataset)


def test_other_programs_find_bytes(tmp_path):
    """Keras' names, images of bytes, readable without pickle."""
    arrays = four_arrays(flat=False)
    convert(dataset_from_raw("pixels", arrays), tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as file:
        assert file["x_train"].dtype == np.uint8
        np.testing.assert_array_equal(file["x_train"], arrays[0])


def test_nothing_is_overwritten(refused, tmp_path):
    """A file or folder that is there stays as it is, and no other is left behind."""
    data = load_data("digits")
    (tmp_path / "out.npz").write_text("mine")
    (tmp_path / "out").mkdir()
    for name in ("out.npz", "out"):
        with refused(DataError, "already exists"):
            convert(data, tmp_path / name)
    assert (tmp_path / "out.npz").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"out.npz", "out"}


@pytest.mark.parametrize(("name", "piece"), [("a.csv", "ends in .csv"), ("none/a.npz", "cannot be written")])
def test_a_place_that_cannot_be_written_is_refused(refused, tmp_path, name, piece):
    """Other kinds of file and folders that are not there are named."""
    with refused(DataError, piece):
        convert(load_data("digits"), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_pixels_too_dark_to_be_known_are_written_scaled(tmp_path):
    """Bytes that a reader would refuse are not written; the scaling is."""
    X, y = np.full((2, 4), 7, np.float32) / 255, np.arange(2)
    data = Dataset("dark", X, y, X, y, ("0", "1"), (2, 2), Scaling(0, 255))
    assert_same(load_data(convert(data, tmp_path / "out.npz")), data)


def test_a_description_counts_what_is_there(tmp_path):
    """Sizes, classes, ranges, zeros and assumptions are each a row."""
    X_train, y_train, X_test, y_test = four_arrays(2)
    X_train[:, 3] = 0
    rows = dict(describe(load_data(write_folder(tmp_path / "set", (X_train, y_train, X_test, y_test)))))
    assert rows["training examples"] == "30"
    assert rows["class 0"] == "3 training, 2 test"
    assert rows["training values"] == "0 to 1"
    assert rows["always zero"] == "1 of 4 columns in the training set"
    assert rows["non-zero"] == f"{np.count_nonzero(X_train) / 120:.1%} of the training values"
    assert rows["note"].startswith("values taken as pixels 0..255")
    (tmp_path / "t.csv").write_text("a,b,label\n" + "".join(f"1,{i},{'xy'[i % 2]}\n" for i in (5, 3, 8, 2) * 5))
    table = dict(describe(load_data(tmp_path / "t.csv")))
    assert (table["constant"], "always zero" in table) == ("1 of 2 columns in the training set", False)
