"""Pictures of a training run as PNG files fit for a slide: curves, first-layer weights and the confusion matrix.

matplotlib is imported only when a picture is drawn, and only its objects are used: there is no window and no global
state, and the same numbers give the same bytes. The colours are those of Okabe and Ito, which colour-blind people can
tell apart. The file is long because each of the three pictures has its own drawing functions.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.errors import RunError, ShapeError
from handgrad.reporting.text import percent
from handgrad.training.health import GRADIENT_NORM
from handgrad.training.loop import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#666666"
COLOURS = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00")  # of the sets, in the order of their figures
MAX_TILES = 100
FAR = 1e100  # what is farther is drawn there: no scale has room for all numbers
MAX_NUMBERS = 26  # with more classes than this, counts are not written as numbers
_DPI = 150
_DRAWING = Lock()
_STYLE: dict[str, Any] = {
    "font.size": 15,
    "axes.titlesize": 17,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.linewidth": 1.0,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "text.parse_math": False,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.15,
    "figure.constrained_layout.w_pad": 0.15,
}


def draw_curves(history: Iterable[Record], path: str | os.PathLike[str], title: str) -> None:
    """Draw the loss, the accuracy and any other measure against epochs, with one line per evaluated set.

    The loss has a logarithmic scale if it spans more than a factor of ten. The scales of the other measures ignore the
    first of three evaluations or more, so their lines may enter from below; the heading then says from where. Each
    measure has a panel.

    Parameters
    ----------
    history : iterable of Record
        Only its evaluations are drawn.
    path : path
        Of the PNG.
    title : str

    Raises
    ------
    RunError
        If there is no evaluation in the history.
    DataError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> history = [Record("evaluation", epoch, epoch, 0.1, 0.0, {"train_loss": 1 / (epoch + 1)}) for epoch in range(3)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     draw_curves(history, f"{folder}/curves.png", "three epochs")
    ...     os.listdir(folder)
    ['curves.png']
    """
    panels = _curves([record for record in history if record.kind == "evaluation"])
    if not panels:
        raise RunError("a history without an evaluation", "at least one evaluation", "train for at least one epoch")
    with new_picture(path, (8.5 if len(panels) == 1 else 6.5 * len(panels), 5.4)) as figure:
        set_title(figure, title)
        for axes, (measure, lines) in zip(
            figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
        ):
            values = [value for line in lines for value in line.values]
            heading, start = measure.replace("_", " ").capitalize(), min(values)
            if measure == "loss":
                if min(values) > 1 / FAR and max(values) > 10 * min(values):
                    use_decades(axes, max(values) / min(values))
            else:
                values = [value for line in lines for value in line.values[len(line.values) > 2 :]]
            draw_lines(axes, lines, heading, min(values))
            if start < axes.get_ylim()[0]:
                began = f"{100 * start:.1f}%" if measure == "accuracy" else f"{start:.4g}"
                axes.set_title(f"{heading}, from {began}", loc="left")
            if measure == "accuracy":
                axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")


def draw_first_layer(
    W: NDArray[Any],
    image_shape: tuple[int, int] | None,
    path: str | os.PathLike[str],
    title: str,
    features: Sequence[str] = (),
) -> None:
    """Draw the weights of the first layer as one tile per unit, in the shape of the images.

    Blue is negative, red positive. At most 100 units are drawn: those with the largest norms, in decreasing order, each
    with its number. If the examples are not images, the weights are drawn as one map with a row per feature and a
    column per unit.

    Parameters
    ----------
    W : array of shape (d, units)
    image_shape : (height, width) or None
    path : path
        Of the PNG.
    title : str
    features : sequence of d str, optional
        What the features are called, if they are no pixels. Many of them are numbered instead.

    Raises
    ------
    ShapeError
        If W is not two-dimensional, or the images do not have d pixels.
    DataError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     draw_first_layer(np.eye(4), (2, 2), f"{folder}/first_layer.png", "one pixel per unit")
    ...     os.listdir(folder)
    ['first_layer.png']
    """
    W = np.asarray(W, dtype=np.float64)
    if W.ndim != 2 or 0 in W.shape or (image_shape is not None and math.prod(image_shape) != len(W)):
        wanted = "two dimensions" if image_shape is None else f"({math.prod(image_shape)}, units)"
        raise ShapeError(f"weights of shape {W.shape} for images of shape {image_shape}", wanted, "pass W[0]")
    if image_shape is None:
        _draw_map(W, path, title, features)
    else:
        _draw_tiles(W, image_shape, path, title)


def draw_confusion(
    counts: NDArray[np.integer[Any]], class_names: Sequence[str], path: str | os.PathLike[str], title: str
) -> None:
    """Draw how often each true class (row) was predicted as each class (column).

    Colours show shares of the row. Errors have their own scale, up to the largest of them, so that they are visible
    next to the many correct predictions. With up to 26 classes, the counts are written as numbers.

    Parameters
    ----------
    counts : integer array of shape (k, k)
        As :func:`confusion_counts` returns them.
    class_names : sequence of k str
    path : path
        Of the PNG.
    title : str
        The accuracy is added.

    Raises
    ------
    ShapeError
        If the counts are not a square with one name per class.
    DataError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     draw_confusion(np.array([[9, 1], [0, 10]]), ("no", "yes"), f"{folder}/confusion.png", "toy")
    ...     os.listdir(folder)
    ['confusion.png']
    """
    counts = np.asarray(counts)
    k = len(class_names)
    if counts.shape != (k, k) or k == 0:
        raise ShapeError(
            f"counts of shape {counts.shape} for {k} class names", f"shape ({k}, {k})", "pass one name per class"
        )
    total, right = int(counts.sum()), int(np.trace(counts))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    diagonal = np.eye(k, dtype=bool)
    worst = max(float(shares[~diagonal].max(initial=0.0)), 0.01)
    size = 9.5 if k <= 12 else 13
    with new_picture(path, (size + 1, size)) as figure:
        axes = figure.subplots()
        axes.imshow(np.ma.masked_array(shares, ~diagonal), cmap=_part_of("Blues", 0.05, 0.6), vmin=0, vmax=1)
        colours = axes.imshow(
            np.ma.masked_array(shares, diagonal), cmap=_part_of("Oranges", 0, 0.9), vmin=0, vmax=worst
        )
        bar = figure.colorbar(colours, ax=axes, shrink=0.7)
        bar.set_label("errors, as a share of the true class", labelpad=12)
        bar.ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}%")
        bar.outline.set_visible(False)
        accuracy = f"accuracy {100 * right / total:.2f}%: " if total else ""
        set_title(figure, title)
        axes.set_title(f"{accuracy}{total - right:,} errors in {total:,}", loc="left", pad=12)
        _label_classes(axes, class_names)
        if k <= MAX_NUMBERS:
            _write_counts(axes, counts, shares / worst, 0.76 * 72 * size / k)


class Line:
    """One curve: the name of its set or layer, its points, and a label with its last value."""

    def __init__(self, name: str, colour: str, points: list[tuple[int, float]], in_percent: bool) -> None:
        self.name, self.colour = name, colour
        self.epochs = [epoch for epoch, _ in points]
        self.values = [min(max(value, -FAR), FAR) for _, value in points]
        last = points[-1][1]
        self.label = f"{name} {percent(last)}" if in_percent else f"{name} {last:.4g}"


def _curves(evaluations: list[Record]) -> dict[str, list[Line]]:
    """Collect the curves by what they measure; a figure is named after its set and its measure, as ``test_loss``."""
    colours: dict[str, str] = {}
    panels: dict[str, list[Line]] = {}
    names = dict.fromkeys(name for record in evaluations for name in record.figures)
    for name in (name for name in names if not name.startswith(GRADIENT_NORM)):
        part, _, measure = name.partition("_")
        values = ((record.epoch, record.figures.get(name, math.nan)) for record in evaluations)
        points = [(epoch, value) for epoch, value in values if math.isfinite(value)]
        if points:
            colour = colours.setdefault(part, COLOURS[len(colours) % len(COLOURS)])
            panels.setdefault(measure, []).append(Line(part, colour, points, measure == "accuracy"))
    return panels


def set_title(figure: Figure, title: str) -> None:
    """Write the title above everything, in smaller type if it is long."""
    title = "".join(letter if _has_letters(letter) else "?" for letter in title)
    characters = 6.2 * figure.get_figwidth()
    figure.suptitle(title, x=0.015, ha="left", fontsize=20 * min(1, characters / max(len(title), 1)))


def use_decades(axes: Axes, span: float) -> None:
    """Make the vertical scale logarithmic, with plain numbers."""
    from matplotlib.ticker import LogLocator

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if span < 1000 else (1.0,), numticks=9))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.minorticks_off()


def draw_lines(axes: Axes, lines: list[Line], title: str, lowest: float) -> None:
    """Draw curves with their names and last values at their ends, pushed apart if they would overlap."""
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title, loc="left")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    epochs = {epoch for line in lines for epoch in line.epochs}
    if len(epochs) == 1:
        axes.set_xticks(list(epochs))
    axes.grid(axis="y", color="#E4E4E4", linewidth=1)
    axes.set_axisbelow(True)
    for line in lines:
        marker = "o" if len(line.values) <= 30 else None
        axes.plot(line.epochs, line.values, color=line.colour, linewidth=2.5, marker=marker, markersize=6)
    axes.margins(x=0.03, y=0.08)
    axes.autoscale_view()

    def height(value: float) -> float:
        return float(axes.transScale.transform((1, value))[1])

    highest = max(value for line in lines for value in line.values)
    if highest > lowest:
        room = 0.08 * (height(highest) - height(lowest))
        ends = ((1, height(lowest) - room), (1, height(highest) + room))
        axes.set_ylim(*(float(axes.transScale.inverted().transform(end)[1]) for end in ends))
    bottom, top = map(height, axes.get_ylim())
    heights = [(height(line.values[-1]) - bottom) / (top - bottom) for line in lines]
    for line, place in zip(lines, _apart(heights, 0.08), strict=True):
        axes.text(1.02, place, line.label, color=line.colour, transform=axes.transAxes, va="center", fontweight="bold")


def _apart(heights: list[float], distance: float) -> list[float]:
    """Push heights apart to a distance, keeping their order, and the mean of those that are pushed together."""
    groups: list[list[float]] = []
    for height in sorted(heights):
        groups.append([height])
        while len(groups) > 1 and min(_spread(groups[-1], distance)) - max(_spread(groups[-2], distance)) < distance:
            groups[-2:] = [groups[-2] + groups[-1]]
    places = [place for group in groups for place in _spread(group, distance)]
    rank = sorted(range(len(heights)), key=lambda i: (heights[i], -i))
    return [places[rank.index(i)] for i in range(len(heights))]


def _spread(group: list[float], distance: float) -> list[float]:
    """Space a group evenly about its mean, within 0 to 1."""
    half = distance * (len(group) - 1) / 2
    middle = sum(group) / len(group)
    middle = min(max(middle, half), 1 - half) if half else middle
    return [middle - half + i * distance for i in range(len(group))]


def _draw_tiles(W: NDArray[Any], image_shape: tuple[int, int], path: str | os.PathLike[str], title: str) -> None:
    """Draw one tile per unit in one picture, with gaps between them."""
    (height, width), units = image_shape, W.shape[1]
    with np.errstate(over="ignore"):
        order = np.argsort(-np.linalg.norm(W, axis=0), kind="stable")[:MAX_TILES]
    columns = math.ceil(math.sqrt(len(order) * height / width))
    rows = math.ceil(len(order) / columns)
    gap = max(1, round(max(height, width) / 7))
    mosaic = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    corners = [(i // columns * (height + gap), i % columns * (width + gap)) for i in range(len(order))]
    for unit, (top, left) in zip(order, corners, strict=True):
        mosaic[top : top + height, left : left + width] = W[:, unit].reshape(image_shape)
    inches_per_pixel = 9 / mosaic.shape[1]
    with new_picture(path, (11, 1.5 + inches_per_pixel * mosaic.shape[0])) as figure:
        axes = figure.subplots()
        _draw_signed(figure, axes, mosaic)
        set_title(figure, title)
        which = (
            f"{units} unit{'s' * (units > 1)}" if units <= MAX_TILES else f"the {MAX_TILES} largest of {units} units"
        )
        axes.set_title(f"{which}, in decreasing order of their norms", loc="left", pad=18)
        axes.axis("off")
        size = min(11, 0.8 * gap * inches_per_pixel * 72)
        for unit, (top, left) in zip(order, corners, strict=True):
            axes.text(left - 0.5, top - 0.5, str(unit), fontsize=size, color=GREY, va="bottom", ha="left")


def _draw_map(W: NDArray[Any], path: str | os.PathLike[str], title: str, features: Sequence[str]) -> None:
    """Draw a map of features against units."""
    from matplotlib.ticker import MaxNLocator

    with new_picture(path, (11, 7)) as figure:
        axes = figure.subplots()
        _draw_signed(figure, axes, W, aspect="auto")
        set_title(figure, title)
        axes.set_title(f"{W.shape[0]} features, {W.shape[1]} units", loc="left", pad=12)
        axes.set_xlabel("unit")
        axes.set_ylabel("feature")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True, nbins=10))
        if 0 < len(features) <= MAX_NUMBERS:
            names = [name if len(name) <= 20 else f"{name[:10]}…{name[-9:]}" for name in _drawable(features)]
            axes.set_yticks(range(len(features)), names)


def _draw_signed(figure: Figure, axes: Axes, values: NDArray[Any], aspect: Literal["equal", "auto"] = "equal") -> None:
    """Draw numbers in a colour map centred at zero; the few largest are clipped to its ends."""
    sizes = np.abs(values[np.isfinite(values)])
    limit = float(np.quantile(sizes, 0.995)) or float(sizes.max()) or 1.0
    picture = axes.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect=aspect, interpolation="nearest")
    extend = "both" if sizes.max() > limit else "neither"
    bar = figure.colorbar(picture, ax=axes, shrink=0.6, aspect=25, pad=0.02, extend=extend)
    bar.set_label("weight", labelpad=12)
    bar.outline.set_visible(False)


def _part_of(name: str, start: float, end: float) -> Any:
    """Cut a piece out of a colour map."""
    import matplotlib
    from matplotlib.colors import ListedColormap

    return ListedColormap(matplotlib.colormaps[name](np.linspace(start, end, 256)))


def _label_classes(axes: Axes, class_names: Sequence[str]) -> None:
    """Name the classes on both axes: all of them up to 50, a selection beyond."""
    k = len(class_names)
    ticks = range(0, k, math.ceil(k / 50))
    names = [name if len(name) <= 16 else name[:15] + "…" for name in _drawable(class_names)]
    longest = max(len(names[i]) for i in ticks)
    size = 15 if k <= 12 else 12 if k <= MAX_NUMBERS else 8
    axes.set_xticks(ticks, [names[i] for i in ticks], fontsize=size, rotation=90 if longest * k > 60 else 0)
    axes.set_yticks(ticks, [names[i] for i in ticks], fontsize=size)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _drawable(class_names: Sequence[str]) -> list[str]:
    """Return the names, or the classes' numbers if the font lacks a letter of any name."""
    if _has_letters("".join(class_names)):
        return list(class_names)
    return [str(i) for i in range(len(class_names))]


def _has_letters(text: str) -> bool:
    """Say whether the font has all letters of a text."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    glyphs = get_font(findfont(FontProperties())).get_charmap()
    return all(ord(letter) in glyphs for letter in text)


def _write_counts(axes: Axes, counts: NDArray[Any], darkness: NDArray[Any], points: float) -> None:
    """Write each count that is not zero, in cells of a given width in points; in white if the colour is dark."""
    size = min(18, points / (0.7 * len(str(int(counts.max()))) + 0.4))
    for i, j in np.argwhere(counts > 0):
        weight = "bold" if i != j else "normal"
        colour = "white" if i != j and darkness[i, j] > 0.6 else "black"
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=size, color=colour, fontweight=weight)


@contextmanager
def new_picture(path: str | os.PathLike[str], inches: tuple[float, float]) -> Iterator[Figure]:
    """Yield an empty figure in this module's style, and write it atomically when it has been drawn."""
    import matplotlib.style
    from matplotlib.figure import Figure

    # The style belongs to all threads while it is in force, so one at a time draws.
    with _DRAWING, matplotlib.style.context(["default", _STYLE]):
        figure = Figure(figsize=inches)
        yield figure
        with files.written(Path(path)) as file:
            figure.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})
