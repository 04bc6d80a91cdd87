"""Measures of classification, compared with scikit-learn."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from handgrad.training import confusion_counts, correct, recalls


@st.composite
def judged(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels of 1 to 50 rows and 2 to 6 classes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, k = draw(st.integers(1, 50)), draw(st.integers(2, 6))
    return rng.standard_normal((n, k)), rng.integers(0, k, n)


@given(drawn=judged())
def test_right_classes_are_counted_as_scikit_learn_does(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """The count of rows whose largest logit is the true class is scikit-learn's."""
    logits, y = drawn
    assert correct(logits, y) == accuracy_score(y, logits.argmax(axis=1), normalize=False)


@given(drawn=judged())
def test_right_answers_are_counted_as_scikit_learn_does(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """A row of yes-or-no answers is right if every logit has its answer's sign: scikit-learn's subset accuracy."""
    logits, _ = drawn
    Y = np.random.default_rng(0).integers(0, 2, logits.shape)
    Y[::2] = logits[::2] > 0
    assert correct(logits, Y) == accuracy_score(Y, (logits > 0).astype(int), normalize=False)


@given(drawn=judged())
def test_one_output_is_a_yes_or_no_question(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """With one output, answers may come as (n,) or (n, 1)."""
    logits, y = drawn[0][:, :1], drawn[1] % 2
    wanted = accuracy_score(y, logits[:, 0] > 0, normalize=False)
    assert correct(logits, y) == correct(logits, y[:, None]) == wanted


@given(drawn=judged())
def test_confusion_is_scikit_learns(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """True classes are rows and predictions columns, including classes that never occur."""
    logits, y = drawn
    k = logits.shape[1] + 1
    predicted = logits.argmax(axis=1)
    np.testing.assert_array_equal(
        confusion_counts(predicted, y, k), confusion_matrix(y, predicted, labels=list(range(k)))
    )


@given(drawn=judged())
def test_recalls_are_those_of_scikit_learn(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """Each class's recall is scikit-learn's, and NaN where there are no examples."""
    logits, y = drawn
    k = logits.shape[1]
    theirs = recall_score(y, logits.argmax(axis=1), labels=np.arange(k), average=None, zero_division=np.nan)
    np.testing.assert_array_equal(recalls(logits.argmax(axis=1), y, k), theirs)
