"""The changes that are tried of a definition."""

import ast

import pytest
from real import OPEN

from handgrad.exercises.repair.definition import Definition, applied
from handgrad.exercises.repair.edits import edits

FORWARD = """\
def forward(self, X):
    # one layer
    weighted = X @ self.W.T  # (n, k)
    self.out = np.sum(weighted, axis=1) / len(X)
    return self.out
"""


def changed(source, attributes=()):
    """Give all texts that a definition is changed into."""
    definition = Definition("forward", 0, 1, source, attributes)
    return {applied(source, edit) for edit in edits(definition)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("X @ self.W.T", "X @ self.W"),
        ("X @ self.W.T", "self.W.T @ X"),
        ("X @ self.W.T", "X @ self.V"),
        ("axis=1", "axis=0"),
        ("np.sum(weighted", "np.mean(weighted"),
        ("/ len(X)", ""),
        ("/ len(X)", "* len(X)"),
        ("    return self.out\n", "    return weighted\n"),
    ],
)
def test_a_usual_slip_is_undone(before: str, after: str) -> None:
    """A transposition, an order, a name, an axis, a function, a factor or what is returned may be another."""
    wanted = ast.dump(ast.parse(FORWARD.replace(before, after)))
    texts = changed(FORWARD, ("W", "V", "out"))
    assert any(wanted == ast.dump(ast.parse(text)) for text in texts)


def test_lines_are_moved_and_left_out() -> None:
    """A line may stand outside of its loop, before its neighbour, or not at all."""
    source = "def f(a):\n    s = 0\n    for x in a:\n        s = s + x\n        s = s / 2\n    return s\n"
    texts = changed(source)
    assert "def f(a):\n    s = 0\n    for x in a:\n        s = s + x\n    s = s / 2\n    return s\n" in texts
    assert "def f(a):\n    s = 0\n    for x in a:\n        s = s / 2\n        s = s + x\n    return s\n" in texts
    assert "def f(a):\n    s = 0\n    for x in a:\n        s = s + x\n    return s\n" in texts


def test_the_same_slip_in_several_lines_is_one_change() -> None:
    """What was written wrongly in every layer is changed in all of them at once."""
    source = "def f(self):\n    self.a = self.x.sum(axis=0)\n    self.b = self.y.sum(axis=0)\n"
    assert source.replace("axis=0", "axis=1") in changed(source)


def test_text_that_is_not_ascii_is_kept() -> None:
    """Columns are counted in letters, not in bytes, and nothing but the place of the change is another."""
    source = 'def f(a):\n    größe = "µ"; return a - größe\n'
    assert 'def f(a):\n    größe = "µ"; return (a + größe)\n' in changed(source)


@pytest.mark.parametrize("case", OPEN["mistakes"][::60], ids=lambda case: case.name)
def test_real_code_is_changed_in_one_place(case) -> None:
    """Of what people wrote, each change leaves all lines alone that it does not name, and the rest stays Python."""
    for text in case.code.values():
        node = next((node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)), None)
        if node is None:
            continue
        source = ast.unparse(node) + "\n"
        made = list(edits(Definition(node.name, 0, 1, source)))
        assert made
        valid = 0
        for edit in made:
            start, end = edit.parts[0][0], edit.parts[-1][1]
            result = applied(source, edit)
            assert result.startswith(source[:start])
            assert result.endswith(source[end:])
            try:
                ast.parse(result)
            except SyntaxError:
                continue
            valid += 1
        assert valid > 0.9 * len(made)


def test_lines_behind_a_quantity() -> None:
    """The lines that set it come first, then those that lead there; others do not count."""
    source = "def f(self):\n    a = self.x\n    b = self.y\n    self.d = a\n    self.e = b\n"
    assert Definition("f", 0, 1, source).behind({"d"}) == {4: 0, 2: 1}
