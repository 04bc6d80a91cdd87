import json

from reports import CRASH, DERIVATIVE, REMARK, SIGN, everything, one, unnamed

from handgrad.exercises.calls import Crash
from handgrad.exercises.report import report_data, report_json
from handgrad.exercises.report.feedback import explanation, hint, message, sentence
from handgrad.exercises.results import Checked, Note, TaskResult

PROMISED = {"task", "status", "mistake", "first_wrong", "message", "equation"}


def test_each_task_has_what_is_promised() -> None:
    """Every task has task, status, mistake, first_wrong, message and equation, whatever its status."""
    tasks = json.loads(report_json(everything()))["tasks"]
    assert [task["task"] for task in tasks] == [result.task for result in everything().tasks]
    assert [task["status"] for task in tasks] == [result.status for result in everything().tasks]
    assert [task for task in tasks if not task.keys() >= PROMISED] == []


def test_wrong_task_gives_its_first_finding() -> None:
    """Mistake, first wrong quantity, message and equation are those of the first finding; the others follow."""
    task = json.loads(report_json(everything()))["tasks"][3]
    assert {key: task[key] for key in PROMISED} == {
        "task": "backprop",
        "status": "wrong",
        "mistake": "derivative_of_preactivation",
        "first_wrong": "delta_h2",
        "message": message(DERIVATIVE, "en"),
        "equation": "(4.26)",
    }
    assert [finding["mistake"] for finding in task["findings"]] == ["derivative_of_preactivation", None]
    assert task["consequences"] == ["dW_h1_h2", "db_h2", "db_h1"]


def test_nothing_is_null() -> None:
    """Where there is no finding, mistake, first_wrong and equation are null; the message is the task's own."""
    for task, result in zip(json.loads(report_json(everything()))["tasks"], everything().tasks, strict=True):
        if not result.findings:
            assert (task["mistake"], task["first_wrong"], task["equation"]) == (None, None, None)
            assert task["message"] == " ".join(sentence(note, "en") for note in result.notes)


def test_unrecognised_mistake_is_null() -> None:
    """A cause that was not recognised has no mistake, but a quantity; an equation that is empty is null."""
    result = TaskResult("del_sigmoid", "wrong", (unnamed("del_sigmoid"),))
    [task] = report_data(one(result))["tasks"]
    assert (task["mistake"], task["first_wrong"], task["equation"]) == (None, "del_sigmoid", None)


def test_crash_has_its_place() -> None:
    """A crash comes with type, message, cell, line and source; other tasks have none."""
    tasks = report_data(everything())["tasks"]
    assert tasks[2]["crash"] == {
        "type": CRASH.type,
        "message": CRASH.message,
        "cell": 4,
        "line": 3,
        "source": CRASH.source,
    }
    assert tasks[0]["crash"] is None


def test_explanations_stay_out() -> None:
    """The explanation, which a learner asks for, is not in the data; the hint is."""
    text = report_json(everything())
    assert json.dumps(explanation(SIGN, "en"))[1:-1] not in text
    assert json.dumps(hint(SIGN, "en"))[1:-1] in text


def test_text_is_ascii_and_harmless() -> None:
    """The text is ASCII, whatever a submission holds, and control characters and surrogates do not come through."""
    evil = "ü \x1b[2J \ud800 \u202e"
    result = TaskResult(
        "del_sigmoid", "crashed", notes=(Note("killed", {"reason": evil}),), crash=Crash("E", evil, 1, 1, evil)
    )
    text = report_json(Checked(evil, (result,), "en", True, 1.0))
    assert text.isascii()
    data = json.loads(text)
    assert "ü " in data["tasks"][0]["message"]
    assert all(letter not in json.dumps(data, ensure_ascii=False) for letter in "\x1b\ud800\u202e")


def test_isolation_is_told() -> None:
    """The data say whether the code ran isolated."""
    assert report_data(everything(isolated=True))["isolated"] is True
    assert report_data(everything(isolated=False))["isolated"] is False


def test_remark_is_no_mistake() -> None:
    """A right task with a remark has no mistake and no equation; the remark is among its findings."""
    [task] = report_data(one(TaskResult("delta_last_layer", "right", (REMARK,), (Note("right"),))))["tasks"]
    assert (task["mistake"], task["first_wrong"], task["equation"]) == (None, None, None)
    assert task["message"] == f"Right. {message(REMARK, 'en')}"
    assert [finding["mistake"] for finding in task["findings"]] == ["delta_zero_by_zero"]
