"""Which of the named arrays in a file are the examples and the labels, and of which set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.arrays.raw import Arrays
from handgrad.errors import FormatError

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
_SETS = {"train": "train(?:ing)?|tr", "val": "val(?:id(?:ation)?)?|dev", "test": "test(?:ing)?|te|t10k"}
_WORDS = {
    "train": "train(ing)?",
    "val": "val(id(ation)?)?|dev",
    "test": "test(ing)?",
    "unlabelled": "pred(ict(ions?)?)?|unlabell?ed|unsup(ervised)?",
}
_FILLERS = re.compile(r"set|data|dataset|folder|files?|images?|imgs?|pictures?|\d+")
_KINDS = {
    "x": "x|images?|imgs?|data|features?|inputs?|samples?|pixels?",
    "y": "y|labels?|lbls?|targets?|answers?",
}


def role_of(name: str) -> str | None:
    """Tell from a name what an array holds: ``x_train``, ``y_test``, ``x`` without a set, ...; None if it does not.

    Examples
    --------
    >>> [role_of(name) for name in ("trainImages", "y_te", "target", "valid/labels", "writers")]
    ['x_train', 'y_test', 'y', 'y_val', None]
    """
    plain = re.sub("[^a-z0-9]|set", "", "".join(name.lower().split("/")[-2:]))
    for kind, words in _KINDS.items():
        if re.fullmatch(words, plain):
            return kind
        for part, parts in _SETS.items():
            if re.fullmatch(f"(?:{parts})(?:{words})|(?:{words})(?:{parts})", plain):
                return f"{kind}_{part}"
    return None


@lru_cache(maxsize=10_000)  # many pictures are in few folders
def set_of(name: str, plain: bool = False) -> str | None:
    """Tell from the name of a folder or a file which set it holds: train, val, test, unlabelled, or None.

    Parameters
    ----------
    name : str
    plain : bool, default False
        Whether the name must say nothing else.

    Examples
    --------
    >>> [set_of(name) for name in ("trainingSet", "seg_pred", "rps-test-set", "train_test_split", "trains")]
    ['train', 'unlabelled', 'test', None, None]
    >>> [set_of(name, plain=True) for name in ("test_images", "test tube")]
    ['test', None]
    """
    words = re.findall(r"[^\W\d_]+|\d+", re.sub("([a-z])([A-Z])", r"\1 \2", name).lower())
    kinds = {word: kind for word in words for kind, pattern in _WORDS.items() if re.fullmatch(pattern, word)}
    if len({*kinds.values()}) != 1 or (plain and not all(word in kinds or _FILLERS.fullmatch(word) for word in words)):
        return None
    return next(iter(kinds.values()))


def assign(names: Iterable[str], path: Path) -> dict[str, str]:
    """Assign names to roles; refuse two names for one role, and a file that lacks examples or labels.

    Parameters
    ----------
    names : iterable of str
    path : Path
        For messages.

    Returns
    -------
    dict from str to str
        From a role to a name. Examples without labels have none, and labels without examples.
    """
    names = list(names)
    roles: dict[str, str] = {}
    for name in names:
        role = role_of(name)
        if role is None:
            continue
        if role in roles:
            raise FormatError(
                f"{path}: both {roles[role]!r} and {name!r} may be the array {role}",
                f"arrays called {', '.join(ARRAYS)}",
                "keep one of them, or rename them",
            )
        roles[role] = name
    pairs = {role: name for role, name in roles.items() if {f"x{role[1:]}", f"y{role[1:]}"} <= set(roles)}
    if "x_train" in pairs or "x" in pairs:
        return pairs
    wanted = ("x", "y") if {"x", "y"} & set(roles) else ARRAYS
    missing = [role for role in wanted if role not in roles]
    listed = ascii(", ".join(sorted(names))[:200]) if names else "nothing"
    raise FormatError(
        f"{path} lacks {', '.join(missing)}; it contains {listed}",
        f"arrays called {', '.join(ARRAYS)}, or x and y without a test set",
        f"write it with np.savez(path, {', '.join(f'{name}=...' for name in ARRAYS)})",
    )


def assign_by_shape(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """Assign two or four arrays to roles by their shapes, where names such as ``arr_0`` say nothing.

    Examples come before others of their kind, the training set before the test set; the result is empty if that does
    not fit the shapes.

    Examples
    --------
    >>> assign_by_shape({"arr_0": (9, 4), "arr_1": (3, 4), "arr_2": (9,), "arr_3": (3,)})
    {'x_train': 'arr_0', 'x_test': 'arr_1', 'y_train': 'arr_2', 'y_test': 'arr_3'}
    """
    X = [name for name, shape in shapes.items() if len(shape) > 1 and shape[1:] != (1,)]
    y = [name for name in shapes if name not in X and shapes[name]]
    roles = {(1, 1): ("x", "y"), (2, 2): ("x_train", "x_test", "y_train", "y_test")}.get((len(X), len(y)), ())
    if not roles or any(shapes[a][0] != shapes[b][0] for a, b in zip(X, y, strict=True)):
        return {}
    return dict(zip(roles, X + y, strict=True))


def join(arrays: Mapping[str, NDArray[Any]], path: Path) -> tuple[Arrays, tuple[str, ...]]:
    """Put arrays together, each under its role; a validation set becomes part of the training set, with a note.

    Parameters
    ----------
    arrays : mapping from str to array
        By role, with the examples and labels of one set or more.
    path : Path
        For messages.

    Returns
    -------
    X_train, y_train, X_test, y_test : arrays
        None for a test set that is not there.
    notes : tuple of str

    Raises
    ------
    FormatError
        If the arrays do not go together.
    """
    if "x_train" not in arrays:
        return (arrays["x"], arrays["y"], None, None), ()
    X, y = arrays["x_train"], arrays["y_train"]
    notes: tuple[str, ...] = ()
    if "x_val" in arrays:
        try:
            X, y = np.concatenate([X, arrays["x_val"]]), np.concatenate([y, arrays["y_val"]])
        except ValueError as error:
            raise FormatError(
                f"{path}: training and validation sets of different shapes ({error})", "the same shape", "correct one"
            ) from error
        count = len(arrays["x_val"])
        notes = (f"the {count:,} validation example{'s are' if count != 1 else ' is'} part of the training set",)
    return (X, y, arrays.get("x_test"), arrays.get("y_test")), notes
