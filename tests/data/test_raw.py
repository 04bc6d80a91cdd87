import numpy as np
import pytest
from crafted import four_arrays

from handgrad.data.raw import count_classes, dataset_from_raw, labels, pixel_scaling
from handgrad.errors import DataError


@pytest.mark.parametrize("dtype", ["u1", "i2", "i8", "f2", "f4", "f8", ">f8", "u8"])
def test_pixels_of_any_type_are_divided_by_255(dtype):
    """Bytes, wider integers and floating-point numbers in 0..255 give the same data, and the assumption is noted."""
    X_train, y_train, X_test, y_test = four_arrays()
    data = dataset_from_raw("set", (X_train.astype(dtype), y_train, X_test.astype(dtype), y_test))
    np.testing.assert_array_equal(data.X_train, X_train.astype(np.float32) / np.float32(255))
    assert data.notes[0] == "values taken as pixels 0..255: the largest is 255"


def test_values_scaled_already_are_kept():
    """Values in 0..1 are not divided again, and the assumption is noted."""
    X_train, y_train, X_test, y_test = four_arrays()
    data = dataset_from_raw("set", (X_train / 255, y_train, X_test / 255, y_test))
    np.testing.assert_array_equal(data.X_train, (X_train / 255).astype(np.float32))
    assert data.notes[0] == "values taken as already scaled to 0..1: the largest is 1"


@pytest.mark.parametrize(("low", "high"), [(0, 16), (0, 1.5), (-1, 1), (0, 256), (-3, 255), (0, 65535)])
def test_values_that_may_mean_either_are_refused(refused, low, high):
    """0..16, standardised values and 16-bit pixels are neither 0..1 nor 0..255; no factor is guessed."""
    X = np.array([[low, high]])
    with refused(DataError, f"training values from {low} to {high}"):
        pixel_scaling(X, X)


def test_parts_scaled_differently_are_refused(refused):
    """A training part in 0..255 with a test part in 0..1 is a mistake."""
    with refused(DataError, "up to 255 in the training set, up to 1 in the test set"):
        pixel_scaling(np.array([[255.0]]), np.array([[1.0]]))


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", ">i4", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_labels_of_any_width(dtype, shape):
    """Whole numbers of any type, flat or in one column, are labels."""
    y = labels(np.arange(10).astype(dtype).reshape(shape), "test")
    assert y.dtype == np.int64
    assert y.tolist() == list(range(10))


@pytest.mark.parametrize("dtype", ["u1", "i8", "f4", "?"])
def test_one_hot_labels_are_read_exactly(dtype):
    """A single 1 among zeros names its class."""
    assert labels(np.eye(4, dtype=dtype)[[3, 0, 2]], "test").tolist() == [3, 0, 2]


@pytest.mark.parametrize(
    "y",
    [
        np.array([[0.9, 0.1], [0, 1]]),
        np.array([[1, 1], [0, 1]]),
        np.array([[0, 0], [0, 1]]),
        np.array([[2, -1], [0, 1]]),
        np.array([0.5, 1]),
        np.array([np.nan, 1]),
        np.array([-1, 0]),
        np.array([0, 2**40]),
        np.array(["0", "1"]),
        np.array([0, 1], dtype=object),
        np.zeros((2, 2, 2)),
        np.array(3),
        np.zeros((2, 0)),
    ],
)
def test_labels_that_are_no_classes_are_refused(refused, y):
    """Probabilities, fractions, negative and huge numbers, words, objects and other shapes are not guessed at."""
    with refused(DataError, "labels"):
        labels(y, "training")


def test_labels_from_1_are_refused(refused):
    """Labels 1 to 10 would silently become eleven classes."""
    with refused(DataError, "training labels from 1 to 10, none of them 0", "Subtract the smallest label"):
        count_classes(np.arange(1, 11), np.arange(1, 11))


def test_a_class_without_training_examples_is_noted():
    """Labels may leave a gap, which is said."""
    assert count_classes(np.array([0, 2]), np.array([3])) == (tuple("0123"), ("no training example of class 1, 3",))


def test_a_known_number_of_classes_binds_the_labels(refused):
    """Labels from 1 to 10 of a set of ten named classes are refused too."""
    X_train, y_train, X_test, y_test = four_arrays()
    with refused(DataError, "train labels from 1 to 10 with 10 classes"):
        dataset_from_raw("set", (X_train, y_train + 1, X_test, y_test + 1), tuple("0123456789"))


def test_parts_of_different_shapes_are_refused(refused):
    """A training part of 28x28 does not go with a test part of 8x8."""
    X_train, y_train, X_test, y_test = four_arrays()
    with refused(DataError, "training examples of shape (784,), test examples of shape (64,)"):
        dataset_from_raw("set", (X_train, y_train, X_test[:, :64], y_test))
