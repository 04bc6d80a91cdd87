"""The documents are held to the code: examples run, quoted lines stand where they are said to, links lead somewhere.

In ``README.md`` and ``docs/*.md`` a fenced block marked ``python`` is executed (through doctest where it starts with
``>>>``), all blocks of a file one after the other in one namespace; ``python no-run`` is left out. A block marked
``py`` quotes the source: the line before it names the file, by a link, and the function or the method.
"""

import ast
import doctest
import os
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DERIVATION = ROOT / "docs" / "derivation.md"
EACH = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())

FENCE = re.compile(r"^```(?P<info>[^`\n]*)\n(?P<text>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
SOURCE = re.compile(r"\[`[\w.]+`\]\((?P<link>[\w./]+\.py)\), `(?P<function>[\w.]+)`:?\s*\Z")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<target>[^)\s#]+)")
KNOWN = {"python", "python no-run", "py", "bash", "console", "json", "text", "toml"}
OPTIONAL = ("onnx", "onnxruntime", "torch")  # an example that imports one of these is skipped where it is missing
EQUATIONS = ("3.4", "4.26", "4.27", "4.28", "4.30", "4.31")


class Block(NamedTuple):
    """A fenced block: what it is marked as, its text, its first line's number, and the line of prose before it."""

    info: str
    text: str
    line: int
    before: str


def blocks(document: str) -> list[Block]:
    """Find a document's fenced blocks."""
    return [
        Block(m["info"].strip(), m["text"], document.count("\n", 0, m.start("text")) + 1, _line_before(document, m))
        for m in FENCE.finditer(document)
    ]


def _line_before(document: str, fence: re.Match) -> str:
    """Return the last line above a fence that is not empty."""
    return document[: fence.start()].rstrip().rpartition("\n")[2]


def execute(document: str, name: str) -> None:
    """Run a document's examples in one namespace."""
    namespace: dict = {"__name__": "__main__"}
    for block in blocks(document):
        if block.info != "python":
            continue
        if block.text.lstrip().startswith(">>>"):
            examples = doctest.DocTestParser().get_doctest(block.text, namespace, name, name, block.line - 1)
            runner = doctest.DebugRunner(optionflags=doctest.ELLIPSIS)
            try:
                runner.run(examples, clear_globs=False)
            except doctest.DocTestFailure as failure:
                place = f"{name}:{block.line + failure.example.lineno}"
                pytest.fail(f"{place}\n>>> {failure.example.source}wanted: {failure.example.want}got:    {failure.got}")
            except doctest.UnexpectedException as failure:
                raise failure.exc_info[1] from None
            namespace.update(examples.globs)
        else:
            exec(compile("\n" * (block.line - 1) + block.text, name, "exec"), namespace)  # noqa: S102 - our own words


def functions(source: str) -> dict[str, list[str]]:
    """Map every function, method and class of a file to its lines, without indentation."""
    lines, found = source.splitlines(), {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                name = prefix + child.name
                found[name] = [line.strip() for line in lines[child.lineno - 1 : child.end_lineno]]
                visit(child, name + ".")

    visit(ast.parse(source), "")
    return found


def stale_quotes(document: str, folder: Path) -> list[str]:
    """Name every quotation without a source, and every quoted line that is not in the function it is said to be in."""
    stale = []
    for block in blocks(document):
        if block.info != "py":
            continue
        source = SOURCE.search(block.before)
        if source is None:
            stale.append(f"line {block.line}: the line before a quotation must name its source, not {block.before!r}")
            continue
        known = functions((folder / source["link"]).read_text(encoding="utf-8"))
        body = known.get(source["function"])
        if body is None:
            stale.append(f"line {block.line}: no {source['function']} in {source['link']}")
            continue
        for offset, line in enumerate(block.text.splitlines()):
            if line.strip() and line.strip() not in body:
                stale.append(f"line {block.line + offset}: not in {source['function']}: {line.strip()}")
    return stale


@EACH
def test_examples_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example of a document runs as it stands, in an empty folder, and gives the output it shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    try:
        execute(path.read_text(encoding="utf-8"), str(path))
    except ModuleNotFoundError as missing:
        if os.environ.get("CI") == "true" or missing.name not in OPTIONAL:
            raise
        pytest.skip(f"{missing.name} is not installed")


@EACH
def test_quotations_stand_in_the_source(path: Path) -> None:
    """Every quoted line is a line of the function that it is said to come from."""
    assert not stale_quotes(path.read_text(encoding="utf-8"), path.parent)


@EACH
def test_links_lead_to_files(path: Path) -> None:
    """Every relative link of a document leads to something in the repository."""
    prose = FENCE.sub("", path.read_text(encoding="utf-8"))
    broken = [m["target"] for m in LINK.finditer(prose) if not (path.parent / m["target"]).exists()]
    assert not broken


@EACH
def test_blocks_are_closed_and_marked(path: Path) -> None:
    """Every fence is closed, and no block hides from these tests behind a mark that they do not know."""
    text = path.read_text(encoding="utf-8")
    assert "```" not in FENCE.sub("", text)
    assert {block.info for block in blocks(text)} <= KNOWN


@EACH
def test_math_reaches_the_typesetter(path: Path) -> None:
    r"""Formulas hold nothing that Markdown would take for itself, as ``\\``, or an underscore after a bracket."""
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", path.read_text(encoding="utf-8")))
    displayed = re.findall(r"^\$\$\n(.*?)^\$\$$", prose, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^\$\$\n.*?^\$\$$", "", prose, flags=re.MULTILINE | re.DOTALL)
    assert [line for line in rest.splitlines() if line.count("$") % 2] == []
    for formula in displayed + re.findall(r"\$([^$\n]+)\$", rest):
        assert not re.search(r"\\[!-/:-@\[-`{-~]|[)}\]]_", formula), formula


@pytest.mark.parametrize("number", EQUATIONS)
def test_each_equation_is_quoted_from_both_networks(number: str) -> None:
    """The derivation gives each of the sheet's equations, and after it the code of both networks that computes it."""
    text = DERIVATION.read_text(encoding="utf-8")
    section = text.partition(rf"\tag{{{number}}}")[2].partition(r"\tag{")[0]
    assert section, f"({number}) is not there"
    sources = [SOURCE.search(block.before)["link"] for block in blocks(section) if block.info == "py"]
    assert any(link.endswith("handout.py") for link in sources)
    assert any("/network/" in link for link in sources)


@pytest.mark.parametrize(
    "document",
    [
        "```python\nassert 1 + 1 == 3\n```\n",
        "```python\nx = 1\n```\n\n```python\n>>> x\n2\n\n```\n",
    ],
    ids=["assert", "doctest"],
)
def test_a_wrong_example_fails(document: str) -> None:
    """An example whose assertion or shown output is wrong does not pass."""
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        execute(document, "planted.md")


def test_blocks_share_a_namespace_and_some_do_not_run() -> None:
    """Names go from block to block, from a plain one to a doctest and back; ``python no-run`` is left out."""
    execute(
        "```python\nx = 1\n```\n```python\n>>> y = x + 1\n>>> y\n2\n\n```\n```python\nassert y == 2\n```\n"
        "```python no-run\n1 / 0\n```\n```console\n$ handgrad\n```\n",
        "shared.md",
    )


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("[`handout.py`](src/handgrad/handout.py), `fcc.backprop`:", "self.db_out = np.mean(self.delta_out, axis=0)"),
        ("[`handout.py`](src/handgrad/handout.py), `fcc.backprop`:", "return h * (1 - h)"),
        ("[`handout.py`](src/handgrad/handout.py), `fcc.backward`:", "n = len(y)"),
        ("In the source:", "n = len(y)"),
    ],
    ids=["changed", "elsewhere", "no such function", "no source"],
)
def test_a_wrong_quotation_is_found(before: str, line: str) -> None:
    """A quotation that the source does not have, or that names no source, is reported."""
    assert len(stale_quotes(f"{before}\n\n```py\n{line}\n```\n", ROOT)) == 1
