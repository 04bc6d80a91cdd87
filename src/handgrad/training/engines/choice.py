"""Which engine computes the steps of a training: the compiled one where it pays, else NumPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import SettingError
from handgrad.network.mlp import MLP
from handgrad.network.parameters import Parameters
from handgrad.training.engines.protocol import Engine
from handgrad.training.engines.reference import NumpyEngine
from handgrad.training.examples import Examples
from handgrad.training.settings import Engine as EngineName
from handgrad.training.settings import TrainingSettings

# Multiplications and additions of a whole training below which loading the compiled code costs more than it gains.
WORTH_IT = 2e11
# The same of one step, below which a second core gains little, and loses where other work wants that core.
SMALL_STEP = 1e8


def pick_engine(network: MLP, parameters: Parameters, n: int, settings: TrainingSettings) -> tuple[str, str | None]:
    """Say which engine a training gets, and why not the compiled one where that is worth a word.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
    n : int
        Number of examples.
    settings : TrainingSettings

    Returns
    -------
    name : {"numpy", "compiled"}
    reason : str or None

    Raises
    ------
    SettingError
        If the compiled engine was asked for and cannot be had.

    Examples
    --------
    >>> network = MLP((4, 8, 3))
    >>> pick_engine(network, network.initialise(), 100, TrainingSettings())
    ('numpy', None)
    """
    if settings.engine == "numpy":
        return "numpy", None
    work = 6.0 * network.parameter_count * n * settings.epochs
    if settings.engine == "auto" and work < WORTH_IT:
        return "numpy", None
    missing = _what_is_missing(network, parameters, settings)
    if missing is None:
        return "compiled", None
    if settings.engine == "compiled":
        raise _unsupported(missing)
    return "numpy", f"the NumPy engine computes, since {missing}"


def _unsupported(missing: str) -> SettingError:
    """Describe what the compiled engine was asked for in vain."""
    return SettingError(f"engine is 'compiled', but {missing}", "what it supports", "set engine to 'numpy' or 'auto'")


def _what_is_missing(network: MLP, parameters: Parameters, settings: TrainingSettings | None = None) -> str | None:
    """Say what stands in the way of compiled code, if anything."""
    if parameters.vector.dtype not in (np.float32, np.float64):
        return f"the parameters are {parameters.vector.dtype}"
    for module in ("numba", "joblib"):
        try:
            import_module(module)
        except ImportError:
            return f"{module} cannot be imported"
    from handgrad.training.engines.arrays import unsupported

    return unsupported(network, settings)


def make_engine(network: MLP, parameters: Parameters, examples: Examples, settings: TrainingSettings) -> Engine:
    """Make the engine that :func:`pick_engine` names."""
    name, _ = pick_engine(network, parameters, len(examples), settings)
    batch = len(examples) if settings.full_batch else min(settings.batch_size, len(examples))
    threads = settings.threads
    if threads is None and 6 * network.parameter_count * batch < SMALL_STEP:
        threads = 1
    if name == "numpy":
        return NumpyEngine(network, parameters, examples, settings, threads)
    from handgrad.training.engines.compiled import CompiledEngine

    return CompiledEngine(network, parameters, examples, settings, threads)


def make_predictor(
    network: MLP, parameters: Parameters, engine: EngineName = "auto", threads: int | None = None
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Make a function that computes what the network's outputs mean, as ``MLP.predict`` does: for many calls.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
        What is changed in them later is seen by later calls.
    engine : {"auto", "numpy", "compiled"}, default "auto"
        auto takes compiled code where it can be had; the first use in a process loads it, and the very first compiles.
    threads : int, optional
        Of compiled code: by default as many as the process has cores.

    Returns
    -------
    predict : callable
        From rows (n, d) to probabilities of classes or answers, or numbers as they are, (n, k). It is not to be called
        from two threads at once.

    Raises
    ------
    SettingError
        If compiled code was asked for and cannot be had.

    Examples
    --------
    >>> predict = make_predictor(MLP((2, 2)), Parameters((2, 2)), engine="numpy")
    >>> predict(np.ones((1, 2)))
    array([[0.5, 0.5]])
    """
    missing = _what_is_missing(network, parameters)
    if engine == "compiled" and missing is not None:
        raise _unsupported(missing)
    if engine == "numpy" or missing is not None:
        return partial(network.predict, parameters)
    from handgrad.training.engines.compiled import Predictor

    return Predictor(network, parameters, threads)
