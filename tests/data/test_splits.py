import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from handgrad.data import stratified_split


@given(st.lists(st.integers(0, 4), min_size=1, max_size=200))
def test_every_example_is_in_one_part_and_every_class_in_both(labels):
    """The parts are a partition; a class of two or more examples is in both, a single example in the training part."""
    y = np.array(labels)
    train, test = stratified_split(y)
    assert sorted([*train, *test]) == list(range(len(y)))
    for label in set(labels):
        count, tested = labels.count(label), int((y[test] == label).sum())
        assert tested == (0 if count == 1 else max(1, round(0.2 * count)))


def test_the_split_is_the_same_everywhere():
    """The rows of the test part are fixed by this test: no library's version may move them."""
    assert stratified_split(np.zeros(20, int))[1].tolist() == [2, 4, 6, 18]
