"""Mistakes, right solutions and cheats of real people, and the whole sheets made of them; see README.md."""

from __future__ import annotations

import ast
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from handgrad.exercises.sheet.writing import solved_sheet

__all__ = ["CASES", "GIVEN", "HELD_OUT", "OPEN", "Case"]

KINDS = ("mistakes", "right", "cheats")
FUNCTIONS = (
    "sigmoid", "softmax", "fcc_one_layer", "cross_entropy", "accuracy", "delta_last_layer",
    "delta_last_layer_easy_approach", "del_sigmoid",
)  # fmt: skip
METHODS = ("__init__", "forward_propagation", "backprop", "gradient_step")
ROUTINES = ("gradient_descent", "stochastic_gradient_descent")
PREAMBLE = """\
from collections import namedtuple

import numpy as np

PARAMETERS = ("W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out")
Evaluation = namedtuple("Evaluation", "done test_loss test_accuracy train_loss train_accuracy")
Batch = namedtuple("Batch", "epoch step train_loss train_accuracy")
"""


@dataclass(frozen=True)
class Case:
    """What somebody wrote.

    ``code`` holds full definitions, by the name of the function or method of the solved sheet that each replaces; that
    of a method may bring further methods with it. ``fcc`` replaces the whole class, ``top`` stands above everything.
    A mistake and a cheat are in one ``task``; ``ids`` are the catalogue's mistakes that name it, if there are any.
    ``hidden`` says of a cheat that its numbers are right, and what tells of it instead: how much it computes ("work"),
    or what it imports ("import"); or that they are wrong, but "rarely". Nothing is tuned to what is ``held_out``.
    """

    kind: str
    name: str
    source: str
    code: Mapping[str, str]
    task: str = ""
    cause: str = ""
    ids: tuple[str, ...] = ()
    hidden: str = ""
    held_out: bool = False

    @property
    def reported_in(self) -> str:
        """The task in which the checker reports it: the methods that the sheet gives are none of their own."""
        return "backprop" if self.task in METHODS[:2] else self.task

    @property
    def sheet(self) -> str:
        """Write the whole sheet: the case's definitions, and the reference's where it has none."""
        code = {**reference(), **{name: text.strip("\n") + "\n" for name, text in self.code.items()}}
        methods = "\n".join(textwrap.indent(code[name], "    ") for name in METHODS)
        parts = [
            PREAMBLE + code.get("top", ""),
            *(code[name] for name in FUNCTIONS),
            code.get("fcc", f"class fcc:\n{methods}"),
            *(code[name] for name in ("evaluate", *ROUTINES)),
        ]
        return "\n\n".join(parts)


@cache
def reference() -> Mapping[str, str]:
    """Take the definitions of the solved sheet 4, by their names; methods are dedented."""
    text = solved_sheet(4, "py")
    nodes = list(ast.parse(text).body)
    nodes += next(node.body for node in nodes if isinstance(node, ast.ClassDef) and node.name == "fcc")
    return {
        node.name: textwrap.dedent(ast.get_source_segment(text, node, padded=True) or "") + "\n"
        for node in nodes
        if isinstance(node, ast.FunctionDef)
    }


def _tables(name: str) -> dict[str, Any]:
    """Read all files whose name begins so."""
    files = sorted(Path(__file__).parent.glob(f"{name}*.toml"))
    return tomllib.loads("\n".join(file.read_text(encoding="utf-8") for file in files))


def _cases(kind: str, tables: Mapping[str, Any], held_out: bool = False) -> list[Case]:
    """Read the cases of a kind, in their order."""
    return [
        Case(
            kind,
            name,
            table["source"],
            table["code"],
            table.get("expected", {}).get("task", ""),
            table.get("expected", {}).get("cause", ""),
            tuple([table["id"]] if isinstance(table.get("id"), str) else table.get("id", ())),
            table.get("hidden", ""),
            held_out,
        )
        for name, table in tables.items()
    ]


# The checker is tuned with the open ones, and measured on those that are held out.
OPEN = {kind: _cases(kind, _tables(f"open/{kind}")) for kind in KINDS}
HELD_OUT = {kind: _cases(kind, _tables(f"held_out/{kind}"), held_out=True) for kind in KINDS}
CASES = {kind: [*OPEN[kind], *HELD_OUT[kind]] for kind in KINDS}
# Known from the beginning, and never used for measuring.
GIVEN = {kind: _cases(kind, tables) for kind, tables in _tables("given").items()}
