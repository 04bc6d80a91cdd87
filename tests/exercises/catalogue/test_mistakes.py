"""The catalogue of mistakes and its words."""

from string import Formatter

import pytest

from handgrad.errors import ExerciseError
from handgrad.exercises.catalogue.mistakes import FILES, LANGUAGES, WORDS, catalogue, mistakes, parsed
from handgrad.exercises.catalogue.subjects import SUBJECTS
from handgrad.exercises.judging.diagnosis import named
from handgrad.exercises.report.feedback import message
from handgrad.exercises.tasks import TASKS

# What a message may say: see diagnosis.facts and the judges. Routines have no numbers of the submission's own.
FACTS = {
    "quantities", "is", "n", "k", "d", "h1", "h2", "rate", "found", "expected", "where",
    "found_shape", "expected_shape", "number",
}  # fmt: skip


def names(text: str) -> set[str]:
    """Find what stands in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_the_catalogue_has_at_least_fifty_mistakes_and_each_belongs_to_tasks_of_the_sheets():
    """The catalogue is as large as promised, and names tasks that there are."""
    assert len(catalogue()) >= 150
    assert all(mistake.tasks and set(mistake.tasks) <= TASKS.keys() for mistake in catalogue().values())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tasks", []),
        ("tasks", ["sigmoids"]),
        ("equation", 4.26),
        ("sign", "overflows"),
        ("code", "return X"),
        ("code", [{"delta": 1}]),
        ("code", []),
        ("written", [{}]),
        ("en", {"title": "a title"}),
        ("de", None),
        ("hint", "Look!"),
    ],
)
def test_a_broken_table_is_an_error_that_names_file_id_and_field(field, value):
    """Whatever is missing, misspelt or of another type is said, with where it stands."""
    texts = dict.fromkeys(WORDS, "text")
    table = {"tasks": ["softmax"], "code": ["return X"], "en": texts, "de": texts}
    assert parsed("new.toml", "softmax_new", table).tasks == ("softmax",)
    with pytest.raises(ExerciseError, match=rf"^new\.toml: softmax_new: {field} is "):
        parsed("new.toml", "softmax_new", {**table, field: value})


def test_no_mistake_stands_in_two_files():
    """An id is used once, so that no file's mistake hides another's."""
    assert len(catalogue()) == sum(len(mistakes(file)) for file in FILES)


def test_languages_differ_in_every_text():
    """No text was left untranslated."""
    for mistake in catalogue().values():
        english, german = mistake.words["en"], mistake.words["de"]
        assert all(getattr(english, word) != getattr(german, word) for word in WORDS[1:]), mistake.id


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file", FILES)
def test_what_is_said_of_a_mistake_is_neither_too_short_to_explain_nor_too_long_to_read(file, language):
    """Message, hint and explanation together have 80 to 160 words, in each language."""
    for mistake in mistakes(file).values():
        words = mistake.words[language]
        said = f"{words.message} {words.hint} {words.explanation}"
        assert 80 <= len(said.split()) <= 160, (mistake.id, len(said.split()))


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


def test_every_sign_is_of_a_mistake_with_known_forms():
    """What is not recognised by its code is written out, and what is needs no sign, except where extremes show it."""
    for mistake in catalogue().values():
        assert mistake.code or (mistake.sign and mistake.written), mistake.id
        assert not (mistake.code and mistake.sign) or mistake.id == "cross_entropy_clipped"


def test_what_extreme_arrays_show_is_in_the_catalogue_under_its_task():
    """What a judge remarks on, the catalogue can say."""
    for task, subject in SUBJECTS.items():
        for name in (*subject.extremes, "argument_changed"):
            assert task in catalogue()[name].tasks, (task, name)


def test_a_finding_has_the_submissions_own_numbers():
    """The braces of message and hint are filled in."""
    found = named("gradient_without_mean", ["dW_h1_h2"], {"quantities": ("dW_h1_h2",), "n": 64}, "(4.27)")
    assert message(found, "en") == (
        "Your dW_h1_h2 is exactly 64 times too large: there were 64 examples, and the sheet divides by their number."
    )
    assert (found.mistake, found.quantities, found.equation) == ("gradient_without_mean", ("dW_h1_h2",), "(4.27)")
