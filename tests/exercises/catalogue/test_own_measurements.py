"""What a history may hold besides the sheet's own measurements."""

import pytest

from handgrad.exercises.catalogue.records import Measured, doubt

NAN = float("nan")
MEASURED = [
    *(Measured("cross_entropy", "batch", step, 2.5 - step / 10) for step in range(4)),
    *(Measured("accuracy", "train", step, 0.4375 + step / 100) for step in (0, 4)),
]


@pytest.mark.parametrize(
    ("accuracies", "own"),
    [
        ((0.25, 0.75, 0.0, 1.0), True),
        ((0.4375, 0.75, 0.0, 1.0), False),
        ((43.75, 43.75, 43.75, 47.75), False),
        ((0.44, 0.44, 0.44, 0.44), False),
    ],
    ids=["own", "one of them the whole set's", "percentages of the whole set", "rounded from the whole set"],
)
def test_batches_may_be_measured_by_hand_but_not_taken_from_the_whole_set(accuracies, own):
    """An accuracy of a batch that no call gave is the learner's own, unless it is what was measured on all examples."""
    table = [(NAN, NAN, 2.5 - step / 10, accuracy) for step, accuracy in enumerate(accuracies)]
    assert (doubt([table], MEASURED, 4) is None) == own
