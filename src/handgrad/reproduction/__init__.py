"""The exercise notebook's two experiments on MNIST, and a comparison with the figures that it printed."""

from handgrad.reproduction.bands import Band, load_bands
from handgrad.reproduction.experiments import EXPERIMENTS, NETWORK, Experiment, run
from handgrad.reproduction.report import Row, compare, reproduce

__all__ = ["EXPERIMENTS", "NETWORK", "Band", "Experiment", "Row", "compare", "load_bands", "reproduce", "run"]
