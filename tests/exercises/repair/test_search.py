"""A change of the learner's own code that makes a task right: found where there is one, and true."""

import re

import pytest
from real import Case
from sampling import sampled

from handgrad.exercises.check import check_submission
from handgrad.exercises.report import feedback
from handgrad.exercises.results import TaskResult
from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.exercises.submission.reading import Cell, Submission
from handgrad.exercises.tasks import TASKS

SIGMOID = """\
def sigmoid(X):
    X = np.clip(X, 500, -500)
    return 1 / (1 + np.exp(-X))
"""
CROSS_ENTROPY = """\
def cross_entropy(pred_logits, y):
    hot = np.eye(pred_logits.shape[1])[y]
    cost = -np.dot(np.log(pred_logits), hot.T) / len(y)
    return np.squeeze(cost)
"""
BACKPROP = """\
def backprop(self, y):
    n = len(y)
    d3 = delta_last_layer_easy_approach(self.out, y)
    d2 = np.matmul(self.W_h2_o, d3) * self.h2.T * 1 - self.h2.T
    d1 = np.matmul(self.W_h1_h2, d2) * self.h1.T * (1 - self.h1.T)
    self.delta_out, self.delta_h2, self.delta_h1 = d3, d2, d1
    self.dW_h2_o, self.db_out = np.matmul(d3, self.h2).T / n, d3.mean(axis=1)
    self.dW_h1_h2, self.db_h2 = np.matmul(d2, self.h1).T / n, d2.mean(axis=1)
    self.dW_i_h1, self.db_h1 = np.matmul(d1, self.X).T / n, d1.mean(axis=1)
"""
STEP = """\
def gradient_step(self, learning_rate):
    for name in PARAMETERS:
        if self.X.shape[0] > 1:
            setattr(self, name, getattr(self, name) - learning_rate * getattr(self, "d" + name))
"""
DESCENT = """\
def gradient_descent(neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000,
                     evaluate_every=100):
    history = []
    for i in range(num_iterations):
        if i % evaluate_every == 0:
            history.append(evaluate(neural_net, i, trainx, trainy, testx, testy))
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        if learning_rate > 0.5:
            neural_net.gradient_step(learning_rate)
    return history
"""
WRONG = {
    "sigmoid": (SIGMOID, "X = np.clip(X, -500, 500)"),
    "cross_entropy": (CROSS_ENTROPY, "cost = -np.sum(np.log(pred_logits) * hot) / len(y)"),
    "backprop": (BACKPROP, "d2 = np.matmul(self.W_h2_o, d3) * self.h2.T * (1 - self.h2.T)"),
    "gradient_step": (STEP, "if self.X.shape[0] >= 1:"),
}


def judged(task: str, code: str) -> TaskResult:
    """Check a sheet whose only mistake is in one task."""
    sheet = Case("mistakes", "own", "", {task: code}).sheet
    submission = Submission("own.py", (Cell(0, sheet),))
    (result,) = check_submission(submission, find_sandbox(allow_none=True), tasks=[task], seed=3).tasks
    return result


@pytest.mark.parametrize("task", sampled(WRONG, 4))
def test_a_change_is_found_and_is_true(task: str) -> None:
    """The line and what it should be are named; with the line replaced, the whole task is right."""
    code, wanted = WRONG[task]
    result = judged(task, code)
    repair = result.findings[0].repair
    assert result.status == "wrong"
    assert repair is not None
    before, after = str(repair.facts["before"]), str(repair.facts["after"])
    assert after == wanted
    sheet = Case("mistakes", "own", "", {task: code}).sheet.split("\n")
    where = re.search(r"line (\d+)", feedback.sentence(repair, "en"))
    assert where is not None
    assert sheet[int(where[1]) - 1].strip() == before
    assert judged(task, code.replace(before, after)).status == "right"


@pytest.mark.slow
def test_a_routine_is_repaired_as_well() -> None:
    """Where the steps of a routine depend on a condition, the condition is what to change."""
    result = judged("gradient_descent", DESCENT)
    assert result.status == "wrong"
    assert not result.findings[0].mistake
    assert "learning_rate > 0.5" in feedback.message(result.findings[0], "en")


def test_the_page_says_so_instead_of_that_the_cause_is_unknown() -> None:
    """The report gives the change and what to do with it, in both languages, and not that no cause was recognised."""
    result = judged("sigmoid", SIGMOID)
    for language, said in (("en", "write `{}` instead of"), ("de", "`{}` statt")):
        blocks = feedback.blocks(result, language)
        messages = [block for block in blocks if isinstance(block, feedback.Message)]
        assert said.format("X = np.clip(X, -500, 500)") in messages[0].text
        assert messages[0].note == ""


def test_what_is_known_or_right_is_not_searched() -> None:
    """A mistake of the catalogue has its own words, and a right task needs none."""
    known = judged("del_sigmoid", "def del_sigmoid(h):\n    return h * (1 + h)\n")
    assert known.findings[0].mistake == "derivative_plus"
    assert known.findings[0].repair is None
    assert judged("del_sigmoid", "def del_sigmoid(h):\n    return h - h * h\n").findings == ()


def test_what_one_change_mends_is_one_finding() -> None:
    """Where a step is wrong for every parameter, one finding has them all, and no further one says less of the same."""
    result = judged("gradient_step", STEP.replace("self.X.shape[0] > 1", "learning_rate > 0.5"))
    (finding,) = result.findings
    assert finding.quantities == TASKS["gradient_step"].quantities
    assert finding.repair is not None


def test_credit_does_not_change() -> None:
    """That a change is known costs nothing, and gains nothing."""
    result = judged("sigmoid", SIGMOID)
    assert result.credit == 0


def test_changes_that_never_end_do_not_hold_it_up() -> None:
    """Leaving out the line that ends a loop makes it endless; what comes after it is tried all the same."""
    code = """\
def sigmoid(X):
    result, i = np.zeros(X.shape), 0
    flat, out = X.ravel(), result.ravel()
    while i < flat.size:
        out[i] = 1 / (1 + np.exp(-flat[i]))
        i += 1
    return result[::-1]
"""
    repair = judged("sigmoid", code).findings[0].repair
    assert repair is not None
    assert repair.facts["after"] == "return result"
