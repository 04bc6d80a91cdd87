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
        ("raise NotImplementedError", "not_attempted"),
        ("if X is None:\n        raise NotImplementedError\n    return 1 / X", "not_attempted"),
    ],
)
def test_a_blank_that_was_left_above_the_solution_is_seen(body: str, expected: str) -> None:
    """The line that raises comes first, and code below it; a blank alone is not attempted."""
    result = TaskResult("sigmoid", "not_attempted", notes=(Note("not_attempted"),))
    (note,) = explained(result, outline(Submission("sheet.py", (Cell(0, f"def sigmoid(X):\n    {body}\n"),)))).notes
    assert note.id == expected


FIRST = "class fcc:\n    def __init__(self, d, h1, h2, k):\n        pass\n    def backprop(self, y):\n        pass\n"


@pytest.mark.parametrize(
    ("second", "task", "expected"),
    [
        (
            "class fcc:\n    def backprop(self, y):\n        pass",
            "backprop",
            (Note("class_twice", {"names": ("__init__",)}),),
        ),
        ("class fcc(fcc):\n    def backprop(self, y):\n        pass", "backprop", (Note("crash_self"),)),
        ("class Layer:\n    def backprop(self, y):\n        pass", "backprop", (Note("crash_self"),)),
        ("class fcc:\n    pass", "softmax", (Note("crash_self"),)),
    ],
)
def test_a_second_class_that_lacks_methods_of_the_first_is_seen(
    second: str, task: str, expected: tuple[Note, ...]
) -> None:
    """What the last class lacks is named, unless it inherits, or another task has crashed."""
    crash = Crash("TypeError", "fcc() takes no arguments", 0, 0, "")
    assert hinted(FIRST + second, task, "crashed", crash) == expected


@pytest.mark.parametrize(
    ("source", "line", "expected"),
    [
        ("import numpy as np\nnp = 3", "return np.exp(X)", (Note("hidden", {"name": "np"}),)),
        ("sum = 0\nfor i in range(3):\n    sum += i", "return sum(X)", (Note("hidden", {"name": "sum"}),)),
        ("sum = 0", "return W(X)", (Note("crash_self"),)),
        ("import numpy as np\nnet = 3", "return np.exp(X)", (Note("crash_self"),)),
    ],
)
def test_a_name_that_hides_numpy_or_a_function_of_python_is_seen(
    source: str, line: str, expected: tuple[Note, ...]
) -> None:
    """If it stands in the line that crashed."""
    crash = Crash("TypeError", "'int' object is not callable", 0, 9, line)
    assert hinted(source, "sigmoid", "crashed", crash) == expected


LINES = [
    "import numpy as np",
    "",
    "def sigmoid(X):",
    "    return 1 / (1 + np.exp(-X))",
    "",
    "def f(h):",
    "    return h",
]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("\n".join(f"{number:4} {line}" for number, line in enumerate(LINES, 1)), "pasted_numbers"),
        ("\n".join(f"{number}: {line}" for number, line in enumerate(LINES, 87)), "pasted_numbers"),
        ("\n".join(f"{'...' if line[:1] in ('', ' ') else '>>>'} {line}" for line in LINES), "pasted_prompts"),
        ("In [3]: " + "\n".join(LINES), "pasted_prompts"),
        ("In [1]: import numpy as np\n\nIn [2]: def sigmoid(X):\n   ...:     return X", "pasted_prompts"),
        ("<!DOCTYPE html>\n<html><body>Sign in</body></html>", "pasted_page"),
        ("Here it is:\n```python\n" + "\n".join(LINES) + "\n```\n", "pasted_fences"),
        ("Here it is:\n```python\nreturn (\n```\n", "crash_syntax"),
        ("def f(h):\n<<<<<<< HEAD\n    return h\n=======\n    return 2 * h\n>>>>>>> anna\n", "pasted_conflict"),
        ("\n".join([*LINES[:-1], "    return (h"]), "crash_syntax"),
        ("1 2 3\n4 5 6\n1 2 3", "crash_syntax"),
    ],
)
def test_what_was_pasted_along_with_code_is_named(source: str, expected: str) -> None:
    """Line numbers, prompts, text, other versions, or a page instead of code; a broken line is just that."""
    crash = Crash("SyntaxError", "invalid syntax", 0, 1, "")
    result = TaskResult("sigmoid", "crashed", notes=(Note("crash_syntax", {"message": "invalid syntax"}),), crash=crash)
    (note,) = explained(result, outline(Submission("sheet.py", (Cell(0, source),)))).notes
    assert note.id == expected


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
