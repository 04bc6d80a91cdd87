"""Which engine computes the steps of a training run: the compiled one where it pays off, otherwise NumPy."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handgrad.errors import SettingError
from handgrad.network.mlp import MLP
from handgrad.network.parameters import Parameters
from handgrad.training.engines.protocol import Engine
from handgrad.training.engines.reference import NumpyEngine
from handgrad.training.examples import Examples
from handgrad.training.settings import Engine as EngineName
from handgrad.training.settings import TrainingSettings

# Multiplications and additions of a whole training run below which loading the compiled code costs more than it gains.
WORTH_IT = 2e11
# The same of one step, below which a second core gains little, and loses if other work wants that core.
SMALL_STEP = 1e8


def pick_engine(network: MLP, n: int, settings: TrainingSettings, dtype: DTypeLike) -> tuple[str, str | None]:
    """Choose the engine for a training run.

    Parameters
    ----------
    network : MLP
    n : int
        Number of examples.
    settings : TrainingSettings
    dtype : dtype
        That of the parameters.

    Returns
    -------
    name : {"numpy", "compiled"}
    reason : str or None
        Why the NumPy engine was chosen, if the compiled one would have been worth it.

    Raises
    ------
    SettingError
        If the settings ask for the compiled engine and it is not available.

    Examples
    --------
    >>> pick_engine(MLP((4, 8, 3)), 100, TrainingSettings(), np.float64)
    ('numpy', None)
    """
    if settings.engine == "numpy":
        return "numpy", None
    work = 6.0 * network.parameter_count * n * settings.epochs
    if settings.engine == "auto" and work < WORTH_IT:
        return "numpy", None
    missing = _what_is_missing(network, dtype, settings)
    if missing is None:
        return "compiled", None
    if settings.engine == "compiled":
        raise _unsupported(missing)
    return "numpy", f"using the NumPy engine because {missing}"


def make_engine(
    network: MLP, examples: Examples, settings: TrainingSettings, dtype: DTypeLike
) -> tuple[Engine, str | None]:
    """Make the engine for a training run, and say why it is not the compiled one if that would have been worth it.

    Parameters
    ----------
    network : MLP
    examples : Examples
        Ones that :func:`check_examples` accepts.
    settings : TrainingSettings
    dtype : dtype
        That of the parameters.

    Returns
    -------
    engine : Engine
    reason : str or None

    Raises
    ------
    SettingError
        If the settings ask for the compiled engine and it is not available.

    Examples
    --------
    >>> examples = Examples(np.zeros((6, 4)), np.zeros(6, int))
    >>> engine, reason = make_engine(MLP((4, 8, 3)), examples, TrainingSettings(), np.float64)
    >>> engine.name, reason
    ('numpy', None)
    """
    name, reason = pick_engine(network, len(examples), settings, dtype)
    batch = len(examples) if settings.full_batch else min(settings.batch_size, len(examples))
    threads = settings.threads
    if threads is None and 6 * network.parameter_count * batch < SMALL_STEP:
        threads = 1
    if name == "numpy":
        return NumpyEngine(network, examples, settings, threads), reason
    from handgrad.training.engines.compiled import CompiledEngine

    return CompiledEngine(network, examples, settings, dtype, threads), reason


def _unsupported(missing: str) -> SettingError:
    """Describe a request for the compiled engine that cannot be met."""
    return SettingError(f"engine is 'compiled', but {missing}", "what it supports", "set engine to 'numpy' or 'auto'")


def _what_is_missing(network: MLP, dtype: DTypeLike, settings: TrainingSettings | None = None) -> str | None:
    """Say what stands in the way of compiled code, if anything."""
    if np.dtype(dtype) not in (np.float32, np.float64):
        return f"the parameters are {np.dtype(dtype)}"
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return "NUMBA_DISABLE_JIT is set"
    for module in ("numba", "joblib"):
        try:
            import_module(module)
        except ImportError:
            return f"{module} cannot be imported"
    from handgrad.training.engines.arrays import unsupported

    return unsupported(network, settings)


def make_predictor(
    network: MLP,
    parameters: Parameters,
    engine: EngineName = "auto",
    threads: int | None = None,
    rows: int | None = None,
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Make a function that computes what ``MLP.predict`` computes, for many calls.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
        Later calls see later changes to them.
    engine : {"auto", "numpy", "compiled"}, default "auto"
        auto uses compiled code if it is available; the first use in a process loads it, and the very first compiles it.
    threads : int, optional
        For compiled code; by default as many as the process has cores.
    rows : int, optional
        Number of rows to predict in all. If it is given, auto uses compiled code only if that is enough work to be
        worth loading it.

    Returns
    -------
    predict : callable
        From rows (n, d) to probabilities of classes or answers, or numbers as they are, (n, k). It must not be called
        from two threads at once.

    Raises
    ------
    SettingError
        If compiled code was asked for and is not available.

    Examples
    --------
    >>> predict = make_predictor(MLP((2, 2)), Parameters((2, 2)), engine="numpy")
    >>> predict(np.ones((1, 2)))
    array([[0.5, 0.5]])
    """
    few = engine == "auto" and rows is not None and 2.0 * network.parameter_count * rows < WORTH_IT
    if engine == "numpy" or few:
        return partial(network.predict, parameters)
    missing = _what_is_missing(network, parameters.vector.dtype)
    if missing is not None:
        if engine == "compiled":
            raise _unsupported(missing)
        return partial(network.predict, parameters)
    from handgrad.training.engines.compiled import Predictor

    return Predictor(network, parameters, threads)
