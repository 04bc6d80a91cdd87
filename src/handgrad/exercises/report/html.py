"""The report as one HTML page: it needs nothing beside it, fits a phone, a dark screen and a sheet of paper.

Nothing of a submission gets into the page unescaped, and what a colour says is also said in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handgrad.exercises.report.feedback import Advice, Block, Chain, CodeLine, Message, Numbers, Paragraph, blocks
from handgrad.exercises.report.page import breakable, escaped, escaped_text, page
from handgrad.exercises.report.parts import MARKS, alike, decimal, has_more, task_number, words
from handgrad.exercises.results import Checked, Language, Status, TaskResult

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
    >>> checked = Checked("<anna>", (TaskResult("sigmoid", "right"),), "en", True, 0.5)
    >>> text = report_html(checked, {"sigmoid": (1.0, 1.0)})
    >>> "<h1>&lt;anna&gt;</h1>" in text, "<anna>" in text
    (True, False)
    """
    word, language = words(checked.language), checked.language
    right = sum(result.status == "right" for result in checked.tasks)
    summary = word["summary" if checked.tasks else "no_tasks"].format(right=right, all=len(checked.tasks))
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
    groups = alike([result for result in checked.tasks if has_more(result)])
    body += [_card(group, language) for group in groups]
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
        if has_more(result):
            name = f'<a href="#{escaped(result.task)}">{name}</a>'
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


def _card(results: Sequence[TaskResult], language: Language) -> str:
    """Say all about a task that is not right, or about several alike; each finding is a section of its own."""
    result = results[0]
    titles = [
        f'<span class="number" id="{escaped(one.task)}">{task_number(one.task)}</span>{breakable(one.task)}'
        for one in results
    ]
    sections = [f"<header><h2>{', '.join(titles)}</h2>{badge(result.status, language)}</header>"]
    findings: list[str] = []
    for block in blocks(result, language):
        if isinstance(block, Message):
            findings.append("")
        if findings:
            findings[-1] += _block(block, language)
        else:
            sections.append(_block(block, language))
    sections += [f'<div class="finding">{finding}</div>' for finding in findings]
    return f'<section class="card {result.status}">{"".join(sections)}</section>'


def _block(block: Block, language: Language) -> str:
    """Draw one block; hint and explanation unfold."""
    match block:
        case Paragraph(text):
            return f'<p class="text">{escaped_text(text)}</p>'
        case CodeLine(where, source, label, said):
            return (
                f'<p class="quiet">{escaped(where)}:</p><pre class="code">{escaped_text(source).strip()}</pre>'
                f'<p><span class="quiet">{escaped(label)}:</span> <code>{escaped(said)}</code></p>'
            )
        case Message(lead, text, note):
            before = f"<b>{escaped(lead)}:</b> " if lead else ""
            after = f' <span class="quiet">{escaped(note)}</span>' if note else ""
            return f'<p class="text">{before}{escaped_text(text)}{after}</p>'
        case Chain():
            return _chain(block)
        case Advice(lines):
            return "".join(
                f"<p><b>{escaped(line.label)}:</b> {escaped(line.text)}</p>"
                if line.kind == "equation"
                else f"<details><summary>{escaped(line.label)}</summary>"
                f'<div class="text">{escaped_text(line.text)}</div></details>'
                for line in lines
            )
        case Numbers():
            return _picture(block, language)


def _chain(chain: Chain) -> str:
    """Draw the quantities in a row, each with how it stands."""
    items = "".join(
        f'<li class="{link.state}{" first" if link.first else ""}">'
        f"<span>{escaped(link.quantity)}<b>{escaped(chain.states[link.state])}</b></span></li>"
        for link in chain.links
    )
    note = f'<p class="quiet">{escaped(chain.note)}</p>' if chain.note else ""
    return f'<ol class="chain{" sequence" if chain.sequence else ""}">{items}</ol>{note}'


def _picture(numbers: Numbers, language: Language) -> str:
    """Set expected and found beside each other; a star marks what differs."""
    word = words(language)
    sides = []
    for name, rows, marked in (("expected", numbers.expected, frozenset()), ("found", numbers.found, numbers.wrong)):
        lines = []
        for i, row in enumerate(rows):
            cells = (
                f'<td class="differs">{escaped(cell)}*</td>' if (i, j) in marked else f"<td>{escaped(cell)}</td>"
                for j, cell in enumerate(row)
            )
            lines.append(f"<tr>{''.join(cells)}</tr>")
        sides.append(f'<div><div class="side">{escaped(word[name])}</div><table>{"".join(lines)}</table></div>')
    note = f'<p class="quiet">{escaped(word["differs"])}</p>' if numbers.wrong else ""
    caption = f'<figcaption class="text">{escaped_text(numbers.caption)}</figcaption>'
    return f'<figure class="picture">{caption}<div class="sides">{"".join(sides)}</div>{note}</figure>'
