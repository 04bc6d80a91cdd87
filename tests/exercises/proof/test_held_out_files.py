"""The held-out forms as files: what they say about themselves is true, and none of them is a known form."""

import ast
import re
import textwrap
import tomllib
from pathlib import Path

from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.tasks import TASKS
from proof.written import mutants, mutated

FOLDER = Path(__file__).parent / "held_out"
FILES = {file.stem: tomllib.loads(file.read_text(encoding="utf-8"))["variant"] for file in FOLDER.glob("*.toml")}
CORRECT = FILES["correct"]
WRONG = [form for name, forms in FILES.items() if name != "correct" for form in forms]


def definition(code: str, task: str) -> ast.FunctionDef:
    """Parse the first definition of a task, and only that: to parse whole sheets takes a minute."""
    text = re.search(rf"^( *)def {task}\(.*?(?=^\1[^\s)]|^[^\s)]|\Z)", code, re.MULTILINE | re.DOTALL)
    assert text, f"no definition of {task}"
    (function,) = ast.parse(textwrap.dedent(text[0])).body
    assert isinstance(function, ast.FunctionDef)
    return function


def normalised(code: str, task: str) -> str:
    """Write a definition without its docstring and signature, and with its local names replaced by numbers."""
    function = definition(code, task)
    body = function.body[1:] if ast.get_docstring(function) else function.body
    names = [node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Name)]
    numbers = {
        name: str(i) for i, name in enumerate(dict.fromkeys(n.id for n in names if isinstance(n.ctx, ast.Store)))
    }
    for node in names:
        node.id = numbers.get(node.id, node.id)
    return "\n".join(ast.dump(statement) for statement in body)


def test_normalising_forgets_names_and_nothing_else() -> None:
    """Two definitions are the same only if they differ in nothing but local names, layout, comments and docstring."""
    one = 'def f(x):\n    """Square."""\n    y = x  # copied\n    return np.dot(y, y)'
    assert normalised(one, "f") == normalised("def f(x):\n    other=x\n    return np.dot(other,other)", "f")
    assert normalised(one, "f") != normalised("def f(x):\n    y = x\n    return np.outer(y, y)", "f")


def test_there_are_enough_forms() -> None:
    """At least 150 wrong forms of at least 120 mistakes and 40 correct ones; every task has both."""
    assert len(WRONG) >= 150
    assert len({form["mistake"] for form in WRONG}) >= 120
    assert len(CORRECT) >= 40
    assert {form["task"] for form in WRONG} == {form["task"] for form in CORRECT} == set(TASKS)


def test_every_form_is_complete() -> None:
    """A form has its four fields and says how it differs; a file holds the forms of the task that it is named after."""
    for name, forms in FILES.items():
        for form in forms:
            assert form.keys() == {"mistake", "task", "why", "code"}
            assert len(form["why"].split()) >= 2
            assert form["task"] == name or (name == "correct" and form["task"] in TASKS)


def test_every_mistake_belongs_to_its_task() -> None:
    """The catalogue knows each mistake and looks for it in the task; correct forms have none."""
    assert all(form["task"] in catalogue()[form["mistake"]].tasks for form in WRONG)
    assert {form["mistake"] for form in CORRECT} == {""}


def test_every_form_defines_its_task() -> None:
    """The code is valid Python that defines the task once, with its parameters in the sheet's order."""
    for form in WRONG + CORRECT:
        task = TASKS[form["task"]]
        ast.parse(form["code"])
        assert len(re.findall(rf"\bdef {task.name}\(", form["code"])) == 1
        parameters = [argument.arg for argument in definition(form["code"], task.name).args.args]
        assert parameters == ["self"] * (task.kind == "method") + list(task.parameters), form["why"]


def test_no_form_is_a_known_one() -> None:
    """No wrong form is one from which a recogniser was made, even if all local names are changed."""
    known = {(form.task, normalised(mutated([form]).cells[0].source, form.task)) for form in mutants()}
    repeated = [form for form in WRONG if (form["task"], normalised(form["code"], form["task"])) in known]
    assert repeated == []


def test_no_two_forms_are_the_same() -> None:
    """Each form is there once, whether wrong or correct; helpers outside of the definition count."""
    codes = [(form["task"], ast.dump(ast.parse(form["code"]))) for form in WRONG + CORRECT]
    assert len(set(codes)) == len(codes)
