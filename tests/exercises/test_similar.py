import re
from itertools import combinations
from pathlib import Path

import pytest

from handgrad.exercises.grading.similar import HELPERS, Pair, given_names, similar_pairs
from handgrad.exercises.sheet import solved_sheet
from handgrad.exercises.sheet.solutions import solution
from handgrad.exercises.submission.reading import Cell, Submission
from handgrad.exercises.tasks import TASKS

TASK_NAMES = tuple(name for name, task in TASKS.items() if task.sheet == 4)
CLASSROOM = sorted((Path(__file__).parent / "classroom").glob("*.py"))
# Names that learners chose, in any of the solutions, with what someone who copies might call them.
RENAMED = {
    "n": "anzahl", "N": "anzahl", "m": "menge", "batch": "stapel", "correct": "richtige", "jac": "J", "one_hots": "Y",
    "logits": "ausgabe", "permutation": "reihenfolge", "trainx_batch": "xb", "trainy_batch": "yb", "history": "verlauf",
    "error": "fehler", "log": "protokoll", "step": "schritt", "order": "perm", "rows": "zeilen", "delta_o": "d3",
    "delta_2": "d2", "delta_1": "d1", "test_out": "te", "train_out": "tr", "chosen": "gewaehlt", "inner": "kern",
    "select": "wahl", "random": "zufall", "whole": "ganz", "one_hot": "oh", "measure": "miss", "losses": "verluste",
    "one_step": "ein_schritt", "evaluate_all": "alles_messen", "out": "aus", "idx": "auswahl", "results": "liste",
    "target": "ziel", "p": "q", "x": "eingabe", "t": "marken", "k": "nummer", "examples": "beispiele", "J": "matrix",
    "classes": "klassen", "delta": "term", "derivative": "ableitung", "indices": "zahlen", "generator": "gen",
    "result": "ergebnis", "jacobian": "matrix", "outer": "aussen", "samples": "proben", "grad": "g", "onehot": "oh",
    "epoch": "runde", "e": "runde", "j": "nr", "i": "runde", "c": "klasse", "r": "zeile", "d": "fehler",
    "keep": "merke",
    "perm": "reihe", "h_y": "hy", "iteration": "runde", "batches": "stapel", "value": "wert", "gradient": "steigung",
}  # fmt: skip


def submission(name: str, source: str) -> Submission:
    """Make a submission of one module."""
    return Submission(name, (Cell(0, source),))


def disguised(source: str) -> str:
    """Rename what a learner named, swap neighbouring statements and factors, add comments, change constants."""
    for name, other in RENAMED.items():
        source = re.sub(rf"(?<![\w.]){name}(?!\w)", other, source)
    source = re.sub(r"(\w+) \* (self\.\w+)", r"\2 * \1", source)
    source = source.replace("RandomState(0)", "RandomState(99)")
    lines, swapped = source.splitlines(), []
    while lines:
        line, *lines = lines
        if lines and all(re.match(r"        self\.d[Wb]_", each) for each in (line, lines[0])):
            line, lines[0] = lines[0], line
        swapped += [line, f"{' ' * (len(line) - len(line.lstrip()))}# a remark"] if line.strip() else [line]
    swapped = [line for i, line in enumerate(swapped) if "# a remark" not in line or swapped[i - 1].endswith(")")]
    return "\n".join(swapped)


WHOLE = {task: solution(task) for task in TASK_NAMES}
SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in CLASSROOM}
CLASS = [submission(name, source) for name, source in SOURCES.items()]


def found(submissions: list[Submission]) -> list[tuple[str, str]]:
    """Give the names of the pairs that are flagged."""
    return [(pair.first, pair.second) for pair in similar_pairs(submissions, TASK_NAMES)]


def test_disguise_changes_the_text() -> None:
    """Less than half of the lines that a learner wrote are still there in the disguised copy."""
    common = set.intersection(*(set(source.splitlines()) for source in SOURCES.values()))
    for source in SOURCES.values():
        own = set(source.splitlines()) - common
        assert len(own & set(disguised(source).splitlines())) < 0.5 * len(own)


def test_solutions_written_apart_are_not_flagged() -> None:
    """Eight right solutions, some of them as plain as can be, are no pair, in the class and two by two."""
    assert found(CLASS) == []
    assert [pair for pair in combinations(CLASS, 2) if found(list(pair))] == []


@pytest.mark.parametrize("name", sorted(SOURCES.keys() - {"gina"}))
def test_disguised_copy_is_flagged(name: str) -> None:
    """A renamed, reordered copy is found in the class, as the only pair, and also in a class of two."""
    copy = submission("copy", disguised(SOURCES[name]))
    assert found([*CLASS, copy]) == [(name, "copy")]
    assert found([submission(name, SOURCES[name]), copy]) == [(name, "copy")]


def test_copy_of_the_plainest_solution_is_no_hint() -> None:
    """Gina wrote what the reference has: whoever has the same may have written it, too."""
    assert found([*CLASS, submission("copy", disguised(SOURCES["gina"]))]) == []


def test_same_rare_mistake_is_a_hint() -> None:
    """Two whose work is the reference's but for the same odd mistakes are flagged, beside one without them."""
    odd = {
        "delta_last_layer": "p = h[np.arange(len(y)), y]\nq = h.copy()\nq[np.arange(len(y)), y] = p - p.max() ** 3\n"
        "for row, label in zip(q, y):\n    row[label] = row[label] - 1 if row.sum() > 0 else row.min()\nreturn q.T",
        "gradient_step": "for name, rate in zip(vars(self), [learning_rate] * 6):\n    if name.startswith('W'):\n"
        "        setattr(self, name, getattr(self, name) + rate * getattr(self, 'd' + name))",
    }
    sheets = [{**WHOLE, **odd}, {**WHOLE, **odd}, WHOLE]
    sources = [solved_sheet(4, "py", "en", bodies=bodies) for bodies in sheets]
    assert found([submission(str(i), source) for i, source in enumerate(sources)]) == [("0", "1")]


def test_tasks_that_were_copied_are_named() -> None:
    """Where only some tasks were copied, the pair is found, with these and no others."""
    own, other = SOURCES["deniz"], disguised(SOURCES["farid"])

    def cut(text: str, start: str, end: str) -> str:
        return text[text.index(start) :].partition(end)[0]

    mixed = own.partition("    def backprop")[0] + cut(other, "    def backprop", "    def gradient_step")
    mixed += cut(own, "    def gradient_step", "def stochastic") + cut(other, "def ein_schritt", "def gradient_descent")
    mixed += cut(other, "def stochastic", "the end")
    others = [one for one in CLASS if one.name != "deniz"]
    [pair] = similar_pairs([*others, submission("mixed", mixed)], TASK_NAMES)
    assert (pair.first, pair.second) == ("farid", "mixed")
    assert {"backprop", "stochastic_gradient_descent"} <= set(pair.tasks) <= {
        "backprop", "stochastic_gradient_descent", HELPERS
    }  # fmt: skip


def test_exact_copy_scores_one() -> None:
    """A copy without any disguise has a score of 1, and is listed before others."""
    copies = [submission("same", SOURCES["anna"]), submission("other", disguised(SOURCES["bilal"]))]
    first, second = similar_pairs([*CLASS, *copies], TASK_NAMES)
    assert (first.first, first.second, first.score) == ("anna", "same", pytest.approx(1.0))
    assert second.score < 1


def test_short_functions_prove_nothing() -> None:
    """Two who did only the derivative of the sigmoid, in the only way there is, are no pair."""
    source = "def del_sigmoid(h):\n    return h * (1 - h)\n"
    assert found([submission("anna", source), submission("ben", source)]) == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_untouched_sheets_are_not_flagged(language) -> None:
    """What the sheet gives counts for nothing: sheets with empty blanks are no pair."""
    text = solved_sheet(4, "py", language, bodies={})
    assert found([submission("anna", text), submission("ben", text)]) == []


def test_given_code_is_known() -> None:
    """The functions that the sheets give are known, tasks are not among them."""
    assert {"evaluate", "measured_gradient", "forward_propagation", "__init__"} <= given_names()
    assert not given_names() & set(TASKS)


def test_what_everybody_has_counts_for_nothing() -> None:
    """What is common in the class is no hint: half of it with one source is flagged, all of it with one is not."""
    group = [submission(f"anna{i}", disguised(SOURCES["anna"])) for i in range(8)]
    assert len(found([*CLASS, *group[:7]])) == 28  # each two of the eight
    assert found(group) == []


def test_odd_code_is_endured() -> None:
    """Code that is no Python, is nested deeply, or is very long, is compared as far as it goes, and nothing raises."""
    deep = "def del_sigmoid(h):\n    return " + "-" * 900 + "h\n"
    long = "def backprop(self, y):\n" + "    x = y + 1\n" * 20_000
    sources = ["def (", deep, deep, long, long, "", "class fcc: pass", "lambda: 0"]
    pairs = similar_pairs([submission(str(i), source) for i, source in enumerate(sources)])
    assert all(isinstance(pair, Pair) for pair in pairs)


def test_nobody_is_no_pair() -> None:
    """Without submissions, and with one, there is no pair."""
    assert similar_pairs([]) == ()
    assert similar_pairs(CLASS[:1]) == ()
