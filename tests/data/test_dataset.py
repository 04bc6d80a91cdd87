import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgrad.data import Dataset, Scaling, load_data
from handgrad.errors import DataError, ShapeError

X = np.array([[0.0, 1.0], [1.0, 0.0]])
y = np.array([0, 1])


def build(**changes: Any) -> Dataset:
    """Make a sound data set, but for what is changed."""
    sound = {"name": "toy", "X_train": X, "y_train": y, "X_test": X, "y_test": y}
    sound |= {"class_names": ("a", "b"), "image_shape": (1, 2), "scaling": Scaling(0, 1)}
    return Dataset(**(sound | changes))


def test_arrays_have_fixed_types_and_cannot_be_written_to():
    """Examples become float32, labels int64, both read-only; the caller's own arrays stay writeable."""
    own = X.astype(np.float32)
    data = build(X_train=own, y_train=y.astype(np.uint8))
    for array, dtype in ((data.X_train, np.float32), (data.y_train, np.int64)):
        assert array.dtype == dtype
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    own[0, 0] = 0
    assert own.flags.writeable


@pytest.mark.parametrize(
    ("changes", "piece"),
    [
        ({"X_train": X[0]}, "X_train has shape (2,)"),
        ({"X_train": X[:0], "y_train": y[:0]}, "X_train has shape (0, 2)"),
        ({"X_test": np.array([["a", "b"]] * 2)}, "dtype <U1"),
        ({"X_test": np.array([[0, np.nan], [0, 0]])}, "nan in row 0, column 1"),
        ({"X_test": np.array([[0, 0], [1e300, 0]])}, "inf in row 1, column 0"),
        ({"y_train": y[:1]}, "2 train examples with 1 labels"),
        ({"y_train": y.astype(float)}, "dtype float64"),
        ({"y_test": y + 1}, "test labels from 1 to 2 with 2 classes"),
        ({"y_test": y - 1}, "test labels from -1 to 0"),
        ({"X_test": np.ones((2, 3))}, "2 features in the training set, 3 in the test set"),
        ({"class_names": ("a", "a")}, "2 class names, 1 of them different"),
        ({"image_shape": (2, 2)}, "images of shape (2, 2) with 2 features"),
        ({"scaling": Scaling((0, 0, 0), (1, 1, 1))}, "a scaling of 3 columns"),
    ],
)
def test_parts_that_do_not_fit_are_refused(refused, changes, piece):
    """Every part is compared with the others when the data set is made, and the message names the one at fault."""
    with refused(DataError, piece):
        build(**changes)


@pytest.mark.parametrize(
    ("low", "high", "piece"),
    [(1.0, 0.0, "minimum is above its maximum"), (-1.7e308, 1.7e308, "numbers from -1.7e+308 to 1.7e+308")],
)
def test_a_scaling_needs_a_range(refused, low, high, piece):
    """Bounds may be in the wrong order, or so far apart that their difference is no number."""
    with refused(DataError, piece):
        Scaling((0.0, low), (1.0, high))


def test_one_class_is_no_data_set(refused):
    """A network cannot tell one class from itself."""
    with refused(DataError, "a single class, 'a'; expected 2 to"):
        build(class_names=("a",), y_train=y * 0, y_test=y * 0)


def test_digits_are_the_real_ones_with_a_fixed_split():
    """The embedded digits hold 1,797 images, scaled by 16, each class in both parts in the same proportion."""
    data = load_data("digits")
    assert (data.n_features, data.n_classes, data.image_shape) == (64, 10, (8, 8))
    assert len(data.X_train) + len(data.X_test) == 1797
    assert data.X_train.max() == 1
    shares = np.bincount(data.y_test) / (np.bincount(data.y_test) + np.bincount(data.y_train))
    assert np.abs(shares - 0.2).max() < 0.01
    np.testing.assert_array_equal(data.X_test, load_data("digits").X_test)


def test_a_scaling_survives_json():
    """What a model file stores of a scaling brings the same one back."""
    for scaling in (Scaling(0, 255), Scaling.fit(np.array([[0.1, 3.0], [0.2, 3.0]]))):
        assert Scaling.from_dict(json.loads(json.dumps(scaling.to_dict()))) == scaling
    assert Scaling(np.float32(0), np.array(16)) == Scaling(0.0, 16.0)


def test_a_test_value_outside_the_training_range_stays_outside():
    """Nothing is clipped, and a constant column becomes 0."""
    scaling = Scaling.fit(np.array([[1.0, 5.0], [3.0, 5.0]]))
    np.testing.assert_array_equal(scaling.apply([[5.0, 7.0], [0.0, 5.0]]), np.float32([[2, 0], [-0.5, 0]]))


@given(st.lists(st.integers(0, 255), min_size=1, max_size=20))
def test_a_scaled_pixel_is_the_nearest_float32(pixels):
    """The quotient is rounded once."""
    exact = [np.float32(np.longdouble(pixel) / 255) for pixel in pixels]
    np.testing.assert_array_equal(Scaling(0, 255).apply(np.uint8([pixels]))[0], exact)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"minimum": 0},
        {"minimum": 0, "maximum": 1, "more": 2},
        {"minimum": "0", "maximum": "1"},
        {"minimum": None, "maximum": 1},
        {"minimum": True, "maximum": 2},
        {"minimum": 0, "maximum": float("nan")},
        {"minimum": 0, "maximum": 10**400},
        {"minimum": 1, "maximum": 0},
        {"minimum": [0, 0], "maximum": [1]},
        {"minimum": [[0]], "maximum": [[1]]},
        {"minimum": [], "maximum": []},
        {"minimum": -1e308, "maximum": 1e308},
        [0, 1],
    ],
)
def test_a_scaling_from_a_strange_header_is_refused(refused, content):
    """A header is a stranger's: whatever is not two finite bounds in order is refused."""
    with refused(DataError):
        Scaling.from_dict(content)


@pytest.mark.parametrize("rows", [np.ones(2), np.ones((1, 3)), np.ones((1, 1, 2))])
def test_rows_of_another_width_are_refused(refused, rows):
    """A scaling of two columns takes rows of two columns."""
    with refused(ShapeError):
        Scaling((0, 0), (1, 1)).apply(rows)
