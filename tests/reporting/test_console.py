"""The console: a live display in a real terminal, plain lines anywhere else, and never an error from an encoding."""

import os
import pty
import re
import subprocess
import sys
from functools import cache
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from handgrad.errors import DivergenceError, ShapeError
from handgrad.reporting import image_blocks, output_bars, show_training, summary_table
from handgrad.training import Record

FIGURES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
RECORDS = [
    Record("evaluation", 0, 0, 0.1, 0.0, dict(zip(FIGURES, (2.3, 0.1, 2.4, 0.09), strict=True))),
    Record("batch", 0, 0, 0.1, 0.5, {"batch_loss": 1.75, "batch_accuracy": 0.25}),
    Record("batch", 0, 5, 0.1, 1.0, {"batch_loss": 1.25, "batch_accuracy": 0.25}),
    Record("evaluation", 1, 10, 0.1, 1.5, dict(zip(FIGURES, (1 / 3, 0.9, 0.0004, 1.0), strict=True))),
]

PROGRAM = """
import sys, time
from handgrad.reporting import *
from handgrad.training import Record
def records():
    tests = {"test_loss": 2.4, "test_accuracy": 0.09}
    yield Record("evaluation", 0, 0, 0.1, 0.0, {"train_loss": 2.3, "train_accuracy": 0.1} | tests)
    for step in range(100):
        time.sleep(0.005)
        yield Record("batch", 0, step, 0.1, step / 100, {"batch_loss": 1.75})
    tests = {"test_loss": 0.4, "test_accuracy": 0.85}
    yield Record("evaluation", 1, 100, 0.1, 1.0, {"train_loss": 0.3, "train_accuracy": 0.9} | tests)
for record in show_training(records(), total_steps=100, title="[bold]caf\\u00e9 \\u304a\\x1b[31m"):
    if record.step == 50:
        print("said in between")
summary_table([("saved in", "/a/long/path" * 10), ("class", "\\u304a")], "Trained [red]")
print(output_bars(["\\u304a", "caf\\u00e9"], [0.25, 0.75]))
"""


@cache
def in_terminal(**environment: str) -> str:
    """Run the program in a terminal of 80 columns, and return its output."""
    master, slave = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLORTERM")}
    env |= {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"} | environment
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=slave, stderr=slave, stdin=slave, env=env)
    os.close(slave)
    content = b""
    try:
        while piece := os.read(master, 65536):
            content += piece
    except OSError:  # Linux says so that the other end is closed
        pass
    os.close(master)
    assert process.wait() == 0, content
    return content.decode()


@cache
def in_pipe(**environment: str) -> str:
    """Run the program in a pipe, and return its output."""
    env = os.environ | environment
    return subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True, env=env).stdout.decode()


def visible(text: str) -> str:
    """Remove the sequences that control a terminal."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


# In a real terminal.


def test_terminal_is_live():
    """A terminal shows a bar with speed, epoch, losses and remaining time, and keeps the evaluations' lines."""
    sent = in_terminal()
    assert "\x1b[?25l" in sent, "the cursor is hidden during the display"
    assert sent.rindex("\x1b[?25h") > sent.rindex("\x1b[?25l"), "and shown again"
    text = visible(sent)
    for piece in ("steps/s", "epoch 1", "batch loss 1.7500", "test loss 2.4000", "test accuracy 9.00%", "left"):
        assert piece in text
    assert len(set(re.findall(r"(\d+)%  epoch", text))) > 2
    assert "    1      0.3000          90.00%     0.4000         85.00%     1.00\r\n" in text


def test_terminal_takes_other_output():
    """Text that the program prints during the display appears on its own line."""
    assert re.search(r"[\r\n]said in between\r\n", visible(in_terminal()))


def test_terminal_lines_fit():
    """No line of the display is wider than 80 columns, but a path is never broken."""
    text = visible(in_terminal())
    assert "/a/long/path" * 10 + "\r\n" in text
    lines = [line for line in re.split(r"[\r\n]+", text) if "/a/long" not in line]
    assert max(map(len, lines)) <= 80


def test_terminal_in_ascii():
    """A terminal without Unicode gets ASCII."""
    sent = in_terminal(PYTHONIOENCODING="ascii")
    assert "\x1b[?25l" in sent
    assert sent.isascii()
    assert "steps/s" in sent


def test_dumb_terminal():
    """A terminal that cannot redraw gets plain lines."""
    assert "\x1b" not in in_terminal(TERM="dumb")


def test_titles_are_text():
    """Markup and control characters in a title have no effect."""
    for sent in (in_terminal(), in_pipe(PYTHONIOENCODING="utf-8")):
        assert "[bold]caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{HIRAGANA LETTER O}?[31m" in sent
        assert "Trained [red]" in sent
        assert "\x1b[31m" not in sent


# Anywhere else.


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"FORCE_COLOR": "1", "PYTHONIOENCODING": "ascii"},
    ],
)
def test_pipe_in_ascii(environment):
    """A pipe without Unicode gets ASCII, with question marks for the rest, and no control characters."""
    text = in_pipe(**environment)
    assert text.isascii()
    assert re.fullmatch(r"[\x20-\x7e\n]*", text)
    assert "[bold]caf? ??[31m" in text
    assert f"{22 * '#'}........   75.00%" in text


def test_pipe_text():
    """A pipe gets one aligned line per evaluation, and whole paths."""
    lines = in_pipe(PYTHONIOENCODING="utf-8").splitlines()
    assert lines[1:5] == [
        "epoch  train loss  train accuracy  test loss  test accuracy  seconds",
        "    0      2.3000          10.00%     2.4000          9.00%     0.00",
        "said in between",
        "    1      0.3000          90.00%     0.4000         85.00%     1.00",
    ]
    assert lines[6] == "  saved in  " + "/a/long/path" * 10


def test_passes_on_as_they_come(capsys):
    """Records are passed on unchanged, one by one; each evaluation's line is written before its record is passed on."""
    asked = []

    def records():
        for record in RECORDS:
            asked.append(record)
            yield record

    for count, record in enumerate(show_training(records(), total_steps=10, title="toy"), start=1):
        assert record is RECORDS[count - 1]
        assert len(asked) == count
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == (3 if count == 1 else record.kind == "evaluation")


def test_lines_are_flushed(tmp_path):
    """Each line is in the log file before its record is passed on."""
    with (tmp_path / "log").open("w") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", file)
        next(show_training(iter(RECORDS), total_steps=10, title="toy"))
        assert len((tmp_path / "log").read_text().splitlines()) == 3


def test_columns_that_there_are(capsys):
    """Without a test set and accuracies there are no columns for them; small and large losses stay readable."""
    losses = [2.0, 0.0, 3e-7, 123456.0]
    records = [Record("evaluation", n, n, 0.1, 0.0, {"train_loss": loss}) for n, loss in enumerate(losses)]
    list(show_training(records, total_steps=3, title="toy"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "epoch  train loss  seconds"
    assert [line.split()[1] for line in lines[2:]] == ["2.0000", "0.0000", "3.000e-07", "1.235e+05"]
    assert len(set(map(len, lines[1:]))) == 1


def test_columns_of_further_figures(capsys):
    """Another set and another measure have columns of their own."""
    figures = {"train_loss": 0.5, "valid_accuracy": 0.25, "test_f1": 0.75}
    list(show_training([Record("evaluation", 0, 0, 0.1, 0.0, figures)], total_steps=3, title="toy"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "epoch  train loss  valid accuracy  test f1  seconds"
    assert lines[2].split() == ["0", "0.5000", "25.00%", "0.7500", "0.00"]


def test_a_figure_that_is_missing(capsys):
    """If a later evaluation lacks a figure, its line has a dash there."""
    records = [RECORDS[0], Record("evaluation", 1, 10, 0.1, 1.5, {"train_loss": 1 / 3, "train_accuracy": 0.9})]
    list(show_training(records, total_steps=10, title="toy"))
    assert capsys.readouterr().out.splitlines()[-1].split() == ["1", "0.3333", "90.00%", "-", "-", "1.50"]


def test_a_given_console():
    """A given console is used, with a live display if it is a terminal."""
    from rich.console import Console

    plain = Console(file=StringIO(), force_terminal=False)
    list(show_training(RECORDS, total_steps=10, title="toy", console=plain))
    summary_table([("a", "b")], "T", console=plain)
    assert "\x1b" not in plain.file.getvalue()
    assert plain.file.getvalue().endswith("T\n  a  b\n")
    live = Console(file=StringIO(), force_terminal=True, width=80, _environ={"TERM": "xterm"})
    list(show_training(RECORDS, total_steps=10, title="toy", console=live))
    assert "\x1b[?25h" in live.file.getvalue()


def test_many_evaluations_do_not_flood_a_terminal():
    """Of a thousand evaluations, a terminal keeps about twenty lines, including the first and the last."""
    from rich.console import Console

    console = Console(file=StringIO(), force_terminal=True, width=80, _environ={"TERM": "xterm"})
    records = [Record("evaluation", n, n, 0.1, n / 10, {"train_loss": 2.0}) for n in range(1001)]
    assert list(show_training(records, total_steps=1000, title="toy", console=console)) == records
    kept = re.findall(r"^ *(\d+)      2.0000", visible(console.file.getvalue()).replace("\r", ""), re.MULTILINE)
    assert kept[0] == "0"
    assert kept[-1] == "1000"
    assert 15 <= len(kept) <= 25


@pytest.mark.parametrize("force_terminal", [False, True])
def test_errors_pass_through(force_terminal):
    """An error during training is raised unchanged, and the cursor is restored."""
    from rich.console import Console

    def records():
        yield from RECORDS[:2]
        raise DivergenceError("a", "b", "c")

    console = Console(file=StringIO(), force_terminal=force_terminal, _environ={"TERM": "xterm"})
    with pytest.raises(DivergenceError):
        list(show_training(records(), total_steps=10, title="toy", console=console))
    assert console.file.getvalue().count("\x1b[?25h") == console.file.getvalue().count("\x1b[?25l") == force_terminal


@pytest.mark.parametrize("force_terminal", [False, True])
def test_can_be_stopped(force_terminal):
    """A consumer may stop at any record; the cursor is restored."""
    from rich.console import Console

    console = Console(file=StringIO(), force_terminal=force_terminal, _environ={"TERM": "xterm"})
    shown = show_training(iter(RECORDS), total_steps=10, title="toy", console=console)
    next(shown)
    shown.close()
    assert console.file.getvalue().count("\x1b[?25h") == force_terminal


# Bars.


def test_bars():
    """The most probable class comes first; bars are proportional to probabilities, names and numbers are aligned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", Path(os.devnull).open("w", encoding="ascii"))  # noqa: SIM115
        text = output_bars(["a", "bcd", "e"], np.array([0.1, 0.5, 0.4], np.float32))
        sys.stdout.close()
    assert text.splitlines() == [
        "bcd  ###############...............   50.00%",
        "e    ############..................   40.00%",
        "a    ###...........................   10.00%",
    ]


def test_equal_bars():
    """Equal probabilities stay in the order of the classes."""
    names = [f"class {n}" for n in range(10)]
    lines = output_bars(names, np.full(10, 0.1)).splitlines()
    assert [line[:7] for line in lines] == names


def test_bars_in_unicode():
    """Blocks are drawn to an eighth of a character; wide letters take two columns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        text = output_bars(["\N{HIRAGANA LETTER O}", "ab", "c"], [1.0, 1 / 240, 0.0])
        sys.stdout.close()
    first, second, third = text.splitlines()
    assert first == "\N{HIRAGANA LETTER O}  " + "\N{FULL BLOCK}" * 30 + "  100.00%"
    assert second.startswith("ab  \N{LEFT ONE EIGHTH BLOCK} ")
    assert third.split() == ["c", "0.00%"]


def test_bars_of_numbers():
    """Numbers are no percentages: decimal points are aligned, and the bar ends at 0 and at 1."""
    lines = [line.split() for line in output_bars(["a", "b", "c", "d"], [-0.25, 1.5, -1e-9, 2e5], True).splitlines()]
    assert [(line[0], line[-1]) for line in lines] == [
        ("d", "2.000e+05"),
        ("b", "1.5000"),
        ("c", "0.0000"),
        ("a", "-0.2500"),
    ]
    assert lines[0][1] == lines[1][1]
    assert [len(line) for line in lines] == [3, 3, 2, 2]


def test_bars_refuse(refused):
    """Probabilities that do not match the classes are refused."""
    with refused(ShapeError, "(3,)", "(2,)"):
        output_bars(["a", "b"], [0.1, 0.2, 0.7])


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", "  ░░▓▓██\n██"), ("ascii", "  ..##@@\n@@")])
def test_an_image_in_characters(encoding, expected):
    """Brighter pixels get denser characters, two for each pixel, in any encoding."""
    with pytest.MonkeyPatch.context() as patch, Path(os.devnull).open("w", encoding=encoding) as out:
        patch.setattr(sys, "stdout", out)
        assert image_blocks([[0, 0.25, 0.75, 1], [1, 0, 0, 0]]) == expected
