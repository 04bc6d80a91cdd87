"""The compiled engine gives the same bits with any number of threads: parameters, records and evaluations."""

from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from strategies import COMPILED_ACTIVATIONS, COMPILED_LOSSES, COMPILED_OPTIMIZERS

from handgrad.network import LOSSES, MLP
from handgrad.training import Examples, TrainingSettings, TrainingState, train


@pytest.fixture(scope="module")
def compiled() -> ModuleType:
    """Give the compiled engine's module, if numba and joblib are installed."""
    for name in ("numba", "joblib"):
        pytest.importorskip(name, reason=f"{name} is not installed")
    from handgrad.training.engines import compiled

    return compiled


@dataclass(frozen=True)
class Case:
    """A training: network, examples, settings, and the rows that the engine's buffers hold."""

    network: MLP
    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None
    options: dict[str, Any]
    height: int


def case(seed: int) -> Case:
    """Draw a small training: any layers, activations, loss, optimizer, batches and options, dense or sparse inputs."""
    rng = np.random.default_rng(seed)

    def perhaps(share: float, value: Any, otherwise: Any) -> Any:
        return value if rng.random() < share else otherwise

    sizes = tuple(int(size) for size in rng.integers(1, 70, rng.integers(2, 6)))
    activations = tuple(str(name) for name in rng.choice(COMPILED_ACTIVATIONS, len(sizes) - 2))
    loss = str(rng.choice(COMPILED_LOSSES))
    kind, n, k = LOSSES[loss].targets, int(rng.integers(3, 200)), sizes[-1]
    X = rng.standard_normal((n, sizes[0])) * (rng.random((n, sizes[0])) < perhaps(0.5, 0.2, 1.0))
    if kind == "classes" or (k > 1 and rng.random() < 0.3):
        y = rng.integers(0, k, n)
    else:
        y = rng.random((n, k)) if kind == "answers" else rng.standard_normal((n, k))
    options = {
        "optimizer": str(rng.choice(COMPILED_OPTIMIZERS)),
        "learning_rate": 0.01,
        "epochs": 2,
        "batch_size": int(rng.integers(max(1, n // 12), 120)),
        "full_batch": bool(rng.random() < 0.2),
        "log_every": int(rng.integers(1, 4)),
        "clip": perhaps(0.4, float(rng.uniform(0.01, 1)), None),
        "l2": perhaps(0.4, 0.1, 0.0),
        "label_smoothing": perhaps(0.3, 0.1, 0.0) if kind != "numbers" else 0.0,
        "dropout": perhaps(0.3, 0.3, 0.0),
        "input_dropout": perhaps(0.2, 0.2, 0.0),
        "seed": seed,
    }
    weight = perhaps(0.3, rng.uniform(0, 3, n), None)
    dtype = np.float32 if seed % 2 else np.float64
    return Case(MLP(sizes, activations, loss), X.astype(dtype), y, weight, options, int(rng.choice([8, 64, 256])))


def trained(given: Case, threads: int) -> tuple[bytes, list[dict[str, Any]]]:
    """Train; return the parameters' bits and all that the records say, but for the time."""
    parameters = given.network.initialise(seed=1, dtype=given.X.dtype)
    settings = TrainingSettings(**given.options, engine="compiled", threads=threads)
    state, examples = TrainingState.start(parameters, settings), Examples(given.X, given.y, given.weight)
    tests = {"test": Examples(given.X[:17], given.y[:17])}
    records = train(given.network, state, examples, tests, settings=settings)
    told = [asdict(record) | {"train_seconds": None} for record in records]
    return parameters.vector.tobytes(), told


def assert_same_bits(seeds: range, compiled: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare one thread with two, three and five."""
    for seed in seeds:
        given = case(seed)
        monkeypatch.setattr(compiled, "ROWS", given.height)
        vector, told = trained(given, 1)
        for threads in (2, 3, 5):
            again, retold = trained(given, threads)
            assert again == vector, (seed, threads)
            assert retold == told, (seed, threads)


def test_any_number_of_threads_gives_the_same_bits(compiled: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve random trainings end at the same parameters and report the same figures with 1, 2, 3 and 5 threads."""
    assert_same_bits(range(12), compiled, monkeypatch)


@pytest.mark.slow
def test_any_number_of_threads_gives_the_same_bits_at_length(
    compiled: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five hundred more random trainings, with every option, do so too."""
    assert_same_bits(range(12, 512), compiled, monkeypatch)


def taken(given: Case, threads: int, compiled: ModuleType, by_halves: bool) -> tuple[bytes, bytes, list[Any]]:
    """Take an epoch's steps in one span, or each as a gradient and an update; return parameters, slots and figures."""
    settings = TrainingSettings(**given.options, engine="compiled")
    examples = Examples(given.X, given.y, given.weight)
    engine = compiled.CompiledEngine(given.network, examples, settings, given.X.dtype, threads)
    state = TrainingState.start(given.network.initialise(seed=1, dtype=given.X.dtype), settings)
    size = len(examples) if settings.full_batch else settings.batch_size
    order = np.random.default_rng(0).permutation(len(examples))
    figures = []
    for begin in range(0, len(order), size):
        rows, rate = order[begin : begin + size], 0.01 / (1 + begin)
        if by_halves:
            before = state.parameters.vector.copy()
            batch = engine.gradient(state, rows)
            np.testing.assert_array_equal(state.parameters.vector, before)
            norm = engine.update(state, batch.gradient, rate)
            figures.append((batch.loss, batch.accuracy, norm))
        else:
            log = engine.run_span(state, rows, np.array([len(rows)]), [rate])
            figures.append((log.losses[0], log.accuracy, log.gradient_norm))
    if not by_halves:  # and all steps in one call
        whole = TrainingState.start(given.network.initialise(seed=1, dtype=given.X.dtype), settings)
        ends = np.minimum(np.arange(size, len(order) + size, size), len(order))
        engine.run_span(whole, order, ends, [0.01 / (1 + begin) for begin in range(0, len(order), size)])
        np.testing.assert_array_equal(whole.parameters.vector, state.parameters.vector)
        np.testing.assert_array_equal(whole.slots, state.slots)
    assert state.step == len(figures)
    return state.parameters.vector.tobytes(), state.slots.tobytes(), figures


def assert_halves_agree(seeds: range, compiled: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare spans with single steps by halves, on one, two and three threads."""
    for seed in seeds:
        given = case(seed)
        monkeypatch.setattr(compiled, "ROWS", given.height)
        wanted = taken(given, 1, compiled, by_halves=False)
        for threads in (1, 2, 3):
            assert taken(given, threads, compiled, by_halves=True) == wanted, (seed, threads)


def test_a_gradient_and_an_update_are_a_step(compiled: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty random trainings take the same steps, to the bit, in one span and each as a gradient and an update."""
    assert_halves_agree(range(30), compiled, monkeypatch)


@pytest.mark.slow
def test_a_gradient_and_an_update_are_a_step_at_length(compiled: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five hundred more random trainings, with every option, do so too."""
    assert_halves_agree(range(30, 530), compiled, monkeypatch)
