"""Cases that users sent: each gets the verdict that it should have had, whatever is drawn.

``given.toml`` holds definitions to put into the solved sheet, and ``VERDICTS`` whole sheets as learners hand them in.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from reports import said
from sampling import sampled
from sandboxes import need_isolation

from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.check import check_submission
from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.exercises.submission.reading import read_submission
from handgrad.exercises.tasks import PARAMETERS
from real import GIVEN, Case
from real.outcomes import judge

SHEET = Case("right", "solved", "", {}).sheet
SERIOUS = (  # wrong names, false accusations, full marks for nothing
    "accuracy_argmax_of_integer_labels", "forward_passes_on_z", "sgd_python_shuffle_of_rows",
    "predict_and_score_methods", "training_flag", "params_dict_shared_arrays", "saturated_forward",
    "backprop_zeros_get_3_5_of_4",
)  # fmt: skip
ALL = [case for cases in GIVEN.values() for case in cases]


def unwanted(cases: Iterable[Case], seeds: Iterable[int]) -> list[str]:
    """Judge cases, and list the outcomes that are not as wanted; a mistake without an id may be described."""
    outcomes = judge(list(cases), list(seeds), find_sandbox(allow_none=True))
    return [str(one) for one in outcomes if not (one.as_wanted or (one.word == "described" and not one.case.ids))]


def test_every_case_is_complete() -> None:
    """Names are unique, and the mistakes that are to be named exist in their tasks."""
    assert len({case.name for case in ALL}) == len(ALL)
    for case in GIVEN["mistakes"]:
        assert all(case.task in catalogue()[name].tasks for name in case.ids)


def test_the_most_serious_cases_are_judged_as_they_should_be() -> None:
    """One check each, of the task in which the case is wrong, or of all tasks."""
    assert unwanted([case for case in ALL if case.name in SERIOUS], [1]) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30))
def test_every_case_is_judged_as_it_should_be_whatever_is_drawn(seed: int) -> None:
    """Mistakes are named, right ones are right and cheats are wrong."""
    assert unwanted(ALL, [seed]) == []


def edited(*edits: tuple[str, str]) -> str:
    """Replace parts of the solved sheet."""
    text = SHEET
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


STEPS = "    {net}.forward_propagation({X})\n        {net}.backprop({y})\n        {net}.gradient_step({rate})\n"
ROUTINE = "trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=9, evaluate_every=3):\n    for i in range("
DESCENT = f"def gradient_descent(net, {ROUTINE}num_iterations):\n    " + STEPS.format(
    net="net", X="trainx", y="trainy", rate="learning_rate"
)
DERIVATIVE = "    return h * (1 - h)\n"
GRADIENTS = "        self.grads = {name: getattr(self, 'd' + name) for name in PARAMETERS}\n\n    def gradient_step"
BY_UNITS = [
    ("randn(n_input, n_hidden1)", "randn(n_hidden1, n_input)"),
    ("randn(n_hidden1, n_hidden2)", "randn(n_hidden2, n_hidden1)"),
    ("randn(n_hidden2, n_out)", "randn(n_out, n_hidden2)"),
    ("X, self.W_i_h1,", "X, self.W_i_h1.T,"),
    ("h1, self.W_h1_h2,", "h1, self.W_h1_h2.T,"),
    ("h2, self.W_h2_o,", "h2, self.W_h2_o.T,"),
]
LOCAL = [(f"self.delta_{name}", f"delta_{name}") for name in ("out", "h2", "h1")]
LINES = SHEET.splitlines()

# By name: the sheet, one task, its status, and words of what is said of it.
VERDICTS: dict[str, tuple[str, str, str, str]] = {
    "accuracy prints": (
        "def accuracy(logits, labels):\n    print(logits.argmax(1) == labels)",
        "accuracy", "wrong", "does not return anything",
    ),
    "accuracy returns text": (
        "def accuracy(logits, labels):\n    return f'{(logits.argmax(1) == labels).mean():.2%}'",
        "accuracy", "wrong", "is not a number, an array",
    ),
    "derivative times four": (
        edited((DERIVATIVE, "    return 4 * h * (1 - h)\n")),
        "del_sigmoid", "wrong", "gives 4 times the right result, in every trial",
    ),
    "float label as index": (
        "import numpy as np\ndef cross_entropy(p, y):\n    y = y.astype(float)\n"
        "    return -sum(np.log(p[i, y[i]]) for i in range(len(y))) / len(y)",
        "cross_entropy", "crashed", "Something that is not a single integer",
    ),
    "returns list": (
        "def del_sigmoid(h):\n    return [[v * (1 - v) for v in row] for row in h]", "del_sigmoid", "right", "Right."
    ),
    "wrong scalars": (
        "import numpy as np\ndef cross_entropy(p, y):\n    return np.mean(p ** 3)",
        "cross_entropy", "wrong", "In two trials that differ only in y it was the same",
    ),
    "routine with other parameter names": (
        "def gradient_descent(net, X, y, X_test, y_test, lr=0.1, iterations=1000, every=100):\n"
        "    for i in range(iterations):\n    " + STEPS.format(net="net", X="X", y="y", rate="lr"),
        "gradient_descent", "right", "A remark: the training is right",
    ),
    "routine with star": (
        "def gradient_descent(net, *data, learning_rate=0.1, num_iterations=1000, evaluate_every=100):\n"
        "    for i in range(num_iterations):\n    "
        + STEPS.format(net="net", X="data[0]", y="data[1]", rate="learning_rate"),
        "gradient_descent", "right", "A remark: the training is right",
    ),
    "decorator of positional arguments": (
        "def timed(function):\n    def wrapper(*args):\n        return function(*args)\n    return wrapper\n"
        f"@timed\n{DESCENT}",
        "gradient_descent", "right", "A remark: the training is right",
    ),
    "routine calls predict": (
        "class fcc:\n    def predict(self, X):\n        return self.forward_propagation(X).argmax(1)\n"
        f"{DESCENT}    print((net.predict(testx) == testy).mean())\n",
        "gradient_descent", "right", "A remark: the training is right",
    ),
    "random hidden values": (
        edited(("fcc_one_layer(self.h1, self.W_h1_h2, self.b_h2, sigmoid)", "np.random.rand(len(X), len(self.b_h2))")),
        "backprop", "wrong", "h2 came out differently",
    ),
    "forward pass returns nothing": (
        edited(("        return self.out\n", "")), "backprop", "wrong", "Your forward_propagation returns None"
    ),
    "misspelt weights in the forward pass": (
        edited(("X, self.W_i_h1,", "X, self.W_i_h,")), "backprop", "crashed", "The network has no 'W_i_h'"
    ),
    "forward pass for images only": (
        edited(("        self.X = X\n", "        self.X = X = X.reshape(-1, 784)\n")),
        "backprop", "right", "Right when it is given correct inputs",
    ),
    "forward pass that the routines give more": (
        edited(("def forward_propagation(self, X)", "def forward_propagation(self, X, training)")),
        "backprop", "right", "Right when it is given correct inputs",
    ),
    "sigmoid at the output": (
        edited(("self.b_out, softmax)", "self.b_out, sigmoid)")), "backprop", "wrong", "out is computed with a sigmoid"
    ),
    "wrong delta in a local variable": (
        edited(*LOCAL, ("del_sigmoid(self.h2).T", "del_sigmoid(np.matmul(self.W_h2_o, delta_out))")),
        "backprop", "wrong", "Your delta_h2 is computed with the derivative",
    ),
    "one-hot off by one with a guard": (
        edited((
            "    return np.asarray((h - np.eye(h.shape[1])[y]).T)",
            "    for m in range(len(y)):\n        if y[m] + 1 < h.shape[1]:\n            h[m, y[m] + 1] -= 1\n"
            "    return h.T",
        )),
        "delta_last_layer_easy_approach", "wrong", "takes the class next to the true one",
    ),
    "step uses gradients kept in a dictionary": (
        edited(
            ("\n    def gradient_step", GRADIENTS),
            *((f"learning_rate * self.d{name}\n", f"learning_rate * self.grads['{name}']\n") for name in PARAMETERS),
        ),
        "gradient_step", "right", "Right.",
    ),
    "weights as units by inputs": (edited(*BY_UNITS), "backprop", "wrong", "W_i_h1 has the shape"),
    "class of a missing package": (
        edited(("class fcc:", "import torch.nn as nn\n\n\nclass fcc(nn.Module):")),
        "backprop", "crashed", "No module named 'torch'",
    ),
    "class missing": (SHEET[: SHEET.index("class fcc")], "backprop", "not_attempted", "There is no class fcc here yet"),
    "class in capitals": (
        edited(("class fcc", "class FCC")),
        "gradient_step", "not_attempted", "There is no class fcc here, but there is class FCC",
    ),
    "function named otherwise": (
        edited(("del_sigmoid(", "sigmoid_derivative(")),
        "del_sigmoid", "not_attempted", "but there is sigmoid_derivative",
    ),
    "backprop with other parameters": (
        edited(("def backprop(self, y)", "def backprop(self, X, y)")),
        "backprop", "crashed", "backprop takes (X, y) here, but on the sheet it takes (y)",
    ),
    "numba": (
        edited(("def del_sigmoid", "from numba import njit\n\n\n@njit\ndef del_sigmoid")),
        "del_sigmoid", "crashed", "No module named 'numba'",
    ),
    "loaded data in a method": (
        "import numpy as np\ntrainx, trainy, testx, testy = np.load('mnist.npy', allow_pickle=True)\n"
        + edited(("n = len(y)", "n = len(trainx)")),
        "backprop", "wrong", "backprop uses trainx from outside",
    ),
    "routine at the top": (
        SHEET[: SHEET.index("def gradient_descent")] + "net = fcc(784, 400, 400, 10)\nfor i in range(9):\n"
        "    net.forward_propagation(X)\n    net.backprop(y)\n",
        "gradient_descent", "not_attempted", "The training loop here is in no function",
    ),
    "input in a function": (
        edited((DERIVATIVE, f"    input('how many epochs? ')\n{DERIVATIVE}")), "del_sigmoid", "crashed", "no keyboard"
    ),
    "global network in a method": (
        edited(("np.matmul(self.W_h2_o,", "np.matmul(net.W_h2_o,")) + "\n\nnet = fcc(784, 400, 400, 10)\n",
        "backprop", "crashed", "backprop uses net from outside",
    ),
    "zero bytes": (SHEET + "\0\0", "sigmoid", "crashed", "a zero byte, which no text has"),
    "no-break spaces": (edited((" * (1 - h)", "\u00a0* (1 - h)")), "sigmoid", "crashed", "character (U+00A0)"),
    "smart quotes": (edited(('"Evaluation"', "“Evaluation”")), "sigmoid", "crashed", "does not know the character “"),
    "dash for minus": (edited(("1 - h", "1 \u2013 h")), "sigmoid", "crashed", "does not know the character \u2013"),
    "tabs and spaces": (
        edited((DERIVATIVE, f"\tx = h\n    {DERIVATIVE}")), "sigmoid", "crashed", "mixes tabs and spaces"
    ),
    "bracket never closed": (edited((DERIVATIVE, "    return h * (1 - h\n")), "sigmoid", "crashed", "not valid Python"),
    "print of Python 2": (
        edited((DERIVATIVE, f"    print 'h', h\n{DERIVATIVE}")),
        "sigmoid", "crashed", "In Python 3, print is a function",
    ),
    "line numbers": (
        "\n".join(f"{i:4} {line}" for i, line in enumerate(LINES, 1)), "sigmoid", "crashed", "Line numbers were copied"
    ),
    "prompts": (
        "\n".join(f"{'... ' if line[:1] in ('', ' ') else '>>> '}{line}" for line in LINES),
        "sigmoid", "crashed", "Prompts such as >>> were copied",
    ),
    "web page": ("<!DOCTYPE html>\n<html><body>Sign in</body></html>", "sigmoid", "crashed", "This is a web page"),
    "method outside the class": (
        SHEET[: SHEET.index("    def gradient_step")] + "def gradient_step(self, learning_rate):\n    pass\n",
        "gradient_step", "not_attempted", "gradient_step is defined outside the class",
    ),
    "quit": (edited((DERIVATIVE, f"    quit()\n{DERIVATIVE}")), "del_sigmoid", "crashed", "ends the whole program"),
    "processes": (
        edited((DERIVATIVE, f"    from multiprocessing import Pool\n    Pool(2)\n{DERIVATIVE}")),
        "del_sigmoid", "crashed", "starts another process",
    ),
    "merge conflict": (
        edited((DERIVATIVE, f"<<<<<<< HEAD\n{DERIVATIVE}=======\n    return h\n>>>>>>> anna\n")),
        "sigmoid", "crashed", "with the markers of a merge conflict",
    ),
    "chat with code": (f"Here it is:\n\n```python\n{SHEET}```\n", "sigmoid", "crashed", "lines with ```"),
    "everything in main": (
        "import numpy as np\ndef main():\n" + "".join(f"    {line}\n" for line in LINES) + "main()\n",
        "backprop", "not_attempted", "class fcc is defined inside a function",
    ),
    "self forgotten": (
        edited(("gradient_step(self, learning_rate)", "gradient_step(learning_rate)")),
        "gradient_step", "crashed", "its first parameter must be self",
    ),
    "NumPy not imported as np": (
        edited(("import numpy as np", "import numpy")), "softmax", "crashed", "Put import numpy as np at the top"
    ),
    "NumPy's name for something else": (SHEET + "\nnp = 3\n", "softmax", "crashed", "np is given another value"),
    "progress bar": (
        "from tqdm import tqdm\n" + edited(("for i in range(num_iterations)", "for i in tqdm(range(num_iterations))")),
        "gradient_descent", "right", "Right.",
    ),
    "type hint of a missing package": (
        "import torch\n" + edited(("def del_sigmoid(h)", "def del_sigmoid(h: torch.Tensor) -> torch.Tensor")),
        "del_sigmoid", "right", "Right.",
    ),
    "methods given by setattr": (
        edited(
            ("    def gradient_step", "    pass\n\ndef gradient_step"),
            (
                "        self.b_out -= learning_rate * self.db_out\n",
                "        self.b_out -= learning_rate * self.db_out\n\nsetattr(fcc, 'gradient_step', gradient_step)\n",
            ),
        ),
        "gradient_step", "right", "Right.",
    ),
    "Latin-1 with its coding line": ("# -*- coding: latin-1 -*-\n# Lösung\n" + SHEET, "del_sigmoid", "right", "Right."),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(VERDICTS, 14))
def test_what_was_handed_in_gets_the_right_sentence(name: str, tmp_path: Path) -> None:
    """One task of the sheet has the status, and the sentence says what is wrong."""
    sheet, task, status, words = VERDICTS[name]
    (tmp_path / "sheet.py").write_bytes(sheet.encode("latin-1" if "latin-1" in sheet else "utf-8"))
    checked = check_submission(read_submission(tmp_path / "sheet.py"), need_isolation(), tasks=[task], seed=0)
    (result,) = checked.tasks
    assert (result.status, words in said(result)) == (status, True), said(result)
