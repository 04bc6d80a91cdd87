"""The faces that scikit-learn's users know: estimators with its parameters, trained by our engine."""

from handgrad.estimator.classifier import MLPClassifier
from handgrad.estimator.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
