"""The contract of scikit-learn's estimators: every check that it generates, and none is excused."""

from functools import partial
from typing import Any

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import estimator_checks_generator

from handgrad import MLPClassifier, MLPRegressor

# What parametrize_with_checks does; that of scikit-learn 1.7 hands a generator to pytest, which warns of it.
CHECKS = [pair for estimator in (MLPClassifier(), MLPRegressor()) for pair in estimator_checks_generator(estimator)]


def words(value: Any) -> str:
    """Name an estimator, or a check with its settings."""
    if isinstance(value, BaseEstimator):
        return type(value).__name__
    settings = [f"{name}={given}" for name, given in value.keywords.items()] if isinstance(value, partial) else []
    return "-".join([getattr(value, "func", value).__name__, *settings])


def test_there_are_many() -> None:
    """More than fifty for each of the two."""
    assert len(CHECKS) > 100


@pytest.mark.filterwarnings("ignore")  # the checks provoke warnings
@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=words)
def test_estimators_keep_the_contract(estimator: Any, check: Any) -> None:
    """Each generated check passes with the parameters' defaults."""
    check(estimator)
