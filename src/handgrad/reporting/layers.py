"""The picture of the gradients: how their norm changes in each layer during a training."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np

from handgrad.errors import RunError
from handgrad.reporting.charts import FAR, Line, draw_lines, new_picture, set_title, use_decades
from handgrad.training.health import GRADIENT_NORM
from handgrad.training.loop import Record

MOST_LAYERS = 10  # whose names fit beside each other


def draw_gradients(history: Sequence[Record], path: str | os.PathLike[str], title: str) -> None:
    """Draw the norm of the gradient of each layer's weights against epochs, on a logarithmic scale.

    Of more than ten layers, ten are drawn, from the first to the last. A gradient of zero has no place on the scale
    and is left out.

    Parameters
    ----------
    history : sequence of Record
        Evaluations with figures called ``gradient_norm_1`` and so on.
    path : path
        Of the PNG.
    title : str

    Raises
    ------
    RunError
        If there is no such figure.
    DataError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> figures = {"gradient_norm_1": 0.01, "gradient_norm_2": 0.5}
    >>> history = [Record("evaluation", epoch, epoch, 0.1, 0.0, figures) for epoch in range(3)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     draw_gradients(history, f"{folder}/gradients.png", "three epochs")
    ...     os.listdir(folder)
    ['gradients.png']
    """
    lines = _lines(history)
    if not lines:
        raise RunError("a history without gradients of layers", "some that are not zero", "train with log_layers")
    values = [value for line in lines for value in line.values]
    with new_picture(path, (9, 5.4)) as figure:
        set_title(figure, title)
        axes = figure.subplots()
        use_decades(axes, max(values) / min(values))
        draw_lines(axes, lines, "Norm of the gradient of the weights", min(values))


def has_gradients(history: Sequence[Record]) -> bool:
    """Say whether a history has what :func:`draw_gradients` draws."""
    return bool(_lines(history))


def _lines(history: Sequence[Record]) -> list[Line]:
    """Collect a line for each layer, from dark to light."""
    names = list(dict.fromkeys(name for one in history for name in one.figures if name.startswith(GRADIENT_NORM)))
    if len(names) > MOST_LAYERS:
        names = [names[round(i)] for i in np.linspace(0, len(names) - 1, MOST_LAYERS)]
    lines = []
    for name, colour in zip(names, _colours(len(names)), strict=True):
        found = ((one.epoch, one.figures.get(name, 0.0)) for one in history)
        if points := [(epoch, value) for epoch, value in found if 1 / FAR < value < math.inf]:
            lines.append(Line(f"layer {name.removeprefix(GRADIENT_NORM)}:", colour, points, in_percent=False))
    return lines


def _colours(count: int) -> list[str]:
    """Return colours in an order that is seen as one; the lightest ones could not be read on white."""
    if not count:
        return []
    import matplotlib
    from matplotlib.colors import to_hex

    return [to_hex(matplotlib.colormaps["plasma"](place)) for place in np.linspace(0, 0.8, count)]
