"""What users give to the commands that is not what these expect: options, missing files, pipes, other files."""

import os
import socket
import sys
from pathlib import Path

import pytest

from handgrad.cli import main

ROWS = "a,b,label\n" + "".join(f"{i % 7},{i % 5},{'xy'[i % 7 > i % 5]}\n" for i in range(60))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a table, a run of it, a run of images and files of other kinds."""
    folder = tmp_path_factory.mktemp("inputs")
    for name in ("t.csv", "-t.csv"):
        (folder / name).write_text(ROWS)
    (folder / "x.pdf").write_bytes(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n")
    short = ["--hidden", "4", "--epochs", "1", "--run"]
    assert main(["train", str(folder / "t.csv"), *short, str(folder / "rows")]) == 0
    assert main(["train", "digits", *short, str(folder / "images")]) == 0
    return folder


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Run each test in that folder, with nothing printed before."""
    monkeypatch.chdir(folder)
    capfd.readouterr()


REFUSED = {
    "a misspelt option": ("predict rows t.csv --probabilites", "Unknown option: --probabilites. Did you mean --prob"),
    "an option of other commands": ("predict rows t.csv --missing drop", "Unknown option: --missing."),
    "an option before the run": ("predict --shwo rows t.csv", "Unknown option: --shwo. Did you mean --show?"),
    "a misspelt option of images": ("predict images --Shows", "Unknown option: --Shows."),
    "an option before the data": ("data info --labl b t.csv", "Unknown option: --labl. Did you mean --label?"),
    "a file with a hyphen": (
        "predict rows -t.csv",
        "-t.csv begins with a hyphen, as options do; expected",
    ),
    "no file, a table's run": ("predict rows no.csv", "there is no file no.csv"),
    "no file, a run of images": ("predict images no.png", "there is no file no.png"),
    "a PDF as data": ("data info x.pdf", "x.pdf is a PDF"),
    "a PDF as a table": ("predict rows x.pdf", "x.pdf is a PDF"),
    "a PDF as a picture": ("predict images x.pdf", "x.pdf is a PDF"),
    "a picture as a table": ("predict rows images/curves.png", "curves.png is an image"),
    "a table as a model": ("predict t.csv t.csv", "t.csv is a table or another text, not a model; expected a run"),
    "a picture as a model": ("evaluate images/curves.png", "curves.png is a picture, not a model"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_given_is_called_what_it_is(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """An option is not taken for a file, and a file not for one of another kind."""
    words, piece = REFUSED[name]
    assert main(words.split()) == 2
    out, err = capfd.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert err.startswith(f"handgrad: {piece}") or piece in err


def test_a_name_with_a_hyphen_is_read_as_advised(capfd: pytest.CaptureFixture[str]) -> None:
    """What the message advises works, and the standard input is a hyphen alone."""
    assert main(["predict", "rows", "-t.csv"]) == 2
    assert "Write ./-t.csv." in capfd.readouterr().err
    assert main(["predict", "rows", "./-t.csv"]) == 0
    assert capfd.readouterr().out.count("[") == 60


@pytest.mark.parametrize("words", ["predict rows -", "train -", "data info -", "evaluate rows --data -"])
def test_a_closed_standard_input_is_said(
    words: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As Python sets it after ``<&-``; what to do instead is said."""
    monkeypatch.setattr(sys, "stdin", None)
    assert main(words.split()) == 2
    assert capfd.readouterr().err.startswith("handgrad: the standard input is closed; expected a table in it. ")


@pytest.mark.skipif(sys.platform == "win32", reason="names are Unicode, and there are no such pipes")
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("train --run -", "--run without a value; expected one after it, which does not begin with a hyphen. Write ./"),
        ("train --run --x", "--run without a value; expected one"),
        ("runs -", "`handgrad runs -`; expected a path. See `handgrad runs --help`."),
    ],
)
def test_a_hyphen_is_said_to_be_no_value(words: str, wanted: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Where the standard input has no use, and where a flag needs a value."""
    assert main(words.split()) == 2
    assert capfd.readouterr().err.startswith(f"handgrad: {wanted}")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_name_that_is_not_utf_8_is_written_with_escapes(ending: str, tmp_path: Path) -> None:
    """In every kind of table of predictions."""
    if ending == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    name, out = tmp_path / os.fsdecode(b"\xff\xfe.csv"), tmp_path / f"out.{ending}"
    name.write_text(ROWS)
    assert main(["predict", "rows", str(name), "--out", str(out)]) == 0
    assert b"udcff" in out.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("words", ["data info {}", "train {}", "predict rows {}", "predict images {}"])
def test_pipes_sockets_and_devices_are_called_so(
    words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are not called missing, and nothing waits for a pipe that nobody writes to."""
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        with monkeypatch.context() as there:  # the path of a socket is short
            there.chdir(tmp_path)
            listening.bind("socket")
        for path, kind in ((tmp_path / "fifo", "pipe"), (tmp_path / "socket", "socket"), (Path("/dev/null"), "device")):
            assert main(words.format(path).split()) == 2
            assert f"{path} is a {kind}" in capfd.readouterr().err
