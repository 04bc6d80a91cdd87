"""The proof of the checker: what is known to be wrong is named, what is known to be right is right."""

import ast

import pytest
from sampling import sampled

from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.check import check_submission
from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.exercises.sheet.solutions import solution
from proof.prove import (
    Judged,
    held_out_forms,
    interval,
    judge,
    judge_pairs,
    known_forms,
    rejected_variants,
    table,
    variants,
)
from proof.written import mutants, mutated

MUTANTS = mutants()


def test_every_mistake_of_the_catalogue_is_written_out_for_each_of_its_tasks():
    """Nothing is in the catalogue that the proof does not try, and nothing is tried that is not in it."""
    written = {(mutant.task, mutant.mistake) for mutant in MUTANTS}
    listed = {(task, mistake.id) for mistake in catalogue().values() for task in mistake.tasks}
    once = {("nothing_returned", task) for task, _ in written}
    assert written <= listed
    assert {mistake for _, mistake in written} == catalogue().keys()
    assert {pair for pair in listed - written if (pair[1], pair[0]) not in once} == set()


def test_a_written_mistake_is_a_python_module_that_differs_from_the_solved_sheet():
    """Every tenth mutant is valid code, and really replaces something."""
    for mutant in MUTANTS[::10]:
        (cell,) = mutated([mutant]).cells
        ast.parse(cell.source)
        assert all(lines != solution(mutant.task) for lines in mutant.lines.values())


@pytest.mark.parametrize("number", sampled(range(0, len(MUTANTS), 300), 2))
def test_some_written_mistakes_are_named_in_the_isolated_process(number):
    """A sample of the proof, small enough for every test run."""
    mutant = MUTANTS[number]
    (result,) = check_submission(mutated([mutant]), find_sandbox(allow_none=True), tasks=[mutant.task]).tasks
    assert result.findings[0].mistake == mutant.mistake


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), [("labels_shuffled_separately", 11), ("counts_the_test_examples", 21)])
def test_a_name_does_not_depend_on_what_the_order_looks_like_by_chance(name, seed):
    """With one seed, labels happen to be those of a batch; with the other, a few epochs leave out the same rows."""
    box = find_sandbox(allow_none=True)
    for form in (form for form in known_forms() if form.mistake == name):
        (result,) = check_submission(form.submission, box, tasks=(form.task,), seed=seed).tasks
        assert result.findings[0].mistake == name


def test_there_are_at_least_sixty_correct_variants():
    """Variants are read with the sheet that they redefine parts of."""
    assert len(list(variants())) >= 60


@pytest.mark.slow
def test_every_known_form_is_named():
    """In the real isolated process each form of each mistake gets its name."""
    judged = judge(known_forms(), find_sandbox(allow_none=True))
    assert [form for form in judged if form.outcome != "named correctly"] == []


@pytest.mark.slow
def test_two_mistakes_at_once_are_both_named():
    """In at least nine of ten submissions with two mistakes at different quantities."""
    pairs = judge_pairs(60, find_sandbox(allow_none=True))
    assert sum(named for *_, named in pairs) >= 54, [pair for pair in pairs if not pair[2]]


@pytest.mark.slow
def test_every_correct_variant_is_right():
    """However a correct solution is written, each of its tasks is right."""
    assert rejected_variants(find_sandbox(allow_none=True)) == []


@pytest.mark.slow
def test_most_held_out_forms_are_named_and_hardly_any_is_named_wrongly():
    """Of forms that no recogniser contains, nine of ten get their name, and at most one of a hundred gets another."""
    wrong, _ = held_out_forms()
    outcomes = [judged.outcome for judged in judge(wrong, find_sandbox(allow_none=True))]
    assert outcomes.count("named correctly") >= 0.9 * len(wrong)
    assert outcomes.count("named wrongly") <= 0.01 * len(wrong)


def test_the_outcome_of_a_form_is_what_was_said_of_it():
    """A name is right or wrong; without one, the mistake was seen or missed; a remark on a right task may name it."""
    outcomes = {
        Judged("step_sign", "gradient_step", "step_sign", False): "named correctly",
        Judged("argument_changed", "sigmoid", "argument_changed", True): "named correctly",
        Judged("step_sign", "gradient_step", "step_twice", False): "named wrongly",
        Judged("step_sign", "gradient_step", None, False): "not named",
        Judged("step_sign", "gradient_step", None, True): "missed",
    }
    assert {judged: judged.outcome for judged in outcomes} == outcomes


def test_the_table_counts_and_lists_what_was_not_named():
    """A line for each task, the totals with intervals, and each form that was not named correctly."""
    forms = [Judged("derivative_sign", "del_sigmoid", "derivative_sign", False)] * 3
    lines = table([*forms, Judged("step_sign", "gradient_step", "step_twice", False)]).splitlines()
    assert lines[2:5] == [
        "| `del_sigmoid` | 3 | 3 | 0 | 0 | 0 |",
        "| `gradient_step` | 1 | 0 | 1 | 0 | 0 |",
        "| all | 4 | 3 | 1 | 0 | 0 |",
    ]
    assert lines[5] == "| share | | 75.0% | 25.0% | 0.0% | 0.0% |"
    assert lines[-1] == "- `step_sign` in `gradient_step`: named wrongly as `step_twice`"


@pytest.mark.parametrize(("count", "of"), [(0, 7), (3, 7), (7, 7), (190, 193)])
def test_an_interval_is_exact(count, of):
    """At each end of the interval, a result as extreme as the one seen has a probability of 2.5%."""
    from scipy.stats import binom

    low, high = interval(count, of)
    assert low == 0 if count == 0 else binom.sf(count - 1, of, low) == pytest.approx(0.025)
    assert high == 1 if count == of else binom.cdf(count, of, high) == pytest.approx(0.025)
