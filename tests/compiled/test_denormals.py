"""Numbers below the smallest normal one count as zero in compiled code, and nowhere else."""

import numpy as np
import pytest

from handgrad.network import MLP
from handgrad.training import Examples, TrainingSettings, TrainingState, make_predictor, train

numba = pytest.importorskip("numba", reason="numba is not installed")
denormals = pytest.importorskip("handgrad.compiled.runtime")

TINY = np.finfo(np.float32).smallest_normal
NETWORK = MLP((2, 1), loss="squared_error")


@numba.njit
def halves(x: np.ndarray, before: np.ndarray, within: np.ndarray, after: np.ndarray) -> None:
    """Halve before, while denormals are flushed, and after."""
    for i in range(x.size):
        before[i] = x[i] * np.float32(0.5)
    setting = denormals.flush_denormals()
    for i in range(x.size):
        within[i] = x[i] * np.float32(0.5)
    denormals.restore(setting)
    for i in range(x.size):
        after[i] = x[i] * np.float32(0.5)


@pytest.mark.skipif(not (denormals.X86 or denormals.ARM), reason="the setting of this processor is not known")
def test_what_is_too_small_is_zero_between_the_two_calls() -> None:
    """Half of the smallest normal number is zero while denormals are flushed, and itself before and after."""
    x = np.array([1.0, TINY, -TINY, 2.0 * TINY], np.float32)
    before, within, after = (np.full(4, np.nan, np.float32) for _ in range(3))
    halves(x, before, within, after)
    np.testing.assert_array_equal(before, x / 2)
    np.testing.assert_array_equal(within, [0.5, 0.0, 0.0, TINY])
    np.testing.assert_array_equal(after, x / 2)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_compiled_training_and_prediction_leave_the_caller_its_setting(n_threads: int) -> None:
    """After a compiled training and prediction, whose own products are flushed, NumPy's products are not."""
    X = np.full((8, 2), TINY, np.float32)
    parameters = NETWORK.initialise(seed=0, dtype=np.float32)
    parameters.W[0][:] = 0.25
    predicted = make_predictor(NETWORK, parameters, engine="compiled")(X)
    if denormals.X86 or denormals.ARM:
        np.testing.assert_array_equal(predicted, 0.0)
    settings = TrainingSettings(epochs=1, batch_size=4, engine="compiled", threads=n_threads)
    state, examples = TrainingState.start(parameters, settings), Examples(X, np.zeros((8, 1), np.float32))
    assert list(train(NETWORK, state, examples, settings=settings))
    assert np.all(X * np.float32(0.25) > 0.0)
