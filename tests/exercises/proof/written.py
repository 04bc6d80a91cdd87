"""The known forms of every mistake, as learners would write them: the catalogue's edits, made in a solved sheet."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from handgrad.exercises.catalogue.edits import KINDS, bodies, lines_for, reference
from handgrad.exercises.catalogue.layers import ACTIVATIONS
from handgrad.exercises.catalogue.mistakes import Code, Mistake, catalogue
from handgrad.exercises.catalogue.routines import edited
from handgrad.exercises.sheet.solutions import solution
from handgrad.exercises.sheet.writing import solved_sheet
from handgrad.exercises.submission.reading import Cell, Submission
from handgrad.exercises.tasks import BACKPROP, PARAMETERS, TASKS

# What a learner may have written in place of a name that only the catalogue has.
OWN = {
    "OWN_RATE": "0.1", "OWN_FACTOR": "0.5", "OWN_SIZE": "64", "OWN_COUNT": "20", "OWN_REPEATS": "3", "OWN_BATCHES": "2",
    "OWN_SHARE": "0.25",
    "neural_net = neural_net.another()": "import copy\nneural_net = copy.deepcopy(neural_net)",
}  # fmt: skip
OF_ALL = {"parameter_not_updated": "nothing_updated"}  # what a mistake is called that all parameters have


@dataclass(frozen=True)
class Mutant:
    """A mistake written out: lines of a task's solution that are replaced, by the quantity they compute.

    A function or routine is replaced as a whole, under the name of its task. ``again`` marks what another mutant makes
    in another layer already.
    """

    mistake: str
    task: str
    lines: Mapping[str, str]
    again: bool = False


def mutants() -> list[Mutant]:
    """Write out all mistakes, in all their known ways.

    Examples
    --------
    >>> next(mutant for mutant in mutants() if mutant.mistake == "derivative_plus").lines
    {'del_sigmoid': 'return h * (1 + h)'}
    """
    return [
        mutant
        for mistake in catalogue().values()
        for number, entry in enumerate((*mistake.code, *mistake.written))
        for task in mistake.tasks
        for mutant in _written(mistake, entry, task, number)
    ]


def _written(mistake: Mistake, entry: Code, task: str, number: int) -> Iterator[Mutant]:
    """Write out one entry for one task."""
    match TASKS[task].kind:
        case _ if mistake.sign in ("forward", "signature") and isinstance(entry, dict):
            yield Mutant(mistake.id, task, entry)
        case "function":
            for body in bodies(entry, task, mistake):
                yield Mutant(mistake.id, task, {task: body})
        case "routine":
            names = "|".join(map(re.escape, OWN))
            for body in edited(task, entry, mistake):
                yield Mutant(mistake.id, task, {task: re.sub(names, lambda match: OWN[match[0]], body)})
        case "method" if not (isinstance(entry, dict) and "after_" in str(entry)):  # of what only a judge sees
            yield from _in_method(mistake, entry, task, number)


def _in_method(mistake: Mistake, entry: Code, task: str, number: int) -> Iterator[Mutant]:
    """Write out an entry for the quantities of a method: in all of its layers at once, and in each of them."""
    quantities = (*ACTIVATIONS[1:], *BACKPROP) if task == "backprop" else PARAMETERS
    forms = {name: forms for name in quantities if (forms := list(lines_for(entry, name, mistake)))}
    if not forms:
        return
    together = isinstance(entry, dict) and not entry.keys() & KINDS.keys()
    if together or len(forms) > 1:
        called = OF_ALL.get(mistake.id, mistake.id)
        yield Mutant(called, task, {name: lines for name, (lines, *_) in forms.items()})
    if not together or len(forms) == 1:
        chosen = list(forms)[number % len(forms)]
        for name, several in forms.items():
            for lines in several:
                yield Mutant(mistake.id, task, {name: lines}, again=name != chosen)


def mutated(wrong: Sequence[Mutant]) -> Submission:
    """Put mistakes into a solved sheet."""
    part = TASKS[wrong[0].task].sheet
    solved = {task: solution(task) for task in TASKS if TASKS[task].sheet == part}
    given = {}
    for mutant in wrong:
        for name, lines in mutant.lines.items():
            if " " in name:  # a line of the class that the sheet gives
                given[name] = lines
                continue
            if name in ACTIVATIONS:
                given[reference(name).replace("(self.X,", "(X,")] = textwrap.indent(lines, 8 * " ").lstrip()
                continue
            solved[mutant.task] = lines if name == mutant.task else _replaced(solved[mutant.task], name, lines)
    made = sheet(part, solved)
    (cell,) = made.cells
    source = cell.source
    for line, lines in given.items():
        assert line in source
        source = source.replace(line, lines, 1)
    if "KEPT" in source:  # the catalogue's list that outlives a call
        source += "\n\nKEPT = []\n"
    return replace(made, cells=(replace(cell, source=source),))


def _replaced(body: str, name: str, lines: str) -> str:
    """Put lines in the place of the one that computes a quantity."""
    replaced, count = re.subn(rf"^self\.{name} -?= .*$", lambda _: lines, body, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"{count} lines of the solution compute {name}")
    return replaced


def sheet(part: Any, bodies: Mapping[str, str] | None) -> Submission:
    """Make a submission of a sheet with these bodies in its blanks, or with the solutions."""
    return Submission(f"sheet {part}", (Cell(0, solved_sheet(part, "py", bodies=bodies)),))
