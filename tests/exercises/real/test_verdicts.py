"""The checker rejects none of the right solutions of the open cases.

``python -m tests.exercises.real open 30`` judges all of them, mistakes and cheats too, with as many seeds as there is
time for, and prints a table. Nothing here looks at those held out: nothing may be tuned to them, not even by a
failing test.
"""

import pytest

from handgrad.exercises.sandbox.isolation import find_sandbox
from real import OPEN
from real.outcomes import judge


@pytest.mark.slow
def test_right_solutions_are_never_rejected() -> None:
    """Every right solution is right; this takes about ten minutes on two cores."""
    outcomes = judge(OPEN["right"], range(1), find_sandbox(allow_none=True))
    assert [str(one) for one in outcomes if one.word != "right"] == []
