"""The report as data: plain dictionaries, and as JSON text."""

from __future__ import annotations

import json
from typing import Any

from handgrad.exercises.report import feedback
from handgrad.exercises.report.parts import clean, clean_line, first_wrong
from handgrad.exercises.results import Checked, Language, TaskResult


def report_data(checked: Checked) -> dict[str, Any]:
    """Give a report as dictionaries, lists, text and numbers.

    Parameters
    ----------
    checked : Checked

    Returns
    -------
    dict
        ``tasks`` is a list with ``task``, ``status``, ``mistake``, ``first_wrong``, ``message`` and ``equation`` of
        each, the last four those of its first finding; where there is none, and where the task is right and its
        findings are remarks, they are None, and the message is the task's own. Then ``findings`` (all of them),
        ``consequences``, ``unseen``, ``crash`` and ``credit``. Beside it ``name``, ``language``, ``isolated`` and
        ``seconds``. Explanations are left out.

    Examples
    --------
    >>> from handgrad.exercises.results import TaskResult
    >>> data = report_data(Checked("anna", (TaskResult("sigmoid", "right", credit=1.0),), "en", True, 0.5))
    >>> data["tasks"][0]["status"], data["tasks"][0]["mistake"]
    ('right', None)
    """
    return {
        "name": clean_line(checked.name),
        "language": checked.language,
        "isolated": checked.isolated,
        "seconds": round(checked.seconds, 3),
        "tasks": [_task(result, checked.language) for result in checked.tasks],
    }


def report_json(checked: Checked) -> str:
    """Give a report as JSON text, in ASCII, so that no output can garble it.

    Parameters
    ----------
    checked : Checked

    Returns
    -------
    str
        What :func:`report_data` gives.

    Examples
    --------
    >>> json.loads(report_json(Checked("anna", (), "en", True, 0.5)))["tasks"]
    []
    """
    return json.dumps(report_data(checked), indent=2, allow_nan=False)


def _task(result: TaskResult, language: Language) -> dict[str, Any]:
    finding = result.findings[0] if result.findings and result.status != "right" else None
    crash = result.crash
    return {
        "task": result.task,
        "status": result.status,
        "mistake": finding.mistake if finding else None,
        "first_wrong": first_wrong(result) if finding else None,
        "message": clean(feedback.summary(result, language)),
        "equation": (finding.equation if finding else "") or None,
        "findings": [
            {
                "quantities": list(finding.quantities),
                "mistake": finding.mistake,
                "message": clean(feedback.message(finding, language)),
                "hint": clean(feedback.hint(finding, language)),
                "equation": finding.equation or None,
            }
            for finding in result.findings
        ],
        "consequences": list(result.consequences),
        "unseen": list(result.unseen),
        "crash": crash
        and {
            "type": clean_line(crash.type),
            "message": clean(crash.message),
            "cell": crash.cell,
            "line": crash.line,
            "source": clean(crash.source),
        },
        "credit": result.credit,
    }
