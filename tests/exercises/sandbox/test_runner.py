"""The isolated runner as a checker uses it: what each kind of call gives, how it fails, that it always comes back.

It has more than 350 lines because each of the many ways to fail has a submission of its own here.
"""

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sampling import sampled

from handgrad.errors import ExerciseError
from handgrad.exercises.calls import Answer, Call, Event, Name, Network, Random, Step, Ufunc
from handgrad.exercises.sandbox import process
from handgrad.exercises.sandbox.inside.recorder import PARAMETERS
from handgrad.exercises.sandbox.isolation import Limits, find_sandbox
from handgrad.exercises.sandbox.runner import run_calls
from handgrad.exercises.submission.reading import Cell

SANDBOX = find_sandbox(allow_none=True)
X = np.array([[0.5, -1.0, 2.0], [0.0, 3.0, -0.25]])


def run(source: str | Sequence[str], *calls: Call, **options: Any) -> list[Answer]:
    """Run calls of a submission, given as the sources of its cells."""
    sources = [source] if isinstance(source, str) else source
    return run_calls([Cell(number, text) for number, text in enumerate(sources, 1)], calls, SANDBOX, **options)


def ask(source: str | Sequence[str], name: str = "f", *arguments: Any, **options: Any) -> Answer:
    """Make one call of a function."""
    return run(source, Call("only", "function", name, arguments, **options))[0]


def weights() -> dict[str, np.ndarray]:
    """Make the weights of a small network."""
    rng = np.random.default_rng(5)
    shapes = ((4, 3), (3,), (3, 3), (3,), (3, 2), (2,))
    return {name: rng.normal(size=shape) for name, shape in zip(PARAMETERS, shapes, strict=True)}


def routine(body: str) -> tuple[Event, ...]:
    """Run a routine of one network and give its events."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    [answer] = run(f"import numpy as np\ndef train(net, X, y, rate):\n{lines}", Call(
        "only", "routine", "train", (Network(weights()), np.ones((5, 4)), np.arange(5) % 2, 0.5)
    ))  # fmt: skip
    assert answer.status == "ok", answer
    return answer.events


# What a function is given, and what comes back


def test_arrays_and_numbers_come_back_as_they_are() -> None:
    """Arrays of every plain type and shape, and numbers, cross in both directions unchanged."""
    values = [
        X, np.float32([1.5, np.nan, -np.inf, -0.0]), np.arange(3, dtype=np.int8), np.array([[True, False]]),
        np.zeros((0, 4)), np.array(2.5), np.arange(24.0).reshape(2, 3, 4).T, np.uint64([2**64 - 1]), np.float16([0.1]),
    ]  # fmt: skip
    calls = [Call(str(i), "function", "f", (value,)) for i, value in enumerate(values)]
    for value, answer in zip(values, run("f = lambda x: x", *calls), strict=True):
        found = answer.values["return"]
        assert (found.dtype, found.shape) == (value.dtype, value.shape)
        np.testing.assert_array_equal(found, value)
    kinds = [ask("f = lambda x: x", "f", value).values["return"] for value in (2, 0.5)]
    assert [(kind.item(), kind.dtype.kind) for kind in kinds] == [(2, "i"), (0.5, "f")]


def test_arguments_are_reported_as_they_are_afterwards() -> None:
    """A function that changes its argument in place is found out; each call has copies of its own."""
    answers = run("def f(x, y):\n    x += 1\n    return x * y", *[Call(i, "function", "f", (X, 2)) for i in "ab"])
    for answer in answers:
        np.testing.assert_array_equal(answer.values["argument0"], X + 1)
        np.testing.assert_array_equal(answer.values["return"], 2 * (X + 1))


def test_what_is_no_array_is_left_out_by_name() -> None:
    """Other objects, and lists that are no arrays of numbers, do not cross, only their types' names."""
    source = "import numpy as np\n" + "\n".join(
        f"def f{i}():\n    return {value}"
        for i, value in enumerate(
            ["None", "[1.0, 'x']", "'x'", "1j", "np.array([None])", "np.array(['a'])", "10**30", "([1], [1, 2])"]
        )
    )
    answers = run(source, *[Call(str(i), "function", f"f{i}") for i in range(8)])
    assert [answer.values for answer in answers] == [{}] * 8
    assert [answer.left_out["return"] for answer in answers] == [
        "NoneType", "list", "str", "complex", "ndarray", "ndarray", "int", "tuple"
    ]  # fmt: skip
    assert {answer.status for answer in answers} == {"ok"}


def test_an_array_of_another_class_is_taken_for_its_numbers() -> None:
    """A matrix and a masked array come back as plain arrays of what lies in memory."""
    source = "import numpy as np\ndef f(x):\n    return np.ma.masked_less(x, 0)\ndef g(x):\n    return np.asmatrix(x)"
    for answer in run(source, Call("a", "function", "f", (X,)), Call("b", "function", "g", (X,))):
        assert type(answer.values["return"]) is np.ndarray
        np.testing.assert_array_equal(answer.values["return"], X)


def test_long_doubles_and_foreign_byte_order_become_doubles_of_this_machine() -> None:
    """A type that does not cross becomes the nearest one that does."""
    answer = ask("import numpy as np\ndef f(x):\n    return x.astype('>f4')\n", "f", X)
    assert answer.values["return"].dtype == np.dtype("f4")
    np.testing.assert_array_equal(answer.values["return"], X)
    assert ask("import numpy as np\ndef f():\n    return np.longdouble(1) / 3").values["return"].dtype == np.float64


def test_an_answer_may_be_too_large() -> None:
    """Arrays of more bytes than may cross, alone or together, are left out by name."""
    assert ask("import numpy as np\ndef f():\n    return np.zeros(2_000_000)").left_out == {"return": "ndarray"}
    answer = ask("f = lambda x: x", "f", np.zeros(400_000))
    assert (set(answer.values), answer.left_out) == ({"return"}, {"argument0": "ndarray"})


@pytest.mark.parametrize("returned", ["self.W", "np.ones(60_000)", "[1.0] * 60_000"])
def test_what_a_method_returns_takes_no_room_from_the_attributes(returned: str) -> None:
    """Attributes that just fit are kept, in any precision, whatever the method returns; that is left out if need be."""
    source = f"""
import numpy as np
class fcc:
    def work(self):
        self.W = np.ones(500_000, dtype=np.longdouble)
        return {returned}
"""
    steps = Step("construct"), Step("call", "work", label="done"), Step("read", "W")
    [answer] = run(source, Call("a", "network", "fcc", steps=steps))
    assert (answer.status, set(answer.values), set(answer.left_out)) == ("ok", {"W"}, {"done"})


def test_a_name_keeps_its_function_when_it_is_given_a_result() -> None:
    """As in ``accuracy = accuracy(p, y)``; another function replaces it."""
    source = "f = lambda: 1\ndef g(): return 1", "f = f()\nfor g in (2, 3): pass\nf = h = lambda: 4\nh = 5"
    assert [ask(source, name).values["return"] for name in "fgh"] == [4, 1, 4]


def test_a_statement_that_takes_too_long_costs_only_what_it_defines() -> None:
    """It is stopped, with its line; what comes before and after it is there."""
    source = "import time\ndef g(): return table\ntable = time.sleep(60)\nx = 1\ndef f(): return x"
    first, second = run(source, Call("a", "function", "f"), Call("b", "function", "g"))
    assert first.values["return"] == 1
    assert (second.status, second.crash and (second.crash.type, second.crash.line)) == ("crashed", ("TimeoutError", 3))


TAKES_OVER = """
import sys
import numpy as np
def f(*_):
    frame = sys._getframe()
    while 'channel' not in frame.f_locals:
        frame = frame.f_back
    channel, nonce = frame.f_locals['channel'], frame.f_locals['request']['nonce']
    given = {'values': {}, 'left_out': {}, 'events': [], 'status': 'ok', 'nonce': nonce}
    channel.write(given | %s, [np.zeros(1000)])
"""


@pytest.mark.parametrize(
    "forged",
    sampled(
        [
            "{'events': [['backprop', {'array': 0}, 0, 0.5]] * 20_000}",
            "{'values': {'return': {'array': 0}, 'again': {'array': 0}}}",
            "{'values': {'return': {'array': -1}}}",
            "{'events': [['end', None, 10**400, None]]}",
            "{'events': [['end', None, -1, None]]}",
            "{'events': [['backprop', None, 0, 10**400]]}",
            "{'left_out': {'return': ['deep'] * 1000}}",
        ],
        2,
    ),
)
def test_an_answer_says_no_more_than_was_written(forged: str) -> None:
    """One array in place of thousands of them, and numbers that cannot be counted, are no answer."""
    [answer] = run(TAKES_OVER % forged, Call("a", "routine", "f", (Network(weights()),), seconds=20))
    assert (answer.status, answer.values, answer.events) == ("killed", {}, ())


def test_functions_may_be_arguments() -> None:
    """A Name is a function of the submission, a Ufunc one of NumPy, a Random a seeded generator."""
    source = "def layer(X, activation):\n    return activation(X)\ndef twice(x):\n    return 2 * x"
    own, numpy, gone = run(
        source,
        Call("a", "function", "layer", (X, Name("twice"))),
        Call("b", "function", "layer", (X, Ufunc("tanh"))),
        Call("c", "function", "layer", (X, Name("thrice"))),
    )
    np.testing.assert_array_equal(own.values["return"], 2 * X)
    np.testing.assert_array_equal(numpy.values["return"], np.tanh(X))
    assert (gone.status, gone.reason) == ("missing", "thrice")
    drawn = ask("f = lambda rng: rng.randn(3)", "f", Random(7)).values["return"]
    np.testing.assert_array_equal(drawn, np.random.RandomState(7).randn(3))


def test_keywords_are_given_only_where_they_are_taken() -> None:
    """By the signature, and only where there is no value yet; with none to be read, by trial: by name, by position."""
    source = (
        "def f(x, scale=1):\n    return x * scale\ndef g(x):\n    return x\n"
        "def h(x, **rest):\n    return x * rest['scale']\n"
        "class Opaque:\n    __signature__ = 'none'\n    def __call__(self, x, scale=1):\n        return x * scale\n"
        "k = Opaque()\n"
    )
    keywords = {"scale": 3, "x": 100, "other": 1}
    answers = run(source, *[Call(name, "function", name, (2,), keywords) for name in "fgh"])
    assert [answer.values["return"].item() for answer in answers] == [6, 2, 6]
    assert [ask(source, "k", 2, keywords=given).values["return"].item() for given in ({"scale": 3}, {"y": 4})] == [6, 8]


def test_random_numbers_repeat_with_the_seed() -> None:
    """NumPy's and Python's global generators are seeded by the run's seed and the call, not by the submission."""
    source = "import random, numpy as np\nnp.random.seed()\ndef f():\n    return np.random.rand() + random.random()"
    calls = [Call("a", "function", "f"), Call("b", "function", "f")]
    first, again, other = (
        [answer.values["return"].item() for answer in run(source, *calls, seed=seed)] for seed in (1, 1, 2)
    )
    assert first == again
    assert len({*first, *other}) == 4


def test_a_method_is_called_from_where_a_training_would() -> None:
    """One that looks who is calling finds the routines of the sheet, as it would in a training."""
    source = """
import sys
class fcc:
    def step(self):
        one, other = sys._getframe(1), sys._getframe(2)
        return (one.f_code.co_name, other.f_code.co_name) == ("gradient_descent", "stochastic_gradient_descent")
"""
    [answer] = run(source, Call("a", "network", "fcc", steps=(Step("construct"), Step("call", "step", label="seen"))))
    assert answer.values["seen"].item() is True


def test_canned_functions_take_the_place_of_the_learners() -> None:
    """They give one array after the other, and the last again; afterwards the learner's own is back."""
    source = "def g():\n    return 0\ndef f():\n    return g() + 10 * g() + 100 * g()"
    canned = {"g": (np.array(1), np.array(2)), "not_there": (np.array(1),)}
    answers = run(
        source,
        Call("a", "function", "f", canned=canned),
        Call("b", "function", "f"),
        Call("c", "function", "not_there"),
    )
    assert answers[0].values["return"] == 1 + 20 + 200
    assert answers[1].values["return"] == 0
    assert answers[2].status == "missing"


# What a submission may lack, and how it fails


def test_a_name_that_is_missing() -> None:
    """What the submission does not define, or defines as a number, is missing."""
    assert [answer.status for answer in run("g = 1", *[Call(n, "function", n) for n in "fg"])] == ["missing"] * 2


def test_a_blank_that_is_left() -> None:
    """A NotImplementedError means not attempted, and the place says which blank it was."""
    answer = ask("def blank():\n    raise NotImplementedError('task 2')\ndef f():\n    return blank()")
    assert (answer.status, answer.crash.line, answer.crash.message) == ("not_attempted", 2, "task 2")


def test_a_crash_names_the_learners_innermost_line() -> None:
    """Not NumPy's line, nor the caller's; its text comes from the cell."""
    cells = [
        "import numpy as np",
        "# a comment\ndef g(x):\n    return np.dot(x, x)  # wrong\ndef f(x):\n    return g(x)",
    ]
    crash = ask(cells, "f", X).crash
    assert (crash.type, crash.cell, crash.line, crash.source) == ("ValueError", 2, 3, "return np.dot(x, x)  # wrong")
    assert "shapes (2,3) and (2,3) not aligned" in crash.message


def test_a_crash_before_the_first_line_names_the_definition() -> None:
    """A function of other parameters has no line that runs, so its head is named; a class by its constructor."""
    crash = ask("\ndef f(a, b):\n    return a", "f", 1).crash
    assert (crash.type, crash.line, crash.source) == ("TypeError", 2, "def f(a, b):")
    source = "class fcc:\n    def __init__(self):\n        pass"
    [answer] = run(source, Call("a", "network", "fcc", steps=(Step("construct", "", (1, 2)),)))
    assert answer.crash.line == 2


@pytest.mark.parametrize(
    "raised", ["KeyboardInterrupt", "SystemExit(0)", "MemoryError", "RecursionError", "BaseException"]
)
def test_whatever_is_raised_is_a_crash(raised: str) -> None:
    """Exceptions that end programs do not end the process: the next call is answered by the same one."""
    source = (
        f"made = []\ndef f():\n    made.append(1)\n    if len(made) == 1:\n        raise {raised}\n    return len(made)"
    )
    first, second = run(source, Call("a", "function", "f"), Call("b", "function", "f"))
    assert first.crash.type == raised.removesuffix("(0)")
    assert second.values["return"] == 2


def test_too_much_memory_is_a_crash_in_the_learners_line() -> None:
    """An array beyond the limit raises in the line that asks for it."""
    answer = ask("import numpy as np\ndef f():\n    return np.ones((10**5, 10**5)).sum()")
    assert (answer.status, answer.crash.line) == ("crashed", 3)
    assert "Unable to allocate" in answer.crash.message


def test_cells_share_one_module_and_a_failing_statement_costs_only_its_own_names() -> None:
    """What stands below it in the cell is there, as is what it would have overwritten; what needs its name crashes."""
    cells = [
        "import math\ndef f(x):\n    return math.floor(x) + g()\nscale = 1 / 0\ndef below():\n    return 2\n"
        "def needs():\n    return scale",
        "def g():\n    return 1\ng, h = 1 / 0, 2",
    ]
    names = {"f": (2.5,), "below": (), "needs": (), "h": ()}
    f, below, needs, h = run(cells, *[Call(name, "function", name, given) for name, given in names.items()])
    assert (f.values["return"], below.values["return"]) == (3, 2)
    assert [(answer.status, answer.crash.type, answer.crash.cell, answer.crash.line) for answer in (needs, h)] == [
        ("crashed", "ZeroDivisionError", 1, 4), ("crashed", "ZeroDivisionError", 2, 3)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "source",
    ["@jit\ndef f(x):\n    return x", "class f(jit.Module):\n    pass", "base = jit.Base\nclass f(base): pass"],
)
def test_what_is_made_with_a_missing_package_crashes_with_its_import(source: str) -> None:
    """However many definitions lie between: the line of the import is the one to look at."""
    answers = run(f"import no_such_module as jit\n{source}\ndef g():\n    return f(3)", *[
        Call(name, "function", name) for name in "fg"
    ])  # fmt: skip
    assert [(answer.crash.type, answer.crash.line) for answer in answers] == [("ModuleNotFoundError", 1)] * 2


@pytest.mark.parametrize(
    "loading",
    sampled(
        [
            "trainx, trainy, testx, testy = np.load('mnist.npy', allow_pickle=True)",
            "data = np.load('mnist.npy', allow_pickle=True)\n(trainx, trainy), (testx, testy) = data[:2], data[2:]",
            "from no_such_module import mnist\n(trainx, trainy), (testx, testy) = mnist.load_data()",
            "from my_data import trainx, trainy, testx, testy",
            "import gzip\nwith gzip.open('mnist.gz') as f:\n    trainx = np.frombuffer(f.read())\n    trainy = trainx\n"
            "    testx = testy = trainx",
            "def load(name):\n    return np.fromfile(name)\n"
            "trainx, trainy, testx, testy = map(load, ['a', 'b', 'c', 'd'])",
        ],
        2,
    ),
)
def test_data_that_are_not_here_have_a_stand_in(loading: str) -> None:
    """Images and labels of the right form, by whatever way they would have been read; what is made of them works."""
    source = f"import numpy as np\n{loading}\nimages = trainx.reshape(-1, 28, 28)\ndef f():\n    return images\n"
    source += "".join(f"def {name}_():\n    return {name}\n" for name in ("trainx", "trainy", "testx", "testy"))
    images, *data = run(source, *[
        Call(name, "function", name) for name in ("f", "trainx_", "trainy_", "testx_", "testy_")
    ])  # fmt: skip
    assert images.values["return"].shape[1:] == (28, 28)
    trainx, trainy, testx, testy = (answer.values["return"] for answer in data)
    assert (len(trainx), len(testx)) == (len(trainy), len(testy))
    for X_, y_ in ((trainx, trainy), (testx, testy)):
        assert X_.shape[1:] == (784,)
        assert X_.min() >= 0
        assert X_.max() <= 1
        assert y_.dtype.kind == "i"
        assert set(y_.tolist()) == set(range(10))


def test_a_number_from_a_file_that_is_not_here_is_what_crashes() -> None:
    """Nothing is made up for a name that is no data set's."""
    answer = ask("import numpy as np\nN = np.load('mnist.npy').shape[0]\nhalf = N / 2\ndef f():\n    return half")
    assert (answer.crash.type, answer.crash.line) == ("FileNotFoundError", 2)


def test_a_name_of_a_cell_that_is_no_python_crashes_with_that() -> None:
    """For a syntax error, the functions that the cell's text defines are not missing: they crash there."""
    answer = ask(["def g():\n    pass", "def f(:\n    pass"])
    assert (answer.status, answer.crash.type, answer.crash.cell, answer.crash.line) == ("crashed", "SyntaxError", 2, 1)


def test_an_import_that_is_not_installed_costs_only_what_uses_it() -> None:
    """The cell goes on after it, and a function that uses the name crashes with the import's error."""
    source = "import no_such_module as other, json\ndef f():\n    return 1\ndef g():\n    return other.x"
    good, bad = run(source, Call("a", "function", "f"), Call("b", "function", "g"))
    assert good.values["return"] == 1
    assert (bad.crash.type, bad.crash.line) == ("ModuleNotFoundError", 1)


def test_future_imports_and_dataclasses_work_across_statements() -> None:
    """A cell behaves as a whole, although its statements are executed one by one."""
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Point:\n    x: NoSuchName\ndef f():\n    return Point(3).x"
    )
    assert ask(source).values["return"] == 3


def test_a_program_that_reads_its_arguments_has_none() -> None:
    """The defaults hold, as where it is started without any."""
    reading = "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--n', type=int, default=3)\n"
    assert ask(f"{reading}given = parser.parse_args()\ndef f():\n    return given.n").values["return"] == 3


def test_type_hints_of_a_missing_package_do_no_harm() -> None:
    """They are not needed; anything else of the package still crashes with the import."""
    hinted = "import no_such_module as torch\ndef f(x: torch.Tensor = None) -> torch.Tensor:\n    return 3\n"
    assert ask(hinted).values["return"] == 3
    assert ask(hinted.replace("None", "torch.zeros(3)")).crash.type == "ModuleNotFoundError"


@pytest.mark.parametrize(
    "source",
    sampled(
        [
            "from tqdm import tqdm\ndef f():\n    return sum(tqdm(range(3), desc='epochs'))",
            "from tqdm.notebook import trange\ndef f():\n    return sum(trange(1, 3))",
            "import tqdm\ndef f():\n    with tqdm.tqdm(total=3) as bar:\n        bar.update(1)\n        bar.close()\n"
            "        tqdm.tqdm.write('x')\n    return 3",
            "from tqdm.auto import tqdm\ndef f():\n    return sum(i for i, _ in enumerate(tqdm([4, 4, 4])))",
            "from IPython.display import clear_output\ndef f():\n    clear_output(wait=True)\n    return 3",
            "from IPython import display\ndef f():\n    display.display(display.HTML('x'))\n    return 3",
        ],
        2,
    ),
)
def test_progress_bars_and_displays_show_nothing(source: str) -> None:
    """They are not installed here, and nobody looks; the loop goes on as without them."""
    assert ask(source).values["return"] == 3


def test_plots_and_scientific_packages_work_without_a_window() -> None:
    """A plot is drawn into nothing or a file in the scratch folder; SciPy and scikit-learn can be imported."""
    source = (
        "import matplotlib.pyplot as plt\nimport scipy.special, sklearn.datasets\n"
        "def f():\n    plt.plot([1, 2])\n    plt.show()\n    plt.savefig('plot.png')\n"
        "    return len(open('plot.png', 'rb').read()) > 100"
    )
    answer = ask(source, seconds=10.0)
    assert answer.status == "ok", answer.crash
    assert answer.values["return"]


# Objects of the class fcc


def test_steps_with_an_object() -> None:
    """It is constructed, attributes are set, methods called, attributes read; what is not there is left out."""
    source = (
        "class fcc:\n    def __init__(self, a, b, rng=None):\n        self.W = rng.randn(a, b)\n"
        "    def backprop(self, y):\n        self.dW = self.W * y\n        return y"
    )
    steps = (
        Step("construct", "", (2, 3)), Step("read", "W", label="drawn"), Step("set", "W", (X,)),
        Step("call", "backprop", (2,), label="returned"), Step("read", "dW"), Step("read", "db"), Step("read", "rng"),
    )  # fmt: skip
    [answer] = run(source, Call("a", "network", "fcc", keywords={"rng": Random(1)}, steps=steps))
    assert answer.status == "ok"
    assert set(answer.values) == {"drawn", "returned", "dW"}
    np.testing.assert_array_equal(answer.values["drawn"], np.random.RandomState(1).randn(2, 3))
    np.testing.assert_array_equal(answer.values["dW"], 2 * X)


@pytest.mark.parametrize(
    ("own", "step"),
    [
        ("self.W = self.params['W'] = np.ones((2, 3))", "self.params['W'] -= 1"),
        ("self.W = self.params['W'] = np.ones((2, 3), np.float32)", "self.params['W'] -= 1"),
        ("self.W = self.params['W'] = np.broadcast_to(1.0, (2, 3))", "self.params['W'] -= 1"),
        ("self.W = np.ones((2, 3)); self.all = [self.W]", "self.all[0][:] = self.all[0] - 1"),
        ("self.flat = np.ones(6); self.W = self.flat.reshape(2, 3)", "self.flat -= 1"),
        ("self.W = self.b = np.ones((2, 3))", "self.W = self.W - 1"),
        ("self._W = np.ones((2, 3))\n    @property\n    def W(self):\n        return self._W", "self._W -= 1"),
        ("pass", "self.W = self.W - 1"),
    ],
)
def test_a_value_is_given_wherever_an_object_keeps_it(own: str, step: str) -> None:
    """In a dictionary, a list or a vector too, so that a method sees it there, and its changes are seen."""
    source = (
        "import numpy as np\nclass fcc:\n    def __init__(self):\n        self.params = {}\n"
        f"        {own}\n    def gradient_step(self):\n        {step}"
    )
    steps = (
        Step("construct"), Step("set", "W", (X,)), Step("set", "b", (2 * X,)), Step("read", "W", label="before"),
        Step("call", "gradient_step"), Step("read", "W"), Step("read", "b"),
    )  # fmt: skip
    [answer] = run(source, Call("a", "network", "fcc", steps=steps))
    assert answer.status == "ok", answer.crash
    np.testing.assert_array_equal(answer.values["before"], X)
    np.testing.assert_array_equal(answer.values["W"], X - 1)
    np.testing.assert_array_equal(answer.values["b"], 2 * X)


def test_what_was_computed_before_a_crash_is_still_read() -> None:
    """A method that crashes half way keeps what it had stored; no later method is called."""
    source = (
        "class fcc:\n    log = 0\n    def backprop(self):\n        self.first = 1\n        self.second = None.x\n"
        "    def step(self):\n        self.log = 1"
    )
    steps = [
        Step("construct"),
        Step("call", "backprop"),
        Step("call", "step"),
        *(Step("read", n) for n in ("first", "second", "log")),
    ]
    [answer] = run(source, Call("a", "network", "fcc", steps=tuple(steps)))
    assert (answer.status, answer.crash.line) == ("crashed", 5)
    assert {name: value.item() for name, value in answer.values.items()} == {"first": 1, "log": 0}


def test_a_method_that_is_missing() -> None:
    """The class is there, and the reason names the method that is not."""
    [answer] = run(
        "class fcc: pass", Call("a", "network", "fcc", steps=(Step("construct"), Step("call", "backprop", (1,))))
    )
    assert (answer.status, answer.reason) == ("missing", "backprop")


# Routines


def test_a_routine_is_recorded() -> None:
    """Each method with a copy of its argument, how often the weights had changed, and by how much."""
    events = routine(
        "for i in range(2):\n    net.forward_propagation(X[:3])\n    net.backprop(y)\n"
        "    net.gradient_step(rate)\n    X *= 2"
    )
    assert [event.method for event in events] == ["forward_propagation", "backprop", "gradient_step"] * 2 + ["end"]
    assert [event.step for event in events] == [0, 0, 0, 1, 1, 1, 2]
    assert [event.rate for event in events[:3]] == [None] * 3
    assert [event.rate for event in events[3:]] == pytest.approx([0.5] * 4)
    np.testing.assert_array_equal(events[0].value, np.ones((3, 4)))  # before it was doubled
    np.testing.assert_array_equal(events[3].value, np.full((3, 4), 2.0))
    assert events[2].value == 0.5
    assert events[-1].value is False  # no other network was trained


@pytest.mark.parametrize(
    ("update", "rate"),
    [
        ("net.W_i_h1 -= 0.25 * net.dW_i_h1", "nan"),  # only one of six
        ("for p in P:\n    setattr(net, p, getattr(net, p) - 0.25 * getattr(net, 'd' + p))", "0.25"),
        ("for p in P:\n    getattr(net, p)[...] -= 0.25", "0.25"),
        ("for p in P:\n    setattr(net, p, getattr(net, p) + 0.25)", "-0.25"),
        ("net.b_out = None", "nan"),
        ("for p in P:\n    setattr(net, p, (getattr(net, p) - 0.25).astype('f4'))", "0.25"),
    ],
)
def test_weights_that_the_routine_changes_itself_are_seen(update: str, rate: str) -> None:
    """In place or by assignment, a change counts once, with its length along minus the gradient."""
    names = "P = ('W_i_h1', 'b_h1', 'W_h1_h2', 'b_h2', 'W_h2_o', 'b_out')\n"
    end = routine(f"{names}net.forward_propagation(X)\nnet.backprop(y)\n{update}")[-1]
    assert end.step == 1
    assert end.rate == pytest.approx(float(rate), rel=1e-5, nan_ok=True)


def test_a_routine_that_does_not_come_to_an_end_is_stopped() -> None:
    """Even one that catches everything, and whether or not it ends then; its endless record is not kept."""
    source = (
        "def f(net):\n    while True:\n        try:\n            net.gradient_step(0.1)\n"
        "        except Exception:\n            {}"
    )
    for last in ("return", "pass"):
        [answer] = run(source.format(last), Call("a", "routine", "f", (Network(weights()),), seconds=3.0))
        assert answer.status == "too_slow"


# Deadlines, endings, several processes


def test_the_other_calls_are_answered_after_one_that_was_too_slow() -> None:
    """A new process goes on; more calls of the same function are not tried again, those of others are."""
    source = "def f(x):\n    while x:\n        pass\ndef g():\n    return 5"
    began = time.monotonic()
    calls = [
        Call("a", "function", "f", (1,), seconds=0.5),
        Call("b", "function", "f", (0,)),
        Call("c", "function", "g"),
    ]
    answers = run(source, *calls)
    assert [answer.status for answer in answers] == ["too_slow", "too_slow", "ok"]
    assert answers[1].reason.startswith("another call of it")
    assert answers[2].values["return"] == 5
    assert time.monotonic() - began < 6


def test_a_process_that_ends_is_told_by_how_it_ended() -> None:
    """By the exit code or the signal."""
    source = "import os, ctypes\ndef f():\n    os._exit(7)\ndef g():\n    ctypes.string_at(1)"
    answers = run(source, Call("a", "function", "f"), Call("b", "function", "g"))
    assert [(answer.status, answer.reason) for answer in answers] == [
        ("killed", "it ended with exit code 7"), ("killed", "it was ended by SIGSEGV"),
    ]  # fmt: skip


def test_a_call_is_tried_again_when_an_earlier_one_spoilt_the_process() -> None:
    """A thread that an earlier call left behind ends the process: the honest function is right all the same."""
    source = (
        "import os, threading, time\ndef f():\n"
        "    threading.Thread(target=lambda: (time.sleep(0.2), os._exit(1)), daemon=True).start()\n"
        "def g():\n    time.sleep(0.4)\n    return 5"
    )
    answers = run(source, Call("a", "function", "f"), Call("b", "function", "g"))
    assert [answer.status for answer in answers] == ["ok", "ok"]
    assert answers[1].values["return"] == 5


def test_waiting_is_not_computing() -> None:
    """A call that waits, as on a busy machine, has longer than one that computes; but not forever."""
    source = "import time\ndef f():\n    time.sleep(0.8)\n    return 5\ndef g():\n    time.sleep(60)"
    calls = [Call("a", "function", "f", seconds=0.4), Call("b", "function", "g", seconds=0.1)]
    answers = run(source, *calls)
    assert [answer.status for answer in answers] == ["ok", "too_slow"]
    assert answers[0].values["return"] == 5


def test_a_submission_that_disarms_its_timer_is_stopped_all_the_same() -> None:
    """Whoever ignores the signal computes a few times as long."""
    source = (
        "import signal\ndef f():\n    signal.signal(signal.SIGPROF, signal.SIG_IGN)\n"
        "    signal.setitimer(signal.ITIMER_PROF, 0)\n    while True:\n        pass"
    )
    [answer] = run(source, Call("a", "function", "f", seconds=0.2))
    assert answer.status == "too_slow"


def test_cells_that_never_finish_loading() -> None:
    """All calls are too slow, and the reason names the cell."""
    answers = run(
        ["x = 1", "while True: pass"], Call("a", "function", "f"), Call("b", "function", "g"), limits=Limits(load=0.5)
    )
    assert [answer.status for answer in answers] == ["too_slow"] * 2
    assert answers[0].reason == "while cell 2 was loaded: it did not answer in time"


def test_all_calls_together_are_bounded() -> None:
    """When the run has taken too long, the calls that are left are not made."""
    source = "import time\ndef f(x):\n    time.sleep(0.3)\n    return x"
    calls = [Call(str(i), "function", "f", (i,)) for i in range(20)]
    answers = run(source, *calls, limits=Limits(total=1.0))
    assert answers[0].status == "ok"
    assert (answers[-1].status, answers[-1].reason) == ("too_slow", "all calls together took over 1 s")


def test_large_requests_and_answers_cross() -> None:
    """More than a pipe holds, in both directions."""
    array = np.arange(200_000.0)
    np.testing.assert_array_equal(ask("f = lambda x: x[::-1]", "f", array).values["return"], array[::-1])


def test_several_threads_may_run_submissions() -> None:
    """Each has its own process: answers are not mixed up, and no pipe is held open by another's process."""
    found: dict[int, list[Answer]] = {}

    def work(number: int) -> None:
        source = f"import os\ndef f():\n    return {number}\ndef g():\n    os._exit(1)"
        found[number] = run(source, *(Call(name, "function", name) for name in "fgf"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: [a.status for a in answers] for number, answers in found.items()} == {
        number: ["ok", "killed", "ok"] for number in range(6)
    }
    assert all(answers[2].values["return"] == number for number, answers in found.items())


def test_a_process_that_does_not_start_is_no_fault_of_the_submission(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what it said."""
    monkeypatch.setattr(process, "command", lambda *_: (["sh", "-c", "echo no room >&2; exit 3"], "/"))
    with pytest.raises(ExerciseError, match=r"did not start \(it ended with exit code 3 no room\)"):
        ask("def f(): pass")


def test_a_program_that_is_not_there_is_no_fault_of_the_submission(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when bubblewrap is taken away after it was found."""
    monkeypatch.setattr(process, "command", lambda *_: (["/no/such/program"], "/"))
    with pytest.raises(ExerciseError, match="did not start"):
        ask("def f(): pass")


def test_what_is_reported_of_a_crash_is_harmless_text() -> None:
    """No characters that a terminal obeys, no halves of characters that a file cannot hold, no endless names."""
    source = "def f():\n    raise type('A' * 10**6 + '\\x1b', (Exception,), {})('\\x1b[2J\\ud800\\u202e ok\\n')"
    crash = ask(source).crash
    assert crash.type == "A" * 100
    assert crash.message == "\ufffd[2J\ufffd\ufffd ok\n"
    assert (crash.cell, crash.line) == (1, 2)


def test_a_place_that_does_not_exist_is_no_place() -> None:
    """Code that claims another cell or line as its own is not believed."""
    source = "def f():\n    exec(compile('\\n' * 99 + '1 / 0', '<cell 1>', 'exec'))\n"
    assert (ask(source).crash.line, ask(source).crash.source) == (0, "")
    crash = ask(source.replace("<cell 1>", "<cell 7>")).crash
    assert (crash.cell, crash.line) == (0, 0)


def test_nothing_to_ask_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without calls there is no process."""
    monkeypatch.setattr(process, "command", None)
    assert run("x = 1") == []


COUNTED = """
import sys


class fcc:
    def __init__(self):
        pass

    def once(self):
        return abs(-1)

    def often(self):
        return [abs(-1) for _ in range(5000)]

    def unseen(self):
        sys.setprofile(None)
"""


@pytest.mark.parametrize(("method", "least", "most"), [("once", 1, 500), ("often", 5000, 5500), ("unseen", 1e9, 1e19)])
def test_calls_are_counted_where_that_is_asked_for(method, least, most):
    """Whoever ends the counting has made too many."""
    steps = (Step("construct"), Step("call", method))
    call = Call("a", "network", "fcc", steps=steps, counted=True)
    [answer] = run_calls([Cell(0, COUNTED)], [call], find_sandbox(allow_none=True))
    assert least <= answer.values["calls"] <= most
