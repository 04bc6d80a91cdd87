"""Tables as users bring them: properties of files from public reports, each in a small table of our own."""

import subprocess
import sys
from pathlib import Path

import pytest

from handgrad.data import load_data
from handgrad.data.settings import TableOptions
from handgrad.errors import DataError

WORDS = ("alder", "birch", "cedar")


def written(folder: Path, content: str) -> Path:
    """Write a table."""
    (folder / "t.csv").write_text(content)
    return folder / "t.csv"


def rows(row: str, count: int = 30, header: str = "") -> str:
    """Write rows after a pattern: ``{i}`` is the number of the row, ``{x}`` a number, ``{k}`` and ``{w}`` classes."""
    lines = (
        row.format(i=i, x=(7 * i) % 11 + 0.5, n=(13 * i) % 97, k=1 + i % 3, w=WORDS[i % 3], half=i % 2)
        for i in range(count)
    )
    return "\n".join([*([header] if header else []), *lines]) + "\n"


TITANIC = rows('{i},{half},{k},"Doe, Mr. {i}",{w},{x},S{k}', 40, "PassengerId,Survived,Pclass,Name,Sex,Age,Embarked")
READ: dict[str, tuple[str, TableOptions, tuple[str, ...], int]] = {
    "label first, called Species": (rows("{w},{x},{n}", header="Species,a,b"), TableOptions(), WORDS, 2),
    "headerless, word first, whole numbers last": (rows("{w},{x},{n}"), TableOptions(), WORDS, 2),
    "a label of one's own choice": (rows("{x},{k},{n}", header="a,b,c"), TableOptions(label="b"), ("1", "2", "3"), 2),
    "wine: headerless, label first, whole numbers last": (rows("{k},{x},{n}"), TableOptions(), ("1", "2", "3"), 2),
    "scikit-learn's first line": (rows("{x},{n},{k}", header="30,2,alder"), TableOptions(), ("1", "2", "3"), 2),
    "a coordinate called y": (rows("{x},{n},{w}", header="x,y,kind"), TableOptions(), WORDS, 2),
    "Id before rows in order": (
        "Id,a,kind\n" + "".join(f"{i + 1},{(7 * i) % 11},{WORDS[i // 10]}\n" for i in range(30)),
        TableOptions(), WORDS, 1,
    ),
    "an empty last field in each row": (rows("{i},{w},{x},", header="id,diagnosis,a,"), TableOptions(), WORDS, 1),
    "Titanic": (
        TITANIC.replace(",1.5,", ",,"), TableOptions(label="Survived", drop=("Name",), missing="mean"), ("0", "1"), 8,
    ),
    "several labels in one field": (rows("{x},{n},{w};{half}", header="a,b,label"), TableOptions(),
                                    tuple(f"{w};{half}" for w in WORDS for half in (0, 1)), 2),
    "blanks as separators": (rows("  {x}   {n} {k}"), TableOptions(label="3"), ("1", "2", "3"), 2),
    "blanks and decimal commas": (rows("{i},5 {n},{k} {w}", header="a b kind"), TableOptions(), WORDS, 2),
    "blanks and decimal commas without a header": (rows("{i},5 {n},{k} {w}"), TableOptions(), WORDS, 2),
    "R's row names, blanks and decimal commas": (
        rows('"{i}" {n},5 {x} "{w}"', header='"a" "b" "kind"').replace(".", ","), TableOptions(), WORDS, 2,
    ),
    "R's texts in quotation marks beside one number": (rows('{x} "{w} tree"', header='"a" "kind"'), TableOptions(),
                                                       tuple(f"{w} tree" for w in WORDS), 1),
    "runs of blanks, and a tab before a text": (rows('{x}   {n}.5   {k}\t"a {w}"'), TableOptions(label="3"),
                                                ("1", "2", "3"), 5),
    "numbers with blanks for thousands between tabs": (
        "".join(f"{1 + i % 7} {100 + 37 * i % 900}\t{i % 5}.5\t{i % 3}\n" for i in range(30)),
        TableOptions(label="3"), ("0", "1", "2"), 2,
    ),
    "pandas' names for what has none": (
        ",0,1,2\n" + rows("{i},{x},{n},{w}"), TableOptions(), WORDS, 2,
    ),
    "an empty name too many": (rows("{w},{x},{n}", header="kind,a,b,"), TableOptions(), WORDS, 2),
    "empty names above empty columns": (rows("{w},{x},{n},,", header="v1,v2,v3,,"), TableOptions(), WORDS, 2),
    "names above the names": (rows("{i},{x},{n},{k}", header=",X1,X2,Y\nID,a,b,grade"), TableOptions(),
                              ("1", "2", "3"), 2),
    "two tables of words, one behind the other": (
        2 * rows("a{half},b{k},{w}", header="color,shape,label"), TableOptions(), WORDS, 5,
    ),
    "three tables, one behind the other": (
        3 * rows("{half},{k},{w}", header="a,b,outcome"), TableOptions(), WORDS, 2,
    ),
    "comments of Matlab": ("% in cm\n" + rows("{x},{n},{w}", header="a,b,label"), TableOptions(), WORDS, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_a_table_is_read_as_its_owner_means_it(name: str, tmp_path: Path) -> None:
    """The classes and the number of features are the expected ones."""
    content, options, class_names, features = READ[name]
    data = load_data(written(tmp_path, content), options=options)
    assert (data.class_names, data.n_features) == (class_names, features)


REFUSED: dict[str, tuple[str, tuple[str, ...]]] = {
    "Titanic": (TITANIC, ("the column Name", "leave the column out with --drop Name")),
    "dates": (rows("2020-01-{k}{half}-{i},{x},{w}", header="day,a,label"), ("line 2, the column day", "--drop day")),
    "per cent": (rows("{i}.5%,{w}", header="rate,label"), ("line 2, the column rate: '0.5%' is not a number",)),
    "currency": (rows("${i}.5,{w}", header="price,label"), ("line 2, the column price: '$0.5' is not a number",)),
    "a continuous target": (rows("{x},{i}.25", header="a,price"), ("not whole numbers", "in Python with a loss")),
    "whole numbers as a target": (
        rows("{x},{i}5", header="a,price"),
        ("the label 'price' has 30 different numbers in 30 rows; expected classes", "MLPRegressor", "--label"),
    ),
    "two targets": (rows("{x},{x},{i}.25", header="a,y1,y2"), ("the column y2", "not whole numbers")),
    "numbers as names": (rows("{x},{n},{k}", header="0,1,2"), ("its first row counts 0, 1, 2",)),
    "numbers from 1 as names": (rows("{x},{n},{k}", header="1,2,3"), ("its first row counts 1, 2, 3", "move it down")),
    "units below the names": (
        rows("{x},{n},{w}", header="a,b,kind\nC,pct,-"),
        ("line 2", "Remove the row if it holds units"),
    ),
    "names and texts": (rows("{w},message {i}", header="v1,v2"), ("the column v2", "--drop v2")),
    "pixels in one field": (
        rows("{x},1{i} {n} {k},{w}", header="a,pixels,usage"),
        ("column pixels", "Give each number a column of its own, in pandas with t = pd.read_csv('t.csv')"),
    ),
    "two tabs in a row": (
        rows("{x}\t{n}\t{w}") + "1.5\t\t3\t\tbirch\n",
        ("line 31: 5 fields, 2 of them empty; expected 3", "Remove the surplus separators"),
    ),
    "too many classes": (
        "a,label\n" + "".join(f"{i},k{i // 2}\n" for i in range(20_002)),
        ("10,001 different labels; expected at most 10,000",),
    ),
    "too many columns": (
        "1," * 2_200_000 + "x\n",
        ("a first line of more than 4,194,304 bytes", "2 to 100,000 fields"),
    ),
    "nothing that varies": (rows("1,2,{w}", header="a,b,label"), ("t.csv: every feature is constant",)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_explained(name: str, tmp_path: Path) -> None:
    """The message says where the cause is, and what can be done."""
    content, pieces = REFUSED[name]
    with pytest.raises(DataError) as caught:
        load_data(written(tmp_path, content))
    for piece in pieces:
        assert piece in str(caught.value)


def test_a_header_of_repeated_numbers_is_no_example(tmp_path: Path) -> None:
    """Where pandas took the first row for names, and numbered the repeated ones, a note has them; pixels are pixels."""
    names = ",".join(["0", *(f"0.{place}" for place in range(1, 785))])
    pixels = [[(row * place * 31) % 256 for place in range(784)] for row in range(30)]
    lines = [f"{row % 3}," + ",".join(map(str, line)) for row, line in enumerate(pixels)]
    with_names = load_data(written(tmp_path, "\n".join([names, *lines]) + "\n"))
    assert any(note.startswith("left out above the table: 0; 0.1; 0.2; ") for note in with_names.notes)
    without = load_data(written(tmp_path, "\n".join(lines) + "\n"))
    assert with_names.image_shape == without.image_shape == (28, 28)
    assert (with_names.X_train == without.X_train).all()


def test_numbers_that_are_alike_are_no_header(tmp_path: Path) -> None:
    """A first row such as 1, 1.1, 2, 2.1 is an example where the columns have fractions."""
    data = load_data(written(tmp_path, rows("{n},{x},{half},{n}.5,{w}", header="1,1.1,2,2.1,alder")))
    assert len(data.y_train) + len(data.y_test) == 31


@pytest.mark.parametrize("row", ["{k},{w}", "a{k},{w}"])
def test_an_example_that_occurs_again_is_no_header(row: str, tmp_path: Path) -> None:
    """Also where its words occur in no other example."""
    data = load_data(written(tmp_path, rows(row)))
    assert (data.class_names, len(data.y_train) + len(data.y_test)) == (WORDS, 30)


def test_a_repeated_header_is_noted(tmp_path: Path) -> None:
    """With the line where it is, and messages keep the lines of the file."""
    content = 2 * rows("{x},{n},{w}", header="a,b,label")
    assert "line 32 repeats the header; left out" in load_data(written(tmp_path, content)).notes
    assert (
        "2 lines repeat the header, first line 32; left out"
        in load_data(written(tmp_path, content + "a,b,label\n")).notes
    )
    with pytest.raises(DataError, match="line 64, the column a: 'x' is not a number"):
        load_data(written(tmp_path, content + "1,2,alder\nx,2,alder\n"))


def test_the_advice_for_pixels_in_one_field_works(tmp_path: Path) -> None:
    """The command that the message shows writes a table that is read."""
    path = written(tmp_path, rows("{k},1{i} {n} {k}", header="emotion,pixels"))
    with pytest.raises(DataError) as failure:
        load_data(path, options=TableOptions(label="emotion"))
    advice = "import pandas as pd; " + failure.value.remedy.partition("in pandas with ")[2]
    subprocess.run([sys.executable, "-c", advice], cwd=tmp_path, check=True)
    assert load_data(tmp_path / "new.csv", options=TableOptions(label="emotion")).n_features == 3
