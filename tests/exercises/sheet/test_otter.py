"""The teacher's notebook in the real otter-grader, by its own commands."""

import json
import re
import sys
from pathlib import Path

import pytest
from teaching import run

from handgrad.exercises.sheet import write_sheet
from handgrad.exercises.sheet.solutions import solution
from handgrad.exercises.tasks import TASKS

# What otter-grader imports says so of itself.
pytestmark = pytest.mark.filterwarnings("ignore:Traits should be given as instances:DeprecationWarning")

POINTS = {part: {task.name: task.points for task in TASKS.values() if task.sheet == part} for part in (3, 4)}


def otter(command: str, folder: Path) -> str:
    """Run an otter command in a folder; give what it says."""
    pytest.importorskip("otter")
    program = "import sys; from otter.cli import cli; sys.exit(cli())"
    done = run([sys.executable, "-c", program, *command.split()], folder)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def sources(path: Path) -> list[str]:
    """Give the code cells of a notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def scores(folder: Path, notebook: Path) -> dict[str, float]:
    """Run otter's autograder on a notebook, and give its points by question."""
    (autograder,) = folder.glob("dist/autograder/*.zip")
    (folder / "graded").mkdir(exist_ok=True)
    otter(f"run {notebook.relative_to(folder)} -a {autograder.relative_to(folder)} -o graded", folder)
    tests = json.loads((folder / "graded" / "results.json").read_text(encoding="utf-8"))["tests"]
    return {test["name"]: test["score"] for test in tests if test["name"] in TASKS}


def solve(student: Path, tasks: dict[str, str]) -> None:
    """Fill the blanks of a learner's notebook, as a learner would."""
    notebook = json.loads(student.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        for task, body in tasks.items():
            found = re.search(
                rf"^( *)def {task}\((?:.|\n)*?\n( *)raise NotImplementedError\(.*\)$", source, re.MULTILINE
            )
            if found:
                lines = "\n".join(found[2] + line if line else "" for line in body.split("\n"))
                blank = source.rindex(found[2] + "raise", 0, found.end())
                source = source[:blank] + lines + source[found.end() :]
        cell["source"] = source
    student.write_text(json.dumps(notebook), encoding="utf-8")


def test_assign_makes_the_learners_notebook(tmp_path: Path) -> None:
    """``otter assign`` makes a notebook with blanks and no solution, and a question with its points for each task."""
    write_sheet(tmp_path, audience="otter")
    said = otter("assign sheet.ipynb dist --no-pdfs --no-run-tests -v", tmp_path)
    for task, points in POINTS[4].items():
        assert re.search(rf"\b{task} +{points:g} +False", said), said
    text = "\n".join(sources(tmp_path / "dist/student/sheet.ipynb"))
    compile(text, "student", "exec")
    assert re.findall(r'NotImplementedError\("(.*)"\)', text) == [f"task {TASKS[task].number}" for task in POINTS[4]]
    assert re.findall(r'grader.check\("(.*)"\)', text) == list(POINTS[4])
    for task in POINTS[4]:
        lines = {line.strip() for line in solution(task).split("\n") if "rng is None" not in line}
        assert [line for line in lines if line in text and ("return " in line or "self." in line)] == []
    assert "SOLUTION" not in text


@pytest.mark.slow
@pytest.mark.parametrize(("part", "name", "language"), [(3, "sheet3.ipynb", "de"), (4, "sheet.ipynb", "en")])
def test_otter_gives_the_points(part: int, name: str, language: str, tmp_path: Path) -> None:
    """The solutions pass otter's own trial; left empty the sheet gets 0, solved all, with a mistake the rest."""
    write_sheet(tmp_path, (part,), language=language, audience="otter")
    assert "All autograder tests passed" in otter(f"assign {name} dist --no-pdfs -v", tmp_path)
    student = tmp_path / "dist" / "student" / name
    assert scores(tmp_path, student) == dict.fromkeys(POINTS[part], 0.0)
    wrong = {3: "accuracy", 4: "gradient_step"}[part]
    bodies = {task: solution(task) for task in POINTS[part]}
    solve(student, {**bodies, wrong: "pass"})
    lost = {wrong, "gradient_descent"}  # which lowers the loss with right steps only
    assert scores(tmp_path, student) == {task: 0.0 if task in lost else points for task, points in POINTS[part].items()}
