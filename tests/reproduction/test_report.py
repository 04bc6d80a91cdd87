"""The printout with the notebook's labels, and the table that says what lies inside its band."""

import re
from dataclasses import replace
from itertools import takewhile

import numpy as np
import pytest

from handgrad.data import Dataset, Scaling
from handgrad.reproduction import EXPERIMENTS, Band, Row, compare, load_bands, reproduce
from handgrad.reproduction.report import table
from handgrad.training import Record

EVALUATION = ["Test Loss:", "Test Accuracy:", "Train Loss:", "Train Accuracy:"]
BATCH = ["Train Loss:", "Train Accuracy:"]
ANY = Band(n=30, mean=0.8, std=0.05, minimum=0.7, maximum=0.9)


@pytest.fixture(scope="module")
def small_mnist() -> Dataset:
    """Draw a set of MNIST's shape: 130 training and 20 test examples."""
    rng = np.random.default_rng(0)
    X, y = rng.random((150, 784)), rng.integers(0, 10, 150)
    names = tuple(map(str, range(10)))
    return Dataset("small", X[:130], y[:130], X[130:], y[130:], names, (28, 28), Scaling(0, 255))


def printout(name: str, data: Dataset, length: int, seeds: list[int]) -> list[str]:
    """Return the lines before the table, which begins after an empty line."""
    return list(takewhile(bool, reproduce(name, data, length, seeds, threads=1)))


def labels(lines: list[str]) -> list[str]:
    """Return what stands before the numbers, without rules."""
    return [line.split("\t")[0] for line in lines if set(line) != {"-"}]


def test_gradient_descent_prints_the_notebooks_labels(small_mnist: Dataset) -> None:
    """Each hundredth iteration and the last have a block of number, test part and training part, in that order."""
    lines = printout("gd", small_mnist, 101, [0])
    assert labels(lines) == ["Iteration:", *EVALUATION] * 3
    assert [line.split("\t")[-1] for line in lines if line.startswith("Iteration")] == ["0", "100", "101"]
    assert [set(line) == {"-"} for line in lines] == [True, *[False] * 5, True] * 3


def test_stochastic_gradient_descent_prints_the_notebooks_labels(small_mnist: Dataset) -> None:
    """Each epoch has its number and the test part, then its first batch; the end is headed Final."""
    lines = printout("sgd", small_mnist, 2, [0])
    epoch = ["Epoch:", *EVALUATION[:2], *BATCH]
    assert labels(lines) == [*epoch, *epoch, "Final:", *EVALUATION[:2]]
    assert [line.split("\t")[-1] for line in lines if line.startswith("Epoch")] == ["0", "1"]


def test_figures_stand_behind_their_labels_in_one_column(small_mnist: Dataset) -> None:
    """Every figure is a number in full digits, set behind its label by tabs that reach the same column."""
    for line in printout("sgd", small_mnist, 1, [0]):
        found = re.fullmatch(r"((?:Test|Train) (?:Loss|Accuracy):)(\t+)(\S+)", line)
        if found:
            assert len(found[1].expandtabs()) // 8 + len(found[2]) == 3
            assert 0 <= float(found[3]) < 100


def test_several_seeds_are_told_apart(small_mnist: Dataset) -> None:
    """With several seeds each run is headed by its own, and starts anew."""
    lines = printout("sgd", small_mnist, 1, [3, 4])
    assert [line for line in lines if line.startswith("Seed")] == ["Seed:\t\t\t3", "Seed:\t\t\t4"]
    losses = [line for line in lines if line.startswith("Test Loss")]
    assert len(losses) == len(set(losses)) == 4


# The table


@pytest.mark.parametrize(
    ("ours", "printed", "verdict"),
    [
        ((0.8,), None, "inside"),
        ((0.8,), 0.75, "inside"),
        ((0.66, 0.94), 0.8, "inside"),
        ((0.64,), None, "OUTSIDE: ours"),
        ((0.96,), 0.8, "OUTSIDE: ours"),
        ((0.8, 0.96), 0.8, "OUTSIDE: ours"),
        ((0.8,), 0.64, "OUTSIDE: notebook"),
        ((0.64,), 0.96, "OUTSIDE: notebook, ours"),
    ],
)
def test_the_table_says_whose_figure_is_outside(ours: tuple[float, ...], printed: float | None, verdict: str) -> None:
    """A row is inside where the notebook's figure and all of ours are within three deviations, here 0.65 to 0.95."""
    *_, line = table("sgd", [Row(1, "test_accuracy", printed, ours, ANY)], len(ours))
    assert line.endswith("  " + verdict)


def test_a_figure_without_band_is_neither() -> None:
    """Where no band was made the row has the figures only."""
    row = Row(50, "test_loss", None, (0.5,), None)
    assert row.outside == []
    _, line = table("gd", [row], 1)
    assert line.split() == ["50", "test", "loss", "0.5000"]


def test_the_table_is_aligned_and_has_the_mean_over_seeds() -> None:
    """All rows have the heading's columns; with several seeds ours is their mean."""
    band = replace(ANY, mean=12.0, std=1.0)
    rows = [Row(0, "test_loss", 19.4792, (10.0, 13.0), band), Row(100, "train_accuracy", 0.5, (0.25, 0.75), ANY)]
    heading, first, second = table("gd", rows, 2)
    assert heading.split()[:5] == ["iteration", "figure", "notebook", "mean", "of"]
    assert first.split()[:5] == ["0", "test", "loss", "19.4792", "11.5000"]
    assert second.split()[:5] == ["100", "train", "accuracy", "0.5000", "0.5000"]
    ends = [[found.end() for found in re.finditer(r"\d\.\d{4}", line)][:2] for line in (first, second)]
    assert ends[0] == ends[1]
    assert ends[0][0] == heading.index("notebook") + len("notebook")


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_comparison_has_a_row_for_each_figure(name: str) -> None:
    """Each evaluation has a row for each figure of the notebook, with its value where it printed one, and the band."""
    figures, bands = EXPERIMENTS[name].figures, load_bands(name)
    record = Record(
        "evaluation",
        0,
        0,
        0.1,
        0.0,
        {"train_loss": 1.0, "train_accuracy": 0.25, "test_loss": 2.0, "test_accuracy": 0.5},
    )
    values = {"test_loss": 2.0, "test_accuracy": 0.5, "train_loss": 1.0, "train_accuracy": 0.25}
    rows = compare(name, [{0: record, 12345: record}] * 2)
    assert [(row.at, row.figure) for row in rows] == [(at, figure) for at in (0, 12345) for figure in figures]
    for row in rows:
        printed = dict(zip(figures, EXPERIMENTS[name].printed[0], strict=True)) if row.at == 0 else {}
        assert (row.printed, row.band) == (printed.get(row.figure), bands.get((row.at, row.figure)))
        assert row.ours == (values[row.figure],) * 2


def test_the_whole_report_ends_with_the_table(small_mnist: Dataset) -> None:
    """After the printout and an empty line comes the table, with a row for each evaluation's figures."""
    lines = list(reproduce("sgd", small_mnist, 1, [0], threads=1))
    end = lines.index("")
    assert lines[end + 1].split()[:3] == ["epoch", "figure", "notebook"]
    assert [line.split()[:3] for line in lines[end + 2 :]] == [
        [at, "test", figure] for at in ("0", "1") for figure in ("loss", "accuracy")
    ]
    assert all(re.search(r"\b(inside|OUTSIDE)\b", line) for line in lines[end + 2 :])
