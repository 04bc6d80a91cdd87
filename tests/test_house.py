"""What a machine can hold of the house: contents pages, docstrings, file lengths, light imports, the exception tree."""

import ast
import dataclasses
import doctest
import importlib
import importlib.util
import inspect
import io
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import handgrad
from handgrad import errors
from handgrad.errors import HandgradError

TESTS = Path(__file__).parent
ROOT = TESTS.parent
SOURCES = Path(handgrad.__file__).parent
NAMES = sorted(["handgrad", *(info.name for info in pkgutil.walk_packages(handgrad.__path__, "handgrad."))])
NAMES = [name for name in NAMES if not name.endswith("__main__")]
if importlib.util.find_spec("numba") is None:  # what only runs with it cannot be imported without
    NEEDS_NUMBA = (
        "handgrad.compiled",
        *(f"handgrad.training.engines.{name}" for name in ("arrays", "compiled", "team")),
    )
    NAMES = [name for name in NAMES if not name.startswith(NEEDS_NUMBA)]
MODULES = [importlib.import_module(name) for name in NAMES]
PACKAGES = [module for module in MODULES if hasattr(module, "__path__")]
HEAVY = (
    "PIL",
    "cyclopts",
    "keras",
    "matplotlib",
    "onnx",
    "pandas",
    "pooch",
    "pyarrow",
    "rich",
    "scipy",
    "sklearn",
    "torch",
)
DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn"}  # imported under another name than they are installed by
CONVERTED = {"keras", "torch"}  # models of these are converted for those who have them
LONG = 300  # lines that a person reads in one sitting
WHY_LONG = rf"{LONG}\s+lines|more\s+lines|file\s+is\s+long"

each_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
each_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)


def bound_names(package: ModuleType) -> set[str]:
    """Name what a contents page binds: imports from the package itself, functions, classes and assignments."""
    bound = set()
    for node in ast.walk(ast.parse(inspect.getsource(package))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "handgrad":
            bound |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Assign):
            bound |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {name for name in bound if not name.startswith("_")}


def is_plain_record(thing: Any) -> bool:
    """Tell a class of named values, without methods of its own, which others build and a user only reads."""
    record = dataclasses.is_dataclass(thing) or hasattr(thing, "_fields")
    return record and not any(inspect.isfunction(m) and not n.startswith("_") for n, m in vars(thing).items())


def documented() -> list[Any]:
    """List the public functions and classes that owe an example: all but Protocols, plain records and errors."""
    found = {}
    for package in PACKAGES:
        for name in getattr(package, "__all__", ()):
            thing = getattr(package, name, None)
            if not (inspect.isclass(thing) or inspect.isfunction(thing)):
                continue
            if inspect.isclass(thing) and (issubclass(thing, HandgradError) or getattr(thing, "_is_protocol", False)):
                continue
            if is_plain_record(thing):
                continue
            found[f"{thing.__module__}.{thing.__qualname__}"] = thing
    return [pytest.param(found[name], id=name) for name in sorted(found)]


def drawn_tree(drawing: str) -> dict[str, tuple[str | None, bool]]:
    """Read the tree in a docstring: from each class to its parent and whether it is said to be a ValueError as well."""
    tree: dict[str, tuple[str | None, bool]] = {}
    path: list[str] = []
    for line in drawing.splitlines():
        match = re.match(r"(?P<branch>[ │├└─]*)(?P<name>\w+Error)\b(?P<rest>.*)", line)
        if match is None:
            continue
        depth = len(match["branch"].removeprefix("    ")) // 4
        path[depth:] = [match["name"]]
        tree[match["name"]] = (path[depth - 1] if depth else None, "also a ValueError" in match["rest"])
    return tree


def third_party_imports() -> set[str]:
    """Name the distributions that the package imports, wherever in a module it does so."""
    found = set()
    for path in SOURCES.rglob("*.py"):
        if "variants" in path.parts:  # solutions to be checked, not modules of the package
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    found -= {"handgrad", *sys.stdlib_module_names}
    return {DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in found}


@each_package
def test_contents_page_is_complete(package: ModuleType) -> None:
    """``__all__`` holds exactly what a package's contents page binds, each name once, and each is there."""
    listed = package.__all__
    assert [name for name in listed if not hasattr(package, name)] == []
    assert {name for name in listed if not name.startswith("_")} == bound_names(package)
    assert sorted(set(listed)) == sorted(listed)


@each_package
def test_star_import_works(package: ModuleType) -> None:
    """A star import gives the names of the contents page, and the objects that attribute access gives."""
    namespace: dict[str, Any] = {}
    exec(f"from {package.__name__} import *", namespace)  # noqa: S102 - our own names
    assert all(namespace[name] is getattr(package, name) for name in package.__all__)


@pytest.mark.parametrize("thing", documented())
def test_public_names_are_documented_with_an_example(thing: Any) -> None:
    """Every public function and class has a summary in one sentence and an example that runs."""
    docstring = inspect.cleandoc(thing.__doc__ or "")
    summary = docstring.partition("\n\n")[0]
    assert summary.endswith((".", "?", "!")) or ":" in summary, f"no summary: {summary!r}"
    assert "Examples\n--------\n" in docstring
    assert ">>> " in docstring.partition("Examples\n--------\n")[2]


@each_module
def test_docstring_examples_run(module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example in a docstring, in an empty folder, gives the output it shows."""
    monkeypatch.chdir(tmp_path)
    failures = io.StringIO()
    for test in doctest.DocTestFinder(exclude_empty=True).find(module):
        doctest.DocTestRunner(verbose=False).run(test, out=failures.write)
    if failures.getvalue():
        pytest.fail(failures.getvalue(), pytrace=False)


@each_module
def test_module_says_what_it_is(module: ModuleType) -> None:
    """Every module has a docstring that starts with a sentence."""
    first = (module.__doc__ or "").strip().partition("\n\n")[0]
    assert re.search(r"\w{2}.*[.:?]", first, re.DOTALL), f"{module.__name__} starts with {first!r}"


@each_module
def test_long_file_says_why(module: ModuleType) -> None:
    """A source file of more than 300 lines gives its reason in its docstring."""
    count = len(inspect.getsource(module).splitlines())
    assert count <= LONG or re.search(WHY_LONG, module.__doc__ or ""), f"{count} lines, and no word about it"


def test_import_is_light_and_silent(tmp_path: Path) -> None:
    """``import handgrad`` loads none of the heavy libraries, prints nothing and warns of nothing."""
    loaded = "import json, pathlib, sys; pathlib.Path('loaded.json').write_text(json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-W", "error", "-c", f"import handgrad; {loaded}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    modules = json.loads((tmp_path / "loaded.json").read_text())
    assert [name for name in HEAVY if name in modules] == []


def test_every_name_of_the_contents_page_loads_from_a_fresh_import(tmp_path: Path) -> None:
    """In a fresh interpreter, with nothing imported before, every public name is there."""
    code = "import handgrad; [getattr(handgrad, name) for name in handgrad.__all__]"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_exception_tree_is_drawn_as_it_is() -> None:
    """The tree in the docstring of ``errors`` has the real classes, parents and all, and no other module adds one."""
    classes = [HandgradError]
    for kind in classes:  # grows while it is walked
        classes += kind.__subclasses__()
    ours = [kind for kind in classes if kind.__module__.split(".")[0] == "handgrad"]
    assert {kind.__module__ for kind in ours} == {errors.__name__}
    real = {
        kind.__name__: (
            None if kind is HandgradError else kind.__bases__[0].__name__,
            ValueError in kind.__bases__,
        )
        for kind in ours
    }
    assert drawn_tree(errors.__doc__ or "") == real


def test_dependencies_are_those_that_are_imported() -> None:
    """Every third-party import is a declared dependency, and every declared dependency is imported."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *extras["onnx"], *extras["parquet"]]
    names = {re.split(r"[^\w-]", requirement)[0] for requirement in declared}
    assert names | CONVERTED == third_party_imports()


def test_actions_are_pinned() -> None:
    """Every GitHub action is named by the full hash of a commit, with its version beside it."""
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    uses = [line.strip(" -") for path in workflows for line in path.read_text().splitlines() if "uses:" in line]
    assert uses
    assert [use for use in uses if not re.fullmatch(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


def test_the_module_is_the_command(tmp_path: Path) -> None:
    """``python -m handgrad`` takes the same arguments as the command and returns the same exit codes."""
    command = [sys.executable, "-m", "handgrad"]
    options: dict[str, Any] = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 120, "check": False}
    done = subprocess.run([*command, "--version"], **options)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{handgrad.__version__}\n", "")
    refused = subprocess.run([*command, "evaluate", "no-such-run"], **options)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("handgrad: ")


def test_one_version() -> None:
    """The package, its metadata, the citation and the change log name one version."""
    version = handgrad.__version__
    assert metadata.version("handgrad") == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(TESTS.rglob("test_*.py")), ids=lambda path: path.relative_to(TESTS).as_posix())
def test_every_test_states_the_behaviour(path: Path) -> None:
    """Every test has a docstring: one sentence that says what holds."""
    silent = [
        f"line {node.lineno}: {node.name}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test") and not ast.get_docstring(node)
    ]
    assert silent == []
