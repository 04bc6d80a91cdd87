"""What is said of the numbers of iterations and steps in the tables of right routines."""

import numpy as np
import pytest

from handgrad.exercises.catalogue.numbering import misnumbered
from handgrad.exercises.catalogue.records import Measured, doubt
from handgrad.exercises.catalogue.traces import Probe, Trace, Update

STEPS, EVERY = 8, 3
NAN = float("nan")


def said(times, numbers):
    """Say what is remarked on evaluations that were measured at some times and numbered so."""
    X, y = np.zeros((1, 1)), np.zeros(1)
    measured = tuple(Measured("cross_entropy", "test", time, 5.0 - time) for time in times)
    table = [(one.value, NAN, NAN, NAN) for one in measured]
    rows = [(number, NAN, NAN) for number in numbers]
    updates = (Update((0,), (0,), 0, 1, 0.5),) * STEPS
    run = Trace(updates, 0, False, (), False, measured, (table,), (rows,))
    return misnumbered([run], [Probe(X, y, X, y, {}, 0.5, STEPS, EVERY)])


@pytest.mark.parametrize(
    ("times", "numbers", "remarks"),
    [
        ([0, 3, 6, 8], [0, 3, 6, 8], ()),
        ([3, 6, 8], [3, 6, 8], ("history_without_the_beginning",)),
        ([0, 3, 6, 8], [1, 4, 7, 9], ("history_off_by_one",)),
        ([0, 3, 6, 8], [1, 4, 7, 8], ("history_off_by_one",)),
        ([0, 3, 6, 8], [0, 3, 6, 9], ("history_off_by_one",)),
        ([0, 8], [1, 8], ("history_off_by_one",)),
        ([1, 4, 7, 8], [1, 4, 7, 8], ("history_off_by_one",)),
        ([0, 8], [0, 8], ("recorded_too_rarely",)),
        ([0, 3, 6], [0, 3, 6], ("history_without_the_end",)),
        (range(9), range(9), ("recorded_too_often",)),
    ],
)
def test_the_numbers_of_evaluations_are_compared_with_their_times(times, numbers, remarks):
    """Eight iterations, of which every third is to be recorded, and the end."""
    assert said(list(times), list(numbers)) == remarks


def test_batches_numbered_as_the_next_ones_are_off_by_one_even_where_an_epoch_ends():
    """The last mini-batch of an epoch then stands as the first one of the next."""
    X, y = np.zeros((16, 1)), np.zeros(16)
    measured = tuple(Measured("cross_entropy", "batch", time, 5.0 - time / 2, sure=True) for time in range(0, 8, 3))
    table = [(NAN, NAN, one.value, NAN) for one in measured]
    rows = [(NAN, *divmod(one.step + 1, 4)) for one in measured]
    updates = (Update((0,), (0,), 0, 1, 0.5),) * 8
    run = Trace(updates, 0, False, (), False, measured, (table,), (rows,))
    assert misnumbered([run], [Probe(X, y, X, y, {}, 0.5, 2, 3, 4)]) == ("history_off_by_one",)


def test_a_number_of_ones_own_that_is_a_measured_one_by_chance_is_in_order() -> None:
    """A function of the learner's own gives the accuracies: one of them equals a measured one, or all of them do."""
    nan = float("nan")
    losses = [Measured("cross_entropy", "test", step, 2.5 - step / 8) for step in range(3)]
    measured = [*losses, *(Measured("accuracy", "train", step, share) for step, share in enumerate((0.125, 0.25, 0.5)))]
    tables = [
        [(one.value, share, nan, nan) for one, share in zip(losses, of, strict=True)]
        for of in ((0.125, 0.3, 0.4), (0.125, 0.25, 0.5))
    ]
    assert [doubt([table], measured, 2) for table in tables] == [None, "other rows"]
    assert doubt([[]], measured, 2) is None
