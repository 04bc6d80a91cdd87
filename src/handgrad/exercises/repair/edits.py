"""Small changes of one definition: what somebody who got it almost right would have had to write instead.

They are the mutations by which tests are tested, made in the other direction (DeMillo, Lipton and Sayward, "Hints on
test data selection", 1978). They are made as text, so that everything else stays as the learner wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise

from handgrad.exercises.repair.definition import Definition, Edit
from handgrad.exercises.repair.expressions import of_expressions
from handgrad.exercises.repair.statements import of_statements


def edits(definition: Definition) -> Iterator[Edit]:
    r"""List the changes of a definition: each place by itself, then the same change wherever it can be made.

    Examples
    --------
    >>> from handgrad.exercises.repair.definition import applied
    >>> definition = Definition("f", 0, 1, "def f(a, b):\n    return a - b\n")
    >>> [applied(definition.text, edit).splitlines()[-1].strip() for edit in edits(definition)][:3]
    ['return (a + b)', 'return (b - a)', 'return a']
    """
    single = [*of_expressions(definition), *of_statements(definition)]
    yield from single
    ordered = sorted((one for one in single if one.rule), key=lambda one: (one.rank, one.rule))
    for (rank, rule), alike in groupby(ordered, key=lambda one: (one.rank, one.rule)):
        parts = sorted(part for one in alike for part in one.parts)
        apart = all(before[1] <= after[0] for before, after in pairwise(parts))
        if len(parts) > 1 and apart:
            yield Edit(rank, rule, tuple(parts))
