"""What :mod:`handgrad.exercises.check` asks of the module that judges a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from handgrad.exercises.calls import Answer, Call
from handgrad.exercises.results import TaskResult


class Plan(Protocol):
    """The calls to make for one task; each judge keeps beside them whatever it drew them from."""

    @property
    def task(self) -> str:
        """A name of ``tasks.TASKS``."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls, each with an id of its own."""


class Judge(Protocol):
    """A judging module."""

    def calls_for(self, task: str, rng: np.random.Generator) -> Plan:
        """Draw what a task is tried on."""

    def judge(self, plan: Any, answers: Sequence[Answer]) -> TaskResult:
        """Judge the answers to the calls of a plan that the same module drew; they may be in any order."""
