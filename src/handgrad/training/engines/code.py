"""What compiled code there is: loaded in this process, kept on disk, or still to be compiled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from handgrad.compiled.inference import evaluate_rows, predict_rows
from handgrad.compiled.runtime import compile_for, signatures_kept
from handgrad.compiled.step import train_span
from handgrad.network.mlp import MLP
from handgrad.training.engines.compiled import CompiledEngine
from handgrad.training.examples import Examples
from handgrad.training.settings import TrainingSettings

Stage = Literal["loaded", "kept", "missing"]
WHAT = {"training": train_span, "evaluation": evaluate_rows, "prediction": predict_rows}


def stage_of(dtype: str) -> Stage:
    """Say where the code that trains in float32 or float64 is."""
    if dtype in map(_dtype_of, train_span.overloads):
        return "loaded"
    return "kept" if dtype in map(_dtype_of, signatures_kept(train_span)) else "missing"


def _dtype_of(signature: Any) -> str:
    """Return the type of the parameters, the first field of the context, in a signature of ``train_span``."""
    return str(signature[0].types[0].dtype)


def compile_all(dtype: str) -> Iterator[str]:
    """Compile, or load, all code for float32 or float64, and name each part before it is done.

    Yields
    ------
    str
        Such as "training".
    """
    network, examples = MLP((1, 1, 2)), Examples(np.zeros((2, 1)), np.array([0, 1]))
    engine = CompiledEngine(network, examples, TrainingSettings(), np.dtype(dtype), threads=1)
    for name, arguments in engine.arguments().items():  # their types do not depend on the network
        yield name
        compile_for(WHAT[name], arguments)
