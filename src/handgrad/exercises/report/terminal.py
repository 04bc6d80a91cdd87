"""The report as a person reads it in a terminal: a table of tasks, then a panel for each that is not right.

Where the output is no terminal it is the same words as plain text, without colours and frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from handgrad.exercises.calls import Crash
from handgrad.exercises.report.parts import (
    MARKS,
    chain,
    clean,
    clean_line,
    decimal,
    differing,
    first_wrong,
    has_more,
    is_sequence,
    own_message,
    place,
    task_number,
    words,
)
from handgrad.exercises.results import Checked, Finding, Picture, Status, TaskResult
from handgrad.exercises.tasks import TASKS

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

_COLOURS: dict[Status, str] = {
    "right": "green", "not_attempted": "dim", "crashed": "red", "too_slow": "yellow", "wrong": "red",
}  # fmt: skip
_PLAIN_WIDTH = 100
_READING_WIDTH = 110  # longer lines are hard to read
_MARGINS = 6  # columns of a panel's frame and padding


def show_report(checked: Checked, console: Console | None = None, explain: bool = False) -> None:
    """Show a report.

    Parameters
    ----------
    checked : Checked
    console : rich.console.Console, optional
        Where to show it; standard output by default.
    explain : bool, default False
        With the full explanations, not the hints only.

    Examples
    --------
    >>> show_report(Checked("anna", (TaskResult("del_sigmoid", "right", "Right."),), "en", True, 0.5))
    anna: 1 of 1 tasks right, checked in 0.5 s
    <BLANKLINE>
      ✓  4.2  del_sigmoid  right
    """
    console = usable(console)
    print_parts(_Writer(checked, console, explain).report(), console)


def usable(console: Console | None) -> Console:
    """Give a console to write to: one without colours, and of a fixed width, where it is no terminal."""
    from rich.console import Console

    console = Console(highlight=False) if console is None else console
    if console.is_terminal:
        return console
    return Console(file=console.file, width=_PLAIN_WIDTH, color_system=None, highlight=False)


def print_parts(parts: Sequence[RenderableType], console: Console) -> None:
    """Print, with what the output's encoding has not replaced by question marks, and no spaces at the ends of lines."""
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    text = capture.get()
    if not console.is_terminal:
        text = "".join(line.rstrip() + "\n" for line in text.splitlines())
    console.file.write(text.encode(console.encoding, errors="replace").decode(console.encoding))
    console.file.flush()


class _Writer:
    """One report on its way to one console."""

    def __init__(self, checked: Checked, console: Console, explain: bool) -> None:
        self.checked, self.explain = checked, explain
        self.words = words(checked.language)
        self.framed = console.is_terminal
        self.width = min(console.width, _READING_WIDTH)
        self.unicode = console.encoding.lower().startswith("utf")

    def report(self) -> list[RenderableType]:
        """Compose all of it, from top to bottom."""
        from rich.text import Text

        tasks = self.checked.tasks
        right = sum(result.status == "right" for result in tasks)
        summary = self.words["summary"].format(right=right, all=len(tasks))
        seconds = self.words["seconds"].format(seconds=decimal(self.checked.seconds, self.checked.language, 1))
        heading = Text.assemble((clean_line(self.checked.name), "bold"), f": {summary}, {seconds}")
        parts: list[RenderableType] = [heading, ""]
        parts.append(self._table() if tasks else Text(self.words["nothing"], style="yellow"))
        for result in tasks:
            if has_more(result) and result.status != "not_attempted":
                parts += ["", self._panel(result)]
        if not self.explain and any(finding.explanation for result in tasks for finding in result.findings):
            parts += ["", Text(self.words["more"], style="dim")]
        if not self.checked.isolated:
            parts += ["", Text(self.words["self_check"], style="yellow")]
        return parts

    def _table(self) -> RenderableType:
        """Give each task a line: mark, number, name, status, and what is to be said in a few words."""
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2, 0, 0))
        for _ in range(4):
            table.add_column(no_wrap=True)
        table.add_column()
        for result in self.checked.tasks:
            colour = _COLOURS[result.status]
            table.add_row(
                Text(self._mark(result.status), style=colour),
                Text(task_number(result.task), style="dim"),
                result.task,
                Text(self.words[f"status_{result.status}"], style=colour),
                Text(self._note(result), style="dim"),
            )
        return Padding(table, (0, 0, 0, 2), expand=False)

    def _note(self, result: TaskResult) -> str:
        """Say in a few words what the panel will say at length; a task without a panel says all here."""
        if result.status == "not_attempted":
            return clean_line(result.message)
        if result.status == "right":
            return self.words["remark"] if result.findings else ""
        if result.crash:
            return place(result.crash, self.checked.language)
        if len(TASKS[result.task].quantities) > 1 and (first := first_wrong(result)):
            return self.words["from_on"].format(quantity=first)
        return ""

    def _mark(self, status: Status) -> str:
        if self.unicode:
            return MARKS[status]
        return {"right": "+", "not_attempted": "o", "too_slow": "~"}.get(status, "x")

    def _panel(self, result: TaskResult) -> RenderableType:
        """Say all about a task that is not right."""
        from rich.console import Group
        from rich.padding import Padding
        from rich.panel import Panel
        from rich.text import Text

        title = f"{task_number(result.task)} {result.task}: {self.words[f'status_{result.status}']}"
        blocks = self._blocks(result)
        spaced = Group(*(line for block in blocks for line in (block, "")) if blocks else ())
        spaced.renderables[:] = spaced.renderables[:-1]
        if not self.framed:
            return Group(f"{title}\n{'-' * len(title)}", Padding(spaced, (0, 0, 0, 2), expand=False))
        colour = _COLOURS[result.status]
        return Panel(
            spaced,
            title=Text(title, style=f"bold {colour}"),
            title_align="left",
            border_style=colour,
            padding=(1, 2),
            width=self.width,
        )

    def _blocks(self, result: TaskResult) -> list[RenderableType]:
        """List the paragraphs about a task."""
        from rich.text import Text

        blocks: list[RenderableType] = []
        if message := own_message(result):
            blocks.append(Text(clean(message)))
        if result.crash:
            blocks.append(self._crash(result.crash))
        for position, finding in enumerate(result.findings):
            blocks.append(self._message(finding, also=position > 0))
            if position == 0 and chain(result):
                blocks.append(self._chain(result))
            blocks += self._advice(finding)
            if position == 0 and result.picture:
                blocks.append(self._picture(result.picture))
        return blocks

    def _crash(self, crash: Crash) -> Text:
        """Quote the learner's own line, and what Python said."""
        from rich.text import Text

        said = clean_line(f"{crash.type}: {crash.message}" if crash.message else crash.type)
        return Text.assemble(
            (f"{place(crash, self.checked.language)}:\n", "dim"),
            f"    {clean(crash.source).strip()}\n",
            (f"{self.words['python_says']}: ", "dim"),
            said,
        )

    def _message(self, finding: Finding, also: bool) -> Text:
        """Say what is wrong; after the first finding, that this is another one."""
        from rich.text import Text

        message = Text.assemble((f"{self.words['also']}: ", "bold") if also else "", clean(finding.message))
        if finding.mistake is None:
            message.append(f" {self.words['unnamed']}", style="dim")
        return message

    def _advice(self, finding: Finding) -> list[RenderableType]:
        """Give equation and hint and, where asked for, the explanation."""
        from rich.text import Text

        named = [("equation", finding.equation), ("hint", finding.hint)]
        named += [("explanation", finding.explanation)] if self.explain else []
        lines = [Text.assemble((f"{self.words[name]}: ", "bold"), clean(text)) for name, text in named if text]
        return [Text("\n").join(lines)] if lines else []

    def _chain(self, result: TaskResult) -> Text:
        """Draw the quantities in a row, each with how it stands; a line ends only after an arrow or a comma."""
        from rich.text import Text

        joint = "," if not is_sequence(result) else " →" if self.unicode else " ->"
        colours = {"ok": "green", "wrong": "bold red", "follows": "yellow", "unseen": "dim"}
        lines, links = [Text()], chain(result)
        for link in links:
            state = (self.words[f"chain_{link.state}"], colours[link.state])
            piece = Text.assemble((link.quantity, "bold" if link.first else ""), " ", state)
            piece.append(joint if link is not links[-1] else "")
            if lines[-1].cell_len + piece.cell_len >= self.width - _MARGINS:
                lines.append(Text())
            lines[-1].append(" " if lines[-1] else "").append(piece)
        return Text("\n").join(lines)

    def _picture(self, picture: Picture) -> RenderableType:
        """Set expected and found beside each other; a star marks what differs."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        wrong = differing(picture)
        expected, found = _numbers(picture.expected, frozenset()), _numbers(picture.found, wrong)
        names = [Text(self.words[name], style="bold") for name in ("expected", "found")]
        note = [Text(self.words["differs"], style="dim")] if wrong else []
        caption = Text(clean(picture.caption), style="dim")
        if _columns(picture.expected) + _columns(picture.found) + 4 > self.width - _MARGINS:
            return Group(caption, names[0], expected, names[1], found, *note)
        table = Table.grid(padding=(0, 4, 0, 0))
        table.add_row(*names)
        table.add_row(expected, found)
        return Group(caption, table, *note)


def _columns(rows: tuple[tuple[str, ...], ...]) -> int:
    """Give the width that rows of numbers take, aligned and with a star each."""
    return sum(2 + max(map(len, column)) for column in zip_longest(*rows, fillvalue=""))


def _numbers(rows: tuple[tuple[str, ...], ...], wrong: frozenset[tuple[int, int]]) -> RenderableType:
    """Align rows of numbers, with a star at each that is wrong."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1, 0, 0))
    for _ in range(max(map(len, rows), default=0)):
        table.add_column(justify="right", no_wrap=True)
    for i, row in enumerate(rows):
        cells = [
            Text.assemble(clean_line(cell), ("*", "bold red")) if (i, j) in wrong else Text(f"{clean_line(cell)} ")
            for j, cell in enumerate(row)
        ]
        table.add_row(*cells)
    return table
