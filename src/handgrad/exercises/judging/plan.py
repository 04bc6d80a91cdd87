"""What :mod:`handgrad.exercises.check` asks of the module that judges a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from handgrad.exercises.calls import Answer, Call
from handgrad.exercises.results import TaskResult

Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Plan(Generic[Drawn]):
    """The calls to make for one task, each with an id of its own, and what its judge drew them from."""

    task: str
    calls: tuple[Call, ...]
    drawn: Drawn


def in_order(plans: Mapping[str, Plan[Any]]) -> list[tuple[str, int]]:
    """Give the task and the index of each call, in the order in which they are made.

    The first call of each task comes last: what works only so often has stopped working by then.

    Examples
    --------
    >>> call = Call("a", "function", "f")
    >>> in_order({"f": Plan("f", (call,) * 3, None), "g": Plan("g", (call,) * 2, None)})
    [('f', 1), ('f', 2), ('g', 1), ('f', 0), ('g', 0)]
    """
    return sorted(
        ((task, i) for task, plan in plans.items() for i in range(len(plan.calls))), key=lambda one: not one[1]
    )


class Judge(Protocol):
    """A judging module."""

    def calls_for(self, task: str, rng: np.random.Generator) -> Plan[Any]:
        """Draw what a task is tried on.

        Parameters
        ----------
        task : str
            A name of ``tasks.TASKS``, of the kind that the module judges.
        rng : numpy.random.Generator

        Returns
        -------
        Plan
        """

    def judge(self, plan: Plan[Any], answers: Sequence[Answer]) -> TaskResult:
        """Say whether a task is right, and if not, what is wrong with it.

        Parameters
        ----------
        plan : Plan
            Drawn by the same module.
        answers : sequence of Answer
            One for each call of the plan, in their order.

        Returns
        -------
        TaskResult
        """

    def fails(self, plan: Plan[Any], index: int, answer: Answer) -> bool:
        """Tell at a glance whether one answer shows that a task is wrong; without its cause, and not all that may be.

        Parameters
        ----------
        plan : Plan
            Drawn by the same module.
        index : int
            Of the call.
        answer : Answer
            To it.

        Returns
        -------
        bool
        """
