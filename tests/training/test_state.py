"""A training run that is stopped at any step and continued from its state gives the same bits as one that is not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import sampled
from strategies import COMPILED_OPTIMIZERS

from handgrad.errors import SettingError, ShapeError
from handgrad.network import ACTIVATIONS, LOSSES, MLP, Parameters
from handgrad.training import (
    OPTIMIZERS,
    Engine,
    Examples,
    Record,
    TrainingSettings,
    TrainingState,
    epoch_order,
    make_engine,
    steps_per_epoch,
    train,
)

N, SIZES = 23, (5, 7, 6, 3)


@pytest.fixture
def compiled() -> None:
    """Skip where the compiled engine lacks its libraries."""
    for name in ("numba", "joblib"):
        pytest.importorskip(name, reason=f"{name} is not installed")


def examples(weighted: bool = False, loss: str = "cross_entropy") -> Examples:
    """Draw a training set whose targets suit the loss."""
    rng = np.random.default_rng(0)
    y = {"classes": rng.integers(0, 3, N), "answers": rng.random((N, 3)), "numbers": rng.random((N, 3))}
    weight = rng.uniform(0, 3, N) if weighted else None
    return Examples(rng.standard_normal((N, SIZES[0])), y[LOSSES[loss].targets], weight)


def start(network: MLP, chosen: TrainingSettings, dtype: Any = np.float64) -> TrainingState:
    """Return the same first state every time."""
    return TrainingState.start(network.initialise(seed=1, dtype=dtype), chosen)


def told(record: Record) -> Record:
    """Forget the time that a record reports."""
    return replace(record, train_seconds=0.0)


def assert_same_state(found: TrainingState, wanted: TrainingState) -> None:
    """Compare all that a state consists of, bit by bit, except for the time."""
    np.testing.assert_array_equal(found.parameters.vector, wanted.parameters.vector)
    np.testing.assert_array_equal(found.slots, wanted.slots)
    assert (found.step, found.epoch, found.position) == (wanted.step, wanted.epoch, wanted.position)


def assert_continues(
    network: MLP, data: Examples, chosen: TrainingSettings, cuts: list[int], dtype: Any = np.float64
) -> None:
    """Stop after each of these steps, each time in a copy of the state, and compare with a run that never stopped."""
    whole = start(network, chosen, dtype)
    records = [told(record) for record in train(network, whole, data, settings=chosen)]
    state = start(network, chosen, dtype)
    for cut in sorted(cuts):
        if state.step < cut:
            for _ in train(network, state, data, settings=replace(chosen, log_every=1)):
                if state.step == cut:
                    break
        assert state.step == cut
        state = state.copy()
    before = state.step
    rest = [told(record) for record in train(network, state, data, settings=chosen)]
    assert_same_state(state, whole)
    assert rest == [record for record in records if record.step >= before]


@st.composite
def runs(draw: st.DrawFn) -> tuple[MLP, Examples, TrainingSettings, list[int]]:
    """Draw a network, examples, settings of every kind, and the steps at which to stop."""
    loss = draw(st.sampled_from(list(LOSSES)))
    chosen = TrainingSettings(
        optimizer=draw(st.sampled_from(list(OPTIMIZERS))),
        learning_rate=0.01,
        schedule=draw(st.sampled_from(["constant", "one_cycle"])),
        epochs=draw(st.integers(1, 4)),
        batch_size=draw(st.integers(3, N + 1)),
        full_batch=draw(st.booleans()),
        drop_last=draw(st.booleans()),
        shuffle=draw(st.booleans()),
        l2=draw(st.sampled_from([0.0, 0.1])),
        clip=draw(st.sampled_from([None, 0.05])),
        label_smoothing=0.0 if LOSSES[loss].targets == "numbers" else draw(st.sampled_from([0.0, 0.2])),
        dropout=draw(st.sampled_from([0.0, 0.3])),
        input_dropout=draw(st.sampled_from([0.0, 0.2])),
        seed=draw(st.integers(0, 9)),
        evaluate_every=draw(st.integers(1, 3)),
        log_every=draw(st.sampled_from([None, 1, 2, 3])),
        engine="numpy",
    )
    if chosen.batch_size > N and not chosen.full_batch:
        chosen = replace(chosen, drop_last=False)
    total = chosen.epochs * steps_per_epoch(N, chosen)
    cuts = draw(st.lists(st.integers(0, total), min_size=1, max_size=3))
    activation = draw(st.sampled_from(list(ACTIVATIONS)))
    return MLP(SIZES, activation, loss), examples(draw(st.booleans()), loss), chosen, cuts


@given(run=runs(), dtype=st.sampled_from([np.float64, np.float32]))
@settings(max_examples=50, deadline=None)
def test_a_stopped_training_continues_with_the_same_bits(run: Any, dtype: Any) -> None:
    """Whatever the settings and wherever it was stopped, the rest of the records and the final state are the same."""
    assert_continues(*run, dtype=dtype)


@pytest.mark.parametrize("cut", sampled(range(13), 3))
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_every_optimizer_continues_from_every_step(optimizer: str, cut: int) -> None:
    """Three epochs of four steps can be cut anywhere, at the start and at the end too."""
    chosen = TrainingSettings(optimizer, 0.01, epochs=3, batch_size=6, dropout=0.2, clip=0.1, log_every=3)
    assert_continues(MLP(SIZES, "tanh"), examples(weighted=True), chosen, [cut])


COMPILED: list[dict[str, Any]] = [
    {"optimizer": "sgd"},
    {"optimizer": "momentum", "dropout": 0.3, "clip": 0.1},
    {"optimizer": "nesterov", "drop_last": True, "l2": 0.1},
    {"optimizer": "adam", "input_dropout": 0.2, "label_smoothing": 0.1},
    {"optimizer": "adamw", "full_batch": True, "dropout": 0.2, "clip": 0.1},
]


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("options", COMPILED, ids=lambda options: options["optimizer"])
def test_a_stopped_compiled_training_continues_with_the_same_bits(options: dict[str, Any], threads: int) -> None:
    """The compiled engine keeps the promise too: each optimizer, stopped within epochs and between them."""
    chosen = TrainingSettings(
        learning_rate=0.01, epochs=4, batch_size=5, engine="compiled", threads=threads, log_every=2, **options
    )
    total = 4 * steps_per_epoch(N, chosen)
    for cuts in ([1], [total // 2, total - 1], [total // 4, 1 + total // 4]):
        assert_continues(MLP(SIZES, ("relu", "tanh")), examples(weighted=True), chosen, cuts, np.float32)


@pytest.mark.parametrize("log_every", [None, 1, 2])
def test_the_state_is_consistent_at_every_record(log_every: int | None) -> None:
    """At each record the state counts its steps as epochs and a position, and training can be continued from it."""
    chosen = TrainingSettings("adam", 0.01, epochs=3, batch_size=6, log_every=log_every)
    network, data = MLP(SIZES), examples()
    whole = start(network, chosen)
    copies = []
    for record in train(network, whole, data, settings=chosen):
        assert whole.step == 4 * whole.epoch + whole.position
        assert 0 <= whole.position < 4
        assert record.train_seconds == whole.seconds
        assert record.kind == "batch" or (record.epoch, record.step) == (whole.epoch, whole.step)
        copies.append(whole.copy())
    for copy in copies:
        for _ in train(network, copy, data, settings=chosen):
            pass
        assert_same_state(copy, whole)


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weights"])
@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize(
    ("engine", "optimizer"),
    [("numpy", name) for name in OPTIMIZERS] + [("compiled", name) for name in COMPILED_OPTIMIZERS],
)
def test_gradient_and_update_are_a_span(engine: str, optimizer: str, weighted: bool) -> None:
    """Batch by batch, ``gradient`` and ``update`` give the bits and the figures of ``run_span``."""
    options: dict[str, Any] = {"clip": 0.1, "l2": 0.1, "label_smoothing": 0.1, "dropout": 0.2, "input_dropout": 0.1}
    chosen = TrainingSettings(optimizer, 0.01, engine=engine, **options)
    network, data = MLP(SIZES, ("relu", "tanh")), examples(weighted)
    made: Engine = make_engine(network, data, chosen, np.float64)[0]
    order, ends, rates = epoch_order(N, 0, 0), np.array([6, 12, 18, N]), [0.1, 0.2, 0.1, 0.05]
    whole, stepped = start(network, chosen), start(network, chosen)
    log = made.run_span(whole, order, ends, rates)
    figures = []
    for begin, end, rate in zip([0, *ends], ends, rates, strict=False):
        before = stepped.copy()
        batch = made.gradient(stepped, order[begin:end])
        assert_same_state(stepped, before)
        figures.append((batch.loss, batch.accuracy, made.update(stepped, batch.gradient, rate)))
    assert_same_state(stepped, whole)
    assert (log.losses[0], log.accuracy, log.gradient_norm) == figures[0]
    assert list(log.losses) == [loss for loss, *_ in figures]


@pytest.mark.parametrize(
    ("changes", "kind", "pieces"),
    [
        ({"slots": np.zeros((1, 111))}, ShapeError, ("(1, 111)", "Adam", "(2, 111)")),
        ({"parameters": Parameters((5, 7, 3))}, ShapeError, ("(5, 7, 3)", "(5, 7, 6, 3)")),
        ({"epoch": 4}, SettingError, ("epoch 4", "3 epochs")),
        ({"position": 4}, SettingError, ("step 4", "4 steps")),
    ],
    ids=["slots", "parameters", "epochs", "position"],
)
def test_a_state_of_another_training_is_refused(changes: dict[str, Any], kind: Any, pieces: Any, refused: Any) -> None:
    """A state that does not match the network, the optimizer or the length of the training is refused at the call."""
    chosen = TrainingSettings("adam", epochs=3, batch_size=6)
    with refused(kind, *pieces):
        train(MLP(SIZES), replace(start(MLP(SIZES), chosen), **changes), examples(), settings=chosen)
