"""The commands of the exercise, as a person types them: what they write, print and return."""

import json
import math
import os
import sys
from pathlib import Path

import pytest

from handgrad.cli import main
from handgrad.exercises.check import check_submission
from handgrad.exercises.sandbox import isolation
from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.exercises.submission.reading import read_submission

pytestmark = pytest.mark.skipif(os.name != "posix", reason="submissions run on systems of Unix's kind only")

RIGHT = "def del_sigmoid(h):\n    return h * (1 - h)\n"
WRONG = "def del_sigmoid(h):\n    return h * (1 + h)\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_new_writes_the_sheets_that_are_asked_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A notebook by default, both parts as modules in German on request, and nothing is written over."""
    assert main(["exercise", "new", "d"]) == 0
    assert json.loads((here / "d" / "sheet.ipynb").read_text())["nbformat"] == 4
    assert main(["exercise", "new", "d", "--part", "both", "--format", "py", "--language", "de"]) == 0
    assert capsys.readouterr().out.split() == ["d/sheet.ipynb", "d/sheet3.py", "d/sheet.py"]
    before = (here / "d" / "sheet.py").read_bytes()
    assert main(["exercise", "new", "d", "--format", "py"]) == 2
    assert "exists already; expected a new file" in capsys.readouterr().err
    assert (here / "d" / "sheet.py").read_bytes() == before


def test_check_says_by_its_exit_code_whether_all_is_right(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 for right tasks, 1 for a wrong or missing one with the mistake's name, 2 for a file that cannot be read."""
    (here / "right.py").write_text(RIGHT)
    (here / "wrong.py").write_text(WRONG)
    assert main(["check", "right.py", "--json", "--task", "del_sigmoid"]) == 0
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    assert (task["task"], task["status"], task["mistake"]) == ("del_sigmoid", "right", None)
    assert main(["check", "right.py", "--json"]) == 1
    statuses = [task["status"] for task in json.loads(capsys.readouterr().out)["tasks"]]
    assert (statuses.count("right"), statuses.count("not_attempted")) == (1, 6)
    assert main(["check", "wrong.py", "--json", "--html", "page.html", "--task", "del_sigmoid"]) == 1
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    assert (task["status"], task["mistake"], task["first_wrong"]) == ("wrong", "derivative_plus", "del_sigmoid")
    assert "del_sigmoid" in (here / "page.html").read_text()
    (here / "empty.py").write_text("# later\n")
    for name in ("missing.py", "empty.py"):
        assert main(["check", name]) == 2
        assert name in capsys.readouterr().err


ANNAS = """\
# Written by Anna Muster, anna@example.org
class AnnasError(Exception):
    pass

def annas_derivative(h):
    return h * (1 - h) * len(h) ** 2 / 64

del_sigmoid = annas_derivative

def sigmoid(X):
    raise AnnasError("anna has lost /home/anna/numbers.txt")

def softmax(X):
    return annas_softmax(X)

def crossEntropyOfAnna(p, y):
    return 0
"""


def test_a_record_is_anonymous_and_holds_the_numbers(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has verdicts, numbers and the seed to repeat the check, in at most 200 kB; code and names only on request."""
    (here / "anna.py").write_text(ANNAS)
    assert main(["check", "anna.py", "--report", "case.json"]) == 1
    assert "--report" in capsys.readouterr().out  # how to send a case
    text = (here / "case.json").read_text()
    assert "anna" not in text.lower()
    assert str(here) not in text
    assert len(text) <= 200_000
    record = json.loads(text)
    tasks = {task["task"]: task for task in record["tasks"]}
    assert [tasks[name]["status"] for name in ("sigmoid", "softmax", "del_sigmoid")] == ["crashed", "crashed", "wrong"]
    assert (tasks["softmax"]["crash"]["type"], tasks["softmax"]["crash"]["line"]) == ("NameError", 14)
    squared = 64 * tasks["del_sigmoid"]["findings"][0]["seen"][0]["facts"]["factor"]
    assert squared == pytest.approx(math.isqrt(round(squared)) ** 2)  # of the number of rows
    trial = next(trial for trial in record["trials"] if trial["id"] == "del_sigmoid:example")
    found, expected = (trial[name]["return"] for name in ("found", "expected"))
    assert (found["type"], found["shape"], expected["shape"]) == ("float64", [2, 2], [2, 2])
    assert found["numbers"] == pytest.approx([4 * number / 64 for number in expected["numbers"]])
    again = check_submission(read_submission(here / "anna.py"), find_sandbox(allow_none=True), seed=record["seed"])
    (finding,) = next(result for result in again.tasks if result.task == "del_sigmoid").findings
    assert finding.seen[0].facts["found"] == tasks["del_sigmoid"]["findings"][0]["seen"][0]["facts"]["found"]


def test_a_record_has_the_source_if_asked(here: Path) -> None:
    """With it come the names and Python's messages."""
    (here / "anna.py").write_text(ANNAS)
    assert main(["check", "anna.py", "--task", "3.1", "--report", "case.json", "--with-source"]) == 1
    record = json.loads((here / "case.json").read_text())
    assert record["source"] == [{"cell": 0, "source": ANNAS}]
    assert record["tasks"][0]["crash"]["message"] == "anna has lost /home/anna/numbers.txt"


def test_a_record_that_cannot_be_written_is_an_error(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report is printed first; the sheet itself is never written over, and the source needs a record."""
    (here / "wrong.py").write_text(WRONG)
    check = ["check", "wrong.py", "--task", "del_sigmoid"]
    assert main([*check, "--report", "nowhere/case.json"]) == 2
    out, err = capsys.readouterr()
    assert "0 of 1 tasks right" in out
    assert "case.json cannot be written" in err
    assert main([*check, "--report", "./wrong.py"]) == 2
    assert "is the sheet itself" in capsys.readouterr().err
    assert (here / "wrong.py").read_text() == WRONG
    assert main([*check, "--with-source"]) == 2
    assert "add --report FILE" in capsys.readouterr().err.replace("Add", "add")


@pytest.mark.parametrize(("task", "code"), [("2", 1), ("4.2", 1), ("del_sigmoid", 1), ("9", 2), ("nonsense", 2)])
def test_check_takes_a_task_by_number_or_name(here: Path, task: str, code: int, capsys: pytest.CaptureFixture) -> None:
    """A task's number on its sheet, or its name; another one is refused, with those there are."""
    (here / "wrong.py").write_text(WRONG)
    assert main(["check", "wrong.py", "--task", task, "--json"]) == code
    out, err = capsys.readouterr()
    assert ("derivative_plus" in out) == (code == 1)
    assert ("stochastic_gradient_descent" in err) == (code == 2)


@pytest.mark.skipif(sys.platform != "linux", reason="isolation needs Linux")
def test_grade_writes_a_folder_by_a_rubric_of_ones_own(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two sheets, three points a task: the grade book says so, and results.json is for one sheet only."""
    (here / "anna.py").write_text(RIGHT)
    (here / "ben.py").write_text(WRONG)
    (here / "rubric.toml").write_text("[points]\ndel_sigmoid = 3\n")
    command = ["grade", "anna.py", "ben.py", "--out", "graded", "--rubric", "rubric.toml"]
    assert main(command) == 0
    assert "anna" in capsys.readouterr().out
    rows = (here / "graded" / "grades.csv").read_text().splitlines()
    assert rows[1].startswith('"anna","","3"')
    assert rows[2].startswith('"ben","","0"')
    assert main([*command, "--gradescope"]) == 2
    assert main(["grade", "anna.py", "--out", "one", "--rubric", "rubric.toml", "--gradescope"]) == 0
    assert json.loads((here / "one" / "results.json").read_text())["tests"][0]["score"] == 3
    (here / "notes.txt").write_text(RIGHT)
    assert main(["grade", "notes.txt", "--out", "none"]) == main(["grade", "--out", "none"]) == 2


def test_without_isolation_check_goes_on_and_grade_stops(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both say what was tried and how to isolate submissions; --unsafe grades all the same, as a self-check."""
    monkeypatch.setattr(isolation, "why_not", lambda: "bwrap: setting up uid map: Permission denied")
    (here / "anna.py").write_text(RIGHT)
    grade = ["grade", "anna.py", "--out", "graded"]
    for command, code in ((["check", "anna.py", "--task", "4.2"], 0), (grade, 2), ([*grade, "--unsafe"], 0)):
        assert main(command) == code
        error = " ".join(capsys.readouterr().err.split())
        advised = command[-1] != "--unsafe"
        assert ("setting up uid map: Permission denied" in error) == advised
        assert (isolation.how_to_isolate()[1:] in error) == advised
    assert '"self-check"' in (here / "graded" / "grades.csv").read_text()


def test_the_default_rubric_can_be_given_back(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What ``exercise rubric`` prints is a rubric."""
    from handgrad.exercises.grading.rubric import default_rubric, read_rubric

    assert main(["exercise", "rubric", "--sheet", "3"]) == 0
    (here / "rubric.toml").write_text(capsys.readouterr().out)
    assert read_rubric(here / "rubric.toml") == default_rubric(3)
