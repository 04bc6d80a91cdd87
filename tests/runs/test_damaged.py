"""Runs whose files somebody has changed: each command says what is wrong, and the runs beside them are listed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from handgrad.cli import main
from handgrad.runs.config import read_config
from handgrad.runs.overview import overview

WORDS = ("train", "--hidden", "5", "--schedule", "constant", "--engine", "numpy", "--epochs")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a run of two epochs, to be copied."""
    run = tmp_path_factory.mktemp("trained") / "run"
    assert main([*WORDS, "2", "--run", str(run)]) == 0
    return run


@pytest.fixture
def folder(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """Work in a folder with the runs a, which is to be damaged, and b."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        shutil.copytree(trained, tmp_path / name)
    capsys.readouterr()
    return tmp_path


def set_to(run: Path, **settings: str) -> None:
    """Change settings in the file of a run; each value is TOML."""
    path = run / "config.toml"
    others = [line for line in path.read_text().splitlines() if line.partition(" =")[0] not in settings]
    path.write_text("\n".join([*(f"{name} = {value}" for name, value in settings.items()), *others]))


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return what a command says that is refused."""
    assert main(list(words)) == 2
    error = capsys.readouterr().err
    assert error.startswith("handgrad: ")
    return error


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up the superuser's right to look into every folder."""
    if os.geteuid():
        yield
        return
    os.seteuid(12345)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("changes", [{"data": r'"a\u0000b"', "origin": '"."'}, {"origin": r'"\u0000"'}], ids=str)
def test_a_name_with_a_nul_is_refused(
    changes: dict[str, str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No path can have one: each command names the file, and the list has the other runs."""
    set_to(folder / "a", **changes)
    for words in (["evaluate", "a"], ["verify", "a"], ["diff", "a", "b"], ["train", "--resume", "a"]):
        assert "a text with the character NUL" in said(capsys, *words)
    assert [(one.name, one.state) for one in overview(Path())] == [("a", "broken"), ("b", "finished")]


def test_a_path_that_is_too_long_is_one_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The system refuses to look for it; a home that nobody has is no home."""
    set_to(folder / "a", data=f'"{"n" * 5000}"', origin='"."')
    assert read_config(folder / "a" / "config.toml")["data"].endswith("n" * 5000)
    assert "which no longer exists" in said(capsys, "evaluate", "a")
    assert [one.state for one in overview(Path())] == ["finished"] * 2
    set_to(folder / "a", data='"~nobody-of-this-name/a.csv"')
    assert "~nobody-of-this-name/a.csv" in said(capsys, "train", "--resume", "a")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_folder_that_cannot_be_looked_into_hides_no_other(folder: Path) -> None:
    """It may be a run, which is of no use."""
    folder.chmod(0o755)
    (folder / "a").chmod(0)
    try:
        with as_nobody():
            assert [(one.name, one.state) for one in overview(Path())] == [("a", "broken"), ("b", "finished")]
    finally:
        (folder / "a").chmod(0o755)


@pytest.mark.parametrize("value", ["'3'", "[3]", "3.5", "true", "{a = 3}"])
def test_epochs_of_another_type_are_refused(value: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message has the file, what was found and what was expected."""
    set_to(folder / "a", epochs=value)
    for words in (["train", "--resume", "a"], ["verify", "a"], ["diff", "a", "b"]):
        error = said(capsys, *words)
        assert f"a{os.sep}config.toml: epochs is " in error
        assert "expected a whole number. Correct epochs." in error
    assert [one.state for one in overview(Path())] == ["broken", "finished"]


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("drop", "5", "a list in which each is a text"),
        *(("data", value, "a text") for value in ("5", '["digits"]', "{a = 1}", "2020-01-01")),
        ("test", "3", "a text"),
        ("validation", "[]", "a number or a text"),
    ],
)
def test_data_of_another_type_are_refused(
    name: str, value: str, wanted: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By an evaluation as well, which needs no other setting."""
    set_to(folder / "a", **{name: value})
    error = said(capsys, "evaluate", "a")
    assert f"a{os.sep}config.toml: {name} is " in error
    assert f"expected {wanted}. Correct {name}." in error


def test_an_evaluation_may_lack_its_loss(folder: Path) -> None:
    """A run with such a history is listed, and continues."""
    path = folder / "a" / "history.jsonl"
    path.write_text(path.read_text().replace('"train_loss"', '"train_lost"'))
    assert [one.state for one in overview(Path())] == ["finished"] * 2
    assert main(["train", "--resume", "a", "--epochs", "3"]) == 0


SPECIAL = {
    "pipe": (os.mkfifo, "is a pipe"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is a device"),
    "20 GB": (lambda path: path.touch() or os.truncate(path, 20 * 10**9), "20000000000 bytes"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("kind", SPECIAL)
def test_a_history_without_an_end_is_not_read(kind: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list has the other runs, and each command says what is in its place."""
    make, piece = SPECIAL[kind]
    (folder / "a" / "history.jsonl").unlink()
    make(folder / "a" / "history.jsonl")
    assert [one.state for one in overview(Path())] == ["broken", "finished"]
    assert piece in said(capsys, "diff", "a", "b")


CONTROL = "dig\x1b]0;pwned\x07\x1b[31mits\nfake  finished"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_what_a_terminal_would_obey_is_written_as_escapes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In settings and in names of folders; each run has one line."""
    set_to(folder / "a", data=json.dumps(CONTROL))
    (folder / "b").rename(folder / "b\x1b[2J\nc")
    assert main(["runs", "."]) == 0
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 3
    assert r"dig\x1b]0;pwned\x07\x1b[31mits\nfake  finished" in printed
    assert r"b\x1b[2J\nc" in printed
    assert main(["diff", "a", "b\x1b[2J\nc"]) == 1
    printed += capsys.readouterr().out
    assert "\x1b" not in printed
    assert "setting data" in printed


def test_huge_figures_make_no_long_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are written with an exponent, and numbers of epochs that nobody can count to are none."""
    path = folder / "a" / "history.jsonl"
    *lines, last = path.read_text().splitlines()
    record = json.loads(last) | {"test_accuracy": 1e300, "train_seconds": 1e300}
    path.write_text("\n".join([*lines, json.dumps(record), ""]))
    assert main(["runs", "a"]) == 0
    assert "1.000e+302%" in (printed := capsys.readouterr().out)
    assert max(map(len, printed.splitlines())) < 120
    path.write_text("\n".join([*lines, json.dumps(record | {"epoch": 10**300}), ""]))
    assert [one.state for one in overview(Path())] == ["broken", "finished"]
