"""handgrad: fully connected networks whose gradients are derived by hand.

Start with ``handgrad.handout`` (the exercise, equation by equation), then ``handgrad.network.mlp`` (any depth).
Everything is imported when it is first asked for, so that ``import handgrad`` costs next to nothing.
"""

from typing import TYPE_CHECKING

from handgrad.lazy import on_demand as _on_demand

__version__ = "0.1.0"

# Where each public name lives.
_HOMES = {
    "MLP": "handgrad.network",
    "MLPClassifier": "handgrad.estimator",
    "MLPRegressor": "handgrad.estimator",
    "Dataset": "handgrad.data",
    "Examples": "handgrad.training",
    "HandgradError": "handgrad.errors",
    "Parameters": "handgrad.network",
    "Record": "handgrad.training",
    "TrainingSettings": "handgrad.training",
    "TrainingState": "handgrad.training",
    "gradcheck": "handgrad.network",
    "load_data": "handgrad.data",
    "load_model": "handgrad.model",
    "save_model": "handgrad.model",
    "train": "handgrad.training",
}

__all__ = [
    "MLP",
    "Dataset",
    "Examples",
    "HandgradError",
    "MLPClassifier",
    "MLPRegressor",
    "Parameters",
    "Record",
    "TrainingSettings",
    "TrainingState",
    "__version__",
    "gradcheck",
    "load_data",
    "load_model",
    "save_model",
    "train",
]

if TYPE_CHECKING:
    from handgrad.data import Dataset, load_data
    from handgrad.errors import HandgradError
    from handgrad.estimator import MLPClassifier, MLPRegressor
    from handgrad.model import load_model, save_model
    from handgrad.network import MLP, Parameters, gradcheck
    from handgrad.training import Examples, Record, TrainingSettings, TrainingState, train

__getattr__, __dir__ = _on_demand(__name__, _HOMES)
