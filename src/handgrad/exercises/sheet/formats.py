"""The file formats of a sheet: modules and notebooks (nbformat 4.5, a format small enough to write by hand)."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from handgrad.exercises.sheet.cells import Part, SheetCell
from handgrad.exercises.tasks import TASKS

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def learners_notebook(part: Part, cells: Iterable[SheetCell]) -> str:
    """Write a notebook whose given code and self-tests have the same nbgrader names as in the teacher's.

    Its blanks are plain cells, which nbgrader never overwrites, neither in a submission nor if this very notebook is
    used as the teacher's.
    """
    return _notebook(_cell(cell, _nbgrader(part, cell) if cell.role != "blank" else {}) for cell in cells)


def nbgrader_notebook(part: Part, cells: Iterable[SheetCell]) -> str:
    """Write a teacher's notebook for ``nbgrader generate_assignment``."""
    return _notebook(_cell(cell, _nbgrader(part, cell)) for cell in cells)


def otter_notebook(part: Part, cells: Sequence[SheetCell]) -> str:
    """Write a teacher's notebook for ``otter assign``, with raw cells around blanks, tests and questions."""
    return _notebook(_otter_cells(part, cells))


def percent_module(cells: Iterable[SheetCell]) -> str:
    """Write a module with ``# %%`` cells, which editors show and run like those of a notebook."""
    parts = []
    for cell in cells:
        if cell.role == "text":
            text = cell.source.replace(".ipynb", ".py")  # in the commands that it mentions
            lines = (f"# {line}".rstrip() for line in text.split("\n"))
            parts.append("\n".join(("# %% [markdown]", *lines)))
        else:
            parts.append(f"# %%\n{cell.source}")
    return "\n\n".join(parts) + "\n"


def _notebook(cells: Iterable[dict[str, Any]]) -> str:
    """Put cells into a notebook."""
    notebook = {"cells": list(cells), "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def _cell(cell: SheetCell, metadata: dict[str, Any]) -> dict[str, Any]:
    """Write a cell."""
    written = {
        "cell_type": "markdown" if cell.role == "text" else "code",
        "id": f"{cell.role}-{cell.name}",
        "metadata": metadata,
        "source": cell.source.splitlines(keepends=True),
    }
    return written if cell.role == "text" else {**written, "execution_count": None, "outputs": []}


def _nbgrader(part: Part, cell: SheetCell) -> dict[str, Any]:
    """Describe a cell to nbgrader: given code is locked, a test gives its task's points, a blank is a solution."""
    if cell.role in ("text", "run"):
        return {}
    metadata: dict[str, Any] = {
        "schema_version": 3,
        "grade_id": f"sheet{part}-{cell.role}-{cell.name}",
        "grade": cell.role == "test",
        "solution": cell.role == "blank",
        "locked": cell.role != "blank",
        "task": False,
    }
    if cell.role == "test":
        metadata["points"] = TASKS[cell.name].points
    return {"nbgrader": metadata}


def _otter_cells(part: Part, cells: Sequence[SheetCell]) -> Iterator[dict[str, Any]]:
    """Put a question around each task, from its blank (if it has one of its own) to its test."""
    yield _raw(
        "config",
        f"# ASSIGNMENT CONFIG\nname: handgrad-sheet{part}\nexport_cell: false\n"
        "requirements:\n  - matplotlib\n  - numpy\n  - scikit-learn\ngenerate: true",
    )
    question = ""
    for i, cell in enumerate(cells):
        if cell.role == "blank":
            question = next(test.name for test in cells[i:] if test.role == "test")
            yield _begin_question(question)
            yield _raw(f"solve-{cell.name}", "# BEGIN SOLUTION")
            yield _cell(cell, {})
            yield _raw(f"solved-{cell.name}", "# END SOLUTION")
        elif cell.role == "test":
            if question != cell.name:
                yield _begin_question(cell.name)
            yield _raw(f"tests-{cell.name}", "# BEGIN TESTS")
            yield _cell(SheetCell(cell.role, cell.name, _as_doctest(cell.source)), {})
            yield _raw(f"tested-{cell.name}", "# END TESTS")
            yield _raw(f"end-{cell.name}", "# END QUESTION")
        else:
            yield _cell(cell, {})


def _as_doctest(source: str) -> str:
    """Turn a self-test into a function and a call without output, as otter takes any output for a failure."""
    body, _, _ = source.rpartition("\n")  # without the line that prints
    return f"def self_test():\n{textwrap.indent(body, '    ')}\n\n\nself_test()"


def _begin_question(task: str) -> dict[str, Any]:
    """Begin the question of a task."""
    return _raw(f"begin-{task}", f"# BEGIN QUESTION\nname: {task}\npoints: {TASKS[task].points}")


def _raw(identity: str, source: str) -> dict[str, Any]:
    """Write a raw cell."""
    return {"cell_type": "raw", "id": identity, "metadata": {}, "source": source.splitlines(keepends=True)}
