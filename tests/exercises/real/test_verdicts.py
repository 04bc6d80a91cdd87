"""The checker's verdicts on the open cases are the same whatever is drawn; this takes about half an hour.

``python -m tests.exercises.real`` measures the held-out ones: nothing may be tuned to them, not even by a failing test.
"""

from collections import defaultdict

import pytest

from handgrad.exercises.sandbox.isolation import find_sandbox
from real import OPEN
from real.outcomes import Outcome, judge

SEEDS = {"right": 3, "mistakes": 1, "cheats": 2}

pytestmark = pytest.mark.slow


def judged(kind: str) -> list[Outcome]:
    """Check the open cases of a kind with as many seeds as it has; the checker must never crash."""
    outcomes = judge(OPEN[kind], range(SEEDS[kind]), find_sandbox(allow_none=True))
    assert {one.case.name for one in outcomes if one.word == "crash"} == set()
    return outcomes


def test_right_solutions_are_never_rejected() -> None:
    """Every right solution is right with every seed."""
    assert {one.case.name for one in judged("right") if one.word != "right"} == set()


def test_open_mistakes_are_never_named_wrongly() -> None:
    """A mistake is named, described or missed, but none gets another cause."""
    assert [str(one) for one in judged("mistakes") if one.word == "another cause"] == []


def test_whether_a_cheat_is_caught_is_no_matter_of_chance() -> None:
    """A cheat is caught with every seed or with none."""
    words: dict[str, set[str]] = defaultdict(set)
    for one in judged("cheats"):
        words[one.case.name].add(one.word)
    assert {name for name, said in words.items() if len(said) > 1} == set()
