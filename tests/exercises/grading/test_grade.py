"""Grading a class: the folder that is written, its tables and pages, and what never stops the others.

It has more than 350 lines because one graded class, which takes seconds to make, is looked at from all sides.
"""

import csv
import io
import json
import os
import re
import shutil
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from handgrad.errors import ExerciseError
from handgrad.exercises.grading import grade as grading_module
from handgrad.exercises.grading.grade import grade, refuse_other, safe_names
from handgrad.exercises.grading.gradebook import draw_mistakes, grades_csv, mistakes_csv
from handgrad.exercises.grading.grading import Grading, MistakeCount, Row, count_mistakes
from handgrad.exercises.grading.overview import index_html, show_grading
from handgrad.exercises.grading.rubric import Rubric
from handgrad.exercises.results import Checked, Finding, TaskResult
from handgrad.exercises.sandbox.isolation import Sandbox, find_sandbox
from handgrad.exercises.sheet import solved_sheet

RUBRIC = Rubric({"del_sigmoid": 1.0, "delta_last_layer_easy_approach": 2.0})
RIGHT = {
    "del_sigmoid": "return h * (1 - h)",
    "delta_last_layer_easy_approach": "return (h - np.eye(h.shape[1])[y]).T",
}
WRITTEN = {"grades.csv", "mistakes.csv", "mistakes.png", "index.html", "grading.json", "feedback"}


class Links(HTMLParser):
    """The places that a page links to, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note a link."""
        self.found += [str(value) for name, value in attributes if tag == "a" and name == "href"]

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def sheet(**bodies: str) -> str:
    """Give a notebook with these blanks filled, the right ones where nothing is said."""
    return solved_sheet(4, "ipynb", "en", bodies={**RIGHT, **bodies})


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """Give the best sandbox there is here."""
    return find_sandbox(allow_none=True)


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the export of a course: a right sheet, wrong ones, and all that goes wrong in a class."""
    path = tmp_path_factory.mktemp("course") / "export.zip"
    folders = "{}_{}_assignsubmission_file_/{}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(folders.format("Müller Anna", 11, "sheet.ipynb"), sheet())
        file.writestr(folders.format("=1+1", 12, "sheet.ipynb"), sheet(del_sigmoid="return h * (1 + h)"))
        file.writestr(folders.format("<b>Cem", 13, "sheet.ipynb"), sheet(del_sigmoid="return h * (1 + h)"))
        file.writestr(folders.format("Dora", 14, "sheet.ipynb"), solved_sheet(4, "ipynb", "en", bodies={}))
        file.writestr(folders.format("Emil", 15, "essay.pdf"), "%PDF")
        file.writestr(folders.format("Fay", 16, "sheet.ipynb"), "{")
        file.writestr(folders.format("Gus", 17, "sheet.py"), "import os\ndef del_sigmoid(h):\n    os._exit(0)\n")
        file.writestr("../../evil.py", "x = 1")
    return path


@pytest.fixture(scope="session")
def graded(export: Path, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> tuple[Grading, Path]:
    """Grade the export once."""
    out = tmp_path_factory.mktemp("teacher") / "graded"
    return grade([export], out, sandbox, RUBRIC), out


def rows_of(text: str) -> list[dict[str, str]]:
    """Read a CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def test_grade_book_has_a_row_for_everybody(graded: tuple[Grading, Path], sandbox: Sandbox) -> None:
    """Each submission has a row with number, points for each task, total and status, or the reason for none."""
    rows = {row["id"]: row for row in rows_of((graded[1] / "grades.csv").read_text(encoding="utf-8"))}
    assert rows["11"] == {
        "name": "Müller Anna",
        "id": "11",
        "del_sigmoid": "1",
        "delta_last_layer_easy_approach": "2",
        "total": "3",
        "status": "graded" if sandbox.isolated else "self-check",
        "note": "",
    }
    assert [rows[number]["total"] for number in ("12", "13", "14")] == ["2", "2", "0"]
    assert [rows[number]["status"] for number in ("15", "16")] == ["not graded"] * 2
    assert [rows[number]["total"] for number in ("15", "16")] == ["", ""]
    assert "no .ipynb or .py file" in rows["15"]["note"]
    assert "not JSON" in rows["16"]["note"]
    assert "leads out of the archive" in rows[""]["note"]


def test_submission_that_ends_the_process_gets_no_points(graded: tuple[Grading, Path]) -> None:
    """A submission that ends the process is graded, with nothing."""
    [row] = [row for row in graded[0].rows if row.name == "Gus"]
    assert row.checked is not None
    [result] = [result for result in row.checked.tasks if result.task == "del_sigmoid"]
    assert result.status == "crashed"
    assert row.total == 0


def test_no_cell_is_a_formula(graded: tuple[Grading, Path]) -> None:
    """A name that a spreadsheet would compute is defused by an apostrophe."""
    names = [row["name"] for row in rows_of((graded[1] / "grades.csv").read_text(encoding="utf-8"))]
    assert "'=1+1" in names
    assert [name for name in names if name.startswith(("=", "+", "-", "@"))] == []


@pytest.mark.parametrize("name", ["=cmd", "+1", "-1", "@SUM(A1)", " =cmd", "\t=cmd", "\r=cmd", "\n=cmd", "＝cmd"])  # noqa: RUF001
def test_formulas_of_all_kinds_are_defused(name: str) -> None:
    """Whatever starts a formula, also behind blanks and line ends, is text afterwards, in names and reasons."""
    text = grades_csv(Grading((Row(name, "", None, {}, name),), RUBRIC, "en"))
    [row] = rows_of(text)
    assert row["name"].startswith("'")
    assert row["note"].startswith("'")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_no_part_of_a_cell_is_a_formula(separator: str) -> None:
    """Whatever character a spreadsheet takes for the end of a cell, what comes after it in a name is no cell."""
    for name in (f"x{separator}=1+1{separator}y", f'"{separator}=1+1', f'x"{separator}=1+1{separator}"y'):
        text = grades_csv(Grading((Row(name, "", None, {}, name),), RUBRIC, "en"))
        cells = [cell for row in csv.reader(io.StringIO(text), delimiter=separator) for cell in row]
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []


def test_folder_is_complete(graded: tuple[Grading, Path]) -> None:
    """The folder has the tables, the picture, the overview and a page for each submission, and nothing else."""
    grading, out = graded
    assert {path.name for path in out.iterdir()} == WRITTEN
    assert len(list((out / "feedback").iterdir())) == len(grading.rows)
    assert (out / "mistakes.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in out.parent.iterdir()] == ["graded"]


def test_overview_leads_to_each_page(graded: tuple[Grading, Path]) -> None:
    """Every link of the overview leads to a file, each feedback is linked, and no name is taken for HTML."""
    _, out = graded
    text = (out / "index.html").read_text(encoding="utf-8")
    links = Links(text)
    assert [link for link in links.found if not (out / link).is_file()] == []
    feedback = {f"feedback/{path.name}" for path in (out / "feedback").iterdir()}
    assert feedback <= set(links.found)
    assert "<b>Cem" in links.text
    assert "<b>Cem" not in text


def test_feedback_tells_points_and_mistakes(graded: tuple[Grading, Path]) -> None:
    """A learner's page has the points and the explanation; that of who could not be graded has the reason."""
    pages = {path.stem: Links(path.read_text(encoding="utf-8")).text for path in (graded[1] / "feedback").iterdir()}
    assert "3 of 3 points" in pages["Muller-Anna"]
    assert "2 of 3 points" in pages["1-1"]
    assert "Explanation" in pages["1-1"]
    assert "not JSON" in pages["Fay"]
    assert "Anna" not in pages["1-1"]


def test_mistakes_are_counted(graded: tuple[Grading, Path]) -> None:
    """A mistake that two of five made is counted twice, with its title, in the table and in the overview."""
    grading, out = graded
    rows = rows_of((out / "mistakes.csv").read_text(encoding="utf-8"))
    [row] = [row for row in rows if row["mistake"] == "derivative_plus"]
    assert (row["task"], row["submissions"], row["share"]) == ("del_sigmoid", "2", "0.4")
    assert len(grading.graded) == 5
    assert row["title"] in Links((out / "index.html").read_text(encoding="utf-8")).text


def test_record_holds_everything(graded: tuple[Grading, Path]) -> None:
    """The record for programs has each submission with its points and its report."""
    record = json.loads((graded[1] / "grading.json").read_text(encoding="utf-8"))
    [anna] = [one for one in record["submissions"] if one["id"] == "11"]
    assert anna["points"] == {"del_sigmoid": 1.0, "delta_last_layer_easy_approach": 2.0}
    assert [task["status"] for task in anna["report"]["tasks"]] == ["right", "right"]
    assert record["maximum"] == 3.0


def test_former_grading_is_replaced(sandbox: Sandbox, tmp_path: Path) -> None:
    """A second grading takes the place of the first, leaving nothing of it."""
    out = tmp_path / "graded"
    (tmp_path / "one.py").write_text("def del_sigmoid(h):\n    return h\n", encoding="utf-8")
    grade([tmp_path / "one.py"], out, sandbox, Rubric({"del_sigmoid": 1.0}))
    (out / "results.json").write_text("{}", encoding="utf-8")  # made of it for Gradescope
    (tmp_path / "two.py").write_text("def del_sigmoid(h):\n    return h * (1 - h)\n", encoding="utf-8")
    grade([tmp_path / "two.py"], out, sandbox, Rubric({"del_sigmoid": 1.0}))
    assert {path.name for path in out.iterdir()} == WRITTEN
    assert [path.name for path in (out / "feedback").iterdir()] == ["two.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graded", "one.py", "two.py"]


@pytest.mark.parametrize("name", ["grades.csv", "grading.json", "feedback/notes.fifo"])
def test_a_pipe_in_the_folder_is_not_waited_for(
    name: str, graded: tuple[Grading, Path], tmp_path: Path, refused
) -> None:
    """A folder with a pipe in it is no former grading; nothing is read from it, as that might never end."""
    out = tmp_path / "out"
    shutil.copytree(graded[1], out)
    (out / name).unlink(missing_ok=True)
    os.mkfifo(out / name)
    with refused(ExerciseError, "hoose another folder"):
        refuse_other(out)


@pytest.mark.parametrize(
    "change", ["edited", "added", "added in feedback", "foreign", "broken record", "a file", "a link"]
)
def test_other_folder_is_refused(
    change: str, graded: tuple[Grading, Path], tmp_path: Path, sandbox: Sandbox, refused
) -> None:
    """A folder with anything that the former grading did not write, or that was changed since, stays as it is."""
    out = tmp_path / "out"
    shutil.copytree(graded[1], out)
    match change:
        case "edited":
            (out / "grades.csv").write_text("name,total\nAnna,99\n", encoding="utf-8")
        case "added":
            (out / "notes.txt").write_text("mine", encoding="utf-8")
        case "added in feedback":
            (out / "feedback" / "notes.txt").write_text("mine", encoding="utf-8")
        case "foreign":
            (out / "grading.json").unlink()
        case "broken record":
            (out / "grading.json").write_text('{"files": 3}', encoding="utf-8")
        case "a file":
            shutil.rmtree(out)
            out.write_text("mine", encoding="utf-8")
        case "a link":
            out.rename(tmp_path / "elsewhere")
            out.symlink_to(tmp_path / "elsewhere")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    (tmp_path / "one.py").write_text("x = 1", encoding="utf-8")
    with refused(ExerciseError, "Choose another folder"):
        grade([tmp_path / "one.py"], out, sandbox, RUBRIC)
    assert {path: path.read_bytes() for path in before} == before


def test_free_places_are_accepted(graded: tuple[Grading, Path], tmp_path: Path) -> None:
    """A place that is free, an empty folder and an unchanged grading are accepted."""
    refuse_other(tmp_path / "new" / "deep")
    refuse_other(tmp_path)
    refuse_other(graded[1])


def test_a_grading_that_is_stopped_leaves_the_former_one_and_what_was_done(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The former grading is still there, whole; the new pages and grades are beside it, until the next grading."""
    out = tmp_path / "graded"
    (tmp_path / "one.py").write_text("def del_sigmoid(h):\n    return h\n", encoding="utf-8")
    grade([tmp_path / "one.py"], out, sandbox, Rubric({"del_sigmoid": 1.0}))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(grading_module, "draw_mistakes", fail)
    with pytest.raises(KeyboardInterrupt):
        grade([tmp_path / "one.py"], out, sandbox, Rubric({"del_sigmoid": 1.0}))
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graded", "graded.unfinished", "one.py"]
    assert {path.name for path in (tmp_path / "graded.unfinished").iterdir()} == {
        "feedback", "grades.csv", "grading.json",
    }  # fmt: skip
    [row] = rows_of((tmp_path / "graded.unfinished" / "grades.csv").read_text(encoding="utf-8"))
    assert (row["name"], row["total"]) == ("one", "0")
    monkeypatch.undo()
    grade([tmp_path / "one.py"], out, sandbox, Rubric({"del_sigmoid": 1.0}))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graded", "one.py"]


def test_an_unfinished_grading_that_was_changed_is_kept(tmp_path: Path, sandbox: Sandbox, refused) -> None:
    """A person's file in the folder of a grading that was stopped is not lost with the next one."""
    (tmp_path / "one.py").write_text("x = 1", encoding="utf-8")
    (tmp_path / "graded.unfinished").mkdir()
    (tmp_path / "graded.unfinished" / "notes.txt").write_text("mine", encoding="utf-8")
    with refused(ExerciseError, "Choose another folder"):
        grade([tmp_path / "one.py"], tmp_path / "graded", sandbox, RUBRIC)
    assert (tmp_path / "graded.unfinished" / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_progress_is_told(tmp_path: Path, sandbox: Sandbox) -> None:
    """After each submission the caller hears how many are done, and which one."""
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.py").write_text("x = 1", encoding="utf-8")
    heard: list[tuple[int, int, str]] = []
    grade(
        [tmp_path], tmp_path / "out", sandbox, Rubric({"del_sigmoid": 1.0}),
        progress=lambda done, of, row: heard.append((done, of, row.name)),
    )  # fmt: skip
    assert [(done, of) for done, of, _ in heard] == [(1, 3), (2, 3), (3, 3)]
    assert {name for _, _, name in heard} == {"one", "two", "three"}


def test_tasks_that_do_not_count_are_not_checked(tmp_path: Path, sandbox: Sandbox) -> None:
    """Only the rubric's tasks are checked, and one that the submission has not gets no points."""
    (tmp_path / "one.py").write_text("def sigmoid(X):\n    return 7\n\ndef backprop(): pass\n", encoding="utf-8")
    [row] = grade([tmp_path / "one.py"], tmp_path / "out", sandbox, RUBRIC).rows
    assert row.checked is not None
    assert {result.task for result in row.checked.tasks} <= set(RUBRIC.points)
    assert row.points == {"del_sigmoid": 0.0, "delta_last_layer_easy_approach": 0.0}


def test_what_a_teacher_should_look_at_is_noted(tmp_path: Path, sandbox: Sandbox) -> None:
    """A misspelled name and a syntax error are told beside the points; the other sheet gets a reason instead."""
    sheets = {
        "misspelled": "def del_sigmiod(h):\n    return h * (1 - h)\n",
        "broken": "def del_sigmoid(h):\n    return h * (1 - h\n",
        "other": "def sigmoid(X):\n    return 1 / (1 + np.exp(-X))\n",
    }
    folder = tmp_path / "class"
    folder.mkdir()
    for name, text in sheets.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    grading = grade([folder], tmp_path / "graded", sandbox, Rubric({"del_sigmoid": 1.0}))
    notes = {row.name: (row.checked is not None, row.reason) for row in grading.rows}
    assert notes["misspelled"][0]
    assert "del_sigmiod" in notes["misspelled"][1]
    assert notes["broken"][0]
    assert "line 2" in notes["broken"][1]
    assert "not valid Python" in notes["broken"][1]
    assert not notes["other"][0]
    assert "--sheet 3" in notes["other"][1]
    book = {row["name"]: row["note"] for row in rows_of((tmp_path / "graded/grades.csv").read_text(encoding="utf-8"))}
    assert all(notes[name][1] == book[name] for name in book)
    assert "del_sigmiod" in terminal(grading)
    assert "del_sigmiod" in (tmp_path / "graded/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("out", [".", "", "/"])
def test_the_current_folder_is_not_replaced(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    """A folder without a name cannot be moved, and nobody wants the one they are in to be replaced."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExerciseError, match="a new folder"):
        grade([tmp_path], Path(out), sandbox)


def made(name: str, *results: TaskResult, isolated: bool = True) -> Row:
    """Make a row of hand-made results, with the rubric's points."""
    points = dict.fromkeys(RUBRIC.points, 0.0) | {result.task: RUBRIC.score(result) for result in results}
    return Row(name, "", Checked(name, results, "en", isolated, 1.0), points)


def wrong(*mistakes: str | None, status: str = "wrong") -> TaskResult:
    """Make a derivative with these mistakes."""
    findings = tuple(Finding(("del_sigmoid",), mistake) for mistake in mistakes)
    return TaskResult("del_sigmoid", status, findings)  # type: ignore[arg-type]


def test_mistake_counts_once_for_a_submission() -> None:
    """A mistake counts once for a submission; causes that are not known count together, remarks do not count."""
    rows = (
        made("a", wrong("derivative_plus", "derivative_plus", None)),
        made("b", wrong("derivative_plus")),
        made("c", wrong("derivative_sign", status="right")),
    )
    counts = count_mistakes(Grading(rows, RUBRIC, "en"))
    assert [(one.mistake, one.submissions) for one in counts] == [("derivative_plus", 2), (None, 1)]
    assert counts[1].title == "cause not recognised"
    text = mistakes_csv(Grading(rows, RUBRIC, "en"), counts)
    assert [row["share"] for row in rows_of(text)] == ["0.6667", "0.3333"]


def terminal(grading: Grading) -> str:
    """Show a grading in a file."""
    file = io.StringIO()
    show_grading(grading, Console(file=file))
    return file.getvalue()


def test_terminal_has_a_table() -> None:
    """The terminal shows each submission's marks and points, then who could not be graded, and why."""
    rows = (made("anna", wrong("derivative_plus")), Row("ben", "", None, {}, "it is \x1b[2Jencrypted"))
    text = terminal(Grading(rows, RUBRIC, "en"))
    assert "1 of 2 submissions graded" in text
    assert re.search(r"^  anna +✗ 0 +0$", text, re.MULTILINE)
    assert "- ben: it is \N{REPLACEMENT CHARACTER}[2Jencrypted" in text


def test_missing_isolation_is_said_everywhere() -> None:
    """Where any submission ran without isolation, terminal, overview and grade book say so."""
    grading = Grading((made("anna", wrong(None), isolated=False),), RUBRIC, "en")
    assert "without isolation" in " ".join(terminal(grading).split())
    assert "without isolation" in index_html(grading, (), {"anna": "feedback/anna.html"})
    assert '"self-check"' in grades_csv(grading)


def test_german_grading_has_german_words() -> None:
    """In German the overview and the terminal speak German."""
    grading = Grading((made("anna", wrong(None)),), RUBRIC, "de")
    text = Links(index_html(grading, count_mistakes(grading), {"anna": "a.html"})).text
    for word in ("Bewertung", "Abgabe", "Summe", "Fehler in diesem Kurs", "Ursache nicht erkannt"):
        assert word in text
    assert "1 von 1 Abgaben bewertet" in terminal(grading)


def test_picture_of_many_mistakes(tmp_path: Path) -> None:
    """The picture of a hundred mistakes with long titles is drawn, no taller than that of the most frequent twenty."""
    import matplotlib.image

    def height(number: int) -> int:
        counts = [MistakeCount("del_sigmoid", "x", f"a long title {'$x_1$ ' * 15} {i}", 100 - i) for i in range(number)]
        path = tmp_path / f"{number}.png"
        draw_mistakes(Grading((made("anna"),), RUBRIC, "en"), counts, path)
        return int(matplotlib.image.imread(path).shape[0])

    assert height(1) < height(20)
    assert height(100) == height(20)


def test_picture_without_mistakes(tmp_path: Path) -> None:
    """A class without mistakes has a picture, too."""
    draw_mistakes(Grading((made("anna"),), RUBRIC, "de"), (), tmp_path / "mistakes.png")
    assert (tmp_path / "mistakes.png").stat().st_size > 1000


def test_file_names_are_safe_and_distinct() -> None:
    """Names of files are short, plain, distinct on systems that ignore case, and no device of Windows."""
    names = ["a/b", "A B", "..", "", "nul", "COM1", "x" * 300, "x" * 301, "Ünïcödé", "李", "a-b", "\x00"]
    safe = safe_names(names)
    assert len({name.casefold() for name in safe}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,70}", name) for name in safe)
    assert not {name.casefold() for name in safe} & {"nul", "com1"}
