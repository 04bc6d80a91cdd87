"""A grading for people to read: a table in the terminal, and a page with links to the reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from handgrad.exercises.grading.grading import Grading, MistakeCount, Row
from handgrad.exercises.report import report_html
from handgrad.exercises.report.page import breakable, escaped, page
from handgrad.exercises.report.parts import MARKS, clean_line, decimal, task_number, words
from handgrad.exercises.report.terminal import print_parts, usable
from handgrad.exercises.results import Status

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def statuses(row: Row) -> Mapping[str, Status]:
    """Give the status of each task that was checked."""
    return {result.task: result.status for result in row.checked.tasks} if row.checked else {}


def show_grading(grading: Grading, console: Console | None = None) -> None:
    """Show a grading as a table.

    Parameters
    ----------
    grading : Grading
    console : rich.console.Console, optional
        The default is standard output.

    Examples
    --------
    >>> from handgrad.exercises.grading.rubric import Rubric
    >>> row = Row("anna", "", None, {}, "it is encrypted")
    >>> show_grading(Grading((row,), Rubric({"sigmoid": 1.0}), "en"))
    0 of 1 submissions graded
    <BLANKLINE>
                     3.1
      Submission sigmoid Total
    <BLANKLINE>
    Not graded
      - anna: it is encrypted
    """
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    word, language = words(grading.language), grading.language
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(word["submission"], max_width=30)  # the only column that shrinks on a narrow screen
    for task in grading.rubric.points:
        table.add_column(f"{task_number(task)}\n{task}".replace("_", "_\n"), justify="right", no_wrap=True)
    table.add_column(word["total"], justify="right", no_wrap=True)
    for row in grading.graded:
        found = statuses(row)
        cells = (
            f"{MARKS[found[task]]} {decimal(row.points[task], language)}" if task in found else ""
            for task in grading.rubric.points
        )
        table.add_row(Text(clean_line(row.name)), *cells, decimal(row.total, language))
    heading = word["graded_of"].format(graded=len(grading.graded), all=len(grading.rows))
    parts: list[RenderableType] = [Text(heading, style="bold"), "", Padding(table, (0, 0, 0, 2), expand=False)]
    ungraded = [(row.name, row.reason) for row in grading.rows if row.checked is None]
    if ungraded:
        parts += ["", Text(word["ungraded"].capitalize(), style="bold")]
        parts += [_item(f"{clean_line(name)}: {clean_line(reason)}") for name, reason in ungraded]
    if to_see := [(row.name, row.reason) for row in grading.graded if row.reason]:
        parts += ["", Text(word["to_look_at"], style="bold")]
        parts += [_item(f"{clean_line(name)}: {clean_line(reason)}") for name, reason in to_see]
    if not grading.isolated:
        parts += ["", Text(word["grading_self_check"], style="yellow")]
    print_parts(parts, usable(console))


def _item(text: str) -> RenderableType:
    """Format an item of a list, with a hanging indent."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    line = Table.grid()
    line.add_row("- ", Text(text))
    return Padding(line, (0, 0, 0, 2), expand=False)


def index_html(grading: Grading, counts: Sequence[MistakeCount], files: Mapping[str, str]) -> str:
    """Write the page with the table of submissions, the mistakes, and links to everything else.

    Parameters
    ----------
    grading : Grading
    counts : sequence of MistakeCount
    files : mapping of str to str
        The path of the feedback on each submission, by its name.

    Returns
    -------
    str
        The whole document.
    """
    word, language = words(grading.language), grading.language
    graded = word["graded_of"].format(graded=len(grading.graded), all=len(grading.rows))
    summary = [graded]
    if grading.graded:
        mean = sum(row.total for row in grading.graded) / len(grading.graded)
        out_of = word["points_of"].format(got=decimal(mean, language), all=decimal(grading.rubric.maximum, language))
        summary.append(f"{word['mean_total']}: {out_of}")
    body = [f"<h1>{escaped(word['grading'])}</h1>", f'<p class="quiet">{escaped("; ".join(summary))}</p>']
    if not grading.isolated:
        body.append(f'<p class="notice">{escaped(word["grading_self_check"])}</p>')
    body.append(_submissions(grading, files))
    if to_see := [f"<li>{escaped(row.name)}: {escaped(row.reason)}</li>" for row in grading.graded if row.reason]:
        body.append(f'<h2 class="apart">{escaped(word["to_look_at"])}</h2><ul>{"".join(to_see)}</ul>')
    body.append(_mistakes(grading, counts))
    links = ", ".join(f'<a href="{name}">{name}</a>' for name in ("grades.csv", "mistakes.csv", "mistakes.png"))
    body.append(f'<p class="quiet">{escaped(word["files"])}: {links}</p>')
    return page(word["grading"], language, "\n".join(body), wide=True)


def _submissions(grading: Grading, files: Mapping[str, str]) -> str:
    """Give each submission a row with its points; the last row has the means."""
    word, language, tasks = words(grading.language), grading.language, grading.rubric.points
    head = f'<th scope="col">{escaped(word["submission"])}</th>'
    for task, possible in tasks.items():
        out_of = f"{task_number(task)}, {word['out_of'].format(maximum=decimal(possible, language))}"
        head += f'<th scope="col" class="points task">{breakable(task)}<br>{escaped(out_of)}</th>'
    out_of = word["out_of"].format(maximum=decimal(grading.rubric.maximum, language))
    head += f'<th scope="col" class="points">{escaped(word["total"])}<br>{escaped(out_of)}</th>'
    rows = []
    for row in grading.rows:
        number = f' <span class="number">{escaped(row.id)}</span>' if row.id else ""
        cells = f'<td class="name"><a href="{escaped(files[row.name])}">{escaped(row.name)}</a>{number}</td>'
        if row.checked is None:
            reason = escaped(f"{word['ungraded']}: {row.reason}")
            cells += f'<td colspan="{len(tasks)}" class="quiet">{reason}</td>'
        else:
            found = statuses(row)
            cells += "".join(_points_cell(row.points[task], found.get(task), language) for task in tasks)
        total = f"<b>{decimal(row.total, language)}</b>" if row.checked else "–"  # noqa: RUF001 - a dash for nothing
        rows.append(f'<tr>{cells}<td class="points">{total}</td></tr>')
    foot = ""
    if grading.graded:
        columns = [[row.points[task] for row in grading.graded] for task in tasks]
        columns.append([row.total for row in grading.graded])
        means = "".join(f'<td class="points">{decimal(sum(column) / len(column), language)}</td>' for column in columns)
        foot = f"<tfoot><tr><td>{escaped(word['mean'])}</td>{means}</tr></tfoot>"
    table = f'<table class="list"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody>{foot}</table>'
    return f'<div class="scroll">{table}</div>'


def _points_cell(points: float, status: Status | None, language: str) -> str:
    """Show a task's points and its status as a mark, whose meaning is a tooltip and a label for screen readers."""
    if status is None:
        return f'<td class="points">{decimal(points, language)}</td>'
    meaning = escaped(words(language)[f"status_{status}"])
    mark = f'<span class="badge {status}" role="img" aria-label="{meaning}" title="{meaning}">{MARKS[status]}</span>'
    return f'<td class="points">{mark} {decimal(points, language)}</td>'


def _mistakes(grading: Grading, counts: Sequence[MistakeCount]) -> str:
    """List the mistakes, each with a bar."""
    word, graded = words(grading.language), len(grading.graded)
    heading = f'<h2 class="apart">{escaped(word["mistakes"])}</h2>'
    if not counts:
        return f"{heading}<p>{escaped(word['mistakes_none'])}</p>"
    rows = []
    for one in counts:
        bar = (
            f'<div class="bar" aria-hidden="true"><div style="width:{100 * one.submissions / graded:.1f}%"></div></div>'
        )
        title = f'{escaped(one.title)}<br><span class="quiet">{breakable(one.task)}</span>'
        cells = f'<td>{title}</td><td class="points">{one.submissions}</td><td class="wide">{bar}</td>'
        rows.append(f"<tr>{cells}</tr>")
    note = f'<p class="quiet">{escaped(word["mistakes_counted"].format(graded=graded))}</p>'
    return f'{heading}{note}<div class="scroll"><table class="list"><tbody>{"".join(rows)}</tbody></table></div>'


def feedback_html(row: Row, grading: Grading) -> str:
    """Write a learner's feedback: the report with points, or the reason why there is none."""
    if row.checked:
        points = {task: (row.points[task], possible) for task, possible in grading.rubric.points.items()}
        return report_html(row.checked, points)
    word = words(grading.language)
    text = f"{word['ungraded']}: {row.reason}"
    body = f'<h1>{escaped(row.name)}</h1><p class="notice">{escaped(text)}</p>'
    return page(f"{word['report']}: {row.name}", grading.language, body)
