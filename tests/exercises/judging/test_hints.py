"""What a submission's text tells of a task that is missing or fails, without running anything."""

import time
import warnings

import pytest

from handgrad.exercises.calls import Crash
from handgrad.exercises.judging.hints import explained
from handgrad.exercises.results import Note, TaskResult
from handgrad.exercises.submission.outline import outline
from handgrad.exercises.submission.reading import Cell, Submission


def hinted(source: str, task: str, status: str = "not_attempted", crash: Crash | None = None) -> tuple[Note, ...]:
    """Give the notes on a task, which is missing unless it has another status."""
    notes = (Note("missing", {"name": task}),) if status == "not_attempted" else (Note("crash_self"),) if crash else ()
    result = TaskResult(task, status, notes=notes, crash=crash)
    return explained(result, outline(Submission("sheet.py", (Cell(0, source),)))).notes


@pytest.mark.parametrize(
    ("task", "written"),
    [
        ("softmax", "Softmax"), ("softmax", "soft_max"), ("softmax", "softmax_stable"), ("sigmoid", "sigmod"),
        ("cross_entropy", "crossentropy"), ("cross_entropy", "cross_entropy_loss"), ("accuracy", "acuracy"),
        ("del_sigmoid", "sigmoid_del"), ("del_sigmoid", "d_sigmoid"), ("delta_last_layer", "deltaLastLayer"),
        ("delta_last_layer_easy_approach", "delta_last_layer_easy"), ("gradient_descent", "grad_descent"),
        ("gradient_descent", "descent_gradient"), ("stochastic_gradient_descent", "SGD"),
    ],
)  # fmt: skip
def test_a_name_that_is_spelled_otherwise_is_found(task: str, written: str) -> None:
    """Capital letters, underscores, missing letters, words in another order, cut or added, and initials."""
    source = f"def {written}(X):\n    return X\ndef evaluate(net):\n    pass\ndef plot_history(h):\n    pass"
    assert hinted(source, task) == (Note("missing_similar", {"name": task, "similar": written}),)


@pytest.mark.parametrize("written", ["evaluate", "one_hot", "plot_digits", "load_data", "main", "f"])
@pytest.mark.parametrize("task", ["softmax", "accuracy", "del_sigmoid", "gradient_descent", "cross_entropy"])
def test_a_name_that_is_not_alike_is_not_suggested(task: str, written: str) -> None:
    """Helpers of other purposes are no misspellings, nor is another task."""
    source = f"def {written}(X):\n    return X\ndef delta_last_layer(h, y):\n    return h"
    assert hinted(source, task) == (Note("missing", {"name": task}),)


@pytest.mark.parametrize(
    ("source", "task", "expected"),
    [
        ("class fcc:\n    pass\ndef backprop(self, y):\n    pass", "backprop", "missing_outside"),
        ("class fcc:\n    def softmax(self, X):\n        pass", "softmax", "missing_inside"),
        ("x = 3", "gradient_step", "missing_class"),
        ("class fcc:\n    def forward_propagation(self, X):\n        pass", "backprop", "missing"),
        (
            "for i in range(9):\n    net.forward_propagation(X)\n    net.backprop(y)",
            "gradient_descent",
            "missing_at_top",
        ),
        ("for i in range(9):\n    print(i)", "gradient_descent", "missing"),
        ("x = (", "softmax", "missing"),
        ("def main():\n    def softmax(X):\n        return X", "softmax", "missing_nested"),
        ("class fcc:\n    pass\nclass fcc(fcc):\n    def gradient_step(self):\n        pass", "backprop", "missing"),
    ],
)
def test_where_a_definition_stands_is_seen(source: str, task: str, expected: str) -> None:
    """Outside the class, inside it or a function, nowhere, or at top level."""
    assert hinted(source, task) == (Note(expected, {"name": task}),)


def test_a_class_within_a_function_is_seen() -> None:
    """Its methods are missing, and the class is what has to be moved."""
    source = "def main():\n    class fcc:\n        def backprop(self, y):\n            pass"
    assert hinted(source, "backprop") == (Note("missing_nested", {"name": "class fcc"}),)


@pytest.mark.parametrize(
    ("source", "task", "expected"),
    [
        ("def sigmoid(X):\n    return 1\ndef sigmoid(X):\n    raise NotImplementedError", "sigmoid", True),
        (
            "class fcc:\n    def backprop(self, y):\n        pass\n    def backprop(self, y):\n        pass",
            "backprop",
            True,
        ),
        (
            "if fast:\n    def sigmoid(X):\n        return 1\nelse:\n    def sigmoid(X):\n        return 2",
            "sigmoid",
            False,
        ),
        ("class a:\n    def sigmoid(X):\n        pass\ndef sigmoid(X):\n    return 1", "sigmoid", False),
    ],
)
def test_a_second_definition_is_pointed_out(source: str, task: str, expected: bool) -> None:
    """The last one counts, which a copied cell makes easy to miss; not if the task is right."""
    told = outline(Submission("sheet.py", (Cell(0, source),)))
    for status, seen in (("not_attempted", expected), ("wrong", expected), ("right", False)):
        notes = explained(TaskResult(task, status, notes=(Note(status),)), told).notes
        assert (Note("defined_twice", {"name": task}) in notes) == seen


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("raise NotImplementedError\n    return 1 / X", "still_raises"),
        ('"""X."""\n    raise NotImplementedError("later")\n    return 1 / X', "still_raises"),
        ('"""X."""\n    Y = 1 / X\n    return Y\n    raise NotImplementedError("task 1")', "still_raises"),
        ("raise NotImplementedError", "not_attempted"),
        ('"""X."""\n    pass\n    raise NotImplementedError', "not_attempted"),
        ("if X is None:\n        raise NotImplementedError\n    return 1 / X", "not_attempted"),
    ],
)
def test_a_blank_that_was_left_beside_the_solution_is_seen(body: str, expected: str) -> None:
    """The line that raises stands above or below code; a blank alone is not attempted."""
    result = TaskResult("sigmoid", "not_attempted", notes=(Note("not_attempted"),))
    (note,) = explained(result, outline(Submission("sheet.py", (Cell(0, f"def sigmoid(X):\n    {body}\n"),)))).notes
    assert note.id == expected


def test_an_unknown_name_in_a_function_is_no_attribute() -> None:
    """A function has parameters, which are named; a method's unknown name may be one of the network's."""
    source = "def softmax(Z):\n    return H\nclass fcc:\n    def backprop(self, y):\n        return H\n"
    told, note = outline(Submission("sheet.py", (Cell(0, source),))), Note("crash_name", {"name": "H"})
    (of_function,) = explained(TaskResult("softmax", "crashed", notes=(note,)), told).notes
    assert of_function == Note("crash_name_function", {"name": "H", "task": "softmax", "parameters": "Z"})
    assert explained(TaskResult("backprop", "crashed", notes=(note,)), told).notes == (note,)


FIRST = "class fcc:\n    def __init__(self, d, h1, h2, k): pass\n    def backprop(self, y): pass\n"
ONLY_STEP = "class fcc:\n    def gradient_step(self, rate): pass"


@pytest.mark.parametrize(
    ("second", "message", "expected"),
    [
        (ONLY_STEP, "fcc() takes no arguments", True),
        (ONLY_STEP, "'fcc' object has no attribute 'backprop'", True),
        (ONLY_STEP, "'fcc' object has no attribute 'W_i_h1'", False),
        (ONLY_STEP, "operands could not be broadcast", False),
        (ONLY_STEP.replace("fcc:", "fcc(fcc):"), "fcc() takes no arguments", False),
        (ONLY_STEP.replace("fcc:", "Layer:"), "fcc() takes no arguments", False),
    ],
)
def test_a_second_class_that_lacks_methods_of_the_first_is_seen(second: str, message: str, expected: bool) -> None:
    """If what failed is what the last class lacks, which is named; one that inherits lacks nothing."""
    (note,) = hinted(FIRST + second, "gradient_step", "crashed", Crash("TypeError", message, 0, 0, ""))
    assert note == (Note("class_twice", {"names": ("__init__", "backprop")}) if expected else Note("crash_self"))
    (note,) = hinted(FIRST + ONLY_STEP, "backprop")
    assert note.id == "class_twice"


@pytest.mark.parametrize(
    ("source", "line", "message", "expected"),
    [
        ("np = 3", "np.exp(X)", "'int' object has no attribute 'exp'", "np"),
        ("sum = 0\nfor i in range(3):\n    sum += i", "sum(X)", "'int' object is not callable", "sum"),
        ("sum = 0", "X.sum(sum)", "'tuple' object is not callable", None),
        ("sum = 0", "sum(X) + W(X)", "unsupported operand type(s)", None),
        ("np = 3", "np.exp(W.x)", "'float' object has no attribute 'x'", None),
        ("net = 3", "np.exp(X)", "'int' object has no attribute 'exp'", None),
        ("X = input = 3", "input(X) if (input := X) else X", "'float' object is not callable", None),
    ],
)
def test_a_name_that_hides_numpy_or_a_function_of_python_is_seen(
    source: str, line: str, message: str, expected: str | None
) -> None:
    """If the error is about this name, which is the one at the left margin."""
    kind = "AttributeError" if "attribute" in message else "TypeError"
    crash = Crash(kind, message, 0, 9, f"return {line}")
    notes = hinted(f"import numpy as np\n{source}\ndef sigmoid(X):\n    return {line}\n", "sigmoid", "crashed", crash)
    assert notes == (Note("hidden", {"name": expected}) if expected else Note("crash_self"),)


GIVEN = "takes 2 positional arguments but 3 were given"


@pytest.mark.parametrize(
    ("head", "message", "expected"),
    [
        ("self, X, y", f"fcc.backprop() {GIVEN}", ("(X, y)", "(y)")),
        ("self", "fcc.backprop() takes 1 positional argument but 2 were given", ("()", "(y)")),
        ("self, y", f"fcc.backprop() {GIVEN}", None),
        ("self, X, y", f"helper() {GIVEN}", None),
        ("self, X, y", "can only concatenate str", None),
    ],
)
def test_other_parameters_are_named_where_a_call_failed_because_of_them(
    head: str, message: str, expected: tuple[str, str] | None
) -> None:
    """Those of the definition beside those of the sheet, in place of what Python's message tells."""
    source = f"class fcc:\n    def backprop({head}):\n        pass"
    (note,) = hinted(source, "backprop", "crashed", Crash("TypeError", message, 0, 2, ""))
    if expected is None:
        assert note.id == "crash_self"
    else:
        assert note == Note("other_parameters", {"name": "backprop", "found": expected[0], "expected": expected[1]})


@pytest.mark.parametrize(
    ("head", "message", "expected"),
    [
        ("__init__(self, sizes)", "fcc.__init__() takes 2 positional arguments but 5 were given", "other_parameters"),
        ("__init__(self, sizes)", "Layer.__init__() takes 2 positional arguments but 5 were given", "crash_self"),
        ("forward_propagation(self, X, y)", "fcc.forward_propagation() missing 1 required", "other_parameters"),
        ("backprop(y)", "fcc.backprop() takes 1 positional argument but 2 were given", "no_self"),
    ],
)
def test_other_parameters_of_the_given_methods_are_named(head: str, message: str, expected: str) -> None:
    """Those of the class fcc itself; a first parameter of the sheet's is a forgotten self."""
    source = f"class fcc:\n    def {head}:\n        pass"
    (note,) = hinted(source, "backprop", "crashed", Crash("TypeError", message, 0, 2, ""))
    assert note.id == expected


@pytest.mark.parametrize(
    ("top", "body", "names"),
    [
        ("trainx = load()", "n = len(trainx)", ("trainx",)),
        ("trainx = load()\nN = trainx.shape[0]", "n = N", ("N",)),
        ("net = fcc(3, 2)", "return net.W.T @ self.h1", ("net",)),
        ("eps = 1e-9\ndef helper(x):\n    return x", "return helper(self.out) + eps", ()),
        ("trainx = load()", "trainx = self.X", ()),
    ],
)
def test_data_and_networks_from_outside_are_named(top: str, body: str, names: tuple[str, ...]) -> None:
    """Also by way of another variable; constants, functions and what is local are no such thing."""
    source = f"{top}\nclass fcc:\n    def backprop(self, y):\n        {body}"
    expected = (Note("uses_outside", {"name": "backprop", "names": names}),) if names else ()
    assert hinted(source, "backprop", "wrong") == expected
    assert hinted(source, "backprop", "right") == ()


@pytest.mark.parametrize(
    "source",
    [
        "def " + "softma" * 10_000 + "(X):\n    return X",
        "\n".join(f"def softmex{i}(X): return X" for i in range(3000)),
        "class fcc:\n    def backprop(self, y):\n        return " + "-" * 2000 + "y",
        "def del_sigmoid(h):\n    '\\d'\n    return h is 1",
        "\n" * 50_000 + " " * 40_000 + "\n" + "1 " * 1000 + ")",
        "x = " + "(" * 3000,
    ],
)
def test_no_text_is_too_odd_or_too_long_to_be_looked_at(source: str) -> None:
    """Long and many names, deep nesting, floods of blanks, invalid escapes: a hint or none, at once."""
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(hinted(source, "softmax")) == len(hinted(source, "backprop")) == 1
    assert time.process_time() - begin < 5


def test_only_wrong_functions_that_backprop_calls_are_named() -> None:
    """A wrong function that it does not call, itself or through another, is not to blame for its result."""
    source = (
        "def helper(h):\n    return del_sigmoid(h)\n"
        "class fcc:\n    def backprop(self, y):\n        self.delta_h2 = helper(self.h2)\n"
    )
    told = outline(Submission("a.py", (Cell(0, source),)))
    note = Note("follows", {"helpers": ("delta_last_layer", "del_sigmoid")})
    result = explained(TaskResult("backprop", "wrong", notes=(note,)), told)
    assert result.notes == (Note("follows", {"helpers": ("del_sigmoid",)}),)
