"""The checker's verdicts on the collected cases are the same whatever is drawn; this takes about a quarter of an hour.

``python -m tests.exercises.real`` measures with more seeds.

A failure reveals only the name of a held-out case, because nothing may be tuned to it.
"""

from collections import defaultdict
from collections.abc import Sequence

import pytest

from handgrad.exercises.sandbox.isolation import find_sandbox
from real import CASES, Case
from real.outcomes import Outcome, judge

SEEDS = 3

pytestmark = pytest.mark.slow


def judged(cases: Sequence[Case]) -> list[Outcome]:
    """Check cases with every seed; none may end in a crash of the checker."""
    outcomes = judge(cases, range(SEEDS), find_sandbox(allow_none=True))
    assert {one.case.name for one in outcomes if one.word == "crash"} == set()
    return outcomes


def test_right_solutions_are_never_rejected() -> None:
    """Every right solution is right with every seed."""
    assert {one.case.name for one in judged(CASES["right"]) if one.word != "right"} == set()


def test_open_mistakes_are_never_named_wrongly() -> None:
    """A mistake is named, described or missed, but no open one gets another cause."""
    wrongly = [one for one in judged(CASES["mistakes"]) if one.word == "another cause"]
    assert [str(one) for one in wrongly if not one.case.held_out] == []


def test_whether_a_cheat_is_caught_is_no_matter_of_chance() -> None:
    """A cheat is caught with every seed or with none."""
    words: dict[str, set[str]] = defaultdict(set)
    for one in judged(CASES["cheats"]):
        words[one.case.name].add(one.word)
    assert {name for name, said in words.items() if len(said) > 1} == set()
