"""What belongs to the package and what to its tests. In CI this runs against the installed wheel."""

from pathlib import Path

import grimp

import handgrad

STARTED = {"handgrad.__main__", "handgrad.exercises.sandbox.inside.child"}  # as programs


def test_the_package_has_no_variants_and_no_proof() -> None:
    """The correct variants, the wrong sheets and the proof are the tests' own."""
    (root,) = map(Path, handgrad.__path__)
    names = {part for path in (root / "exercises").rglob("*") for part in path.relative_to(root).parts}
    assert "catalogue" in names
    assert not names & {"variants", "mutants", "held_out", "proof", "prove.py", "written.py"}


def test_every_module_of_the_exercise_is_used_by_another() -> None:
    """Nothing in the package is there for the tests only."""
    graph = grimp.build_graph("handgrad")
    modules = {
        name for name in graph.modules if name.startswith("handgrad.exercises") and not graph.find_children(name)
    }
    unused = {name for name in modules if not graph.find_modules_that_directly_import(name)}
    assert unused - STARTED == set()
