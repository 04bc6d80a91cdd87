"""The contestants: each module here turns a task into a runner, and imports one library.

A module has ``VERSIONS``, the distributions whose versions are recorded; ``DTYPE``, the precision of its rows; and
``build(task, data, threads, **options)``, which returns a :class:`Runner` or raises :class:`Unable`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray


class Unable(Exception):  # noqa: N818 - not an error, but the reason for being left out
    """Why a contestant cannot take part."""


class Runner(Protocol):
    """One contestant at one task. :meth:`reset` is not timed; the others are."""

    def reset(self, seed: int) -> None:
        """Go back to the first weights and a fresh optimizer."""

    def steps(self, order: NDArray[Any] | None, rates: list[float]) -> None:
        """Take one step for each learning rate, over the rows in this order, or over all rows if there is none."""

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return each row's probabilities, or numbers, as a NumPy array."""


@dataclass(frozen=True)
class Contestant:
    """A name for people, the module here that builds the runner, and what the module is told beside the task.

    ``competes`` is False for what is measured beside the contest, as the bare products are.
    """

    label: str
    module: str
    options: dict[str, Any] = field(default_factory=dict)
    competes: bool = True


CONTESTANTS: dict[str, Contestant] = {
    "handgrad": Contestant("handgrad", "ours", {"engine": "compiled"}),
    "handgrad-numpy": Contestant("handgrad, NumPy engine", "ours", {"engine": "numpy"}),
    "notebook": Contestant("the exercise's code, float64", "notebook"),
    "torch": Contestant("PyTorch", "torch_"),
    "torch-compile": Contestant("PyTorch, torch.compile", "torch_", {"compiled": True}),
    "jax": Contestant("JAX", "jax_"),
    "tensorflow": Contestant("TensorFlow", "tensorflow_", {"jit": True}),
    "sklearn": Contestant("scikit-learn", "sklearn_"),
    "floor": Contestant("matrix products alone", "floor", competes=False),
}
