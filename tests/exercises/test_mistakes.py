"""The catalogue of mistakes and its words."""

from string import Formatter

import pytest

from handgrad.exercises.catalogue.backward_mutants import MUTANTS, step_mutants
from handgrad.exercises.catalogue.function_mutants import SUBJECTS
from handgrad.exercises.catalogue.mistakes import WORDS, catalogue
from handgrad.exercises.judging.diagnosis import named
from handgrad.exercises.report.feedback import message
from handgrad.exercises.tasks import PARAMETERS, TASKS
from handgrad.exercises.words.wording import texts

# What a message may say: see diagnosis.facts and the judges. Routines have no numbers of the submission's own.
FACTS = {
    "quantities", "is", "n", "k", "d", "h1", "h2", "rate", "found", "expected", "where",
    "found_shape", "expected_shape",
}  # fmt: skip
FILES = ("mistakes_forward", "mistakes_backward", "mistakes_routines")


def names(text: str) -> set[str]:
    """Find what stands in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_the_catalogue_has_at_least_fifty_mistakes_and_each_belongs_to_tasks_of_the_sheets():
    """The catalogue is as large as promised, and names tasks that there are."""
    assert len(catalogue()) >= 150
    assert all(mistake.tasks and set(mistake.tasks) <= TASKS.keys() for mistake in catalogue().values())


@pytest.mark.parametrize("file", FILES)
def test_both_languages_have_the_same_mistakes_with_all_four_texts(file):
    """A mistake is in both languages, with title, message, hint and explanation."""
    english, german = texts(file, "en"), texts(file, "de")
    assert list(english) == list(german)
    for name, table in english.items():
        assert set(table) - {"tasks", "equation"} == set(german[name]) - {"tasks", "equation"} == set(WORDS)
        assert all(table[word].strip() and german[name][word].strip() for word in WORDS)


def test_no_mistake_stands_in_two_files():
    """An id is used once, so that no file's words hide another's."""
    ids = [name for file in FILES for name in texts(file, "en")]
    assert len(ids) == len(set(ids)) == len(catalogue())


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_a_message_says_only_what_the_judges_know_and_the_same_numbers_in_both_languages(name):
    """Names in braces are known, and languages differ at most in the verb, which German may not need."""
    words = catalogue()[name].words
    for word in ("message", "hint"):
        english, german = (names(getattr(words[language], word)) for language in ("en", "de"))
        assert english | german <= FACTS
        assert english - {"is"} == german - {"is"}
    assert all(not names(words[language].explanation) for language in ("en", "de"))


@pytest.mark.parametrize("language", ["en", "de"])
def test_an_explanation_explains_and_is_no_code(language):
    """An explanation has several sentences and nothing that could be copied into a cell."""
    for mistake in catalogue().values():
        text = mistake.words[language].explanation
        assert text.count(". ") + text.count("? ") + text.count(": ") + text.count("; ") >= 1, mistake.id
        assert not any(code in text for code in ("np.", " self.", "axis=", "[:", "import ", "def ")), mistake.id


def test_every_mistake_that_is_looked_for_is_in_the_catalogue_under_its_task():
    """What a judge can find, the catalogue can say."""
    for task, subject in SUBJECTS.items():
        for name in (*subject.mutants, *subject.extremes, "argument_changed"):
            assert task in catalogue()[name].tasks, (task, name)
    for mutants in MUTANTS.values():
        assert all("backprop" in catalogue()[name].tasks for name in mutants)
    for parameter in PARAMETERS:
        assert all("gradient_step" in catalogue()[name].tasks for name in step_mutants(parameter))


def test_a_finding_has_the_submissions_own_numbers():
    """The braces of message and hint are filled in."""
    found = named("gradient_without_mean", ["dW_h1_h2"], {"quantities": ("dW_h1_h2",), "n": 64}, "(4.27)")
    assert message(found, "en") == (
        "Your dW_h1_h2 is exactly 64 times too large: there were 64 examples, and the sheet divides by their number."
    )
    assert (found.mistake, found.quantities, found.equation) == ("gradient_without_mean", ("dW_h1_h2",), "(4.27)")
