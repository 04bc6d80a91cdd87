"""The notebook's printout, and a table that compares its figures with ours and the bands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from handgrad.data import Dataset
from handgrad.reproduction.bands import Band, load_bands
from handgrad.reproduction.experiments import EXPERIMENTS, Experiment, run
from handgrad.training.loop import Record

RULE = "-" * 38


@dataclass(frozen=True)
class Row:
    """One figure: the notebook's, ours with each seed, and the band.

    Attributes
    ----------
    at : int
        Iteration, or epoch.
    figure : str
    printed : float or None
        None after the end of the notebook's printout.
    ours : tuple of float
        One for each seed.
    band : Band or None
        None if there is none, such as between two evaluations of the notebook.
    """

    at: int
    figure: str
    printed: float | None
    ours: tuple[float, ...]
    band: Band | None

    @property
    def outside(self) -> list[str]:
        """Whose figures are outside the band: "notebook", "ours"."""
        if self.band is None:
            return []
        figures = {"notebook": () if self.printed is None else (self.printed,), "ours": self.ours}
        return [whose for whose, values in figures.items() if not all(map(self.band.holds, values))]


def reproduce(name: str, data: Dataset, epochs: int | None, seeds: Sequence[int], threads: int | None) -> Iterator[str]:
    r"""Run an experiment with each seed, and yield the lines to print: the notebook's, then the table.

    Parameters
    ----------
    name : {"gd", "sgd"}
    data : Dataset
        MNIST.
    epochs : int or None
        At least 1; iterations for "gd". None means the notebook's.
    seeds : sequence of int
        At least one.
    threads : int or None

    Raises
    ------
    HandgradError
        If the data do not have MNIST's shape, or a setting is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> from handgrad.data import Scaling
    >>> X, y = np.zeros((10, 784), np.float32), np.arange(10)
    >>> data = Dataset("blank", X, y, X, y, tuple("0123456789"), None, Scaling(0, 255))
    >>> next(line for line in reproduce("gd", data, epochs=1, seeds=[0], threads=1) if "Accuracy" in line)
    'Test Accuracy:\t\t0.1'
    """
    experiment = EXPERIMENTS[name]
    length = experiment.settings.epochs if epochs is None else epochs
    arrays = (data.X_train, data.y_train, data.X_test, data.y_test)
    histories = []
    for seed in seeds:
        if len(seeds) > 1:
            yield f"Seed:\t\t\t{seed}"
        evaluations: dict[int, Record] = {}
        histories.append(evaluations)
        for record in run(experiment, arrays, seed, length, threads):
            if record.kind == "evaluation":
                evaluations[record.epoch] = record
            yield from _printout(name, experiment, record, final=record.epoch == length)
    yield ""
    yield from table(name, compare(name, histories), len(seeds))


def _printout(name: str, experiment: Experiment, record: Record, final: bool) -> Iterator[str]:
    """Format a record with the notebook's labels, in the notebook's order."""
    if record.kind == "batch":
        yield f"Train Loss:\t\t{record.figures['batch_loss']}"
        yield f"Train Accuracy:\t\t{record.figures['batch_accuracy']}"
        return
    yield RULE
    if name == "gd":
        yield f"Iteration:\t\t{record.epoch}"
    else:
        yield "Final:" if final else f"Epoch:\t\t\t{record.epoch}"
    for figure in experiment.figures:
        label = f"{figure.replace('_', ' ').title()}:"
        yield label + "\t" * (3 - len(label) // 8) + str(record.figures[figure])
    yield RULE


def compare(name: str, histories: Iterable[dict[int, Record]]) -> list[Row]:
    """Compare every figure of one or more runs with the notebook's and the band.

    Parameters
    ----------
    name : {"gd", "sgd"}
    histories : iterable of dict
        For each seed, from the epoch to its evaluation.

    Examples
    --------
    >>> record = Record("evaluation", 1, 937, 0.1, 1.0, {"test_loss": 0.85, "test_accuracy": 0.81})
    >>> [(row.figure, row.printed, row.ours) for row in compare("sgd", [{1: record}])]
    [('test_loss', 0.829246421718839, (0.85,)), ('test_accuracy', 0.8072, (0.81,))]
    """
    experiment, bands, histories = EXPERIMENTS[name], load_bands(name), list(histories)
    rows = []
    for at in histories[0]:
        for place, figure in enumerate(experiment.figures):
            printed = experiment.printed[at][place] if at in experiment.printed else None
            ours = tuple(history[at].figures[figure] for history in histories)
            rows.append(Row(at, figure, printed, ours, bands.get((at, figure))))
    return rows


def table(name: str, rows: Sequence[Row], seeds: int) -> Iterator[str]:
    """Format the comparison as a text table; with several seeds, ours is their mean.

    Examples
    --------
    >>> row = Row(1, "test_loss", 0.8292, (0.85,), Band(30, 0.84, 0.04, 0.75, 0.93))
    >>> for line in table("sgd", [row], 1):
    ...     print(line)
    epoch  figure          notebook      ours  band (mean +- 3 sd)   min .. max          n
        1  test loss         0.8292    0.8500     0.7200 .. 0.9600    0.7500 .. 0.9300    30  inside
    """
    ours = "ours" if seeds == 1 else f"mean of {seeds}"
    at = "iteration" if name == "gd" else "epoch"
    yield f"{at}  {'figure':<14}  {'notebook':>8}  {ours:>8}  band (mean +- 3 sd)   min .. max          n"
    for row in rows:
        printed = f"{row.printed:8.4f}" if row.printed is not None else " " * 8
        line = f"{row.at:{len(at)}}  {row.figure.replace('_', ' '):<14}  {printed}"
        line += f"  {sum(row.ours) / len(row.ours):8.4f}"
        if row.band is not None:
            low, high = f"{row.band.low:.4f}", f"{row.band.high:.4f}"
            line += f"  {low:>9} .. {high:<7}  {row.band.minimum:7.4f} .. {row.band.maximum:<7.4f}  {row.band.n:3}"
            line += f"  OUTSIDE: {', '.join(row.outside)}" if row.outside else "  inside"
        yield line.rstrip()
