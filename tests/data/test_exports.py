"""Files as programs export them, whose beginnings, separators or counters look like something else."""

import codecs
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_matrix

from handgrad.data import load_data, read_part
from handgrad.data.settings import TableOptions
from handgrad.errors import DataError, FormatError

KINDS = ("no", "yes")
NUMBERS = np.random.default_rng(0).normal(size=(60, 4)).round(3)


def table(folder: Path, row: str, header: str = "", count: int = 30, name: str = "t.csv") -> Path:
    """Write rows after a pattern: ``{i}`` is the number of the row, ``{x}`` one that recurs, ``{k}`` a class."""
    lines = [row.format(i=i, x=7 * i % 11, k=KINDS[i * i % 7 % 2]) for i in range(count)]
    (folder / name).write_text("\n".join([*([header] if header else []), *lines]) + "\n")
    return folder / name


def features(path: Path) -> list[str]:
    """Name the features of a table."""
    columns = load_data(path).columns
    assert columns is not None
    return [column.name for column in columns.features]


@pytest.mark.parametrize(
    ("header", "rival"), [("Age,Class,satisfaction", "satisfaction"), ("survived,class,fare", "survived")]
)
def test_a_class_beside_another_usual_label_is_asked_about(header: str, rival: str, tmp_path: Path, refused: Any):
    """The class of a ticket is no label where there is a column that usually is one."""
    with refused(DataError, f"--label {header.split(',')[1]}", f"--label {rival}"):
        load_data(table(tmp_path, "{i},{k},{k}" if rival in header.split(",")[2] else "{k},{k},{i}", header))


@pytest.mark.parametrize("counter", ["", "id"])
def test_rows_are_counted_in_each_file_of_a_folder(counter: str, tmp_path: Path):
    """What pandas writes before the rows of a train and a test table is no feature."""
    for name, count in (("train.csv", 60), ("test.csv", 20)):
        table(tmp_path, "{i},{x},{k}", f"{counter},x,label", count, name)
    assert features(tmp_path) == ["x"]


def test_bars_come_before_decimal_commas(tmp_path: Path):
    """Commas between two bars stand in numbers."""
    data = load_data(table(tmp_path, "{x},5|{i},0|{k}", "Länge|Breite|label"))
    assert data.class_names == KINDS
    assert data.n_features == 2


@pytest.mark.parametrize("first", ["BMI", "PK_ID", "MATLAB", "RIFF", "f_1,ftyp"])
def test_a_name_that_other_files_begin_with_is_a_name(first: str, tmp_path: Path):
    """A table may begin with the letters of a bitmap, an archive or a MATLAB file."""
    more = ",{x}" * first.count(",")
    path = table(tmp_path, f"{{x}}{more},{{i}}.5,{{k}}", f"{first},age,label")
    assert features(path) == [*first.split(","), "age"]


@pytest.mark.parametrize(
    ("row", "header"), [("{x},8,{i},{k}", "length,width,label"), ("Smith, John,{i},{k}", "name,age,label")]
)
def test_fields_with_commas_of_their_own_are_no_row_names(row: str, header: str, tmp_path: Path, refused: Any):
    """Names of rows differ from each other; otherwise a field more than the header has is an error."""
    with refused(FormatError, "4 fields", "3"):
        load_data(table(tmp_path, row, header))


def test_a_third_answer_is_named_itself(tmp_path: Path, refused: Any):
    """If a column of yes and no has another word outside the training rows, that word is the one to correct."""
    data = load_data(table(tmp_path, "{i}.5,{k},{x},{k}", "age,smoker,n,label", 40))
    (tmp_path / "new.csv").write_text("age,smoker,n,label\n1,yes,2,yes\n2,unknown,3,no\n")
    with refused(FormatError, "line 3", "'unknown' is neither yes nor no", "yes or no, true or false"):
        read_part(tmp_path / "new.csv", data)


def test_a_byte_order_mark_hides_no_format(tmp_path: Path):
    """Notepad writes one before libsvm and ARFF, too."""
    (tmp_path / "t.txt").write_bytes(
        codecs.BOM_UTF8 + "".join(f"{i % 2} 1:{i}.5 2:{7 * i % 11}\n" for i in range(30)).encode()
    )
    data = load_data(tmp_path / "t.txt")
    assert (data.class_names, data.n_features) == (("0", "1"), 2)
    head = "@relation r\n@attribute a numeric\n@attribute class {x,y}\n@data\n"
    body = "".join(f"{i if i != 3 else '?'} , {'xy'[i % 2]}\n" for i in range(30))
    (tmp_path / "t.arff").write_bytes(codecs.BOM_UTF8 + (head + body).encode())
    data = load_data(tmp_path / "t.arff", options=TableOptions(missing="mean"))
    assert (data.class_names, data.n_features) == (("x", "y"), 1)


def test_labels_are_numbers_however_they_are_written(tmp_path: Path, refused: Any):
    """Decimal commas and exponents of whole labels are those of the same numbers; quantities are no classes."""
    np.savetxt(tmp_path / "s.csv", np.c_[NUMBERS, np.arange(60) % 2], delimiter=",")
    assert load_data(tmp_path / "s.csv").class_names == ("0", "1")
    data = load_data(table(tmp_path, "{x},5;{i},0;{x},0", "a;b;label"))
    assert data.class_names == tuple(map(str, range(11)))
    with refused(DataError, "that are not whole numbers"):
        load_data(table(tmp_path, "{x},5;{i};{x},25", "a;b;preis", 30))


def test_an_outlier_in_the_test_share_is_no_other_scale(tmp_path: Path):
    """Where the program divides the rows itself, both sets have one scale."""
    for row in range(60):
        X = NUMBERS.copy()
        X[row, 1] = 1000.0
        np.savez(tmp_path / "t.npz", X=X, y=np.arange(60) % 2)
        assert load_data(tmp_path / "t.npz").n_features == 4


def test_matlab_files_may_be_sparse_and_have_words_as_labels(tmp_path: Path):
    """They are read like full arrays and numbers."""
    words = np.array(KINDS, dtype=object)[np.arange(60) % 2]
    savemat(tmp_path / "t.mat", {"X": csc_matrix(NUMBERS), "y": words})
    data = load_data(tmp_path / "t.mat")
    assert (data.class_names, data.n_features) == (KINDS, 4)
    savemat(tmp_path / "f.mat", {"X": NUMBERS, "y": words})
    np.testing.assert_array_equal(load_data(tmp_path / "f.mat").X_train, data.X_train)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("length", [5, 6000])
def test_one_object_per_line_is_recognised(end: str, length: int, tmp_path: Path, refused: Any):
    """With line ends of Windows, and in long lines."""
    lines = [f'{{"a": {i}, "text": "{"x" * length}"}}' for i in range(30)]
    (tmp_path / "t.jsonl").write_bytes((end.join(lines) + end).encode())
    with refused(FormatError, "JSON, one object per line", "lines=True"):
        load_data(tmp_path / "t.jsonl")


def test_an_archive_without_examples_contains_nothing(tmp_path: Path, refused: Any):
    """And is not said to contain an empty name."""
    np.savez(tmp_path / "t.npz", minimum=0.0)
    with refused(FormatError, "it contains nothing"):
        load_data(tmp_path / "t.npz")
