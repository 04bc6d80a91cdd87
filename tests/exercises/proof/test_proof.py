"""The proof, and the written mistakes that it is made of."""

import ast

import pytest

from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.check import check_submission
from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.exercises.sheet.solutions import solution
from proof.prove import Proof, draw, prove, shown, table, variants
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
    """Each mutant is valid code, and really replaces something."""
    for mutant in MUTANTS:
        (cell,) = mutated([mutant]).cells
        ast.parse(cell.source)
        assert all(lines != solution(mutant.task) for lines in mutant.lines.values())


@pytest.mark.parametrize("number", range(0, len(MUTANTS), 60))
def test_some_written_mistakes_are_named_in_the_isolated_process(number):
    """A sample of the proof, small enough for every test run."""
    mutant = MUTANTS[number]
    (result,) = check_submission(mutated([mutant]), find_sandbox(allow_none=True), tasks=[mutant.task]).tasks
    assert result.findings[0].mistake == mutant.mistake


def test_a_proof_holds_only_if_everything_does():
    """One unnamed mistake, one rejected variant, one point too many or too few, or too few pairs, and it fails."""
    confusion = {(name, name): 2 for name in catalogue()}
    good = Proof(0, 1, confusion, (("a", "b", True),), (), 60)
    assert good.holds
    assert not Proof(0.1, 1, confusion, good.pairs, (), 60).holds
    assert not Proof(0, 0.9, confusion, good.pairs, (), 60).holds
    assert not Proof(0, 1, {**confusion, ("derivative_plus", "derivative_sign"): 1}, good.pairs, (), 60).holds
    assert not Proof(0, 1, {k: v for k, v in confusion.items() if k[0] != "step_sign"}, good.pairs, (), 60).holds
    assert not Proof(0, 1, confusion, (*good.pairs, ("a", "b", False)), (), 60).holds
    assert not Proof(0, 1, confusion, good.pairs, ("loops.py: sigmoid wrong",), 60).holds


def test_a_proof_says_what_does_not_hold():
    """What is confused, untried or rejected is listed by name."""
    confusion = {("derivative_plus", "derivative_plus"): 1, ("derivative_sign", "not recognised"): 2}
    text = shown(Proof(0, 1, confusion, (("a", "b", False),), ("loops.py: sigmoid wrong.",), 2))
    assert "derivative_sign is reported as not recognised (2)" in text
    assert "step_sign is written out nowhere" in text
    assert "a and b are not both named" in text
    assert "loops.py: sigmoid wrong." in text
    assert "DOES NOT HOLD" in text


def test_there_are_at_least_sixty_correct_variants():
    """Variants are read with the sheet that they redefine parts of."""
    assert len(list(variants())) >= 60


def test_the_confusion_matrix_is_a_table_and_a_picture(tmp_path):
    """Each mistake has a line with what it was reported as, and the picture is a file."""
    proof = Proof(0, 1, {("derivative_sign", "derivative_sign"): 1, ("derivative_sign", "delta_sign"): 2}, (), (), 2)
    line = "| `derivative_sign` | sign of the derivative | del_sigmoid, backprop | 3 | 1 | delta_sign (2) |"
    assert table(proof).splitlines()[2:] == [line]
    draw(proof, tmp_path / "confusion.png")
    assert (tmp_path / "confusion.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_grader_proves_itself():
    """Everything wrong is named, everything right is right, in the real isolated process."""
    proof = prove(find_sandbox(allow_none=True), pairs=60)
    assert proof.holds, shown(proof)
