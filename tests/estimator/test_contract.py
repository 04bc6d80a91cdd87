"""The contract of scikit-learn's estimators: every check that it generates, and none is excused."""

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from handgrad import MLPClassifier, MLPRegressor


@pytest.mark.filterwarnings("ignore")  # the checks provoke warnings
@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
def test_estimators_keep_the_contract(estimator: Any, check: Any) -> None:
    """Each generated check passes with the parameters' defaults."""
    check(estimator)
