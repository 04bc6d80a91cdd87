"""The report as one HTML page: it needs nothing beside it, fits a phone, a dark screen and a sheet of paper.

Nothing of a submission gets into the page unescaped, and what a colour says is also said in words.
"""

from __future__ import annotations

from collections.abc import Mapping

from handgrad.exercises.calls import Crash
from handgrad.exercises.report.page import breakable, escaped, escaped_text, page
from handgrad.exercises.report.parts import (
    MARKS,
    chain,
    decimal,
    differing,
    has_more,
    is_sequence,
    own_message,
    place,
    task_number,
    words,
)
from handgrad.exercises.results import Checked, Finding, Picture, Status, TaskResult

Points = Mapping[str, tuple[float, float]]


def report_html(checked: Checked, points: Points | None = None) -> str:
    """Write a report as an HTML page.

    Parameters
    ----------
    checked : Checked
    points : mapping of str to (float, float), optional
        For each task that counts: the points it got, and those it could get. Without them no points are shown.

    Returns
    -------
    str
        The whole document.

    Examples
    --------
    >>> checked = Checked("<anna>", (TaskResult("sigmoid", "right", "Right."),), "en", True, 0.5)
    >>> text = report_html(checked, {"sigmoid": (1.0, 1.0)})
    >>> "<h1>&lt;anna&gt;</h1>" in text, "<anna>" in text
    (True, False)
    """
    word, language = words(checked.language), checked.language
    right = sum(result.status == "right" for result in checked.tasks)
    summary = word["summary"].format(right=right, all=len(checked.tasks))
    seconds = word["seconds"].format(seconds=decimal(checked.seconds, language, 1))
    if points is not None:
        got, possible = (decimal(sum(pair[i] for pair in points.values()), language) for i in (0, 1))
        summary = f"{word['points_of'].format(got=got, all=possible)}, {summary}"
    body = [f"<h1>{escaped(checked.name)}</h1>", f'<p class="quiet">{escaped(summary)}, {escaped(seconds)}</p>']
    if not checked.isolated:
        body.append(f'<p class="notice">{escaped(word["self_check"])}</p>')
    if checked.tasks:
        body.append(_table(checked, points))
    else:
        body.append(f'<p class="notice">{escaped(word["nothing"])}</p>')
    body += [_card(result, language) for result in checked.tasks if has_more(result)]
    return page(f"{word['report']}: {checked.name}", language, "\n".join(body))


def badge(status: Status, language: str) -> str:
    """Show a status as mark and word."""
    return f'<span class="badge {status}">{MARKS[status]} {escaped(words(language)[f"status_{status}"])}</span>'


def _table(checked: Checked, points: Points | None) -> str:
    """Give each task a line, with a link to what is said about it."""
    word, language = words(checked.language), checked.language
    headings = [word["task"], word["result"]]
    rows = []
    for result in checked.tasks:
        name = breakable(result.task)
        name = (
            name
            if not (result.status != "right" or result.findings)
            else f'<a href="#{escaped(result.task)}">{name}</a>'
        )
        cells = f'<td><span class="number">{task_number(result.task)}</span> {name}</td>'
        cells += f"<td>{badge(result.status, language)}</td>"
        if points is not None:
            pair = " / ".join(decimal(value, language) for value in points.get(result.task, ()))
            cells += f'<td class="points">{pair}</td>'
        rows.append(f"<tr>{cells}</tr>")
    head = "".join(f'<th scope="col">{escaped(heading)}</th>' for heading in headings)
    if points is not None:
        head += f'<th scope="col" class="points">{escaped(word["points"])}</th>'
    head = f"<thead><tr>{head}</tr></thead>"
    return f'<div class="scroll"><table class="list">{head}<tbody>{"".join(rows)}</tbody></table></div>'


def _card(result: TaskResult, language: str) -> str:
    """Say all about a task that is not right."""
    title = f'<span class="number">{task_number(result.task)}</span>{breakable(result.task)}'
    parts = [f"<header><h2>{title}</h2>{badge(result.status, language)}</header>"]
    if message := own_message(result):
        parts.append(f'<p class="text">{escaped_text(message)}</p>')
    if result.crash:
        parts.append(_crash(result.crash, language))
    for position, finding in enumerate(result.findings):
        drawn = _chain(result, language) if position == 0 else ""
        picture = _picture(result.picture, language) if position == 0 and result.picture else ""
        parts.append(_finding(finding, drawn, picture, language, also=position > 0))
    return f'<section class="card {result.status}" id="{escaped(result.task)}">{"".join(parts)}</section>'


def _crash(crash: Crash, language: str) -> str:
    """Quote the learner's own line, and what Python said."""
    said = f"{crash.type}: {crash.message}" if crash.message else crash.type
    return (
        f'<p class="quiet">{escaped(place(crash, language))}:</p>'
        f'<pre class="code">{escaped_text(crash.source).strip()}</pre>'
        f'<p><span class="quiet">{escaped(words(language)["python_says"])}:</span> <code>{escaped(said)}</code></p>'
    )


def _finding(finding: Finding, drawn: str, picture: str, language: str, also: bool) -> str:
    """Say what is wrong; hint and explanation unfold."""
    word = words(language)
    lead = f"<b>{escaped(word['also'])}:</b> " if also else ""
    unnamed = "" if finding.mistake else f' <span class="quiet">{escaped(word["unnamed"])}</span>'
    parts = [f'<p class="text">{lead}{escaped_text(finding.message)}{unnamed}</p>', drawn]
    if finding.equation:
        parts.append(f"<p><b>{escaped(word['equation'])}:</b> {escaped(finding.equation)}</p>")
    parts += [
        f'<details><summary>{escaped(word[name])}</summary><div class="text">{escaped_text(text)}</div></details>'
        for name, text in (("hint", finding.hint), ("explanation", finding.explanation))
        if text
    ]
    return f'<div class="finding">{"".join(parts)}{picture}</div>'


def _chain(result: TaskResult, language: str) -> str:
    """Draw the quantities in a row, each with how it stands."""
    word, links = words(language), chain(result)
    if not links:
        return ""
    items = "".join(
        f'<li class="{link.state}{" first" if link.first else ""}">'
        f"<span>{escaped(link.quantity)}<b>{escaped(word[f'chain_{link.state}'])}</b></span></li>"
        for link in links
    )
    note = f'<p class="quiet">{escaped(word["chain_explained"])}</p>' if result.consequences else ""
    return f'<ol class="chain{" sequence" if is_sequence(result) else ""}">{items}</ol>{note}'


def _picture(picture: Picture, language: str) -> str:
    """Set expected and found beside each other; a star marks what differs."""
    word, wrong = words(language), differing(picture)
    sides = []
    for name, rows, marked in (("expected", picture.expected, frozenset()), ("found", picture.found, wrong)):
        lines = []
        for i, row in enumerate(rows):
            cells = (
                f'<td class="differs">{escaped(cell)}*</td>' if (i, j) in marked else f"<td>{escaped(cell)}</td>"
                for j, cell in enumerate(row)
            )
            lines.append(f"<tr>{''.join(cells)}</tr>")
        sides.append(f'<div><div class="side">{escaped(word[name])}</div><table>{"".join(lines)}</table></div>')
    note = f'<p class="quiet">{escaped(word["differs"])}</p>' if wrong else ""
    caption = f'<figcaption class="text">{escaped_text(picture.caption)}</figcaption>'
    return f'<figure class="picture">{caption}<div class="sides">{"".join(sides)}</div>{note}</figure>'
