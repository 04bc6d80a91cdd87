"""Folders of pictures, of tables and of arrays, archives of them, and pictures in Parquet."""

import gzip
import io
import json
import os
import shutil
import sys
import tarfile
import zipfile

import numpy as np
import pytest
from crafted import four_arrays
from PIL import Image

from handgrad.data import load_data
from handgrad.data.arrays.idx import FILES
from handgrad.data.pictures.images import are_digits, read_image
from handgrad.data.pictures.many import read_pictures
from handgrad.data.settings import TableOptions
from handgrad.data.splits import stratified_split
from handgrad.data.tables.model_rows import read_table_rows
from handgrad.errors import DataError, FormatError
from handgrad.runs.seen import write_seen

X, y, X_TEST, Y_TEST = four_arrays(flat=False)
for one in (*X, *X_TEST):  # light on dark
    one[[0, -1]] = one[:, [0, -1]] = 0
BY_CLASS = np.argsort(y, kind="stable"), np.argsort(Y_TEST, kind="stable")


def png(image, kind="PNG"):
    """Return an image as the bytes of a picture."""
    target = io.BytesIO()
    Image.fromarray(image).save(target, kind)
    return target.getvalue()


def write_pictures(folder, images, labels, ending="png"):
    """Write pictures into a folder for each class, in order."""
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        (folder / str(label) / f"{number:05}.{ending}").write_bytes(png(image, ending))
    return folder


def assert_is_the_set(data, classes=tuple("0123456789")):
    """Compare a data set with the four arrays, class by class."""
    for ours, theirs, order in ((data.X_train, X, BY_CLASS[0]), (data.X_test, X_TEST, BY_CLASS[1])):
        np.testing.assert_array_equal(ours * np.float32(255), theirs[order].reshape(-1, 784))
    assert (data.y_train.tolist(), data.y_test.tolist()) == (sorted(y.tolist()), sorted(Y_TEST.tolist()))
    assert (data.image_shape, data.class_names) == ((28, 28), classes)


@pytest.mark.parametrize("names", [("train", "test"), ("training", "testing"), ("data/Train", "data/Test")])
@pytest.mark.parametrize("packed", ["", ".zip", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz"])
def test_pictures_in_a_folder_for_each_class(tmp_path, names, packed):
    """Pictures of one size are taken as they are, and their folders name the classes; archives are the same."""
    folder = tmp_path / "mnist_png"
    for name, images, labels in zip(names, (X, X_TEST), (y, Y_TEST), strict=True):
        write_pictures(folder / name, images, labels)
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1")
    if packed == ".zip":
        with zipfile.ZipFile(tmp_path / "mnist_png.zip", "w") as archive:
            for path in folder.rglob("*"):
                archive.write(path, path.relative_to(tmp_path))
    elif packed:
        with tarfile.open(tmp_path / f"mnist_png{packed}", f"w:{packed[5:]}") as tar:
            tar.add(folder, "mnist_png")
    data = load_data(tmp_path / f"mnist_png{packed}")
    assert_is_the_set(data)
    assert data.name == "mnist_png"


def test_what_a_network_saw_is_no_example(tmp_path):
    """The pictures that predict --show writes beside others do not become data; the user's own of such names do."""
    folder = tmp_path / "set"
    for name, images, labels in (("train", X, y), ("test", X_TEST, Y_TEST)):
        write_pictures(folder / name, images, labels)
    for picture in list(folder.rglob("*.png")):
        write_seen(picture, np.zeros((28, 28)))
    assert_is_the_set(load_data(folder))
    for picture in list(folder.rglob("*.seen.png")):
        picture.unlink()
    for picture in list(folder.rglob("*.png")):
        picture.rename(picture.with_suffix(".seen.png"))
    assert_is_the_set(load_data(folder))


def test_hidden_folders_beside_the_data_are_ignored(tmp_path):
    """What version control, notebooks and Macs leave there is no class, no picture and no table."""
    folder = tmp_path / "set"
    for name, images, labels in (("train", X, y), ("test", X_TEST, Y_TEST)):
        write_pictures(folder / name, images, labels)
    write_csv(tmp_path / "t.csv", X[BY_CLASS[0]], y[BY_CLASS[0]])
    for hidden in (folder / ".git", folder / ".ipynb_checkpoints", folder / "train" / "__MACOSX"):
        write_pictures(hidden / "train", X[:1], ["z"])
        (hidden / "train.csv").write_bytes((tmp_path / "t.csv").read_bytes())
        (hidden / FILES[0]).write_bytes(b"\0\0\x08\x01\0\0\0\1\0")
    assert_is_the_set(load_data(folder))


def test_pictures_without_a_test_set_are_split(tmp_path):
    """Words name the classes, and a fifth of each is the test set; BMP is as good as PNG."""
    data = load_data(write_pictures(tmp_path / "set", X, np.where(y < 5, "low", "high"), "bmp"))
    assert data.class_names == ("high", "low")
    assert (len(data.X_train), len(data.X_test)) == (24, 6)
    assert "no test set: a fifth of each class is the test set" in data.notes


def test_pictures_dark_on_light_are_inverted(tmp_path):
    """As `predict` inverts them; it is noted."""
    for name, images, labels in zip(("train", "test"), (255 - X, 255 - X_TEST), (y, Y_TEST), strict=True):
        write_pictures(tmp_path / name, images, labels)
    data = load_data(tmp_path)
    assert_is_the_set(data)
    assert "the pictures are dark on light, and are inverted" in data.notes


def test_pictures_of_several_sizes_become_28x28(tmp_path):
    """Large drawings are prepared as `predict` prepares them."""
    rng = np.random.default_rng(0)
    for number in range(12):
        drawing = np.full((100 + number, 120), 255, np.uint8)
        drawing[20:80, 40 : 60 if number % 2 else 100] = rng.integers(0, 60)
        write_pictures(tmp_path / str(number), [drawing], [("a", "b")[number % 2]])
    data = load_data(tmp_path)
    assert (data.image_shape, data.class_names, len(data.X_train)) == ((28, 28), ("a", "b"), 10)
    assert "pictures of other sizes become 28x28, as for predict" in data.notes
    assert data.X_train.max() == 1


def test_a_few_bad_pictures_are_left_out_and_many_are_refused(refused, tmp_path):
    """One of thirty is noted with its name; one of two is an error."""
    folder = write_pictures(tmp_path / "set", X, y)
    (folder / "3" / "00003.png").write_bytes(b"<html>not found</html>")
    data = load_data(folder)
    assert len(data.X_train) + len(data.X_test) == 29
    assert any(
        "1 of 30 pictures is left out; the first: " in note and "00003.png is an HTML page" in note
        for note in data.notes
    )
    for path in list(folder.glob("*/*"))[::2]:
        path.write_bytes(b"")
    with refused(FormatError, ".png is empty"):
        load_data(folder)


@pytest.mark.parametrize("train", ["train", "."])
@pytest.mark.parametrize("bare", ["test", "test/test", "test1", "Unlabelled", "unlabeled"])
def test_a_flat_folder_of_pictures_beside_those_of_classes_is_not_used(tmp_path, bare, train):
    """As Kaggle gives them out: the training set is read, and the others are for predict, as a note says."""
    write_pictures(tmp_path / train, X, y)
    write_pictures(tmp_path, X_TEST, [bare] * len(X_TEST))
    data = load_data(tmp_path)
    assert (len(data.X_train), len(data.X_test), data.class_names) == (20, 10, tuple("0123456789"))
    name = bare.rpartition("/")[2]
    (note,) = (note for note in data.notes if "unlabelled" in note)
    assert note == (
        f"not used: {name}, whose pictures ({len(X_TEST)}) are unlabelled, in no folder for a class; classify them "
        "with `handgrad predict RUN PATH`"
    )


def test_labelled_pictures_in_test_are_used_beside_unlabelled_ones(tmp_path):
    """A test set in folders of classes is the test set, whatever lies flat beside it."""
    for name, images, labels in (("train", X, y), ("test", X_TEST, Y_TEST)):
        write_pictures(tmp_path / name, images, labels)
    write_pictures(tmp_path, X[:3], ["unlabelled"] * 3)
    data = load_data(tmp_path)
    assert_is_the_set(data)
    assert any("not used: unlabelled, whose pictures (3)" in note for note in data.notes)


def test_pictures_without_folders_for_the_classes_are_refused(refused, tmp_path):
    """What is wanted is said; a screenshot beside other data is no data set."""
    for part in ("train", "test"):
        write_pictures(tmp_path / "a", X[:3], [part] * 3)
    with refused(DataError, "pictures in test, train, and no folder for each class"):
        load_data(tmp_path / "a")
    for count in (1, 3):
        write_pictures(tmp_path / "b", X[:count], ["only"] * count)
        with refused(
            DataError, "b has pictures in one folder only, only; expected a folder of pictures for each class"
        ):
            load_data(tmp_path / "b")
    with refused(DataError, "only has pictures, but no folders for their classes", "for each class"):
        load_data(tmp_path / "b" / "only")
    write_pictures(tmp_path / "c" / "test", X[:4], [0, 1, 0, 1])
    with refused(DataError, "has no training set"):
        load_data(tmp_path / "c")


@pytest.mark.parametrize("numbers", [False, True])
def test_a_folder_of_arrays(tmp_path, numbers):
    """X.npy and y.npy, or four files, are called as in an archive."""
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y if numbers else y.astype(str))
    data = load_data(tmp_path)
    assert data.y_test.tolist() == y[stratified_split(y)[1]].tolist()
    assert data.class_names == tuple("0123456789")


def test_a_folder_of_other_things_is_described(refused, tmp_path):
    """Neither arrays of unknown names nor several tables are a data set; a file that is one is named."""
    for name in ("weights", "biases"):
        np.save(tmp_path / f"{name}.npy", X)
    (tmp_path / "a.csv").write_text("1,x\n")
    (tmp_path / "b.csv").write_text("1,x\n")
    with refused(
        DataError, f"{tmp_path} has 2 tables: a.csv, b.csv", f"Name one of them, such as {tmp_path / 'a.csv'}"
    ):
        load_data(tmp_path)
    np.savez(tmp_path / "mnist.npz", X=X, y=y)
    with refused(DataError, f"Name one of its files, such as {tmp_path / 'mnist.npz'}"):
        load_data(tmp_path)
    for path in tmp_path.iterdir():
        if path.name != "mnist.npz":
            path.unlink()
    assert load_data(tmp_path).class_names == tuple("0123456789")


BESIDE = {
    "README.txt": "The data were measured in 1988.\nSee data.csv.\n",
    "LICENSE": "Do as you like.\n",
    "notes.md": "# Notes\n",
    "iris.names": "1. Title: Iris\n",
    "extra.txt": "a b c\n",
}


@pytest.mark.parametrize("name", ["data.csv", "wine.data", "deep/er/t.tsv", "t.csv.gz", "t.arff"])
@pytest.mark.parametrize("packed", [False, True])
def test_one_table_beside_documents_is_read(tmp_path, name, packed):
    """As in archives of public data; what is not read is noted."""
    table = tmp_path / "set" / name
    table.parent.mkdir(parents=True)
    content = "".join(f"{i}\t{i % 3}\t{'xy'[i % 2]}\n" for i in range(20))
    if name.endswith(".arff"):
        heading = "@relation t\n@attribute a numeric\n@attribute b numeric\n@attribute class {x,y}\n@data\n"
        content = heading + content.replace("\t", ",")
    table.write_bytes(gzip.compress(content.encode()) if name.endswith("gz") else content.encode())
    for other, text in BESIDE.items():
        (tmp_path / "set" / other).write_text(text)
    if packed:
        shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path, "set")
    data = load_data(tmp_path / ("set.zip" if packed else "set"))
    assert (data.class_names, len(data.X_train) + len(data.X_test)) == (("x", "y"), 20)
    assert f"only {table.name} is read, not LICENSE, README.txt, extra.txt, iris.names, notes.md" in data.notes


def test_a_table_called_txt_beside_a_readme_is_read(tmp_path):
    """A document is known by its name, if both are texts."""
    (tmp_path / "data.txt").write_text("".join(f"{i} {i % 3} {'xy'[i % 2]}\n" for i in range(20)))
    (tmp_path / "ReadMe.txt").write_text(BESIDE["README.txt"])
    data = load_data(tmp_path)
    assert data.class_names == ("x", "y")
    assert "only data.txt is read, not ReadMe.txt" in data.notes


def test_two_tables_in_an_archive_are_unpacked_by_the_user(refused, tmp_path):
    """What is advised can be done, and no temporary folder is named, also if nothing can be unpacked."""
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for name in ("a.csv", "b.csv"):
            archive.writestr(name, "1,x\n2,y\n")
    with refused(
        DataError, "two.zip has 2 tables: a.csv, b.csv", "Unpack two.zip, and name one of them, such as two/a"
    ):
        load_data(tmp_path / "two.zip")
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr("train", "1,x\n")
        archive.writestr("train/0.csv", "1,x\n")
    with pytest.raises(DataError, match=r"odd\.zip cannot be unpacked") as caught:
        load_data(tmp_path / "odd.zip")
    assert "handgrad-" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_a_pipe_beside_the_data_is_left_alone(tmp_path):
    """Nothing waits for what nobody writes to it, whatever it is called."""
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("a,label\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(20)))
    for name in ("fifo", "train.fifo.csv", "x.png"):
        os.mkfifo(tmp_path / name)
    assert len(load_data(tmp_path).X_train) == 20


@pytest.mark.parametrize("kind", ["png", "jpeg", "bmp", "webp"])
def test_colour_pictures_become_grey_with_a_note(tmp_path, kind):
    """Grey ones that are stored with three channels are no colour pictures."""
    rng = np.random.default_rng(0)
    for number in range(10):
        grey = np.repeat(rng.integers(0, 250, (16, 16, 1), np.uint8), 3, axis=2)
        coloured = np.zeros_like(grey)
        coloured[4:12, 4:12, number % 2] = 200
        for name, image in (("grey", grey), ("coloured", coloured)):
            place = tmp_path / name / "ab"[number % 2]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number}.{kind}").write_bytes(png(image, kind))
    assert "colour pictures become grey" in load_data(tmp_path / "coloured").notes
    assert "colour pictures become grey" not in load_data(tmp_path / "grey").notes


def write_csv(path, images, labels=None, header=True):
    """Write images as rows of a table, the label first."""
    columns = [f"pixel{i}" for i in range(784)]
    table = images.reshape(-1, 784)
    if labels is not None:
        columns, table = ["label", *columns], np.column_stack([labels, table])
    path.parent.mkdir(exist_ok=True)
    np.savetxt(path, table, "%d", ",", header=",".join(columns) if header else "", comments="")
    return path


@pytest.mark.parametrize("header", [True, False])
def test_mnist_as_tables(tmp_path, header):
    """mnist_train.csv and mnist_test.csv in one folder are the two sets, with a header or without."""
    write_csv(tmp_path / "set" / "mnist_train.csv", X[BY_CLASS[0]], y[BY_CLASS[0]], header)
    write_csv(tmp_path / "set" / "mnist_test.csv", X_TEST[BY_CLASS[1]], Y_TEST[BY_CLASS[1]], header)
    assert_is_the_set(load_data(tmp_path / "set"))


def test_kaggles_folder(refused, tmp_path):
    """train.csv is split; test.csv, which has no labels, is for `predict`, and refused for training."""
    write_csv(tmp_path / "set" / "train.csv", X, y)
    write_csv(tmp_path / "set" / "test.csv", X_TEST)
    (tmp_path / "set" / "sample_submission.csv").write_text("ImageId,Label\n1,0\n2,0\n")
    data, (train, test) = load_data(tmp_path / "set"), stratified_split(y)
    np.testing.assert_array_equal(data.X_train * np.float32(255), X[train].reshape(-1, 784))
    assert (data.y_test.tolist(), data.image_shape, data.class_names) == (
        y[test].tolist(),
        (28, 28),
        tuple("0123456789"),
    )
    assert "test.csv has no labels and is not used; try `handgrad predict`" in data.notes
    assert "ignored: sample_submission.csv" in data.notes
    with refused(DataError, "test.csv has 784 columns of pixels and no label", "handgrad predict RUN"):
        load_data(tmp_path / "set" / "test.csv")
    rows = read_table_rows(tmp_path / "set" / "test.csv", None, 784)
    assert rows.labels is None
    np.testing.assert_array_equal(rows.X, X_TEST.reshape(-1, 784))


def titanic(folder):
    """Write Kaggle's train.csv and test.csv, which lacks one column in the middle."""
    rows = [(i, i * 7 % 3 % 2, 1 + i % 3, "SCQ"[i * 5 % 3], 20 + i * 11 % 37) for i in range(60)]
    folder.mkdir(exist_ok=True)
    for name, left_out in (("train", None), ("test", 1)):
        lines = [("PassengerId", "Survived", "Pclass", "Embarked", "Bought"), *rows]
        table = [",".join(str(field) for place, field in enumerate(line) if place != left_out) for line in lines]
        (folder / f"{name}.csv").write_text("\n".join(table) + "\n")
    return folder


@pytest.mark.parametrize("name", ["Survived", "Won"])
def test_what_the_test_table_lacks_is_the_label(tmp_path, name):
    """Whatever it is called and wherever it stands, and even if a feature has the name of a usual label."""
    folder = titanic(tmp_path / "set")
    for part, other in (("train", name), ("test", "")):
        text = (folder / f"{part}.csv").read_text().replace("Survived", other)
        (folder / f"{part}.csv").write_text(text if name == "Survived" else text.replace("Pclass", "Survived"))
    data = load_data(folder)
    assert data.columns.label == name
    assert f"using the column {name}, which test.csv lacks, as the label" in data.notes
    assert "test.csv has no labels and is not used; try `handgrad predict`" in data.notes
    assert not data.own_test


def test_a_test_table_that_lacks_a_feature_is_not_called_unlabelled(refused, tmp_path):
    """What it lacks is seen from its columns."""
    folder = titanic(tmp_path / "set")
    with refused(DataError, "test.csv has the columns PassengerId, Pclass, Embarked, Bought", "Survived"):
        load_data(folder, options=TableOptions(label="Embarked"))


def test_a_row_of_a_folder_is_named_by_its_file_and_line(refused, tmp_path):
    """The tables are one, but a message has the place in the user's own file."""
    for part in ("train", "test"):
        rows = "".join(f"{i},{i * 3 % 10},{'xy'[i % 2]}\n" for i in range(20))
        (tmp_path / f"{part}.csv").write_text("a,b,label\n" + (rows.replace("9,7,", "9,,") if part == "test" else rows))
    with refused(FormatError, "test.csv, line 11, the column b: an empty field"):
        load_data(tmp_path)
    (tmp_path / "test.csv").unlink()
    (tmp_path / "train.csv").write_text("a,b,label\n" + rows.replace("4,2,", "4,,"))
    with refused(FormatError, "train.csv, line 6, the column b: an empty field"):
        load_data(tmp_path)


def test_tables_of_other_columns_are_refused(refused, tmp_path):
    """The training and the test table must have the same columns."""
    (tmp_path / "train.csv").write_text("a,b,label\n" + "1,2,x\n3,4,y\n" * 3)
    (tmp_path / "test.csv").write_text("a,c,label\n" + "1,2,x\n3,4,y\n" * 3)
    with refused(DataError, "test.csv has the columns a, c, label", "those of", "a, b, label"):
        load_data(tmp_path)


def test_names_that_differ_in_case_and_blanks_are_the_same(tmp_path):
    """In a folder as with --test."""
    (tmp_path / "train.csv").write_text("a,b_1,Label\n" + "1,2,x\n3,4,y\n" * 3)
    (tmp_path / "test.csv").write_text("B 1,label,A\n3,x,2\n6,y,5\n")
    assert load_data(tmp_path).X_test.tolist() == [[0.5, 0.5], [2, 2]]


def test_the_test_table_is_not_used_for_fitting(tmp_path):
    """Ranges and columns come from the training table; the order of the columns does not matter."""
    (tmp_path / "train.csv").write_text("a,b,label\n" + "1,2,x\n3,4,y\n" * 3)
    (tmp_path / "test.csv").write_text("b,label,a\n" + "3,x,2\n6,y,5\n")
    data = load_data(tmp_path)
    assert data.X_train[:2].tolist() == [[0, 0], [1, 1]]
    assert data.X_test.tolist() == [[0.5, 0.5], [2, 2]]


@pytest.fixture
def parquet():
    """Return pyarrow's Parquet, where it is installed."""
    return pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")


def write_parquet(path, images, labels, names=None):
    """Write pictures as Hugging Face does: a struct of bytes and path, and a label with names in the metadata."""
    import pyarrow as arrow
    import pyarrow.parquet

    cells = [{"bytes": png(image), "path": f"{number}.png"} for number, image in enumerate(images)]
    table = arrow.table({"image": cells, "label": arrow.array(labels)})
    features = {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}
    if names:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(table, path)
    return path


@pytest.mark.usefixtures("parquet")
@pytest.mark.parametrize("names", [None, [f"{label} - {word}" for label, word in enumerate("abcdefghij")]])
def test_hugging_faces_folder(tmp_path, names):
    """Several files make the training set, another one the test set; the metadata name the classes."""
    order, test_order = BY_CLASS
    write_parquet(tmp_path / "mnist" / "train-00000-of-00002.parquet", X[order[:20]], y[order[:20]], names)
    write_parquet(tmp_path / "mnist" / "train-00001-of-00002.parquet", X[order[20:]], y[order[20:]], names)
    write_parquet(tmp_path / "mnist" / "test-00000-of-00001.parquet", X_TEST[test_order], Y_TEST[test_order], names)
    assert_is_the_set(load_data(tmp_path), tuple(names or "0123456789"))


@pytest.mark.usefixtures("parquet")
def test_one_file_of_pictures(tmp_path):
    """It is split as a table is, and its rows are those of a model of images; any size will do."""
    path = write_parquet(tmp_path / "train.parquet", X, y)
    data, (train, test) = load_data(path), stratified_split(y)
    np.testing.assert_array_equal(data.X_train * np.float32(255), X[train].reshape(-1, 784))
    assert (data.y_test.tolist(), data.image_shape, data.columns) == (y[test].tolist(), (28, 28), None)
    rows = read_table_rows(path, None, 784)
    np.testing.assert_array_equal(rows.X, X.reshape(-1, 784))
    assert rows.labels == tuple(map(str, y))
    small = load_data(write_parquet(tmp_path / "small.parquet", X[:, :10, :12], y))
    assert (small.image_shape, small.scaling.maximum) == ((10, 12), 255)


def test_an_archive_that_is_damaged_or_leads_outside_is_refused(refused, tmp_path):
    """Nothing is written beside the temporary folder, and a cut archive is named."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../../outside.txt", "gone astray")
        archive.writestr("b/other.txt", "nothing")
    with refused(DataError, "a.zip has 2 tables: "):
        load_data(tmp_path / "a.zip")
    assert not list(tmp_path.parent.glob("outside.txt"))
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo("../outside.txt")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"gone"))
    with refused(FormatError, "cannot be unpacked"):
        load_data(tmp_path / "a.tar.gz")


def test_photos_in_folders_called_0_and_1_are_no_digits(tmp_path):
    """They are as often no and yes: no ink is looked for in them, and predict sees what the training saw."""
    rng = np.random.default_rng(0)
    for number in range(12):
        photo = rng.integers(60, 200, (90 + number, 100)).astype(np.uint8)
        photo[30:70, 10:30] = photo[30:70, 70:90] = 255  # as two digits side by side
        write_pictures(tmp_path / str(number), [photo], [number % 2])
    data = load_data(tmp_path)
    assert (data.class_names, len(data.X_train) + len(data.X_test)) == (("0", "1"), 12)
    saw = read_image(next(tmp_path.rglob("00000.png")), (28, 28), digits=are_digits(data.class_names))
    assert any(np.allclose(saw, one, atol=1 / 255) for one in (*data.X_train, *data.X_test))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_pictures_are_refused_before_all_are_decoded(refused, tmp_path):
    """Many that cannot be read are refused when a tenth is exceeded; a pipe among the rest is never opened."""
    sources = [tmp_path / f"{number}.png" for number in range(20)]
    for source in sources[:3]:
        source.write_bytes(b"<html>")
    os.mkfifo(sources[3])
    with refused(FormatError, "0.png is an HTML page"):
        read_pictures(sources, digits=False)
