"""The known mistakes as learners write them, read from ``mutants/*.toml`` and put into a solved sheet."""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handgrad.exercises.catalogue.backward_mutants import LAYERS
from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.sheet.solutions import solution
from handgrad.exercises.sheet.writing import solved_sheet
from handgrad.exercises.submission.reading import Cell, Submission
from handgrad.exercises.tasks import BACKPROP, PARAMETERS, TASKS


@dataclass(frozen=True)
class Mutant:
    """A mistake written out: lines of a task's solution that are replaced, by the quantity they compute.

    A function is replaced as a whole, under the name of its task. ``again`` marks what another mutant makes in another
    layer already.
    """

    mistake: str
    task: str
    lines: Mapping[str, str]
    again: bool = False


def mutants() -> list[Mutant]:
    """Read all mistakes that are written out.

    Examples
    --------
    >>> next(mutant for mutant in mutants() if mutant.mistake == "derivative_plus").lines
    {'del_sigmoid': 'return h * (1 + h)'}
    """
    functions = _read("functions")
    found = [
        Mutant(mistake, task, {task: body})
        for task, table in functions.items()
        for mistake, written in table.items()
        for body in _bodies(written)
    ]
    found += _of_routines(_read("routines"))
    found += _of_methods(_read("methods"))
    by_method = {mutant.mistake for mutant in found if mutant.task == "backprop"}
    for mistake, written in functions["delta_last_layer_easy_approach"].items():
        if "backprop" in catalogue()[mistake].tasks and mistake not in by_method:
            for body in _bodies(written):
                inside = f"def error(h, y):\n{textwrap.indent(body, '    ')}\nself.delta_out = error(self.out, y)"
                found.append(Mutant(mistake, "backprop", {"delta_out": inside}))
    return found


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "mutants" / f"{name}.toml").read_text(encoding="utf-8"))


def _bodies(written: str | list[str]) -> Iterator[str]:
    for body in [written] if isinstance(written, str) else written:
        yield textwrap.dedent(body).strip()


def _of_methods(methods: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Mutant]:
    """Make the mistakes of the methods: in each layer, and in all of them at once."""
    kinds = {
        "delta": BACKPROP[3::3], "dW": BACKPROP[1::3], "db": BACKPROP[2::3],
        "parameter": PARAMETERS, "W": PARAMETERS[::2],
    }  # fmt: skip
    for task, entries in methods.items():
        for number, entry in enumerate(entries):
            of = entry["of"]
            places = [kinds[of], *([name] for name in kinds[of])] if isinstance(of, str) else [of]
            for place, names in enumerate(places):
                lines = {name: _of_quantity(entry["line"].strip(), name) for name in names}
                again = place not in (0, 1 + number % (len(places) - 1)) if place else False
                yield Mutant(entry["mistake"], task, lines, again)


def _of_quantity(line: str, name: str) -> str:
    """Write a line of ``methods.toml`` for one quantity or parameter."""
    if name in PARAMETERS:
        names = {"P": name, "dP": f"d{name}", "sum_P": f"sum_{name}"}
    else:
        i, layer = next((i, layer) for i, layer in enumerate(LAYERS) if name in (layer.delta, layer.dW, layer.db))
        above = LAYERS[i - 1]
        names = {
            "delta": layer.delta, "dW": layer.dW, "db": layer.db, "W": layer.weights, "b": layer.bias,
            "h": layer.activation, "below": layer.below, "above_W": above.weights, "above_delta": above.delta,
            "above_dW": above.dW, "above_h": above.activation,
        }  # fmt: skip
    return re.sub(r'(?<=self\.)\w+|(?<=")\w+(?=")', lambda match: names.get(match[0], match[0]), line)


def _of_routines(routines: Mapping[str, Mapping[str, Any]]) -> Iterator[Mutant]:
    """Make the mistakes of the routines."""
    for task, table in routines.items():
        for mistake, written in table["mistakes"].items():
            for replacements in [written] if isinstance(written, dict) else written:
                lines = []
                for line in table["solution"].strip().splitlines():
                    code = line.lstrip()
                    instead = next((new for old, new in replacements.items() if code.startswith(old)), code)
                    lines.append(textwrap.indent(instead.strip(), " " * (len(line) - len(code))))
                yield Mutant(mistake, task, {task: "\n".join(lines)})


def mutated(wrong: Sequence[Mutant]) -> Submission:
    """Put mistakes into a solved sheet."""
    part = TASKS[wrong[0].task].sheet
    bodies = {task: solution(task) for task in tasks_of(part)}
    for mutant in wrong:
        for name, lines in mutant.lines.items():
            bodies[mutant.task] = lines if name == mutant.task else _replaced(bodies[mutant.task], name, lines)
    return sheet(part, bodies)


def _replaced(body: str, name: str, lines: str) -> str:
    """Put lines in the place of the one that computes a quantity."""
    replaced, count = re.subn(rf"^self\.{name} -?= .*$", lambda _: lines, body, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"{count} lines of the solution compute {name}")
    return replaced


def tasks_of(part: int) -> tuple[str, ...]:
    """Name the tasks of a sheet."""
    return tuple(name for name, task in TASKS.items() if task.sheet == part)


def sheet(part: Any, bodies: Mapping[str, str] | None) -> Submission:
    """Make a submission of a sheet with these bodies in its blanks, or with the solutions."""
    return Submission(f"sheet {part}", (Cell(0, solved_sheet(part, "py", bodies=bodies)),))
