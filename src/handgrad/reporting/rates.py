"""The picture of a learning-rate range test."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import NDArray

from handgrad.reporting.charts import BLUE, FAR, GREY, VERMILLION, new_picture, set_title, use_decades


def draw_range(
    rates: NDArray[Any], losses: NDArray[Any], suggested: float, path: str | os.PathLike[str], title: str
) -> None:
    """Draw losses against learning rates, and mark the suggested rate.

    Parameters
    ----------
    rates, losses : ndarray of shape (steps,)
    suggested : float
    path : path
        Of the PNG.
    title : str

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     draw_range(np.array([0.1, 1.0, 10.0]), np.array([2.0, 1.0, 4.0]), 0.1, f"{folder}/range.png", "a test")
    ...     os.listdir(folder)
    ['range.png']
    """
    with new_picture(path, (8.5, 5.4)) as figure:
        set_title(figure, title)
        axes = figure.subplots()
        axes.plot(rates, losses, color=BLUE, linewidth=2.5)
        axes.axvline(suggested, color=VERMILLION, linewidth=2)
        axes.annotate(
            f"{suggested:.2g}", (suggested, 1), xycoords=("data", "axes fraction"), color=VERMILLION, va="top"
        )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")  # not as a formula
        axes.minorticks_off()
        if losses.min() > 1 / FAR and losses.max() > 10 * losses.min():
            use_decades(axes, losses.max() / losses.min())
        axes.set_title("Loss", loc="left")
        axes.set_xlabel("learning rate")
        axes.grid(axis="y", color="#E4E4E4", linewidth=1)
        axes.tick_params(colors=GREY, labelcolor="black")
