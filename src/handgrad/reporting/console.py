"""Output for people: a live display in a terminal, plain lines in a log.

The functions only read the data they are given. Outside a terminal they write plain lines without control characters.
Characters that the output's encoding lacks are replaced and never cause an error.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from time import perf_counter
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from handgrad.errors import ShapeError
from handgrad.reporting.text import figure, padded, percent, printable, width_of
from handgrad.training.health import GRADIENT_NORM
from handgrad.training.loop import Record

if TYPE_CHECKING:
    from rich.console import Console

BAR = 30  # characters in a full bar
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_REFRESH = 0.1  # seconds
_LIVE_LINES = 20  # about as many evaluations stay on a terminal's screen


def show_training(
    records: Iterable[Record], total_steps: int, title: str, console: Console | None = None
) -> Iterator[Record]:
    """Pass records on and show the progress of the training.

    Each evaluation is one aligned line. A terminal also has a progress bar below the lines, and keeps only about twenty
    lines of a long training.

    Parameters
    ----------
    records : iterable of Record
    total_steps : int
        The number of steps in the whole training, for the bar.
    title : str
    console : rich.console.Console, optional
        Standard output by default.

    Yields
    ------
    Record
        The same records, unchanged, each after it has been shown.

    Examples
    --------
    >>> figures = [{"train_loss": 2.3026, "train_accuracy": 0.1}, {"train_loss": 0.31, "train_accuracy": 0.9}]
    >>> records = [Record("evaluation", i, 90 * i, 0.5, i / 4, figures[i]) for i in range(2)]
    >>> passed_on = list(show_training(records, total_steps=90, title="digits"))
    digits
    epoch  train loss  train accuracy  seconds
        0      2.3026          10.00%     0.00
        1      0.3100          90.00%     0.25
    >>> passed_on == records
    True
    """
    terminal = _terminal(console)
    if terminal is not None:
        return _show_live(records, total_steps, title, terminal)
    return _show_lines(records, title, _file(console))


def summary_table(rows: Sequence[tuple[str, str]], title: str, console: Console | None = None) -> None:
    """Show names and values in two columns. Long values are neither cut nor wrapped, so that paths can be copied.

    Examples
    --------
    >>> summary_table([("test accuracy", "98.35%"), ("saved in", "runs/mnist-1")], "Trained")
    Trained
      test accuracy  98.35%
      saved in       runs/mnist-1
    """
    width = max((width_of(name) for name, _ in rows), default=0)
    terminal = _terminal(console)
    if terminal is None:
        _write_lines(_file(console), [title, *(f"  {padded(name, width)}  {value}" for name, value in rows)])
        return
    from rich.text import Text

    terminal.print(Text(printable(title, terminal.encoding), style="bold"), soft_wrap=True)
    for name, value in rows:
        first = (printable(f"  {padded(name, width)}  ", terminal.encoding), "dim")
        terminal.print(Text.assemble(first, printable(value, terminal.encoding)), soft_wrap=True)


def output_bars(class_names: Sequence[str], outputs: ArrayLike, numbers: bool = False) -> str:
    """Draw one bar per class, the largest output first, as text for standard output.

    Parameters
    ----------
    class_names : sequence of k str
    outputs : array of shape (k,)
    numbers : bool, default False
        Whether they are numbers, which only tend to be from 0 to 1, rather than probabilities.

    Returns
    -------
    str
        Several lines; ASCII only if the encoding of standard output requires it.

    Raises
    ------
    ShapeError
        If the number of outputs differs from the number of classes.

    Examples
    --------
    >>> text = output_bars(["cat", "dog"], [0.25, 0.75])
    >>> [line.split()[0] for line in text.splitlines()], text.endswith("25.00%")
    (['dog', 'cat'], True)
    """
    values = np.asarray(outputs, dtype=np.float64)
    if values.shape != (len(class_names),):
        raise ShapeError(
            f"outputs of shape {values.shape} for {len(class_names)} classes",
            f"shape ({len(class_names)},)",
            "pass one row of what predict returns",
        )
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    blocks = printable(_EIGHTHS, encoding) == _EIGHTHS
    order = np.argsort(-values, kind="stable")
    names = [printable(class_names[i], encoding) for i in order]
    width = max(map(width_of, names), default=0)
    lines, digits = zip(names, values[order].tolist(), strict=True), 8 if numbers else 7
    return "\n".join(
        f"{padded(name, width)}  {_bar(one, blocks)}  {_output(one, numbers):>{digits}}" for name, one in lines
    )


def image_blocks(image: ArrayLike) -> str:
    """Draw an image in 0..1 with characters, two for each pixel, as text for standard output.

    Examples
    --------
    >>> image_blocks([[0, 1], [1, 0]]).split() in (["██", "██"], ["@@", "@@"])
    True
    """
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    shades = " ░▒▓█" if printable("░▒▓█", encoding) == "░▒▓█" else " .+#@"
    levels = np.rint(np.clip(np.asarray(image, np.float64), 0, 1) * 4).astype(int)
    return "\n".join("".join(2 * shades[level] for level in row).rstrip() for row in levels.tolist())


def _output(value: float, number: bool) -> str:
    """Write a probability as a percentage, and a number with aligned decimal points, unless it is very large."""
    if not number:
        return percent(value)
    return f"{value:z.4f}" if abs(value) < 1e4 else figure(value)


def _bar(share: float, blocks: bool) -> str:
    """Fill a share of a bar, in eighths of a character or with ``#``."""
    share = min(max(share, 0.0), 1.0)
    if not blocks:
        return ("#" * round(BAR * share)).ljust(BAR, ".")
    whole, part = divmod(round(8 * BAR * share), 8)
    return ("█" * whole + (_EIGHTHS[part] if part else "")).ljust(BAR)


class _Lines:
    """The aligned lines of evaluations; the first evaluation determines the columns."""

    def __init__(self) -> None:
        self.columns: list[str] | None = None

    def write(self, record: Record) -> list[str]:
        """Return the line of an evaluation, preceded by the heading if it is the first."""
        lines = []
        if self.columns is None:
            self.columns = _shown(record)
            lines.append("  ".join(["epoch", *(name.replace("_", " ") for name in self.columns), "seconds"]))
        cells = [f"{record.epoch:5d}"]
        for name in self.columns:
            text = _figure(name, record.figures[name]) if name in record.figures else "-"
            cells.append(text.rjust(len(name)))
        cells.append(f"{record.train_seconds:7.2f}")
        return [*lines, "  ".join(cells)]


def _show_lines(records: Iterable[Record], title: str, file: IO[str]) -> Iterator[Record]:
    """Write one line per evaluation, without delay."""
    lines = _Lines()
    _write_lines(file, [title])
    for record in records:
        if record.kind == "evaluation":
            _write_lines(file, lines.write(record))
        yield record


def _show_live(records: Iterable[Record], total_steps: int, title: str, console: Console) -> Iterator[Record]:
    """Keep a bar and the latest figures below the lines. No thread redraws them, so none disturbs the training."""
    from rich.console import Group
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    lines, began, drawn, next_line = _Lines(), perf_counter(), -math.inf, 0.0
    latest: dict[str, str] = {}
    console.print(Text(printable(title, console.encoding), style="bold"), soft_wrap=True)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        for record in records:
            if record.kind == "evaluation":
                last = record.step >= total_steps
                if record.step >= next_line or last:
                    for line in lines.write(record):
                        console.print(Text(line, style="dim" if line.startswith("epoch") else ""), soft_wrap=True)
                    next_line = record.step + total_steps / _LIVE_LINES if record.step else 0.0
            latest |= _figures(record)
            now = perf_counter()
            if now - drawn >= _REFRESH:
                drawn = now
                table = Table.grid(padding=(0, 2), expand=True)
                table.add_column(ratio=1)
                for _ in range(4):
                    table.add_column(no_wrap=True)
                table.add_row(
                    ProgressBar(
                        total=max(total_steps, 1),
                        completed=record.step,
                        complete_style="cyan",
                        finished_style="cyan",
                    ),
                    f"{100 * min(record.step / max(total_steps, 1), 1):3.0f}%",
                    f"epoch {record.epoch + (record.step < total_steps)}",
                    _speed(record),
                    _remaining(now - began, record.step, total_steps),
                )
                figures = Text("   ".join(f"{name} {value}" for name, value in latest.items()), no_wrap=True)
                live.update(Group(table, figures), refresh=True)
            yield record


def _figures(record: Record) -> dict[str, str]:
    """Return the figures that the display shows until newer ones arrive."""
    shown = ["batch_loss"] if record.kind == "batch" else [name for name in _shown(record) if name[:6] != "train_"]
    return {name.replace("_", " "): _figure(name, record.figures[name]) for name in shown}


def _shown(record: Record) -> list[str]:
    """Name the figures that have a column: all but those of the layers, of which there may be many."""
    return [name for name in record.figures if not name.startswith(GRADIENT_NORM)]


def _speed(record: Record) -> str:
    """Return the number of steps per second so far."""
    if not record.step or record.train_seconds <= 0:
        return ""
    return f"{record.step / record.train_seconds:,.0f} steps/s"


def _remaining(elapsed: float, step: int, total_steps: int) -> str:
    """Estimate the remaining time, including evaluations, from the pace so far."""
    if not step:
        return ""
    seconds = round(elapsed * max(total_steps - step, 0) / step)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d} left"


def _figure(name: str, value: float) -> str:
    """Write an accuracy as a percentage; anything else with aligned decimal points, unless very small or large."""
    return percent(value) if name.endswith("accuracy") else figure(value)


def _terminal(console: Console | None) -> Console | None:
    """Return the terminal, if the output is one that can redraw; rich is not imported for a pipe."""
    if console is None:
        if not sys.stdout.isatty() or os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
            return None
        from rich.console import Console

        console = Console(highlight=False)
    return console if console.is_terminal and not console.is_dumb_terminal else None


def _file(console: Console | None) -> IO[str]:
    return console.file if console is not None else sys.stdout


def _write_lines(file: IO[str], lines: Iterable[str]) -> None:
    """Write lines without delay, with question marks for characters that the encoding lacks."""
    encoding = getattr(file, "encoding", None) or "utf-8"
    file.writelines(printable(line, encoding) + "\n" for line in lines)
    file.flush()
