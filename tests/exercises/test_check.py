"""A whole submission, checked in the real isolated process."""

import io
import json
import re
import time
from dataclasses import replace

import pytest
from reports import said
from rich.console import Console
from sampling import sampled
from sandboxes import need_isolation

from handgrad.errors import ExerciseError
from handgrad.exercises import check
from handgrad.exercises.check import check_submission
from handgrad.exercises.judging import functions
from handgrad.exercises.report import report_html, report_record, show_report
from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.exercises.sheet.solutions import solution
from handgrad.exercises.sheet.writing import solved_sheet
from handgrad.exercises.submission.reading import Cell, Submission
from handgrad.exercises.tasks import BACKPROP, TASKS

# The exercise as its notebook solves it, with its names, class, both deltas and a softmax that adds the maximum.
NOTEBOOK = [
    """
import numpy as np
np.random.seed(42)

trainx, trainy, testx, testy = np.load('mnist.npy', allow_pickle=True)

def sigmoid(X):
    return 1 / (1 + np.exp(-X))

def softmax(X):
    eps = X.max()
    return np.exp(X + eps) / np.sum(np.exp(X + eps), axis=1).reshape((X.shape[0], 1))

def fcc_one_layer(X, W, b, activation):
    return activation(np.matmul(X, W) + b)

def cross_entropy(pred_logits, y):
    return np.mean(-np.log(pred_logits[np.arange(pred_logits.shape[0]), y]))

def accuracy(logits, labels):
    return np.mean(np.argmax(logits, axis=1) == labels)
""",
    """
def delta_last_layer(h, y):
    m = np.arange(h.shape[0])
    right = h[m, y]
    jacobian = -np.reshape(right, (right.shape[0], 1)) * h
    jacobian[m, y] = right * (1 - right)
    return -np.transpose(jacobian / np.reshape(right, (right.shape[0], 1)))

def delta_last_layer_easy_approach(h, y):
    one_hots = np.zeros((h.shape[0], h.shape[1]))
    one_hots[np.arange(h.shape[0]), y] = 1.0
    return (h - one_hots).T

def del_sigmoid(h):
    return h * (1 - h)
""",
    """
class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        self.W_i_h1, self.b_h1 = np.random.randn(n_input, n_hidden1), np.random.randn(n_hidden1)
        self.W_h1_h2, self.b_h2 = np.random.randn(n_hidden1, n_hidden2), np.random.randn(n_hidden2)
        self.W_h2_o, self.b_out = np.random.randn(n_hidden2, n_out), np.random.randn(n_out)
        self.X = self.h1 = self.h2 = self.out = None
        print("Number of parameters:", self.W_i_h1.size)

    def forward_propagation(self, X):
        self.X = X
        self.h1 = fcc_one_layer(X, self.W_i_h1, self.b_h1, sigmoid)
        self.h2 = fcc_one_layer(self.h1, self.W_h1_h2, self.b_h2, sigmoid)
        self.out = fcc_one_layer(self.h2, self.W_h2_o, self.b_out, softmax)
        return self.out

    def backprop(self, y):
        self.num_train_ex = y.shape[0]
        self.delta_out = delta_last_layer_easy_approach(self.out, y)
        self.dW_h2_o = np.transpose(np.matmul(self.delta_out, self.h2)) / self.num_train_ex
        self.db_out = np.mean(self.delta_out, axis=1)
        self.delta_h2 = np.matmul(self.W_h2_o, self.delta_out) * np.transpose(del_sigmoid(self.h2))
        self.dW_h1_h2 = np.transpose(np.matmul(self.delta_h2, self.h1)) / self.num_train_ex
        self.db_h2 = np.mean(self.delta_h2, axis=1)
        self.delta_h1 = np.matmul(self.W_h1_h2, self.delta_h2) * np.transpose(del_sigmoid(self.h1))
        self.dW_i_h1 = np.transpose(np.matmul(self.delta_h1, self.X)) / self.num_train_ex
        self.db_h1 = np.mean(self.delta_h1, axis=1)
""",
    """
learning_rate = 0.1
neural_net = fcc(784, 400, 400, 10)
for i in range(1000):
    neural_net.forward_propagation(trainx)
    neural_net.backprop(trainy)
""",
]


@pytest.fixture(scope="module")
def sandbox():
    """Find the best sandbox that works here."""
    return find_sandbox(allow_none=True)


def submission(*sources):
    """Make a notebook of these cells."""
    return Submission("sheet.ipynb", tuple(Cell(number, source) for number, source in enumerate(sources, 1)))


def sheet(part, **bodies):
    """Fill a sheet with the solutions, but for some tasks."""
    tasks = [name for name, task in TASKS.items() if task.sheet == part]
    return submission(solved_sheet(part, "py", bodies={**{task: solution(task) for task in tasks}, **bodies}))


def statuses(checked):
    """List what became of each task."""
    return {result.task: result.status for result in checked.tasks}


class FailingJudge:
    """Asks for the calls of a real judge, and fails at its answers."""

    calls_for = staticmethod(functions.calls_for)

    @staticmethod
    def judge(plan, answers):
        """Fail as on a value that nobody thought of."""
        raise TypeError(f"cannot judge {len(answers)} answers to {len(plan.calls)} calls")


def test_a_failing_judge_costs_one_verdict_and_is_not_blamed_on_the_learner(monkeypatch):
    """The report and the record say which task could not be judged, and why; the other tasks are judged."""
    monkeypatch.setattr(check, "FAULTS", (Exception,))
    monkeypatch.setitem(check.JUDGES, "sigmoid", FailingJudge)
    sheet = Submission("a.py", (Cell(0, solved_sheet(3, "py")),))
    checked = check_submission(sheet, find_sandbox(allow_none=True), tasks=["sigmoid", "accuracy"])
    failed, other = checked.tasks
    assert (failed.status, failed.credit, other.status) == ("not_judged", 0, "right")
    file = io.StringIO()
    show_report(checked, Console(file=file, width=300))
    text = file.getvalue()
    assert "not judged" in text
    assert re.search(r"TypeError in check\.py, line \d+: cannot judge", text)
    record = json.loads(report_record(checked, {}, 0))
    (note,) = record["tasks"][0]["notes"]
    assert note["facts"]["error"] == "TypeError"
    assert note["facts"]["fault"].startswith("check.py, line ")
    assert "nicht bewertet" in report_html(replace(checked, language="de"))


@pytest.mark.parametrize("part", ["with_repair", "hints.explained"])
def test_what_fails_after_the_judge_costs_no_verdict(part, monkeypatch):
    """If the search for a repair or a hint fails, the task keeps what the judge has said."""

    def fails(*_):
        raise TypeError

    monkeypatch.setattr(check, "FAULTS", (Exception,))
    monkeypatch.setattr(f"handgrad.exercises.check.{part}", fails)
    source = solved_sheet(3, "py") + "\n\ndef sigmoid(X):\n    return 1 / (2 + np.exp(-X))\n"
    checked = check_submission(
        Submission("a.py", (Cell(0, source),)), find_sandbox(allow_none=True), tasks=["sigmoid", "accuracy"]
    )
    assert [result.status for result in checked.tasks] == ["wrong", "right"]


def test_a_solution_in_the_notebooks_way_is_right_in_every_task(sandbox):
    """The course's own solution is right throughout; the step and the routines that its notebook lacks are listed."""
    checked = check_submission(submission(*NOTEBOOK), sandbox)
    missing = {"gradient_step", "gradient_descent", "stochastic_gradient_descent"}
    assert statuses(checked) == {name: "not_attempted" if name in missing else "right" for name in TASKS}
    assert checked.isolated == sandbox.isolated


@pytest.mark.parametrize("part", [3, 4])
def test_a_solved_sheet_is_right_and_an_untouched_one_not_attempted(sandbox, part):
    """Full marks for the solution, none for the blanks, and the tasks in the order of the sheets."""
    tasks = [name for name, task in TASKS.items() if task.sheet == part]
    solved = check_submission(sheet(part), sandbox, tasks=tasks)
    assert statuses(solved) == dict.fromkeys(tasks, "right")
    assert [result.credit for result in solved.tasks] == [1.0] * len(tasks)
    untouched = check_submission(submission(solved_sheet(part, "py", bodies={})), sandbox, tasks=tasks)
    assert statuses(untouched) == dict.fromkeys(tasks, "not_attempted")
    assert [result.task for result in untouched.tasks] == tasks


def test_a_check_is_quick(sandbox):
    """All tasks of a solved sheet take far less than the ten seconds that are promised."""
    begin = time.monotonic()
    checked = check_submission(sheet(4), sandbox)
    assert checked.seconds <= time.monotonic() - begin < 10


def test_the_first_wrong_quantity_and_the_mistake_can_be_read_off(sandbox):
    """What --json prints comes from the first finding."""
    body = solution("backprop").replace(
        "np.matmul(self.delta_h2, self.h1).T / n", "np.matmul(self.delta_h2, self.h1).T"
    )
    checked = check_submission(sheet(4, backprop=body), sandbox, tasks=["backprop"])
    (result,) = checked.tasks
    first = result.findings[0]
    assert (result.status, first.mistake, first.quantities) == ("wrong", "gradient_without_mean", ("dW_h1_h2",))
    assert first.equation == "(4.27)"


# Backpropagation with the deltas in local variables, as the sheet allows.
NO_DELTAS = """
n = y.shape[0]
d3 = delta_last_layer_easy_approach(self.out, y)
self.dW_h2_o, self.db_out = (d3 @ self.h2).T / n, d3.mean(axis=1)
d2 = (self.W_h2_o @ d3) * del_sigmoid(self.h2).T
self.dW_h1_h2, self.db_h2 = (d2 @ self.h1).T / n, d2.mean(axis=1)
d1 = (self.W_h1_h2 @ d2) * del_sigmoid(self.h1).T
self.dW_i_h1, self.db_h1 = (d1 @ self.X).T / n, d1.mean(axis=1)
"""


@pytest.mark.parametrize(
    ("right", "wrong", "states"),
    sampled(
        [
            # The gradients tell what the deltas were.
            ("(d2 @ self.h1).T / n", "(d2 @ self.h1).T", "ok ok ok ok WRONG ok ok ok ok"),
            ("(d2 @ self.h1).T / n", "(d2 @ self.h1).T ** 3", "ok ok ok ok WRONG ok ok ok ok"),
            ("d2 = (self.W_h2_o @ d3)", "d2 = (self.W_h2_o @ d3) ** 3", "ok ok ok WRONG" + 5 * " follows"),
            # Of these two, neither is made of the delta.
            (
                "(d2 @ self.h1).T / n, d2.mean(axis=1)",
                "0 * self.W_h1_h2, 0 * self.b_h2",
                "ok ok ok ? WRONG WRONG ok ok ok",
            ),
        ],
        3,
    ),
)
def test_a_quantity_that_was_not_seen_is_never_called_ok(sandbox, right, wrong, states):
    """A sheet that keeps no deltas, with one mistake: each printed report calls only what was compared right."""
    body = NO_DELTAS.strip().replace(right, wrong)
    assert body != NO_DELTAS.strip()
    checked = check_submission(sheet(4, backprop=body), sandbox, tasks=["backprop"])
    words = ["not judged" if state == "?" else state for state in states.split()]
    assert list(checked.tasks[0].unseen) == [q for q, word in zip(BACKPROP, words, strict=True) if word == "not judged"]

    file = io.StringIO()
    show_report(checked, Console(file=file, width=300))
    chain = " → ".join(f"{quantity} {word}" for quantity, word in zip(BACKPROP, words, strict=True))
    assert chain in " ".join(file.getvalue().split())

    drawn = re.findall(r"<li class=\"(.*?)\"><span>(.*?)<b>(.*?)</b>", report_html(checked))
    assert [(quantity, word) for _, quantity, word in drawn] == list(zip(BACKPROP, words, strict=True))
    assert [kind == "unseen" for kind, _, _ in drawn] == [word == "not judged" for word in words]


def test_a_wrong_helper_costs_only_its_own_points(sandbox):
    """With a wrong derivative, backprop is wrong, but has full credit, as it is right from correct inputs."""
    checked = check_submission(sheet(4, del_sigmoid="return h * (1 + h)"), sandbox)
    results = {result.task: result for result in checked.tasks}
    assert (results["del_sigmoid"].findings[0].mistake, results["del_sigmoid"].credit) == ("derivative_plus", 0.0)
    assert (results["backprop"].status, results["backprop"].credit) == ("wrong", 1.0)
    assert results["backprop"].findings[0].mistake == "derivative_plus"
    assert "The method itself is right" in said(results["backprop"])
    assert results["gradient_step"].status == "right"


def test_a_helper_that_is_not_written_yet_does_not_keep_backprop_from_being_right(sandbox):
    """With the derivative still blank, backprop is judged with a correct one."""
    body = 'raise NotImplementedError("task 2")'
    checked = check_submission(sheet(4, del_sigmoid=body), sandbox, tasks=["del_sigmoid", "backprop"])
    assert statuses(checked) == {"del_sigmoid": "not_attempted", "backprop": "right"}
    assert said(checked.tasks[1]).startswith("Right when it is given correct inputs")


@pytest.mark.parametrize("helper", ["del_sigmoid", "delta_last_layer_easy_approach"])
@pytest.mark.parametrize("written", ["def {}d(", None])
def test_a_helper_that_is_missing_does_not_cost_the_points_of_backprop(sandbox, helper, written):
    """A misspelled or deleted helper is missing itself; with a correct one, backprop is right and has all points."""
    source = solved_sheet(4, "py", bodies={task: solution(task) for task in TASKS if TASKS[task].sheet == 4})
    renamed = source.replace(f"def {helper}(", (written or "def unrelated_{}(").format(helper))
    results = {result.task: result for result in check_submission(submission(renamed), sandbox).tasks}
    assert (results[helper].status, results[helper].credit) == ("not_attempted", 0.0)
    assert results["backprop"].credit == 1.0
    assert "The method itself is right" in said(results["backprop"])


def test_an_unknown_name_of_ones_own_costs_backprop_its_points(sandbox):
    """Only a function of the sheet can be supplied."""
    body = solution("backprop").replace("del_sigmoid", "del_sigmoidal")
    (result,) = check_submission(sheet(4, backprop=body), sandbox, tasks=["backprop"]).tasks
    assert result.status == "crashed"
    assert result.credit < 1


def test_a_class_that_is_pasted_again_is_pointed_out(sandbox):
    """Methods of a blank copy below replace those above, which nobody sees at first."""
    source = solved_sheet(4, "py", bodies={task: solution(task) for task in TASKS if TASKS[task].sheet == 4})
    blank = solved_sheet(
        4, "py", bodies={task: "raise NotImplementedError" for task in TASKS if TASKS[task].sheet == 4}
    )
    pasted = submission(source, blank[blank.index("class fcc") : blank.index("def gradient_descent(")])
    results = {result.task: result for result in check_submission(pasted, sandbox).tasks}
    for task in ("backprop", "gradient_step"):
        assert (results[task].status, results[task].credit) == ("not_attempted", 0.0)
        assert any(note.id == "defined_twice" for note in results[task].notes)


def test_a_right_helper_given_the_wrong_thing_is_backprops_own_mistake(sandbox):
    """The derivative of the wrong layer costs backprop its quantity, though a canned helper would hide it."""
    body = solution("backprop").replace("del_sigmoid(self.h2)", "del_sigmoid(sigmoid(self.h2))")
    (result,) = check_submission(sheet(4, backprop=body), sandbox, tasks=["backprop"]).tasks
    assert (result.findings[0].mistake, result.credit) == ("sigmoid_applied_twice", pytest.approx(8 / 9))
    assert "The method itself is right" not in said(result)


def test_a_wrong_forward_function_spoils_no_later_task(sandbox):
    """A wrong sigmoid is named where it is, and one layer, backprop and the step are judged by themselves."""
    wrong = NOTEBOOK[0].replace("np.exp(-X)", "np.exp(X)", 1)
    checked = check_submission(submission(wrong, *NOTEBOOK[1:]), sandbox)
    assert [name for name, status in statuses(checked).items() if status == "wrong"] == ["sigmoid"]


def test_every_task_of_a_sheet_is_listed_as_soon_as_the_submission_has_anything_of_it(sandbox):
    """A module with one function of a sheet lacks the others, and says nothing of the other sheet."""
    alone = submission("def del_sigmoid(h):\n    return h - h * h\n")
    part = {name: "not_attempted" for name, task in TASKS.items() if task.sheet == 4}
    assert statuses(check_submission(alone, sandbox)) == {**part, "del_sigmoid": "right"}
    asked = check_submission(alone, sandbox, tasks=["sigmoid", "backprop"], language="de")
    assert statuses(asked) == {"sigmoid": "not_attempted", "backprop": "not_attempted"}
    assert said(asked.tasks[0], asked.language).startswith("sigmoid gibt es hier noch nicht")


@pytest.mark.parametrize(
    ("right", "written", "tasks", "similar"),
    sampled(
        [
            ("class fcc:", "class FCC:", ["backprop", "gradient_step"], "class FCC"),
            ("class fcc:", "class NeuralNetwork:", ["backprop", "gradient_step"], "class NeuralNetwork"),
            ("def del_sigmoid(", "def sigmoid_derivative(", ["del_sigmoid"], "sigmoid_derivative"),
            ("def cross_entropy(", "def crossEntropy(", ["cross_entropy"], "crossEntropy"),
            ("def backprop(", "def back_propagation(", ["backprop"], "back_propagation"),
            ("def stochastic_gradient_descent(", "def sgd(", ["stochastic_gradient_descent"], "sgd"),
        ],
        6,
    ),
)
def test_a_name_spelled_otherwise_is_missing_and_pointed_at(sandbox, right, written, tasks, similar):
    """It is neither right nor left out, whether all tasks are checked or those that a rubric counts."""
    source = solved_sheet(4, "py", bodies={task: solution(task) for task in TASKS if TASKS[task].sheet == 4})
    renamed = submission(source.replace(right, written))
    for checked in (check_submission(renamed, sandbox), check_submission(renamed, sandbox, tasks=tasks)):
        results = {result.task: result for result in checked.tasks}
        assert {results[task].status for task in tasks} == {"not_attempted"}
        assert all(f"but there is {similar}." in said(results[task]) for task in tasks)
        assert sum(result.credit for result in checked.tasks if result.task in tasks) == 0


def test_a_misspelled_class_alone_is_enough_to_list_its_sheet(sandbox):
    """The methods of a class with another name are those of sheet 4, which is then listed as a whole."""
    checked = check_submission(submission("class FCC:\n    def backprop(self, y):\n        pass\n"), sandbox)
    assert statuses(checked) == {name: "not_attempted" for name, task in TASKS.items() if task.sheet == 4}


def test_training_at_the_top_belongs_into_a_function(sandbox):
    """A loop that calls backprop, where the routines are missing, is what should be one."""
    checked = check_submission(submission(*NOTEBOOK), sandbox, tasks=["gradient_descent"])
    assert "The training loop here is in no function" in said(checked.tasks[0])


@pytest.mark.parametrize("seeds", [range(2), pytest.param(range(2, 30), marks=pytest.mark.slow)], ids=["2", "30"])
def test_weights_that_a_dictionary_shares_are_right_whatever_is_drawn(sandbox, seeds):
    """The step changes the arrays in the dictionary, which are also those of the attributes."""
    network = (
        NOTEBOOK[2].replace(
            "        self.X = self.h1 =", "        self.params = dict(vars(self))\n        self.X = self.h1 ="
        )
        + "    def gradient_step(self, learning_rate):\n        for name in self.params:\n"
        "            self.params[name] -= learning_rate * getattr(self, 'd' + name)\n"
    )
    for seed in seeds:
        checked = check_submission(
            submission(*NOTEBOOK[:2], network), sandbox, tasks=["backprop", "gradient_step"], seed=seed
        )
        assert statuses(checked) == {"backprop": "right", "gradient_step": "right"}, seed


def test_a_method_that_uses_data_of_the_notebook_is_told_so(sandbox):
    """The number of all training examples in place of the batch's: wrong, and the variable is named."""
    network = NOTEBOOK[2].replace("self.num_train_ex = y.shape[0]", "self.num_train_ex = trainx.shape[0]")
    checked = check_submission(submission(*NOTEBOOK[:2], network), sandbox)
    results = {result.task: result for result in checked.tasks}
    assert results["backprop"].status == "wrong"
    assert "backprop uses trainx from outside" in said(results["backprop"])
    right = [name for name, task in TASKS.items() if task.kind == "function"]
    assert {results[name].status for name in right} == {"right"}


def test_a_syntax_error_is_reported_on_the_tasks_of_its_cell(sandbox):
    """The cell that is no Python costs its own tasks, with its line, and the others are judged."""
    broken = NOTEBOOK[1].replace("return h * (1 - h)", "return h * (1 - h")
    checked = check_submission(submission(NOTEBOOK[0], broken, *NOTEBOOK[2:]), sandbox)
    found = statuses(checked)
    assert found["sigmoid"] == "right"
    for task in ("delta_last_layer", "delta_last_layer_easy_approach", "del_sigmoid"):
        assert found[task] == "crashed"
    crash = next(result.crash for result in checked.tasks if result.task == "del_sigmoid")
    assert (crash.cell, crash.type) == (2, "SyntaxError")


def test_a_helper_that_cannot_be_read_does_not_keep_backprop_from_being_right(sandbox):
    """It is as if it were not written yet: backprop is tried with correct helpers."""
    helper = "def del_sigmoid(h):\n    return h * (1 - h\n"
    rest = NOTEBOOK[1].replace("def del_sigmoid(h):\n    return h * (1 - h)", "")
    checked = check_submission(submission(NOTEBOOK[0], rest, helper, *NOTEBOOK[2:]), sandbox)
    found = statuses(checked)
    assert (found["del_sigmoid"], found["backprop"]) == ("crashed", "right")


def test_a_missing_import_is_told_once(sandbox):
    """Tasks that all fail because NumPy is not imported share one report."""
    source = "".join(NOTEBOOK[:2]).replace("import numpy as np", "")
    checked = check_submission(submission(source), sandbox, tasks=["softmax", "accuracy", "delta_last_layer"])
    file = io.StringIO()
    show_report(checked, Console(file=file, width=300))
    assert file.getvalue().count("NumPy is not known here") == 1


PASTED = "\n".join(f"{number:4} {line}" for number, line in enumerate("".join(NOTEBOOK[:3]).split("\n"), 1))


@pytest.mark.parametrize(
    ("source", "tasks", "line", "words"),
    [
        (NOTEBOOK[0].replace("axis=1) == labels", "axis=1 == labels"), {"sheet": 3}, "", "This is not valid Python"),
        (NOTEBOOK[1].replace("(1 - h)", "(1 \u2013 h)"), {"sheet": 4}, "h * (1 \u2013 h)", "the character \u2013"),
        (NOTEBOOK[1].replace("h * (1", "h *\u00a0(1"), {"sheet": 4}, "", "an invisible character (U+00A0)"),
        (
            NOTEBOOK[1].replace("    return h *", "\tx = h\n        return h *"),
            {"sheet": 4},
            "",
            "mixes tabs and spaces",
        ),
        (PASTED, {}, "", "Line numbers were copied along"),
        ("<!DOCTYPE html>\n<html></html>", {}, "<!DOCTYPE html>", "This is a web page"),
    ],
)
def test_a_file_that_is_not_valid_python_gets_one_report(sandbox, source, tasks, line, words):
    """Its tasks have all crashed, and are listed; what is wrong stands below them once, with the line."""
    checked = check_submission(submission(source), sandbox)
    expected = [name for name, task in TASKS.items() if task.sheet == tasks.get("sheet", task.sheet)]
    assert [result.task for result in checked.tasks] == expected
    assert "right" not in statuses(checked).values()
    file = io.StringIO()
    show_report(checked, Console(file=file, width=300))
    shown = " ".join(file.getvalue().split())
    assert shown.count(words) == 1
    assert shown.count("Python says:") == 1
    assert line in shown
    assert report_html(checked).count("Python says") == 1


def test_a_crash_has_the_learners_own_line(sandbox):
    """The line of the cell and the sentence in plain words, in the learner's language."""
    body = "hidden = h\nreturn hiden * (1 - h)"
    checked = check_submission(sheet(4, del_sigmoid=body), sandbox, language="de", tasks=["del_sigmoid"])
    (result,) = checked.tasks
    assert result.status == "crashed"
    assert result.crash.source.strip() == "return hiden * (1 - h)"
    assert "Der Name 'hiden' ist hier nicht definiert" in said(result, checked.language)


@pytest.mark.parametrize(
    ("line", "words"),
    sampled(
        [
            ("quit()", "ends the whole program"),
            ("import sys; sys.exit(0)", "ends the whole program"),
            ("input('how many epochs? ')", "waits for somebody to type"),
            ("import multiprocessing; multiprocessing.Pool(2)", "starts another process or opens a connection"),
            (
                "import socket; socket.create_connection(('127.0.0.1', 9))",
                "starts another process or opens a connection",
            ),
            ("open('mnist.npy')", "A file could not be opened"),
            ("import torch", "A check knows NumPy"),
        ],
        3,
    ),
)
def test_what_a_check_does_not_allow_is_explained(line, words):
    """In plain words, whatever Python's own are; the other tasks are judged."""
    sandbox = need_isolation()
    checked = check_submission(
        sheet(4, del_sigmoid=f"{line}\nreturn h * (1 - h)"), sandbox, tasks=["del_sigmoid", "gradient_step"]
    )
    results = {result.task: result for result in checked.tasks}
    assert results["del_sigmoid"].status == "crashed"
    assert words in said(results["del_sigmoid"])
    assert results["gradient_step"].status == "right"


def test_an_endless_loop_is_too_slow_and_the_other_tasks_are_judged(sandbox):
    """One function that never ends costs only itself."""
    endless = "def sigmoid(X):\n    while True:\n        pass\n"
    sources, tasks = (endless, "def del_sigmoid(h):\n    return h * (1 - h)\n"), ["sigmoid", "del_sigmoid"]
    checked = check_submission(submission(*sources), sandbox, tasks=tasks)
    assert statuses(checked) == {"sigmoid": "too_slow", "del_sigmoid": "right"}


@pytest.mark.parametrize(
    "body",
    [
        "    pass",
        "    return",
        "    return None",
        "    ...",
        '    """X (n, d) -> (n, d)."""',
        '    """X (n, d) -> (n, d).\n\n    Größe: bleibt.\n    """\n    # TODO\n    pass',
    ],
)
def test_a_body_in_which_nothing_is_written_is_not_attempted(sandbox, body):
    """However the learner left it blank; the lines below keep their numbers."""
    source = f"def sigmoid(X):\n{body}\n\ndef del_sigmoid(h):\n    return h * (1 - g)\n"
    checked = check_submission(submission(source), sandbox, tasks=["sigmoid", "del_sigmoid"])
    assert statuses(checked) == {"sigmoid": "not_attempted", "del_sigmoid": "crashed"}
    assert checked.tasks[1].crash.line == source.count("\n")


def test_a_method_and_a_line_in_which_nothing_is_written_are_not_attempted(sandbox):
    """In the class, and after a colon, also where a name takes more bytes than letters."""
    network = "    def __init__(self, *sizes):\n        pass\n    def backprop(self, y):\n        pass\n"
    source = f"def sigmoid(größe): return\nclass fcc:\n{network}"
    checked = check_submission(submission(source), sandbox, tasks=["sigmoid", "backprop"])
    assert set(statuses(checked).values()) == {"not_attempted"}


def test_an_abstract_base_class_is_no_blank_task(sandbox):
    """What a subclass overrides is judged by its own method."""
    base = "class Base:\n    def gradient_step(self, learning_rate):\n        pass\n\n\n"
    text = solved_sheet(4, "py").replace("class fcc:", f"{base}class fcc(Base):")
    text = text.replace(
        "        self.W_i_h1 -=", "        super().gradient_step(learning_rate)\n        self.W_i_h1 -="
    )
    assert "super()" in text
    assert statuses(check_submission(submission(text), sandbox, tasks=["gradient_step"])) == {"gradient_step": "right"}


def test_probes_are_new_each_time_unless_there_is_a_seed(sandbox):
    """The numbers that a wrong result is shown with differ from check to check, and not with the same seed."""
    wrong = submission("def del_sigmoid(h):\n    return h ** 0.5\n")

    def message(seed):
        return said(check_submission(wrong, sandbox, tasks=["del_sigmoid"], seed=seed).tasks[0])

    assert message(None) != message(None)
    assert message(7) == message(7)


def test_a_task_that_is_not_known_is_refused(sandbox):
    """A name that no sheet has is an error that lists those there are."""
    with pytest.raises(ExerciseError, match="a task named 'task 9'"):
        check_submission(submission(""), sandbox, tasks=["task 9"])


def test_garbage_is_no_result(sandbox):
    """An empty submission has no results, and one that ends its process when it is loaded has only crashes."""
    assert check_submission(submission(""), sandbox).tasks == ()
    leaves = submission("import os\ndef del_sigmoid(h):\n    os._exit(0)\n")
    result = next(result for result in check_submission(leaves, sandbox).tasks if result.task == "del_sigmoid")
    assert (result.status, result.credit) == ("crashed", 0.0)
