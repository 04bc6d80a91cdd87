import ast
import json
import os
import re
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgrad.errors import ExerciseError
from handgrad.exercises.submission.reading import (
    MAXIMUM_BYTES,
    MAXIMUM_CODE,
    Cell,
    Submission,
    definitions,
    read_submission,
    syntax_errors,
)
from handgrad.exercises.tasks import TASKS

SEED = """
import numpy as np
np.random.seed(42)
trainx, trainy, testx, testy = np.load('mnist.npy', allow_pickle=True)

def sigmoid(X):
    return 1/(1 + np.exp(-X))

class fcc:
    def backprop(self, y):
        self.delta = sigmoid(self.out)

neural_net = fcc()
for i in range(1000):
    neural_net.backprop(trainy)
"""


def notebook(*sources: str | list[str], version: int = 4) -> dict:
    """Make a notebook of code cells."""
    if version == 3:
        cells = [{"cell_type": "code", "input": source, "language": "python"} for source in sources]
        return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def saved(folder: Path, content: dict | list | str | bytes, name: str = "sheet.ipynb") -> Path:
    """Write a file."""
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def kept(*sources: str) -> str:
    """Give the lines that are kept of some cells, without the blank ones."""
    cells = tuple(Cell(number, source) for number, source in enumerate(sources, start=1))
    found = definitions(Submission("sheet.ipynb", cells))
    return "\n".join(line for cell in found for line in cell.source.split("\n") if line.strip())


def test_notebook_of_either_version_is_read(tmp_path: Path) -> None:
    """Notebooks of nbformat 4 and 3 give the same code cells, numbered from 1, whatever way their lines are stored."""
    new = read_submission(saved(tmp_path, notebook("a = 1\nb = 2", ["c = 3\n", "d = 4"], "")))
    old = read_submission(saved(tmp_path, notebook(["a = 1\n", "b = 2"], "c = 3\nd = 4", "", version=3)))
    assert new == old == Submission("sheet.ipynb", (Cell(1, "a = 1\nb = 2"), Cell(2, "c = 3\nd = 4"), Cell(3, "")))


def test_text_cells_are_left_out_and_not_counted(tmp_path: Path) -> None:
    """Markdown and raw cells are no code, and the numbers count code cells only."""
    content = notebook("a = 1", "b = 2")
    content["cells"].insert(1, {"cell_type": "markdown", "source": "# c = 3", "metadata": {}})
    content["cells"].insert(0, {"cell_type": "raw", "source": "d = 4", "metadata": {}})
    assert read_submission(saved(tmp_path, content)).cells == (Cell(1, "a = 1"), Cell(2, "b = 2"))


def test_module_is_one_cell_of_number_0(tmp_path: Path) -> None:
    """A module is read as one cell, a byte order mark and foreign line ends aside."""
    submission = read_submission(saved(tmp_path, b"\xef\xbb\xbfa = 'Stra\xc3\x9fe'\r\nb = 2\rc = 3\n", "Sheet.PY"))
    assert submission == Submission("Sheet.PY", (Cell(0, "a = 'Straße'\nb = 2\nc = 3\n"),))


@pytest.mark.parametrize("name", ["latin-1", "iso-8859-15", "cp1252", "utf-8", "mac-roman"])
def test_a_module_is_read_as_its_coding_line_says(tmp_path: Path, name: str) -> None:
    """As Python itself reads it; a byte order mark and a notebook need no such line."""
    text = f"# -*- coding: {name} -*-\n# Lösung von Übungsblatt 4\nx = 'Straße'\n"
    submission = read_submission(saved(tmp_path, text.encode(name), "sheet.py"))
    assert submission.cells == (Cell(0, text),)
    assert syntax_errors(submission) == ()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"nbformat": 4, "cells": ' + "[" * 100_000 + "]" * 100_000 + "}", "not JSON"),
        ('{"nbformat": 4, "metadata": {"x": NaN}, "cells": []}', "NaN"),
        ('{"nbformat": 4, "metadata": {"x": -Infinity}, "cells": []}', "-Infinity"),
        ('{"nbformat": ' + "9" * 10_000 + "}", "not JSON"),
        ([], "it is JSON but not a notebook"),
        ("null", "it is JSON but not a notebook"),
        ({}, "nbformat None"),
        ({"nbformat": 5, "cells": []}, "nbformat 5"),
        ({"nbformat": "4", "cells": []}, "nbformat 4"),
        ({"nbformat": [4], "cells": []}, "nbformat [4]"),
        ({"nbformat": 4}, "cells of type NoneType"),
        ({"nbformat": 4, "cells": {"a": 1}}, "cells of type dict"),
        ({"nbformat": 4, "cells": ["a = 1"]}, "a cell of type str"),
        ({"nbformat": 4, "cells": [{"cell_type": "code"}]}, "source is not text"),
        ({"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}, "source is not text"),
        ({"nbformat": 4, "cells": [{"cell_type": "code", "source": ["a", None]}]}, "source is not text"),
        ({"nbformat": 3, "worksheets": 3}, "worksheets of type int"),
        ({"nbformat": 3, "worksheets": [{"cells": 3}]}, "cells of type int"),
        ({"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "source": "a"}]}]}, "input is not text"),
    ],
)
def test_what_is_no_notebook_is_refused(tmp_path: Path, content: dict | list | str, found: str) -> None:
    """A file that is no notebook inside ends in an error that names the file and says what was found."""
    with pytest.raises(ExerciseError) as caught:
        read_submission(saved(tmp_path, content))
    assert caught.value.found.startswith("sheet.ipynb: ")
    assert found in caught.value.found


def test_a_notebook_that_is_named_like_a_module_is_read(tmp_path: Path) -> None:
    """It is a notebook by its content; a module may begin with a brace."""
    assert read_submission(saved(tmp_path, notebook("a = 1"), "sheet.py")).cells == (Cell(1, "a = 1"),)
    assert read_submission(saved(tmp_path, b"{'a': 1}\n", "sheet.py")).cells == (Cell(0, "{'a': 1}\n"),)


@pytest.mark.parametrize(
    ("name", "content"),
    [("sheet.py", b""), ("sheet.py", b"# later\n\n   # more\n"), ("sheet.ipynb", None), ("sheet.ipynb", "# later\n")],
)
def test_a_file_without_code_is_refused(tmp_path: Path, name: str, content: bytes | str | None) -> None:
    """Nothing, comments only, or a notebook without code in its code cells."""
    written = notebook(*([] if content is None else [content])) if name == "sheet.ipynb" else content
    with pytest.raises(ExerciseError, match=f"there is no code in {name}"):
        read_submission(saved(tmp_path, written, name))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "is a PDF document"),
        (b"PK\x03\x04\x14\x00", "is an archive or a Word document"),
        (b"\xd0\xcf\x11\xe0\xa1", "is a Word document"),
        (b"{\\rtf1\\ansi\nx = 1}", "is a text document with formats (RTF)"),
    ],
)
def test_a_document_that_is_named_like_a_sheet_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    """By its first bytes, whatever its name."""
    for name in ("sheet.py", "sheet.ipynb"):
        with pytest.raises(ExerciseError, match=re.escape(found)):
            read_submission(saved(tmp_path, content, name))


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    """What is not there, a folder, a pipe, another kind, other encodings and floods end in an error, at once."""
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()
    saved(tmp_path, "x = 'Straße'".encode("latin-1"), "latin.py")
    saved(tmp_path, "x = 1".encode("utf-16"), "utf16.py")
    saved(tmp_path, b"# coding: no-such-coding\nx = 1", "unknown.py")
    saved(tmp_path, "# coding: punycode\nx = 'ä'".encode("latin-1"), "slow.py")
    saved(tmp_path, b"\n" * (MAXIMUM_BYTES + 1), "large.py")
    saved(tmp_path, "#" * (MAXIMUM_CODE + 1), "long.py")
    saved(tmp_path, "x = 1", "sheet.txt")
    expected = {
        "missing.py": "there is no file",
        "pipe.py": "not a regular file",
        "folder.py": "is a folder",
        "latin.py": "not UTF-8",
        "utf16.py": "not UTF-8",
        "unknown.py": "not UTF-8",
        "slow.py": "not UTF-8",
        "large.py": "over 5,000,000 bytes",
        "long.py": "100,001 characters",
        "sheet.txt": "not a notebook or a module",
        "nul\0.py": "null byte",
    }
    for name, found in expected.items():
        with pytest.raises(ExerciseError) as caught:
            read_submission(tmp_path / name)
        assert found in caught.value.found, name


def test_lone_surrogates_do_not_stop_the_reading(tmp_path: Path) -> None:
    """Text that UTF-8 cannot say, which JSON can, becomes a question mark."""
    path = saved(tmp_path, '{"nbformat": 4, "cells": [{"cell_type": "code", "source": "x = \\"\\ud800\\""}]}')
    submission = read_submission(path)
    assert submission.cells == (Cell(1, 'x = "?"'),)
    assert syntax_errors(submission) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["cells", "cell_type", "source", "worksheets", "input", "x"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(
    content=st.dictionaries(st.sampled_from(["cells", "worksheets", "metadata"]), JSON), version=st.sampled_from([3, 4])
)
def test_any_json_is_read_or_refused(content: dict, version: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever JSON a notebook holds, it is read as text or refused with an ExerciseError."""
    path = saved(tmp_path_factory.mktemp("json"), {**content, "nbformat": version})
    try:
        submission = read_submission(path)
    except ExerciseError:
        return
    assert all(isinstance(cell.source, str) for cell in submission.cells)


def test_the_training_of_a_notebook_is_left_out() -> None:
    """Of a notebook in one cell only the definitions and what they use are kept: no data, no seed, no training."""
    assert kept(SEED) == (
        "import numpy as np\n"
        "def sigmoid(X):\n"
        "    return 1/(1 + np.exp(-X))\n"
        "class fcc:\n"
        "    def backprop(self, y):\n"
        "        self.delta = sigmoid(self.out)"
    )


def test_lines_keep_their_numbers() -> None:
    """Every kept line stands where it stood in its cell."""
    (cell,) = definitions(Submission("sheet.py", (Cell(0, SEED),)))
    original = SEED.split("\n")
    assert [i for i, line in enumerate(cell.source.split("\n")) if line and line != original[i]] == []
    assert cell.source.split("\n")[5] == "def sigmoid(X):"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        # what tasks use as globals, and what that needs in turn
        (["eps = 1e-9\nmore = 2\ndef sigmoid(X): return X + eps"], "eps = 1e-9\ndef sigmoid(X): return X + eps"),
        (["a = b = 3\nc = a\ndef sigmoid(X): return c"], "a = b = 3\nc = a\ndef sigmoid(X): return c"),
        (["def helper(x): return x", "def sigmoid(X): return helper(X)"], None),
        (["k: int = 3\nk += 1\ndef sigmoid(X): return k"], None),
        (["(p, *q), r = (1, 2), 3\ndef sigmoid(X): return q"], None),
        (["def sigmoid(X, scale=factor): return X\nfactor = 2"], None),
        (["def decorate(f): return f\n@decorate\ndef sigmoid(X): return X"], None),
        (["class Base: pass", "class fcc(Base):\n    pass"], None),
        (["size = 3\nclass fcc:\n    units = size"], None),
        (["rows = 3\ndef softmax(X): return [rows for _ in X]"], None),
        (["count = 0\ndef sigmoid(X):\n    global count\n    count += 1"], None),
        (["rate = 2\ndef sigmoid(X):\n    def inner(): return rate\n    return inner()"], None),
        # what only looks like it
        (["y = train()\ndef sigmoid(X):\n    y = X\n    return y"], "def sigmoid(X):\n    y = X\n    return y"),
        (["logits = train()\ndef accuracy(logits, y): return logits"], "def accuracy(logits, y): return logits"),
        (["X = train()\nsigmoid = lambda X: X"], "sigmoid = lambda X: X"),
        (["x = train()\ndef sigmoid(X): return [x for x in X]"], "def sigmoid(X): return [x for x in X]"),
        (["history = train()\ndef plot(): draw(history)\ndef sigmoid(X): return X"], "def sigmoid(X): return X"),
        # other ways to define
        (["from scipy import expit as sigmoid\nimport scipy.stats"], "from scipy import expit as sigmoid"),
        (["import scipy.special\ndef sigmoid(X): return scipy.special.expit(X)"], None),
        (["from numpy import *\ndef sigmoid(X): return exp(X)"], None),
        (["from __future__ import annotations\ndef sigmoid(X): return X"], None),
        (["def s(X): return X\nsigmoid = s"], None),
        (["if fast:\n    def sigmoid(X): return X\nelse:\n    def sigmoid(X): return -X"], None),
        (["try:\n    from a import b\nexcept ImportError:\n    b = None\ndef sigmoid(X): return b"], None),
        (["with errors():\n    sigmoid = make()"], None),
        (["async def sigmoid(X): return X"], None),
        (["a = 1; sigmoid = lambda X: a; train()"], None),
        # methods, attributes and entries given later
        (["class fcc: pass", "def backprop(self, y): return y", "fcc.backprop = backprop"], None),
        (["class fcc: pass", "def backprop(self, y): return y\nsetattr(fcc, 'backprop', backprop)"], None),
        (["t = []\nt.append(3)\nu.add(4)\ndef softmax(X): return t"], "t = []\nt.append(3)\ndef softmax(X): return t"),
        (["t = {}\nt['a'] = 3\nu['a'] = 4\ndef sigmoid(X): return t"], "t = {}\nt['a'] = 3\ndef sigmoid(X): return t"),
        (["class fcc: pass\nfor n in 'ab':\n    setattr(fcc, n, 0)\n    fcc.all[n] = 1"], None),
        (["class fcc: pass", "for i in range(9):\n    loss = fcc().train()\n    all.append(loss)"], "class fcc: pass"),
        (["class fcc: pass", "for i in range(9):\n    fcc.rate = i\n    fcc().backprop(y)"], "class fcc: pass"),
        (["t = []\ndef train(): fcc().fit()\ndef softmax(X): return t", "for i in 'ab': t.append(train())"],
         "t = []\ndef softmax(X): return t"),
        (["t = []\ndef softmax(X): return t", "while input():\n    t.append(1)\nprint(t)\nplt.plot(t)"],
         "t = []\ndef softmax(X): return t"),
        # whatever changes an object
        (["t = [2]\nt.sort()\nfor i in t:\n    k = i\n    for j in t: t.insert(k, j)\ndef softmax(X): return t"], None),
        (["import numpy as np\nt = np.eye(3)\nnp.fill_diagonal(t, 2)\nt[1] += 1\ndef softmax(X): return t"], None),
        (["t = {}\ndef add(f):\n    t[f.__name__] = f\n    return f\n@add\ndef half(x): return x / 2",
          "def softmax(X): return t['half'](X)"], None),
        (["t = []\nclass Base:\n    def __init_subclass__(cls): t.append(cls)\nclass A(Base): pass",
          "def softmax(X): return t"], None),
        (["def half_1(x): return x\ndef softmax(X): return globals()[f'half_{1}'](X)"], None),
        (["def half_1(x): return x\ndef softmax(X): return eval('half_' + '1')(X)"], None),
        # definitions within any statement
        (["while True:\n    def sigmoid(X): return X\n    break"], None),
        (["for n in (1, 2):\n    def sigmoid(X): return n"], None),
        (["for sigmoid in [lambda X: X]: pass"], None),
        (["match 1:\n    case 1:\n        def sigmoid(X): return X"], None),
        (["(sigmoid := lambda X: X)", "if (softmax := lambda X: X): pass"], None),
        (["exec('def sigmoid(X): return X')", "globals()['softmax'] = abs"], None),
        (["import sys\nsetattr(sys.modules[__name__], 'softmax', abs)"], None),
        (["def define():\n    global sigmoid\n    def sigmoid(X): return X\ndefine()"], None),
        # what another function registers
        (["def back(a): return a\n@back.register\ndef _(a: int): return 0\ndef softmax(X): return back(X)"], None),
        (["def of(n): return t.update\nt = {}\n@of('a')\ndef f(X): return X\ndef softmax(X): return of(t)"], None),
        (["def to(c): return c.add\nclass fcc: pass", "@to(fcc)\ndef backprop(self, y): return y\ndel backprop"],
         "def to(c): return c.add\nclass fcc: pass\n@to(fcc)\ndef backprop(self, y): return y"),
        (["def patch(f): return f\nclass fcc: pass", "@patch\ndef backprop(self: fcc, y): return y"], None),
        (["import a\ndef softmax(X): return a", "@a.run(1)\ndef f(): return 1"], "import a\ndef softmax(X): return a"),
        # a function's name given to something else
        (["def accuracy(p, y): return 1", "accuracy = accuracy(p, y)\nprint(1)"], "def accuracy(p, y): return 1"),
        (["def accuracy(p, y): return 1", "accuracy = np.mean(hits)"], "def accuracy(p, y): return 1"),
        (["import numpy as np\ndef sigmoid(x): return x\nsigmoid = np.vectorize(sigmoid)"], None),
        (["import numpy as np\ndef softmax(x): return x\nsoftmax = np.vectorize(softmax, otypes=[float])"], None),
        (["import numpy as np\ndef softmax(x): return x\nsoftmax = np.vectorize(pyfunc=softmax)"], None),
        (["from scipy import special\ndef sigmoid(x): return x\nsigmoid = special.expit"], None),
        (["class S:\n    def __call__(self, x): return x\ndef sigmoid(x): return x\nsigmoid = S()"], None),
        (["def make(kind): return abs\ndef sigmoid(x): return x\nsigmoid = make(kind='a')"], None),
        (["def rate(p): return 1\ndef accuracy(p, y): return 1", "accuracy = rate(p)"],
         "def accuracy(p, y): return 1"),
        (["def accuracy(p, y): return 1", "accuracy, loss = accuracy(p, y), 3"], "def accuracy(p, y): return 1"),
    ],
)  # fmt: skip
def test_what_is_kept(cells: list[str], expected: str | None) -> None:
    """The tasks' definitions are kept with what they use as globals, and nothing else; None stands for everything."""
    assert kept(*cells) == ("\n".join(cells) if expected is None else expected)


def test_what_a_kept_function_uses_is_enough_to_run_it() -> None:
    """What is kept runs by itself, and the functions give what they gave in the whole notebook."""
    cells = (
        "import math\nimport absent\nscale = 2\n",
        "table = {}\ntable['half'] = math.log(scale)\n",
        "def helper(x):\n    return table['half'] * x\n",
        "print(absent.value)\nresult = helper(3)\nhelper = helper(4) if False else helper",
        "def sigmoid(X):\n    return helper(X)\n",
    )
    namespace: dict = {}
    for cell in definitions(Submission("sheet.ipynb", tuple(Cell(i, c) for i, c in enumerate(cells, start=1)))):
        exec(cell.source, namespace)  # noqa: S102 - our own words
    assert namespace["sigmoid"](3) == pytest.approx(2.0794415416798357)
    assert "result" not in namespace


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%matplotlib inline\ndef sigmoid(X): return X", "def sigmoid(X): return X"),
        ("!pip install \\\n    numpy\ndef sigmoid(X): return X", "def sigmoid(X): return X"),
        ("files = !ls\nt = %timeit f()\ndef sigmoid(X): return X", "def sigmoid(X): return X"),
        ("np.dot?\n?np.dot\ndef sigmoid(X): return X", "def sigmoid(X): return X"),
        ("def sigmoid(X):\n    %time y = X\n    return X", "def sigmoid(X):\n    pass\n    return X"),
        ("%%time\ndef sigmoid(X): return X", "def sigmoid(X): return X"),
        ("\n%%capture out\ndef sigmoid(X): return X", "def sigmoid(X): return X"),
        ("%%bash\nls -la | sort", ""),
        ("%%html\n<b>sigmoid = 1</b>", ""),
        ("%load_ext x\na = (7\n  % 4)\ndef sigmoid(X): return a", "a = (7\n  % 4)\ndef sigmoid(X): return a"),
        (
            '%load_ext x\ndef sigmoid(X):\n    """\n    %d\n    """\n    return X',
            'def sigmoid(X):\n    """\n    %d\n    """\n    return X',
        ),
    ],
)  # fmt: skip
def test_ipython_lines_are_no_errors(source: str, expected: str) -> None:
    """Magics, shell commands and questions are left out, and what only looks like them is kept."""
    assert syntax_errors(Submission("sheet.ipynb", (Cell(1, source),))) == ()
    assert kept(source) == expected


@pytest.mark.parametrize(
    ("source", "kind", "line", "quoted"),
    [
        ("def sigmoid(X)\n    return X", "SyntaxError", 1, "def sigmoid(X)"),
        ("def sigmoid(X):\nreturn X", "IndentationError", 2, "return X"),
        ("def sigmoid(X):\n    y = X\nreturn y", "SyntaxError", 3, "return y"),
        ("x = 1\nif x:\n    yield x", "SyntaxError", 3, "yield x"),
        ("x = 1\n\ndef sigmoid(X, X):\n    pass", "SyntaxError", 3, "def sigmoid(X, X):"),
        ("x = (1,\n     2", "SyntaxError", 1, "x = (1,"),
        ("\tx = 1\n        y = 2", "IndentationError", 1, "x = 1"),
        ("x = 1\0", "SyntaxError", 1, "x = 1\0"),
        ("x = 1\n\ny = 2\0", "SyntaxError", 3, "y = 2\0"),
        ("x = " + "(" * 3000 + ")" * 3000, "SyntaxError", 1, "x = " + "(" * 3000 + ")" * 3000),
        ("x = " + "-" * 90_000 + "1", "SyntaxError", 1, "x = " + "-" * 90_000 + "1"),
        ("x = a" + ".a" * 45_000, "SyntaxError", 1, "x = a" + ".a" * 45_000),
    ],
)
def test_a_broken_cell_is_reported_and_the_others_kept(source: str, kind: str, line: int, quoted: str) -> None:
    """A cell that is no Python is left out, with its number, line and the line's text, and the other cells stay."""
    submission = Submission("sheet.ipynb", (Cell(1, source), Cell(2, "def del_sigmoid(h): return h")))
    (crash,) = syntax_errors(submission)
    assert (crash.type, crash.cell, crash.line, crash.source) == (kind, 1, line, quoted)
    assert crash.message
    assert [cell.number for cell in definitions(submission)] == [2]


def test_warnings_of_the_learners_code_are_not_ours() -> None:
    """An unknown escape, such as LaTeX in a docstring, neither warns nor breaks the cell, where warnings are errors."""
    source = 'def del_sigmoid(h):\n    """$\\sigma$ and "\\d" is 1"""\n    return h is 1'
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert syntax_errors(Submission("sheet.py", (Cell(0, source),))) == ()


NAMES = st.sampled_from([*TASKS, "fcc", "a", "b", "np"])
STATEMENTS = st.one_of(
    st.builds("{} = {}".format, NAMES, NAMES),
    st.builds("{} = lambda x: {}(x)".format, NAMES, NAMES),
    st.builds("def {}(x):\n    {} = x\n    return {}".format, NAMES, NAMES, NAMES),
    st.builds("class {}({}):\n    {} = {}".format, NAMES, NAMES, NAMES, NAMES),
    st.builds("import {} as {}".format, NAMES, NAMES),
    st.builds("if {}:\n    def {}(x): return {}".format, NAMES, NAMES, NAMES),
    st.builds("{}.{} = {}; {} = 3".format, NAMES, NAMES, NAMES, NAMES),
    st.builds("{}({})".format, NAMES, NAMES),
    st.sampled_from(["%matplotlib inline", "!ls", "x = (", "", "# a comment", '"""text\n%x\n"""']),
    st.text(max_size=30),
)


@given(st.lists(st.lists(STATEMENTS, max_size=5), max_size=4))
def test_definitions_of_any_code(cells: list[list[str]]) -> None:
    """Whatever the code: kept cells are valid Python, their lines are the cell's own, and keeping is idempotent."""
    sources = ["\n".join(cell).replace("\r", "\n").encode("utf-8", "replace").decode() for cell in cells]
    submission = Submission("sheet.ipynb", tuple(Cell(i, source) for i, source in enumerate(sources, start=1)))
    found = definitions(submission)
    broken = {crash.cell for crash in syntax_errors(submission)}
    for cell in found:
        ast.parse(cell.source)
        own = sources[cell.number - 1].split("\n")
        assert all(
            line in ("", own[i]) or line.strip() == "pass" for i, line in enumerate(cell.source.split("\n")[:-1])
        )
        assert cell.number not in broken
    assert definitions(Submission("sheet.ipynb", found)) == found
