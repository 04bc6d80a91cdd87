"""Tables as users bring them: properties of files from public reports, each in a small table of our own."""

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
    "whole numbers as a target": (rows("{x},{i}", header="a,price"), ("30 different labels in 30 rows", "--label")),
    "two targets": (rows("{x},{x},{i}.25", header="a,y1,y2"), ("the column y2", "not whole numbers")),
    "numbers as names": (rows("{x},{n},{k}", header="0,1,2"), ("its first row counts 0, 1, 2",)),
    "two tabs in a row": (
        rows("{x}\t{n}\t{w}") + "1.5\t\t3\t\tbirch\n",
        ("line 31: 5 fields, 2 of them empty; expected 3", "Remove the separators that are too many"),
    ),
    "too many classes": (
        "a,label\n" + "".join(f"{i},{i // 2}\n" for i in range(20_002)),
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
