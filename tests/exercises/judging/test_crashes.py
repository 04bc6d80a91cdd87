"""What is said of errors: NumPy's and Python's own messages, as they are raised."""

import errno
import math
import os
import re
import sys
import urllib.request
from string import Formatter

import numpy as np
import pytest

from handgrad.exercises.calls import Crash
from handgrad.exercises.judging.crashes import _CRASHES, by_crash, crashed
from handgrad.exercises.report.feedback import sentence
from handgrad.exercises.words.wording import texts

A, B, V = np.zeros((3, 4)), np.zeros((5, 2)), np.zeros(3)
LABELS = np.array([0, 2, 1])


class fcc:  # noqa: N801
    """An object without attributes."""

    def step(self):
        """Take nothing."""


def unbound():
    """Use a variable before it has a value."""
    total += 1  # noqa: F821
    return total


def unbound_attribute():
    """Forget self."""
    W_h2_o -= 0.1  # noqa: F821
    return W_h2_o


def in_place():
    """Store a result in an array that is too small."""
    v = np.zeros(3)
    v += np.zeros((3, 3))


def recursive():
    """Never come back."""
    return recursive()


def assign(value):
    """Store an array where there is no room."""
    target = np.zeros((3, 4))
    target[:] = value


def cast():
    """Store fractions in whole numbers."""
    whole = np.zeros(3, dtype=int)
    whole -= 0.5


def raising(error):
    """Raise what only happens in the sandbox, or to a person."""
    raise error


CASES = {
    "float_labels": lambda: A[np.arange(3), LABELS.astype(float)],
    "quit": lambda: sys.exit(),
    "numpy": lambda: raising(NameError("name 'np' is not defined")),
    "python2": lambda: xrange(3),  # noqa: F821
    "given": lambda: evaluate(),  # noqa: F821
    "name": lambda: detla,  # noqa: F821
    "unbound_attribute": unbound_attribute,
    "unbound": unbound,
    "attribute": lambda: fcc().dW_h1,
    "none_attribute": lambda: None.T,
    "numpy_attribute": lambda: np.float,  # noqa: NPY001
    "other_attribute": lambda: A.dotproduct,
    "none": lambda: A * None,
    "aligned": lambda: A @ B,
    "aligned_dot": lambda: np.dot(A, B),
    "in_place": in_place,
    "broadcast": lambda: A * B,
    "assign": lambda: assign(B),
    "assign_indexed": lambda: A.__setitem__((np.arange(3), LABELS), np.zeros(2)),
    "index_arrays": lambda: A[np.arange(2), LABELS],
    "reshape": lambda: A.reshape(5, 2),
    "truth": lambda: bool(A == A),
    "sequence": lambda: math.exp(A),
    "bounds": lambda: A[np.arange(3), LABELS + 2],
    "dimensions": lambda: V[0, 1],
    "axis": lambda: V.sum(axis=1),
    "scalar_index": lambda: [1, 2, 3][LABELS],
    "own_function": lambda: max(A, axis=1),
    "function_itself": lambda: -sum,
    "self": lambda: fcc().step(0.1),
    "arguments": lambda: fcc.step(),
    "callable": lambda: A(2),
    "subscript": lambda: len(A)[0],
    "unhashable": lambda: {A: 1},
    "operand": lambda: "3" - 2,
    "cast": cast,
    "math": lambda: math.exp(1000),
    "zero": lambda: 1 / 0,
    "recursion": recursive,
    "import": lambda: __import__("tensorflow_of_mine"),
    "process": lambda: raising(PermissionError(errno.EPERM, os.strerror(errno.EPERM))),
    "network": lambda: urllib.request.urlopen("http://localhost:1"),
    "input": lambda: raising(EOFError("EOF when reading a line")),
    "tabs": lambda: compile("if 1:\n        x = 1\n\ty = 2", "<cell 1>", "exec"),
    "character": lambda: compile("print(“x”)", "<cell 1>", "exec"),
    "invisible": lambda: compile("x\u00a0= 1", "<cell 1>", "exec"),
    "null": lambda: compile("x = 1\0", "<cell 1>", "exec"),
    "f_string": lambda: raising(SyntaxError("f-string: unmatched '['")),  # of Python 3.11
    "print": lambda: compile("print 'x'", "<cell 1>", "exec"),
    "syntax": lambda: compile("h * (1 - h", "<cell 1>", "exec"),
    "too_long": lambda: raising(TimeoutError("over 3 s")),
    "file": lambda: open("mnist.npy"),  # noqa: PTH123, SIM115
    "assertion": lambda: raising(AssertionError("shapes")),
    "memory": lambda: raising(MemoryError()),
}


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize("key", CASES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_an_error_as_it_is_raised_is_put_in_plain_words(key, language):
    """The sentence is the one meant for this error, with the names and numbers of the message."""
    with pytest.raises((Exception, SystemExit)) as raised:
        CASES[key]()
    said = sentence(crashed(Crash(type(raised.value).__name__, str(raised.value), 1, 1, "")), language)
    pattern = re.sub(r"\\{\w+\\}", ".+", re.escape(texts("feedback", language)[f"crash_{key}"]))
    assert re.fullmatch(pattern, said, re.DOTALL)


def test_every_sentence_about_a_crash_has_a_case():
    """No sentence is left that no error leads to."""
    assert CASES.keys() == _CRASHES.keys()
    keys = {key for key in texts("feedback", "en") if key.startswith("crash_")}
    assert keys == {f"crash_{key}" for key in _CRASHES} | {"crash_other", "crash_fixed_size", "crash_name_function"}


@pytest.mark.parametrize(
    ("source", "fixed"),
    [
        ("return (h - np.eye(10)[y]).T", True),
        ("for c in range(10): loss[c] = h[:, c]", True),
        ("return (h - np.eye(k)[y]).T  # of 10 classes", False),
        ("return h[:, y]  # (4.10)", False),
        ("return h10[y]", False),
        ("return h[y] + 1e-10", False),
        ("return h[y]['10']", False),
    ],
)
def test_a_number_of_classes_that_is_written_into_the_code_is_pointed_out(source, fixed):
    """It is the number itself, in code, and that of the array which does not fit."""
    error = "index 16 is out of bounds for axis 0 with size 10"
    note = crashed(Crash("IndexError", error, 1, 1, source))
    assert note.id == ("crash_fixed_size" if fixed else "crash_bounds")
    shapes = "operands could not be broadcast together with shapes (7,16) (7,10) "
    assert (crashed(Crash("ValueError", shapes, 1, 1, source)).id == "crash_fixed_size") == fixed


@pytest.mark.parametrize(
    ("kind", "message", "source"),
    [
        ("IndexError", "index 10 is out of bounds for axis 0 with size 7", "return h[10]"),
        ("ValueError", "invalid literal for int() with base 10: 'a'", "n = int(a) * 10"),
        ("ValueError", "I need 784 inputs", "raise ValueError(f'I need {784} inputs')"),
    ],
)
def test_a_number_that_is_no_size_is_not_called_one(kind, message, source):
    """It stands in the line and in the message, and means something else."""
    assert crashed(Crash(kind, message, 1, 1, source)).id != "crash_fixed_size"


def test_an_error_that_is_not_known_is_quoted():
    """Type and message are given as they are."""
    assert sentence(crashed(Crash("OddError", "something odd", 1, 1, "")), "en") == "OddError: something odd"


def test_only_float_labels_name_a_mistake():
    """Other index errors may have many causes."""
    assert by_crash(Crash("IndexError", "arrays used as indices must be of integer (or boolean) type", 1, 1, ""))
    assert by_crash(Crash("IndexError", "index 5 is out of bounds for axis 1 with size 5", 1, 1, "")) is None


def test_both_languages_say_the_same_things_with_the_same_numbers():
    """Keys and names in braces are equal, up to the verb."""
    english, german = texts("feedback", "en"), texts("feedback", "de")
    assert english.keys() == german.keys()
    for key in english:
        names = [{n for _, n, _, _ in Formatter().parse(t[key]) if n} - {"is"} for t in (english, german)]
        assert names[0] == names[1], key


@pytest.mark.parametrize(
    ("kind", "message", "key"),
    [
        ("NameError", "name 'exit' is not defined", "quit"),
        ("SystemExit", "0", "quit"),
        ("PermissionError", "[Errno 13] Permission denied: '/etc/shadow'", "file"),
        ("PermissionError", "[Errno 1] Operation not permitted: 'data.csv'", "file"),
        ("BlockingIOError", "[Errno 11] Resource temporarily unavailable", "process"),
        ("OSError", "mnist.npy not found.", "file"),
        ("IndentationError", "unexpected indent", "syntax"),
    ],
)
def test_what_looks_alike_is_told_apart(kind, message, key):
    """By Python's own words: a process that may not start is no file that cannot be opened."""
    assert crashed(Crash(kind, message, 1, 1, "")).id == f"crash_{key}"
