"""Trainings at the same time, in threads and in processes of every kind, give the bits that each gives alone."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import BaseContext

import numpy as np
import pytest
from joblib import Parallel, delayed
from sampling import sampled

from handgrad.network import MLP
from handgrad.training import Examples, Record, TrainingSettings, TrainingState, make_predictor, train

COUNT = 10
rng = np.random.default_rng(0)
X, y = rng.normal(size=(300, 20)), rng.integers(0, 5, 300)
NETWORK = MLP((20, 16, 5), "relu")


def begun(seed: int, engine: str) -> tuple[TrainingState, Iterator[Record]]:
    """Begin a training of a moment, on two threads of the compiled engine."""
    settings = TrainingSettings(
        learning_rate=0.1, epochs=3, batch_size=16, seed=seed, engine=engine, dropout=0.1, clip=1.0, threads=2
    )
    state = TrainingState.start(NETWORK.initialise(seed=seed, dtype="float32"), settings)
    return state, train(NETWORK, state, Examples(X, y), settings=settings)


def bits(job: tuple[int, str]) -> bytes:
    """Train, and return the weights and what a predictor makes of them."""
    state, records = begun(*job)
    for _ in records:
        pass
    predict = make_predictor(NETWORK, state.parameters, job[1], rows=10**6)
    return state.parameters.vector.tobytes() + predict(X.astype(np.float32)).tobytes()


@pytest.fixture(scope="module", params=["compiled", pytest.param("numpy", marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest) -> str:
    """Give the name of an engine."""
    return str(request.param)


@pytest.fixture(scope="module")
def alone(engine: str) -> list[bytes]:
    """Give what each training gives alone."""
    results = [bits((seed, engine)) for seed in range(COUNT)]
    assert len(set(results)) == COUNT
    return results


@pytest.mark.parametrize("backend", [pytest.param("loky", marks=pytest.mark.slow), "threading", "multiprocessing"])
def test_under_joblib(backend: str, engine: str, alone: list[bytes]) -> None:
    """Ten trainings and predictions, with each of joblib's backends."""
    assert Parallel(COUNT, backend=backend)(delayed(bits)((seed, engine)) for seed in range(COUNT)) == alone


def test_in_threads(engine: str, alone: list[bytes]) -> None:
    """Ten trainings and predictions, each in a thread."""
    with ThreadPoolExecutor(COUNT) as pool:
        assert list(pool.map(bits, [(seed, engine) for seed in range(COUNT)])) == alone


@contextmanager
def one_process(context: BaseContext) -> Iterator[Callable[[tuple[int, str]], bytes]]:
    """Run something in a process that is started in a certain way."""
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        yield lambda job: pool.submit(bits, job).result(timeout=120)


@pytest.mark.parametrize("method", sampled(multiprocessing.get_all_start_methods(), 2))
def test_in_a_process_that_is_started_in_the_middle_of_a_training(method: str, engine: str, alone: list[bytes]) -> None:
    """Neither the new process nor the training in the old one notices the other; forks after a training as well."""
    state, records = begun(0, engine)
    next(records)
    for _ in range(2):
        with one_process(multiprocessing.get_context(method)) as run:
            assert run((1, engine)) == alone[1]
        for _ in records:
            pass
        assert alone[0].startswith(state.parameters.vector.tobytes())
