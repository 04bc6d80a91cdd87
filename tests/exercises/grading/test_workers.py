"""Workers: what is handed in can neither end the grading of a class nor hold it up, and nothing outlives it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handgrad.exercises import check
from handgrad.exercises.grading import workers
from handgrad.exercises.grading.collect import Found
from handgrad.exercises.grading.workers import Bounds, Job, check_all, checked
from handgrad.exercises.judging import functions
from handgrad.exercises.results import Checked
from handgrad.exercises.sandbox.isolation import find_sandbox

SANDBOX = find_sandbox(allow_none=True)
RIGHT = "def del_sigmoid(h):\n    return h * (1 - h)\n"
# Judges that do what a fault of ours might do, chosen by the learner's name.
FAULTY = """
import os
from handgrad.exercises import check
from handgrad.exercises.grading import workers
real = workers.check_submission
def faulty(submission, *arguments, **keywords):
    if submission.name == "loops":
        while True:
            pass
    if submission.name == "grows":
        held = [bytes(1 << 28) for _ in range(1000)]
    if submission.name == "ends":
        os._exit(7)
    return real(submission, *arguments, **keywords)
workers.check_submission = faulty
workers.serve()
"""


def job(folder: Path, name: str, source: str = RIGHT) -> Job:
    """Write a submission."""
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    return Job(Found(name, "", path), ("del_sigmoid",), SANDBOX, "en")


def test_a_judge_that_breaks_a_bound_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too much computing, too much memory, the end of the process: each is a reason, and all others are checked."""
    monkeypatch.setattr(workers, "SERVE", FAULTY)
    names = ["loops", "anna", "grows", "ben", "ends", "cem"]
    found = dict(check_all([job(tmp_path, name) for name in names], 2, tmp_path, Bounds(judging=3)))
    reasons = {name: found[i] for i, name in enumerate(names) if isinstance(found[i], str)}
    assert reasons == {
        "loops": "judging it took too long",
        "grows": "checking it took too much memory",
        "ends": "the check itself ended with exit code 7; please report this",
    }
    for i, name in enumerate(names):
        if name not in reasons:
            assert [result.status for result in found[i].tasks] == ["right"], name


def test_a_submission_has_a_deadline(tmp_path: Path) -> None:
    """When its time is over, it is given up, whatever it is at; with more time it is checked."""
    jobs = [job(tmp_path, "anna"), job(tmp_path, "ben")]
    found = dict(check_all(jobs, 2, tmp_path, Bounds(deadline=0.01)))
    assert found == dict.fromkeys((0, 1), "checking it took over 0.01 seconds")
    assert isinstance(dict(check_all(jobs[1:], 1, tmp_path))[0], Checked)


def test_a_fault_of_the_checker_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception is reported by name, and a missing file by its reason."""

    def faulty(*_: object, **__: object) -> Checked:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(workers, "check_submission", faulty)
    assert "(ZeroDivisionError: a fault of ours)" in checked(job(tmp_path, "anna"))
    gone = Job(Found("ben", "", tmp_path / "gone.py"), ("del_sigmoid",), SANDBOX, "en")
    assert "gone.py" in checked(gone)
    assert checked(Job(Found("cem", "", None, "it is encrypted"), (), SANDBOX, "en")) == "it is encrypted"


def test_a_sheet_with_a_task_that_is_not_judged_is_not_graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours in one task gives nobody zero points: the reason is said, and a person has to decide."""

    def faulty(*_: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(check, "FAULTS", (Exception,))
    monkeypatch.setattr(functions, "judge", faulty)
    reason = checked(job(tmp_path, "anna"))
    assert isinstance(reason, str)
    assert reason.startswith("del_sigmoid: handgrad failed while it judged this task (ZeroDivisionError in ")


def test_nothing_is_imported_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A teacher may grade in a folder where a learner's module has the name of one of the program's."""
    for name in ("numpy", "json", "handgrad"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(9)", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    [(_, found)] = check_all([job(tmp_path, "anna")], 1, tmp_path)
    assert [result.status for result in found.tasks] == ["right"]


def below(process: int) -> set[int]:
    """Find all processes below one."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found, last = {process}, set()
    while found != last:
        last, found = found, found | {number for number, parent in parents.items() if parent in found}
    return found - {process}


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize(
    "how", [signal.SIGINT, *(pytest.param(how, marks=pytest.mark.slow) for how in (signal.SIGTERM, signal.SIGKILL))]
)
def test_whatever_ends_a_grading_ends_all_of_it(how: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C, too, ends it at once, with every worker and sandbox; what was graded until then is there to read."""
    (tmp_path / "class").mkdir()
    job(tmp_path / "class", "anna")
    sleeping = "def del_sigmoid(h):\n    import time\n    time.sleep(1.9)\n    return h\n"
    for i in range(6):
        job(tmp_path / "class", f"mallory{i}", sleeping)
    words = [sys.executable, "-m", "handgrad", "grade", str(tmp_path / "class"), "--out", str(tmp_path / "out")]
    with subprocess.Popen(
        [*words, "--unsafe"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    ) as grading:
        book = tmp_path / "out.unfinished" / "grades.csv"
        deadline = time.monotonic() + 60
        while not book.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        family = below(grading.pid)
        os.kill(grading.pid, how)
        began = time.monotonic()
        grading.communicate(timeout=10)
    assert grading.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[how]
    assert time.monotonic() - began < 5
    while any(Path(f"/proc/{number}").exists() for number in family) and time.monotonic() < began + 5:
        time.sleep(0.05)
    assert {number for number in family if Path(f"/proc/{number}").exists()} == set()
    assert family
    assert '"anna"' in book.read_text(encoding="utf-8")
    assert not (tmp_path / "out").exists()
