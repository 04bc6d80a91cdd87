"""What only long trainings, or calls like those of the sheet's own cells, show."""

import re

import numpy as np
import pytest
from sampling import sampled

from handgrad.exercises.check import JUDGES
from handgrad.exercises.grading.rubric import default_rubric
from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.exercises.sandbox.runner import run_calls
from handgrad.exercises.sheet import solved_sheet
from handgrad.exercises.submission.reading import Cell, Submission, definitions
from handgrad.exercises.tasks import TASKS

GD, SGD = "gradient_descent", "stochastic_gradient_descent"
SOLVED = solved_sheet(4, "py")
RNG = "    rng = np.random.RandomState() if rng is None else rng\n    permutation"
COUNTS = '        self.t = getattr(self, "t", 0) + 1\n        if self.t > {}:\n            return\n'
N, STEP, HISTORY = "        n = len(y)\n", "        self.W_i_h1 -= learning_rate", "    history = []\n"


def result_of(task, *edits):
    """Judge one task of the solved sheet with some lines replaced."""
    source = SOLVED
    for line, instead in edits:
        assert line in source
        source = source.replace(line, instead, 1)
    plan = JUDGES[task].calls_for(task, np.random.default_rng(1))
    cells = definitions(Submission("a", (Cell(0, source),)))
    return JUDGES[task].judge(plan, run_calls(cells, plan.calls, find_sandbox(allow_none=True)))


def judged(task, *edits):
    """Give its status, and the mistakes that are named."""
    result = result_of(task, *edits)
    return result.status, [found.mistake for found in result.findings]


@pytest.mark.parametrize(
    ("mistake", "edit"),
    [
        ("forward_overwrites_inputs", ("        return self.out\n", "        X *= 0.5\n        return self.out\n")),
        ("data_changed_in_backprop", (N, f"{N}        y[...], y = 0, y.copy()\n")),
        ("data_changed_in_backprop", (N, f"{N}        self.X, X = self.X.copy(), self.X\n        X[...] = 0\n")),
    ],
)
def test_methods_that_change_their_callers_data_are_wrong(mistake, edit):
    """Whoever overwrites the examples or the labels spoils the next step, however right this one is."""
    inputs = ("        self.X = X\n", "        self.X = X.copy()\n") if mistake.startswith("forward") else (N, N)
    assert judged("backprop", inputs, edit) == ("wrong", [mistake])


@pytest.mark.parametrize(
    ("task", "edit"),
    sampled(
        [
            ("backprop", (N, COUNTS.format(600) + N)),
            ("backprop", (N, "        n = min(len(y), 320)\n")),
            ("gradient_step", (STEP, COUNTS.format(600) + STEP)),
            (GD, (HISTORY, f"{HISTORY}    num_iterations = min(num_iterations, 250)\n")),
            (SGD, (RNG, f"    batch_size = min(batch_size, 50)\n{RNG}")),
            (SGD, (RNG, f"    epochs = min(epochs, 20)\n{RNG}")),
            (SGD, (RNG, f"    trainx, trainy = trainx[:1000], trainy[:1000]\n{RNG}")),
        ],
        3,
    ),
)
def test_what_is_right_only_below_the_sheets_sizes_is_wrong(task, edit):
    """A training of the sheet has more steps, examples, epochs and iterations than a small trial."""
    assert judged(task, edit)[0] == "wrong"


@pytest.mark.parametrize(
    ("status", "mistake", "edit"),
    sampled(
        [
            ("crashed", [], (RNG, "    permutation")),
            ("right", ["called_otherwise"], ("batch_size=64, epochs=10", "epochs=10, batch_size=64")),
            ("wrong", ["history_parts_exchanged"], ("return evaluations, batches", "return batches, evaluations")),
            ("wrong", ["data_changed_by_routine"], ("return evaluations", "trainx[...] = 0\n    return evaluations")),
            ("right", ["order_ignores_rng"], ("rng.shuffle(", "np.random.shuffle(")),
            (
                "right",
                ["incomplete_batch_used"],
                ("(trainx.shape[0] // batch_size)", "(-(-trainx.shape[0] // batch_size))"),
            ),
        ],
        2,
    ),
)
def test_what_the_sheets_cells_need_is_said(status, mistake, edit):
    """What breaks a call like the sheet's is wrong, and what only its words exclude is remarked on."""
    assert judged(SGD, edit) == (status, mistake)


def test_a_crash_costs_the_same_wherever_the_line_stands():
    """What a crash leaves out is judged where the same mistake does not crash, so their order costs nothing."""
    lines = re.findall(r"^        self\.d\w+ = .*\n", SOLVED, flags=re.MULTILINE)
    deltas = [line for line in lines if "self.delta" in line[:20]]
    others = [line for line in lines if line not in deltas]
    wrong = ("del_sigmoid(self.h1)", "del_sigmoid(self.h2)")
    first = ("".join(lines), "".join(deltas + others).replace(*wrong))
    results = [result_of("backprop", one).credit for one in (wrong, first)]
    assert results == [8 / 9, 8 / 9]


def test_a_method_that_only_calls_a_wrong_helper_gets_all_points():
    """From a right helper the method is right: it is said so, without a guess at another cause, and costs nothing."""
    result = result_of("backprop", ("return h * (1 - h)", "return h - h**2 / 2"))
    assert (result.status, result.findings, result.notes[0].id) == ("wrong", (), "follows")
    assert default_rubric().score(result) == TASKS["backprop"].points
