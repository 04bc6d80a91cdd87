"""How classes become targets of a loss, and probabilities become classes again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import type_of_target

from handgrad.errors import SettingError

Kind = Literal["binary", "multiclass", "multilabel"]


@dataclass(frozen=True)
class Classes:
    """The classes of a classifier.

    Attributes
    ----------
    labels : ndarray of shape (k,)
        In ascending order; of a multilabel problem, the numbers of its columns.
    kind : {"binary", "multiclass", "multilabel"}
        Up to two classes are one yes-or-no output, more are one output each; several labels at once are one yes-or-no
        output each.

    Examples
    --------
    >>> classes = Classes.of(np.array(["no", "yes", "no"]))
    >>> classes.encoded(np.array(["yes", "no"]))
    array([1, 0])
    >>> classes.decoded(np.array([[0.7], [0.2]]))
    array(['yes', 'no'], dtype='<U3')
    """

    labels: NDArray[Any]
    kind: Kind

    @classmethod
    def of(cls, y: NDArray[Any], labels: NDArray[Any] | None = None) -> Classes:
        """Take the classes from targets (n,) or (n, k), or from a list of all of them if there may be others.

        Raises
        ------
        SettingError
            If the targets are not classes.
        """
        found = type_of_target(y, input_name="y")
        if found == "multilabel-indicator":
            if labels is not None and len(labels) != y.shape[1]:
                wanted = "one for each column"
                raise SettingError(
                    f"{len(labels)} classes for y of shape {y.shape}", wanted, "pass as many, such as range(k)"
                )
            return cls(np.arange(y.shape[1]), "multilabel")
        if found not in ("binary", "multiclass"):
            raise SettingError(
                f"y is {found} (Unknown label type)",
                "classes, or a column of 0 and 1 for each label",
                "use MLPRegressor",
            )
        known = np.unique(y if labels is None else labels)
        return cls(known, "binary" if len(known) <= 2 else "multiclass")

    @property
    def outputs(self) -> int:
        """The number of outputs that a network needs."""
        return 1 if self.kind == "binary" else len(self.labels)

    def are_named_by(self, classes: Any) -> bool:
        """Say whether a list of all classes is that of these; the columns of a multilabel problem have any names."""
        if self.kind == "multilabel":
            return len(classes) == len(self.labels)
        return np.array_equal(np.unique(classes), self.labels)

    def encoded(self, y: NDArray[Any]) -> NDArray[np.int64]:
        """Turn classes into the targets of a loss, (n,) or (n, k).

        Raises
        ------
        SettingError
            If there is a class that is not among these.
        """
        if self.kind == "multilabel":
            if y.ndim != 2 or y.shape[1] != len(self.labels):
                raise SettingError(f"y of shape {y.shape}", f"{len(self.labels)} columns", "pass one for each label")
            if not np.isin(y, (0, 1)).all():
                wanted = "0 and 1 for each label"
                raise SettingError("y with values other than 0 and 1", wanted, "round them, or use MLPRegressor")
            return y.astype(np.int64)
        y = column_or_1d(y, warn=True)
        if others := set(np.unique(y).tolist()) - set(self.labels.tolist()):
            raise SettingError(
                f"`y` has classes not in `self.classes_`: {sorted(others)}",
                f"the classes {self.labels.tolist()}",
                "name all classes when learning begins",
            )
        return np.searchsorted(self.labels, y).astype(np.int64)

    def decoded(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Turn a network's probabilities (n, outputs) into classes (n,), or into 0 and 1 for each label (n, k)."""
        if self.kind == "multilabel":
            return (outputs > 0.5).astype(np.int64)
        chosen = outputs.argmax(axis=1) if self.kind == "multiclass" else (outputs[:, 0] > 0.5).astype(np.int64)
        classes: NDArray[Any] = self.labels[np.minimum(chosen, len(self.labels) - 1)]
        return classes
