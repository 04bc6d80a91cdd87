"""The picture of the gradients."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from handgrad.errors import RunError
from handgrad.reporting import draw_curves, draw_gradients, show_training
from handgrad.training import Record


def history(*norms: tuple[float, ...]) -> list[Record]:
    """Make evaluations with these norms, each with those of all layers."""
    return [
        Record(
            "evaluation", epoch, epoch, 0.1, 0.0,
            {"train_loss": 1.0, **{f"gradient_norm_{i}": value for i, value in enumerate(values, start=1)}},
        )
        for epoch, values in enumerate(norms)
    ]  # fmt: skip


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Keep the figures that are saved."""
    figures: list[Figure] = []
    save = Figure.savefig

    def keep(figure: Figure, *arguments: object, **options: object) -> None:
        figures.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return figures


def test_each_layer_has_a_line(tmp_path: Path, drawn: list[Figure]) -> None:
    """On a logarithmic scale, with its name and its last value, and with both axes named."""
    draw_gradients(history((1e-4, 0.1, 2.0), (1e-3, 0.2, 1.0)), tmp_path / "g.png", "toy")
    (axes,) = drawn[0].axes
    assert axes.get_yscale() == "log"
    np.testing.assert_allclose([line.get_ydata() for line in axes.lines], [[1e-4, 1e-3], [0.1, 0.2], [2, 1]])
    assert [text.get_text() for text in axes.texts] == ["layer 1: 0.001", "layer 2: 0.2", "layer 3: 1"]
    assert (axes.get_xlabel(), axes.get_title(loc="left")) == ("epoch", "Norm of the gradient of the weights")
    with Image.open(tmp_path / "g.png") as image:
        found = np.asarray(image.convert("RGB"))
    for edge in (found[:4], found[-4:], found[:, :4], found[:, -4:]):
        assert (edge == 255).all(), "something is cut off at the edge"


def test_a_gradient_of_zero_is_left_out(tmp_path: Path, drawn: list[Figure]) -> None:
    """A layer that has died in the course of the training has a line up to there, and one that never lived has none."""
    draw_gradients(history((1.0, 0.0), (0.5, 0.0), (0.0, 0.0)), tmp_path / "g.png", "toy")
    assert [list(line.get_ydata()) for line in drawn[0].axes[0].lines] == [[1.0, 0.5]]


def test_of_many_layers_ten_are_drawn(tmp_path: Path, drawn: list[Figure]) -> None:
    """The first and the last are among them, and their names do not overlap."""
    draw_gradients(history(tuple(0.5 / i for i in range(1, 31))), tmp_path / "g.png", "toy")
    texts = drawn[0].axes[0].texts
    names = [text.get_text().partition(":")[0] for text in texts]
    assert (len(names), names[0], names[-1]) == (10, "layer 1", "layer 30")
    heights = np.sort([text.get_position()[1] for text in texts])
    assert (np.diff(heights) > 0.079).all()


@pytest.mark.parametrize("norms", [(), ((),), ((0.0,),)])
def test_a_history_without_gradients_is_refused(norms: tuple[tuple[float, ...], ...], tmp_path: Path, refused) -> None:
    """The message says which setting records them."""
    with refused(RunError, "without gradients of layers", "log_layers"):
        draw_gradients(history(*norms), tmp_path / "g.png", "toy")


def test_curves_and_console_leave_the_gradients_out(
    tmp_path: Path, drawn: list[Figure], capsys: pytest.CaptureFixture[str]
) -> None:
    """They have a picture of their own."""
    draw_curves(history((1.0, 2.0), (0.5, 1.0)), tmp_path / "c.png", "toy")
    assert len(drawn[0].axes) == 1
    list(show_training(history((1.0, 2.0)), 1, "toy"))
    assert capsys.readouterr().out.splitlines()[1] == "epoch  train loss  seconds"
