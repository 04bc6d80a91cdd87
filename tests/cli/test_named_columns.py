"""Columns named on the command line: the advice of a message, followed literally, works for every name."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from handgrad.cli import main

NAMES = ("a", "my col", "my,col", 'the "best", so far', "-c", "--lr", "none", "it's", "größe", "$HOME", "x\ty")


def write(folder: Path, name: str, row: str, label: str = "label") -> str:
    """Write a table of three columns after a pattern: ``{i}`` counts, ``{w}`` is a word, and ``{bit}`` is 0 or 1."""
    quoted = '"' + name.replace('"', '""') + '"'
    rows = [row.format(i=i, w="pq"[i // 2 % 2], bit=i % 2) for i in range(30)]
    (folder / "t.csv").write_text("\n".join([f"n,{quoted},{label}", *rows]) + "\n")
    return str(folder / "t.csv")


@pytest.mark.parametrize("name", NAMES)
def test_a_column_of_any_name_can_be_left_out_as_the_message_says(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Blanks, commas, quotation marks and hyphens are written in the advice as the shell and the command need them."""
    path = write(tmp_path, name, "{i},free text {i},{w}")
    assert main(["data", "info", path]) == 2
    advice = re.search(r"leave the column out with (--drop.*)\.\n", capsys.readouterr().err)
    assert advice is not None
    assert main(["data", "info", path, *shlex.split(advice[1])]) == 0
    assert re.search(r"features\s+1\b", capsys.readouterr().out)


@pytest.mark.parametrize("name", NAMES)
def test_a_column_of_any_name_can_be_the_label(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of two likely columns, the message shows both as --label takes them."""
    path = write(tmp_path, name, "{bit},{w},{bit}", "is it")
    assert main(["data", "info", path]) == 2
    advice = re.search(r"Choose with (--label.*) or (--label.*)\.\n", capsys.readouterr().err)
    assert advice is not None
    assert main(["data", "info", path, *shlex.split(advice[1])]) == 0
    assert re.search(r"class p\s+\d+ training", capsys.readouterr().out)


def test_names_with_commas_in_a_configuration_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A list of names is one there, and the configuration of a run repeats it."""
    path = write(tmp_path, "my,col", "{i},free text {i},{w}")
    (tmp_path / "c.toml").write_text(f'data = "{path}"\ndrop = ["my,col"]\nhidden = [2]\nepochs = 1\n')
    assert main(["train", "--config", str(tmp_path / "c.toml"), "--run", str(tmp_path / "one")]) == 0
    assert main(["train", "--config", str(tmp_path / "one/config.toml"), "--run", str(tmp_path / "two")]) == 0
    assert tomllib.loads((tmp_path / "two" / "config.toml").read_text())["drop"] == ["my,col"]
    capsys.readouterr()


def test_the_notes_on_a_table_are_printed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are part of its description."""
    (tmp_path / "t.csv").write_text("a,b,label\n" + "".join(f"1,{i},{'xy'[i % 2]}\n" for i in (5, 3, 8, 2) * 5))
    assert main(["data", "info", str(tmp_path / "t.csv")]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "constant in the training set: a" in " ".join(printed.out.split())
