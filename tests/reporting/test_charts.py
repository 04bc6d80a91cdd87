"""Charts: the pictures exist, are not blank, show the data, and are reproducible."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image
from sampling import sampled

from handgrad.data import load_data
from handgrad.errors import DataError, RunError, ShapeError
from handgrad.network import MLP
from handgrad.reporting import draw_confusion, draw_curves, draw_first_layer, draw_gradients
from handgrad.reporting.charts import BLUE, COLOURS, MAX_NUMBERS, VERMILLION, _apart, new_picture
from handgrad.training import Examples, Record, TrainingSettings, TrainingState, confusion_counts, train


def evaluations(*losses: float, accuracy: bool = True, test: bool = True) -> list[Record]:
    """Make a history with these losses."""
    return [
        Record(
            "evaluation",
            epoch,
            10 * epoch,
            0.1,
            0.0,
            {"train_loss": loss}
            | ({"train_accuracy": 1 / (1 + loss)} if accuracy else {})
            | ({"test_loss": 1.2 * loss} if test else {})
            | ({"test_accuracy": 0.9 / (1 + loss)} if accuracy and test else {}),
        )
        for epoch, loss in enumerate(losses)
    ]


def pixels(path: Path) -> np.ndarray:
    """Read a PNG as colours, after checking that its margins are white and its middle is not."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert "Software" not in image.info
        found = np.asarray(image.convert("RGB"))
    assert len(np.unique(found[::3, ::3] @ [1, 256, 65536])) > 20, "blank"
    for edge in (found[:4], found[-4:], found[:, :4], found[:, -4:]):
        assert (edge == 255).all(), "something is cut off at the edge"
    return found


def count(found: np.ndarray, colour: str) -> int:
    """Count the pixels of a colour."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int((found == wanted).all(axis=-1).sum())


# All kinds.


def test_pictures_drawn_at_once_leave_the_users_style_alone(tmp_path: Path) -> None:
    """What the user has set for other pictures is still set, even if two threads begin and end in this order."""
    begun, other_begun = Event(), Event()

    def first() -> None:
        with new_picture(tmp_path / "first.png", (1, 1)):
            begun.set()
            other_begun.wait(0.3)

    def second() -> None:
        begun.wait()
        with new_picture(tmp_path / "second.png", (1, 1)):
            other_begun.set()
            drawn.result()

    with matplotlib.rc_context({"font.size": 7.5}), ThreadPoolExecutor(2) as pool:
        drawn = pool.submit(first)
        pool.submit(second).result()
        assert matplotlib.rcParams["font.size"] == 7.5


# Curves.


def test_curves(tmp_path):
    """There are two panels, with a line for each of the two sets."""
    draw_curves(evaluations(2.3, 0.5, 0.2, 0.1), tmp_path / "c.png", "toy")
    found = pixels(tmp_path / "c.png")
    assert found.shape == (810, 1950, 3)
    for half in (found[:, :975], found[:, 975:]):
        assert count(half, BLUE) > 500
        assert count(half, VERMILLION) > 500


def test_curves_without_test_part(tmp_path):
    """Without a test set there is no line in its colour."""
    draw_curves(evaluations(2.3, 0.5, test=False), tmp_path / "c.png", "toy")
    found = pixels(tmp_path / "c.png")
    assert count(found, BLUE) > 500
    assert count(found, VERMILLION) == 0


@pytest.fixture
def figures(monkeypatch):
    """Collect the figures that are saved, with their words."""
    found, save = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *args, **how: (found.append(self), save(self, *args, **how))[1])
    return found


def test_a_line_that_enters_from_below_is_said_to(tmp_path, figures):
    """The heading has the value that the scale leaves out; two evaluations leave nothing out."""
    records = [
        Record("evaluation", epoch, epoch, 0.1, 0, {"test_accuracy": one}) for epoch, one in enumerate((0.1, 0.9, 0.95))
    ]
    for count in (2, 3):
        draw_curves(records[:count], tmp_path / f"{count}.png", "toy")
    (two,), (three,) = (figure.axes for figure in figures)
    assert (two.get_title("left"), two.get_ylim()[0] < 0.1) == ("Accuracy", True)
    assert (three.get_title("left"), three.get_ylim()[0] > 0.8) == ("Accuracy, from 10.0%", True)


def test_a_start_that_the_scale_shows_is_not_said(tmp_path, figures):
    """An accuracy that is slow at first begins within the scale, and the heading has no number."""
    records = [
        Record("evaluation", epoch, epoch, 0.1, 0, {"test_accuracy": one}) for epoch, one in enumerate((0.1, 0.11, 0.9))
    ]
    draw_curves(records, tmp_path / "c.png", "toy")
    ((axes,),) = (figure.axes for figure in figures)
    assert (axes.get_title("left"), axes.get_ylim()[0] < 0.1) == ("Accuracy", True)


def test_labels_of_losses_have_the_digits_that_differ(tmp_path, figures):
    """Two losses near each other are told apart."""
    figures_of = {"train_loss": 1.0974, "test_loss": 1.0981}
    draw_curves([Record("evaluation", 0, 0, 0.1, 0, figures_of)], tmp_path / "c.png", "toy")
    assert {text.get_text() for text in figures[0].axes[0].texts} == {"train 1.097", "test 1.098"}


@pytest.mark.parametrize("count", [3, 40])
def test_features_of_a_table_have_their_names(count, tmp_path, figures):
    """Unless they are too many to be read; of long ones, beginning and end are kept."""
    names = [f"colour of the flower={number:03}" for number in range(count)]
    draw_first_layer(np.eye(count), None, tmp_path / "t.png", "toy", names)
    shown = [label.get_text() for label in figures[0].axes[0].get_yticklabels()]
    assert (shown == [f"colour of …lower={number:03}" for number in range(count)]) == (count == 3)


def test_curves_of_regression(tmp_path):
    """Without accuracies there is one panel."""
    draw_curves(evaluations(2.3, 0.5, accuracy=False), tmp_path / "c.png", "toy")
    assert pixels(tmp_path / "c.png").shape == (810, 1275, 3)


def test_curves_of_further_sets_and_measures(tmp_path):
    """A third set has a line of its own colour, and a further measure has a panel of its own."""
    history = [
        replace(record, figures={**record.figures, "valid_loss": 0.9 * record.figures["train_loss"], "test_f1": 0.5})
        for record in evaluations(2.3, 0.5, 0.2)
    ]
    draw_curves(history, tmp_path / "c.png", "toy")
    found = pixels(tmp_path / "c.png")
    assert found.shape == (810, 2925, 3)
    assert [count(found[:, at : at + 975], COLOURS[2]) > 500 for at in (0, 975, 1950)] == [True, False, False]
    assert count(found[:, 1950:], VERMILLION) > 500
    assert count(found[:, 2300:], BLUE) == 0  # the last panel has no line of the training set


@given(heights=st.lists(st.floats(0, 1), min_size=1, max_size=5, unique=True), distance=st.floats(0.01, 0.15))
def test_labels_are_pushed_apart_in_order(heights, distance):
    """Labels keep their order and a minimum distance, and do not move if they have it already."""
    places = _apart(heights, distance)
    order = np.argsort(heights)
    gaps = np.diff(np.array(places)[order])
    assert (gaps >= distance - 1e-12).all()
    if (np.diff(np.sort(heights)) >= distance).all():
        assert places == heights


@pytest.mark.parametrize(
    "losses",
    [
        (2.3,),
        (0.0, 0.0),
        (-1.0, 2.0),
        (1e-100, 1e100),
        (1e-12, 3.0, 1e5),
        tuple(3 / (n + 1) for n in range(300)),
    ],
)
def test_curves_of_any_history(tmp_path, losses):
    """A single evaluation, constant values, zeros and any number of decades are drawn."""
    draw_curves(evaluations(*losses, accuracy=min(losses) >= 0), tmp_path / "c.png", "toy")
    assert count(pixels(tmp_path / "c.png"), BLUE) > 50


@pytest.mark.parametrize("losses", [[1.0, 1e298], [1e-300, 1.0], [1e-300, 1e298], [-1e300, 1e300]])
def test_curves_of_numbers_that_no_scale_has_room_for(tmp_path, losses):
    """They are drawn at the edge, without a warning; a label has the number itself, in few digits."""
    history = [
        Record("evaluation", i, i, 0.1, 0.0, {"train_loss": loss, "test_accuracy": loss, "gradient_norm_1": abs(loss)})
        for i, loss in enumerate(losses)
    ]
    draw_curves(history, tmp_path / "curves.png", "huge")
    draw_gradients(history, tmp_path / "gradients.png", "huge")
    assert len(list(tmp_path.iterdir())) == 2


def test_curves_ignore_batches(tmp_path):
    """Only evaluations are drawn; batch records in between are ignored."""
    history = evaluations(2.3, 0.5)
    batch = Record("batch", 0, 3, 0.1, 0.0, {"batch_loss": 9.0})
    draw_curves(history, tmp_path / "a.png", "toy")
    draw_curves([history[0], batch, history[1]], tmp_path / "b.png", "toy")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_curves_need_an_evaluation(tmp_path, refused):
    """A history without an evaluation is refused, and no file is left."""
    with refused(RunError, "without an evaluation"):
        draw_curves([], tmp_path / "c.png", "toy")
    assert not list(tmp_path.iterdir())


# First layer.


def test_tiles(tmp_path):
    """Positive weights are red, negative ones blue, with one tile per unit, the largest first."""
    W = np.zeros((64, 2))
    W[:, 0], W[:, 1] = -1, 2
    draw_first_layer(W, (8, 8), tmp_path / "t.png", "toy")
    found = pixels(tmp_path / "t.png").astype(int)
    middle = found[found.shape[0] * 3 // 5]
    first, second = middle[len(middle) // 5], middle[len(middle) * 3 // 5]
    assert first[0] > first[2] + 50
    assert second[2] > second[0] + 50


def test_tiles_choose_the_largest(tmp_path):
    """Of more than a hundred units, the hundred with the largest norms are drawn, in decreasing order."""
    W = np.random.default_rng(0).normal(size=(64, 150))
    draw_first_layer(W, (8, 8), tmp_path / "a.png", "toy")
    smallest = np.argsort(np.linalg.norm(W, axis=0))[:50]
    W[:, smallest] = W[::-1, smallest]
    draw_first_layer(W, (8, 8), tmp_path / "b.png", "toy")
    assert (pixels(tmp_path / "a.png") == pixels(tmp_path / "b.png")).all()


@pytest.mark.parametrize(
    ("shape", "image_shape", "scale"),
    [
        ((64, 1), (8, 8), 0.0),
        ((800, 7), (20, 40), 1.0),
        ((3, 5), (3, 1), 1e30),
        ((64, 3), (8, 8), 1e300),
        ((13, 40), None, 1e30),
        ((1, 1), None, 0.0),
    ],
)
def test_any_weights(tmp_path, shape, image_shape, scale):
    """Any number of units, any shape of images or none, and weights of any size are drawn."""
    W = (scale * np.random.default_rng(0).normal(size=shape)).astype(np.float32 if scale < 1e38 else np.float64)
    draw_first_layer(W, image_shape, tmp_path / "t.png", "toy")
    pixels(tmp_path / "t.png")


@pytest.mark.parametrize(("shape", "image_shape"), [((64, 3), (8, 7)), ((64,), (8, 8)), ((64,), None), ((64, 0), None)])
def test_first_layer_refuses(tmp_path, refused, shape, image_shape):
    """Weights that do not match the shape of the images are refused."""
    with refused(ShapeError, str(shape)):
        draw_first_layer(np.zeros(shape), image_shape, tmp_path / "t.png", "toy")


# Confusions.


def test_confusion(tmp_path):
    """Errors are orange and correct predictions blue, even if the errors are rare."""
    draw_confusion(np.array([[1000, 0], [12, 988]]), ("no", "yes"), tmp_path / "k.png", "toy")
    found = pixels(tmp_path / "k.png").astype(int)
    height, width = found.shape[:2]
    right, mistake, nothing = (
        found[int(y * height), int(x * width)] for y, x in ((0.25, 0.2), (0.75, 0.2), (0.25, 0.6))
    )
    assert right[2] > right[0] + 50
    assert mistake[0] > mistake[2] + 100
    assert nothing.min() > 220


@pytest.mark.parametrize("k", sampled([10, MAX_NUMBERS, 130, 1], 2))
def test_confusion_of_any_size(tmp_path, k):
    """Any number of classes is drawn."""
    counts = np.random.default_rng(0).integers(0, 9, (k, k)) + 1000 * np.eye(k, dtype=int)
    draw_confusion(counts, [f"class number {i}" for i in range(k)], tmp_path / "k.png", "toy")
    pixels(tmp_path / "k.png")


@pytest.mark.parametrize("counts", [np.zeros((2, 2), int), np.array([[0, 0], [5, 0]]), np.array([[10**7, 1], [0, 0]])])
def test_confusion_of_little(tmp_path, counts):
    """Empty rows, empty matrices and large counts are drawn."""
    draw_confusion(counts, ("no", "yes"), tmp_path / "k.png", "toy")
    pixels(tmp_path / "k.png")


def test_any_text(tmp_path):
    """Dollar signs are not formulas, long names and titles fit, and letters that the font lacks cause no warning."""
    names = ("$x^2$", "a" * 200, "\N{HIRAGANA LETTER O}")
    draw_confusion(np.eye(3, dtype=int), names, tmp_path / "a.png", "100 $ or {less} \\frac " * 10)
    draw_confusion(np.eye(2, dtype=int), names[:2], tmp_path / "b.png", "\N{HIRAGANA LETTER O}.csv")
    pixels(tmp_path / "a.png")
    pixels(tmp_path / "b.png")


def test_confusion_refuses(tmp_path, refused):
    """Counts without one name per class are refused."""
    with refused(ShapeError, "(2, 2)", "3 class names"):
        draw_confusion(np.eye(2, dtype=int), ("a", "b", "c"), tmp_path / "k.png", "toy")


# All of them.


def test_unwritable(tmp_path, refused):
    """The error for a missing folder names it."""
    with refused(DataError, "gone"):
        draw_curves(evaluations(1.0), tmp_path / "gone" / "c.png", "toy")


def test_real_training(tmp_path):
    """Pictures of a real training on the digits are drawn, and a second time have the same bytes."""
    data = load_data("digits")
    network = MLP((64, 16, 10), "relu")
    parameters = network.initialise(0, "he_normal", np.float32)
    settings = TrainingSettings(learning_rate=0.2, epochs=3, threads=1)
    examples, tests = Examples(data.X_train, data.y_train), {"test": Examples(data.X_test, data.y_test)}
    history = list(train(network, TrainingState.start(parameters, settings), examples, tests, settings=settings))
    predicted = network.predict(parameters, data.X_test).argmax(axis=1)
    counts = confusion_counts(predicted, data.y_test, 10)
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        draw_curves(history, folder / "curves.png", "digits")
        draw_first_layer(parameters.W[0], data.image_shape, folder / "first_layer.png", "digits")
        draw_confusion(counts, data.class_names, folder / "confusion.png", "digits")
    for path in (tmp_path / "a").iterdir():
        pixels(path)
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_no_global_state(tmp_path):
    """Drawing needs no display, never loads pyplot, and leaves the user's style as it was."""
    code = (
        "import sys, matplotlib; matplotlib.rcParams['font.size'] = 7;"
        "import numpy as np; from handgrad.reporting import draw_first_layer;"
        "draw_first_layer(np.ones((4, 2)), (2, 2), sys.argv[1], 'toy');"
        "print('matplotlib.pyplot' in sys.modules, matplotlib.rcParams['font.size'])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "t.png")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False 7.0\n"
