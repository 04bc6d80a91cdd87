"""Engines: what computes the steps of a training, and the choice between them."""

from handgrad.training.engines.choice import make_engine, make_predictor, pick_engine
from handgrad.training.engines.protocol import BatchGradient, Engine, SpanLog
from handgrad.training.engines.reference import evaluate

__all__ = ["BatchGradient", "Engine", "SpanLog", "evaluate", "make_engine", "make_predictor", "pick_engine"]
