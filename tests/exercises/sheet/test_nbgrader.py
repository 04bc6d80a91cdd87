"""The sheets in the real nbgrader, by its own commands and its own database."""

import json
import sys
from pathlib import Path

import pytest
from teaching import run

from handgrad.exercises.sheet import solved_sheet, write_sheet
from handgrad.exercises.sheet.solutions import solution
from handgrad.exercises.tasks import TASKS

POINTS = {part: {task.name: task.points for task in TASKS.values() if task.sheet == part} for part in (3, 4)}
SHEETS = {3: "sheet3.ipynb", 4: "sheet.ipynb"}


def nbgrader(command: str, course: Path) -> str:
    """Run an nbgrader command in a course's folder; give what it says."""
    pytest.importorskip("nbgrader")
    done = run([sys.executable, "-m", "nbgrader", *command.split()], course)
    assert done.returncode == 0, done.stderr
    return done.stderr


def cells(path: Path) -> dict[str, dict]:
    """Give the cells of a notebook by their nbgrader name."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return {
        cell["metadata"]["nbgrader"]["grade_id"]: cell
        for cell in notebook["cells"]
        if "grade_id" in cell["metadata"].get("nbgrader", {})
    }


def scores(course: Path, learner: str, notebook: str) -> dict[str, float]:
    """Read what a learner got for each self-test from nbgrader's database."""
    api = pytest.importorskip("nbgrader.api")
    with api.Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        grades = gradebook.find_submission_notebook(notebook, "ps", learner).grades
        return {grade.name.rpartition("-")[2]: grade.auto_score for grade in grades}


def hand_in(course: Path, learner: str, name: str, text: str) -> None:
    """Put a learner's notebook where nbgrader looks for it."""
    folder = course / "submitted" / learner / "ps"
    folder.mkdir(parents=True)
    (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Make a course whose only assignment is sheet 4, from the teacher's notebook."""
    write_sheet(tmp_path / "source" / "ps", audience="nbgrader")
    (tmp_path / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.course_id = "c"\n', encoding="utf-8"
    )
    return tmp_path


@pytest.mark.parametrize("audience", ["learner", "nbgrader"])
@pytest.mark.parametrize("part", [3, 4])
def test_metadata_are_of_schema_3(part: int, audience: str, tmp_path: Path) -> None:
    """Nbgrader's own validator accepts the metadata, and each task's self-test is worth its points, 14 on sheet 4."""
    validator = pytest.importorskip("nbgrader.nbgraderformat.v3").MetadataValidatorV3()
    (path,) = write_sheet(tmp_path, (part,), audience=audience)
    validator.validate_nb(pytest.importorskip("nbformat").read(path, as_version=4))
    found = cells(path)
    assert {cell["metadata"]["nbgrader"]["schema_version"] for cell in found.values()} == {3}
    data = {name: cell["metadata"]["nbgrader"] for name, cell in found.items()}
    points = {name.rpartition("-")[2]: one["points"] for name, one in data.items() if one["grade"]}
    assert points == POINTS[part]
    assert all(one["locked"] != one["solution"] for one in data.values())
    assert any(one["solution"] for one in data.values()) == (audience == "nbgrader")


def test_learners_and_teachers_notebooks_have_the_same_names(tmp_path: Path) -> None:
    """What nbgrader locks or grades has the same name and source in both notebooks, so that either can be handed in."""
    (own,) = write_sheet(tmp_path / "own", audience="learner")
    (source,) = write_sheet(tmp_path / "source", audience="nbgrader")
    locked = {name: cell["source"] for name, cell in cells(source).items() if cell["metadata"]["nbgrader"]["locked"]}
    assert {name: cell["source"] for name, cell in cells(own).items()} == locked


@pytest.mark.slow
def test_generate_assignment_takes_the_solutions_out(course: Path) -> None:
    """The released notebook has the signatures with nbgrader's stub in place of the solutions, and the self-tests."""
    nbgrader("generate_assignment ps --create", course)
    source, released = cells(course / "source/ps/sheet.ipynb"), cells(course / "release/ps/sheet.ipynb")
    assert list(released) == list(source)
    text = "".join("".join(cell["source"]) for cell in released.values())
    for task in POINTS[4]:
        assert f"def {task}(" in text
        lines = {line.strip() for line in solution(task).split("\n") if "rng is None" not in line}
        assert [line for line in lines if line in text and ("return " in line or "self." in line)] == []
    assert text.count("raise NotImplementedError()") == len(POINTS[4])
    assert "SOLUTION" not in text
    compile("\n".join("".join(cell["source"]) for cell in released.values()), "released", "exec")


@pytest.mark.slow
def test_a_learners_sheet_can_be_the_source(tmp_path: Path) -> None:
    """A teacher who takes the learners' sheet for the source releases it as it is, blanks and all."""
    (path,) = write_sheet(tmp_path / "source" / "ps", language="de")
    nbgrader("generate_assignment ps --create", tmp_path)
    before, after = (json.loads(p.read_text(encoding="utf-8")) for p in (path, tmp_path / "release/ps/sheet.ipynb"))
    assert ["".join(cell["source"]) for cell in before["cells"]] == ["".join(cell["source"]) for cell in after["cells"]]


@pytest.mark.slow
def test_autograde_gives_the_points(course: Path) -> None:
    """The released notebook left empty gets 0; the sheet solved, all; one with a mistake and a blank, the rest.

    A learner who changes a self-test gets it back as it was.
    """
    nbgrader("generate_assignment ps --create", course)
    hand_in(course, "empty", "sheet.ipynb", (course / "release/ps/sheet.ipynb").read_text(encoding="utf-8"))
    hand_in(course, "solved", "sheet.ipynb", solved_sheet(4))
    half = {task: solution(task) for task in POINTS[4] if task != "delta_last_layer"} | {"del_sigmoid": "return h"}
    hand_in(course, "half", "sheet.ipynb", solved_sheet(4, bodies=half))
    cheating = solved_sheet(4, bodies={}).replace("assert ", "True or ").replace("raise NotImplementedError", "str")
    hand_in(course, "cheating", "sheet.ipynb", cheating)
    nbgrader("autograde ps --create", course)
    assert scores(course, "empty", "sheet") == dict.fromkeys(POINTS[4], 0.0)
    assert scores(course, "solved", "sheet") == POINTS[4]
    # Without the derivative of the sigmoid backprop is wrong as well: nbgrader punishes the consequence, too.
    lost = {"delta_last_layer", "del_sigmoid", "backprop"}
    assert scores(course, "half", "sheet") == {
        task: 0.0 if task in lost else points for task, points in POINTS[4].items()
    }
    assert scores(course, "cheating", "sheet") == dict.fromkeys(POINTS[4], 0.0)


@pytest.mark.slow
def test_autograde_of_sheet_3(tmp_path: Path) -> None:
    """Sheet 3 goes the same way: nothing for blanks, and all points for the solutions, in German as well."""
    write_sheet(tmp_path / "source" / "ps", (3,), language="de", audience="nbgrader")
    nbgrader("generate_assignment ps --create", tmp_path)
    hand_in(tmp_path, "empty", SHEETS[3], solved_sheet(3, "ipynb", "de", bodies={}))
    hand_in(tmp_path, "solved", SHEETS[3], solved_sheet(3, "ipynb", "de"))
    nbgrader("autograde ps --create", tmp_path)
    assert scores(tmp_path, "empty", "sheet3") == dict.fromkeys(POINTS[3], 0.0)
    assert scores(tmp_path, "solved", "sheet3") == POINTS[3]
