"""Tables for other programs: the grade book, the counts of mistakes with their picture, everything as JSON."""

from __future__ import annotations

import csv
import io
import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from handgrad.exercises.grading.grading import Grading, MistakeCount, Row
from handgrad.exercises.report import report_data
from handgrad.exercises.report.parts import clean_line, decimal, words

MAXIMUM_BARS = 20
# At the start of a cell, also of one that ends at another character than ours: in Germany, that is the semicolon.
_FORMULA = re.compile(r"((?:^|[;,|\t])[\s\"]*)([=+\-@＝＋－＠])")  # noqa: RUF001 - spreadsheets take the wide ones, too


def grades_csv(grading: Grading) -> str:
    r"""Write the grade book: name, number, points for each task, total, status, and the reason if there are no points.

    ``status`` is ``graded``, ``self-check`` (the code ran without isolation) or ``not graded``. In the last case there
    are no points, not even zero: a person has to decide what that submission is worth.

    Examples
    --------
    >>> from handgrad.exercises.grading.rubric import Rubric
    >>> row = Row("=1+1", "", None, {}, "it is encrypted")
    >>> print(grades_csv(Grading((row,), Rubric({"del_sigmoid": 1.0}), "en")), end="")
    "name","id","del_sigmoid","total","status","note"
    "'=1+1","","","","not graded","it is encrypted"
    """
    tasks = list(grading.rubric.points)
    rows = [
        [
            row.name,
            row.id,
            *(decimal(row.points[task], "en", 4) if row.checked else "" for task in tasks),
            decimal(row.total, "en", 4) if row.checked else "",
            status(row),
            row.reason,
        ]
        for row in grading.rows
    ]
    return _csv(["name", "id", *tasks, "total", "status", "note"], rows)


def status(row: Row) -> str:
    """Name the status of a submission, for other programs."""
    if row.checked is None:
        return "not graded"
    return "graded" if row.checked.isolated else "self-check"


def mistakes_csv(grading: Grading, counts: Iterable[MistakeCount]) -> str:
    """Write the number of submissions with each mistake, and their share of those graded."""
    graded = len(grading.graded)
    rows = [
        [one.task, one.mistake or "", one.title, str(one.submissions), decimal(one.submissions / graded, "en", 4)]
        for one in counts
    ]
    return _csv(["task", "mistake", "title", "submissions", "share"], rows)


def grading_data(grading: Grading) -> dict[str, object]:
    """Give a grading as dictionaries, lists, text and numbers."""
    return {
        "maximum": grading.rubric.maximum,
        "submissions": [
            {
                "name": clean_line(row.name),
                "id": row.id,
                "status": status(row),
                "reason": clean_line(row.reason),
                "points": dict(row.points),
                "total": row.total if row.checked else None,
                "report": row.checked and report_data(row.checked),
            }
            for row in grading.rows
        ],
    }


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in which no cell is taken for a formula, nor a part of one where semicolons separate cells."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([header, *(list(map(_cell, row)) for row in rows)])
    return text.getvalue()


def _cell(text: str) -> str:
    """Clean text, and put an apostrophe before anything that a spreadsheet would compute."""
    return _FORMULA.sub(r"\1'\2", clean_line(text))


def draw_mistakes(grading: Grading, counts: Sequence[MistakeCount], path: Path) -> None:
    """Draw how many submissions made each mistake, as bars, the most frequent on top."""
    from handgrad.reporting.charts import BLUE, GREY, new_picture

    word, graded = words(grading.language), len(grading.graded)
    shown = counts[:MAXIMUM_BARS]
    titles = [textwrap.fill(one.title, 50) for one in shown]
    # In lines of text: room for a title, the task below it, and a gap.
    heights = [title.count("\n") + 2.8 for title in titles]
    with new_picture(path, (12, 2.0 + 0.235 * sum(heights))) as figure:
        axes = figure.subplots()
        figure.suptitle(word["mistakes"], x=0.015, ha="left", fontsize=20)
        axes.spines[:].set_visible(False)
        axes.set(xticks=[], yticks=[])
        if not shown:
            axes.text(0, 0.5, word["mistakes_none"], transform=axes.transAxes)
            return
        subtitle = word["mistakes_counted"].format(graded=graded)
        if len(shown) < len(counts):
            subtitle += f"\n({word['mistakes_more'].format(shown=len(shown), all=len(counts))})"
        axes.set_title(subtitle, loc="left", fontsize=14, color=GREY, pad=10)
        axes.set_ylim(sum(heights), 0)
        axes.set_xlim(0, 1.06 * shown[0].submissions)
        top, beside = 0.0, axes.get_yaxis_transform()
        for one, title, height in zip(shown, titles, heights, strict=True):
            foot, middle = top + height - 1.75, top + height / 2 - 0.4
            axes.text(-0.015, foot, title, transform=beside, ha="right", va="bottom", fontsize=13, linespacing=1.1)
            axes.text(-0.015, foot, one.task, transform=beside, ha="right", va="top", fontsize=11, color=GREY)
            axes.barh(middle, one.submissions, height=1.3, color=BLUE)
            axes.text(one.submissions, middle, f" {one.submissions}", va="center", fontsize=14)
            top += height
