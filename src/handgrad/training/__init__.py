"""Training: optimizers, schedules, batches, metrics and the loop that yields records."""

from handgrad.training.batches import dropout_keys, dropout_masks, epoch_order
from handgrad.training.engines import BatchGradient, Engine, SpanLog, evaluate, make_engine, make_predictor
from handgrad.training.examples import Examples, check_examples
from handgrad.training.health import LayerHealth, gradient_norms, layer_health, some_examples
from handgrad.training.loop import Record, steps_per_epoch, train, train_in_spans
from handgrad.training.metrics import confusion_counts, correct, recalls
from handgrad.training.optimizers import (
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    Lion,
    Momentum,
    Muon,
    Nesterov,
    Optimizer,
    RMSprop,
)
from handgrad.training.schedules import (
    SCHEDULES,
    constant,
    cosine,
    inverse_scaling,
    one_cycle,
    step_decay,
)
from handgrad.training.settings import TrainingSettings
from handgrad.training.state import TrainingState
from handgrad.training.weights import balanced_weights

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adam",
    "AdamW",
    "BatchGradient",
    "Engine",
    "Examples",
    "LayerHealth",
    "Lion",
    "Momentum",
    "Muon",
    "Nesterov",
    "Optimizer",
    "RMSprop",
    "Record",
    "SpanLog",
    "TrainingSettings",
    "TrainingState",
    "balanced_weights",
    "check_examples",
    "confusion_counts",
    "constant",
    "correct",
    "cosine",
    "dropout_keys",
    "dropout_masks",
    "epoch_order",
    "evaluate",
    "gradient_norms",
    "inverse_scaling",
    "layer_health",
    "make_engine",
    "make_predictor",
    "one_cycle",
    "recalls",
    "some_examples",
    "step_decay",
    "steps_per_epoch",
    "train",
    "train_in_spans",
]
