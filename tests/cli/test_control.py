"""Control characters in a file do not reach the terminal."""

from pathlib import Path

import pytest

from handgrad.cli import main

ESCAPE = "\x1b[2J"


def test_control_characters_of_a_table_are_written_as_escapes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names, words and labels in notes, errors, tables and predictions cannot clear a screen or begin a line."""
    header = f'"wide\n{ESCAPE}",colour,"kind{ESCAPE}"\n'
    rows = [f'{i * 7 % 11},{("red", "blue" + ESCAPE)[i % 2]},"{("x", "y")[i % 2]}\n{ESCAPE}"\n' for i in range(30)]
    (tmp_path / "t.csv").write_text(header + "".join(rows))
    (tmp_path / "bad.csv").write_text(header + "".join(rows) + f'two{ESCAPE},red,"x\n{ESCAPE}"\n')
    (tmp_path / "other.csv").write_text(header + f'1,"pink\n{ESCAPE}","x\n{ESCAPE}"\n' * 25)
    run = str(tmp_path / "run")
    table, bad, other = (str(tmp_path / name) for name in ("t.csv", "bad.csv", "other.csv"))
    label = ["--label", "3"]
    assert main(["data", "info", table, *label]) == 0
    assert main(["data", "info", bad, *label]) == 2
    assert main(["train", "--data", table, *label, "--epochs", "1", "--hidden", "4", "--run", run]) == 0
    assert main(["predict", run, other]) == 0
    assert main(["predict", run, table, "--probabilities"]) == 0
    assert main(["evaluate", run]) == 0
    printed = capsys.readouterr()
    assert r"pink\n\x1b[2J" in printed.err
    for text in (printed.out, printed.err):
        assert text
        assert all(line.isprintable() for line in text.split("\n"))
