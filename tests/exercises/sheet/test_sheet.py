"""The sheets: their texts and formats, and self-tests that find mistakes.

It has more than 350 lines because every self-test is tried on solutions and on mistakes, listed here.
"""

import ast
import inspect
import json
import os
import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from teaching import run

from handgrad import handout
from handgrad.errors import ExerciseError, SettingError
from handgrad.exercises.sheet import solved_sheet, write_sheet
from handgrad.exercises.sheet.cells import FOLDER, SheetCell, not_implemented, sheet_cells
from handgrad.exercises.sheet.solutions import solution
from handgrad.exercises.submission.reading import definitions, read_submission, syntax_errors
from handgrad.exercises.tasks import TASKS

PARTS, LANGUAGES, FORMATS, AUDIENCES = (3, 4), ("en", "de"), ("ipynb", "py"), ("learner", "nbgrader", "otter")
each_part = pytest.mark.parametrize("part", PARTS)
each_language = pytest.mark.parametrize("language", LANGUAGES)
MNIST = Path(os.environ.get("HANDGRAD_DATA", ""), "mnist")


def unsolved(part: int, language: str = "en") -> tuple[SheetCell, ...]:
    """Give the cells with blanks."""
    return sheet_cells(part, language, not_implemented(language))


def code(cells: tuple[SheetCell, ...]) -> list[SheetCell]:
    """Give the code cells."""
    return [cell for cell in cells if cell.role != "text"]


def self_tests(part: int, bodies: dict[str, str] | None = None, language: str = "en") -> dict[str, Exception | None]:
    """Run a sheet but for its training, going on after errors, and say how each self-test ends."""
    blank = not_implemented(language)
    cells = sheet_cells(part, language, solution if bodies is None else lambda task: bodies.get(task, blank(task)))
    namespace: dict = {}
    ends: dict[str, Exception | None] = {}
    for cell in cells:
        if cell.role in ("given", "blank"):
            exec(compile(cell.source, cell.name, "exec"), namespace)  # noqa: S102 - our own words
        elif cell.role == "test":
            try:
                exec(compile(cell.source, cell.name, "exec"), namespace)  # noqa: S102 - likewise
                ends[cell.name] = None
            except Exception as error:
                ends[cell.name] = error
    return ends


def definitions_of(text: str, folder: Path, name: str) -> dict:
    """Execute what a check would execute of a sheet."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    namespace: dict = {"__name__": "learner"}
    for cell in definitions(read_submission(path)):
        exec(cell.source, namespace)  # noqa: S102 - our own words
    return namespace


def pictures(notebook: dict) -> list[int]:
    """Count the pictures under each code cell that has any."""
    counts = [
        sum("image/png" in output.get("data", {}) for output in cell["outputs"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]
    return [count for count in counts if count]


def without_words(source: str) -> str:
    """Reduce code to what does not depend on the language."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


@each_part
@each_language
@pytest.mark.parametrize("audience", AUDIENCES)
def test_notebooks_are_valid(part: int, language: str, audience: str, tmp_path: Path) -> None:
    """Every notebook is valid by nbformat's own schema, with a Python kernel and no outputs."""
    nbformat = pytest.importorskip("nbformat")
    (path,) = write_sheet(tmp_path, (part,), "ipynb", language, audience)
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert [cell for cell in notebook.cells if cell.get("outputs")] == []


@each_part
@each_language
def test_every_task_has_a_blank_with_its_number(part: int, language: str) -> None:
    """The blanks of a sheet are its tasks, in order, each with the handout's signature and an error with its number."""
    word = {"en": "task", "de": "Aufgabe"}[language]
    found = {}
    for cell in unsolved(part, language):
        if cell.role != "blank":
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.FunctionDef) and isinstance(node.body[-1], ast.Raise):
                found[node.name] = node
    assert list(found) == [task.name for task in TASKS.values() if task.sheet == part]
    for name, node in found.items():
        task = TASKS[name]
        owner = handout.fcc if task.kind == "method" else handout
        reference = inspect.signature(getattr(owner, name)).parameters.values()
        assert [argument.arg for argument in node.args.args] == [parameter.name for parameter in reference]
        assert [ast.literal_eval(default) for default in node.args.defaults] == [
            parameter.default for parameter in reference if parameter.default is not parameter.empty
        ]
        assert tuple(argument.arg for argument in node.args.args if argument.arg != "self") == task.parameters
        assert ast.get_docstring(node)
        assert ast.unparse(node.body[1]) == f"raise NotImplementedError('{word} {task.number}')"


@each_part
def test_both_languages_have_the_same_code_and_equations(part: int) -> None:
    """English and German sheets have the same cells, the same code but for words, and the same equations and names."""
    english, german = unsolved(part, "en"), unsolved(part, "de")
    assert [(cell.role, cell.name) for cell in english] == [(cell.role, cell.name) for cell in german]
    for one, other in zip(english, german, strict=True):
        if one.role == "text":
            assert one.source != other.source
            for pattern in (r"\$\$.*?\$\$", r"^```.*?^```", r"(?<!`)`[^`\n]+`(?!`)", r"\((?:3|4)\.\d+\)"):
                found = [sorted(re.findall(pattern, cell.source, re.DOTALL | re.MULTILINE)) for cell in (one, other)]
                assert found[0] == [text.replace(" --language de", "") for text in found[1]], one.name
        else:
            assert without_words(one.source) == without_words(other.source)


def test_words_are_complete_and_used() -> None:
    """Both languages have the same words, all of them are used, and those inside code cannot break it."""
    tables = [tomllib.loads((FOLDER / f"words.{language}.toml").read_text(encoding="utf-8")) for language in LANGUAGES]
    keys = [{(section, key) for section, words in table.items() for key in words} for table in tables]
    assert keys[0] == keys[1]
    templates = [(FOLDER / f"part{part}.template").read_text(encoding="utf-8") for part in PARTS]
    used = {tuple(found) for text in templates for found in re.findall(r"«(code|doc|check)\.(\w+)»", text)}
    used |= {
        (f"part{p}", found) for p, t in zip(PARTS, templates, strict=True) for found in re.findall("%% text (.*)", t)
    }
    assert keys[0] - used == {("code", "task")}
    assert used <= keys[0]
    for table in tables:
        assert [
            word for section in ("doc", "check") for word in table[section].values() if set(word) & set('"{}\\')
        ] == []


@each_part
@each_language
def test_nothing_is_left_unfilled(part: int, language: str) -> None:
    """No placeholder is left in any cell, every code cell is valid Python, and no word of the other language is."""
    for cell in unsolved(part, language):
        assert not set("«»") & set(cell.source), cell.name
        if cell.role != "text":
            compile(cell.source, cell.name, "exec")
    text = "\n".join(cell.source for cell in unsolved(part, language))
    assert re.search(r"\b(the|und)\b", text)
    assert not re.search({"en": r"\bund\b", "de": r"\bthe\b"}[language], text)


def test_equations_stand_with_their_numbers() -> None:
    """Sheet 4 shows (3.4), (4.26) to (4.28), (4.30) and (4.31), each once, and sheet 3 shows (3.4)."""
    tags = {part: re.findall(r"\\tag\{(.*?)\}", "".join(cell.source for cell in unsolved(part))) for part in PARTS}
    assert tags == {3: ["3.4"], 4: ["3.4", "4.30", "4.31", "4.26", "4.27", "4.28"]}


@each_part
def test_no_solution_is_in_a_learners_sheet(part: int) -> None:
    """No line of a solution stands in the sheet that learners get, and none of the markers that teachers' have."""
    text = "\n".join(cell.source for cell in unsolved(part))
    for task in TASKS.values():
        if task.sheet == part:
            lines = {line.strip() for line in solution(task.name).split("\n")} - {
                "rng = np.random.RandomState() if rng is None else rng"  # stands in the given constructor as well
            }
            assert [line for line in lines if line in text and re.search(r"return .|self\.|=", line)] == [], task.name
    assert "SOLUTION" not in text


@each_part
@each_language
@pytest.mark.parametrize("file_format", FORMATS)
def test_a_written_sheet_is_read_as_a_submission(part: int, language: str, file_format: str, tmp_path: Path) -> None:
    """What is written comes back through the reader: the same code cells, no syntax error."""
    (path,) = write_sheet(tmp_path, (part,), file_format, language)
    submission = read_submission(path)
    expected = [cell.source for cell in code(unsolved(part, language))]
    if file_format == "ipynb":
        assert [cell.source for cell in submission.cells] == expected
    else:
        assert all(f"# %%\n{source}\n" in submission.cells[0].source for source in expected)
    assert syntax_errors(submission) == ()


@each_language
def test_notebook_and_module_say_the_same(language: str, tmp_path: Path) -> None:
    """The module has the notebook's cells in the same order, its texts as comments, and names itself."""
    (notebook,) = write_sheet(tmp_path, (4,), "ipynb", language)
    (module,) = write_sheet(tmp_path, (4,), "py", language)
    cells = [
        (cell["cell_type"], "".join(cell["source"]))
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    ]
    blocks = re.split(r"^# %%( \[markdown\])?\n", module.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert [(kind, text.replace("sheet.ipynb", "sheet.py")) for kind, text in cells] == [
        ("markdown", re.sub(r"^# ?", "", text, flags=re.MULTILINE).strip()) if marked else ("code", text.strip())
        for marked, text in zip(blocks[::2], blocks[1::2], strict=True)
    ]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A file that is there stays as it is, no other is written beside it, and the error names it."""
    mine = tmp_path / "sheet.ipynb"
    mine.write_text("my work", encoding="utf-8")
    (tmp_path / "sheet.py").symlink_to(tmp_path / "nowhere")
    for parts, file_format in (((4,), "ipynb"), ((3, 4), "ipynb"), ((4,), "py")):
        with pytest.raises(ExerciseError, match="sheet") as caught:
            write_sheet(tmp_path, parts, file_format)
        assert "exists already" in caught.value.found
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sheet.ipynb", "sheet.py"]
    assert mine.read_text(encoding="utf-8") == "my work"


def test_a_folder_is_made_and_one_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """Missing folders are made, and a file in their place ends in an error."""
    paths = write_sheet(tmp_path / "a" / "b", (3, 4), "py")
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == ["a/b/sheet3.py", "a/b/sheet.py"]
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == ["sheet.py", "sheet3.py"]
    with pytest.raises(ExerciseError, match="cannot be created"):
        write_sheet(paths[0] / "c")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"parts": (5,)}, "part"),
        ({"file_format": "txt"}, "file_format"),
        ({"language": "fr"}, "language"),
        ({"audience": "boss"}, "audience"),
        ({"audience": "otter", "file_format": "py"}, "file_format"),
    ],
)
def test_settings_that_are_none_are_refused(arguments: dict, name: str, tmp_path: Path) -> None:
    """An unknown part, format, language or audience is refused before anything is written."""
    with pytest.raises(SettingError) as caught:
        write_sheet(tmp_path / "new", **arguments)
    assert caught.value.found.startswith(name)
    assert not (tmp_path / "new").exists()


@each_part
@each_language
def test_self_tests_of_a_solved_sheet_pass(part: int, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the handout's solutions every task's self-test passes, and says so."""
    assert self_tests(part, language=language) == {task.name: None for task in TASKS.values() if task.sheet == part}
    passed = {"en": "self-test passed", "de": "Selbsttest bestanden"}[language]
    said = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines() if passed in line]
    assert said == [task.name for task in TASKS.values() if task.sheet == part]


@each_part
@each_language
def test_self_tests_of_an_empty_sheet_name_the_task(part: int, language: str) -> None:
    """With empty blanks every self-test ends in the error of a blank."""
    word = {"en": "task", "de": "Aufgabe"}[language]
    for name, error in self_tests(part, {}, language).items():
        assert isinstance(error, NotImplementedError)
        numbers = (
            {f"{word} {TASKS[name].number}"}
            if TASKS[name].kind == "function"
            else {f"{word} {n}" for n in (1, 2, 3, 4, 5)}
        )
        assert str(error) in numbers


GD, SGD = solution("gradient_descent"), solution("stochastic_gradient_descent")
BACKPROP, STEP = solution("backprop"), solution("gradient_step")
SLIPPED = """history = []
for i in range(num_iterations):
    if i % evaluate_every == 0:
        history.append(evaluate(neural_net, i, trainx, trainy, testx, testy))
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
return history"""
WRONG = [
    ("sigmoid", "return 1 / (1 + np.exp(X))", "exp(x)"),
    ("sigmoid", "return np.tanh(X)", "between 0 and 1"),
    ("sigmoid", "return 1 / (1 + np.exp(-X)).sum()", "shape"),
    ("softmax", "return np.exp(X) / np.exp(X).sum()", "sum to 1"),
    ("softmax", "return np.exp(X) / np.exp(X).sum(axis=0)", "sum to 1"),
    ("softmax", "with np.errstate(all='ignore'):\n    return np.exp(X) / np.exp(X).sum(1)[:, None]", "adding 1000"),
    ("softmax", "E = 2.0 ** (X - X.max())\nreturn E / E.sum(axis=1, keepdims=True)", "ratio"),
    ("fcc_one_layer", "return X @ W + b", "activation"),
    ("fcc_one_layer", "return activation(X @ W)", "by hand"),
    ("fcc_one_layer", "return activation(X @ W + b).T", "one row per example"),
    ("cross_entropy", "return -np.log(pred_logits[np.arange(len(y)), y]).sum()", "log(10)"),
    ("cross_entropy", "return np.mean(np.log(pred_logits[np.arange(len(y)), y]))", "log(10)"),
    ("cross_entropy", "return -np.log(pred_logits[np.arange(len(y)), y])", "one number"),
    ("cross_entropy", "return np.mean(-np.log10(pred_logits[np.arange(len(y)), y]))", "log(10)"),
    ("cross_entropy", "return -np.log(pred_logits).mean()", "0.91"),
    ("accuracy", "return np.sum(np.argmax(logits, axis=1) == labels)", "all four"),
    ("accuracy", "return np.mean(np.argmax(logits, axis=1) == labels) >= 0.5", "three of four"),
    ("delta_last_layer", "return (h - np.eye(h.shape[1])[y])", "one row per class"),
    ("delta_last_layer", "return (np.eye(h.shape[1])[y] - h).T", "(measured)"),
    ("delta_last_layer_easy_approach", "return (h - np.eye(h.shape[1])[y]).T / len(y)", "(measured)"),
    ("del_sigmoid", "return h * (1 + h)", "(measured)"),
    ("del_sigmoid", "return sigmoid(h) * (1 - sigmoid(h))", "(measured)"),
    ("del_sigmoid", "return (h * (1 - h)).T", "shape"),
    ("backprop", BACKPROP.replace(" / n", ""), "dW_h2_o: largest difference"),
    ("backprop", BACKPROP.replace("(self.delta_h2, self.h1).T", "(self.delta_h2, self.h1)"), "dW_h1_h2: expected"),
    ("backprop", BACKPROP.replace(" * del_sigmoid(self.h1).T", ""), "db_h1: largest difference"),
    ("gradient_step", STEP.replace("-=", "+="), "W_i_h1: expected: 0.1"),
    ("gradient_step", STEP.replace("learning_rate * self.db_h2", "self.db_h2"), "b_h2: expected: 0.1"),
    ("gradient_descent", GD.replace("neural_net.gradient_step(learning_rate)", "pass"), "steps: 40, 0"),
    ("gradient_descent", SLIPPED, "steps: 40, 4"),
    ("gradient_descent", GD.replace("(learning_rate)", "(-learning_rate)"), "did not fall"),
    ("gradient_descent", GD.replace("return history", "return history[:-1]"), "40; found: [0, 10, 20, 30]"),
    ("stochastic_gradient_descent", SGD.replace("j * batch_size : (j + 1)", "0 : 1"), "each example exactly once"),
    ("stochastic_gradient_descent", SGD.replace("rng.shuffle(permutation)", "pass"), "a different order"),
    ("stochastic_gradient_descent", SGD.replace("backprop(trainy[batch])", "backprop(trainy[:4])"), "belong together"),
    ("stochastic_gradient_descent", SGD.replace("range(epochs)", "range(1)"), "3 epochs of 3"),
    ("stochastic_gradient_descent", SGD.replace("j % log_every == 0", "j == 0"), "9 steps; found: 3"),
]  # fmt: skip


@pytest.mark.parametrize(("task", "body", "said"), WRONG, ids=[f"{task}-{said}" for task, _, said in WRONG])
def test_self_tests_find_mistakes(task: str, body: str, said: str) -> None:
    """The self-test of a wrong solution fails with a sentence that says what is wrong."""
    part = TASKS[task].sheet
    bodies = {name: solution(name) for name in TASKS if TASKS[name].sheet == part}
    error = self_tests(part, {**bodies, task: body})[task]
    assert isinstance(error, AssertionError)
    assert said in str(error)


@each_part
@pytest.mark.parametrize("file_format", FORMATS)
def test_a_check_runs_only_definitions(part: int, file_format: str, tmp_path: Path) -> None:
    """Of a solved sheet a check would run functions and class only: no data, no training, no pictures, only NumPy."""
    namespace = definitions_of(solved_sheet(part, file_format), tmp_path, f"sheet.{file_format}")
    assert {task.name for task in TASKS.values() if task.kind != "method" and task.sheet <= part} <= set(namespace)
    assert not {"plt", "digits", "neural_net", "history", "tiny", "CountingNetwork"} & set(namespace)


def test_given_code_agrees_with_the_handout(tmp_path: Path) -> None:
    """The functions of sheet 3 that sheet 4 gives, and the whole solved sheet, give what the handout gives."""
    sheet = definitions_of(solved_sheet(4), tmp_path, "sheet.ipynb")
    rng = np.random.RandomState(5)
    X = np.concatenate([rng.randn(6, 4), [[1000.0, -1000.0, 0.0, 700.0]]])
    y = np.array([0, 1, 2, 3, 0, 1, 1])
    P = handout.softmax(X)
    for name, arguments in {
        "sigmoid": (X,),
        "softmax": (X,),
        "fcc_one_layer": (X, rng.randn(4, 3), rng.randn(3), handout.sigmoid),
        "cross_entropy": (P, y),
        "accuracy": (P, y),
    }.items():
        np.testing.assert_allclose(sheet[name](*arguments), getattr(handout, name)(*arguments), rtol=1e-12)
    networks = [owner(4, 5, 6, 4, rng=np.random.RandomState(0)) for owner in (sheet["fcc"], handout.fcc)]
    for name in ("gradient_descent", "stochastic_gradient_descent"):
        shared = {"learning_rate": 0.3, **({"num_iterations": 7} if name == "gradient_descent" else {"batch_size": 3})}
        rngs = [np.random.RandomState(1), np.random.RandomState(1)]
        histories = [
            owner(net, X, y, X, y, **shared, **({"rng": rng} if "batch_size" in shared else {}))
            for owner, net, rng in zip((sheet[name], getattr(handout, name)), networks, rngs, strict=True)
        ]
        flat = [
            np.concatenate([np.ravel(rows) for rows in np.atleast_1d(np.array(h, dtype=object))]) for h in histories
        ]
        np.testing.assert_allclose(flat[0].astype(float), flat[1].astype(float), rtol=1e-9)


def test_blanks_can_be_filled_one_by_one(tmp_path: Path) -> None:
    """A sheet can be had with some blanks filled and the others left, as a learner leaves it."""
    text = solved_sheet(4, "py", "de", {"del_sigmoid": "return h * (1 - h)", "backprop": "for _ in y:\n    pass"})
    assert text.count('raise NotImplementedError("Aufgabe') == 5
    assert "        for _ in y:\n            pass\n" in text
    assert definitions_of(text, tmp_path, "sheet.py")["del_sigmoid"](0.5) == 0.25
    with pytest.raises(NotImplementedError, match="Aufgabe 1"):
        definitions_of(text, tmp_path, "sheet.py")["delta_last_layer"](None, None)


@pytest.mark.skipif(not MNIST.is_dir(), reason="needs MNIST in $HANDGRAD_DATA/mnist")
def test_the_data_cell_loads_mnist() -> None:
    """With DATA = "mnist" the sheet loads MNIST through handgrad, in the range from 0 to 1."""
    (cell,) = [cell for cell in unsolved(4) if (cell.role, cell.name) == ("run", "data")]
    namespace: dict = {"np": np}
    source = cell.source.replace('DATA = "digits"', 'DATA = "mnist"').partition("\n\n\ndef show_digits")[0]
    exec(source, namespace)  # noqa: S102 - our own words
    assert namespace["trainx"].shape == (60000, 784)
    assert namespace["testy"].shape == (10000,)
    assert 0 <= namespace["trainx"].min() < namespace["trainx"].max() <= 1


def executed(folder: Path, texts: dict[str, str]) -> dict[str, dict]:
    """Execute notebooks as a person would: jupyter nbconvert --execute."""
    pytest.importorskip("nbconvert")
    pytest.importorskip("ipykernel")
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "--inplace", *texts]
    done = run(command, folder)
    assert done.returncode == 0, done.stderr
    return {name: json.loads((folder / name).read_text(encoding="utf-8")) for name in texts}


@pytest.mark.slow
def test_the_solved_sheet_runs_and_ends_with_plots(tmp_path: Path) -> None:
    """``jupyter nbconvert --execute`` runs the solved sheet top to bottom on the digits, and it ends with plots."""
    notebook = executed(tmp_path, {"sheet.ipynb": solved_sheet(4)})["sheet.ipynb"]
    assert pictures(notebook) == [1, 1, 1, 1]  # digits, two trainings, what it gets wrong
    printed = "".join(
        text for cell in notebook["cells"] for output in cell.get("outputs", ()) for text in output.get("text", ())
    )
    accuracies = [float(share) for share in re.findall(r"test accuracy: ([\d.]+)%", printed)]
    assert len(accuracies) == 2
    assert min(accuracies) > 94
    assert printed.count("self-test passed") == 7


@pytest.mark.slow
def test_an_empty_sheet_stops_at_the_first_task(tmp_path: Path) -> None:
    """Run from the top, a sheet with empty blanks stops at the first self-test, with the number of its task."""
    with pytest.raises(AssertionError) as caught:
        executed(tmp_path, {"sheet.ipynb": solved_sheet(4, bodies={})})
    assert "NotImplementedError: task 1" in re.sub(r"(\x1b|\\x1b)\[[\d;]*m", "", str(caught.value))


@pytest.mark.slow
def test_all_solved_notebooks_run(tmp_path: Path) -> None:
    """The solved notebooks of both parts in both languages run top to bottom and end with plots."""
    texts = {
        f"{part}{language}.ipynb": solved_sheet(part, "ipynb", language) for part in PARTS for language in LANGUAGES
    }
    found = {name: pictures(notebook) for name, notebook in executed(tmp_path, texts).items()}
    assert found == {"3en.ipynb": [1, 1], "3de.ipynb": [1, 1], "4en.ipynb": [1] * 4, "4de.ipynb": [1] * 4}


@pytest.mark.slow
@each_part
@each_language
def test_all_solved_modules_run(part: int, language: str, tmp_path: Path) -> None:
    """The solved modules run as programs, and draw as many figures as the notebooks."""
    count = "\nimport sys\nsys.exit(len(plt.get_fignums()))\n"
    (tmp_path / "sheet.py").write_text(solved_sheet(part, "py", language) + count, encoding="utf-8")
    command = [sys.executable, "-W", "ignore:FigureCanvasAgg", "-W", "error", "sheet.py"]
    done = run(command, tmp_path, MPLBACKEND="Agg")
    assert (done.stderr, done.returncode) == ("", {3: 2, 4: 4}[part])
