"""The classes of a table: every one has examples, and labels are those of the training set however they are written."""

from pathlib import Path

import numpy as np
import pytest

from handgrad.data import DataSettings, load_data, load_sets
from handgrad.data.settings import TableOptions
from handgrad.errors import DataError


def write(path: Path, labels: list[str], gaps: int = 0) -> Path:
    """Write rows of two numbers and a label; the last rows have an empty field."""
    fields = [f"{i},{'' if i >= len(labels) - gaps else i * 3 % 10},{label}\n" for i, label in enumerate(labels)]
    path.write_text("a,b,label\n" + "".join(fields))
    return path


@pytest.mark.parametrize(("known", "new"), [("xy", "z"), ("12", "3"), ("01", "2.5"), (("one", "zero"), "Zero")])
def test_a_label_that_only_the_test_table_has_is_refused(tmp_path: Path, known: str, new: str) -> None:
    """In a folder as with --test: nothing could be learnt of its class."""
    train = write(tmp_path / "train.csv", [*known] * 10)
    test = write(tmp_path / "test.csv", [*known, new])
    for settings in (DataSettings(data=str(tmp_path)), DataSettings(data=str(train), test=str(test))):
        with pytest.raises(DataError, match=f"has the label '{new}', which the training set does not have"):
            load_sets(settings)


def test_a_class_without_whole_rows_is_left_out(tmp_path: Path) -> None:
    """With --missing drop it has no example, so that it is no class; the note names it."""
    data = load_data(write(tmp_path / "t.csv", [*"xz"] * 10 + ["y"] * 3, gaps=3), options=TableOptions(missing="drop"))
    assert data.class_names == ("x", "z")
    assert (sorted(data.y_train.tolist()), sorted(data.y_test.tolist())) == ([0] * 8 + [1] * 8, [0, 0, 1, 1])
    assert "the class y left out: every row of it in the training set has an empty field" in data.notes
    with pytest.raises(DataError, match="every row of the class y has an empty field"):
        load_data(write(tmp_path / "t.csv", ["x"] * 9 + ["y"] * 3, gaps=3), options=TableOptions(missing="drop"))


def test_a_class_without_whole_rows_for_training_is_not_tested(tmp_path: Path) -> None:
    """Its rows in the test table go with it."""
    write(tmp_path / "train.csv", [*"xz"] * 10 + ["y"] * 3, gaps=3)
    write(tmp_path / "test.csv", [*"xyz"])
    data = load_data(tmp_path, options=TableOptions(missing="drop"))
    assert (data.class_names, data.y_test.tolist()) == (("x", "z"), [0, 1])


@pytest.mark.parametrize(
    ("trained", "tested"),
    [(("False", "True"), ("false", "TRUE")), (("False", "True"), ("0", "1")), (("0", "1"), ("False", "true")),
     (("No", "Yes"), ("no", "YES")), (("0", "1"), ("0.0", "1.0"))],
)  # fmt: skip
def test_answers_are_the_same_however_they_are_written(
    tmp_path: Path, trained: tuple[str, str], tested: tuple[str, str]
) -> None:
    """A table with true and false, 0 and 1, or yes and no is tested on one in another spelling."""
    train = write(tmp_path / "train.csv", [*trained] * 10)
    test = write(tmp_path / "test.csv", [*tested, tested[1]])
    for settings in (DataSettings(data=str(train), test=str(test)), DataSettings(data=str(tmp_path))):
        data = load_sets(settings)
        assert (data.class_names, data.y_test.tolist()) == (trained, [0, 1, 1])


@pytest.mark.parametrize("stop", ["", "."])
def test_a_full_stop_behind_a_label_does_not_count(stop: str, tmp_path: Path) -> None:
    """As in adult.test and adult.data; classes that differ in nothing else stay apart."""
    other = "." if not stop else ""
    train = write(tmp_path / "train.csv", [f"<=50K{stop}", f">50K{stop}"] * 10)
    test = write(tmp_path / "test.csv", [f">50K{other}", f"<=50K{other}", f">50K{other}"])
    for settings in (DataSettings(data=str(train), test=str(test)), DataSettings(data=str(tmp_path))):
        assert load_sets(settings).y_test.tolist() == [1, 0, 1]
    write(tmp_path / "train.csv", ["x", "x."] * 10)
    write(tmp_path / "test.csv", ["x", "x.", "x"])
    assert load_data(tmp_path).y_test.tolist() == [0, 1, 0]


def test_other_labels_are_not_cut(tmp_path: Path) -> None:
    """1.9 is not 1, and neither is 2.5.1 two."""
    train = write(tmp_path / "train.csv", [*"12"] * 10)
    for label in ("1.9", "2.5.1", "1.html"):
        with pytest.raises(DataError, match="which the training set does not have"):
            load_sets(DataSettings(data=str(train), test=str(write(tmp_path / "test.csv", ["1", label]))))


def test_classes_that_differ_only_in_their_spelling_are_warned_of(tmp_path: Path) -> None:
    """They stay apart, because nobody but their owner knows whether they are the same."""
    data = load_data(write(tmp_path / "t.csv", ["Yes", "no", "yes", "maybe"] * 5))
    assert data.class_names == ("Yes", "maybe", "no", "yes")
    assert any("warning: the classes Yes, yes differ only in how they are written" in note for note in data.notes)


@pytest.mark.parametrize("joined", [False, True])
def test_a_minus_sign_is_a_label(joined: bool, tmp_path: Path) -> None:
    """The classes + and - of the credit approval data are both there, also in a folder with a test set."""
    rows = "".join(f"{number},{'+-'[number % 2]}\n" for number in range(40))
    (tmp_path / "train.csv").write_text("a,label\n" + rows)
    if joined:
        (tmp_path / "test.csv").write_text("a,label\n" + rows[:40])
    data = load_data(tmp_path if joined else tmp_path / "train.csv")
    assert data.class_names == ("+", "-")
    assert np.bincount(data.y_train).min() >= 16


def test_rows_without_a_label_that_are_left_out_are_noted(tmp_path: Path) -> None:
    """How many there are, and where the first one is."""
    path = tmp_path / "t.csv"
    words = ["" if number == 7 else "xy"[number % 2] for number in range(40)]
    path.write_text("a,label\n" + "".join(f"{number},{word}\n" for number, word in enumerate(words)))
    data = load_data(path, options=TableOptions(missing="drop"))
    assert "left out: 1 row with an empty label, line 9" in data.notes
