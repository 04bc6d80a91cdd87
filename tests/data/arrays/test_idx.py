import gzip
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from crafted import four_arrays, gzip_bomb, idx_header, write_folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from handgrad.data.arrays.idx import DTYPES, FILES, read_idx, read_idx_folder, write_idx
from handgrad.errors import DataError, FormatError

same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

idx_arrays = st.sampled_from([np.dtype(name) for name in DTYPES.values()]).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
)


@same_folder
@given(array=idx_arrays, ending=st.sampled_from(["", ".gz"]))
def test_what_is_written_is_read(tmp_path, array, ending):
    """Every type and shape comes back bit by bit, plain and compressed, in the machine's byte order."""
    write_idx(tmp_path / f"a{ending}", array)
    read = read_idx(tmp_path / f"a{ending}")
    assert read.dtype == array.dtype.newbyteorder("=")
    assert read.astype(array.dtype).tobytes() == array.tobytes()
    assert read.shape == array.shape


@same_folder
@given(data=st.data(), ending=st.sampled_from(["", ".gz"]))
def test_a_corrupted_file_raises_nothing_but_a_data_error(tmp_path, data, ending):
    """Changed, cut or added bytes end in an array or a DataError, never in anything else."""
    path = tmp_path / f"corrupted{ending}"
    write_idx(path, np.arange(60, dtype=np.uint8).reshape(3, 4, 5))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] + data.draw(st.binary(max_size=3)))
    with suppress(DataError):
        read_idx(path)


def test_the_format_is_that_of_the_published_files(tmp_path):
    """A file written by hand after the format's description is read."""
    (tmp_path / "a").write_bytes(bytes([0, 0, 0x0B, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 255, 255]))
    assert read_idx(tmp_path / "a").tolist() == [[256, -1]]


def test_the_same_array_gives_the_same_bytes(tmp_path):
    """Neither a time nor a name goes into the gzip header, and nothing else is left in the folder."""
    for name in ("a.gz", "b.gz"):
        write_idx(tmp_path / name, np.arange(9, dtype=np.uint8))
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.gz", "b.gz"}


@pytest.mark.parametrize(
    ("content", "piece"),
    [
        (b"", "ends after 0 of the 4 bytes"),
        (b"\0\0\x08", "ends after 3 of the 4 bytes"),
        (idx_header(8, 10)[:-1], "ends after 3 of the 4 bytes"),
        (idx_header(8, 10) + bytes(9), "ends after 9 of the 10 bytes"),
        (idx_header(8, 10) + bytes(11), "more bytes than its header declares"),
        (b"label,pixel0\n1,2\n", "begins with the bytes 6c 61 62 65"),
        (b"<html>not found</html>", "is a web page"),
        (b"\0\0\x0a\x01" + bytes(4), "begins with the bytes 00 00 0a 01"),
        (b"\0\0\x08\x00", "begins with the bytes 00 00 08 00"),
        (b"\0\0\x08\xff" + bytes(1020), "begins with the bytes 00 00 08 ff"),
        (idx_header(8, 2**32 - 1, 2**32 - 1, 2**32 - 1), "contains or declares"),
        (idx_header(8, 2**29), "declares 536870912 bytes, more than a file of this size can contain"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_that_does_not_keep_its_promise_is_refused(refused, little_memory, tmp_path, content, piece, pack):
    """Short, long, foreign and lying files are told apart, compressed or not, before anything large is allocated."""
    (tmp_path / "a").write_bytes(pack(content))
    with little_memory(), refused(FormatError, piece):
        read_idx(tmp_path / "a")


def test_a_gzip_bomb_is_read_no_further_than_its_header_promises(refused, little_memory, tmp_path):
    """64 MiB of zeros behind a header that promises ten bytes are never decompressed."""
    (tmp_path / "a.gz").write_bytes(gzip_bomb(idx_header(8, 10), 2**26))
    assert (tmp_path / "a.gz").stat().st_size < 2**17
    with little_memory(), refused(FormatError, "more bytes than its header declares"):
        read_idx(tmp_path / "a.gz")


def test_a_damaged_gzip_file_is_refused(refused, tmp_path):
    """A cut stream, a wrong checksum and foreign bytes behind the stream are noticed."""
    good = gzip.compress(idx_header(8, 100) + bytes(range(100)))
    for content in (good[:-9], good[:-8] + b"\0\0\0\0" + good[-4:], good + b"more"):
        (tmp_path / "a.gz").write_bytes(content)
        with refused(FormatError, "compressed data cannot be read"):
            read_idx(tmp_path / "a.gz")


@pytest.mark.parametrize("array", [np.zeros(2, np.int64), np.zeros(2, bool), np.array(1.0), np.array(["a"])])
def test_what_idx_cannot_hold_is_not_written(refused, tmp_path, array):
    """No array is converted silently, and no file is left behind."""
    with refused(DataError, "an array of dtype"):
        write_idx(tmp_path / "a", array)
    assert not list(tmp_path.iterdir())


def test_writing_into_no_folder_is_a_data_error(refused, tmp_path):
    """The system's objection is passed on with a remedy."""
    with refused(DataError, "cannot be written"):
        write_idx(tmp_path / "none" / "a", np.zeros(1, np.uint8))


def test_reading_nothing_or_a_folder_is_a_data_error(refused, tmp_path):
    """A path that leads to no file is named."""
    with refused(DataError, f"there is no file {tmp_path / 'none'}"):
        read_idx(tmp_path / "none")
    with refused(DataError, f"{tmp_path} is a folder"):
        read_idx(tmp_path)


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("dotted", [False, True])
def test_a_folder_is_read_under_both_spellings(tmp_path, ending, dotted):
    """The four files may be called -idx3-ubyte or .idx3-ubyte, plain or compressed."""
    arrays_written = four_arrays(flat=False)
    folder = write_folder(tmp_path / "set", arrays_written, ending)
    if dotted:
        for path in list(folder.iterdir()):
            path.rename(folder / path.name.replace("-idx", ".idx"))
    data = read_idx_folder(folder)
    assert (data.name, data.image_shape) == ("set", (28, 28))
    np.testing.assert_array_equal(data.X_test * 255, arrays_written[2].reshape(-1, 784))
    assert data.y_train.tolist() == arrays_written[1].tolist()


def test_a_folder_that_lacks_a_file_is_refused(refused, tmp_path):
    """The message names the file that is missing."""
    folder = write_folder(tmp_path / "set", four_arrays(flat=False))
    (folder / f"{FILES[1]}.gz").unlink()
    with refused(DataError, f"lacks {FILES[1]};"):
        read_idx_folder(folder)


def test_images_in_place_of_labels_are_refused(refused, tmp_path):
    """Files that were mixed up are noticed."""
    X_train, y_train, X_test, y_test = four_arrays(flat=False)
    with refused(DataError, "labels of shape (30, 28, 28)"):
        read_idx_folder(write_folder(tmp_path / "set", (X_train, X_train, X_test, y_test)))
    with refused(DataError, "30 train examples with 11 labels"):
        read_idx_folder(write_folder(tmp_path / "set", (X_train, y_test, X_test, y_train)))


def test_class_names_that_are_no_text_are_refused(refused, tmp_path):
    """The optional file of class names must be UTF-8."""
    folder: Path = write_folder(tmp_path / "set", four_arrays(flat=False))
    (folder / "class-names.txt").write_bytes(b"\xff\xfe\n")
    with refused(FormatError, "is not UTF-8"):
        read_idx_folder(folder)


def test_the_real_mnist(mnist_root):
    """The real files give 60,000 and 10,000 images of 28x28, 19% of whose training pixels are not zero."""
    data = read_idx_folder(mnist_root / "mnist")
    assert (data.X_train.shape, data.X_test.shape, data.image_shape) == ((60000, 784), (10000, 784), (28, 28))
    assert np.bincount(data.y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert abs(np.count_nonzero(data.X_train) / data.X_train.size - 0.191) < 0.001
