import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from reports import named, unnamed
from sandboxes import need_isolation

from handgrad.errors import DataError, ExerciseError
from handgrad.exercises.calls import Crash
from handgrad.exercises.check import check_submission
from handgrad.exercises.grading.gradescope import gradescope_zip, results_json
from handgrad.exercises.grading.rubric import Rubric, default_rubric
from handgrad.exercises.report.feedback import hint, message
from handgrad.exercises.results import Checked, Note, TaskResult
from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.exercises.sheet import solved_sheet
from handgrad.exercises.sheet.solutions import solution
from handgrad.exercises.submission.reading import read_submission
from handgrad.exercises.tasks import TASKS

VISIBLE, FORMATS = (
    ("hidden", "after_due_date", "after_published", "visible"),
    ("text", "html", "simple_format", "md", "ansi"),
)
# The fields of https://gradescope-autograders.readthedocs.io/en/latest/specs/, with their types or the values allowed.
FIELDS: dict[str, Any] = {
    "score": (int, float), "execution_time": (int, float), "output": str, "output_format": FORMATS,
    "test_output_format": FORMATS, "test_name_format": FORMATS, "visibility": VISIBLE, "stdout_visibility": VISIBLE,
    "extra_data": dict, "tests": list, "leaderboard": list,
}  # fmt: skip
TEST_FIELDS: dict[str, Any] = {
    "score": (int, float), "max_score": (int, float), "status": ("passed", "failed"), "name": str,
    "name_format": FORMATS, "number": str, "output": str, "output_format": FORMATS, "tags": list,
    "visibility": VISIBLE, "extra_data": dict,
}  # fmt: skip


def as_gradescope_reads(results: dict[str, Any]) -> dict[str, Any]:
    """Write results as JSON, read them as Gradescope documents them, and refuse what is not documented."""
    read = json.loads(json.dumps(results, allow_nan=False))
    for fields, values in [(FIELDS, read), *((TEST_FIELDS, test) for test in read.get("tests", ()))]:
        for name, value in values.items():
            allowed = fields[name]
            if isinstance(allowed, tuple) and isinstance(allowed[0], str):
                assert value in allowed, name
            else:
                assert isinstance(value, allowed), name
                assert not isinstance(value, bool), name
    assert "score" in read or all("score" in test for test in read["tests"])
    return read


def checked(*results: TaskResult, isolated: bool = True) -> Checked:
    """Make a check of some results."""
    return Checked("anna", results, "en", isolated, 1.23456)


def graded(text: str, folder: Path, language: str = "en") -> dict[str, Any]:
    """Check a sheet and give the results."""
    path = folder / "sheet.py"
    path.write_text(text, encoding="utf-8")
    rubric = default_rubric()
    found = check_submission(read_submission(path), find_sandbox(allow_none=True), language, tasks=tuple(rubric.points))
    return as_gradescope_reads(results_json(found, rubric))


def test_every_task_of_the_rubric_is_a_test() -> None:
    """Each task that counts is a test with its points, also one that the submission lacks, and no other is."""
    rubric = Rubric({"del_sigmoid": 1.0, "backprop": 4.0, "gradient_step": 2.0})
    results = as_gradescope_reads(
        results_json(
            checked(
                TaskResult("del_sigmoid", "right", credit=1.0),
                TaskResult("backprop", "wrong", (unnamed("db_out"),), credit=0.75),
                TaskResult("sigmoid", "right", credit=1.0),
            ),
            rubric,
        )
    )
    shown = ("name", "number", "score", "max_score", "status")
    assert [tuple(test[field] for field in shown) for test in results["tests"]] == [
        ("del_sigmoid", "4.2", 1.0, 1.0, "passed"),
        ("backprop", "4.3", 3.0, 4.0, "failed"),
        ("gradient_step", "4.4", 0.0, 2.0, "failed"),
    ]  # fmt: skip
    assert results["execution_time"] == 1.235
    assert results["output"] == "2 of 3 tasks right"


def test_output_says_what_is_wrong_in_plain_text() -> None:
    """A test's output has message, equation, hint and the chain of quantities, but no explanation."""
    findings = (named("gradient_without_mean", "dW_h2_o", equation="(4.27)"), unnamed("db_h2"))
    result = TaskResult("backprop", "wrong", findings, consequences=("dW_h1_h2",), credit=0.5)
    output = results_json(checked(result), Rubric({"backprop": 4.0}))["tests"][0]["output"]
    assert output.split("\n") == [
        "wrong",
        "",
        message(findings[0], "en"),
        "delta_out ok, dW_h2_o WRONG, db_out ok, delta_h2 ok, dW_h1_h2 follows, db_h2 WRONG, "
        "delta_h1 ok, dW_i_h1 ok, db_h1 ok",
        "Equation: (4.27)",
        f"Hint: {hint(findings[0], 'en')}",
        "",
        "Also: db_h2 is zero everywhere. The cause was not recognised.",
        "Hint: Find the line that computes it. Is that line reached, and is its result kept?",
    ]


def test_a_crash_is_shown_harmless() -> None:
    """A crash is shown with place, line and Python's words; what a submission puts there cannot steer a terminal."""
    crash = Crash("ValueError", "bad\x1b[31m\nand more", 3, 7, "    raise ValueError(x)\x1b")
    result = TaskResult("del_sigmoid", "crashed", notes=(Note("crash_recursion"),), crash=crash)
    output = results_json(checked(result), Rubric({"del_sigmoid": 1.0}))["tests"][0]["output"]
    assert output.split("\n")[2:] == [
        "A function calls itself again and again without end.",
        "",
        "cell 3, line 7:",
        "    raise ValueError(x)\N{REPLACEMENT CHARACTER}",
        "Python says: ValueError: bad\N{REPLACEMENT CHARACTER}[31m and more",
    ]


def test_a_submission_that_cannot_be_checked_gets_0_and_the_reason() -> None:
    """Without a check every test has 0 points, and the reason stands above."""
    results = as_gradescope_reads(results_json(None, Rubric({"backprop": 4.0}), "sheet.ipynb: no JSON"))
    assert results["output"] == "sheet.ipynb: no JSON"
    assert [(test["score"], test["max_score"], test["status"]) for test in results["tests"]] == [(0.0, 4.0, "failed")]


def test_a_check_without_isolation_says_so() -> None:
    """Results of code that ran without isolation carry the note that they prove nothing."""
    noted = [results_json(checked(isolated=isolated), Rubric({}))["output"] for isolated in (True, False)]
    assert "Self-check" not in noted[0]
    assert "Self-check" in noted[1]


def test_real_sheets(tmp_path: Path) -> None:
    """The solved sheet gets all points, the empty one none, and one with a mistake is told which it is, in German."""
    solved = graded(solved_sheet(4, "py"), tmp_path)
    assert {test["name"]: test["score"] for test in solved["tests"]} == default_rubric().points
    empty = graded(solved_sheet(4, "py", bodies={}), tmp_path)
    assert {test["score"] for test in empty["tests"]} == {0.0}
    bodies = {task: solution(task) for task in TASKS if TASKS[task].sheet == 4} | {"del_sigmoid": "return h * (1 + h)"}
    wrong = graded(solved_sheet(4, "py", "de", bodies), tmp_path, "de")
    (test,) = [test for test in wrong["tests"] if test["name"] == "del_sigmoid"]
    assert (test["status"], test["score"]) == ("failed", 0.0)
    assert test["output"].startswith("falsch\n")
    assert "Hinweis: " in test["output"]


def members(path: Path) -> dict[str, str]:
    """Unpack a zip, and give its texts."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_zip_has_what_gradescope_asks_for(tmp_path: Path) -> None:
    """The zip has both scripts at its root, executable, valid for bash, and the same for the same arguments."""
    for name in ("one.zip", "two.zip"):
        gradescope_zip(tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert {member.filename: member.external_attr >> 16 for member in archive.infolist()} == {
            "setup.sh": 0o755,
            "run_autograder": 0o755,
        }
    for text in members(tmp_path / "one.zip").values():
        assert text.startswith("#!/usr/bin/env bash\n")
        subprocess.run(["bash", "-n"], input=text, text=True, check=True)


def test_rubric_and_wheel_travel_in_the_zip(tmp_path: Path) -> None:
    """A rubric and a wheel are put into the zip, and the scripts use them."""
    rubric, wheel = tmp_path / "mine.toml", tmp_path / "handgrad-9-py3-none-any.whl"
    rubric.write_text("[points]\nbackprop = 3\n", encoding="utf-8")
    wheel.write_bytes(b"a wheel")
    gradescope_zip(tmp_path / "out.zip", "de", rubric, wheel)
    found = members(tmp_path / "out.zip")
    assert list(found) == ["setup.sh", "run_autograder", "rubric.toml", wheel.name]
    assert f"'/autograder/source/{wheel.name}'" in found["setup.sh"]
    assert "'handgrad==" not in found["setup.sh"]
    assert '--language de --rubric "$root/source/rubric.toml"' in found["run_autograder"]
    assert found["rubric.toml"] == "[points]\nbackprop = 3\n"


def test_nothing_is_overwritten_and_nothing_written_half(tmp_path: Path) -> None:
    """A file in the way, a rubric that is none and a wheel that is not there end in errors, without a zip."""
    (tmp_path / "mine.zip").write_text("mine", encoding="utf-8")
    (tmp_path / "bad.toml").write_text("[points]\nnone_such = 3\n", encoding="utf-8")
    with pytest.raises(ExerciseError, match="exists already"):
        gradescope_zip(tmp_path / "mine.zip")
    with pytest.raises(ExerciseError):
        gradescope_zip(tmp_path / "out.zip", rubric=tmp_path / "bad.toml")
    with pytest.raises(DataError, match="there is no file"):
        gradescope_zip(tmp_path / "out.zip", wheel=tmp_path / "none.whl")
    with pytest.raises(ExerciseError, match="language"):
        gradescope_zip(tmp_path / "out.zip", "fr")  # type: ignore[arg-type]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.toml", "mine.zip"]
    assert (tmp_path / "mine.zip").read_text(encoding="utf-8") == "mine"


def autograded(root: Path, files: dict[str, str]) -> tuple[dict[str, Any], str]:
    """Run the autograder on a submission, in a folder like Gradescope's; give results.json and what was printed."""
    gradescope_zip(root / "autograder.zip")
    with zipfile.ZipFile(root / "autograder.zip") as archive:
        archive.extractall(root / "source")
    for folder in ("submission", "results"):
        (root / folder).mkdir()
    for name, content in files.items():
        (root / "submission" / name).write_text(content, encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "AUTOGRADER_ROOT": str(root), "PATH": path}
    command = ["bash", str(root / "source" / "run_autograder")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=300, env=environment)
    results = json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))
    return as_gradescope_reads(results), done.stdout + done.stderr


@pytest.mark.slow
def test_the_autograder_grades_a_submission(tmp_path: Path) -> None:
    """``run_autograder`` grades the only notebook in the submission folder and writes results.json with all points."""
    need_isolation()
    results, printed = autograded(tmp_path, {"hw4.ipynb": solved_sheet(4), "hw4.py": "def tools():\n    return 1\n"})
    assert {test["name"]: test["score"] for test in results["tests"]} == default_rubric().points, printed


def test_the_autograder_always_writes_results(tmp_path: Path) -> None:
    """Where there is nothing to grade, results.json has 0 points, and says why."""
    results, _ = autograded(tmp_path, {"readme.txt": "no sheet"})
    assert sum(test["score"] for test in results.get("tests", [{"score": results.get("score")}])) == 0
    assert results["output"]
