"""The sparse format of libsvm: which files are in it, and which features they have."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import dump_svmlight_file

from handgrad.data import load_data
from handgrad.data.sets import load_sets, read_part
from handgrad.data.settings import DataSettings
from handgrad.data.tables.model_rows import read_table_rows
from handgrad.errors import DataError, FormatError

ROWS = [(i % 2, {1: 1 + i * 7 % 11, 3: 1 + i * 3 % 5, 4: i % 3}) for i in range(30)]


def written(path: Path, rows: list[tuple[int, dict[int, int]]], last: int = 4, shift: int = 0) -> Path:
    """Write rows without what is zero, and without the features behind the last one."""
    lines = (
        f"{label} " + " ".join(f"{number - shift}:{x}" for number, x in features.items() if x and number <= last) + "\n"
        for label, features in rows
    )
    path.write_text("".join(lines))
    return path


@pytest.mark.parametrize("shift", [0, 1])
def test_features_that_a_file_lacks_are_zero(shift: int, tmp_path: Path) -> None:
    """A test or prediction file that ends with an earlier feature, or begins with a later one, is a usual one."""
    train = written(tmp_path / "train.txt", ROWS, shift=shift)
    data = load_data(train)
    test = written(tmp_path / "test.txt", [(y, {3: row[3]}) for y, row in ROWS[:6]], shift=shift)
    part = read_part(str(test), data)
    assert data.columns is not None
    X = read_table_rows(test, data.columns, data.n_features).X
    assert X[:, 2].tolist() == [row[3] for _, row in ROWS[:6]]
    assert (X[:, [0, 1, 3]] == 0).all()
    assert part.y.tolist() == [label for label, _ in ROWS[:6]]
    both = load_sets(DataSettings(data=str(train), test=str(test)))
    np.testing.assert_array_equal(both.X_test, part.X)
    assert load_data(tmp_path).X_test.shape == (6, 4)


def test_a_feature_beyond_those_of_the_training_set_is_refused(tmp_path: Path) -> None:
    """The model has no weight for it; in a folder, both tables belong to one data set."""
    data = load_data(written(tmp_path / "train.txt", ROWS, last=3))
    test = written(tmp_path / "test.txt", ROWS)
    with pytest.raises(FormatError, match="has a feature 4; expected features up to 3, as in the training set"):
        read_part(str(test), data)
    assert load_data(tmp_path).n_features == 4


def test_a_model_of_other_columns_takes_no_sparse_table(tmp_path: Path) -> None:
    """Only numbered features may be missing."""
    (tmp_path / "t.csv").write_text("a,b,label\n" + "".join(f"{i},{i * 7 % 11},{i % 2}\n" for i in range(30)))
    data = load_data(tmp_path / "t.csv")
    with pytest.raises(DataError, match="lacks the columns a, b"):
        read_part(str(written(tmp_path / "t.svm", ROWS)), data)


@pytest.mark.parametrize("number", [100_001, 99_999_999_999, 10**30])
def test_the_number_of_a_feature_has_a_limit(number: int, tmp_path: Path) -> None:
    """Larger ones are refused at once."""
    (tmp_path / "t.svm").write_text(f"1 1:2\n0 {number}:1\n1 2:1\n")
    with pytest.raises(FormatError, match=r"has a feature 100,001|the number of a feature is too large"):
        load_data(tmp_path / "t.svm")


@pytest.mark.parametrize("row", ["{y} 0:3{y}:00 {x}", "{y} 12:3{y} {x}", "{x} {y}", "a{y} 1:{x}"])
def test_what_is_no_libsvm(row: str, tmp_path: Path) -> None:
    """Times and other words between blanks are fields of an ordinary table."""
    lines = [row.format(y=label, x=features[1]) for label, features in ROWS]
    (tmp_path / "t.txt").write_text("\n".join(lines) + "\n")
    data = load_data(tmp_path / "t.txt")
    assert data.columns is not None
    assert not data.columns.named
    assert len(data.y_train) + len(data.y_test) == 30


def test_comments_and_empty_examples_of_libsvm(tmp_path: Path) -> None:
    """A comment may stand above the first line or behind any, and an example may be all zeros."""
    path = written(tmp_path / "t.svm", ROWS)
    path.write_text("# made by me\n0\n1 # nothing\n" + path.read_text().replace("\n", " # remark\n", 3))
    data = load_data(path)
    assert (data.n_features, data.class_names, len(data.y_train) + len(data.y_test)) == (4, ("0", "1"), 32)


def test_a_label_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    """Beside whole numbers and beside words."""
    for others in ("12", "xy"):
        (tmp_path / "t.csv").write_text("a,label\n" + f"1,{others[0]}\n2,{others[1]}\n3,{'9' * 5000}\n" * 10)
        with pytest.raises(DataError, match="a label of 5,000 characters in the column label, 99999999999999999999"):
            load_data(tmp_path / "t.csv")


def test_features_that_are_numbered_from_0_do_not_fit_a_model_with_1(tmp_path: Path, refused: Any) -> None:
    """They would all be shifted by one."""
    lines = [[n % 7, n % 3, 1 + n % 2] for n in range(40)]
    for name, first in (("one.svm", 1), ("zero.svm", 0)):
        rows = (" ".join(f"{first + i}:{value}" for i, value in enumerate(line)) for line in lines)
        (tmp_path / name).write_text("".join(f"{n % 2} {row}\n" for n, row in enumerate(rows)))
    data = load_data(tmp_path / "one.svm")
    with refused(FormatError, "zero.svm numbers its features from 0, and the training set has no feature 0"):
        read_part(str(tmp_path / "zero.svm"), data)


@pytest.mark.parametrize("first", [0, 1])
def test_pixels_are_never_shifted(first: int, tmp_path: Path, refused: Any) -> None:
    """Of the digits' pixels, the first is always 0: without it and the last, the file must say where it counts from."""
    digits = load_data("digits")
    X = np.rint(digits.X_test * 16)
    X[:, -1] = 0
    path, labels = tmp_path / "t.svm", [int(digits.class_names[label]) for label in digits.y_test]
    dump_svmlight_file(X, labels, str(path), zero_based=first == 0)
    told = f"# Column indices are {('zero', 'one')[first]}-based"
    with refused(FormatError, "has no feature 0 and no feature 64", told):
        read_part(str(path), digits)
    path.write_text(f"{told}\n{path.read_text()}")
    np.testing.assert_allclose(read_part(str(path), digits).X * 16, X, atol=1e-5)
    dump_svmlight_file(X, labels, str(path), zero_based=first == 0, comment="pixels")
    np.testing.assert_allclose(read_part(str(path), digits).X * 16, X, atol=1e-5)
    X[0, (0, -1)] = 5
    dump_svmlight_file(X, labels, str(path), zero_based=first == 0)
    np.testing.assert_allclose(read_part(str(path), digits).X * 16, X, atol=1e-5)


def test_a_file_that_does_not_say_where_it_counts_from_is_noted(tmp_path: Path) -> None:
    """A test file that ends with an earlier feature is usual, and may count from 0 all the same."""
    train = load_data(written(tmp_path / "train.txt", ROWS))
    short = written(tmp_path / "test.txt", ROWS, last=3)
    note = "its features are taken to count from 1, as those of the training set"
    assert note in read_part(str(short), train).notes
    assert note not in read_part(str(tmp_path / "train.txt"), train).notes
    assert note not in load_data(tmp_path).notes
