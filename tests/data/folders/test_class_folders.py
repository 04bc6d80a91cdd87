"""Folders of pictures as they are handed out: which folders are classes, which are sets, and what is neither."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handgrad.data import Dataset, load_data
from handgrad.data.settings import TableOptions
from handgrad.errors import DataError


def write(folder: Path, pattern: str, classes: Iterable[str] = "ab", count: int = 10, seed: int = 0) -> None:
    """Write pictures, each another, under names with {c} for the class and {i} for the number of the picture."""
    rng = np.random.default_rng([seed, *pattern.encode()])
    for name in classes:
        for number in range(count):
            path = folder / pattern.format(c=name, i=number)
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.zeros((12, 12), np.uint8)
            pixels[2:10, 2:10] = rng.integers(100, 255, (8, 8))
            Image.fromarray(pixels).save(path)


def sizes(data: Dataset) -> tuple[tuple[str, ...], int, int]:
    """Return the classes, and how many examples the sets have."""
    return data.class_names, len(data.X_train), len(data.X_test)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("training_set/training_set", "test_set/test_set"),
        ("trainingSet", "testSet"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("asl_alphabet_train", "asl-alphabet-test"),
        ("TRAIN", "TEST"),
        ("rps/rps", "rps-test-set/rps-test-set"),
        (".", "Test images"),
    ],
)
def test_folders_of_sets_are_known_by_a_word_of_their_names(tmp_path: Path, train: str, test: str) -> None:
    """Whatever else they are called; what is in no such folder is the training set beside a test set."""
    write(tmp_path, f"{train}/{{c}}/{{i}}.png")
    write(tmp_path, f"{test}/{{c}}/{{i}}.png", count=4)
    data = load_data(tmp_path)
    assert sizes(data) == (("a", "b"), 20, 8)
    assert data.own_test


@pytest.mark.parametrize(
    "test", ["testSet/testSet", "seg_pred/seg_pred", "my_test", "test/images", "test/unknown", "Meta"]
)
def test_pictures_in_no_folder_for_a_class_are_no_class(tmp_path: Path, test: str) -> None:
    """Beside a training set they are not used, with a note, whatever their folder is called."""
    write(tmp_path, "my_train/my_train/{c}/{i}.png")
    write(tmp_path, f"{test}/{{c}}{{i}}.png", count=3)
    data = load_data(tmp_path)
    assert sizes(data) == (("a", "b"), 16, 4)
    assert any(f"not used: {test.rpartition('/')[2]}, whose pictures (6)" in note for note in data.notes)
    assert "taken by their names: my_train for the training set" in data.notes


def test_a_class_may_be_called_as_a_set_is(tmp_path: Path, refused: Any) -> None:
    """A train beside other vehicles is a class, with a note; a test beside one class is asked about."""
    for name in ("car", "plane", "train", "bullet train"):
        write(tmp_path / "vehicles", f"{name}/{{c}}{{i}}.png", count=5)
    data = load_data(tmp_path / "vehicles")
    assert data.class_names == ("bullet train", "car", "plane", "train")
    assert any("the folder train is taken for a class" in note for note in data.notes)
    write(tmp_path / "covid", "{c}/{i}.png", classes=["positive", "test"])
    with refused(DataError, "pictures right in test, which is the name of a set, and in positive", "Rename test if"):
        load_data(tmp_path / "covid")
    (tmp_path / "covid" / "test").rename(tmp_path / "covid" / "tested")
    assert load_data(tmp_path / "covid").class_names == ("positive", "tested")
    write(tmp_path / "fruit", "train/{c}/{i}.png", classes=["valid", "invalid"])
    assert load_data(tmp_path / "fruit").class_names == ("invalid", "valid")


def test_classes_inside_and_outside_of_sets_are_named(tmp_path: Path, refused: Any) -> None:
    """It is said which folder is outside; moving it away works. A test set alone can be named itself."""
    write(tmp_path / "set", "train/{c}/{i}.png")
    write(tmp_path / "set", "more/{c}/{i}.png")
    with refused(
        DataError, f"outside are those in {Path('more/a')}, {Path('more/b')}", f"Move {Path('more/a')} elsewhere"
    ):
        load_data(tmp_path / "set")
    (tmp_path / "set" / "more").rename(tmp_path / "my test")
    assert sizes(load_data(tmp_path / "set")) == (("a", "b"), 16, 4)
    (tmp_path / "set" / "train").rename(tmp_path / "elsewhere")
    (tmp_path / "my test").rename(tmp_path / "set" / "my test")
    with refused(DataError, "has no training set", f"name {tmp_path / 'set' / 'my test'} itself"):
        load_data(tmp_path / "set")
    assert sizes(load_data(tmp_path / "set" / "my test")) == (("a", "b"), 16, 4)


@pytest.mark.parametrize("masks", ["{c}/masks/{i}.png", "{c}/images/{i}_mask.png", "{c}/images/{i}_mask_1.png"])
@pytest.mark.parametrize("part", [".", "train"])
def test_masks_are_no_examples(tmp_path: Path, masks: str, part: str) -> None:
    """Neither beside the pictures nor in folders of their own; ``images`` within a class is no class."""
    write(tmp_path / part, "{c}/images/{i}.png")
    write(tmp_path / part, masks)
    data = load_data(tmp_path)
    assert sizes(data) == (("a", "b"), 16, 4)
    assert "not used: 20 masks beside the pictures" in data.notes


def test_images_and_their_masks_are_no_two_classes(tmp_path: Path, refused: Any) -> None:
    """A set for segmentation is no set of classes; a picture called as a mask is, without another, is an example."""
    write(tmp_path / "a", "{c}/{i}.png", classes=["images", "masks"])
    with refused(DataError, "no folder for each class"):
        load_data(tmp_path / "a")
    write(tmp_path / "b", "{c}/{i}_mask.png")
    assert sizes(load_data(tmp_path / "b")) == (("a", "b"), 16, 4)


def test_what_was_unpacked_twice_counts_once(tmp_path: Path) -> None:
    """Copies of one name and content in one class are left out; other pictures of the same name stay."""
    for place in ("PetImages", "PetImages/PetImages"):
        write(tmp_path / place, "{c}/{i}.png")
    data = load_data(tmp_path)
    assert sizes(data) == (("a", "b"), 16, 4)
    assert "left out: 20 duplicate pictures" in data.notes
    write(tmp_path / "others", "{c}/{i}.png", seed=1)
    assert sizes(load_data(tmp_path)) == (("a", "b"), 32, 8)


def test_folders_of_one_name_are_one_class_with_a_note(tmp_path: Path) -> None:
    """Which is right for patients and wrong for alphabets."""
    for place in ("Greek", "Latin"):
        write(tmp_path / "set" / place, "{c}/{i}.png", count=5, seed=len(place) + ord(place[0]))
    data = load_data(tmp_path / "set")
    assert sizes(data) == (("a", "b"), 16, 4)
    assert (
        "the folders a in Greek, Latin are one class, and likewise for 1 more; rename them if they are not"
        in data.notes
    )
    write(tmp_path / "other", "train/{c}/{i}.png")
    write(tmp_path / "other", "test/{c}/{i}.png")
    assert not any("one class" in note for note in load_data(tmp_path / "other").notes)


@pytest.mark.parametrize("folders", [("part_1", "part_2"), ("train_images", "test_images"), ("my_train", "my_test")])
def test_a_table_that_names_the_pictures_in_folders_that_are_no_classes(
    tmp_path: Path, refused: Any, folders: tuple[str, str]
) -> None:
    """Folders called as sets are none; of folders and a table that may both be meant, the user chooses one."""
    for folder in folders:
        write(tmp_path / "set", f"{folder}/{folder}{{c}}{{i}}.png")
    rows = [f"{folder}{c}{i},{c}" for folder in folders for c in "ab" for i in range(10)]
    table = tmp_path / "set" / "train.csv"
    table.write_text("id,kind\n" + "\n".join(rows) + "\n")
    if folders[0].startswith("part"):
        with refused(DataError, "pictures in part_1, part_2, and train.csv, which names them", "with --label"):
            load_data(tmp_path / "set")
        assert sizes(load_data(tmp_path / "set", options=TableOptions(label="kind"))) == (("a", "b"), 32, 8)
        table.rename(tmp_path / "train.csv")
        assert sizes(load_data(tmp_path / "set")) == (("part_1", "part_2"), 32, 8)
    else:
        assert sizes(load_data(tmp_path / "set")) == (("a", "b"), 32, 8)


def test_a_table_that_says_the_same_as_the_folders_is_not_used(tmp_path: Path) -> None:
    """Whatever it calls the classes; it is noted."""
    write(tmp_path, "{c}/{c}{i}.png")
    rows = [f"{c}/{c}{i}.png,{number},{i}" for number, c in enumerate("ab") for i in range(10)]
    (tmp_path / "all.csv").write_text("path,number,size\n" + "\n".join(rows) + "\n")
    data = load_data(tmp_path)
    assert sizes(data) == (("a", "b"), 16, 4)
    assert "not used: all.csv" in data.notes


@pytest.mark.parametrize("validation", [False, True])
def test_a_table_in_the_folder_of_each_set(tmp_path: Path, validation: bool) -> None:
    """As Hugging Face's folders: names count from the folder of the table, and its name tells the set."""
    kinds = ("train", "test", "validation") if validation else ("train", "test")
    for kind, count in zip(kinds, (10, 4, 3), strict=False):
        write(tmp_path, f"{kind}/{{c}}{{i}}.png", count=count)
        rows = [f"{c}{i}.png,{c}" for c in "ab" for i in range(count)]
        (tmp_path / kind / "metadata.csv").write_text("file_name,label\n" + "\n".join(rows) + "\n")
    data = load_data(tmp_path)
    assert sizes(data) == (("a", "b"), 26 if validation else 20, 8)
    assert data.own_test
    assert "the column file_name of test/metadata.csv names the pictures, and label is their label" in data.notes


def test_a_picture_in_the_tables_of_two_sets_is_refused(tmp_path: Path, refused: Any) -> None:
    """It would be trained on and tested with."""
    write(tmp_path, "images/{c}{i}.png")
    for kind in ("train", "test"):
        rows = [f"{c}{i}.png,{c}" for c in "ab" for i in range(10)]
        (tmp_path / f"{kind}.csv").write_text("file_name,label\n" + "\n".join(rows) + "\n")
    with refused(DataError, "test.csv: a0.png is named in", "train.csv, too"):
        load_data(tmp_path)


def test_a_form_for_a_contest_gives_no_labels(tmp_path: Path) -> None:
    """sample_submission.csv names pictures and has made-up labels; another table has the true ones."""
    write(tmp_path, "images/{c}{i}.png")
    rows = [f"{c}{i}.png,{c}" for c in "ab" for i in range(10)]
    (tmp_path / "labels.csv").write_text("file_name,label\n" + "\n".join(rows) + "\n")
    (tmp_path / "sample_submission.csv").write_text(
        "file_name,label\n" + "\n".join(f"{row}b" for row in rows[:8]) + "\n"
    )
    assert sizes(load_data(tmp_path)) == (("a", "b"), 16, 4)


@pytest.mark.parametrize("name", ["seg_test", "test", "seg_train", "val"])
def test_a_set_in_a_folder_of_its_own_name_is_what_was_named(tmp_path: Path, name: str) -> None:
    """As archives are unpacked: the pictures are there to be evaluated or trained on, and no other set is missed."""
    write(tmp_path, f"{name}/{name}/{{c}}/{{i}}.png")
    data = load_data(tmp_path / name)
    assert sizes(data) == (("a", "b"), 16, 4)
    assert not data.own_test
