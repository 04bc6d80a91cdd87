import io
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from crafted import four_arrays
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handgrad.data import load_data, read_rows
from handgrad.data.arrays.npy import read_npy, read_npz
from handgrad.data.arrays.parts import ARRAYS, assign, assign_by_shape, role_of
from handgrad.errors import DataError, FormatError


def npy(array: np.ndarray) -> bytes:
    """Return an array as the bytes of a .npy file."""
    target = io.BytesIO()
    np.save(target, array)
    return target.getvalue()


def members() -> dict[str, bytes]:
    """Return the members of a sound archive."""
    return {f"{name}.npy": npy(array) for name, array in zip(ARRAYS, four_arrays(flat=False), strict=True)}


def write_zip(path, content, compression=zipfile.ZIP_DEFLATED):
    """Write an archive with these members."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, member in content.items():
            archive.writestr(name, member)
    return path


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_keras_file(tmp_path, flat, save):
    """Images (n, 28, 28) and rows (n, 784), plain and compressed, give the same data."""
    arrays = four_arrays(flat=flat)
    save(tmp_path / "set.npz", **dict(zip(ARRAYS, arrays, strict=True)))
    data = read_npz(tmp_path / "set.npz")
    assert (data.name, data.image_shape, data.n_classes) == ("set", (28, 28), 10)
    np.testing.assert_array_equal(data.X_train * np.float32(255), arrays[0].reshape(30, 784))
    assert data.y_test.tolist() == arrays[3].tolist()


def test_other_arrays_in_a_file_are_noted(tmp_path):
    """An array that is not used is not passed over in silence, even where it could not be read."""
    data = read_npz(write_zip(tmp_path / "set.npz", members() | {"x_val.npy": b"anything", "notes.txt": b""}))
    assert data.notes[-1] == "ignored: notes.txt, x_val"


NAMES = [
    ("X_train", "Y_train", "X_test", "Y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("train_img", "train_label", "test_img", "test_label"),
    ("xtrain", "ytrain", "xtest", "ytest"),
    ("trainx", "trainy", "testx", "testy"),
    ("X_tr", "y_tr", "X_te", "y_te"),
    ("training_data", "training_targets", "testing_data", "testing_targets"),
    ("arr_0", "arr_1", "arr_2", "arr_3"),
]


@pytest.mark.parametrize("names", NAMES)
def test_other_usual_names_of_the_four_arrays(tmp_path, names):
    """Whatever the arrays are called, they give the same data set."""
    np.savez(tmp_path / "set.npz", **dict(zip(names, four_arrays(), strict=True)))
    np.savez(tmp_path / "keras.npz", **dict(zip(ARRAYS, four_arrays(), strict=True)))
    ours, theirs = read_npz(tmp_path / "set.npz"), read_npz(tmp_path / "keras.npz")
    for part in ("X_train", "y_train", "X_test", "y_test"):
        np.testing.assert_array_equal(getattr(ours, part), getattr(theirs, part))
    assert ours.notes == theirs.notes


def test_what_is_wrong_with_an_array_is_said_with_the_file(refused, tmp_path):
    """Colour images and labels with fractions are refused by the name of the file that holds them."""
    arrays = {"rgb": (np.zeros((20, 8, 8, 3)), np.arange(20) % 2), "half": (np.zeros((20, 4)), np.ones(20) / 2)}
    for name, (X, y) in arrays.items():
        np.savez(tmp_path / f"{name}.npz", x_train=X, y_train=y)
        with refused(DataError, str(tmp_path / f"{name}.npz: ")):
            load_data(tmp_path / f"{name}.npz")


@pytest.mark.parametrize(
    "names",
    [("X", "y"), ("data", "target"), ("images", "labels"), ("x", "Y"), ("features", "label"), ("x_train", "y_train")],
)
def test_one_pair_of_arrays_is_split(tmp_path, names):
    """Examples and labels without a test set are divided as a table is; other arrays are noted."""
    X, y, _, _ = four_arrays()
    np.savez(tmp_path / "set.npz", **dict(zip(names, (X, y.astype(str)), strict=True)), writers=np.zeros(3))
    data = read_npz(tmp_path / "set.npz")
    assert (len(data.X_train), len(data.X_test), data.class_names) == (20, 10, tuple("0123456789"))
    assert "no test set: a fifth of each class is the test set" in data.notes
    assert "ignored: writers" in data.notes


def test_a_validation_set_is_part_of_the_training_set(tmp_path):
    """As in the files of MedMNIST; it is said, and a set without a counterpart is left out."""
    X, y, X_val, y_val = four_arrays(flat=False)
    np.savez(tmp_path / "a.npz", train_images=X, train_labels=y, val_images=X_val, val_labels=y_val, test_images=X_val)
    data = read_npz(tmp_path / "a.npz")
    assert len(data.X_train) + len(data.X_test) == 41
    assert "the 11 validation examples are part of the training set" in data.notes
    assert "ignored: test_images" in data.notes


def test_names_that_fit_twice_or_not_at_all_are_refused(refused, tmp_path):
    """It is said which arrays there are."""
    with refused(FormatError, "both 'X' and 'data' may be the array x"):
        assign(["X", "data", "y"], tmp_path / "set.npz")
    with refused(FormatError, "lacks y; it contains 'images, writers'"):
        assign(["images", "writers"], tmp_path / "set.npz")
    assert role_of("class_names") is None
    assert assign_by_shape({"arr_0": (9, 4), "arr_1": (8,)}) == {}
    assert assign_by_shape({"arr_0": (9, 4)}) == {}


def lying(array: np.ndarray, old: bytes, new: bytes) -> bytes:
    """Change one thing that an array's file says."""
    content = npy(array)
    assert content.count(old) == 1
    return content.replace(old, new)


X = np.zeros((3, 4))
OBJECT_HEADER = b"\x93NUMPY\x01\x00\x46\x00" + b"{'descr': '|O', 'fortran_order': False, 'shape': (3,)}".ljust(70)
BAD_MEMBERS = {
    "object": (OBJECT_HEADER, "dtype '|O'"),
    "text": (b"not an array", "a NumPy file, which begins with"),
    "records": (npy(np.zeros(3, "i4,f4")), "an array whose header is"),
    "times": (npy(np.zeros(3, "M8[s]")), "dtype '<M8[s]'"),
    "complex": (npy(X + 1j), "dtype '<c16'"),
    "version": (b"\x93NUMPY\x07\x00" + bytes(80), "a NumPy file, which begins with"),
    "code": (lying(X, b"(3, 4)", b"exit()"), "an array whose header is"),
    "doubled": (lying(X, b"'descr'", b"'shape'"), "an array whose header is"),
    "negative": (lying(X, b"(3, 4)", b"(-3,4)"), "an array whose header is"),
    "too-many": (lying(X, b"(3, 4)", b"(3, 5)"), "ends after 96 of the 120 bytes"),
    "too-few": (lying(X, b"(3, 4)", b"(3, 3)"), "more bytes than its header declares"),
    "enormous": (lying(X, b"(3, 4), }" + b" " * 10, b"(9999999999999), }".ljust(19)), "contains or declares"),
    "long-header": (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b"{" * 99, "contains or declares 2147483647 bytes"),
    "short": (npy(X)[:-1], "ends after 95 of the 96 bytes"),
    "headless": (npy(X)[:20], "ends after"),
    "empty": (b"", "a NumPy file, which begins with"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_MEMBERS)
def test_an_array_that_breaks_its_promise_is_refused(refused, tmp_path, name):
    """Objects, foreign bytes, strange types and lying headers are refused in an archive and as rows."""
    content, piece = BAD_MEMBERS[name]
    with refused(FormatError, piece):
        read_npz(write_zip(tmp_path / "set.npz", members() | {"x_train.npy": content}))
    (tmp_path / "rows.npy").write_bytes(content)
    with refused(FormatError):
        read_rows(tmp_path / "rows.npy")


def test_a_zip_bomb_is_refused_before_it_expands(refused, little_memory, tmp_path):
    """A member of 32 MiB of zeros that promises ten numbers, and one that promises 2 GiB, take no memory."""
    promise = npy(np.zeros(10, np.uint8))
    bomb = write_zip(tmp_path / "bomb.npz", members() | {"x_train.npy": promise + bytes(2**25)})
    with little_memory():
        with refused(FormatError, "more bytes than its header declares"):
            read_npz(bomb)
        content = bytearray(write_zip(tmp_path / "lying.npz", members()).read_bytes())
        at = content.rindex(b"PK\x01\x02")
        content[at + 24 : at + 28] = (2**31 - 1).to_bytes(4, "little")
        (tmp_path / "lying.npz").write_bytes(content)
        with refused(FormatError, "contains or declares 21475"):
            read_npz(tmp_path / "lying.npz")
        content[at + 24 : at + 28] = (2**25).to_bytes(4, "little")
        (tmp_path / "lying.npz").write_bytes(content)
        with refused(FormatError, "declares more bytes than its compressed bytes can contain"):
            read_npz(tmp_path / "lying.npz")


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_archives_of_another_kind_are_refused(refused, tmp_path):
    """Missing and doubled arrays, other compressions and files that are no archive are told apart."""
    path = tmp_path / "set.npz"
    with refused(FormatError, "lacks x_train, y_train, x_test, y_test; it contains 'a'"):
        read_npz(write_zip(path, {"a.npy": npy(X)}))
    with refused(FormatError, "it contains 'x_train' twice"):
        read_npz(write_zip(path, members() | {"X_train.npy": npy(X)}))
    with refused(FormatError, "compressed by a method other than deflate"):
        read_npz(write_zip(path, members(), zipfile.ZIP_BZIP2))
    with refused(FormatError, "one of minimum and maximum"):
        read_npz(write_zip(path, members() | {"minimum.npy": npy(np.array(0.0))}))
    for names, piece in (
        (np.array("one"), "its class names are no"),
        (np.array([["a"]]), "its class names are no"),
        (np.frombuffer(b"\xff\xff\xff\x7f", "<U1"), "its texts are not Unicode"),
    ):
        with refused(FormatError, piece):
            read_npz(write_zip(path, members() | {"class_names.npy": npy(names)}))
    path.write_bytes(b"no archive")
    with refused(FormatError, "cannot be read as a zip archive"):
        read_npz(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(data=st.data())
def test_a_corrupted_archive_raises_nothing_but_a_data_error(tmp_path, data):
    """Changed and cut bytes end in a data set or a DataError, never in anything else."""
    small = {name: npy(array) for name, array in zip((f"{n}.npy" for n in ARRAYS), four_arrays(2), strict=True)}
    content = bytearray(write_zip(tmp_path / "a.npz", small).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "a.npz").write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with suppress(DataError):
        read_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("dtype", ["u1", "i8", ">f4", "f8", "?"])
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_of_any_type_and_version(tmp_path, dtype, version, order):
    """Rows come back as float64, whatever their type, byte order, memory order and header version."""
    rows = np.arange(6).reshape(2, 3).astype(dtype, order=order)
    with (tmp_path / "rows.npy").open("wb") as file:
        np.lib.format.write_array(file, rows, version)
    read = read_rows(tmp_path / "rows.npy")
    assert read.dtype == np.float64
    np.testing.assert_array_equal(read, rows)


@pytest.mark.parametrize(("shape", "becomes"), [((4,), (1, 4)), ((2, 3), (2, 3)), ((2, 3, 4), (2, 12))])
def test_one_row_and_images_become_rows(tmp_path, shape, becomes):
    """A single row and images are laid out as (n, d)."""
    np.save(tmp_path / "rows.npy", np.ones(shape))
    assert read_rows(tmp_path / "rows.npy").shape == becomes


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (1, 28, 28), (784,)])
def test_an_array_as_long_as_a_row_is_one_row(tmp_path, shape):
    """A single image of the network's size is not 28 rows; several images are several rows."""
    np.save(tmp_path / "rows.npy", np.ones(shape))
    assert read_rows(tmp_path / "rows.npy", 784).shape == (1, 784)
    np.save(tmp_path / "rows.npy", np.ones((3, *shape)))
    assert read_rows(tmp_path / "rows.npy", 784).shape == (3, 784)


@pytest.mark.parametrize("rows", [np.array(1.0), np.zeros((0, 3)), np.zeros((1,) * 5), np.array([[np.nan]])])
def test_rows_of_no_use_are_refused(refused, tmp_path, rows):
    """Scalars, nothing, five dimensions and nan are no rows."""
    np.save(tmp_path / "rows.npy", rows)
    with refused(FormatError, "finite numbers of shape (n, d)"):
        read_rows(tmp_path / "rows.npy")


@pytest.mark.parametrize("read", [read_npy, read_npz, read_rows])
def test_a_text_file_is_one_clear_error(refused, tmp_path, read):
    """A text file under a NumPy name says how it begins, or that it is no archive; a missing file is named."""
    (tmp_path / "a.npy").write_text("1 2 3\n4 5 6\n")
    with refused(FormatError, "cannot be read as a zip archive" if read is read_npz else "begins with b'1 2 3\\n4 '"):
        read(tmp_path / "a.npy")
    with refused(DataError, "there is no file"):
        read(tmp_path / "b.npy")


def test_labels_and_names_of_another_kind_are_refused(refused, tmp_path):
    """The advice says which kind is meant; an empty label is no class."""
    X, y = np.eye(6), np.array(["x", "y"] * 3)
    for others, piece in (
        ({"y": y.astype(object)}, "expected numbers or texts. Convert it with .astype(str)"),
        ({"y": y, "class_names": np.arange(2)}, "expected texts. Convert it with .astype(str)"),
        ({"x": X.astype(complex), "y": y}, "expected numbers. Convert it with .astype(float)"),
    ):
        np.savez(tmp_path / "t.npz", **{"x": X, **others})
        with refused(FormatError, piece):
            read_npz(tmp_path / "t.npz")
    np.savez(tmp_path / "t.npz", x=X, y=np.array(["x", "", "y"] * 2))
    with refused(DataError, "example 2 has an empty label"):
        read_npz(tmp_path / "t.npz")
