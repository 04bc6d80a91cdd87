"""The loop: which records come when, what an epoch is, stopping, randomness and threads."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from handgrad.errors import DivergenceError, SettingError, ShapeError
from handgrad.network import MLP
from handgrad.training import (
    Examples,
    Record,
    TrainingSettings,
    TrainingState,
    cosine,
    epoch_order,
    steps_per_epoch,
    train,
)

NETWORK = MLP((4, 8, 3))


def toy(n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Draw examples of four inputs whose class is the largest of three of them."""
    X = np.random.default_rng(0).standard_normal((n, 4))
    return X, X[:, :3].argmax(axis=1)


def trained(seed: int = 0, **settings: Any) -> np.ndarray:
    """Train on the toy problem and return the final parameters."""
    parameters = NETWORK.initialise(seed=9)
    chosen = TrainingSettings(seed=seed, **settings)
    for _ in train(NETWORK, TrainingState.start(parameters, chosen), Examples(*toy()), settings=chosen):
        pass
    return parameters.vector


# Records


def test_records_come_in_order_with_their_step_epoch_and_rate() -> None:
    """Evaluations come before each epoch that is due and at the end; batches are counted anew in each epoch."""
    settings = TrainingSettings(
        learning_rate=0.2, schedule="cosine", epochs=3, batch_size=4, evaluate_every=2, log_every=2
    )
    X, y = toy(10)
    records = list(
        train(
            NETWORK,
            TrainingState.start(NETWORK.initialise(), settings),
            Examples(X, y),
            {"test": Examples(X, y)},
            settings=settings,
        )
    )
    assert [(record.kind[0], record.epoch, record.step) for record in records] == [
        ("e", 0, 0),
        ("b", 0, 0),
        ("b", 0, 2),
        ("b", 1, 3),
        ("b", 1, 5),
        ("e", 2, 6),
        ("b", 2, 6),
        ("b", 2, 8),
        ("e", 3, 9),
    ]
    assert [record.learning_rate for record in records] == [cosine(min(record.step, 8), 9, 0.2) for record in records]


@pytest.mark.parametrize("with_test", [False, True])
def test_a_record_has_the_figures_of_its_kind(with_test: bool) -> None:
    """Evaluations have figures for each set, batch records for their batch, and the training time never decreases."""
    X, y = toy()
    tests = {"test": Examples(X, y)} if with_test else None
    settings = TrainingSettings(epochs=2, log_every=1)
    state = TrainingState.start(NETWORK.initialise(), settings)
    records = list(train(NETWORK, state, Examples(X, y), tests, settings=settings))
    parts = {"train_loss", "train_accuracy"} | ({"test_loss", "test_accuracy"} if with_test else set())
    figures = {"evaluation": parts, "batch": {"batch_loss", "batch_accuracy", "gradient_norm"}}
    for record in records:
        assert set(record.figures) == figures[record.kind]
    seconds = [record.train_seconds for record in records]
    assert seconds == sorted(seconds)
    assert seconds[0] == 0 < seconds[-1]


OPTIONS = {"epochs": 3, "batch_size": 16, "dropout": 0.2, "optimizer": "momentum", "learning_rate": 0.3, "clip": 0.05}


@pytest.mark.parametrize("log_every", [None, 1, 2, 3, 100])
@pytest.mark.parametrize("evaluate_every", [1, 2, 100])
def test_looking_more_or_less_often_changes_no_bit(log_every: int | None, evaluate_every: int) -> None:
    """The frequency of records does not change what is learned, even with clipping and dropout."""
    found = trained(**OPTIONS, log_every=log_every, evaluate_every=evaluate_every)
    np.testing.assert_array_equal(found, trained(**OPTIONS))


def test_a_batch_has_all_examples_if_it_might_have_more() -> None:
    """However many more: no number of examples is too large."""
    np.testing.assert_array_equal(trained(batch_size=10**30, epochs=2), trained(batch_size=60, epochs=2))


def test_two_trainings_cannot_have_one_state() -> None:
    """Whichever notices that the state has moved refuses to go on, before it takes another step."""
    settings = TrainingSettings(epochs=3)
    state = TrainingState.start(NETWORK.initialise(), settings)
    one, other = (train(NETWORK, state, Examples(*toy()), settings=settings) for _ in range(2))
    with pytest.raises(SettingError, match="something else has changed"):
        for _ in zip(one, other, strict=True):
            pass


@pytest.mark.parametrize("clip", [None, 0.05])
@pytest.mark.parametrize("log_every", [2, 3, 100])
def test_a_batch_record_tells_of_its_own_step(log_every: int, clip: float | None) -> None:
    """Of several steps between two records, the first is reported, with the same figures as if every step were."""
    told = []
    for every in (1, log_every):
        settings = TrainingSettings(**{**OPTIONS, "log_every": every, "clip": clip})
        records = train(
            NETWORK, TrainingState.start(NETWORK.initialise(), settings), Examples(*toy()), settings=settings
        )
        told.append({r.step: r.figures for r in records if r.kind == "batch"})
    assert len(told[0]) == 12
    assert len(told[1]) == 3 * -(-4 // log_every)
    assert told[1] == {step: told[0][step] for step in told[1]}


@pytest.mark.parametrize(
    ("n", "settings", "steps"),
    [
        (10, {"batch_size": 4}, 3),
        (10, {"batch_size": 5}, 2),
        (10, {"batch_size": 4, "drop_last": True}, 2),
        (10, {"batch_size": 64}, 1),
        (10, {"batch_size": 4, "full_batch": True, "drop_last": True}, 1),
        (1, {"batch_size": 1, "drop_last": True}, 1),
    ],
)
def test_steps_of_an_epoch(n: int, settings: dict, steps: int) -> None:
    """An epoch has one step per batch, including an incomplete last batch unless it is dropped."""
    chosen = TrainingSettings(epochs=3, **settings)
    assert steps_per_epoch(n, chosen) == steps
    *_, last = train(NETWORK, TrainingState.start(NETWORK.initialise(), chosen), Examples(*toy(n)), settings=chosen)
    assert last.step == 3 * steps


def test_the_incomplete_batch_is_left_out_where_asked() -> None:
    """With drop_last and without shuffling, the examples beyond the last whole batch change nothing."""
    ends = []
    for tail in (0.0, 100.0):
        X, y = toy(10)
        X[8:] += tail
        parameters = NETWORK.initialise()
        settings = TrainingSettings(batch_size=4, drop_last=True, shuffle=False)
        for _ in train(NETWORK, TrainingState.start(parameters, settings), Examples(X, y), settings=settings):
            pass
        ends.append(parameters.vector)
    np.testing.assert_array_equal(*ends)


def test_a_batch_larger_than_the_data_is_the_full_batch() -> None:
    """A batch_size above n trains as full_batch does."""
    np.testing.assert_array_equal(trained(batch_size=61), trained(full_batch=True))


def test_an_epoch_without_a_whole_batch_is_refused(refused: Any) -> None:
    """drop_last with a batch_size above n would train nothing, and is refused before the first record."""
    with refused(SettingError, "batch_size is 61", "60 examples", "drop_last"):
        settings = TrainingSettings(batch_size=61, drop_last=True)
        train(NETWORK, TrainingState.start(NETWORK.initialise()), Examples(*toy()), settings=settings)


# Stopping


@pytest.mark.parametrize("stop", range(8))
def test_a_stopped_training_leaves_whole_parameters(stop: int) -> None:
    """A training stopped at a record has the parameters that an uninterrupted one has at that record."""
    settings = TrainingSettings(epochs=3, batch_size=30, optimizer="momentum", learning_rate=0.1, log_every=1)
    through, stopped = NETWORK.initialise(), NETWORK.initialise()
    snapshots = [
        through.vector.copy()
        for _ in train(NETWORK, TrainingState.start(through, settings), Examples(*toy()), settings=settings)
    ]
    records = train(NETWORK, TrainingState.start(stopped, settings), Examples(*toy()), settings=settings)
    for _ in range(stop + 1):
        next(records)
    np.testing.assert_array_equal(stopped.vector, snapshots[stop])
    records.close()
    np.testing.assert_array_equal(stopped.vector, snapshots[stop])


def test_nothing_is_trained_before_the_first_record_is_asked_for() -> None:
    """Creating the generator and taking its first record leave the parameters unchanged."""
    parameters = NETWORK.initialise()
    before = parameters.vector.copy()
    records = train(NETWORK, TrainingState.start(parameters), Examples(*toy()))
    np.testing.assert_array_equal(parameters.vector, before)
    assert next(records).step == 0
    np.testing.assert_array_equal(parameters.vector, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("epochs", [1, 2, 3, 50])
def test_divergence_is_an_error_that_names_the_rate(epochs: int, dtype: type, refused: Any) -> None:
    """A loss that is no longer finite ends the training with an error, even if only the last evaluation shows it."""
    X, y = toy()
    network = MLP((4, 8, 3), "relu", "squared_error")
    rate = float(np.finfo(dtype).max) / 4
    settings = TrainingSettings(learning_rate=rate, epochs=epochs, full_batch=True)
    with refused(DivergenceError, "finite", "learning rate", f"{rate:g}"):
        for record in train(
            network,
            TrainingState.start(network.initialise(dtype=dtype), settings),
            Examples(X, y),
            {"test": Examples(X, y)},
            settings=settings,
        ):
            assert np.isfinite([record.figures["train_loss"], record.figures["test_loss"]]).all()


# Randomness


def test_same_seed_same_bits() -> None:
    """Training twice with the same seed gives the same parameters, bit by bit."""
    np.testing.assert_array_equal(trained(seed=3, dropout=0.3), trained(seed=3, dropout=0.3))


@pytest.mark.parametrize("settings", [{"dropout": 0.0}, {"dropout": 0.3, "full_batch": True}])
def test_different_seeds_differ(settings: dict) -> None:
    """The seed determines the order of the examples and the dropout."""
    assert np.abs(trained(seed=3, **settings) - trained(seed=4, **settings)).max() > 1e-6


def test_without_anything_random_the_seed_does_not_matter() -> None:
    """Without shuffling and dropout, two seeds give the same parameters."""
    np.testing.assert_array_equal(trained(seed=3, shuffle=False), trained(seed=4, shuffle=False))


def test_a_fresh_process_gives_the_same_bits(tmp_path: Path) -> None:
    """The same seed in another process, with a different hash seed, gives the same parameters bit by bit."""
    program = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1]); import test_loop; "
        "print(hashlib.sha256(test_loop.trained(seed=3, dropout=0.3).tobytes()).hexdigest())"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parent)]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.strip() == hashlib.sha256(trained(seed=3, dropout=0.3).tobytes()).hexdigest()


def test_the_global_random_state_is_left_alone() -> None:
    """Training neither uses nor changes NumPy's global random numbers."""
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    trained(dropout=0.3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_orders_may_be_given() -> None:
    """Given orders replace those of the seed, and the orders that the seed would draw give the same bits."""
    X, y = toy()
    settings = TrainingSettings(epochs=3, batch_size=25, seed=3)
    ends = []
    for orders in ([epoch_order(60, 3, epoch) for epoch in range(3)], None, [np.arange(60)] * 3):
        parameters = NETWORK.initialise(seed=9)
        for _ in train(
            NETWORK, TrainingState.start(parameters, settings), Examples(X, y), orders=orders, settings=settings
        ):
            pass
        ends.append(parameters.vector)
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_array_equal(ends[2], trained(epochs=3, batch_size=25, shuffle=False))


@pytest.mark.parametrize(
    ("orders", "piece"), [([np.arange(60)] * 2, "2 orders"), ([np.arange(59)] * 3, "(59,)")], ids=["few", "short"]
)
def test_orders_that_do_not_suffice_are_refused(orders: list[np.ndarray], piece: str, refused: Any) -> None:
    """Orders for too few epochs or examples are refused."""
    with refused(ShapeError, piece, "60 examples"):
        settings, state = TrainingSettings(epochs=3), TrainingState.start(NETWORK.initialise())
        train(NETWORK, state, Examples(*toy()), orders=orders, settings=settings)


# Threads


def blas_threads() -> list[int]:
    """Return the number of threads of each pool of a BLAS library."""
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@dataclass(frozen=True)
class Watching:
    """Gradient descent that notes the number of threads at each step."""

    seen: list[list[int]] = field(default_factory=list)
    slots: ClassVar[int] = 0

    def update(
        self,
        vector: np.ndarray,
        gradient: np.ndarray,
        state: Sequence[np.ndarray],  # noqa: ARG002
        learning_rate: float,
        step: int,  # noqa: ARG002
    ) -> None:
        """Look, and step."""
        self.seen.append(blas_threads())
        vector -= learning_rate * gradient


def test_thread_pools_are_limited_in_steps_only() -> None:
    """Within a step the BLAS has the requested threads; at records, at the end and after an error, its own number."""
    before, watching = blas_threads(), Watching()
    wanted = 3 if 3 not in before else 2
    settings = TrainingSettings(watching, 0.1, epochs=2, full_batch=True, threads=wanted, log_every=1)
    for _ in train(NETWORK, TrainingState.start(NETWORK.initialise(), settings), Examples(*toy()), settings=settings):
        assert blas_threads() == before
    assert watching.seen == [[wanted] * len(before)] * 2
    assert blas_threads() == before
    diverging = TrainingSettings(watching, 1e308, epochs=5, full_batch=True, threads=wanted)
    state = TrainingState.start(MLP((4, 3)).initialise())
    with pytest.raises(DivergenceError):
        list(train(MLP((4, 3), loss="squared_error"), state, Examples(*toy()), settings=diverging))
    assert blas_threads() == before


@pytest.mark.parametrize(("width", "limited"), [(8, False), (200, True)])
def test_only_products_that_the_library_would_divide_are_limited_to_one_thread(width: int, limited: bool) -> None:
    """Without a number of threads, small products are computed on one, and tiny ones are left to the library."""
    watching, network = Watching(), MLP((width, width, 2))
    examples = Examples(np.ones((100, width)), np.zeros(100, dtype=int))
    settings = TrainingSettings(watching, 0.1, epochs=1, full_batch=True)
    with threadpool_limits(2, "blas"):
        list(train(network, TrainingState.start(network.initialise(), settings), examples, settings=settings))
    assert watching.seen == [[1 if limited else 2] * len(blas_threads())]


def test_the_number_of_threads_changes_rounding_only() -> None:
    """One thread and two give the same parameters to 1e-10."""
    rng = np.random.default_rng(0)
    X, y, network = rng.standard_normal((512, 100)), rng.integers(0, 5, 512), MLP((100, 120, 5))
    ends: list[tuple[np.ndarray, Record]] = []
    for threads in (1, 2):
        parameters = network.initialise()
        settings = TrainingSettings(epochs=3, threads=threads)
        *_, last = train(network, TrainingState.start(parameters), Examples(X, y), settings=settings)
        ends.append((parameters.vector, last))
    np.testing.assert_allclose(ends[0][0], ends[1][0], rtol=0, atol=1e-10)
    assert ends[0][1].figures["train_loss"] == pytest.approx(ends[1][1].figures["train_loss"], rel=1e-10)
