"""What the training loop asks of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from handgrad.training.examples import Examples


@dataclass(frozen=True)
class SpanLog:
    """What happened in the first step of a span, and the sum of the losses of all, which shows a divergence."""

    loss: float
    accuracy: float | None
    gradient_norm: float
    total_loss: float


class Engine(Protocol):
    """What computes the steps; its methods mean what those of :class:`NumpyEngine` mean."""

    @property
    def name(self) -> str:
        """Its name in the settings."""

    def run_span(
        self,
        state: NDArray[Any],
        order: NDArray[np.integer[Any]],
        ends: NDArray[np.integer[Any]],
        learning_rates: Sequence[float],
        first_step: int,
    ) -> SpanLog:
        """Take the steps of a span."""

    def evaluate(self, examples: Examples) -> tuple[float, float | None]:
        """Compute loss and accuracy on all examples."""

    def prepare(self) -> None:
        """Do what is to be done once and counts as no training, such as compiling."""
