"""The record of a check: its size, its numbers, and what of a submission may stand in it."""

import json

import numpy as np
import pytest
from reports import CRASH, everything, one

from handgrad.exercises.calls import Answer, Call, Compared, Crash, Event
from handgrad.exercises.report import report_record
from handgrad.exercises.report.as_record import _MOST_NUMBERS, MOST_BYTES
from handgrad.exercises.results import Checked, Finding, Note, TaskResult
from handgrad.exercises.tasks import TASKS

ID = "del_sigmoid:0"


def trial(name=ID, given=2.0, found=3.0, expected=4.0, **more):
    """Make a trial of one argument and one result, each an array or a number."""
    given, found, expected = map(np.asarray, (given, found, expected))
    call = Call(name, "function", "del_sigmoid", (given,))
    answer = Answer(name, "ok", {"return": found, "annas_label": found}, **more)
    return Compared(call, answer, Answer(name, "ok", {"return": expected}))


def recorded(*trials, checked=None, **more):
    """Write a record and read it again."""
    return json.loads(report_record(checked or everything(), {"del_sigmoid": trials}, 7, **more))


@pytest.mark.parametrize("size", [1, 30, 90, 300, 2_000, 9_000])
def test_a_record_is_never_too_long(size):
    """The small trials are kept, as many as there is room for; the others are named."""
    rng = np.random.default_rng(0)
    trials = [trial(f"del_sigmoid:{i}", *rng.standard_normal((3, size))) for i in range(200)]
    text = report_record(everything(), {"del_sigmoid": trials}, 7)
    assert len(text) <= MOST_BYTES
    record = json.loads(text)
    assert len(record["trials"]) + len(record["trials_left_out"]) == 200
    if record["trials_left_out"] and 3 * size <= _MOST_NUMBERS:
        assert len(text) > MOST_BYTES - 6_000 - 3 * 24 * size  # no room for one more, had all names been left out
    else:
        assert len(record["trials"]) == (200 if 3 * size <= _MOST_NUMBERS else 0)


def test_numbers_of_all_kinds_are_written():
    """Whole ones, NaN and infinity, no entries at all, and a number without dimensions."""
    (found,) = recorded(trial(found=[np.nan, -np.inf, 1.5], expected=np.array([1, 2, 3])))["trials"]
    assert found["found"]["return"] == {"type": "float64", "shape": [3], "numbers": ["nan", "-inf", 1.5]}
    assert found["expected"]["return"]["numbers"] == [1, 2, 3]
    (found,) = recorded(trial(given=np.empty((0, 3)), found=True, expected=0.5))["trials"]
    assert found["given"]["argument0"] == {"type": "float64", "shape": [0, 3], "numbers": []}
    assert found["found"]["return"] == {"type": "bool", "shape": [], "numbers": [True]}


def test_what_is_equal_is_named_and_not_written():
    """But for rounding; another shape is a difference."""
    (found,) = recorded(trial(found=4.0 + 1e-12))["trials"]
    assert (found["equal"], found["found"]) == (["return"], {})
    (found,) = recorded(trial(found=[4.0]))["trials"]
    assert (found["equal"], found["found"]["return"]["shape"]) == ([], [1])


def test_what_is_not_there_is_named() -> None:
    """Nothing is expected beside it; a trial for which the submission has no function is left out altogether."""
    answer = trial()
    nothing = Answer(ID, "crashed", crash=CRASH)
    (found,) = recorded(Compared(answer.call, nothing, answer.expected))["trials"]
    assert (found["status"], found["not_there"], found["found"], found["expected"]) == ("crashed", ["return"], {}, {})
    record = recorded(Compared(answer.call, Answer(ID, "missing"), answer.expected))
    assert record["trials"] == record["trials_left_out"] == []


def test_what_a_routine_did_stands_beside_what_it_should_do():
    """Method, argument, number of updates and rate of each event."""
    given = trial()
    answers = [
        Answer(ID, "ok", events=(Event("backprop", np.array([3, 1]), 0, rate), Event("end", None, 1, 0.5)))
        for rate in (None, float("nan"))
    ]
    (found,) = recorded(Compared(given.call, *answers))["trials"]
    batch = {"type": "int64", "shape": [2], "numbers": [3, 1]}
    assert found["found_events"] == [["backprop", batch, 0, None], ["end", None, 1, 0.5]]
    assert found["expected_events"] == [["backprop", batch, 0, "nan"], ["end", None, 1, 0.5]]


def test_no_word_of_the_submission_is_left_without_the_source():
    """Names, messages, types and labels of the learner's own are left out; with the source, they are there."""
    notes = (
        Note("missing_similar", {"name": "softmax", "similar": "annas_softmax"}),
        Note("x", {"names": ("anna", "h1")}),
    )
    crash = Crash("AnnaError", "/home/anna", 3, 7, "raise AnnaError('anna')")
    finding = Finding(
        ("del_sigmoid",), None, {"found_shape": "(4, 3)", "found": 0.5}, (Note("y", {"a": Note("z", {"b": "Anna"})}),)
    )
    checked = one(TaskResult("del_sigmoid", "crashed", (finding,), notes, crash=crash))
    odd = trial(left_out={"return": "AnnasArray", "annas": "list"})
    text = report_record(checked, {"del_sigmoid": [odd]}, 7)
    assert "anna" not in text.lower()
    (task,) = json.loads(text)["tasks"]
    assert task["crash"] == {"type": "…", "cell": 3, "line": 7}
    assert [note["facts"] for note in task["notes"]] == [{"name": "softmax", "similar": "…"}, {"names": ["…", "h1"]}]
    assert task["findings"][0]["facts"] == {"found_shape": "(4, 3)", "found": 0.5}
    whole = report_record(checked, {"del_sigmoid": [odd]}, 7, {3: "# anna"})
    for word in ("annas_softmax", "/home/anna", "AnnaError", "AnnasArray", "# anna"):
        assert word in whole


def test_a_crash_of_pythons_own_type_is_named():
    """Types that everybody has tell nothing about anybody."""
    record = recorded(checked=one(TaskResult("del_sigmoid", "crashed", crash=CRASH)))
    assert record["tasks"][0]["crash"] == {"type": "ValueError", "cell": 4, "line": 3}


@pytest.mark.parametrize(
    "text", ["0176 5551234", "4711815", "1999-05-12", "(4711815)", "\N{MATHEMATICAL BOLD DIGIT ONE}", "1 2"]
)
def test_a_number_of_the_learners_own_is_left_out(text):
    """A telephone number or a date is as personal as a name, wherever it stands; sizes, places and shapes are not."""
    notes = (Note("crash_name", {"name": text, "other": "(4, 3) (3,)", "place": "[1, -2]", "empty": "()"}),)
    record = recorded(checked=one(TaskResult("softmax", "crashed", notes=notes, crash=CRASH)))
    facts = record["tasks"][0]["notes"][0]["facts"]
    assert facts == {"name": "…", "other": "(4, 3) (3,)", "place": "[1, -2]", "empty": "()"}


def test_what_the_learners_code_says_is_left_out():
    """The text of an assertion is the learner's, even if it looks like a shape."""
    note = Note("crash_assertion", {"message": "(47, 11)"})
    record = recorded(checked=one(TaskResult("softmax", "crashed", notes=(note,), crash=CRASH)))
    assert record["tasks"][0]["notes"][0]["facts"] == {"message": "…"}


def test_long_lists_and_texts_do_not_lengthen_a_record():
    """However many names a submission uses, and however long they are, the tasks take little of the room."""
    names = tuple(chr(0x4E00 + i) * 500 for i in range(4000))
    results = [
        TaskResult(task, "wrong", notes=(Note("uses_outside", {"name": task, "names": names}),)) for task in TASKS
    ]
    checked = Checked("anna.py", tuple(results), "en", True, 0.5)
    assert len(report_record(checked, {}, 7)) < MOST_BYTES / 20
