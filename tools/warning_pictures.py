"""Draw the pictures of ``docs/training.md`` that explain the warnings: ``python tools/warning_pictures.py``.

Every picture shows a small training, or a network before its first step, with the problem in orange and without it in
blue. It takes about half a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from handgrad.data import load_data
from handgrad.data.neighbours import agreement
from handgrad.network import MLP
from handgrad.reporting import draw_gradients
from handgrad.reporting.charts import BLUE, GREY, VERMILLION, new_picture
from handgrad.training import (
    Examples,
    Record,
    TrainingSettings,
    TrainingState,
    layer_health,
    some_examples,
    train,
)

IMAGES = Path(__file__).parents[1] / "docs" / "images"
DIGITS = load_data("digits")
TRAINING = Examples(DIGITS.X_train, DIGITS.y_train)


def trained(
    hidden: tuple[int, ...], activation: str, init: str = "he_normal", noise: float = 0.0, **settings: Any
) -> tuple[MLP, TrainingState, list[Record]]:
    """Train on the digits, of which a share of the labels may be drawn by chance."""
    network = MLP((64, *hidden, 10), activation)
    chosen = TrainingSettings(**{"epochs": 10, "schedule": "constant", "engine": "numpy", **settings})
    state = TrainingState.start(network.initialise(0, init, "float32"), chosen)
    rng = np.random.default_rng(0)
    parts = []
    for X, y in ((DIGITS.X_train, DIGITS.y_train), (DIGITS.X_test, DIGITS.y_test)):
        parts.append(Examples(X, np.where(rng.random(len(y)) < noise, rng.integers(0, 10, len(y)), y)))
    records = list(train(network, state, parts[0], {"test": parts[1]}, settings=chosen))
    return network, state, [record for record in records if record.kind == "evaluation"]


def smaller(path: Path) -> None:
    """Keep as many colours as a chart needs, for a file of a few kilobytes."""
    with Image.open(path) as image:
        found = image.convert("RGB").quantize(64)
    found.save(path, optimize=True)


@contextmanager
def picture(name: str, across: str, up: str, width: float = 8.0) -> Iterator[Any]:
    """Yield the axes of a small picture."""
    path = IMAGES / f"warning_{name}.png"
    with new_picture(path, (width, 3.8)) as figure:
        axes = figure.subplots()
        axes.set_xlabel(across)
        axes.set_ylabel(up)
        yield axes
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    smaller(path)


def draw_idle() -> None:
    """Show for how many examples each unit fires."""
    with picture("idle", "unit, in order", "examples it fires for") as axes:
        for rate, colour in ((0.3, VERMILLION), (0.003, BLUE)):
            network, state, _ = trained((100,), "relu", optimizer="adam", learning_rate=rate, epochs=5)
            _, cache = network.forward(state.parameters, some_examples(TRAINING).X)
            axes.plot(np.sort((cache.Z[0] > 0).mean(axis=0)), color=colour, label=f"--lr {rate:g}", linewidth=2.5)
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")


def draw_saturated() -> None:
    """Show the outputs of the second layer before the first step."""
    with picture("saturated", "output of layer 2", "share of all") as axes:
        for init, colour in (("normal", VERMILLION), ("he_normal", BLUE)):
            network = MLP((64, 400, 400, 10))
            _, cache = network.forward(network.initialise(0, init, "float32"), some_examples(TRAINING).X)
            H = cache.H[2].ravel()
            axes.hist(
                H, bins=40, range=(0, 1), weights=np.full(H.size, 1 / H.size), color=colour, alpha=0.75,
                label=f"--init {init}",
            )  # fmt: skip
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")


def draw_gradients_at_first() -> None:
    """Show the gradient of each layer before the first step."""
    cases = (("sigmoid", "he_normal", VERMILLION), ("relu", "normal", "#E69F00"), ("relu", "he_normal", BLUE))
    with picture("gradients", "layer", "gradient / weights", 9.5) as axes:
        for activation, init, colour in cases:
            network = MLP((64, *[50] * 6, 10), activation)
            layers = layer_health(network, network.initialise(0, init, "float32"), some_examples(TRAINING))
            axes.plot(
                range(1, 7), [one.gradient / one.weights for one in layers[:-1]], color=colour, marker="o",
                label=f"{activation}, {init}", linewidth=2.5,
            )  # fmt: skip
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")


def draw_loss() -> None:
    """Show the losses of a step that is too short, one that is too long, and a good one."""
    cases = ((1e-5, VERMILLION), (3.0, "#E69F00"), (0.001, BLUE))
    with picture("loss", "epoch", "training loss") as axes:
        for rate, colour in cases:
            *_, records = trained((50, 50), "leaky_relu", optimizer="adam", learning_rate=rate)
            losses = [record.figures["train_loss"] for record in records]
            axes.plot(losses, color=colour, marker="o", label=f"--lr {rate:g}", linewidth=2.5)
        axes.axhline(np.log(10), color=GREY, linestyle="--", label="guessing")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")


def draw_overfitting() -> None:
    """Show the losses of a training whose labels are partly wrong."""
    *_, records = trained((200, 200), "relu", noise=0.3, optimizer="adam", learning_rate=0.003, epochs=20)
    with picture("overfitting", "epoch", "loss") as axes:
        for part, colour in (("test", VERMILLION), ("train", BLUE)):
            axes.plot([one.figures[f"{part}_loss"] for one in records], color=colour, label=part, linewidth=2.5)
        best = int(np.argmin([one.figures["test_loss"] for one in records]))
        axes.axvline(best, color=GREY, linestyle="--", label=f"epoch {best}")


def draw_labels() -> None:
    """Show how often rows agree with their neighbours."""
    y = DIGITS.y_train
    cases = {
        "right": (y, BLUE),
        "shifted": (np.roll(y, 1), "#E69F00"),
        "shuffled": (np.random.default_rng(0).permutation(y), VERMILLION),
    }
    with picture("labels", "label taken from", "agree with the\nmost similar row") as axes:
        for place, (name, (labels, colour)) in enumerate(cases.items()):
            shares = [agreement(DIGITS.X_train, labels, shift=shift).share for shift in (-1, 0, 1)]
            axes.bar(np.arange(3) + 0.27 * (place - 1), shares, width=0.25, color=colour, label=name)
        axes.set_xticks(range(3), ["the row before", "its own row", "the row after"])
        axes.axhline(0.1, color=GREY, linestyle="--", label="chance")
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")


def draw_scales() -> None:
    """Show two columns scaled to 0..1, without and with one extreme value."""
    rng = np.random.default_rng(1)
    income, age = rng.normal(50_000, 15_000, 200), rng.integers(18, 80, 200)
    with picture("scales", "income, scaled", "age, scaled", 8.5) as axes:
        for extreme, colour, label in ((None, BLUE, "as it should be"), (1e8, VERMILLION, "one income of 1e8")):
            column = income.copy()
            if extreme:
                column[0] = extreme
            scaled = [(one - one.min()) / np.ptp(one) for one in (column, age)]
            axes.scatter(*scaled, color=colour, label=label, s=18)


if __name__ == "__main__":
    draw_idle()
    draw_saturated()
    draw_gradients_at_first()
    draw_loss()
    draw_overfitting()
    draw_labels()
    draw_scales()
    *_, records = trained((100, 100, 100), "sigmoid", learning_rate=1.0, epochs=20, log_layers=True)
    draw_gradients(records, IMAGES / "gradients.png", "digits: gradients")
    smaller(IMAGES / "gradients.png")
