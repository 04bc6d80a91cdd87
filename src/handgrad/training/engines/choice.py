"""Which engine computes the steps of a training run: the compiled one where it pays off, otherwise NumPy."""

from __future__ import annotations

import os
import sys
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

# What compiled code saves: seconds in each step, and in each multiplication and addition. A cautious estimate: contests
# a and f (``python -m benchmarks --only a,f``) recorded 1.5 and 2.5 seconds an epoch, of which this explains one.
SAVED_BY_STEP, SAVED_BY_OPERATION = 2e-4, 5e-12
# What it costs, in seconds: an engine of code that is loaded, loading it from disk, together with numba, and compiling.
PRICES = {"loaded": 0.02, "kept": 1.0, "missing": 30.0}
NOTICEABLE = 5.0  # seconds that are worth a sentence
# What the short trainings of this process would have saved with compiled code. When that reaches the price of loading
# it, it is loaded: however many follow, this costs at most twice as much as the better of loading it at once and never
# (the ski rental problem; Karlin et al., 1988, Competitive snoopy caching).
MISSED = {"seconds": 0.0}
# Multiplications and additions of a prediction below which loading the compiled code costs more than it gains.
WORTH_IT = 2e11
# The same of one step, below which a second core gains little, and loses if other work wants that core.
SMALL_STEP = 1e8
# Multiplications of a matrix product up to which OpenBLAS itself uses one thread (its interface/gemm.c), so that nobody
# need look for it among the libraries of the process: that takes as long as fitting the iris data for fifty epochs.
TINY_PRODUCT = 2**18


def pick_engine(
    network: MLP, n: int, settings: TrainingSettings, dtype: DTypeLike, repeated: bool = False
) -> tuple[str, str | None]:
    """Choose the engine for a training run.

    Parameters
    ----------
    network : MLP
    n : int
        Number of examples.
    settings : TrainingSettings
    dtype : dtype
        That of the parameters.
    repeated : bool, default False
        Whether one training of many is meant: code that is loaded in this process is then used for a short one, too,
        and code on disk is loaded once the trainings so far would have made up for it. Otherwise it counts as on disk,
        so that the choice does not depend on what else the process has done.

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
    saved = saved_seconds(network, n, settings)
    total = saved + MISSED["seconds"] if repeated else saved
    ready = total >= PRICES["kept"] or (repeated and "handgrad.training.engines.code" in sys.modules)
    if settings.engine == "auto" and (saved < PRICES["loaded"] or not ready):
        MISSED["seconds"] += saved if repeated else 0.0
        return "numpy", None
    missing = _what_is_missing(network, dtype, settings)
    if missing is not None:
        if settings.engine == "compiled":
            raise _unsupported(missing)
        return "numpy", f"using the NumPy engine because {missing}" if saved >= PRICES["kept"] else None
    if settings.engine == "compiled":
        return "compiled", None
    from handgrad.training.engines.code import stage_of

    stage = stage_of(np.dtype(dtype).name)
    if (total if stage == "kept" else saved) >= PRICES["kept" if stage == "loaded" and not repeated else stage]:
        return "compiled", None
    found = "using the NumPy engine because compiling would take longer than it saves"
    return "numpy", f"{found}; `handgrad compile` does it once" if stage == "missing" and saved > NOTICEABLE else None


def saved_seconds(network: MLP, n: int, settings: TrainingSettings) -> float:
    """Estimate how much less time a training takes with compiled code.

    Examples
    --------
    >>> round(saved_seconds(MLP((784, 400, 400, 10)), 60000, TrainingSettings(epochs=10)), 1)
    12.4
    """
    steps = 1 if settings.full_batch else -(-n // settings.batch_size)
    operations = 6.0 * network.parameter_count * n
    return settings.epochs * (SAVED_BY_STEP * steps + SAVED_BY_OPERATION * operations)


def make_engine(
    network: MLP, examples: Examples, settings: TrainingSettings, dtype: DTypeLike, repeated: bool = False
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
    repeated : bool, default False
        As for :func:`pick_engine`.

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
    name, reason = pick_engine(network, len(examples), settings, dtype, repeated)
    batch = len(examples) if settings.full_batch else min(settings.batch_size, len(examples))
    threads, multiplications = settings.threads, network.parameter_count * batch
    left_to_blas = name == "numpy" and multiplications <= TINY_PRODUCT
    if threads is None and 6 * multiplications < SMALL_STEP and not left_to_blas:
        threads = 1
    if name == "numpy":
        return NumpyEngine(network, examples, settings, threads), reason
    from handgrad.training.engines.compiled import CompiledEngine

    return CompiledEngine(network, examples, settings, dtype, threads), reason


def _unsupported(missing: str) -> SettingError:
    """Describe a request for the compiled engine that cannot be met."""
    return SettingError(f"engine is 'compiled', but {missing}", "what it supports", "set engine to 'numpy' or 'auto'")


def why_not_compiled() -> str | None:
    """Say what stands in the way of any compiled code in this process, if anything."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return "NUMBA_DISABLE_JIT is set"
    for module in ("numba", "joblib"):
        try:
            import_module(module)
        except ImportError:
            return f"{module} cannot be imported"
    return None


def _what_is_missing(network: MLP, dtype: DTypeLike, settings: TrainingSettings | None = None) -> str | None:
    """Say what stands in the way of compiled code for a network, if anything."""
    if np.dtype(dtype) not in (np.float32, np.float64):
        return f"the parameters are {np.dtype(dtype)}"
    if (missing := why_not_compiled()) is not None:
        return missing
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
