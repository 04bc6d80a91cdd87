import numpy as np
import pytest
from crafted import four_arrays

from handgrad.data.arrays.raw import dataset_from_raw, examples, labels, name_classes
from handgrad.data.dataset import Scaling
from handgrad.data.ranges import find_scaling, recognise
from handgrad.data.splits import split_examples, stratified_split
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


@pytest.mark.parametrize(("factor", "offset"), [(1, 0), (1 / 255, -0.1307 / 0.3081), (2 / 255, -1), (257, 0)])
def test_images_in_any_other_range_have_one_range_for_all_pixels(factor, offset):
    """Standardised images, -1..1 and 16-bit pixels become the same numbers as their bytes."""
    X_train, y_train, X_test, y_test = four_arrays(flat=False)
    X_train[0, 0, 0] = X_test[0, 0, 0] = 0
    scaled = [X.astype(np.float64) * factor + offset for X in (X_train, X_test)]
    data = dataset_from_raw("set", (scaled[0], y_train, scaled[1], y_test))
    np.testing.assert_allclose(data.X_train, X_train.reshape(30, -1) / 255, atol=1e-6)
    np.testing.assert_allclose(data.X_test, X_test.reshape(11, -1) / 255, atol=1e-6)


def test_rows_in_another_range_are_scaled_column_by_column():
    """Measurements are scaled as those of a table, by the training set's ranges."""
    X = np.array([[1000.0, -3.0, 7.0], [3000.0, 5.0, 7.0]])
    data = dataset_from_raw("set", (X, np.arange(2), X[:1] + 500, np.arange(1)))
    assert data.X_train.tolist() == [[0, 0, 0], [1, 1, 0]]
    assert data.scaling == Scaling.fit(X)
    assert data.X_test[0, 0] == 0.25


@pytest.mark.parametrize(
    ("train", "test"), [((0, 255), (0, 1)), ((0, 1), (0, 255)), ((-0.4, 2.8), (0, 255)), ((0, 16), (0, 255))]
)
def test_parts_scaled_differently_are_refused(refused, train, test):
    """A training set in 0..255 with a test set in 0..1 is a mistake."""
    with refused(DataError, f"up to {train[1]} in the training set, up to {test[1]} in the test set"):
        find_scaling(np.array([train]), np.array([test]))


MODEL_AND_ROWS = [
    ((0, 255), (0, 255), (0, 255)),
    ((0, 255), (0, 90), (0, 255)),
    ((0, 255), (0, 1), (0, 1)),
    ((0, 255), (0, 0), (0, 255)),
    ((0, 1), (0, 1), (0, 1)),
    ((0, 1), (0, 255), (0, 255)),
    ((0, 16), (0, 16), (0, 16)),
    ((0, 16), (0, 1), (0, 1)),
    ((0, 16), (0, 255), (0, 255)),
    ((-0.42, 2.82), (-0.42, 2.5), (-0.42, 2.82)),
    ((-0.42, 2.82), (0, 1), (0, 1)),
    ((-0.42, 2.82), (0, 255), (0, 255)),
    ((-1, 1), (-1, 1), (-1, 1)),
    ((-1, 1), (0, 1), (0, 1)),
    ((0, 65535), (0, 65535), (0, 65535)),
    ((0, 65535), (0, 255), (0, 255)),
]


@pytest.mark.parametrize(("model", "rows", "used"), MODEL_AND_ROWS)
def test_new_images_in_another_range_are_recognised(model, rows, used):
    """Rows in 0..1 or 0..255 are scaled by their own range, with a note, and others by the model's."""
    scaling, notes = recognise(np.array([rows], float), Scaling(*model), True, "rows.npy")
    assert scaling == Scaling(*used)
    assert bool(notes) == (model != used)


@pytest.mark.parametrize(
    ("model", "rows"),
    [
        ((0, 255), (0, 1 / 255)), ((0, 255), (0, 16)), ((0, 255), (-0.4, 2.8)), ((0, 255), (0, 65535)),
        ((0, 1), (0, 16)), ((0, 1), (0, 1 / 255)), ((0, 1), (-0.4, 2.8)),
        ((0, 16), (-0.4, 0.9)), ((0, 16), (-1, 3)), ((0, 16), (0, 65535)), ((-1, 1), (0, 16)),
    ],
)  # fmt: skip
def test_new_images_in_a_range_that_cannot_be_told_are_refused(refused, model, rows):
    """Rows that would be scaled twice, or not at all, are not classified."""
    with refused(
        DataError, f"rows.npy: values from {rows[0]:g} to {rows[1]:g}; expected {model[0]}..{model[1]}, as in"
    ):
        recognise(np.array([rows], float), Scaling(*model), True, "rows.npy")


def test_new_rows_of_a_table_may_exceed_its_ranges_but_not_by_far(refused):
    """Values somewhat outside are normal, one column far outside is noted; most of them so are other units."""
    scaling = Scaling((0, 0, 1000), (1, 1, 1001))
    assert recognise(np.array([[1.5, -0.5, 1000.5]]), scaling, False, "rows.npy") == (scaling, ())
    assert recognise(np.array([[3000.0, 0, 1000]]), scaling, False, "rows.npy") == (
        scaling,
        ("far from the values of the training set: feature 1 (3000; in the training set 0 to 1)",),
    )
    with refused(DataError, "rows.npy: values from 400 to 400 in feature 1", "about 0 to 1"):
        recognise(np.array([[400.0, 700.0, 1000.0]]), scaling, False, "rows.npy")


def test_without_a_test_set_a_fifth_becomes_one():
    """The split is that of tables, and noted; 70,000 images are split as MNIST is."""
    X_train, y_train, _, _ = four_arrays()
    data = dataset_from_raw("set", (X_train, y_train, None, None))
    train, test = stratified_split(y_train)
    assert data.y_train.tolist() == y_train[train].tolist()
    np.testing.assert_array_equal(data.X_test * np.float32(255), X_train[test])
    assert "no test set: a fifth of each class is the test set" in data.notes
    train, test, _ = split_examples(np.zeros(70_000, int), 784)
    assert (train[-1], test[0], len(test)) == (59_999, 60_000, 10_000)


@pytest.mark.parametrize("axis", [1, 3])
def test_an_axis_of_one_colour_is_dropped(axis):
    """(n, 28, 28, 1) and (n, 1, 28, 28) are images of 28x28."""
    X_train, y_train, X_test, y_test = four_arrays(flat=False)
    data = dataset_from_raw("set", (np.expand_dims(X_train, axis), y_train, np.expand_dims(X_test, axis), y_test))
    assert data.image_shape == (28, 28)
    np.testing.assert_array_equal(data.X_test, dataset_from_raw("set", (X_train, y_train, X_test, y_test)).X_test)


@pytest.mark.parametrize(("shape", "axis"), [((2, 8, 8, 3), 3), ((2, 3, 8, 8), 1)])
def test_colour_images_are_refused_with_the_conversion(refused, shape, axis):
    """The message gives the line that makes them grey."""
    with refused(DataError, "which are colour images", f"Convert them with X.mean(axis={axis})"):
        examples(np.zeros(shape), "training")


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
        np.array([0, 1], dtype=object),
        np.zeros((2, 2, 2)),
        np.array(3),
        np.zeros((2, 0)),
    ],
)
def test_labels_that_are_no_classes_are_refused(refused, y):
    """Probabilities, fractions, negative and huge numbers, objects and other shapes are not guessed at."""
    with refused(DataError, "labels"):
        labels(y, "training")


@pytest.mark.parametrize(
    "y", [np.array(["7", "0", "9"]), np.array([b"7", b"0", b"9"]), np.array(["7.0", "0.0", "9.0"])]
)
def test_digits_written_as_words_are_numbers(y):
    """As OpenML's labels are."""
    assert labels(np.array(y), "training").tolist() == [7, 0, 9]


def test_words_name_the_classes_in_alphabetical_order():
    """The same in both sets, even if a word occurs in the training set only."""
    words = labels(np.array([["b"], ["a"], ["c"]]), "training"), labels(np.array([b"c ", b"a"]), "test")
    names, (train, test), _ = name_classes(words, None)
    assert (names, train.tolist(), test.tolist()) == (("a", "b", "c"), [1, 0, 2], [2, 0])
    names, (train, test), _ = name_classes(words, ("c", "b", "a"))
    assert (names, train.tolist(), test.tolist()) == (("c", "b", "a"), [1, 2, 0], [0, 2])


def test_words_in_one_set_only_are_refused(refused):
    """Nothing says which word a number stands for."""
    with refused(DataError, "words as labels in one set, numbers in the other"):
        name_classes((np.array(["a", "b"]), np.array([0, 1])), None)


def test_labels_that_do_not_start_at_0_name_the_classes():
    """Labels 1 to 10 are ten classes with these names, and not eleven."""
    names, (train, test), notes = name_classes((np.arange(1, 11), np.array([10, 1])), None)
    assert (names, train.tolist(), test.tolist()) == (tuple(map(str, range(1, 11))), list(range(10)), [9, 0])
    assert notes == ("the labels 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 name the classes",)
    assert name_classes((np.array([8, 3]),), None)[:2][0] == ("3", "8")


def test_a_class_without_training_examples_is_noted():
    """Labels from 0 may leave a gap, which is said."""
    names, _, notes = name_classes((np.array([0, 2]), np.array([2])), None)
    assert (names, notes) == (tuple("012"), ("no training example of class 1",))


@pytest.mark.parametrize(("train", "test"), [([0, 2], [3]), ([3, 4], [3, 5]), (["one", "zero"], ["Zero"])])
def test_a_class_that_only_the_test_set_has_is_refused(train, test, refused):
    """Nothing could be learnt of it, whether classes are numbers or words."""
    with refused(DataError, f"the test set has the label {test[-1]}, which the training set does not have"):
        name_classes((np.array(train), np.array(test)), None)


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
