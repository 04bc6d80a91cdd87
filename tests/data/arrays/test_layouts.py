"""IDX files in any layout, and EMNIST."""

import shutil
import zipfile

import numpy as np
import pytest
from crafted import four_arrays, write_folder

from handgrad.data import load_data
from handgrad.data.arrays.idx import FILES, write_idx
from handgrad.errors import DataError

ARRAYS = four_arrays(flat=False)
TEST_FIRST = ("d", "c", "b", "a")  # names that say nothing


def write(folder, names, arrays=ARRAYS):
    """Write the four arrays under other names."""
    for name, array in zip(names, arrays, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_idx(folder / name, array.astype(np.uint8))
    return folder


def assert_is_the_set(data):
    """Compare a data set with the four arrays."""
    for ours, theirs in ((data.X_train, ARRAYS[0]), (data.X_test, ARRAYS[2])):
        np.testing.assert_array_equal(ours * np.float32(255), theirs.reshape(-1, 784))
    assert (data.y_train.tolist(), data.y_test.tolist()) == (ARRAYS[1].tolist(), ARRAYS[3].tolist())
    assert (data.image_shape, data.class_names) == ((28, 28), tuple("0123456789"))


LAYOUTS = {
    "torchvision": [f"MNIST/raw/{name}" for name in FILES],
    "torchvision's root": [f"data/MNIST/raw/{name}.gz" for name in FILES],
    "each in its own folder": [f"{name}/{name.replace('-idx', '.idx')}" for name in FILES],
    "capital letters": [name.upper() for name in FILES],
    "downloaded twice": [f"{name} (1).gz" for name in FILES],
    "another ending": [f"{name}.bin" for name in FILES],
    "test instead of t10k": [name.replace("t10k", "test") for name in FILES],
    "names that say nothing": list(TEST_FIRST),
    "a common beginning": [f"kuzushiji-{name}" for name in FILES],
}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("packed", [False, True])
def test_the_four_files_in_other_places_and_under_other_names(tmp_path, name, packed):
    """The header tells what a file is; names, or numbers of examples, tell what belongs together. A zip is the same."""
    folder = write(tmp_path / "set", LAYOUTS[name])
    (folder / "README.md").write_text("where this comes from")
    if packed:
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
            for path in folder.rglob("*"):
                archive.write(path, path.relative_to(tmp_path))
    assert_is_the_set(load_data(tmp_path / "set.zip" if packed else folder))


def test_emnist_under_mnists_names_stays_as_it_lies(tmp_path):
    """Nothing tells it: its images are read as they are in the files."""
    transposed = [array.transpose(0, 2, 1) if array.ndim == 3 else array for array in ARRAYS]
    data = load_data(write(tmp_path, FILES, transposed))
    np.testing.assert_array_equal(data.X_test * np.float32(255), transposed[2].reshape(-1, 784))


def test_qmnist_is_read(tmp_path):
    """Its labels are rows of eight numbers, the first of which is the class."""
    rng = np.random.default_rng(0)
    for part, X, y in (("train", *ARRAYS[:2]), ("test", *ARRAYS[2:])):
        others = rng.integers(0, 3000, (len(y), 7))
        write_idx(tmp_path / f"qmnist-{part}-images-idx3-ubyte.gz", X.astype(np.uint8))
        write_idx(tmp_path / f"qmnist-{part}-labels-idx2-int.gz", np.column_stack([y, others]).astype(np.int32))
    data = load_data(tmp_path)
    assert_is_the_set(data)
    assert data.name == "qmnist"


def test_files_beside_their_archives_count_once(tmp_path):
    """As torchvision leaves them: unpacked, and as they were downloaded."""
    write_folder(tmp_path / "MNIST" / "raw", ARRAYS, "")
    write_folder(tmp_path / "MNIST" / "raw", ARRAYS, ".gz")
    data = load_data(tmp_path)
    assert_is_the_set(data)
    assert load_data(tmp_path / "MNIST" / "raw").name == "MNIST"


@pytest.mark.parametrize("name", [FILES[0], FILES[3]])
def test_one_file_stands_for_its_set(tmp_path, name):
    """Whoever names the file of images means the whole set."""
    write_folder(tmp_path, ARRAYS, "")
    assert_is_the_set(load_data(tmp_path / name))


def test_a_folder_with_several_sets_asks_which(refused, tmp_path):
    """Nothing is chosen for the user, who names one file of the set that is meant."""
    for name in ("MNIST", "FashionMNIST"):
        write_folder(tmp_path / name / "raw", ARRAYS, "")
    with refused(DataError, "more than one data set: FashionMNIST, MNIST;", "Name one file of the set"):
        load_data(tmp_path)
    assert_is_the_set(load_data(tmp_path / "MNIST" / "raw" / FILES[0]))


def test_an_archive_with_several_sets_is_named_itself(tmp_path):
    """The message names the archive and what to unpack, and no temporary folder."""
    for name in ("MNIST", "FashionMNIST"):
        write_folder(tmp_path / "both" / name / "raw", ARRAYS, "")
    shutil.make_archive(str(tmp_path / "both"), "zip", tmp_path / "both")
    with pytest.raises(DataError, match=r"both\.zip holds more than one") as caught:
        load_data(tmp_path / "both.zip")
    assert caught.value.remedy.startswith("unpack both.zip, and name one file of the set that you want, such as both/")
    assert "handgrad-" not in str(caught.value)


def test_files_that_do_not_go_together_are_listed(refused, tmp_path):
    """The message lists what is there, with the shapes."""
    write(tmp_path / "a", ("MNIST/raw/train-images", "MNIST/raw/train-labels"), (ARRAYS[0], ARRAYS[3]))
    with refused(DataError, "train-images has 30 images", "train-labels (11)", "Add what is missing"):
        load_data(tmp_path / "a")
    write(tmp_path / "b", TEST_FIRST, (ARRAYS[0], ARRAYS[1], ARRAYS[0], ARRAYS[1]))
    with refused(DataError, "a (30)"):
        load_data(tmp_path / "b")
    write(tmp_path / "c", ("t10k-images", "t10k-labels"), ARRAYS[2:])
    with refused(DataError, "t10k-images (11x28x28)"):
        load_data(tmp_path / "c")


def test_a_training_set_alone_is_split(tmp_path):
    """Two files are enough; a fifth of the examples becomes the test set."""
    write(tmp_path, ("train-images.bin", "train-labels.bin"), ARRAYS[:2])
    data = load_data(tmp_path)
    assert (len(data.X_train), len(data.X_test)) == (20, 10)


EMNIST = {
    "letters": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "digits": "0123456789",
    "mnist": "0123456789",
    "balanced": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt",
    "byclass": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
}


@pytest.mark.parametrize("name", EMNIST)
def test_emnist_is_turned_upright_and_its_classes_are_named(tmp_path, name):
    """Its images are transposed; the labels of letters start at 1; unpacked sets beside it are left alone."""
    classes = EMNIST[name]
    first = 1 if name == "letters" else 0
    images, labels = np.tile(ARRAYS[0], (3, 1, 1)), np.arange(90) % len(classes) + first
    names = [
        f"emnist-{name}-{part}-{kind}.gz"
        for part in ("train", "test")
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
    ]
    write(tmp_path, names, (images.transpose(0, 2, 1), labels, images[:70].transpose(0, 2, 1), labels[:70]))
    write(tmp_path, [one.replace(name, "other") for one in names], ARRAYS)
    data = load_data(tmp_path / names[0])
    np.testing.assert_array_equal(data.X_train * np.float32(255), images.reshape(-1, 784))
    assert ("".join(data.class_names), data.name) == (classes, f"emnist-{name}")
    assert data.y_test.tolist() == (labels[:70] - first).tolist()
    assert any("turned upright" in note for note in data.notes)
