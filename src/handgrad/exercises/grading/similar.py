"""Flags pairs of submissions that are strikingly similar: a hint to look, not a verdict.

What is compared is what a learner decides: the bodies of the tasks' functions, and of helpers that these use. Names
that a learner chooses, constants, comments, docstrings, annotations and prints are wiped out. What the sheet gives, and
what stands in the reference solution, too, because the equations all but prescribe it, is left out. The order of
statements matters little, for only runs of a few tokens are compared: their hashes, thinned by winnowing (Schleimer,
Wilkerson and Aiken, 2003). Short right solutions are all alike, so each run counts by its rarity in this class, and a
pair is flagged only if whole functions are alike, and share enough that is rare.
"""

from __future__ import annotations

import ast
import builtins
import math
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np

from handgrad import handout
from handgrad.exercises.sheet.cells import not_implemented, sheet_cells
from handgrad.exercises.submission.reading import Cell, Submission, definitions
from handgrad.exercises.tasks import TASKS

RUN = 7  # tokens whose hash is one fingerprint
WINDOW = 4  # of so many fingerprints in a row the least is kept, so that a run of 10 tokens in common is always seen
MAXIMUM_TOKENS = 5_000  # of one function; the exercise's longest has about 300
ALIKE = 0.6  # two functions are alike if they share so much of the smaller one's rarity
PART = 0.25  # in a flagged pair, functions that are alike make up so much of the smaller submission's rarity
EVIDENCE = 20  # and they share as much rarity as so many fingerprints that nobody else has
HELPERS = "helpers"

# Names that are no learner's choice stay as they are: those of the language, of the sheet, and of NumPy after a point.
_NAMES = frozenset([*dir(builtins), *vars(handout)])
_ATTRIBUTES = _NAMES.union(dir(np), dir(np.ndarray), dir(np.random.RandomState), dir(handout.fcc(1, 1, 1, 1)))


@dataclass(frozen=True)
class Pair:
    """Two submissions that share more than chance explains.

    Attributes
    ----------
    first, second : str
        Their names.
    score : float
        In [0, 1]: the share of the smaller one's rarity that both have.
    tasks : tuple of str
        Those in which they are alike.
    """

    first: str
    second: str
    score: float
    tasks: tuple[str, ...]


def similar_pairs(submissions: Sequence[Submission], tasks: Sequence[str] | None = None) -> tuple[Pair, ...]:
    """Find the pairs of submissions that are strikingly similar, the most similar first.

    Parameters
    ----------
    submissions : sequence of Submission
    tasks : sequence of str, optional
        Those to compare; all by default.

    Returns
    -------
    tuple of Pair

    Examples
    --------
    >>> from handgrad.exercises.submission.reading import Cell
    >>> similar_pairs([Submission("anna", (Cell(0, "x = 1"),)), Submission("ben", (Cell(0, "x = 1"),))])
    ()
    """
    prints = [fingerprints(submission, tuple(TASKS) if tasks is None else tasks) for submission in submissions]
    often = Counter(fingerprint for one in prints for fingerprint in _all(one))
    rarity = {fingerprint: math.log((len(prints) + 1) / count) for fingerprint, count in often.items()}
    evidence = EVIDENCE * math.log((len(prints) + 1) / 2)
    pairs = []
    whole = [_all(one) for one in prints]
    weights = [_weight(one, rarity) for one in whole]
    for i, j in combinations(range(len(prints)), 2):
        shared, smaller = _weight(whole[i] & whole[j], rarity), min(weights[i], weights[j])
        if shared < evidence:
            continue
        alike = {}
        for task in prints[i].keys() & prints[j].keys():
            first, second = prints[i][task], prints[j][task]
            both, least = _weight(first & second, rarity), min(_weight(first, rarity), _weight(second, rarity))
            if both and both >= ALIKE * least:
                alike[task] = both
        if sum(alike.values()) >= max(evidence, PART * smaller):
            names = submissions[i].name, submissions[j].name
            pairs.append(Pair(*names, shared / smaller, tuple(task for task in (*TASKS, HELPERS) if task in alike)))
    return tuple(sorted(pairs, key=lambda pair: -pair.score))


def _all(prints: Mapping[str, frozenset[int]]) -> frozenset[int]:
    return frozenset().union(*prints.values())


def _weight(prints: frozenset[int], rarity: Mapping[int, float]) -> float:
    return sum(map(rarity.__getitem__, prints))


def fingerprints(submission: Submission, tasks: Sequence[str]) -> dict[str, frozenset[int]]:
    """Take the fingerprints of each task's function, and of all helpers together, but for the reference's."""
    found: dict[str, frozenset[int]] = {}
    for name, function in _functions(submission):
        if name in tasks or name not in given_names() | set(TASKS):
            key = name if name in tasks else HELPERS
            found[key] = found.get(key, frozenset()) | _winnowed(_body_tokens(function))
    return {key: prints - _reference() for key, prints in found.items()}


@cache
def _reference() -> frozenset[int]:
    """Hash all runs of tokens of the reference solution; what winnowing keeps of them elsewhere may be any."""
    source = Path(handout.__file__).read_text(encoding="utf-8")
    functions = _functions(Submission("handout.py", (Cell(0, source),)))
    return frozenset(fingerprint for _, function in functions for fingerprint in _hashes(_body_tokens(function)))


@cache
def given_names() -> frozenset[str]:
    """List the functions and methods that the sheets give, which are no task.

    Examples
    --------
    >>> sorted(given_names() & {"evaluate", "forward_propagation", "backprop", "my_helper"})
    ['evaluate', 'forward_propagation']
    """
    sheets = (sheet_cells(part, "en", not_implemented("en")) for part in (3, 4))
    trees = (ast.walk(ast.parse(cell.source)) for cells in sheets for cell in cells if cell.role != "text")
    names = {node.name for tree in trees for node in tree if isinstance(node, ast.FunctionDef)}
    return frozenset(names) - set(TASKS)


def _functions(submission: Submission) -> Iterator[tuple[str, ast.FunctionDef]]:
    """List the functions of the tasks and those that they use, methods of classes as well."""
    for cell in definitions(submission):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as an unknown escape in a docstring
            tree = ast.parse(cell.source)
        for statement in tree.body:
            inner = statement.body if isinstance(statement, ast.ClassDef) else [statement]
            yield from ((node.name, node) for node in inner if isinstance(node, ast.FunctionDef))


def _body_tokens(function: ast.FunctionDef) -> list[str]:
    """Give a function's body as tokens, cut where it is absurdly long or deep."""
    tokens: list[str] = []
    try:
        for statement in function.body:
            tokens += _tokens(statement)
            if len(tokens) > MAXIMUM_TOKENS:
                break
    except RecursionError:
        pass
    return tokens[:MAXIMUM_TOKENS]


def _tokens(node: ast.AST) -> list[str]:
    """Give a tree as tokens: kinds of nodes, and names that are not the learner's own."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return []
        case ast.Constant(value=value):
            return [type(value).__name__]
        case ast.Name(id=name):
            return [name if name in _NAMES else "name"]
        case ast.Attribute(value=value, attr=name):
            return [*_tokens(value), f".{name}" if name in _ATTRIBUTES else ".name"]
        case ast.BinOp(left=left, op=ast.Add() | ast.Mult() as op, right=right):  # a * b is b * a
            return [type(op).__name__, *(token for side in sorted(map(_tokens, (left, right))) for token in side)]
        case ast.FunctionDef(body=body) | ast.Lambda(body=body):
            parts: list[ast.AST] = list(body) if isinstance(body, list) else [body]
            return ["function", *(token for part in parts for token in _tokens(part))]
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return ["Assign", *_tokens(target), *_tokens(value)]
        case ast.keyword(arg=name, value=value):
            return [f"{name}=", *_tokens(value)]
        case ast.expr_context():
            return []
        case _:
            children = (token for child in ast.iter_child_nodes(node) for token in _tokens(child))
            return [type(node).__name__, *children]


def _hashes(tokens: Sequence[str]) -> list[int]:
    """Hash all runs of tokens; a short body is one run."""
    runs = [tokens[i : i + RUN] for i in range(max(len(tokens) - RUN + 1, 1))] if tokens else []
    return [zlib.crc32(" ".join(run).encode()) for run in runs]


def _winnowed(tokens: Sequence[str]) -> frozenset[int]:
    """Keep the least of each window of hashes."""
    hashes = _hashes(tokens)
    return frozenset(min(hashes[i : i + WINDOW]) for i in range(max(len(hashes) - WINDOW + 1, min(len(hashes), 1))))
