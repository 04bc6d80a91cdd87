"""The teacher's doctor: all is well where it is, and what is not is reported."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from sandboxes import need_isolation

from handgrad import handout
from handgrad.cli import main
from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.grading import doctor
from handgrad.exercises.tasks import TASKS


@pytest.mark.slow
def test_a_machine_that_isolates_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    """Points, names and four escape attempts are each reported as they must be, and the exit code is 0."""
    need_isolation()
    assert main(["exercise", "doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 + len(doctor.ATTEMPTS)
    assert all(line.startswith("ok ") for line in lines)


def test_every_task_has_a_mistake_of_the_catalogue() -> None:
    """What is tried is one known mistake for each task of both sheets."""
    assert doctor.MISTAKES.keys() == TASKS.keys()
    assert all(task in catalogue()[mistake].tasks for task, (mistake, *_) in doctor.MISTAKES.items())


@pytest.mark.slow
def test_a_missing_sandbox_is_reported_with_advice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without isolation the sheets are still graded, no escape is attempted, and the exit code is 1."""
    monkeypatch.setattr(doctor, "find_sandbox", lambda **_: doctor.Sandbox(isolated=False))
    monkeypatch.setattr(doctor, "why_not", lambda: "bubblewrap is not installed")
    assert main(["exercise", "doctor"]) == 1
    *graded, last = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in graded] == ["ok"] * 3
    assert last.startswith("FAILED")
    assert doctor.how_to_isolate() in last


def test_whatever_does_not_hold_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong points are given, a mistake that was not named is listed, and only the system's refusal counts as held.

    All else holds.
    """
    need_isolation()
    real = doctor.solved_sheet

    def exchanged(part: Literal[3, 4], kind: Literal["py"], bodies: dict[str, str] | None) -> str:
        """Write the solved sheet where the blank one is asked for, and the other way round."""
        return real(part, kind, bodies=bodies or ({} if bodies is None else None))

    monkeypatch.setattr(doctor, "solved_sheet", exchanged)
    monkeypatch.setitem(doctor.MISTAKES, "del_sigmoid", ("derivative_sign", "1 - h", "1 + h"))
    monkeypatch.setitem(doctor.ATTEMPTS, "open its own file", "    open('mine', 'w').close()\n")
    monkeypatch.setitem(doctor.ATTEMPTS, "divide by zero", "    1 / 0\n")
    examined = list(doctor.examine())
    assert len(examined) == 4 + len(doctor.ATTEMPTS)
    found = {one.subject: one.found for one in examined if not one.holds}
    assert len(found) == 5
    assert found["A blank sheet gets no points."] == "It got 19."
    assert found["A solved sheet gets all 19 points."] == "It got 0."
    assert "Not named: del_sigmoid: derivative_sign." in found.values()
    assert found["A submission cannot open its own file."] == "The call ended as ok."
    assert found["A submission cannot divide by zero."] == "The call ended as crashed."


def test_the_attempts_are_real(tmp_path: Path) -> None:
    """Outside of the sandbox each of them succeeds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = {"PORT": server.getsockname()[1], "REFERENCE": handout.__file__, "OUTSIDE": str(tmp_path / "written")}
        constants = "".join(f"{name} = {value!r}\n" for name, value in given.items())
        for lines in doctor.ATTEMPTS.values():
            code = f"{constants}def attempt():\n{lines}attempt()\n"
            subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert (tmp_path / "written").exists()
