"""The learning rate as a function of the step.

Each schedule takes the step (0 for the first), the number of steps in the whole training run, and the learning rate
that the user set, which no schedule exceeds.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi

Schedule = Callable[[int, int, float], float]


def constant(step: int, total: int, peak: float) -> float:
    """Keep the learning rate constant.

    Examples
    --------
    >>> constant(7, 10, 0.5)
    0.5
    """
    return peak


def step_decay(step: int, total: int, peak: float, drops: int = 3, factor: float = 0.1) -> float:
    """Multiply the learning rate by ``factor`` at equal intervals, ``drops - 1`` times in all.

    Examples
    --------
    >>> [step_decay(step, 6, 1.0, factor=0.5) for step in range(6)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """
    return peak * factor ** (step * drops // max(total, 1))


def cosine(step: int, total: int, peak: float) -> float:
    r"""Decay from the peak to zero along half a cosine, :math:`(1 + \cos \pi t) / 2` (Loshchilov and Hutter, 2017).

    Examples
    --------
    >>> [round(cosine(step, 4, 1.0), 3) for step in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """
    return peak * (1 + cos(pi * step / max(total, 1))) / 2


def one_cycle(step: int, total: int, peak: float, warmup: float = 0.3, start: float = 0.04) -> float:
    """Rise linearly from ``start * peak`` to the peak in the first ``warmup`` of the steps, then fall linearly to zero.

    After Smith and Topin (2019): the high rate in the middle speeds up training and regularises it.

    Examples
    --------
    >>> [round(one_cycle(step, 10, 1.0), 2) for step in (0, 3, 10)]
    [0.04, 1.0, 0.0]
    """
    top = warmup * total
    if step < top:
        return peak * (start + (1 - start) * step / top)
    return peak * (total - step) / max(total - top, 1)


def inverse_scaling(step: int, total: int, peak: float, power: float = 0.5) -> float:
    r"""Divide the learning rate by :math:`(t + 1)^{power}`, where t is the step.

    scikit-learn's ``invscaling`` is the same formula with another t: the number of examples seen, after each epoch.

    Examples
    --------
    >>> [inverse_scaling(step, 10, 1.0) for step in (0, 3)]
    [1.0, 0.5]
    """
    return float(peak / (step + 1) ** power)


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "step": step_decay,
    "cosine": cosine,
    "one_cycle": one_cycle,
    "inverse_scaling": inverse_scaling,
}
OPEN_ENDED = ("constant", "inverse_scaling")  # in which the number of steps plays no part
