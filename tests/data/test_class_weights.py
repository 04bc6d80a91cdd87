"""A file of class weights."""

from pathlib import Path
from typing import Any

import pytest

from handgrad.data.class_weights import read_class_weights
from handgrad.errors import FormatError

CLASSES = ("a", "b, c", "10")


@pytest.mark.parametrize(
    ("content", "weights"),
    [
        ("a,2\nb, c,3\n10,0.5\n", [2, 3, 0.5]),
        ("class,weight\n10,4\n", [1, 1, 4]),
        ("\ufeffclass, weight\r\n'b, c' , 1e1\r\n\r\n\"a\",0\r\n", [0, 10, 1]),
    ],
)
def test_lines_of_a_class_and_a_number_are_read(content: str, weights: list[float], tmp_path: Path) -> None:
    """With or without a heading, quotes and blanks; a class that is not named has the weight 1."""
    (tmp_path / "weights.csv").write_text(content)
    assert read_class_weights(tmp_path / "weights.csv", CLASSES).tolist() == weights


def test_weights_in_utf_16_are_read(tmp_path: Path) -> None:
    """As spreadsheets write them, and as tables are read."""
    (tmp_path / "weights.csv").write_text("class,weight\n10,4\n", encoding="utf-16")
    assert read_class_weights(tmp_path / "weights.csv", CLASSES).tolist() == [1, 1, 4]


@pytest.mark.parametrize(
    ("content", "piece"),
    [
        ("a,1\nd,2\n", "line 2: 'd' is not a class of the training set; expected one of a, b, c, 10"),
        ("a,1\na,2\n", "line 2: 'a' is named twice"),
        ("a,1\n10,many\n", "line 2: 'many' is not a weight"),
        ("a,-1\n", "line 1: '-1' is not a weight"),
        ("a,nan\n", "line 1: 'nan' is not a weight"),
        ("a,inf\n", "line 1: 'inf' is not a weight"),
        ("a 1\n10 2\n", "line 1: 'a 1' is not a weight"),
        ("a;2\n", "line 1: 'a;2' is not a weight; expected a number from 0 to 1,000,000 after the last comma"),
        ("a,1_0\n", "line 1: '1_0' is not a weight"),
        ("a,1e308\n", "line 1: '1e308' is not a weight"),
        ("class,weight\n", "has no weights"),
        ("", "has no weights"),
    ],
)
def test_anything_else_is_refused_with_its_line(content: str, piece: str, tmp_path: Path, refused: Any) -> None:
    """Unknown and repeated classes, numbers that are no weights, and files without weights."""
    (tmp_path / "weights.csv").write_text(content)
    with refused(FormatError, f"weights.csv{',' * piece.startswith('line')} {piece}"):
        read_class_weights(tmp_path / "weights.csv", CLASSES)
