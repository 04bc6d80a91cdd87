"""The collected cases are what they say they are, measured by the handout alone, without the checker."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from handgrad.exercises.catalogue.mistakes import catalogue
from real import CASES, FUNCTIONS, HELD_OUT, METHODS, OPEN, ROUTINES, Case, reference
from real.probing import calls, differs, loaded, undone

TASKS = (*FUNCTIONS, *METHODS, *ROUTINES)
ALL = [case for cases in CASES.values() for case in cases]
EXACT = 1e-9  # nearer than a cheat comes, and further than honest rounding goes
MANY_CALLS = 4000  # an honest backward pass of this size makes fewer, even in loops


@pytest.fixture(autouse=True)
def _undone() -> Iterator[None]:
    """Undo what a cheat has done to NumPy or to the package."""
    with undone():
        yield


def each(kind: str) -> pytest.MarkDecorator:
    """Run a test once for every case of a file."""
    return pytest.mark.parametrize("case", CASES[kind], ids=lambda case: case.name)


def test_there_are_enough_cases() -> None:
    """There are at least 70 mistakes, 70 right solutions and 40 cheats; every task is wrong in some."""
    for kind, least in (("mistakes", 70), ("right", 70), ("cheats", 40)):
        assert len(CASES[kind]) >= least
    for kind in ("mistakes", "cheats"):
        assert {case.task for case in CASES[kind]} == set(TASKS)


def test_both_parts_have_all_that_a_measurement_needs() -> None:
    """The open mistakes have all tasks with several, and so have those held out, where there are any."""
    count = Counter(case.task for case in CASES["mistakes"])
    for mistakes in (part["mistakes"] for part in (OPEN, HELD_OUT) if part["mistakes"]):
        assert {case.task for case in mistakes} >= {task for task, n in count.items() if n > 1}


def test_names_and_codes_are_unique() -> None:
    """No two cases have the same name, nor the same code."""
    assert [name for name, n in Counter(case.name for case in ALL).items() if n > 1] == []
    codes = Counter("\n".join(ast.dump(ast.parse(text)) for text in case.code.values()) for case in ALL)
    assert max(codes.values()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_case_is_well_formed(case: Case) -> None:
    """A case has a source, and definitions under their own names; its sheet compiles and defines all tasks."""
    assert case.code.keys() <= {*reference(), "top", "fcc"}
    for name, text in case.code.items():
        if name != "top":
            defined = [getattr(node, "name", None) for node in ast.parse(text).body]
            assert name in defined
            assert ast.dump(ast.parse(text)) != ast.dump(ast.parse(reference().get(name, "")))
    if case.kind == "cheats":
        assert re.fullmatch(r"[A-Z].*\.", case.source)
    else:
        assert re.search(r"^\S.*[ ,;].*https?://\S+", case.source)
    assert (case.task in TASKS) == (case.kind != "right")
    assert bool(re.fullmatch(r".*\.", case.cause)) == (case.kind == "mistakes")
    module = loaded(case.sheet)
    assert all(callable(getattr(module, name)) for name in (*FUNCTIONS, *ROUTINES))
    assert all(callable(getattr(module.fcc, name)) for name in METHODS)


@each("mistakes")
def test_ids_are_in_the_catalogue(case: Case) -> None:
    """The catalogue's mistakes that are named exist, and occur in that task."""
    for mistake in case.ids:
        assert case.reported_in in catalogue()[mistake].tasks


@pytest.mark.slow
@each("right")
def test_right_solution_agrees_with_the_handout(case: Case) -> None:
    """A right solution computes what the handout does, in every task; its routines take the steps they are to take."""
    module = loaded(case.sheet)
    tasks = [name for name in FUNCTIONS if name in case.code] + [*METHODS, *ROUTINES]
    assert {task: found for task in tasks if (found := differs(module, task))} == {}


@pytest.mark.slow
@each("mistakes")
def test_mistake_differs_from_the_handout(case: Case) -> None:
    """A mistake shows in the task in which it is said to be."""
    assert differs(loaded(case.sheet), case.task, record=True)


@pytest.mark.slow
@each("mistakes")
def test_mistake_is_alone(case: Case) -> None:
    """A mistake leaves alone what does not depend on it: the functions, other than its own, are right."""
    module = loaded(case.sheet)
    others = [name for name in FUNCTIONS if name != case.task]
    assert {name: found for name in others if (found := differs(module, name))} == {}


@pytest.mark.slow
@each("cheats")
def test_cheat_is_wrong(case: Case) -> None:
    """A cheat gives a wrong number, if only rarely, or computes far too much, or lets a package do the task."""
    module = loaded(case.sheet)
    found = differs(module, case.task, EXACT, record=True, large=not case.hidden)
    assert bool(found) == (not case.hidden) or case.hidden == "rarely"
    if case.hidden == "work":
        assert calls(module) > MANY_CALLS
    elif case.hidden == "import":
        assert re.search("handout|handgrad|scipy|sklearn", "".join(case.code.values()))


@pytest.mark.slow
@each("right")
def test_honest_work_is_little(case: Case) -> None:
    """No right solution makes as many calls in a backward pass as those that cheat by measuring."""
    assert calls(loaded(case.sheet)) < MANY_CALLS


def test_the_handout_itself_passes() -> None:
    """The sheet without any case differs nowhere, not even exactly: what a case shows is its own."""
    module = loaded(Case("right", "none", "", {}).sheet)
    assert [task for task in TASKS if differs(module, task, EXACT, record=True, large=True)] == []
