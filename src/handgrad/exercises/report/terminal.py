"""The report as a person reads it in a terminal: a table of tasks, then a panel for each that is not right.

Where the output is no terminal it is the same words as plain text, without colours and frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from handgrad.exercises.report.feedback import Advice, Chain, CodeLine, Message, Numbers, Paragraph, blocks, own_text
from handgrad.exercises.report.parts import (
    MARKS,
    alike,
    clean,
    clean_line,
    decimal,
    first_wrong,
    has_more,
    place,
    task_number,
    words,
)
from handgrad.exercises.results import Checked, Status, TaskResult
from handgrad.exercises.tasks import TASKS

_COLOURS: dict[Status, str] = {
    "right": "green", "not_attempted": "dim", "crashed": "red", "too_slow": "yellow", "wrong": "red",
    "not_judged": "yellow",
}  # fmt: skip
ISSUES = "github.com/handgrad/handgrad/issues"
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
    >>> show_report(Checked("anna", (TaskResult("del_sigmoid", "right"),), "en", True, 0.5))
    anna: 1 of 1 tasks right, checked in 0.5 s
    <BLANKLINE>
      ✓  4.2  del_sigmoid  right
    """
    console = usable(console)
    print_parts(_Writer(checked, console, explain).report(), console)


def usable(console: Console | None) -> Console:
    """Give a console to write to: one without colours, and of a fixed width, where it is no terminal."""
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
        tasks = self.checked.tasks
        right = sum(result.status == "right" for result in tasks)
        summary = self.words["summary" if tasks else "no_tasks"].format(right=right, all=len(tasks))
        seconds = self.words["seconds"].format(seconds=decimal(self.checked.seconds, self.checked.language, 1))
        heading = Text.assemble((clean_line(self.checked.name), "bold"), f": {summary}, {seconds}")
        parts: list[RenderableType] = [heading, ""]
        parts.append(self._table() if tasks else Text(self.words["nothing"], style="yellow"))
        for group in alike([result for result in tasks if has_more(result) and result.status != "not_attempted"]):
            parts += ["", self._panel(group)]
        if not self.explain and any(result.findings for result in tasks):
            parts += ["", Text(self.words["more"], style="dim")]
        if any(finding.mistake is None for result in tasks for finding in result.findings):
            parts += ["", Text(self.words["send"].format(address=ISSUES), style="dim")]
        if not self.checked.isolated:
            parts += ["", Text(self.words["self_check"], style="yellow")]
        return parts

    def _table(self) -> RenderableType:
        """Give each task a line: mark, number, name, status, and what is to be said in a few words."""
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
            return clean_line(own_text(result, self.checked.language))
        if result.status == "right":
            return self.words["remark"] if result.findings else ""
        if result.crash and result.crash.line:
            return place(result.crash, self.checked.language)
        if len(TASKS[result.task].quantities) > 1 and (first := first_wrong(result)):
            return self.words["from_on"].format(quantity=first)
        return ""

    def _mark(self, status: Status) -> str:
        if self.unicode:
            return MARKS[status]
        return {"right": "+", "not_attempted": "o", "too_slow": "~", "not_judged": "?"}.get(status, "x")

    def _panel(self, results: Sequence[TaskResult]) -> RenderableType:
        """Say all about a task that is not right, or about several that are alike."""
        result = results[0]
        names = [f"{task_number(one.task)} {one.task}" for one in results]
        named = ", ".join(names) if len(names) < 3 else f"{names[0]}, {names[1]}, ... ({len(names)})"
        title = f"{named}: {self.words[f'status_{result.status}']}"
        drawn = self._blocks(result)
        spaced = Group(*(line for block in drawn for line in (block, "")) if drawn else ())
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
        """Draw the report on one task."""
        drawn: list[RenderableType] = []
        for block in blocks(result, self.checked.language):
            match block:
                case Paragraph(text):
                    drawn.append(Text(clean(text)))
                case CodeLine(where, source, label, said):
                    quoted = ((f"{where}:\n", "dim"), f"    {clean(source).strip()}\n", (f"{label}: ", "dim"))
                    drawn.append(Text.assemble(*quoted, clean_line(said)))
                case Message(lead, text, note):
                    shown = Text.assemble((f"{lead}: ", "bold") if lead else "", clean(text))
                    drawn.append(shown.append(f" {note}", style="dim") if note else shown)
                case Chain():
                    drawn.append(self._chain(block))
                case Advice(lines):
                    wanted = [line for line in lines if self.explain or line.kind != "explanation"]
                    texts = [Text.assemble((f"{line.label}: ", "bold"), clean(line.text)) for line in wanted]
                    drawn += [Text("\n").join(texts)] if texts else []
                case Numbers():
                    drawn.append(self._picture(block))
        return drawn

    def _chain(self, chain: Chain) -> Text:
        """Draw the quantities in a row, each with how it stands; a line ends only after an arrow or a comma."""
        joint = "," if not chain.sequence else " →" if self.unicode else " ->"
        colours = {"ok": "green", "wrong": "bold red", "follows": "yellow", "unseen": "dim"}
        lines = [Text()]
        for link in chain.links:
            state = (chain.states[link.state], colours[link.state])
            piece = Text.assemble((link.quantity, "bold" if link.first else ""), " ", state)
            piece.append(joint if link is not chain.links[-1] else "")
            if lines[-1].cell_len + piece.cell_len >= self.width - _MARGINS:
                lines.append(Text())
            lines[-1].append(" " if lines[-1] else "").append(piece)
        return Text("\n").join(lines)

    def _picture(self, numbers: Numbers) -> RenderableType:
        """Set expected and found beside each other; a star marks what differs."""
        expected, found = _numbers(numbers.expected, frozenset()), _numbers(numbers.found, numbers.wrong)
        names = [Text(self.words[name], style="bold") for name in ("expected", "found")]
        note = [Text(self.words["differs"], style="dim")] if numbers.wrong else []
        caption = Text(clean(numbers.caption), style="dim")
        if _columns(numbers.expected) + _columns(numbers.found) + 4 > self.width - _MARGINS:
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
