"""The learning rate of an estimator: scikit-learn's three ways to change it, and our schedules."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import Any

from handgrad.errors import SettingError
from handgrad.network.checks import require_arguments
from handgrad.training.schedules import SCHEDULES, Schedule

RATES = ("constant", "invscaling", "adaptive")  # as scikit-learn knows them
SMALLEST_RATE = 1e-6  # below which an adaptive learning rate is not lowered any more


@dataclass
class Rate:
    """A learning rate, which may change at the end of an epoch.

    Attributes
    ----------
    kind : {"constant", "invscaling", "adaptive"}
        invscaling: the first rate, divided by a power of the number of examples seen. adaptive: divided by five
        whenever training has stopped to improve.
    first : float
    power : float
        The exponent of invscaling.
    now : float
    of_velocity : bool, default False
        Whether the velocity of a momentum has the rates of its time in it, as scikit-learn's has.

    Examples
    --------
    >>> rate = Rate("invscaling", first=0.5, power=0.5, now=0.5)
    >>> rate.after(examples=99)
    >>> rate.now
    0.05
    """

    kind: str
    first: float
    power: float
    now: float
    of_velocity: bool = False

    @property
    def is_planned(self) -> bool:
        """Whether the rates of later epochs are known beforehand."""
        return self.kind == "constant"

    def is_like(self, other: Rate) -> bool:
        """Say whether another rate began alike, and changes alike."""
        return (self.kind, self.first, self.power) == (other.kind, other.first, other.power)

    def after(self, examples: int) -> None:
        """Take note of the number of examples that have been seen."""
        if self.kind == "invscaling":
            self.now = self.first / (examples + 1) ** self.power

    def of_steps(self, step: int, count: int) -> list[float]:  # noqa: ARG002 - as that of a schedule
        """Return the rates of the next ``count`` steps, which are all the same."""
        return [self.now] * count

    def lowered(self) -> bool:
        """Lower an adaptive rate, and say whether that was possible."""
        if self.kind != "adaptive" or self.now <= SMALLEST_RATE:
            return False
        self.now /= 5
        return True


@dataclass
class Scheduled:
    """A learning rate that changes from step to step, as a schedule of ours says.

    Attributes
    ----------
    schedule : callable
        ``(step, total, peak)`` to a rate.
    total : int
        The number of steps; later ones have the rate of the last.
    peak : float
    begin : int
        The step that counts as 0.
    now : float
        The rate of the latest step.

    Examples
    --------
    >>> from handgrad.training.schedules import cosine
    >>> rate = Scheduled(cosine, total=4, peak=1.0, begin=10, now=1.0)
    >>> rate.of_steps(12, 3)
    [0.5, 0.14644660940672627, 0.14644660940672627]
    """

    schedule: Schedule
    total: int
    peak: float
    begin: int
    now: float

    is_planned = True  # see Rate

    def of_steps(self, step: int, count: int) -> list[float]:
        """Return the rates of the next ``count`` steps, beginning with ``step``."""
        places = (min(step - self.begin + offset, self.total - 1) for offset in range(count))
        given = [self.schedule(place, self.total, self.peak) for place in places]
        rates = [_number(one) for one in given]
        if wrong := [one for one, rate in zip(given, rates, strict=True) if not 0 <= rate < inf]:
            found = f"the learning rate is {wrong[0]} after step {step}, by a schedule of your own"
            raise SettingError(found, "a number of at least 0", "correct the function")
        self.now = rates[-1]
        return rates

    def after(self, examples: int) -> None:
        """Take note of nothing: only steps count."""

    def lowered(self) -> bool:
        """Say that a schedule is not to be changed."""
        return False


def _number(given: Any) -> float:
    """Return a number, or NaN for what is none."""
    try:
        return float(given)
    except (TypeError, ValueError):
        return nan


def schedule_of(learning_rate: str | Schedule) -> Schedule | None:
    """Return our schedule of that name, or that is given itself; None for scikit-learn's three.

    Examples
    --------
    >>> schedule_of("adaptive") is None, schedule_of("cosine")(5, 10, 1.0)
    (True, 0.5)
    """
    if isinstance(learning_rate, str):
        return None if learning_rate in RATES else SCHEDULES[learning_rate]
    require_arguments("a schedule", learning_rate, "(step, total, peak)")
    return learning_rate
