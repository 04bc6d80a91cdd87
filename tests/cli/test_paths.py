"""Paths of every kind for every command: links that lead nowhere, pipes, devices, folders, and any characters."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handgrad.cli import main

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
COMMANDS = (
    *(["data", "info"], ["data", "convert"], ["train", "--data"], ["train", "--config"], ["train", "--resume"]),
    *(["train", "--data", "digits", "--test"], ["train", "--data", "digits", "--class-weight"]),
    *(["evaluate"], ["predict"], ["verify"], ["diff"], ["check"], ["grade", "--out", "graded"]),
    ["grade", "sheets", "--out", "graded", "--rubric"],
)
SPECIAL: dict[str, Callable[[Path], object]] = {
    "link in a circle": lambda path: path.symlink_to(path.name),
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "pipe": lambda path: os.mkfifo(path),  # which Windows does not have
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
    "empty folder": Path.mkdir,
    "empty file": Path.touch,
    "below a file": lambda _: Path("file").touch(),
    "too long": lambda _: None,
}
NAMES = {"below a file": "file/a.py", "too long": "n" * 300 + ".py"}


@pytest.fixture(autouse=True)
def _within_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work in an empty folder, and end a test that waits for a pipe."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets" / "anna.py").write_text("x = 1\n")
    signal.alarm(60)
    yield
    signal.alarm(0)


def arguments(command: list[str], path: str) -> list[str]:
    """Complete a command whose path is given."""
    more = {"predict": ["x.csv"], "diff": [path], "data convert": ["out.npz"]}
    return [*command, path, *more.get(" ".join(command), [])]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_is_no_file_is_refused(command: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    """Each command says so, and ends with exit code 2; `grade` may also list it as a sheet without points."""
    for number, (kind, make) in enumerate(SPECIAL.items()):
        path = Path(NAMES.get(kind, f"special{number}.py"))
        if kind == "empty file" and command[-1] == "--config":
            continue  # which are all the usual settings
        make(path)
        code = main(arguments(command, str(path)))
        printed = capfd.readouterr()
        assert (code, printed.err[:9]) == (2, "handgrad:") or command[0] == "grade", (kind, code, printed)
        assert "Traceback" not in printed.err, kind


FOLDERS = ["with blanks", "two\nlines", "\u00e4\u4e2d\U0001f600\u202e", b"\xff\xfe", "a;b'c\"d", "\x1b[31m"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_path_may_have_any_name(name: str | bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """A table, a damaged file and a missing one, with blanks, line ends, other letters and bytes in its path."""
    folder = Path(f"./{os.fsdecode(name)}")
    folder.mkdir()
    (folder / "a.csv").write_text("a,label\n" + "1,x\n2,y\n" * 10)
    (folder / "b.npz").write_bytes(b"PK damaged")
    assert main(["data", "info", f"./{folder}/a.csv"]) == 0
    assert main(["data", "info", f"./{folder}"]) == 0
    capfd.readouterr()
    refused = {"b.npz": "data info", "no.csv": "data info", "no.py": "check", "no": "evaluate", "none": "runs"}
    for path, command in refused.items():
        assert main([*command.split(), f"./{folder}/{path}"]) == 2
        error = capfd.readouterr().err
        assert error.startswith("handgrad: ")
        assert "\x1b" not in error
